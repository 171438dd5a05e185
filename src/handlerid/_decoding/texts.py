"""Readers of dates, times and bytes; loaded when the first field has such a type."""

import binascii
import datetime as dt
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from handlerid._decoding.misfits import Misfits, note
from handlerid._decoding.readers import Reader, Unreadable

# Stricter than Python's own, and the same on every Python.
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.([0-9]{3}){1,2})?)?"
_ZONE = r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
TEXTS: dict[object, tuple[str, Callable[[str], object], str]] = {
    dt.date: (_DATE, dt.date.fromisoformat, "a date, YYYY-MM-DD"),
    dt.time: (_TIME + _ZONE, dt.time.fromisoformat, "a time, HH:MM:SS"),
    dt.datetime: (
        f"{_DATE}T{_TIME}{_ZONE}",
        dt.datetime.fromisoformat,
        "a date and time, YYYY-MM-DDTHH:MM:SS",
    ),
    bytes: (
        r"[A-Za-z0-9+/]*={0,2}",
        lambda text: binascii.a2b_base64(text, strict_mode=True),
        "bytes in base64",
    ),
}
"""By type: the pattern, the conversion, and a description for errors."""


def text(kind: Any) -> Reader:
    """Read a type of ``TEXTS``; any other is unreadable."""
    if kind not in TEXTS:
        raise Unreadable
    pattern, make, expected = TEXTS[kind]
    fits = re.compile(pattern).fullmatch

    def read(value: Any, misfits: Misfits) -> Any:
        if type(value) is str and fits(value):
            with suppress(ValueError):  # the 30th of February
                return make(value)
        if type(value) is not kind:
            note(misfits, expected)
        return value

    return Reader(read, expected, {str}, {kind})
