"""From a callable to its id.

``callables``  the kinds of callables, and their parts
``bytecode``   code objects as canonical bytes
``ids``        the text of an id
``identity``   what is hashed into which part
"""

from handlerid._identity.bytecode import encode_code
from handlerid._identity.callables import Unset, captures_of, name_of, take_apart
from handlerid._identity.identity import DEFAULT, Identity, handler_id
from handlerid._identity.ids import HandlerId, location_name

__all__ = [
    "DEFAULT",
    "HandlerId",
    "Identity",
    "Unset",
    "captures_of",
    "encode_code",
    "handler_id",
    "location_name",
    "name_of",
    "take_apart",
]
