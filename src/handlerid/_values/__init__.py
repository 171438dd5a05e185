"""Python values as canonical bytes: one table of types, two writings (``codec``)."""

from handlerid._values.table import Refused as Refused
from handlerid._values.table import encode_scalar as encode_scalar
from handlerid._values.table import load_all as load_all
from handlerid._values.table import own_class as own_class
from handlerid._values.table import row_of_tag as row_of_tag
