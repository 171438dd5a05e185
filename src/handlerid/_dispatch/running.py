"""What a run of a call is made of: steps, awaiting, and notifying an observer.

1. What the call returned decides, not what the function looks like: a generator or an
   async generator has steps, an awaitable is awaited, anything else is the result.
2. Every step of a call runs in its context.
3. Closing or cancelling a stream runs the handler's ``finally`` before it returns. An
   event loop that ends runs it in the call's context, too.
4. An observer that fails loses no answer: that is logged, and the call goes on.
"""

from __future__ import annotations

from contextvars import Context, copy_context
from inspect import CORO_CLOSED, getcoroutinestate, isawaitable
from logging import getLogger
from time import perf_counter
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any

from handlerid._awaiting import END, close_unawaited, in_context, take
from handlerid._identity import name_of
from handlerid.errors import AsyncHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    Handler = Callable[..., object]
    Runner = Callable[[Coroutine[Any, Any, Any]], Any]
    Steps = Generator[object, None, None]


class Watch:
    """One run of a call; notifies the observer, if there is one.

    An observer gets one ``before``, then one ``after`` or one ``failed``. A stream that
    is closed early has not failed.
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


def is_async(result: object) -> bool:
    return type(result) is AsyncGeneratorType or isawaitable(result)


def steps_of(context: Context, fn: Handler, result: object, watch: Watch) -> Steps:
    """Yield the steps of what a call of ``fn`` returned; give its result to ``watch``.

    Raises:
        AsyncHandler: it has to be awaited.
    """
    if is_async(result):
        close_unawaited(result)
        raise AsyncHandler(
            f"{name_of(fn)} is asynchronous: await adispatch() or arun() in the host's "
            "event loop, or write asyncio.run(app.adispatch(...)) where there is none"
        )
    if type(result) is not GeneratorType:
        watch.result = result
        yield result
        return
    try:
        while True:
            try:
                step = context.run(next, result)
            except StopIteration as stop:
                watch.result = stop.value
                return
            watch.step(step)
            yield step
    finally:
        context.run(result.close)


def steps_by_runner(fn: Handler, steps: Any, runner: Runner) -> Steps:
    """Yield the steps of an async generator; the runner is called once a step."""
    context = copy_context()  # that of the call is entered within
    while (step := runner(work := take(context, steps))) is not END:
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
