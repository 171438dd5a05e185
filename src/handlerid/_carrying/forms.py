"""How Python's own types are written, and read again.

What belongs here: the table of immutable types that consist of parts. A form has a tag,
which stands first in its list, and two functions: a value's parts, which are values
that are packed in turn, and the value of its parts. The author's own classes, callables
and what may be changed are the business of ``packing`` and ``unpacking``.
"""

from __future__ import annotations

import base64
import zoneinfo
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import (
    Path,
    PosixPath,
    PurePath,
    PurePosixPath,
    PureWindowsPath,
    WindowsPath,
)
from types import EllipsisType, GenericAlias, NoneType, UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, Union
from uuid import UUID

from handlerid import events
from handlerid._carrying.text import Broken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["BY_TAG", "BY_TYPE", "NATIVE", "Form"]


class Form(NamedTuple):
    """How values of one type are written.

    Attributes:
        tag: what the list begins with.
        parts: the values that stand for a value.
        make: makes the value of them; it may raise whatever the type itself does.
    """

    tag: str
    parts: Callable[[Any], Sequence[object]]
    make: Callable[..., object]


def _make_float(text: str) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise Broken
    return float(text)


def _make_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _moment_parts(value: time | datetime) -> Sequence[object]:
    naive = value.replace(tzinfo=None, fold=0).isoformat()
    return [naive, value.fold, *([] if value.tzinfo is None else [value.tzinfo])]


def _make_time(text: str, fold: int, zone: Any = None) -> time:
    return time.fromisoformat(text).replace(fold=fold, tzinfo=zone)


def _make_datetime(text: str, fold: int, zone: Any = None) -> datetime:
    return datetime.fromisoformat(text).replace(fold=fold, tzinfo=zone)


def _timezone_parts(value: timezone) -> Sequence[object]:
    offset, name = value.utcoffset(None), value.tzname(None)
    return [offset] if name == timezone(offset).tzname(None) else [offset, name]


def _zone_parts(value: zoneinfo.ZoneInfo) -> Sequence[object]:
    if type(value.key) is not str:
        raise ValueError("has no key")
    return [value.key]


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _make_zone(key: str) -> zoneinfo.ZoneInfo:
    # Not asked for by a name from outside: it opens a file, or imports a package.
    if key not in _zones():
        raise Broken
    return zoneinfo.ZoneInfo(key)


def _posix(value: PurePath) -> Sequence[object]:
    return [value.as_posix()]


def _make_set(*members: object) -> set[object]:
    return set(members)


def _make_union(*members: Any) -> object:
    # Of a text, Union makes a reference that it compiles.
    if not all(issubclass(type(member), type) for member in members):
        raise Broken
    return Union[members]  # noqa: UP007  (made of a tuple)


def _is_class(value: object) -> bool:
    return isinstance(value, type)


BY_TYPE: dict[int, Form] = {
    id(EllipsisType): Form(".", lambda _: (), lambda: ...),
    id(float): Form("f", lambda value: [repr(value)], _make_float),
    id(int): Form("i", lambda value: [f"{value:x}"], lambda text: int(text, 16)),
    id(complex): Form("c", lambda value: [value.real, value.imag], complex),
    id(bytes): Form("b", lambda value: [base64.b64encode(value).decode()], _make_bytes),
    id(tuple): Form("t", lambda value: value, lambda *items: items),
    id(frozenset): Form("Z", list, lambda *items: frozenset(items)),
    id(range): Form("R", lambda value: [value.start, value.stop, value.step], range),
    id(slice): Form("/", lambda value: [value.start, value.stop, value.step], slice),
    id(date): Form("D", lambda value: [value.isoformat()], date.fromisoformat),
    id(time): Form("H", _moment_parts, _make_time),
    id(datetime): Form("W", _moment_parts, _make_datetime),
    id(timedelta): Form(
        "L", lambda value: [value.days, value.seconds, value.microseconds], timedelta
    ),
    id(timezone): Form("z", _timezone_parts, timezone),
    id(zoneinfo.ZoneInfo): Form("k", _zone_parts, _make_zone),
    id(Decimal): Form("#", lambda value: [str(value).upper()], Decimal),
    id(Fraction): Form(
        "q", lambda value: [value.numerator, value.denominator], Fraction
    ),
    id(UUID): Form("U", lambda value: [value.hex], UUID),
    id(PosixPath): Form("p", _posix, Path),
    id(WindowsPath): Form("p", _posix, Path),
    id(PurePosixPath): Form("P", _posix, PurePosixPath),
    id(PureWindowsPath): Form("Q", _posix, PureWindowsPath),
    id(GenericAlias): Form(
        "a", lambda value: [value.__origin__, value.__args__], GenericAlias
    ),
    id(UnionType): Form("|", lambda value: value.__args__, _make_union),
    id(type(Union[int, "str"])): Form("|", lambda value: value.__args__, _make_union),
}
"""Forms by the type's address: a metaclass may define ``__hash__``."""

BY_TAG: dict[str, Callable[..., object]] = {
    form.tag: form.make for form in BY_TYPE.values()
}

NATIVE: dict[tuple[str, str], type] = {
    (kind.__module__, kind.__qualname__): kind
    for kind in (
        *(bool, int, float, complex, str, bytes, tuple, list, set, frozenset, dict),
        *(object, type, range, slice, NoneType, EllipsisType),
        *(date, time, datetime, timedelta, timezone, Decimal, Fraction, UUID),
        *(Path, PurePath, zoneinfo.ZoneInfo),
        *filter(_is_class, (getattr(events, name) for name in events.__all__)),
    )
}
"""Classes that need no scanning: Python's own, and the standard events."""
