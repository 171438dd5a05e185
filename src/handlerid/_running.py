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
4. Closing or cancelling a stream runs the handler's ``finally`` before it returns.
5. Who has no event loop may bring a runner: a function that runs a coroutine to its
   end, as ``asyncio.run`` does. It is used only when there is something to await.
"""

from __future__ import annotations

from inspect import CORO_CREATED, getcoroutinestate, isawaitable
from types import AsyncGeneratorType, CoroutineType, GeneratorType, coroutine
from typing import TYPE_CHECKING, Any, TypeGuard

from handlerid._anatomy import take_apart
from handlerid.errors import AsyncHandler, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Coroutine,
        Generator,
    )
    from contextvars import Context

    Runner = Callable[[Coroutine[Any, Any, Any]], Any]

__all__ = ["afinish", "arun", "astream", "finish", "run", "run_whole", "stream"]

_END: Any = object()


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
            f"{_name(fn)} yields, and the steps of a handler cannot come back from "
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
        runner = _needed(runner, fn, result)
        return _bridge(runner, afinish(context, result), result)
    if type(result) is GeneratorType:
        return context.run(_exhaust, result)
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
        runner = _needed(runner, fn, result)
        yield from _bridged_steps(context, fn, result, runner)
        return None
    result = finish(context, fn, result, runner)
    yield result
    return result


async def arun(context: Context, fn: Callable[..., object], *args: object) -> object:
    """Calls, runs or awaits to the end, and returns what the handler returned.

    An async generator has no return value: None.
    """
    return await afinish(context, context.run(fn, *args))


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
        while await _next(context, result) is not _END:
            pass
        return None
    if isawaitable(result):
        return await _in_context(context, _await(result))
    if type(result) is GeneratorType:
        return context.run(_exhaust, result)
    return result


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
            while (step := await _next(context, result)) is not _END:
                yield step
        finally:
            await _in_context(context, result.aclose())
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


def _exhaust(generator: Generator[object, None, object]) -> object:
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


# Asynchronous steps, for a host that has a loop.


async def _next(context: Context, generator: AsyncGenerator[object, None]) -> object:
    try:
        return await _in_context(context, generator.__anext__())
    except StopAsyncIteration:
        return _END


async def _await(awaitable: Awaitable[object]) -> object:
    return await awaitable


async def _in_context(context: Context, awaited: Any) -> Any:
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


# The same for a host that has none, and brings a runner.


def _bridge(runner: Runner, work: Coroutine[Any, Any, Any], result: object) -> object:
    """Runs ``work``, which awaits ``result``, by the runner."""
    try:
        return runner(work)
    finally:
        if getcoroutinestate(work) == CORO_CREATED:
            # The runner refused it: else Python warns that it was never awaited.
            work.close()
            _drop(result)


def _bridged_steps(
    context: Context,
    fn: Callable[..., object],
    generator: AsyncGeneratorType[object, None],
    runner: Runner,
) -> Generator[object, None, None]:
    try:
        while True:
            step = _bridge(runner, _next(context, generator), generator)
            if step is _END:
                return
            if generator.ag_frame is None:
                raise AsyncHandler(
                    f"the runner ended its loop after a step of {_name(fn)}, and so "
                    "the handler; a stream needs one that keeps its loop, such as "
                    "the run of an asyncio.Runner()"
                )
            yield step
    finally:
        if generator.ag_frame is not None:
            closing = _in_context(context, generator.aclose())
            _bridge(runner, closing, generator)


def _needed(runner: Runner | None, fn: Callable[..., object], result: object) -> Runner:
    if runner is not None:
        return runner
    _drop(result)
    raise AsyncHandler(
        f"{_name(fn)} is asynchronous, and run() and stream() make no event loop: "
        "await arun() or iterate over astream() in the host's loop; where there is "
        "none, bridge with asyncio.run(call.arun()) or pass runner=asyncio.run"
    )


def _drop(result: object) -> None:
    if isinstance(result, CoroutineType):
        result.close()  # or Python warns that it was never awaited


def _name(fn: Callable[..., object]) -> str:
    anatomy = take_apart(fn)
    return f"{anatomy.module}.{anatomy.qualname}"
