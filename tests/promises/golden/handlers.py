"""Handlers of every kind whose ids are golden.

Nobody edits this code: a changed handler has another id. A handler may be added at the
end. They depend on nothing that a release of Python may change.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import functools
import pathlib
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

partial: Any = functools.partial
update_wrapper: Any = functools.update_wrapper

HANDLERS: dict[str, Any] = {}

F = TypeVar("F")

BOUND_CALLABLES = ("partial of handlers",)
"""Handlers whose bound arguments have fingerprints themselves."""


def golden(name: str) -> Callable[[F], F]:
    def keep(fn: F) -> F:
        HANDLERS[name] = fn
        return fn

    return keep


# Functions.


@golden("plain")
def on_click(event: object) -> str:
    return "thanks"


@golden("nothing")
def on_nothing() -> None: ...


@golden("signature")
def on_signature(
    event: Any, /, note: str = "", *rest: int, now: bool = True, **others: object
) -> Any:
    """Has a docstring.

    And another line of it.
    """
    return event, note, rest, now, others


@golden("async")
async def on_async(event: Any) -> Any:
    async with event as opened:
        return [step async for step in opened if await step]


@golden("generator")
def on_generator(event: Any) -> Iterator[int]:
    yield 1
    yield from range(3)


@golden("async generator")
async def on_async_generator(event: Any) -> AsyncIterator[int]:
    yield 1


HANDLERS["lambda"] = lambda event: event.key
HANDLERS["lambda with a default"] = lambda i=3: i


@golden("numbers")
def on_numbers(x: Any) -> Any:
    ones, zeros = (1, True, 1.0, 1j), (0.0, -0.0)
    return ones, zeros, 2**70, -(2**31), 1e-300, x == 0x7FFFFFFF


@golden("texts")
def on_texts(x: Any) -> Any:
    return f"{x!r:>{10}}{x.a}b", "a\u00e9\U0001f600", "\ud800", b"\x00\xff", ...


@golden("sets and slices")
def on_sets(x: Any) -> Any:
    return x in {"a", "b", "c", 1, 1.5, None}, x[1:2], x[::-1], x[:, 3]


@golden("control")
def on_control(x: Any) -> Any:
    total = 0
    for i in range(10):
        if i % 2:
            continue
        if i > total:
            break
        total += i
    else:
        total -= 1
    while x and (n := len(x)) > 3:
        x = x[1:n]
    return total if x else None


@golden("exceptions")
def on_exceptions(x: Any) -> Any:
    try:
        with x as y:
            return y.a
    except (KeyError, ValueError) as error:
        raise RuntimeError from error
    else:
        return 1
    finally:
        del x


@golden("patterns")
def on_patterns(x: Any) -> Any:
    match x:
        case {"a": [1, *rest], **others}:
            return rest, others
        case str() | None:
            return 2
        case complex(real=0.0, imag=_) if x:
            return 3


@golden("comprehensions")
def on_comprehensions(x: Any) -> Any:
    return [-a for a in x], {b: a for a, b in x}, {a for a in x if a}, sum(a for a in x)


@golden("nested")
def on_nested(x: Any) -> Any:
    count = 0

    def inner(y: Any) -> Any:
        nonlocal count
        count += y
        return lambda z: (x, y, z, count)

    return inner


@golden("nested class")
def on_nested_class(x: Any) -> Any:
    class Local:
        """A class in a function."""

        a: int = 1

        def set(self) -> None:
            self.c = self.b = self.d = x

        class Inner:
            b = tuple(i for i in range(3) if i)

    return Local


def make(value: object) -> Any:
    def inner(event: object, again: object = value) -> object:
        return value

    return inner


HANDLERS["closure"] = make(1)


# Methods and objects.


class Meta(type):
    def of_metaclass(cls, event: object) -> None: ...


class Panel(metaclass=Meta):
    def method(self, event: object) -> None: ...

    @staticmethod
    def static(event: object) -> None: ...

    @classmethod
    def of_class(cls, event: object) -> None: ...

    def change(self, field: str, event: object) -> None: ...

    change_name = functools.partialmethod(change, "name")

    def __call__(self, event: object) -> None: ...


class Child(Panel): ...


@dataclass
class Increment:
    by: int

    def __call__(self, event: object) -> int:
        return self.by


HANDLERS["method"] = Panel.method
HANDLERS["bound method"] = Panel().method
HANDLERS["static method"] = Panel.static
HANDLERS["class method"] = Panel.of_class
HANDLERS["inherited class method"] = Child.of_class
HANDLERS["method of a class"] = Panel.of_metaclass
HANDLERS["partialmethod"] = Panel.change_name
HANDLERS["bound partialmethod"] = Panel().change_name
HANDLERS["callable object"] = Panel()
HANDLERS["dataclass"] = Increment(2)


# Wrappers.


def logged(fn: Any) -> Any:
    def wrapper(*args: object) -> object:
        return fn(*args)

    return update_wrapper(wrapper, fn)


HANDLERS["wraps"] = logged(on_click)
HANDLERS["wraps twice"] = logged(logged(on_click))
HANDLERS["wraps a method"] = logged(Panel.of_class)
HANDLERS["cache"] = functools.cache(on_click)


# Bound arguments.


class Unit(enum.Enum):
    KG = "kg"


class Style(enum.Flag):
    BOLD = 1
    ITALIC = 2


BERLIN = datetime.timezone(datetime.timedelta(hours=1), "Berlin")

HANDLERS["partial"] = partial(on_click, 5, True, 1.0, None, unit="kg", amount=b"1")
HANDLERS["nested partial"] = partial(partial(on_click, 1, a=1), 2, b=2)
HANDLERS["partial of a wrapper"] = partial(logged(partial(on_click, 1)), 2)
HANDLERS["partial of containers"] = partial(
    on_click, [1, (2,)], {"b": {3, 2}, "a": frozenset({"x", "y"})}, range(3), slice(1)
)
HANDLERS["partial of long values"] = partial(
    on_click, {"a": "x" * 300, "b": ["y"] * 99}
)
HANDLERS["partial of classes"] = partial(on_click, Panel, Unit.KG, Style(3), list[int])
HANDLERS["partial of records"] = partial(on_click, Increment(3), [Increment(4)])
HANDLERS["partial of times"] = partial(
    on_click,
    datetime.date(2024, 2, 29),
    datetime.time(1, 2, 3, 4),
    datetime.datetime(2024, 2, 29, 23, 59, 59, 999999, BERLIN, fold=1),
    datetime.timedelta(-1, 2, 3),
)
HANDLERS["partial of numbers"] = partial(
    on_click,
    decimal.Decimal("-1.50"),
    fractions.Fraction(-1, 3),
    uuid.UUID(int=7),
    float("nan"),
    -0.0,
    complex(-0.0, float("inf")),
    -(2**80),
)
HANDLERS["partial of paths"] = partial(
    on_click, pathlib.Path("a/b"), pathlib.PureWindowsPath("c:\\d")
)
HANDLERS["partial of handlers"] = partial(on_click, on_async, make(2), Panel.of_class)


# Imports, which have another field since Python 3.15.


@golden("imports")
def on_imports(event: object) -> object:
    import json
    from decimal import Decimal
    from decimal import localcontext as context
    from os import path

    return json, path, Decimal, context, event
