"""Types of Python's library that few handlers need, as rows of the table.

Loaded when the first of them is met, since importing them takes time.
"""

from __future__ import annotations

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
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

_known_zones = cache(available_timezones)


def _zone(key: str) -> ZoneInfo:
    if key not in _known_zones():  # any other name would open a file
        raise ValueError
    return ZoneInfo(key)


def _moment(value: Any) -> list[Any]:
    naive = value.replace(tzinfo=None, fold=0)
    return [naive.isoformat(), value.fold, value.tzinfo]


def _time(text: str, fold: int, zone: Any) -> time:
    return time.fromisoformat(text).replace(fold=fold, tzinfo=zone)


def _datetime(text: str, fold: int, zone: Any) -> datetime:
    return datetime.fromisoformat(text).replace(fold=fold, tzinfo=zone)


def _path(value: PurePath) -> list[str]:
    return [value.as_posix()]


ROWS: dict[type, tuple[str, Any, Any]] = {
    date: ("D", lambda value: [value.isoformat()], date.fromisoformat),
    time: ("H", _moment, _time),
    datetime: ("W", _moment, _datetime),
    timedelta: ("L", lambda v: [v.days, v.seconds, v.microseconds], timedelta),
    # The arguments that it was made with: timezone.utc is one object.
    timezone: ("z", lambda value: value.__reduce__()[1], timezone),
    ZoneInfo: ("k", lambda value: [value.key or object()], _zone),  # or is refused
    # Of a decimal, the context decides whether str() writes "E" or "e".
    Decimal: ("M", lambda value: [str(value).upper()], Decimal),
    Fraction: ("q", lambda value: [value.numerator, value.denominator], Fraction),
    UUID: ("U", lambda value: [value.hex], UUID),
    PurePosixPath: ("P", _path, PurePosixPath),
    PureWindowsPath: ("Q", _path, PureWindowsPath),
    # One on every platform.
    **dict.fromkeys((Path, PosixPath, WindowsPath), ("p", _path, Path)),
}
"""Tag, split and make, as in the table."""
