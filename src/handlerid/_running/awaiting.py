"""Awaiting in a context, for a host that has a loop.

What belongs here: steps of coroutines and of async generators, each taken in the
call's context, whichever the loop is.
"""

from __future__ import annotations

import sys
from inspect import isawaitable
from types import AsyncGeneratorType, CoroutineType, GeneratorType, coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Generator
    from contextvars import Context

__all__ = ["END", "Owned", "afinish", "close", "exhaust", "in_context", "take_next"]

END: Any = object()
"""What stands for a step when there is no other."""


async def afinish(context: Context, result: object) -> object:
    """Runs or awaits to the end what a call returned."""
    if result is None:
        return None
    if type(result) is CoroutineType:
        # The first step is taken right here: most coroutines have no second one.
        try:
            signal = context.run(result.send, None)
        except StopIteration as stop:
            return stop.value
        return await _go_on(context, result, signal)
    if type(result) is AsyncGeneratorType:
        while await take_next(context, result) is not END:
            pass  # it is never left between two steps, so no loop finds it open
        return None
    if isawaitable(result):
        return await in_context(context, _await(result))
    if type(result) is GeneratorType:
        return context.run(exhaust, result)
    return result


def exhaust(generator: Generator[object, None, object]) -> object:
    """Takes all steps of a generator and returns what it returned."""
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


class Owned:
    """Takes the steps of an async generator that no loop shall close.

    A loop closes whatever async generator was begun in it and is left when it ends, or
    when nobody holds it: in no order, and in a context of its own. So it may know the
    outermost alone, which closes those within. Whether it knows one is settled at the
    first step.
    """

    __slots__ = ("_generator",)

    def __init__(self, generator: AsyncGenerator[object, None]) -> None:
        self._generator = generator

    def __aiter__(self) -> Owned:
        return self

    def __anext__(self) -> Awaitable[object]:
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=None, finalizer=None)
        try:
            return self._generator.__anext__()
        finally:
            sys.set_asyncgen_hooks(*hooks)


async def take_next(context: Context, steps: AsyncIterator[object]) -> object:
    """Takes the next step of an async generator; ``END`` if there is none."""
    try:
        return await in_context(context, steps.__anext__())
    except StopAsyncIteration:
        return END


async def close(context: Context, generator: AsyncGenerator[object, None]) -> None:
    """Closes an async generator: its ``finally`` is run."""
    await in_context(context, generator.aclose())


async def _await(awaitable: Awaitable[object]) -> object:
    return await awaitable


async def in_context(context: Context, awaited: Any) -> Any:
    """Awaits something that has ``send`` and ``throw``, in a context."""
    try:
        signal = context.run(awaited.send, None)
    except StopIteration as stop:
        return stop.value
    return await _go_on(context, awaited, signal)


@coroutine
def _go_on(context: Context, awaited: Any, signal: Any) -> Generator[Any, Any, Any]:
    """Awaits the rest of something that has given its first signal to the loop.

    Does what ``yield from`` does, but each step of it inside the context. It passes
    on whatever is yielded, so it serves any event loop. Being closed is thrown on
    too: until 3.13, closing a step of an async generator does not reach its
    ``finally``.
    """
    argument = None
    try:
        while True:
            try:
                resume, argument = awaited.send, (yield signal)
            except BaseException as error:  # noqa: BLE001 - the handler's to handle
                resume, argument = awaited.throw, error
            try:
                signal = context.run(resume, argument)
            except StopIteration as stop:
                return stop.value
    finally:
        argument = None  # an error's traceback holds this frame: make no circle
