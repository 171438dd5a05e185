"""From a callable to its id.

``callables``  the kinds of callables, and their parts
``bytecode``   code objects as canonical bytes
``ids``        the text of an id
``identity``   what is hashed into which part
"""

from handlerid._identity.bytecode import BODY_FIELDS, FIELDS, encode_code, form_of
from handlerid._identity.callables import (
    Anatomy,
    Capture,
    Unset,
    captures_of,
    carried,
    is_plain,
    name_of,
    surely_same_captures,
    take_apart,
)
from handlerid._identity.identity import (
    DEFAULT,
    CodeRecord,
    Identity,
    event_name,
    handler_id,
    importable_name,
)
from handlerid._identity.ids import WIRE_NAME, HandlerId, location_name, write

__all__ = [
    "BODY_FIELDS",
    "DEFAULT",
    "FIELDS",
    "WIRE_NAME",
    "Anatomy",
    "Capture",
    "CodeRecord",
    "HandlerId",
    "Identity",
    "Unset",
    "captures_of",
    "carried",
    "encode_code",
    "event_name",
    "form_of",
    "handler_id",
    "importable_name",
    "is_plain",
    "location_name",
    "name_of",
    "surely_same_captures",
    "take_apart",
    "write",
]
