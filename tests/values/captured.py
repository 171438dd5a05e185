"""Handlers that captured one value each, of many types.

Run as a program, it prints the captures parts of their ids by name.
"""

from __future__ import annotations

import collections
import functools
import ipaddress
import json
import logging
import math
import operator
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, Optional, TypeVar, Union

from handlerid import ClickEvent, HandlerId, Identity

T = TypeVar("T")


class Box(Generic[T]): ...


@dataclass(frozen=True)
class Point:
    x: int


class Own(logging.Logger): ...


logging.setLoggerClass(Own)
OWN = logging.getLogger("shop.own")
logging.setLoggerClass(logging.Logger)


def numbers() -> dict[str, int]:
    return {"b": 2, "a": 1}


VALUES: dict[str, Callable[[], Any]] = {
    "len": lambda: len,
    "print": lambda: print,
    "math.sin": lambda: math.sin,
    "operator.add": lambda: operator.add,
    "str.upper": lambda: str.upper,
    "upper of a text": lambda: "x".upper,
    "upper of another": lambda: "y".upper,
    "lower of a text": lambda: "x".lower,
    "__add__": lambda: str.__add__,
    "__add__ of a text": lambda: "x".__add__,
    "fromkeys": lambda: dict.fromkeys,
    "fromkeys unbound": lambda: vars(dict)["fromkeys"],
    "append": lambda: [1].append,
    "join": lambda: ",".join,
    "match": lambda: re.compile("x").match,
    "partial of a builtin": lambda: functools.partial(max, 3),
    "dict": numbers,
    "OrderedDict": lambda: collections.OrderedDict(numbers()),
    "OrderedDict, other order": lambda: collections.OrderedDict(a=1, b=2),
    "Counter": lambda: collections.Counter(numbers()),
    "Counter of others": lambda: collections.Counter("ab"),
    "defaultdict": lambda: collections.defaultdict(None, numbers()),
    "defaultdict of lists": lambda: collections.defaultdict(list, numbers()),
    "defaultdict of numbers": lambda: collections.defaultdict(int, numbers()),
    "defaultdict of a function": lambda: collections.defaultdict(numbers, numbers()),
    "defaultdict of a lambda": lambda: collections.defaultdict(lambda: 0, numbers()),
    "list": lambda: [1, 2],
    "deque": lambda: collections.deque([1, 2]),
    "deque, reversed": lambda: collections.deque([2, 1]),
    "deque of 2": lambda: collections.deque([1, 2], 2),
    "deque of 3": lambda: collections.deque([1, 2], 3),
    "mappingproxy": lambda: types.MappingProxyType(numbers()),
    "mappingproxy of an OrderedDict": lambda: types.MappingProxyType(
        collections.OrderedDict(numbers())
    ),
    "ChainMap": lambda: collections.ChainMap(numbers(), {"c": 3}),
    "ChainMap, other order": lambda: collections.ChainMap({"c": 3}, numbers()),
    "SimpleNamespace": lambda: types.SimpleNamespace(**numbers()),
    "itemgetter": lambda: operator.itemgetter(1),
    "itemgetter of a text": lambda: operator.itemgetter("1"),
    "itemgetter of two": lambda: operator.itemgetter(1, 2),
    "itemgetter of a slice": lambda: operator.itemgetter(slice(1, 2)),
    "attrgetter": lambda: operator.attrgetter("a.b"),
    "attrgetter of two": lambda: operator.attrgetter("a", "b"),
    "pattern": lambda: re.compile("x"),
    "pattern, other flags": lambda: re.compile("x", re.IGNORECASE),
    "pattern of bytes": lambda: re.compile(b"x"),
    "int | None": lambda: int | None,
    "Optional": lambda: Optional[Point],  # noqa: UP045
    "Union": lambda: Union[int, str],  # noqa: UP007
    "list[int]": lambda: list[int],
    "list[Point]": lambda: list[Point],
    "List[int]": lambda: typing.List[int],  # noqa: UP006
    "Dict": lambda: typing.Dict[str, typing.List[int]],  # noqa: UP006
    "Type": lambda: typing.Type[Point],  # noqa: UP006
    "Literal": lambda: Literal["a", 1],
    "Literal of True": lambda: Literal["a", True],
    "Box[int]": lambda: Box[int],
    "Box[Box[str]]": lambda: Box[Box[str]],
    "logger": lambda: logging.getLogger("shop.cart"),
    "another logger": lambda: logging.getLogger("shop"),
    "logger of an own class": lambda: OWN,
    "root logger": logging.getLogger,
    "IPv4Address": lambda: ipaddress.ip_address("10.0.0.1"),
    "IPv6Address": lambda: ipaddress.ip_address("fe80::1%eth0"),
    "IPv4Network": lambda: ipaddress.ip_network("10.0.0.0/8"),
    "IPv4Interface": lambda: ipaddress.ip_interface("10.0.0.0/8"),
    "IPv6Network": lambda: ipaddress.ip_network("fe80::/64"),
}

try:
    import attrs
except ImportError:
    attrs = None  # type: ignore[assignment]
try:
    import msgspec
except ImportError:
    msgspec = None  # type: ignore[assignment]

if attrs is not None:

    @attrs.define
    class Mutable:
        x: int
        _hidden: object = None
        note: str = attrs.field(default="", eq=False)

    @attrs.frozen
    class Frozen:
        x: int = attrs.field(validator=attrs.validators.ge(0), converter=int)
        parts: tuple[object, ...] = ()

    @attrs.frozen(slots=False, kw_only=True)
    class InDict:
        x: int

        @functools.cached_property
        def double(self) -> int:
            return 2 * self.x

    @attrs.frozen
    class Derived(Frozen):
        y: int = attrs.field(init=False, default=3)

        def __attrs_post_init__(self) -> None:
            object.__setattr__(self, "y", self.x + 1)

    VALUES |= {
        "attrs": lambda: Mutable(1),
        "attrs, hidden": lambda: Mutable(1, 2),
        "attrs, frozen": lambda: Frozen(1),
        "attrs, nested": lambda: Frozen(1, (Frozen(2), Mutable(3))),
        "attrs in a dict": lambda: InDict(x=1),
        "attrs, derived": lambda: Derived(1),
    }

if msgspec is not None:

    class Struct(msgspec.Struct):
        x: int
        rows: list[object] = msgspec.field(default_factory=list)

    class FrozenStruct(msgspec.Struct, frozen=True, kw_only=True, tag="frozen"):
        x: int
        parts: tuple[object, ...] = ()

    class Doubling(Struct, array_like=True, dict=True, weakref=True):
        y: int = 0

        def __post_init__(self) -> None:
            self.y = self.y * 2

    VALUES |= {
        "Struct": lambda: Struct(1),
        "Struct of rows": lambda: Struct(1, [2]),
        "Struct, frozen": lambda: FrozenStruct(x=1),
        "Struct, nested": lambda: FrozenStruct(x=1, parts=(Struct(2),)),
        "Struct, derived": lambda: Doubling(1, [], 3),
    }


def link(value: object) -> Callable[[ClickEvent], object]:
    def on_click(event: ClickEvent) -> object:
        return value

    return on_click


def parts() -> dict[str, str]:
    """Return the captures part of each handler."""
    identity = Identity(fingerprint="source", module_name=lambda _: "captured")
    return {
        name: HandlerId.parse(identity.handler_id(link(make()), captures=True)).captures
        for name, make in VALUES.items()
    }


if __name__ == "__main__":
    print(json.dumps(parts()))
