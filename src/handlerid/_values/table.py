"""The table of types: how Python's own types are split into parts, and made of them.

Types are found by their address, since a metaclass may define ``__hash__``. Types of
modules that few handlers need join the table when the first of them is met.
"""

from __future__ import annotations

from functools import cache
from struct import pack
from types import EllipsisType, GenericAlias, NoneType, UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from handlerid._peek import names_of_class

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Refused(Exception):
    """A value that cannot be written; the text says why."""


class Corrupt(Exception):
    """A graph that was not written from this table."""


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(data), data)


def _number(number: float) -> bytes:
    if number != number:  # noqa: PLR0124  (only NaN differs from itself)
        return b"\x7f\xf8\0\0\0\0\0\0"
    return pack(">d", number)


_SCALARS: dict[int, Callable[[Any], bytes]] = {
    id(NoneType): lambda _: b"N",
    id(EllipsisType): lambda _: b".",
    id(bool): lambda value: b"T" if value else b"F",
    id(int): lambda value: b"i%x;" % value,
    id(float): lambda value: b"f" + _number(value),
    id(complex): lambda value: b"c" + _number(value.real) + _number(value.imag),
    id(str): _text,
    id(bytes): lambda value: b"b%d:%b" % (len(value), value),
}
"""Forms in a tree, by the type's address."""

find_scalar = _SCALARS.get  # bound once: a method is looked up anew at each call


def encode_scalar(value: object) -> bytes:
    """Return the bytes of a text, a number and the like in a tree; else ``b""``."""
    form = find_scalar(id(type(value)))
    return b"" if form is None else form(value)


class Row(NamedTuple):
    """How values of one exact type are split into parts, and made of them.

    Attributes:
        tag: what the form begins with.
        split: return the parts. Those of a number are texts and numbers of JSON.
        make: make the value of its parts, or raise what the type raises. A list, set or
            dict is made empty and filled, since it may contain itself.
    """

    tag: str
    split: Callable[[Any], Sequence[Any]]
    make: Callable[..., object]


def _attributes(tag: str, make: Callable[..., object], *names: str) -> Row:
    return Row(tag, lambda value: [getattr(value, name) for name in names], make)


def _text_row(tag: str, write: Callable[[Any], str], make: Any) -> Row:
    return Row(tag, lambda value: [write(value)], make)


def _make_float(text: str) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise Corrupt
    return float(text)


def _split_alias(value: GenericAlias) -> Sequence[object]:
    if value.__unpacked__:
        raise Refused("is unpacked")
    return [value.__origin__, value.__args__]


def make_union(*members: Any) -> object:
    """Return the union of classes."""
    # Of a text, Union would make a reference that it compiles.
    if not all(issubclass(type(member), type) for member in members):
        raise Corrupt
    return Union[members]  # noqa: UP007  (made of a tuple)


def _pairs(value: dict[Any, Any]) -> Sequence[object]:
    # A list first: another thread may add to the dict.
    return [part for pair in list(value.items()) for part in pair]


_OWN: dict[type, Row] = {
    EllipsisType: Row(".", lambda _: (), lambda: ...),
    int: _text_row("i", "{:x}".format, lambda text: int(text, 16)),
    float: _text_row("f", repr, _make_float),
    complex: _attributes("c", complex, "real", "imag"),
    bytes: _text_row("b", bytes.hex, bytes.fromhex),
    tuple: Row("t", list, lambda *items: items),
    list: Row("l", list, list),
    set: Row("S", list, set),
    frozenset: Row("Z", list, lambda *items: frozenset(items)),
    dict: Row("d", _pairs, dict),
    range: _attributes("R", range, "start", "stop", "step"),
    slice: _attributes("/", slice, "start", "stop", "step"),
    GenericAlias: Row("a", _split_alias, GenericAlias),
    UnionType: Row("|", lambda value: value.__args__, make_union),
    type(Union[int, "str"]): Row("|", lambda value: value.__args__, make_union),
}


def _datetime() -> dict[type, Row]:
    from datetime import date, datetime, time, timedelta, timezone  # noqa: PLC0415

    def split(value: time | datetime) -> Sequence[object]:
        naive = value.replace(tzinfo=None, fold=0)
        return [naive.isoformat(), value.fold, value.tzinfo]

    def row(tag: str, kind: type[time | datetime]) -> Row:
        make = kind.fromisoformat
        return Row(tag, split, lambda t, f, z: make(t).replace(fold=f, tzinfo=z))

    return {
        date: _text_row("D", date.isoformat, date.fromisoformat),
        time: row("H", time),
        datetime: row("W", datetime),
        timedelta: _attributes("L", timedelta, "days", "seconds", "microseconds"),
        # The arguments that it was made with: timezone.utc is one object.
        timezone: Row("z", lambda value: value.__reduce__()[1], timezone),
    }


def _numbers() -> dict[type, Row]:
    from decimal import Decimal  # noqa: PLC0415
    from fractions import Fraction  # noqa: PLC0415

    # Of a decimal, the context decides whether str() writes "E" or "e".
    return {
        Decimal: _text_row("M", lambda value: str(value).upper(), Decimal),
        Fraction: _attributes("q", Fraction, "numerator", "denominator"),
    }


def _uuid() -> dict[type, Row]:
    from uuid import UUID  # noqa: PLC0415

    return {UUID: _attributes("U", UUID, "hex")}


def _pathlib() -> dict[type, Row]:
    import pathlib as lib  # noqa: PLC0415

    rows: dict[type, Row] = {}
    for tag, make, *others in (
        ("P", lib.PurePosixPath),
        ("Q", lib.PureWindowsPath),
        ("p", lib.Path, lib.PosixPath, lib.WindowsPath),  # one on every platform
    ):
        row = _text_row(tag, lib.PurePath.as_posix, make)
        rows |= dict.fromkeys((make, *others), row)
    return rows


def _zoneinfo() -> dict[type, Row]:
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415

    def key_of(value: ZoneInfo) -> str:
        if type(value.key) is not str:
            raise Refused("has no key")
        return value.key

    known = cache(available_timezones)

    def make(key: str) -> object:
        if key not in known():  # any other name would open a file
            raise Corrupt
        return ZoneInfo(key)

    return {ZoneInfo: _text_row("k", key_of, make)}


_ELSEWHERE = {
    "datetime": ("DHWLz", cache(_datetime)),
    "decimal": ("Mq", cache(_numbers)),
    "fractions": ("Mq", cache(_numbers)),
    "uuid": ("U", cache(_uuid)),
    "pathlib": ("pPQ", cache(_pathlib)),
    "zoneinfo": ("k", cache(_zoneinfo)),
}
"""Modules that are imported when the first of their values, or tags, is met."""

_MOVED = {"pathlib._local": "pathlib"}
"""Modules that only one Python has, by their name in the others."""

_ROWS = {id(kind): row for kind, row in _OWN.items()}
_TAGS = {row.tag: row for row in _OWN.values()}
_CLASSES: dict[tuple[str, str], type] = {
    ("builtins", kind.__qualname__): kind
    for kind in (*_OWN, bool, str, object, type, NoneType)
}
"""Python's own classes, which need no scanned module; they are never collected."""


def _load(module: str) -> None:
    if module in _ELSEWHERE:
        for kind, row in _ELSEWHERE[module][1]().items():
            _ROWS[id(kind)] = _TAGS[row.tag] = row
            _CLASSES[class_names(kind)] = kind


def class_names(kind: type) -> tuple[str, str]:
    module, qualname = names_of_class(kind)
    return _MOVED.get(module, module), qualname


def find_row(kind: type) -> Row | None:
    if id(kind) not in _ROWS:
        _load(class_names(kind)[0])
    return _ROWS.get(id(kind))


def row_of_tag(tag: str) -> Row | None:
    """Return the row with a tag."""
    if tag not in _TAGS:
        for module in [name for name, (tags, _) in _ELSEWHERE.items() if tag in tags]:
            _load(module)
    return _TAGS.get(tag)


def own_class(module: str, qualname: str) -> type | None:
    """Return the class of Python's own with this name."""
    _load(module)
    return _CLASSES.get((module, qualname))
