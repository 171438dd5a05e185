"""A run of a call: steps, awaiting, and notifying the observer.

1. What the call returned decides, not what the function looks like: a generator or an
   async generator has steps, an awaitable is awaited, anything else is the result.
2. Every step runs in the context of the call, with any event loop.
3. Closing or cancelling runs the handler's ``finally`` before it returns. An event loop
   that ends closes all async generators begun in it, in no order. So it may know that
   of the stream alone, which closes the handler's in the context of the call.
4. An observer that fails loses no answer: that is logged, and the call goes on.
5. A stream in threads never blocks the event loop, neither when it is closed: its
   ``finally`` waits for the running step, and runs in a thread whatever is cancelled.
"""

from __future__ import annotations

import sys
import threading
from _contextvars import Context, copy_context  # contextvars: one more file
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import closing, nullcontext
from functools import partial
from inspect import CORO_CLOSED, getcoroutinestate, isawaitable
from logging import getLogger
from time import perf_counter
from types import AsyncGeneratorType, GeneratorType, coroutine
from typing import Any, Self

from handlerid._identity import name_of
from handlerid._peek import close_unawaited
from handlerid.errors import AsyncHandler

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Thread = Callable[[Callable[[], object]], Awaitable[object]]
Steps = Generator[object, None, None]

END: Any = object()  # what ``take`` returns if there is no other step


class Run:
    """One run of a call; notifies the observer once before, and once after or failed.

    A stream that is closed early has not failed.
    """

    result: object = None

    def __init__(self, call: Any) -> None:
        self._call, self._context = call, call.context

    def __enter__(self) -> Self:
        self.notify("before")
        self._start = perf_counter()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        seconds = perf_counter() - self._start
        if error is None or isinstance(error, GeneratorExit):
            self.notify("after", self.result, seconds)
        else:
            self.notify("failed", error, seconds)

    def notify(self, method: str, *arguments: object) -> None:
        if self._call.observer is not None:
            notified = getattr(self._call.observer, method)
            self._context.run(notify, notified, self._call, *arguments)

    def begin(self) -> object:
        """Call the handler."""
        handler = self._call.handler
        arguments = (self._call.event,) if handler.takes_event else ()
        return self._context.run(handler.fn, *arguments)

    def steps(self, result: object, runner: Runner | None = None) -> Steps:
        """Yield the steps of what the call returned; async ones need a runner."""
        if is_async(result):
            yield from self.steps_by_runner(result, runner)
            return
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
                self.notify("step", step)
                yield step
        finally:
            self._context.run(result.close)

    async def aresult(self) -> object:
        """Run or await the handler to the end and return its result."""
        with self:
            result = self.begin()
            if type(result) is AsyncGeneratorType:
                while (step := await take(self._context, result)) is not END:
                    self.notify("step", step)
            elif is_async(result):
                self.result = await in_context(self._context, result)
            else:
                for _ in self.steps(result):
                    pass
        return self.result

    async def asteps(self, *begun: object) -> AsyncGenerator[object, None]:
        """Yield the steps of what was begun, or of a call; await them."""
        with nullcontext() if begun else self:
            result = begun[0] if begun else self.begin()
            context = self._context
            if type(result) is AsyncGeneratorType:
                try:
                    while (step := await take(context, result)) is not END:
                        self.notify("step", step)
                        yield step
                finally:
                    await drive(context, result.aclose())
            elif is_async(result):
                self.result = await in_context(context, result)
                yield self.result
            else:
                with closing(self.steps(result)) as steps:
                    for step in steps:
                        yield step

    def steps_by_runner(self, result: object, runner: Runner | None) -> Steps:
        """Yield the steps of what the call returned; the runner is called for each."""
        if runner is None:
            close_unawaited(result)
            raise AsyncHandler(
                f"{name_of(self._call.handler.fn)} is asynchronous: await adispatch() "
                "or arun() in the host's event loop; where there is none, write "
                "asyncio.run(app.adispatch(...)) or asyncio.run(call.arun())"
            )
        steps: Any = self.asteps(result)
        context = copy_context()  # that of the call is entered within
        while (step := runner(work := take(context, steps, known=True))) is not END:
            if getcoroutinestate(work) != CORO_CLOSED or steps.ag_frame is None:
                raise AsyncHandler(
                    f"the runner for {name_of(self._call.handler.fn)} has to run a "
                    "coroutine to its end and keep its event loop for the next step, "
                    "as the run of an asyncio.Runner() does"
                )
            try:
                yield step
            except BaseException:
                if steps.ag_frame is not None:
                    runner(_await(in_context(context, steps.aclose())))
                raise


async def steps_in_threads(
    steps: Generator[object, None, object], thread: Thread
) -> AsyncGenerator[object, None]:
    """Yield the steps of a stream, taken and closed in threads; rule 5."""
    lock = threading.Lock()  # a task that is cancelled leaves its thread in the step

    def locked(function: Callable[..., object], *arguments: object) -> object:
        with lock:
            return function(*arguments)

    take_one, close = partial(locked, next, steps, END), partial(locked, steps.close)
    try:
        while (step := await thread(take_one)) is not END:
            yield step
    finally:
        try:
            await thread(close)
        except BaseException:  # cancelled again, perhaps before the thread began
            threading.Thread(target=close).start()
            raise


def notify(method: Callable[..., object], *arguments: object) -> None:
    """Call a method of an observer; rule 4."""
    try:
        method(*arguments)
    except Exception:
        getLogger("handlerid").exception("an observer failed; the call goes on")


def is_async(result: object) -> bool:
    return type(result) is AsyncGeneratorType or isawaitable(result)


async def take(context: Context, steps: Any, *, known: bool = False) -> object:
    """Take the next step of an async generator, which the loop may not know; rule 3."""
    hooks = sys.get_asyncgen_hooks()
    if not known:
        sys.set_asyncgen_hooks(None, None)
    try:
        step = anext(steps, END)
    finally:
        sys.set_asyncgen_hooks(*hooks)
    return await drive(context, step)


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
