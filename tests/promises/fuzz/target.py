"""What the fuzzers try: any bytes at all become an event or a documented error.

An input is a selector and a text; in the text, ``@`` stands for the id of the handler,
so that a fuzzer need not guess it. The time of a form includes the time to make it.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import time
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import partial
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from starlette.datastructures import FormData
from werkzeug.datastructures import MultiDict

from handlerid import Dispatcher, Event, Form, Registry, SubmitEvent
from handlerid.errors import HandlerIdError, InvalidEvent, MalformedPayload

__all__ = ["DICTIONARY", "SEEDS", "SLOWEST", "check"]

MOST = 65_536
LIMIT = 0.1
"""Seconds of CPU that a payload within the limits may take."""


class Colour(Enum):
    RED = "red"
    TWO = 2


@dataclass(kw_only=True, slots=True)
class Place:
    city: str
    zip: int = 0


@dataclass(kw_only=True, slots=True)
class Tree:
    name: str = ""
    children: list[Tree] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class FuzzedEvent(Event):
    """A field of every type; a payload may leave out any."""

    text: str = ""
    flag: bool = False
    count: int = 0
    ratio: float = 0.0
    anything: Any = None
    maybe: str | None = None
    either: int | str | list[float] | None = None
    literal: Literal["a", 1] = "a"
    colour: Colour = Colour.RED
    day: dt.date | None = None
    clock: dt.time | None = None
    moment: dt.datetime | None = None
    data: bytes = b""
    row: tuple[int, str] | None = None
    grid: list[list[float]] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    tree: Tree | None = None
    place: Place | None = None
    cells: list[float | str] = field(default_factory=list)
    counts: list[int | float | bool | None] = field(default_factory=list)
    moments: list[dt.datetime] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    # Keyboards have another sign, which Python reads as this one.
    μg: float = 0.0  # noqa: PLC2401


class FuzzedStruct(msgspec.Struct):
    """The same as far as msgspec goes."""

    key: str = ""
    count: int = 0
    ratio: float = 0.0
    anything: Any = None
    colour: Literal["red", 2] = "red"
    day: dt.date | None = None
    grid: list[list[float]] = msgspec.field(default_factory=list)
    names: dict[str, int] = msgspec.field(default_factory=dict)
    cells: list[float | str] = msgspec.field(default_factory=list)
    μg: float = 0.0  # noqa: PLC2401


def on_event(event: FuzzedEvent) -> FuzzedEvent:
    return event


def on_struct(event: FuzzedStruct) -> FuzzedStruct:
    return event


def on_submit(event: SubmitEvent) -> SubmitEvent:
    return event


registry = Registry()
EVENT = registry.register(on_event).encode()
STRUCT = registry.register(on_struct).encode()
SUBMIT = registry.register(on_submit).encode()
STANDARD = Dispatcher(registry, extra="ignore")
REFUSING = Dispatcher(registry)
WITH_MSGSPEC = Dispatcher(registry, json="msgspec", extra="ignore")


class Slowest(NamedTuple):
    seconds: float
    payload: object


SLOWEST = [Slowest(0.0, None)]
"""The one payload that took the longest."""


def check(data: bytes) -> None:
    """Tries one input in the way that its first byte selects.

    Raises:
        AssertionError: something was accepted or refused that should not, or it took
            too long.
    """
    way, text = data[:1], data[1:]
    if way in (b"f", b"e", b"t", b"u"):
        handler = {b"t": STRUCT, b"u": SUBMIT}.get(way, EVENT)
        body = text.replace(b"@", handler).decode("utf-8", "replace")
        pairs: list[Any] = parse_qsl(body, keep_blank_values=True)
        for form in (pairs, FormData(pairs), MultiDict(pairs)):
            _try(REFUSING if way == b"e" else STANDARD, partial(Form, form))
    elif way == b"m":
        _try(STANDARD, _mapping(text.replace(b"@", EVENT)))
    elif way == b"x":
        _try(REFUSING, text.replace(b"@", EVENT))
    elif way == b"s":
        _try(WITH_MSGSPEC, text.replace(b"@", STRUCT))
        _try(STANDARD, text.replace(b"@", STRUCT))
    else:
        sent = text.replace(b"@", EVENT)
        standard, other = _try(STANDARD, sent), _try(WITH_MSGSPEC, sent)
        if isinstance(standard, Event):
            _compare(standard, sent)
        if isinstance(standard, Event) or isinstance(other, Event):
            # Of two refusals the reasons may differ.
            assert repr(standard) == repr(other)


def _mapping(text: bytes) -> Any:
    """What a host might have read from JSON without any guard."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = None
    # None is a mistake of the host, and a TypeError: it has read no payload at all.
    return [] if read is None else read


def _try(dispatcher: Dispatcher, payload: Any) -> object:
    """The event, or what says which error it was; anything else is a failure."""
    result, seconds = _timed(dispatcher, payload)
    if seconds > LIMIT:  # the garbage collector may have had its turn
        seconds = min(_timed(dispatcher, payload)[1] for _ in range(3))
    if seconds > SLOWEST[0].seconds:
        SLOWEST[0] = Slowest(seconds, payload)
        assert seconds <= LIMIT, f"{seconds:.3f} s of CPU"
    if isinstance(result, InvalidEvent):
        assert len(str(result)) < 100_000
        assert result.fields or "together" in str(result)
        return result.fields
    if isinstance(result, MalformedPayload):
        assert len(str(result)) < 200
        return str(result)
    if isinstance(result, HandlerIdError):
        return type(result)
    assert isinstance(result, (FuzzedEvent, FuzzedStruct, SubmitEvent))
    return result


def _timed(dispatcher: Dispatcher, payload: Any) -> tuple[object, float]:
    begun = time.process_time()
    result: object
    try:
        result = dispatcher.dispatch(payload() if callable(payload) else payload)
    except HandlerIdError as error:
        result = error
    return result, time.process_time() - begun


def _compare(event: Event, text: bytes) -> None:
    """Python's own reader has read the same, and no key twice."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    payload = json.loads(text, object_pairs_hook=once)
    for one in fields(event):
        value = getattr(event, one.name)
        assert not isinstance(value, float) or math.isfinite(value)
        if one.name in payload and isinstance(value, (str, bool, int, float)):
            sent = payload[one.name]
            assert value == sent
            assert type(value) is type(sent) or (type(value), type(sent)) == (
                float,
                int,
            )


SEEDS = [
    b'j{"handler":"@","key":"k","text":"a","flag":true,"count":1,"ratio":0.5}',
    b'j{"handler":"@","anything":{"a":[1,null,"b"]},"maybe":null,"either":[1,2.5]}',
    b'j{"handler":"@","literal":"a","colour":"red","day":"2024-02-29"}',
    b'j{"handler":"@","clock":"09:30:15.250","moment":"2024-02-29T09:30:15Z"}',
    b'j{"handler":"@","data":"aGk=","row":[1,"a"],"grid":[[1],[]]}',
    b'j{"handler":"@","names":{"a":1},"tree":{"name":"a","children":[{}]}}',
    b'j{"handler":"@","place":{"city":"Ulm","zip":8},"text":"\\u00e9\\ud83d\\ude00"}',
    b'j{"handler":"@","text":"a:b","count":1e3,"count":-0}',
    b'x{"handler":"@","more":1,"place":{"city":"a","x":1}}',
    b's{"handler":"@","count":1,"colour":2,"grid":[[1]],"names":{"a":1}}',
    b's{"handler":"@","day":"2024-02-29","anything":[{}],"ratio":"x"}',
    b'm{"handler":"@","ratio":NaN,"grid":[[Infinity]]}',
    b"f_handler=@&text=a&flag=on&count=1&ratio=.5&literal=1&colour=2&day=2024-02-29",
    b"f_handler=@&either=1&either=2&row=1&row=a&maybe=&data=aGk%3D",
    b"e_handler=@&cells=1&cells=a&counts=1.5&counts=&counts=on&parts=aGk%3D&more=1",
    b"f_handler=@&moments=2024-02-29T09:30&_key=k&%C2%B5g=1&%CE%BCg=2",
    b"t_handler=@&cells=1&cells=a&count=1&ratio=.5&colour=red&%C2%B5g=1&_key=k&key=l",
    b"u_handler=@&_key=k&key=l&handler=h&fields=f&a=1&a=2&%C2%B5g=250",
]

DICTIONARY = [
    *(one.name.encode().decode("latin-1") for one in fields(FuzzedEvent)),
    *[
        "%C2%B5g",
        "handler",
        "@",
        "true",
        "false",
        "null",
        "NaN",
        "Infinity",
        "1e999",
        "-0",
        "-",
    ],
    *['{"', '":', '","', "[", "]", "}", "\\u", "\\ud800", "\\udc00", "\\", '"', ":"],
    *["0001-01-01", "T23:59", "Z", "+05:30", "aGk=", "red", "name", "children", "city"],
    *["\xff", "\xc0\xaf", "\xed\xa0\x80", "\xef\xbb\xbf", "\x00", "9" * 30, "e+308"],
]
