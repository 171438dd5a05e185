"""From a payload to its handler: what stands for it there, and who knows it.

What belongs here: the order of these steps. Each of them is a floor below. They may
have to wait for a resolver of the host's, so they are written as a generator that
yields what has to be awaited: ``afind`` awaits it, ``find`` cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from handlerid._offers import Opened
from handlerid._resolving import resolve
from handlerid._running.bridging import drop
from handlerid.errors import AsyncHandler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator, Iterable

    from handlerid._binding import BoundHandler
    from handlerid._offers import Offers
    from handlerid._payloads import Decode, Payloads
    from handlerid._registry import Registry
    from handlerid._resolving import Resolver

__all__ = ["Finder", "Found"]

T = TypeVar("T")


class Found(NamedTuple):
    """A handler, and its event yet to be made.

    Attributes:
        handler: the handler.
        decode: makes the event, of ``content`` and ``handler``.
        content: what was read of the payload.
        travels: the payload as another process takes it.
    """

    handler: BoundHandler
    decode: Decode
    content: Any
    travels: object

    def event(self) -> Any:
        """Makes the event.

        Raises:
            InvalidEvent: the payload does not fit its type.
        """
        return self.decode(self.content, self.handler)


class Finder:
    """Finds the handlers of payloads, for one dispatcher."""

    def __init__(
        self,
        registry: Registry,
        payloads: Payloads,
        offers: Offers,
        resolvers: Iterable[Resolver],
    ) -> None:
        self._registry = registry
        self._payloads = payloads
        self._offers = offers
        self._resolvers = tuple(resolvers)

    def find(self, payload: Any, audience: str | None = None) -> Found:
        """Reads the id or token of a payload and looks its handler up.

        Raises:
            AsyncHandler: a resolver has to be awaited.

        And what ``Dispatcher.prepare`` raises, up to ``StaleHandler``.
        """
        return _at_once(self._steps(payload, audience))

    async def afind(self, payload: Any, audience: str | None = None) -> Found:
        """Does what ``find`` does, and awaits resolvers where that is needed."""
        return await _awaited(self._steps(payload, audience))

    def _steps(
        self, payload: Any, audience: str | None
    ) -> Generator[Awaitable[object], None, Found]:
        opened = payload if type(payload) is Opened else None
        text, decode, content = self._payloads.read(
            payload if opened is None else opened.payload
        )
        if opened is None:
            opened = self._offers.open(payload, text, audience)
        handler_id = text if opened is None else opened.handler_id
        handler = self._registry.find(handler_id)
        if handler is None:
            carried = () if opened is None else self._offers.resolvers(opened)
            resolvers = (*carried, *self._resolvers)
            handler = yield from resolve(self._registry, resolvers, handler_id)
        return Found(handler, decode, content, payload if opened is None else opened)


def _at_once(steps: Generator[Awaitable[object], None, T]) -> T:
    """Runs what nobody can await.

    Raises:
        AsyncHandler: something has to be awaited.
    """
    try:
        waiting = next(steps)
    except StopIteration as done:
        result: T = done.value
        return result
    drop(waiting)
    steps.close()
    raise AsyncHandler(
        "a resolver is asynchronous, and was asked where nothing awaits it; use "
        "aprepare() or adispatch()"
    )


async def _awaited(steps: Generator[Awaitable[object], None, T]) -> T:
    """Runs them, and awaits what has to be; what that raises is raised in there."""
    try:
        waiting = next(steps)
        while True:
            try:
                await waiting
            except BaseException as error:  # noqa: BLE001 - it comes out again
                waiting = steps.throw(error)
            else:
                waiting = next(steps)
    except StopIteration as done:
        result: T = done.value
        return result
