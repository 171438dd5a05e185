"""A prepared call, and what observes it."""

from _contextvars import Context  # contextvars is one more file, 0.1 ms
from collections.abc import AsyncGenerator, Generator
from typing import Any

from handlerid._dispatch.running import Run, Runner, Thread, steps_in_threads
from handlerid._identity import location_name
from handlerid._peek import Shared
from handlerid._registry import RegisteredHandler
from handlerid.errors import HandlerIdError


class Call(Shared):
    """A handler and its event, ready to run; made by ``Dispatcher.prepare``.

    ``authorize``, the handler with all its steps and the observer run in its one
    context, so in one thread at a time. What the handler raises passes as it is.

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
    awaits: bool = False  # whether functions of the host may return awaitables

    def __repr__(self) -> str:
        return f"<Call of {location_name(self.handler.id)} from {self.source}>"

    def run(self) -> object:
        """Run the handler to the end and return its result.

        Raises:
            AsyncHandler: it is asynchronous; use ``arun``.
        """
        result: object = None
        if self.observer is None:
            handler = self.handler  # as in Run.begin: most calls come here
            if handler.takes_event:
                result = self.context.run(handler.fn, self.event)
            else:
                result = self.context.run(handler.fn)
            if result is None:
                return None
        with Run(self) as run:
            for _ in run.steps(run.begin() if result is None else result):
                pass
        return run.result

    async def arun(self) -> object:
        """Run or await the handler to the end and return its result.

        An async generator has none: None.
        """
        return await Run(self).aresult()

    def stream(
        self, *, runner: Runner | None = None
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
        with Run(self) as run:
            yield from run.steps(run.begin(), runner)
            return run.result

    def astream(self, *, thread: Thread | None = None) -> AsyncGenerator[object, None]:
        """Do what ``stream`` does in the host's event loop.

        Cancelling the task that waits for a step runs the ``finally``, too. An ``async
        for`` that is left between two steps closes nothing: iterate within
        ``contextlib.aclosing``.

        Args:
            thread: runs a function in a thread, and is awaited: ``asyncio.to_thread``,
                ``anyio.to_thread.run_sync``. Plain handlers and plain generators run
                and are closed there; otherwise, one that waits stops the event loop.
        """
        if thread is not None and self.handler.kind in ("plain", "generator"):
            return steps_in_threads(self.stream(), thread)
        return Run(self).asteps()


class Observer:
    """Notified of calls and of refused payloads. Override what you need.

    Pass an instance as ``Dispatcher(observer=...)``. All but ``refused`` are called in
    the context of the call: the handler sees a context variable that ``before`` sets.
    What they raise is logged under ``handlerid`` and changes nothing else. The seconds
    of a stream include the time that the host takes between two steps.
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
