"""A call that is ready to be made, and the one that is being made here.

What belongs here: ``Call``, what a dispatcher told it about how it is run, and the
context variable that says which call is running. How a result is run is said by
``_running``, how a call travels by ``_elsewhere``.

The rules:

1. A call runs its handler as often as it is told to, each time in a new copy of the
   context of whoever runs or streams it.
2. Which call is running stands in a context variable that is set in that copy alone.
   So it is right in every step, in tasks and in threads that copy the context, and
   in calls within calls; and whoever dispatches never sees it.
"""

from __future__ import annotations

from contextvars import ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from handlerid import _running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from concurrent.futures import Executor, Future
    from contextlib import AbstractContextManager
    from contextvars import Context

    from handlerid._binding import BoundHandler
    from handlerid._running.bridging import Runner
    from handlerid.events import Event

__all__ = ["PLAIN", "Call", "Running", "Terms", "running"]


class Terms(NamedTuple):
    """What a dispatcher was told about how its calls are run.

    Attributes:
        watch: is entered around each run of a call, with its context; or None.
        worker: where other processes find their dispatcher, ``"module:name"``.
        worker_key: signs handlers that travel by value.
    """

    watch: Callable[[Context, Call], AbstractContextManager[None]] | None = None
    worker: str | None = None
    worker_key: bytes | None = None


PLAIN = Terms()


class Running:
    """Which call runs here: a context variable, and whether anybody wants to know.

    Setting the variable takes longer than decoding half an event. So a dispatcher's
    short way sets it only from when ``wanted`` is true on; see ``_current``.

    Attributes:
        wanted: whether ``current_call`` was imported in this process.
        variable: the call, or all that it is made of.
    """

    def __init__(self) -> None:
        self.wanted = False
        self.variable: ContextVar[tuple[Any, ...]] = ContextVar("handlerid_call")

    def tell(self, context: Context, *call: object) -> None:
        """Tells a context its call, or what ``Call`` takes to make it."""
        context.run(self.variable.set, call)


running = Running()


class Call:
    """A handler and its event, ready to run; made by ``Dispatcher.prepare``.

    It runs the handler as often as it is told to, in any thread, each time in a new
    copy of the context of whoever runs it. What the handler raises passes through.

    Attributes:
        handler: the registered handler.
        event: what it is called with, if it takes an event. While ``authorize`` is
            asked there is none yet: None.
    """

    __slots__ = ("_payload", "_terms", "event", "handler")

    handler: BoundHandler
    event: Event | None

    def __init__(
        self,
        handler: BoundHandler,
        event: Event | None = None,
        terms: Terms = PLAIN,
        payload: object = None,
    ) -> None:
        self.handler = handler
        self.event = event
        self._terms = terms
        self._payload = payload

    def run(self, *, runner: Runner | None = None) -> object:
        """Runs the handler to the end and returns what it returned.

        Args:
            runner: runs a coroutine to its end and returns what it returned, as
                ``asyncio.run`` does. It is used when there is something to await.

        Raises:
            AsyncHandler: it is asynchronous, and there is no runner; use ``arun``.
        """
        if self._terms.watch is not None:
            return self._run(_running.run, runner)
        context, handler = self._enter(), self.handler
        fn = handler.fn
        result = context.run(fn, self.event) if handler.takes_event else context.run(fn)
        return None if result is None else _running.finish(context, fn, result, runner)

    async def arun(self) -> object:
        """Runs or awaits the handler to the end and returns what it returned."""
        context = self._enter()
        watch = self._terms.watch
        if watch is None:
            return await _running.arun(context, self.handler.fn, *self._arguments)
        with watch(context, self):
            return await _running.arun(context, self.handler.fn, *self._arguments)

    def stream(
        self, *, runner: Runner | None = None
    ) -> Generator[object, None, object]:
        """Yields what the handler yields; one that does not is a single step.

        Closing the generator runs the handler's ``finally`` before it returns.

        Args:
            runner: as for ``run``; is called once a step, so it has to keep its loop
                between the steps, as ``asyncio.Runner().run`` does.

        Raises:
            AsyncHandler: it is asynchronous, and there is no runner, or one that does
                not keep its loop; use ``astream``.
        """
        context = self._enter()
        steps = _running.stream(
            context, self.handler.fn, *self._arguments, runner=runner
        )
        watch = self._terms.watch
        return steps if watch is None else _watched(watch(context, self), steps)

    def astream(self) -> AsyncGenerator[object, None]:
        """Yields what the handler yields; one that does not is a single step.

        Closing the generator, or cancelling who waits for a step, runs the handler's
        ``finally`` before that returns. An ``async for`` that is left between two steps
        closes nothing: iterate within ``contextlib.aclosing``.
        """
        context = self._enter()
        steps = _running.astream(context, self.handler.fn, *self._arguments)
        watch = self._terms.watch
        return steps if watch is None else _awatched(watch(context, self), steps)

    def submit(
        self,
        executor: Executor,
        *,
        worker: str | None = None,
        runner: Runner | None = None,
        by_value: bool = False,
    ) -> Future[object]:
        """Has the handler run by an executor; what it returned comes in a future.

        In a thread of this process the call runs as ``run`` would, in a copy of the
        context of whoever submits it. To another process only the payload travels,
        with the id in it: there, the dispatcher that ``worker`` names finds the
        handler in its own registry, and reads the event. It does not ask its
        ``authorize``: the call has been authorized here.

        Args:
            executor: a thread pool, a process pool, or another engine's executor.
            worker: where a worker process finds its dispatcher, as
                ``"module:name"``; by default what the dispatcher was told.
            runner: as for ``run``, used where the handler runs; it has to be
                importable there.
            by_value: sends the handler itself along, for workers that cannot import
                it: pickled by cloudpickle, and signed with the ``worker_key`` of the
                dispatcher, which the worker's has to have too.

        Raises:
            ValueError: ``by_value`` without a worker or a key, or ``worker`` is not
                written as one.
            UnsupportedHandler: the handler or its event cannot be pickled.

        The future raises what the handler raised, as it is. It also raises:

        - ``UnsupportedHandler``: the handler yields; or the executor's workers are
          other processes, and no ``worker`` was named.
        - ``UnknownHandler``, ``StaleHandler``, ``InvalidEvent``: the worker does not
          know the handler, knows another code, or another event.
        - ``InvalidToken``: what arrived by value was not signed with the worker's key.
        - ``AsyncHandler``: the handler is asynchronous, and there is no runner.
        """
        # Not above: few calls go elsewhere, and what signs them takes its time to load.
        from handlerid._elsewhere import Job, pack  # noqa: PLC0415
        from handlerid._payloads import portable  # noqa: PLC0415

        handler, terms = self.handler, self._terms
        parcel = pack(
            worker=terms.worker if worker is None else worker,
            payload=portable(self._payload),
            runner=runner,
            handler=handler if by_value else None,
            event=self.event,
            key=terms.worker_key,
        )
        here = partial(copy_context().run, self._run, _running.run_whole, runner)
        return executor.submit(Job(here, parcel, handler))

    def _run(self, how: Callable[..., object], runner: Runner | None) -> object:
        context = self._enter()
        watch = self._terms.watch
        if watch is None:
            return how(context, self.handler.fn, *self._arguments, runner=runner)
        with watch(context, self):
            return how(context, self.handler.fn, *self._arguments, runner=runner)

    def _enter(self) -> Context:
        context = copy_context()
        context.run(running.variable.set, (self,))
        return context

    @property
    def _arguments(self) -> tuple[object, ...]:
        return (self.event,) if self.handler.takes_event else ()


def _watched(
    watching: AbstractContextManager[None], steps: Generator[object, None, object]
) -> Generator[object, None, object]:
    with watching:
        return (yield from steps)


async def _awatched(
    watching: AbstractContextManager[None], steps: AsyncGenerator[object, None]
) -> AsyncGenerator[object, None]:
    with watching:
        try:
            async for step in _running.Owned(steps):
                yield step
        finally:
            await steps.aclose()
