"""Readers of values that JSON has: scalars, lists and maps of names.

What belongs here: reading one value of a known type. Which type is read how is chosen
in ``hints``.

A reader takes a value and where to note what is wrong, and returns what becomes of the
value. What it returns after it noted something is of no use.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handlerid._decoding.refusing import Errors

__all__ = [
    "ANY",
    "WORDS",
    "Reader",
    "map_of",
    "one_of",
    "row_of",
    "scalar",
    "sequence_of",
    "text_scalar",
]


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """How values of one type are read.

    Attributes:
        read: takes a value and the errors so far, returns what it becomes.
        kinds: the types that JSON may have there; no two members of a union share one.
            None says: any at all.
        expected: what fits, in words.
        natives: types whose instances are taken as they are, from a mapping that the
            host made.
    """

    read: Callable[[Any, Errors], object]
    kinds: frozenset[type] | None
    expected: str
    natives: tuple[type, ...] = ()


ANY = Reader(lambda value, _: value, None, "anything")

WORDS: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a finite number",
    NoneType: "null",
}


def scalar(kind: type) -> Reader:
    """Reads str, bool, int, float or None, and converts nothing but int to float."""
    expected = WORDS[kind]

    def read(value: Any, errors: Errors) -> object:
        if type(value) is not kind:
            errors.add(expected)
        return value

    def read_float(value: Any, errors: Errors) -> object:
        if type(value) is int:
            try:
                return float(value)
            except OverflowError:
                errors.add(expected)
        elif type(value) is not float or not math.isfinite(value):
            errors.add(expected)
        return value

    return Reader(read_float if kind is float else read, frozenset([kind]), expected)


# Forms

_TRUTH = {"on": True, "true": True, "1": True, "yes": True}
_TRUTH |= {"off": False, "false": False, "0": False, "no": False, "": False}
# As many digits as Python converts wherever its limit is set.
_INTEGER = re.compile(r"[+-]?[0-9]{1,640}")
_NUMBER = re.compile(
    r"[+-]?([0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})([eE][+-]?\d{1,4})?", re.ASCII
)


def _truth(text: str) -> bool | None:
    return _TRUTH.get(text.lower())


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


_FROM_TEXT: dict[type, Callable[[str], object]] = {
    bool: _truth,
    int: _integer,
    float: _number,
}


def text_scalar(kind: type) -> Reader:
    """Reads a scalar of a form: text, spaces around it left out; or what fits as is."""
    strict = scalar(kind)
    if kind is str:
        return strict

    def read(value: Any, errors: Errors) -> object:
        if type(value) is str:
            text = value.strip()
            if kind is NoneType:
                value = value if text else None
            else:
                value = _FROM_TEXT[kind](text)
        return strict.read(value, errors)

    return Reader(read, strict.kinds, strict.expected)


def one_of(values: dict[tuple[type, object], object], *, lax: bool) -> Reader:
    """Reads one of a few scalars: a Literal, an Enum.

    Args:
        values: what becomes of a value, by its type and itself: True is not 1.
        lax: whether text stands for those that are no text; for None, empty text.
    """
    texts = {
        _as_text(value): found
        for (kind, value), found in values.items()
        if kind is not str
    }
    shown = [repr(value) for _, value in values]
    more = ", ..." if len(shown) > _SHOWN else ""
    expected = f"one of {', '.join(shown[:_SHOWN])}{more}"
    natives = {type(found) for found in values.values()} - set(WORDS)

    def read(value: Any, errors: Errors) -> object:
        kind = type(value)
        if kind in WORDS:
            if (kind, value) in values:
                return values[kind, value]
            if lax and kind is str and value in texts:
                return texts[value]
        elif any(value is one for one in values.values()):
            return value
        errors.add(expected)
        return value

    kinds = frozenset(kind for kind, _ in values)
    return Reader(read, kinds, expected, tuple(natives))


_SHOWN = 10


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if type(value) is bool else str(value)


# Containers


def sequence_of(item: Reader, make: Callable[[list[object]], object]) -> Reader:
    """Reads a list of any length, whose items are alike."""
    read_item = item.read

    def read(value: Any, errors: Errors) -> object:
        if type(value) is not list:
            errors.add("a list")
            return value
        items = []
        known = len(errors.found)
        for index, one in enumerate(value):
            items.append(read_item(one, errors))
            if len(errors.found) != known:
                if not errors.step(f"[{index}]", known):
                    break
                known = len(errors.found)
        return make(items)

    return Reader(read, _LIST, "a list")


def row_of(items: Sequence[Reader]) -> Reader:
    """Reads a list of a given length, whose items differ; it becomes a tuple."""
    expected = f"a list of {len(items)}"

    def read(value: Any, errors: Errors) -> object:
        if type(value) is not list or len(value) != len(items):
            errors.add(expected)
            return value
        row = []
        for index, (reader, one) in enumerate(zip(items, value, strict=True)):
            known = len(errors.found)
            row.append(reader.read(one, errors))
            if len(errors.found) != known and not errors.step(f"[{index}]", known):
                break
        return tuple(row)

    return Reader(read, _LIST, expected)


def map_of(key: Reader, item: Reader) -> Reader:
    """Reads an object with names of the client's choosing; it becomes a dict.

    An error tells the place, not the name: that is the client's text.
    """

    def read(value: Any, errors: Errors) -> object:
        if type(value) is not dict and not isinstance(value, Mapping):
            errors.add("an object")
            return value
        items = {}
        known = len(errors.found)
        for index, (name, one) in enumerate(value.items()):
            name = key.read(name, errors)  # noqa: PLW2901 - what becomes of it
            if name in items:
                errors.add("a name that is not there yet")
            if len(errors.found) == known:
                items[name] = item.read(one, errors)
                step = f".values()[{index}]"
            else:
                step = f".keys()[{index}]"
            if len(errors.found) != known:
                if not errors.step(step, known):
                    break
                known = len(errors.found)
        return items

    return Reader(read, _DICT, "an object")


_LIST: frozenset[type] = frozenset([list])
_DICT: frozenset[type] = frozenset([dict])
