"""From a callable to its id.

``callables``  the kinds of callables, and their parts
``bytecode``   code objects as canonical bytes
``ids``        the text of an id
``identity``   what is hashed into which part
"""

from handlerid._identity.bytecode import encode_code
from handlerid._identity.callables import (
    Anatomy,
    Unset,
    captures_of,
    is_plain,
    name_of,
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
from handlerid._identity.ids import HandlerId, location_name

__all__ = [
    "DEFAULT",
    "Anatomy",
    "CodeRecord",
    "HandlerId",
    "Identity",
    "Unset",
    "captures_of",
    "encode_code",
    "event_name",
    "handler_id",
    "importable_name",
    "is_plain",
    "location_name",
    "name_of",
    "take_apart",
]
