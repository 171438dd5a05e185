"""The text of an id: its grammar, writing and parsing it.

    h1-<location: 13>-<fingerprint: 20>[-<captures: 16>][.<event name>]

``docs/contributing/id-format.md`` describes it for readers without Python.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Any, Self

from handlerid._peek import expect
from handlerid.errors import MalformedPayload

# The last character has fewer bits: 64 and 96 are not multiples of 5.
GRAMMAR = (
    r"h1-[a-z2-7]{12}[acegikmoqsuwy246]-[a-z2-7]{19}[aq]"
    r"(?:-[a-z2-7]{16})?(?:\.[a-z][a-z0-9_]{0,63})?"
)
_PAIR = [*map("".join, product("abcdefghijklmnopqrstuvwxyz234567", repeat=2))]


class HandlerId(str):
    """The text that names a handler, safe in URLs, HTML attributes and file names.

    ``module`` and ``qualname`` are its location; None if the id was parsed.
    """

    __module__ = "handlerid"
    __slots__ = ("module", "qualname")

    module: str | None
    qualname: str | None

    def __new__(
        cls, text: str, module: str | None = None, qualname: str | None = None
    ) -> Self:
        self = str.__new__(cls, text)
        self.module, self.qualname = module, qualname
        return self

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of an id.

        Raises:
            MalformedPayload: it does not have the grammar of an id.
        """
        expect(isinstance(text, str), "an id", "a str", text)
        if not re.fullmatch(GRAMMAR, text):
            raise MalformedPayload(
                "the payload's handler is not an id: an id is "
                "h1-<location>-<fingerprint>[-<captures>][.<event name>]"
            )
        return cls(text)

    @property
    def location(self) -> str:
        """The 13 characters of module and qualified name, or of the explicit name."""
        return self[3:16]

    @property
    def fingerprint(self) -> str:
        """The 20 characters of the code."""
        return self[17:37]

    @property
    def captures(self) -> str:
        """The 16 characters of bound arguments and captures, or ``""``."""
        return self[38:54] if self[37:38] == "-" else ""

    @property
    def event(self) -> str:
        """The wire name of the event, or ``""``."""
        return self.partition(".")[2]

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self), self.module, self.qualname))


def location_name(handler_id: str) -> str:
    """Return ``module.qualname`` for texts; of a parsed id, the id itself."""
    if isinstance(handler_id, HandlerId) and handler_id.module is not None:
        return f"{handler_id.module}.{handler_id.qualname}"
    return handler_id


def write(
    location: bytes,
    fingerprint: bytes,
    event: str = "",
    module: str | None = None,
    qualname: str | None = None,
) -> HandlerId:
    """Write an id without captures, from 8 bytes, 12 bytes and a wire name."""
    # Ten bits make two characters. base64.b32encode takes twice as long.
    p, a, b = _PAIR, int.from_bytes(location), int.from_bytes(fingerprint) << 4
    b, c = b >> 50, b & 0x3FFFFFFFFFFFF
    text = (
        f"h1-{p[a >> 54]}{p[a >> 44 & 1023]}{p[a >> 34 & 1023]}{p[a >> 24 & 1023]}"
        f"{p[a >> 14 & 1023]}{p[a >> 4 & 1023]}{p[(a & 15) << 6][0]}"
        f"-{p[b >> 40]}{p[b >> 30 & 1023]}{p[b >> 20 & 1023]}{p[b >> 10 & 1023]}"
        f"{p[b & 1023]}{p[c >> 40]}{p[c >> 30 & 1023]}{p[c >> 20 & 1023]}"
        f"{p[c >> 10 & 1023]}{p[c & 1023]}"
    )
    # As the class does, without a call; so below, where one is made at each offer.
    found = str.__new__(HandlerId, f"{text}.{event}" if event else text)
    found.module, found.qualname = module, qualname
    return found


def with_captures(bare: HandlerId, captures: bytes) -> HandlerId:
    """Return an id without captures, with these 10 bytes as its captures part."""
    number = int.from_bytes(captures)
    part = "".join([_PAIR[number >> at & 1023] for at in range(70, -1, -10)])
    found = str.__new__(HandlerId, f"{bare[:37]}-{part}{bare[37:]}")
    found.module, found.qualname = bare.module, bare.qualname
    return found
