"""How what a handler returned is run: to the end, or step by step.

What belongs here: generators, awaitables and contexts. No event loop and no thread
is made here, and no library that makes one is imported.

The rules:

1. What the call returned decides, not what the function looks like.
2. A generator or an async generator is run: each ``yield`` is a step. An awaitable
   is awaited. Anything else, other iterables too, is passed through: it is the one
   step of the call.
3. Every step of one call runs in the context that is given: a context variable set
   before a ``yield`` is there after it.
4. Closing or cancelling a stream runs the handler's ``finally`` before it returns. A
   loop that ends runs it in the call's context, too.
5. Who has no event loop may bring a runner: a function that runs a coroutine to its
   end, as ``asyncio.run`` does. It is used only when there is something to await.

``awaiting``   steps in the host's loop
``bridging``   the same by a runner
"""

from __future__ import annotations

from inspect import isawaitable
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any, TypeGuard

from handlerid._anatomy import name_of
from handlerid._running.awaiting import (
    END,
    Owned,
    afinish,
    close,
    exhaust,
    take_next,
)
from handlerid._running.bridging import bridge, bridged_steps, needed
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from contextvars import Context

    from handlerid._running.bridging import Runner

__all__ = [
    "Owned",
    "afinish",
    "arun",
    "astream",
    "finish",
    "run",
    "run_whole",
    "stream",
]


def run(
    context: Context,
    fn: Callable[..., object],
    *args: object,
    runner: Runner | None = None,
) -> object:
    """Calls, runs to the end, and returns what the handler returned.

    Raises:
        AsyncHandler: the handler is asynchronous, and there is no runner.
    """
    return finish(context, fn, context.run(fn, *args), runner)


def run_whole(
    context: Context,
    fn: Callable[..., object],
    *args: object,
    runner: Runner | None = None,
) -> object:
    """Does what ``run`` does, but refuses a handler that has steps.

    Raises:
        AsyncHandler: the handler is asynchronous, and there is no runner.
        UnsupportedHandler: it yields.
    """
    result = context.run(fn, *args)
    if _is_generator(result) or type(result) is AsyncGeneratorType:
        raise UnsupportedHandler(
            f"{name_of(fn)} yields, and the steps of a handler cannot come back from "
            "an executor: submit one that returns, or use call.stream() here"
        )
    return finish(context, fn, result, runner)


def finish(
    context: Context,
    fn: Callable[..., object],
    result: object,
    runner: Runner | None = None,
) -> object:
    """Runs to the end what a call of ``fn`` returned.

    Raises:
        AsyncHandler: the handler is asynchronous, and there is no runner.
    """
    if result is None:
        return None
    if type(result) is AsyncGeneratorType or isawaitable(result):
        runner = needed(runner, fn, result)
        return bridge(runner, fn, afinish(context, result), result)
    if type(result) is GeneratorType:
        return context.run(exhaust, result)
    return result


def stream(
    context: Context,
    fn: Callable[..., object],
    *args: object,
    runner: Runner | None = None,
) -> Generator[object, None, object]:
    """Calls, and yields what the handler yields; returns what it returned.

    Raises:
        AsyncHandler: the handler is asynchronous, and there is no runner, or one
            that ends its loop between two steps.
    """
    result = context.run(fn, *args)
    if _is_generator(result):
        return (yield from _steps(context, result))
    if type(result) is AsyncGeneratorType:
        runner = needed(runner, fn, result)
        steps: Any = astream(context, lambda: result)
        yield from bridged_steps(fn, steps, runner)
        return None
    result = finish(context, fn, result, runner)
    yield result
    return result


async def arun(context: Context, fn: Callable[..., object], *args: object) -> object:
    """Calls, runs or awaits to the end, and returns what the handler returned.

    An async generator has no return value: None.
    """
    return await afinish(context, context.run(fn, *args))


async def astream(
    context: Context, fn: Callable[..., object], *args: object
) -> AsyncGenerator[object, None]:
    """Calls, and yields what the handler yields; awaitables are the one step."""
    result = context.run(fn, *args)
    if _is_generator(result):
        steps = _steps(context, result)
        try:
            for step in steps:
                yield step
        finally:
            steps.close()
    elif type(result) is AsyncGeneratorType:
        try:
            step = await take_next(context, Owned(result))
            while step is not END:
                yield step
                step = await take_next(context, result)
        finally:
            await close(context, result)
    else:
        yield await afinish(context, result)


def _is_generator(result: object) -> TypeGuard[GeneratorType[object, None, object]]:
    """Whether it gives steps: ``types.coroutine`` makes generators that are awaited."""
    return type(result) is GeneratorType and not isawaitable(result)


def _steps(
    context: Context, generator: Generator[object, None, object]
) -> Generator[object, None, object]:
    try:
        while True:
            try:
                step = context.run(next, generator)
            except StopIteration as stop:
                return stop.value
            yield step
    finally:
        context.run(generator.close)
