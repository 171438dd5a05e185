"""How what a handler returned is run: to the end, or step by step.

What belongs here: generators, awaitables and contexts. No event loop and no thread
is made here, and no library that makes one is imported.

The rules:

1. What the call returned decides, not what the function looks like.
2. A generator or an async generator is run: each ``yield`` is a step. An awaitable
   is awaited. Anything else, other iterables too, is passed through: it is the one
   step of the call.
3. Every step of one call runs in one context, a copy of the caller's: a context
   variable set before a ``yield`` is there after it.
4. Closing or cancelling a stream runs the handler's ``finally`` before it returns.
"""

from __future__ import annotations

from contextvars import Context, copy_context
from inspect import isawaitable
from types import AsyncGeneratorType, CoroutineType, GeneratorType, coroutine
from typing import TYPE_CHECKING, Any

from handlerid.errors import AsyncHandler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

__all__ = ["arun", "astream", "run", "stream"]


def run(fn: Callable[..., object], *args: object) -> object:
    """Calls, runs to the end, and returns what the handler returned.

    Raises:
        AsyncHandler: the handler is asynchronous.
    """
    context = copy_context()
    result = context.run(fn, *args)
    if result is None:
        return None
    _refuse_async(result)
    if type(result) is GeneratorType:
        return context.run(_exhaust, result)
    return result


def stream(fn: Callable[..., object], *args: object) -> Generator[object, None, object]:
    """Calls, and yields what the handler yields; returns what it returned.

    Raises:
        AsyncHandler: the handler is asynchronous.
    """
    context = copy_context()
    result = context.run(fn, *args)
    _refuse_async(result)
    if type(result) is GeneratorType:
        return (yield from _steps(context, result))
    yield result
    return result


async def arun(fn: Callable[..., object], *args: object) -> object:
    """Calls, runs or awaits to the end, and returns what the handler returned.

    An async generator has no return value: None.
    """
    context = copy_context()
    result = context.run(fn, *args)
    if result is None:
        return None
    if isawaitable(result):
        return await _in_context(context, _as_coroutine(result))
    if type(result) is GeneratorType:
        return context.run(_exhaust, result)
    if type(result) is AsyncGeneratorType:
        await _aexhaust(context, result)
        return None
    return result


async def astream(
    fn: Callable[..., object], *args: object
) -> AsyncGenerator[object, None]:
    """Calls, and yields what the handler yields; awaitables are the one step."""
    context = copy_context()
    result = context.run(fn, *args)
    if isawaitable(result):
        yield await _in_context(context, _as_coroutine(result))
    elif type(result) is GeneratorType:
        steps = _steps(context, result)
        try:
            for step in steps:
                yield step
        finally:
            steps.close()
    elif type(result) is AsyncGeneratorType:
        try:
            while True:
                try:
                    step = await _in_context(context, result.__anext__())
                except StopAsyncIteration:
                    return
                yield step
        finally:
            await _in_context(context, result.aclose())
    else:
        yield result


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


def _exhaust(generator: Generator[object, None, object]) -> object:
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


async def _aexhaust(context: Context, generator: AsyncGenerator[object, None]) -> None:
    while True:
        try:
            await _in_context(context, generator.__anext__())
        except StopAsyncIteration:
            return


async def _await(awaitable: Awaitable[object]) -> object:
    return await awaitable


def _as_coroutine(awaitable: Any) -> Any:
    return awaitable if type(awaitable) is CoroutineType else _await(awaitable)


@coroutine
def _in_context(context: Context, awaited: Any) -> Generator[Any, Any, Any]:
    """Awaits something that has ``send`` and ``throw``, in a context.

    Does what ``yield from`` does, but each step of it inside the context. It passes
    on whatever is yielded, so it serves any event loop. Being closed is thrown on
    too: until 3.13, closing a step of an async generator does not reach its
    ``finally``.
    """
    resume, argument = awaited.send, None
    try:
        while True:
            try:
                signal = context.run(resume, argument)
            except StopIteration as stop:
                return stop.value
            try:
                resume, argument = awaited.send, (yield signal)
            except BaseException as error:  # noqa: BLE001 - the handler's to handle
                resume, argument = awaited.throw, error
    finally:
        argument = None  # an error's traceback holds this frame: make no circle


def _refuse_async(result: object) -> None:
    asynchronous = type(result) is AsyncGeneratorType
    if not asynchronous and not isawaitable(result):
        return
    if isinstance(result, CoroutineType):
        result.close()  # or Python warns that it was never awaited
    raise AsyncHandler(
        "the handler is asynchronous, and run() and stream() make no event loop; "
        "await arun() or iterate over astream() in the host's loop, or bridge with "
        "asyncio.run(call.arun())"
    )
