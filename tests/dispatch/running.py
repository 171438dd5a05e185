"""What the tests of running share: handlers of every kind, and ways to run them."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterator,
)
from contextvars import ContextVar, copy_context
from functools import partial
from types import coroutine
from typing import Any

import anyio.lowlevel
import pytest

from handlerid import Call, Event, HandlerId, RegisteredHandler

Handler = Callable[..., object]
Runner = Callable[[Coroutine[Any, Any, Any]], Any]

colour: ContextVar[str] = ContextVar("colour", default="none")

asyncio_only = pytest.mark.parametrize("anyio_backend", ["asyncio"])


def call(fn: Handler, *args: object) -> Call:
    """A call of something that need not have an id."""
    made = Call()
    made.context = copy_context()
    handler_id = HandlerId("h1-", __name__, "handler")
    bound = partial(fn, *args) if args else fn
    made.handler = RegisteredHandler(handler_id, bound, (Event, "plain", False, dict))
    return made


def run(fn: Handler, *args: object) -> object:
    return call(fn, *args).run()


def stream(
    fn: Handler, *args: object, runner: Runner | None = None
) -> Generator[object, None, object]:
    return call(fn, *args).stream(runner=runner)


def arun(fn: Handler, *args: object) -> Coroutine[Any, Any, object]:
    return call(fn, *args).arun()


def astream(fn: Handler, *args: object) -> AsyncGenerator[object, None]:
    return call(fn, *args).astream()


# Handlers: one for each kind of thing that a call may return


class Item:
    """A value like any other, that can be told from all others."""


ITEM = Item()
LIST = [1, 2]
ITERATOR = iter(LIST)


def nothing() -> None: ...
def item() -> Item:
    return ITEM


def two_steps() -> Iterator[int]:
    yield 1
    yield 2


def steps_and_result() -> Generator[int, None, Item]:
    yield 1
    yield 2
    return ITEM


def no_step() -> Generator[int, None, Item]:
    yield from ()
    return ITEM


async def async_item() -> Item:
    await anyio.lowlevel.checkpoint()
    return ITEM


async def async_nothing() -> None: ...


async def async_steps() -> AsyncIterator[int]:
    yield 1
    await anyio.lowlevel.checkpoint()
    yield 2


async def async_generator_of_none() -> AsyncIterator[int]:
    nobody: list[int] = []
    for step in nobody:
        yield step


async def async_returns_generator() -> Iterator[int]:
    return GENERATOR


GENERATOR = two_steps()


class AwaitableObject:
    """Has ``__await__`` and is no coroutine."""

    def __await__(self) -> Generator[Any, Any, Item]:
        yield from anyio.lowlevel.checkpoint().__await__()
        return ITEM


def awaitable_object() -> AwaitableObject:
    return AwaitableObject()


class AsyncCallable:
    async def __call__(self) -> Item:
        await anyio.lowlevel.checkpoint()
        return ITEM


@coroutine
def generator_coroutine() -> Generator[Any, Any, Item]:
    yield from anyio.lowlevel.checkpoint().__await__()
    return ITEM


def indirectly(handler: Handler) -> Handler:
    """A plain function that returns what the handler does."""

    def call() -> object:
        return handler()

    return call


# name: handler, what it returns at the end, its steps
SYNC: dict[str, tuple[Handler, object, list[object]]] = {
    "nothing": (nothing, None, [None]),
    "a value": (item, ITEM, [ITEM]),
    "zero": (lambda: 0, 0, [0]),
    "a list": (lambda: LIST, LIST, [LIST]),
    "a string": (lambda: "ab", "ab", ["ab"]),
    "an iterator": (lambda: ITERATOR, ITERATOR, [ITERATOR]),
    "a class": (lambda: Item, Item, [Item]),
    "a function": (lambda: two_steps, two_steps, [two_steps]),
    "a generator": (two_steps, None, [1, 2]),
    "a generator with a result": (steps_and_result, ITEM, [1, 2]),
    "a generator without steps": (no_step, ITEM, []),
    "a generator, from a function": (indirectly(steps_and_result), ITEM, [1, 2]),
    "a generator expression": (lambda: (i for i in LIST), None, [1, 2]),
}
ASYNC: dict[str, tuple[Handler, object, list[object]]] = {
    "a coroutine": (async_item, ITEM, [ITEM]),
    "a coroutine of None": (async_nothing, None, [None]),
    "a coroutine, from a function": (indirectly(async_item), ITEM, [ITEM]),
    "a coroutine of a generator": (async_returns_generator, GENERATOR, [GENERATOR]),
    "an object with async __call__": (AsyncCallable(), ITEM, [ITEM]),
    "an awaitable object": (awaitable_object, ITEM, [ITEM]),
    "a generator-based coroutine": (generator_coroutine, ITEM, [ITEM]),
    "an async generator": (async_steps, None, [1, 2]),
    "an async generator without steps": (async_generator_of_none, None, []),
    "an async generator, from a function": (
        indirectly(async_steps),
        None,
        [1, 2],
    ),
}
KINDS = {**SYNC, **ASYNC}


def same(left: list[object], right: list[object]) -> bool:
    """The very same objects, in the same order."""
    return len(left) == len(right) and all(
        a is b for a, b in zip(left, right, strict=True)
    )


async def collect(steps: AsyncIterator[object]) -> list[object]:
    return [step async for step in steps]


# Handlers that see and set a context variable


def sync_colours() -> Generator[str, None, str]:
    for new in ("red", "green"):
        yield colour.get()
        colour.set(new)
    return colour.get()


async def async_colours() -> AsyncIterator[str]:
    for new in ("red", "green"):
        yield colour.get()
        await anyio.lowlevel.checkpoint()
        colour.set(new)
        await anyio.lowlevel.checkpoint()
    yield colour.get()


async def coroutine_colours() -> list[str]:
    seen = [colour.get()]
    for new in ("red", "green"):
        colour.set(new)
        await anyio.lowlevel.checkpoint()
        seen.append(colour.get())
    return seen


@coroutine
def generator_coroutine_colours() -> Generator[Any, Any, list[str]]:
    return (yield from coroutine_colours().__await__())


class AwaitableColours:
    def __await__(self) -> Generator[Any, Any, list[str]]:
        return coroutine_colours().__await__()


def set_colour() -> str:
    before = colour.get()
    colour.set("red")
    return before


class Log(list[str]):
    """What a handler did, and in which colour."""

    def note(self, what: str) -> None:
        self.append(f"{what} in {colour.get()}")
