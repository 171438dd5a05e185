"""A dispatcher that keeps what it did.

What belongs here: recording, and nothing that changes what a dispatcher does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlerid._call import Call
from handlerid._dispatcher import Dispatcher
from handlerid._running import Owned
from handlerid.errors import HandlerIdError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from handlerid._payloads import Payload
    from handlerid._running.bridging import Runner

__all__ = ["RecordedCall", "RecordingDispatcher"]


class RecordedCall(Call):
    """A call that keeps what came of it, each time it is run or streamed.

    What ``submit`` runs, here or elsewhere, is told by its future alone.

    Attributes:
        results: what the handler returned, for each time that it ran to its end; an
            async stream has no result: None.
        steps: what it gave step by step, when it was streamed.
        errors: what it raised.
    """

    __slots__ = ("errors", "results", "steps")

    def __init__(self, call: Call) -> None:
        terms, payload = call._terms, call._payload  # noqa: SLF001 - a call's own
        super().__init__(call.handler, call.event, terms, payload)
        self.results: list[object] = []
        self.steps: list[object] = []
        self.errors: list[Exception] = []

    def run(self, *, runner: Runner | None = None) -> object:
        """Does what ``Call.run`` does."""
        try:
            result = super().run(runner=runner)
        except Exception as error:
            self.errors.append(error)
            raise
        self.results.append(result)
        return result

    async def arun(self) -> object:
        """Does what ``Call.arun`` does."""
        try:
            result = await super().arun()
        except Exception as error:
            self.errors.append(error)
            raise
        self.results.append(result)
        return result

    def stream(
        self, *, runner: Runner | None = None
    ) -> Generator[object, None, object]:
        """Does what ``Call.stream`` does."""
        return self._recorded(super().stream(runner=runner))

    def astream(self) -> AsyncGenerator[object, None]:
        """Does what ``Call.astream`` does."""
        return self._arecorded(super().astream())

    def _recorded(
        self, steps: Generator[object, None, object]
    ) -> Generator[object, None, object]:
        try:
            while True:
                try:
                    step = next(steps)
                except StopIteration as stop:
                    self.results.append(stop.value)
                    return stop.value
                self.steps.append(step)
                yield step
        except Exception as error:
            self.errors.append(error)
            raise
        finally:
            steps.close()

    async def _arecorded(
        self, steps: AsyncGenerator[object, None]
    ) -> AsyncGenerator[object, None]:
        try:
            async for step in Owned(steps):
                self.steps.append(step)
                yield step
            self.results.append(None)
        except Exception as error:
            self.errors.append(error)
            raise
        finally:
            await steps.aclose()


class RecordingDispatcher(Dispatcher):
    """A dispatcher for a host's tests: it dispatches, and keeps what came of it.

    It takes the arguments of ``Dispatcher``.

    Attributes:
        calls: the calls it prepared, in their order.
        refusals: what it raised instead of preparing a call.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calls: list[RecordedCall] = []
        self.refusals: list[HandlerIdError] = []

    def prepare(self, payload: Payload, *, audience: str | None = None) -> RecordedCall:
        """Does what ``Dispatcher.prepare`` does."""
        try:
            return self._record(super().prepare(payload, audience=audience))
        except HandlerIdError as error:
            self.refusals.append(error)
            raise

    async def aprepare(
        self, payload: Payload, *, audience: str | None = None
    ) -> RecordedCall:
        """Does what ``Dispatcher.aprepare`` does."""
        try:
            return self._record(await super().aprepare(payload, audience=audience))
        except HandlerIdError as error:
            self.refusals.append(error)
            raise

    def _record(self, call: Call) -> RecordedCall:
        recorded = RecordedCall(call)
        self.calls.append(recorded)
        return recorded
