"""The codec: Python values as canonical bytes, one table of types for two writings.

``table``    Python's own types
``records``  enums, dataclasses, named tuples
``codec``    splitting any value, the host's types included
``tree``     the writing for ids; ``_tokens/graphs`` has that for tokens
"""

from handlerid._values.codec import Codec
from handlerid._values.records import field_names, fill, is_frozen, make_member
from handlerid._values.table import (
    Corrupt,
    Refused,
    encode_scalar,
    own_class,
    row_of_tag,
)
from handlerid._values.tree import refuse, step, type_name_of

__all__ = [
    "Codec",
    "Corrupt",
    "Refused",
    "encode_scalar",
    "field_names",
    "fill",
    "is_frozen",
    "make_member",
    "own_class",
    "refuse",
    "row_of_tag",
    "step",
    "type_name_of",
]
