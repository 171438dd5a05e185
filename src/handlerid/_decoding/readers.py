"""Readers of values: what JSON or a form has becomes what a field of an event holds.

A reader takes a value and the errors found so far, and returns the value for the event.
After an error is recorded, the return value is ignored. ``fields`` chooses the reader
for a type.
"""

import binascii
import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from itertools import repeat
from types import NoneType
from typing import Any

from handlerid._decoding.misfits import Errors
from handlerid.errors import FieldError

_MOST_CHOICES = 10

Read = Callable[[Any, Errors], object]


class Reader:
    """How values of one type are read.

    Attributes:
        read: takes a value and the errors so far, returns the value for the event.
        kinds: the types that JSON may have there; None for any. No two members of a
            union share one.
        expected: what fits, in words.
        natives: types whose instances are taken as they are, from a mapping that the
            host made.
    """

    __slots__ = ("expected", "kinds", "natives", "read")

    def __init__(
        self,
        read: Read,
        kinds: Iterable[type] | None,
        expected: str,
        natives: Iterable[type] = (),
    ) -> None:
        self.read = read
        self.kinds: Set[type] | None = None if kinds is None else set(kinds)
        self.expected = expected
        self.natives = set(natives)


ANY = Reader(lambda value, _: value, None, "anything")

SCALARS: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a finite number",
    NoneType: "null",
}

# What text of a form stands for. As many digits as Python always converts.
_TRUTH = {"on": True, "true": True, "1": True, "yes": True}
_TRUTH |= {"off": False, "false": False, "0": False, "no": False, "": False}
_INTEGER = r"[+-]?[0-9]{1,640}"
_NUMBER = r"[+-]?([0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?"
_FROM_TEXT: dict[type, Callable[[str], Any]] = {
    bool: lambda text: _TRUTH.get(text.lower()),
    int: lambda text: int(text) if re.fullmatch(_INTEGER, text) else None,
    float: lambda text: float(text) if re.fullmatch(_NUMBER, text) else None,
    NoneType: lambda text: text or None,
}


def scalar(kind: type, *, lax: bool) -> Reader:
    """Read str, bool, int, float or None; from a form (``lax``) also from text."""
    expected = SCALARS[kind]
    from_text = _FROM_TEXT.get(kind) if lax else None
    is_float = kind is float

    def read(value: Any, errors: Errors) -> object:
        if from_text is not None and type(value) is str:
            value = from_text(value.strip())
        if is_float and type(value) is int:
            with suppress(OverflowError):  # it stays an int, and is refused
                value = float(value)
        if type(value) is not kind or (is_float and not math.isfinite(value)):
            errors.add(expected)
        return value

    return Reader(read, [kind], expected)


def one_of(members: Sequence[tuple[Any, object]], *, lax: bool) -> Reader | None:
    """Read one of a few scalars: a Literal, an Enum; None if one is no scalar.

    Args:
        members: each scalar, and the value for the event.
        lax: whether text stands for the scalars that are no text.
    """
    found = {(type(value), value): member for value, member in members}
    if not found or any(kind not in SCALARS for kind, _ in found):
        return None
    if lax:
        texts = {_as_text(v): member for (kind, v), member in found.items()}
        found = {**{(str, text): member for text, member in texts.items()}, **found}
    shown = [repr(value) for value, _ in members]
    more = ", ..." if len(shown) > _MOST_CHOICES else ""
    expected = f"one of {', '.join(shown[:_MOST_CHOICES])}{more}"
    kinds = {type(value) for value, _ in members}

    def read(value: Any, errors: Errors) -> object:
        kind = type(value)
        if kind in SCALARS and (kind, value) in found:  # by type: True is not 1
            return found[kind, value]
        if kind in SCALARS or not any(value is one for one in found.values()):
            errors.add(expected)
        return value

    natives = {type(member) for member in found.values()} - set(SCALARS)
    return Reader(read, kinds, expected, natives)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if type(value) is bool else str(value)


# Text with a form: stricter than Python's own, and the same on every Python.

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
"""By type: the pattern, the conversion, and what fits in words."""


def text(kind: Any) -> Reader:
    """Read a type of ``TEXTS``."""
    pattern, make, expected = TEXTS[kind]
    fits = re.compile(pattern).fullmatch

    def read(value: Any, errors: Errors) -> object:
        if type(value) is str and fits(value):
            try:
                return make(value)
            except ValueError:
                pass  # the 30th of February
        if type(value) is not kind:
            errors.add(expected)
        return value

    return Reader(read, [str], expected, [kind])


def duration(*, lax: bool) -> Reader:
    """Read a timedelta from a number of seconds."""
    read_number = scalar(float, lax=lax).read
    expected = "a number of seconds"

    def read(value: Any, errors: Errors) -> object:
        if type(value) is dt.timedelta:
            return value
        misfits = Errors()
        number: Any = read_number(value, misfits)
        if not misfits:
            try:
                return dt.timedelta(seconds=number)
            except OverflowError:
                pass  # more than a million years
        errors.add(expected)
        return value

    return Reader(read, [int, float], expected, [dt.timedelta])


# Lists and objects of any names


def sequence_of(item: Reader, make: Callable[[list[object]], object]) -> Reader:
    """Read a list of any length, whose items are alike."""

    def read(value: Any, errors: Errors) -> object:
        if type(value) is not list:
            errors.add("a list")
            return value
        return make(_read_items(repeat(item.read), value, errors))

    return Reader(read, [list], "a list")


def row_of(items: Sequence[Reader]) -> Reader:
    """Read a list of a given length, whose items differ; it becomes a tuple."""
    expected = f"a list of {len(items)}"
    reads = [item.read for item in items]

    def read(value: Any, errors: Errors) -> object:
        if type(value) is not list or len(value) != len(reads):
            errors.add(expected)
            return value
        return tuple(_read_items(reads, value, errors))

    return Reader(read, [list], expected)


def _read_items(
    reads: Iterable[Read], values: list[Any], errors: Errors
) -> list[object]:
    items = []
    known = len(errors)
    for index, (read, one) in enumerate(zip(reads, values, strict=False)):
        items.append(read(one, errors))
        if len(errors) != known:
            if not errors.step(f"[{index}]", known):
                break
            known = len(errors)
    return items


def map_of(key: Reader, item: Reader) -> Reader:
    """Read an object with names of the client's choosing; it becomes a dict.

    The path of an error counts the names: they are the client's text.
    """

    def read(value: Any, errors: Errors) -> object:
        if not isinstance(value, Mapping):
            errors.add("an object")
            return value
        items: dict[object, object] = {}
        known = len(errors)
        for index, (name, one) in enumerate(value.items()):
            made = key.read(name, errors)
            if made in items:
                errors.add("a name that is not there yet")
            step = "keys"
            if len(errors) == known:
                step = "values"
                items[made] = item.read(one, errors)
            if len(errors) != known:
                if not errors.step(f".{step}()[{index}]", known):
                    break
                known = len(errors)
        return items

    return Reader(read, [dict], "an object")


# Unions


def union_of(members: Sequence[Reader], *, lax: bool) -> Reader | None:
    """Read what one of the members reads; None if they cannot be told apart."""
    if ANY in members:
        return ANY
    by_kind: dict[type, Reader] = {}
    for member in members:
        for kind in (*(member.kinds or [object]), *member.natives):
            if by_kind.setdefault(kind, member) is not member or kind is object:
                return None
    if float in by_kind:
        by_kind.setdefault(int, by_kind[float])
    expected = " or ".join(dict.fromkeys(member.expected for member in members))

    def read(value: Any, errors: Errors) -> object:
        member = by_kind.get(type(value))
        if member is None and isinstance(value, Mapping):
            member = by_kind.get(dict)
        if member is None:
            errors.add(expected)
            return value
        before = len(errors)
        result = member.read(value, errors)
        if errors[before:] == [("", member.expected)]:
            errors[before:] = [FieldError("", expected)]
        return result

    return Reader(
        _text_first(members, read, expected) if lax else read,
        [kind for member in members for kind in member.kinds or ()],
        expected,
        [native for member in members for native in member.natives],
    )


def _text_first(members: Sequence[Reader], read: Read, expected: str) -> Read:
    """From a form, the first member that can read a text reads it; str is the last.

    Where no member is str, empty text is None, if a member is None.
    """
    words = [member.expected for member in members]
    has_str = SCALARS[str] in words
    empty_is_none = not has_str and SCALARS[NoneType] in words
    others = [m for m in members if m.expected not in (SCALARS[str], SCALARS[NoneType])]

    def read_text(value: Any, errors: Errors) -> object:
        if type(value) is not str:
            return read(value, errors)
        if empty_is_none and not value.strip():
            return None
        for member in others:
            misfits = Errors()
            result = member.read(value, misfits)
            if not misfits:
                return result
        if not has_str:
            errors.add(expected)
        return value

    return read_text
