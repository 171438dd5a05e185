"""Readers of values that JSON has as text or number: dates, times, durations, bytes.

What belongs here: the form of each, stricter than Python's own: one form a type, and
the same on every Python.
"""

from __future__ import annotations

import binascii
import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Any

from handlerid._decoding.values import Reader
from handlerid.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._decoding.refusing import Errors

__all__ = ["TEXTS", "duration"]

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.([0-9]{3}){1,2})?)?"
_ZONE = r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"


def _text(
    kind: type, form: str, make: Callable[[str], object], expected: str
) -> Reader:
    fits = re.compile(form).fullmatch

    def read(value: Any, errors: Errors) -> object:
        if type(value) is kind:
            return value
        if type(value) is str and fits(value):
            try:
                return make(value)
            except ValueError:
                pass  # the 30th of February
        errors.add(expected)
        return value

    return Reader(read, frozenset([str]), expected, (kind,))


def _from_base64(text: str) -> bytes:
    return binascii.a2b_base64(text, strict_mode=True)


TEXTS: dict[object, Reader] = {
    dt.date: _text(dt.date, _DATE, dt.date.fromisoformat, "a date, YYYY-MM-DD"),
    dt.time: _text(dt.time, _TIME + _ZONE, dt.time.fromisoformat, "a time, HH:MM:SS"),
    dt.datetime: _text(
        dt.datetime,
        f"{_DATE}T{_TIME}{_ZONE}",
        dt.datetime.fromisoformat,
        "a date and time, YYYY-MM-DDTHH:MM:SS",
    ),
    bytes: _text(bytes, r"[A-Za-z0-9+/]*={0,2}", _from_base64, "bytes in base64"),
}
"""By type; the seconds and their fraction, and the zone, may be left out."""


def duration(seconds: Reader) -> Reader:
    """Reads a timedelta from a number of seconds, which a reader reads."""
    expected = "a number of seconds"

    def read(value: Any, errors: Errors) -> object:
        if type(value) is dt.timedelta:
            return value
        before = len(errors.found)
        number: Any = seconds.read(value, errors)
        if len(errors.found) == before and math.isfinite(number):
            try:
                return dt.timedelta(seconds=number)
            except OverflowError:
                pass  # more than a million years
        errors.found[before:] = [FieldError("", expected)]
        return value

    return Reader(read, frozenset([int, float]), expected, (dt.timedelta,))
