"""Python values as canonical bytes: one table of types, two writings (``codec``)."""

from handlerid._values.codec import Codec as Codec
from handlerid._values.records import field_names as field_names
from handlerid._values.records import find_member as find_member
from handlerid._values.records import is_frozen as is_frozen
from handlerid._values.table import Refused as Refused
from handlerid._values.table import encode_scalar as encode_scalar
from handlerid._values.table import load_all as load_all
from handlerid._values.table import own_class as own_class
from handlerid._values.table import row_of_tag as row_of_tag
from handlerid._values.tree import NO_FORM as NO_FORM
from handlerid._values.tree import step as step
from handlerid._values.tree import unstable as unstable
