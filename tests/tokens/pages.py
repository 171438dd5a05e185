"""An application for the tests of closures: one handler of each kind that travels.

What belongs here: enclosing functions, and what their handlers refer to. One process
runs ``page``; the others only import this module, from elsewhere, and never do.
"""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from handlerid import ClickEvent

RENDERED: list[str] = []
"""What this process ran of the enclosing functions."""


class Color(Enum):
    RED = 1
    BLUE = 2


class Level(IntEnum):
    LOW = 1


class Right(Flag):
    READ = 1
    WRITE = 2


class Shop:
    class Unit(Enum):
        PIECE = "piece"

    @staticmethod
    def double(value: int) -> int:
        return 2 * value

    @classmethod
    def named(cls, event: object) -> str:
        return cls.__name__


@dataclass
class Cart:
    items: list[str]
    total: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        RENDERED.append("Cart")

    def add(self, event: object) -> list[str]:
        self.items.append(str(event))
        return self.items

    def __call__(self, event: object) -> str:
        return f"{self.items} {self.total} {event}"


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: float


@dataclass(frozen=True, slots=True)
class Point3(Point):
    z: int = 3


class Pair(NamedTuple):
    left: int
    right: object


Old = namedtuple("Old", "a b")  # noqa: PYI024  (that kind, too)


def tax(value: int) -> int:
    return value * 2


def logged(fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def wrapper(*args: Any) -> Any:
        return "logged", fn(*args)

    return wrapper


def bare(fn: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any) -> Any:
        return "bare", fn(*args)

    return wrapper


@bare
def hidden(event: object) -> Callable[..., Any]:
    def inside(event: object) -> object:
        return "inside", event

    return inside


class Kept:
    """Hides a function where nothing looks for it."""

    __slots__ = ("call",)

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.call = fn


@Kept
def kept(event: object) -> Callable[..., Any]:
    def inside(event: object) -> object:
        return "kept", event

    return inside


VALUES: dict[str, Any] = {
    "none": None,
    "bools": [True, False],
    "ints": [0, -1, 2**63, -(2**80)],
    "floats": [0.0, -0.0, 1.5, 1e300, float("inf"), float("-inf"), float("nan")],
    "complex": [1j, complex(-0.0, 0.0), complex(float("nan"), 1)],
    "texts": ["", 'é\0\n"\\', "\ud800", "\ud83d\ude00", "😀"],
    "bytes": [b"", b"\0\xff"],
    "tuples": [(), (1,), ((), (1, [2]))],
    "sets": [set(), {3}, frozenset(), frozenset({"x"})],
    "dicts": [{}, {"b": 1, "a": 2}, {1: "x", (1, 2): None}],
    "enums": [Color.BLUE, Level.LOW, Shop.Unit.PIECE],
    "flags": [Right.READ, Right.READ | Right.WRITE, Right(0)],
    "dataclasses": [Point(1, -0.0), Point3(1, 2.0, 4), [Point(1, 2.0)]],
    "named tuples": [Pair(1, "x"), Old(1, (2,))],
    "dates": [date(2024, 2, 29), date.min],
    "times": [time(1, 2, 3, 4), time(1, fold=1), time(1, tzinfo=UTC)],
    "datetimes": [
        datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(1, 1, 1, 0, 0, 0, 1),
        datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-1), "there")),
    ],
    "timedeltas": [timedelta(-1, 2, 3), timedelta.max],
    "zones": [UTC, timezone(timedelta(minutes=90)), ZoneInfo("UTC")],
    "decimals": [Decimal("1.50"), Decimal("-0"), Decimal("1e-7"), Decimal("sNaN")],
    "fractions": [Fraction(-1, 3)],
    "uuids": [UUID(int=2**128 - 1)],
    "paths": [Path("a/b"), PurePosixPath("/x"), PureWindowsPath("c:/x")],
    "ranges": [range(3), range(10, 0, -2)],
    "slices": [slice(1), slice(None, 2, 3)],
    "ellipsis": ...,
    "classes": [Color, Point, int, datetime],
    "aliases": [list[int], dict[str, Point]],
}


def holding(value: Any) -> Callable[..., Any]:
    def on_click(event: object) -> object:
        return value

    return on_click


def holding_sorted(texts: set[str]) -> Callable[..., Any]:
    def on_click(event: object) -> list[str]:
        return sorted(texts)

    return on_click


def page(number: int) -> dict[str, Callable[..., Any]]:
    """Returns a handler of each kind."""
    RENDERED.append("page")
    url = f"/{number}"

    def link(url: str) -> Callable[..., Any]:
        def on_click(event: ClickEvent) -> str:
            """Goes there."""
            return url

        return on_click

    def count_down(event: int) -> list[str]:
        return [url, *count_down(event - 1)] if event else []

    def even(event: int) -> bool:
        return event == 0 or odd(event - 1)

    def odd(event: int) -> bool:
        return event != 0 and even(event - 1)

    count: list[int] = []

    def increment() -> None:
        count.append(1)

    def shares_a_cell(event: object) -> int:
        increment()
        return len(count)

    items = ["x"]
    same = items

    def shares_a_list(event: object) -> list[str]:
        items.append("y")
        return same

    cart = Cart(["x"])
    add = cart.add

    def shares_an_object(event: object) -> list[str]:
        add("z")
        return cart.items

    def reads_what_is_set_below(event: object) -> str:
        return set_below

    if number >= 0:
        set_below = "x"

    def refers_to(event: object) -> object:
        return (call(number), kind, member, twice(2), nested.PIECE)

    call, kind, member, twice, nested = tax, Point, Color.RED, Shop.double, Shop.Unit

    def defaults(
        event: object,
        left: int = number,
        *,
        right: list[int] = [number],  # noqa: B006
    ) -> object:
        right.append(left)
        return left, right

    def bound(first: list[int], event: object, *, unit: str) -> object:
        return first, event, unit, url

    async def is_async(event: object) -> str:
        return url

    def generates(event: object) -> Iterator[str]:
        yield url
        yield str(event)

    async def generates_async(event: object) -> AsyncIterator[str]:
        yield url

    def redefined(event: object) -> str:
        return "first " + url

    first = redefined

    def redefined(event: object) -> str:  # type: ignore[no-redef]
        return "second " + url

    def attributes(event: object) -> str:
        return url

    attributes.debounce = 5  # type: ignore[attr-defined]
    attributes.__name__ = "renamed"
    go = link(url)
    ring: list[Any] = []

    def in_a_ring(event: object) -> int:
        return len(ring)

    ring.append(in_a_ring)

    return {
        "closure": link(url),
        "lambda in a loop": [lambda event=None, i=i: i for i in range(3)][number],
        "closure over a closure": lambda event, go=go: go(event),
        "calls itself": count_down,
        "call each other": even,
        "shares a cell": shares_a_cell,
        "shares a list": shares_a_list,
        "shares an object": shares_an_object,
        "empty cell": reads_what_is_set_below,
        "refers to functions and classes": refers_to,
        "defaults": defaults,
        "partial": functools.partial(bound, [number], unit="kg"),
        "bound method": Cart([url]).add,
        "class method": Shop.named,
        "callable object": Cart([url], total=5),
        "wrapped": logged(link(url)),
        "wrapped twice": logged(logged(link(url))),
        "wrapped without wraps": bare(link(url)),
        "hidden by a decorator": hidden(None)[1],
        "known to the loader alone": kept.call(None),
        "async": is_async,
        "generator": generates,
        "async generator": generates_async,
        "first of two": first,
        "second of two": redefined,
        "attributes": attributes,
        "ring": in_a_ring,
        "set of texts that changes": holding_sorted({*"abcdefg"}),
        "set of texts": lambda event, texts=frozenset("abcdefg"): sorted(texts),
        "module function": tax,
        **{f"value: {name}": holding(value) for name, value in VALUES.items()},
    }
