"""Run what a handler returned: to the end or step by step, in the call's context.

1. What the call returned decides, not what the function looks like: a generator or an
   async generator has steps, an awaitable is awaited, anything else is the result.
2. Every step of a call runs in the context of the call.
3. Closing or cancelling a stream runs the handler's ``finally`` before it returns. An
   event loop that ends runs it in the call's context, too.
4. No event loop is made here. Only ``stream`` takes a runner, which has one.
5. An observer that fails loses no answer: that is logged, and the call goes on.
"""

from __future__ import annotations

import sys
from contextvars import copy_context
from inspect import CORO_CLOSED, CORO_CREATED, getcoroutinestate, isawaitable
from logging import getLogger
from time import perf_counter
from types import AsyncGeneratorType, CoroutineType, GeneratorType, coroutine
from typing import TYPE_CHECKING, Any, TypeGuard

from handlerid._identity import name_of
from handlerid.errors import AsyncHandler

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Coroutine,
        Generator,
    )
    from contextvars import Context
    from typing import Self

    Handler = Callable[..., object]
    Runner = Callable[[Coroutine[Any, Any, Any]], Any]

_END: Any = object()


class Watch:
    """Notifies an observer, if there is one, of one run of a call.

    There is one ``before``, then one ``after`` or one ``failed``. A stream that is
    closed early has not failed.
    """

    __slots__ = ("_call", "_context", "_observer", "_start", "result")

    def __init__(self, observer: object, call: object, context: Context) -> None:
        self._observer, self._call, self._context = observer, call, context
        self.result: object = None

    def __enter__(self) -> Self:
        self._notify("before")
        self._start = perf_counter()
        return self

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
            notify = getattr(self._observer, method)
            self._context.run(call_observer, notify, self._call, *arguments)


def call_observer(method: Handler, *arguments: object) -> None:
    """Call a method of an observer; rule 5."""
    try:
        method(*arguments)
    except Exception:
        getLogger("handlerid").exception("an observer failed; the call goes on")


def finish(
    context: Context, fn: Handler, result: object, watch: Watch | None
) -> object:
    """Run to the end what a call of ``fn`` returned.

    Raises:
        AsyncHandler: it has to be awaited.
    """
    if _is_generator(result):
        return _exhaust(_steps(context, result, watch))
    if type(result) is AsyncGeneratorType or isawaitable(result):
        close_unawaited(result)
        raise AsyncHandler(
            f"{name_of(fn)} is asynchronous: await adispatch() or arun() in the host's "
            "event loop, or write asyncio.run(app.adispatch(...)) where there is none"
        )
    return result


async def afinish(context: Context, result: object, watch: Watch | None) -> object:
    """Run or await to the end what a call returned; None of an async generator."""
    if type(result) is CoroutineType:
        return await _in_context(context, result)
    if type(result) is AsyncGeneratorType:
        while (step := await _next(context, result)) is not _END:
            if watch is not None:
                watch.step(step)
        return None
    if isawaitable(result):
        return await _in_context(context, _await(result))
    if type(result) is GeneratorType:
        return _exhaust(_steps(context, result, watch))
    return result


def stream(
    context: Context, fn: Handler, begin: Handler, watch: Watch, runner: Runner | None
) -> Generator[object, None, object]:
    """Call ``begin``, yield the steps of what it returns, and return the result."""
    with watch:
        result = begin()
        if _is_generator(result):
            result = yield from _steps(context, result, watch)
        elif runner is not None and type(result) is AsyncGeneratorType:
            # The loop may know this one: it closes the handler's in its own context.
            steps = astream(context, lambda: result, Watch(None, None, context))
            yield from _steps_by_runner(fn, steps, watch, runner)
            result = None
        else:
            if runner is not None and isawaitable(result):
                work = afinish(context, result, watch)
                result = _run_by(runner, fn, work, result)
            else:
                result = finish(context, fn, result, watch)
            yield result
        watch.result = result
        return result


async def astream(
    context: Context, begin: Handler, watch: Watch
) -> AsyncGenerator[object, None]:
    """Call ``begin`` and yield the steps of what it returns."""
    with watch:
        result = begin()
        if _is_generator(result):
            steps = _steps(context, result, watch)
            try:
                while True:
                    try:
                        step = next(steps)
                    except StopIteration as stop:
                        watch.result = stop.value
                        return
                    yield step
            finally:
                steps.close()
        elif type(result) is AsyncGeneratorType:
            try:
                step = await _next(context, _Untracked(result))
                while step is not _END:
                    watch.step(step)
                    yield step
                    step = await _next(context, result)
            finally:
                await _in_context(context, result.aclose())
        else:
            watch.result = await afinish(context, result, watch)
            yield watch.result


def close_unawaited(awaitable: object) -> None:
    """Close a coroutine, since Python warns of one that was never awaited."""
    if isinstance(awaitable, CoroutineType):
        awaitable.close()


def _is_generator(result: object) -> TypeGuard[GeneratorType[object, None, object]]:
    """Whether it has steps: ``types.coroutine`` makes generators that are awaited."""
    return type(result) is GeneratorType and not isawaitable(result)


def _steps(
    context: Context, generator: Generator[object, None, object], watch: Watch | None
) -> Generator[object, None, object]:
    try:
        while True:
            try:
                step = context.run(next, generator)
            except StopIteration as stop:
                return stop.value
            if watch is not None:
                watch.step(step)
            yield step
    finally:
        context.run(generator.close)


def _exhaust(steps: Generator[object, None, object]) -> object:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def _steps_by_runner(
    fn: Handler, steps: AsyncGenerator[object, None], watch: Watch, runner: Runner
) -> Generator[object, None, None]:
    """Yield the steps of an async generator; the runner is called once a step."""
    context = copy_context()  # that of the call is entered within
    try:
        while (step := _run_by(runner, fn, _next(context, steps), steps)) is not _END:
            if getattr(steps, "ag_frame", None) is None:
                raise AsyncHandler(
                    f"the runner ended its loop after a step of {name_of(fn)}, and so "
                    "the handler: a stream needs one that keeps its loop, such as the "
                    "run of an asyncio.Runner()"
                )
            watch.step(step)
            yield step
    finally:
        if getattr(steps, "ag_frame", None) is not None:
            _run_by(runner, fn, afinish(context, steps.aclose(), None), steps)


def _run_by(
    runner: Runner, fn: Handler, work: Coroutine[Any, Any, Any], result: object
) -> object:
    """Run ``work``, which awaits the ``result`` of ``fn``, by the host's runner."""
    try:
        outcome = runner(work)
        if getcoroutinestate(work) != CORO_CLOSED:
            raise AsyncHandler(
                f"the runner returned before {name_of(fn)} had ended: it has to run a "
                "coroutine and return its result, as the run of an asyncio.Runner()"
            )
        return outcome
    finally:
        if getcoroutinestate(work) == CORO_CREATED:
            work.close()
            close_unawaited(result)


class _Untracked:
    """Takes the first step of an async generator so that the event loop knows nothing.

    A loop that ends closes every async generator that was begun in it, in no order and
    in a context of its own. So it may know the outermost alone, which closes the rest.
    """

    def __init__(self, generator: AsyncGenerator[object, None]) -> None:
        self._generator = generator

    def __anext__(self) -> Awaitable[object]:
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=None, finalizer=None)
        try:
            return self._generator.__anext__()
        finally:
            sys.set_asyncgen_hooks(*hooks)


async def _next(context: Context, steps: Any) -> object:
    """Take the next step of an async generator; ``_END`` if there is none."""
    try:
        return await _in_context(context, steps.__anext__())
    except StopAsyncIteration:
        return _END


async def _await(awaitable: Awaitable[object]) -> object:
    return await awaitable


@coroutine
def _in_context(context: Context, awaited: Any) -> Generator[Any, Any, Any]:
    """Await something that has ``send`` and ``throw``, each step of it in a context.

    It passes on whatever is yielded, so it serves any event loop. Being closed is
    thrown on, too: until 3.13, closing a step of an async generator does not reach its
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
