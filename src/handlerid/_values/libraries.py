"""Types of Python's library that few handlers need; loaded when one is met."""

from __future__ import annotations

import ipaddress
import pathlib
import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

_known_zones = cache(available_timezones)
_posix = pathlib.PurePath.as_posix


def _make_zone(key: str) -> ZoneInfo:
    if key not in _known_zones():  # any other name would open a file
        raise ValueError
    return ZoneInfo(key)


def _split_time(value: Any) -> list[Any]:
    naive = value.replace(tzinfo=None, fold=0)
    return [naive.isoformat(), value.fold, value.tzinfo]


def _time(kind: Any, text: str, fold: int, zone: Any) -> Any:
    return kind.fromisoformat(text).replace(fold=fold, tzinfo=zone)


_addresses = {
    kind.__name__: kind
    for kind in (
        *(ipaddress.IPv4Address, ipaddress.IPv4Interface, ipaddress.IPv4Network),
        *(ipaddress.IPv6Address, ipaddress.IPv6Interface, ipaddress.IPv6Network),
    )
}
_address = ("n", lambda v: [type(v).__name__, str(v)], lambda k, v: _addresses[k](v))
_path = ("p", lambda value: [_posix(value)], pathlib.Path)  # one on every platform

ROWS: dict[type, tuple[str, Any, Any]] = {
    date: ("D", lambda value: [value.isoformat()], date.fromisoformat),
    time: ("H", _split_time, lambda *parts: _time(time, *parts)),
    datetime: ("W", _split_time, lambda *parts: _time(datetime, *parts)),
    timedelta: ("L", lambda v: [v.days, v.seconds, v.microseconds], timedelta),
    # The arguments that it was made with: timezone.utc is one object.
    timezone: ("z", lambda value: value.__reduce__()[1], timezone),
    ZoneInfo: ("k", lambda value: [value.key or object()], _make_zone),  # or refused
    # Of a decimal, the context decides whether str() writes "E" or "e".
    Decimal: ("M", lambda value: [str(value).upper()], Decimal),
    Fraction: ("q", lambda value: [value.numerator, value.denominator], Fraction),
    UUID: ("U", lambda value: [value.hex], UUID),
    pathlib.PurePosixPath: ("P", lambda v: [_posix(v)], pathlib.PurePosixPath),
    pathlib.PureWindowsPath: ("Q", lambda v: [_posix(v)], pathlib.PureWindowsPath),
    re.Pattern: ("~", lambda value: [value.pattern, value.flags], re.compile),
    **dict.fromkeys(_addresses.values(), _address),
    **dict.fromkeys((pathlib.Path, pathlib.PosixPath, pathlib.WindowsPath), _path),
}
