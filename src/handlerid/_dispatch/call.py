"""A prepared call, and the observer of calls."""

import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import closing, nullcontext
from contextvars import Context
from types import AsyncGeneratorType
from typing import Any

from handlerid._awaiting import END, drive, in_context, take
from handlerid._dispatch.running import Watch, is_async, steps_by_runner, steps_of
from handlerid._identity import location_name
from handlerid._registry import RegisteredHandler
from handlerid.errors import HandlerIdError


class Call:
    """A handler and its event, ready to run; made by ``Dispatcher.prepare``.

    It has one context, in which ``authorize``, the handler with all its steps and the
    observer run. So it runs in one thread at a time. What the handler raises passes
    through as it is.

    Attributes:
        handler: the registered handler.
        event: the event for it; None while ``authorize`` is asked.
        audience: who sent the payload, as the host said.
        context: what the handler set there is seen by ``call.context.run(render)``.
        source: who answered: ``"scope"``, ``"registry"``, ``"token"``, ``"resolver"``,
            ``"rerender"``, or ``"host"`` for ``Dispatcher.call``.
    """

    __module__ = "handlerid"

    handler: RegisteredHandler
    event: Any = None
    audience: str | None = None
    context: Context
    source: str = "registry"
    observer: "Observer | None" = None

    def __repr__(self) -> str:
        return f"<Call of {location_name(self.handler.id)} from {self.source}>"

    def run(self) -> object:
        """Run the handler to the end and return its result.

        Raises:
            AsyncHandler: it is asynchronous; use ``arun``.
        """
        if self.observer is None:
            handler = self.handler  # as in _begin: most calls come here
            if handler.takes_event:
                result = self.context.run(handler.fn, self.event)
            else:
                result = self.context.run(handler.fn)
            if result is None:
                return None
            watch = self._watch()
            self._exhaust(result, watch)
        else:
            with (watch := self._watch()):
                self._exhaust(self._begin(), watch)
        return watch.result

    async def arun(self) -> object:
        """Run or await the handler to the end and return its result.

        An async generator has none: None.
        """
        with (watch := self._watch()):
            result = self._begin()
            if type(result) is AsyncGeneratorType:
                while (step := await take(self.context, result)) is not END:
                    watch.step(step)
            elif is_async(result):
                watch.result = await in_context(self.context, result)
            else:
                self._exhaust(result, watch)
        return watch.result

    def stream(
        self, *, runner: Callable[[Coroutine[Any, Any, Any]], Any] | None = None
    ) -> Generator[object, None, object]:
        """Yield what the handler yields; one that does not is a single step.

        Closing the generator runs the handler's ``finally`` before it returns.

        Args:
            runner: for async handlers where there is no event loop: runs a coroutine
                and returns its result. It is called for each step and has to keep its
                loop, as the ``run`` of an ``asyncio.Runner()`` does.

        Raises:
            AsyncHandler: the handler is asynchronous and there is no such runner; use
                ``astream``.
        """
        with (watch := self._watch()):
            result, fn = self._begin(), self.handler.fn
            if runner is not None and is_async(result):
                steps = self._astream(lambda: result, watch, nullcontext())
                yield from steps_by_runner(fn, steps, runner)
            else:
                yield from steps_of(self.context, fn, result, watch)
            return watch.result

    def astream(self) -> AsyncGenerator[object, None]:
        """Yield what the handler yields; one that does not is a single step.

        Closing the generator, or cancelling the task that waits for a step, runs the
        handler's ``finally`` before that returns. An ``async for`` that is left between
        two steps closes nothing: iterate within ``contextlib.aclosing``.
        """
        watch = self._watch()
        return self._astream(self._begin, watch, watch)

    async def _astream(
        self, begin: Callable[[], object], watch: Watch, entered: Any
    ) -> AsyncGenerator[object, None]:
        with entered:
            result, context = begin(), self.context
            if type(result) is AsyncGeneratorType:
                # A loop that ends closes all async generators begun in it, in no order.
                # So it may know this one alone, which closes the handler's.
                hooks = sys.get_asyncgen_hooks()
                sys.set_asyncgen_hooks(firstiter=None, finalizer=None)
                try:
                    first = result.__anext__()
                finally:
                    sys.set_asyncgen_hooks(*hooks)
                try:
                    step = await take(context, result, first)
                    while step is not END:
                        watch.step(step)
                        yield step
                        step = await take(context, result)
                finally:
                    await drive(context, result.aclose())
            elif is_async(result):
                watch.result = await in_context(context, result)
                yield watch.result
            else:
                with closing(
                    steps_of(context, self.handler.fn, result, watch)
                ) as steps:
                    for step in steps:
                        yield step

    def _begin(self) -> object:
        arguments = (self.event,) if self.handler.takes_event else ()
        return self.context.run(self.handler.fn, *arguments)

    def _exhaust(self, result: object, watch: Watch) -> None:
        for _ in steps_of(self.context, self.handler.fn, result, watch):
            pass

    def _watch(self) -> Watch:
        return Watch(self.observer, self, self.context)


class Observer:
    """Notified of calls and of refused payloads. Override what you need.

    Pass an instance as ``Dispatcher(observer=...)``. All but ``refused`` are
    called in the context of the call: a context variable that ``before`` sets is seen
    by the handler. What they raise is logged under ``handlerid`` and changes nothing
    else. The seconds are those between ``before`` and the end of the call; of a stream
    they include the time that the host takes between two steps.
    """

    __module__ = "handlerid"

    def before(self, call: Call) -> None:
        """A handler is about to be called."""

    def step(self, call: Call, value: object) -> None:
        """A handler yielded a value."""

    def after(self, call: Call, result: object, seconds: float) -> None:
        """A handler ended, or its stream was closed; then the result is None."""

    def failed(self, call: Call, error: BaseException, seconds: float) -> None:
        """A handler raised, or was cancelled."""

    def refused(self, error: HandlerIdError) -> None:
        """A payload was refused; no handler was called."""
