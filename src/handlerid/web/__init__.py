"""The wire between a page and a server, without I/O and for any framework.

``Endpoint`` checks a request, makes every answer, and writes the attributes and the
script tag of a page. ``docs/reference/wire.md`` describes what is sent.
"""

from handlerid.web.answers import Answer, step_bytes
from handlerid.web.endpoint import Endpoint
from handlerid.web.errors import (
    BodyTooLarge,
    CrossOrigin,
    HandlerFailed,
    MethodNotAllowed,
    OtherWire,
    UnsupportedBody,
)
from handlerid.web.markup import HTML
from handlerid.web.requests import Request

__all__ = [
    "HTML",
    "Answer",
    "BodyTooLarge",
    "CrossOrigin",
    "Endpoint",
    "HandlerFailed",
    "MethodNotAllowed",
    "OtherWire",
    "Request",
    "UnsupportedBody",
    "step_bytes",
]
