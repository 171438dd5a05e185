"""Readers: each turns a value of JSON or of a form into the value of a field.

A reader takes a value and the list of misfits, and returns the value for the event.
After a misfit is recorded, the return value is ignored.
"""

import binascii
import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat
from types import NoneType
from typing import Any

from handlerid._decoding.misfits import Misfits, note, put_step

_MOST_CHOICES, _MOST_DIGITS = 10, 640

Read = Callable[[Any, Misfits], Any]


class Unreadable(Exception):
    """A type that cannot be read from a payload; the text is the path of its field."""


@dataclass(slots=True, eq=False)
class Reader:
    """How values of one type are read.

    Attributes:
        read: takes a value and the misfits so far, returns the value for the event.
        expected: description of what fits, for errors.
        kinds: types of the values that it reads, from JSON or from a host's mapping,
            whose instances are returned unchanged; ``object`` for any.
    """

    read: Read
    expected: str
    kinds: AbstractSet[type]


ANY = Reader(lambda value, _: value, "anything", {object})

SCALARS: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a finite number",
    NoneType: "null",
}


def _number(make: Callable[[str], Any], signs: str) -> Callable[[str], Any]:
    """Return a function that reads ASCII text as a number; None if it is none."""
    known = frozenset(signs)

    def convert(text: str) -> Any:
        # So many digits Python converts whatever its settings are.
        fits = len(text) <= _MOST_DIGITS and known.issuperset(text)
        try:
            return make(text) if fits else None
        except ValueError:
            return None

    return convert


_TRUTH = {"on": True, "true": True, "1": True, "yes": True}
_TRUTH |= {"off": False, "false": False, "0": False, "no": False, "": False}
_FROM_TEXT: dict[type, Callable[[str], Any]] = {
    bool: lambda text: _TRUTH.get(text.lower()),
    int: _number(int, "+-0123456789"),
    float: _number(float, "+-.0123456789eE"),
    NoneType: lambda text: text or None,
}

# By type: the pattern, the conversion, and a description for errors.
# Patterns are stricter than Python's own, and the same on every Python.
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.([0-9]{3}){1,2})?)?"
_ZONE = r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
_TEXTS: dict[object, tuple[str, Callable[[str], object], str]] = {
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


def scalar(kind: type, *, lax: bool) -> Reader:
    """Read str, bool, int, float or None; from a form (``lax``) also from text."""
    expected = SCALARS[kind]
    from_text = _FROM_TEXT.get(kind) if lax else None
    is_float = kind is float

    def read(value: Any, misfits: Misfits) -> Any:
        if from_text is not None and type(value) is str:
            value = from_text(value.strip())
        if is_float and type(value) is int:
            try:  # suppress() would take longer than float()
                value = float(value)
            except OverflowError:
                value = None
        fits = type(value) is kind
        if not fits or (is_float and value * 0.0 != 0.0):  # NaN and infinities
            note(misfits, expected)
        return value

    return Reader(read, expected, {kind})


def text(kind: Any) -> Reader:
    """Read a date, a time or bytes, which are texts; any other type is unreadable."""
    if kind not in _TEXTS:
        raise Unreadable
    pattern, make, expected = _TEXTS[kind]
    fits = re.compile(pattern).fullmatch

    def read(value: Any, misfits: Misfits) -> Any:
        if type(value) is str and fits(value):
            with suppress(ValueError):  # the 30th of February
                return make(value)
        if type(value) is not kind:
            note(misfits, expected)
        return value

    return Reader(read, expected, {str, kind})


def one_of(members: Sequence[tuple[Any, object]], *, lax: bool) -> Reader:
    """Read one of several scalars, each given with its value in the event."""
    kinds = {type(value) for value, _ in members}
    if not kinds or not kinds.issubset(SCALARS):
        raise Unreadable
    found = {(type(value), value): member for value, member in members}
    if lax:
        found = {(str, _as_text(value)): member for value, member in members} | found
    shown = [repr(value) for value, _ in members]
    more = ", ..." if len(shown) > _MOST_CHOICES else ""
    expected = f"one of {', '.join(shown[:_MOST_CHOICES])}{more}"

    def read(value: Any, misfits: Misfits) -> Any:
        kind = type(value)
        if kind in SCALARS and (kind, value) in found:  # by type: True is not 1
            return found[kind, value]
        if kind in SCALARS or not any(value is one for one in found.values()):
            note(misfits, expected)
        return value

    return Reader(read, expected, kinds | {type(member) for _, member in members})


def _as_text(value: object) -> str:
    text = "" if value is None else str(value)
    return text.lower() if type(value) is bool else text


def list_of(
    reads: Iterable[Read], make: Callable[[list[Any]], Any], length: int | None = None
) -> Reader:
    """Read a list, whose items have a reader each; of one length, if it is given."""
    expected = "a list" if length is None else f"a list of {length}"

    def read(value: Any, misfits: Misfits) -> Any:
        if type(value) is not list or length not in (None, len(value)):
            note(misfits, expected)
            return value
        return make(_read_each(reads, value, "[{}]", misfits))

    return Reader(read, expected, {list})


def map_of(key: Reader, item: Reader) -> Reader:
    """Read an object with any names, which are text; it becomes a dict.

    A misfit's path has the index of the name, because the name is the client's text.
    """
    if key is not ANY and key.kinds & {*SCALARS, list, dict, object} != {str}:
        raise Unreadable

    def read(value: Any, misfits: Misfits) -> Any:
        if not isinstance(value, Mapping):
            note(misfits, "an object")
            return value
        names = _read_each(repeat(key.read), value, ".keys()[{}]", misfits)
        if len({*names}) != len(names):
            note(misfits, "names that differ")
        values = value.values()
        items = _read_each(repeat(item.read), values, ".values()[{}]", misfits)
        return dict(zip(names, items, strict=False))

    return Reader(read, "an object", {dict})


def _read_each(
    reads: Iterable[Read], values: Iterable[Any], step: str, misfits: Misfits
) -> list[Any]:
    """Read values until there are too many misfits; ``step`` gets an index."""
    items: list[Any] = []
    count = len(misfits)
    for read, one in zip(reads, values):  # noqa: B905 - strict= would take longer
        items.append(read(one, misfits))
        if len(misfits) != count:
            if not put_step(misfits, step.format(len(items) - 1), count):
                break
            count = len(misfits)
    return items


def union_of(members: Sequence[Reader], *, lax: bool) -> Reader:
    """Read a union, whose members differ in the JSON types that they read.

    In a form, the first member that can read a text reads it. None comes first, so that
    empty text is None, and str last. In a union with str, no text is None.
    """
    if ANY in members:
        return ANY
    by_kind = _by_kind(members)
    words = [member.expected for member in members]
    expected = " or ".join(dict.fromkeys(words))
    rank = {SCALARS[str]: 2, SCALARS[NoneType]: 3 if SCALARS[str] in words else 0}
    by_rank = sorted(members, key=lambda member: rank.get(member.expected, 1))

    def read(value: Any, misfits: Misfits) -> Any:
        before = len(misfits)
        if lax and type(value) is str:
            for member in by_rank:
                result = member.read(value, misfits)
                if len(misfits) == before:
                    return result
                del misfits[before:]
        kind = type(value)
        if kind not in by_kind and isinstance(value, Mapping):
            kind = dict
        chosen = by_kind.get(kind)
        result = chosen.read(value, misfits) if chosen else value
        if chosen is None or misfits[before:] == [("", chosen.expected)]:
            misfits[before:] = [("", expected)]
        return result

    return Reader(read, expected, {*by_kind})


def _by_kind(members: Sequence[Reader]) -> dict[type, Reader]:
    found: dict[type, Reader] = {}
    for member in members:
        for kind in member.kinds:
            if found.setdefault(kind, member) is not member or kind is object:
                raise Unreadable
    if float in found:
        found.setdefault(int, found[float])
    return found
