"""Run what a handler returned: to the end or step by step, in the call's context.

1. What the call returned decides, not what the function looks like: a generator or an
   async generator has steps, an awaitable is awaited, anything else is the result.
2. Every step of a call runs in its context.
3. Closing or cancelling a stream runs the handler's ``finally`` before it returns. An
   event loop that ends runs it in the call's context, too.
4. An observer that fails loses no answer: that is logged, and the call goes on.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, closing, nullcontext
from contextvars import Context, copy_context
from inspect import CORO_CLOSED, getcoroutinestate, isawaitable
from logging import getLogger
from time import perf_counter
from types import AsyncGeneratorType, CoroutineType, GeneratorType, coroutine
from typing import TYPE_CHECKING, Any

from handlerid._identity import name_of
from handlerid.errors import AsyncHandler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    Handler = Callable[..., object]
    Runner = Callable[[Coroutine[Any, Any, Any]], Any]
    Steps = Generator[object, None, object]

_END: Any = object()


class Watch:
    """Notifies an observer, if there is one, of one run of a call.

    There is one ``before``, then one ``after`` or one ``failed``. A stream that is
    closed early has not failed.
    """

    result: object = None

    def __init__(self, observer: object, call: object, context: Context) -> None:
        self._observer, self._call, self._context = observer, call, context

    def __enter__(self) -> None:
        self._notify("before")
        self._start = perf_counter()

    def step(self, value: object) -> None:
        self._notify("step", value)

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        seconds = perf_counter() - self._start
        if error is None or isinstance(error, GeneratorExit):
            self._notify("after", self.result, seconds)
        else:
            self._notify("failed", error, seconds)

    def _notify(self, method: str, *arguments: object) -> None:
        if self._observer is not None:
            notified = getattr(self._observer, method)
            self._context.run(notify, notified, self._call, *arguments)


def notify(method: Handler, *arguments: object) -> None:
    """Call a method of an observer; rule 4."""
    try:
        method(*arguments)
    except Exception:
        getLogger("handlerid").exception("an observer failed; the call goes on")


def steps_of(context: Context, fn: Handler, result: object, watch: Watch) -> Steps:
    """Yield the steps of what a call of ``fn`` returned, and give its result to watch.

    Raises:
        AsyncHandler: it has to be awaited.
    """
    if type(result) is AsyncGeneratorType or isawaitable(result):
        close_unawaited(result)
        raise AsyncHandler(
            f"{name_of(fn)} is asynchronous: await adispatch() or arun() in the host's "
            "event loop, or write asyncio.run(app.adispatch(...)) where there is none"
        )
    if type(result) is not GeneratorType:
        watch.result = result
        yield result
        return None
    try:
        while True:
            try:
                step = context.run(next, result)
            except StopIteration as stop:
                watch.result = stop.value
                return None
            watch.step(step)
            yield step
    finally:
        context.run(result.close)


async def await_all(
    context: Context, fn: Handler, result: object, watch: Watch
) -> object:
    """Run or await to the end what a call of ``fn`` returned; return its result."""
    if type(result) is AsyncGeneratorType:
        while (step := await _take(context, result)) is not _END:
            watch.step(step)
    elif isawaitable(result):
        watch.result = await in_context(context, result)
    else:
        for _ in steps_of(context, fn, result, watch):
            pass
    return watch.result


def stream(
    context: Context, fn: Handler, begin: Handler, watch: Watch, runner: Runner | None
) -> Steps:
    """Call ``begin``, yield the steps of what it returns, and return the result."""
    with watch:
        result = begin()
        if runner is not None and (
            type(result) is AsyncGeneratorType or isawaitable(result)
        ):
            steps = astream(context, fn, lambda: result, watch, nullcontext())
            yield from _steps_by_runner(fn, steps, runner)
        else:
            yield from steps_of(context, fn, result, watch)
        return watch.result


async def astream(
    context: Context,
    fn: Handler,
    begin: Handler,
    watch: Watch,
    entered: AbstractContextManager[None],
) -> AsyncGenerator[object, None]:
    """Call ``begin`` and yield the steps of what it returns."""
    with entered:
        result = begin()
        if type(result) is AsyncGeneratorType:
            # A loop that ends closes all async generators begun in it, in no order. So
            # it may know this outermost one alone, which closes the handler's.
            hooks = sys.get_asyncgen_hooks()
            sys.set_asyncgen_hooks(firstiter=None, finalizer=None)
            try:
                first = result.__anext__()
            finally:
                sys.set_asyncgen_hooks(*hooks)
            try:
                step = await _take(context, result, first)
                while step is not _END:
                    watch.step(step)
                    yield step
                    step = await _take(context, result)
            finally:
                await _drive(context, result.aclose())
        elif isawaitable(result):
            yield await await_all(context, fn, result, watch)
        else:
            with closing(steps_of(context, fn, result, watch)) as steps:
                for step in steps:
                    yield step


def close_unawaited(awaitable: object) -> None:
    """Close a coroutine, since Python warns of one that was never awaited."""
    if isinstance(awaitable, CoroutineType):
        awaitable.close()


def _steps_by_runner(fn: Handler, steps: Any, runner: Runner) -> Steps:
    """Yield the steps of an async generator; the runner is called once a step."""
    context = copy_context()  # that of the call is entered within
    while (step := runner(work := _take(context, steps))) is not _END:
        if getcoroutinestate(work) != CORO_CLOSED or steps.ag_frame is None:
            raise AsyncHandler(
                f"the runner for {name_of(fn)} has to run a coroutine to its end and "
                "keep its event loop for the next step, as the run of an "
                "asyncio.Runner() does"
            )
        try:
            yield step
        except BaseException:
            if steps.ag_frame is not None:
                runner(in_context(context, steps.aclose()))
            raise
    return None


async def _take(context: Context, steps: Any, first: Any = None) -> object:
    """Take the next step of an async generator; ``_END`` if there is none."""
    try:
        return await _drive(context, first or steps.__anext__())
    except StopAsyncIteration:
        return _END


async def in_context(context: Context, awaitable: Any) -> Any:
    """Await something, each step of it in a context."""
    return await _drive(context, _await(awaitable))


async def _await(awaitable: Any) -> Any:
    return await awaitable


@coroutine
def _drive(context: Context, work: Any) -> Any:
    """Await a coroutine, or the like that has ``send`` and ``throw``, in a context.

    It passes on whatever is yielded, so it serves any event loop. Being closed is
    thrown on, too: until 3.13, closing a step of an async generator does not reach its
    ``finally``.
    """
    resume: Handler = work.send
    argument: object = None
    try:
        while True:
            try:
                signal = context.run(resume, argument)
            except StopIteration as stop:
                return stop.value
            try:
                resume, argument = work.send, (yield signal)
            except BaseException as error:  # noqa: BLE001 - the handler's to handle
                resume, argument = work.throw, error
    finally:
        argument = None  # an error's traceback holds this frame: make no circle
