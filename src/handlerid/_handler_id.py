"""The text of an id: its grammar, writing it, reading it.

What belongs here: everything that knows where in the text a part stands, and nothing
that knows what a part is a digest of. ``docs/reference/id-format.md`` is the same for
readers who have no Python.

    h1-<location: 13>-<fingerprint: 20>[-<captures: 16>][.<event name>]
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from handlerid.errors import MalformedPayload

if TYPE_CHECKING:
    from typing import Self

__all__ = ["WIRE_NAME", "HandlerId", "write"]

WIRE_NAME = re.compile("[a-z][a-z0-9_]{0,63}")

# 8 and 12 bytes do not fill their last character: it has only so many values.
_GRAMMAR = re.compile(
    r"h1-[a-z2-7]{12}[acegikmoqsuwy246]-[a-z2-7]{19}[aq]"
    rf"(?:-[a-z2-7]{{16}})?(?:\.{WIRE_NAME.pattern})?"
)
_LONGEST = 3 + 13 + 1 + 20 + 1 + 16 + 1 + 64

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIR = [first + second for first in _ALPHABET for second in _ALPHABET]


class HandlerId(str):
    """The text that names a handler, safe in URLs, HTML attributes and file names.

    Attributes:
        module: module of the handler's location, or None for an id that was parsed
            from text: the text does not reveal it.
        qualname: qualified name of the location, or None likewise.
    """

    __slots__ = ("module", "qualname")

    module: str | None
    qualname: str | None

    def __new__(
        cls, text: str, module: str | None = None, qualname: str | None = None
    ) -> Self:
        self = str.__new__(cls, text)
        self.module = module
        self.qualname = qualname
        return self

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads the text of an id, as it came over the wire.

        Raises:
            MalformedPayload: the text has not the grammar of an id.
        """
        if len(text) > _LONGEST or not _GRAMMAR.fullmatch(text):
            raise MalformedPayload(
                "the payload's handler is not an id: an id is "
                "h1-<location>-<fingerprint>[-<captures>][.<event name>]"
            )
        return cls(text)

    @property
    def location(self) -> str:
        """The 13 characters that stand for module and qualified name."""
        return self[3:16]

    @property
    def fingerprint(self) -> str:
        """The 20 characters that stand for the code."""
        return self[17:37]

    @property
    def captures(self) -> str:
        """The 16 characters that stand for bound arguments and captures, or ``""``."""
        return self[38:54] if self[37:38] == "-" else ""

    @property
    def event(self) -> str:
        """The wire name of the event, or ``""``."""
        return self.partition(".")[2]

    @property
    def place(self) -> str:
        """``module.qualname``, as texts name a handler; of text, the id itself."""
        return self if self.module is None else f"{self.module}.{self.qualname}"

    def with_captures(self, captures: bytes) -> Self:
        """Returns the id with these 10 bytes as its captures part."""
        _, dot, event = self.partition(".")
        text = f"{self[:37]}-{_write_captures(captures)}{dot}{event}"
        return type(self)(text, self.module, self.qualname)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self), self.module, self.qualname))


def write(location: bytes, fingerprint: bytes, captures: bytes, event: str) -> str:
    """Writes the text of an id.

    Args:
        location: 8 bytes.
        fingerprint: 12 bytes.
        captures: 10 bytes, or none.
        event: a wire name, or ``""``.
    """
    # Ten bits make two characters. Written out, since a first id is measured against
    # the hash of its code: base64.b32encode would take twice as long as that.
    p = _PAIR
    a = int.from_bytes(location, "big")
    b = int.from_bytes(fingerprint, "big") << 4
    c = b & 0x3FFFFFFFFFFFF
    b >>= 50
    text = (
        f"h1-{p[a >> 54]}{p[a >> 44 & 1023]}{p[a >> 34 & 1023]}{p[a >> 24 & 1023]}"
        f"{p[a >> 14 & 1023]}{p[a >> 4 & 1023]}{_ALPHABET[(a & 15) << 1]}"
        f"-{p[b >> 40]}{p[b >> 30 & 1023]}{p[b >> 20 & 1023]}{p[b >> 10 & 1023]}"
        f"{p[b & 1023]}{p[c >> 40]}{p[c >> 30 & 1023]}{p[c >> 20 & 1023]}"
        f"{p[c >> 10 & 1023]}{p[c & 1023]}"
    )
    if captures:
        text = f"{text}-{_write_captures(captures)}"
    return f"{text}.{event}" if event else text


def _write_captures(captures: bytes) -> str:
    p = _PAIR
    a = int.from_bytes(captures, "big")
    return (
        f"{p[a >> 70]}{p[a >> 60 & 1023]}{p[a >> 50 & 1023]}{p[a >> 40 & 1023]}"
        f"{p[a >> 30 & 1023]}{p[a >> 20 & 1023]}{p[a >> 10 & 1023]}{p[a & 1023]}"
    )
