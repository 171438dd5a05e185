"""A run of a call: steps, awaiting, and notifying the observer.

1. What the call returned decides, not what the function looks like: a generator or an
   async generator has steps, an awaitable is awaited, anything else is the result.
2. Every step runs in the context of the call, with any event loop.
3. Closing or cancelling runs the handler's ``finally`` before it returns. An event loop
   that ends runs it in the call's context, too.
4. An observer that fails loses no answer: that is logged, and the call goes on.
"""

from __future__ import annotations

import sys
from _contextvars import Context, copy_context  # contextvars: one more file
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import closing
from inspect import CORO_CLOSED, getcoroutinestate, isawaitable
from logging import getLogger
from time import perf_counter
from types import AsyncGeneratorType, CoroutineType, GeneratorType, coroutine
from typing import Any

from handlerid._identity import name_of
from handlerid.errors import AsyncHandler

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Steps = Generator[object, None, None]

END: Any = object()  # what ``take`` returns if there is no other step


class Run:
    """One run of a call; notifies the observer once before, and once after or failed.

    A stream that is closed early has not failed.
    """

    result: object = None

    def __init__(self, call: Any) -> None:
        self._call, self._context, self._fn = call, call.context, call.handler.fn

    def __enter__(self) -> None:
        self._notify("before")
        self._start = perf_counter()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        seconds = perf_counter() - self._start
        if error is None or isinstance(error, GeneratorExit):
            self._notify("after", self.result, seconds)
        else:
            self._notify("failed", error, seconds)

    def step(self, value: object) -> None:
        self._notify("step", value)

    def _notify(self, method: str, *arguments: object) -> None:
        if self._call.observer is not None:
            notified = getattr(self._call.observer, method)
            self._context.run(notify, notified, self._call, *arguments)

    def steps(self, result: object) -> Steps:
        """Yield the steps of what the call returned; raise AsyncHandler for async."""
        if is_async(result):
            close_unawaited(result)
            raise AsyncHandler(
                f"{name_of(self._fn)} is asynchronous: await adispatch() or arun() in "
                "the host's event loop, or write asyncio.run(app.adispatch(...)) where "
                "there is none"
            )
        if type(result) is not GeneratorType:
            self.result = result
            yield result
            return
        try:
            while True:
                try:
                    step = self._context.run(next, result)
                except StopIteration as stop:
                    self.result = stop.value
                    return
                self.step(step)
                yield step
        finally:
            self._context.run(result.close)

    async def asteps(
        self, begin: Callable[[], object], entered: Any
    ) -> AsyncGenerator[object, None]:
        """Call, and yield the steps of what that returned; await them."""
        with entered:
            result, context = begin(), self._context
            if type(result) is AsyncGeneratorType:
                # A loop that ends closes all async generators begun in it, in no order.
                # So it may know this one alone, which closes the handler's.
                hooks = sys.get_asyncgen_hooks()
                sys.set_asyncgen_hooks(None, None)
                try:
                    first = result.__anext__()
                finally:
                    sys.set_asyncgen_hooks(*hooks)
                try:
                    step = await take(context, result, first)
                    while step is not END:
                        self.step(step)
                        yield step
                        step = await take(context, result)
                finally:
                    await drive(context, result.aclose())
            elif is_async(result):
                self.result = await in_context(context, result)
                yield self.result
            else:
                with closing(self.steps(result)) as steps:
                    for step in steps:
                        yield step

    def steps_by_runner(self, steps: Any, runner: Runner) -> Steps:
        """Yield the steps of an async generator; the runner is called once a step."""
        context = copy_context()  # that of the call is entered within
        while (step := runner(work := take(context, steps))) is not END:
            if getcoroutinestate(work) != CORO_CLOSED or steps.ag_frame is None:
                raise AsyncHandler(
                    f"the runner for {name_of(self._fn)} has to run a coroutine to its "
                    "end and keep its event loop for the next step, as the run of an "
                    "asyncio.Runner() does"
                )
            try:
                yield step
            except BaseException:
                if steps.ag_frame is not None:
                    runner(in_context(context, steps.aclose()))
                raise


def notify(method: Callable[..., object], *arguments: object) -> None:
    """Call a method of an observer; rule 4."""
    try:
        method(*arguments)
    except Exception:
        getLogger("handlerid").exception("an observer failed; the call goes on")


def is_async(result: object) -> bool:
    return type(result) is AsyncGeneratorType or isawaitable(result)


def close_unawaited(awaitable: object) -> None:
    """Close a coroutine, since Python warns of one that was never awaited."""
    if isinstance(awaitable, CoroutineType):
        awaitable.close()


async def take(context: Context, steps: Any, first: Any = None) -> object:
    """Take the next step of an async generator."""
    try:
        return await drive(context, first or steps.__anext__())
    except StopAsyncIteration:
        return END


def in_context(context: Context, awaitable: Any) -> Any:
    """Await something, each step of it in a context."""
    return drive(context, _await(awaitable))


async def _await(awaitable: Any) -> Any:
    return await awaitable


@coroutine
def drive(context: Context, work: Any) -> Any:
    """Await a coroutine, or the like that has ``send`` and ``throw``, in a context.

    Being closed is thrown on, too: until 3.13, closing a step of an async generator
    does not reach its ``finally``.
    """
    resume: Any = work.send
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
