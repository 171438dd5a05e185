"""From a payload to its handler: what stands for it there, and who knows it.

What belongs here: the order of these steps. Each of them is a floor below. The last may
have to wait for a resolver of the host's, and is a generator that yields what has to be
awaited: ``afind`` awaits it, ``find`` cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

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

    Found = tuple[BoundHandler, Decode, Any, object]

__all__ = ["Finder"]

T = TypeVar("T")


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

        Returns:
            The handler; what makes its event, of what comes third and of the handler;
            what was read of the payload; and the payload as another process takes it.

        Raises:
            AsyncHandler: a resolver has to be awaited.

        And what ``Dispatcher.prepare`` raises, up to ``StaleHandler``.
        """
        handler_id, decode, content, travels = self._read(payload, audience)
        handler = self._registry.find(handler_id)
        if handler is None:
            handler = _at_once(self._resolve(handler_id, travels))
        return handler, decode, content, travels

    async def afind(self, payload: Any, audience: str | None = None) -> Found:
        """Does what ``find`` does, and awaits resolvers where that is needed."""
        handler_id, decode, content, travels = self._read(payload, audience)
        handler = self._registry.find(handler_id)
        if handler is None:
            handler = await _awaited(self._resolve(handler_id, travels))
        return handler, decode, content, travels

    def _read(
        self, payload: Any, audience: str | None
    ) -> tuple[str, Decode, Any, object]:
        """The id, and the last three of what ``find`` returns."""
        if type(payload) is Opened:  # by the process that sent it here
            _, decode, content = self._payloads.read(payload.payload)
            return payload.handler_id, decode, content, payload
        text, decode, content = self._payloads.read(payload)
        opened = self._offers.open(payload, text, audience)
        if opened is None:
            return text, decode, content, payload
        return opened.handler_id, decode, content, opened

    def _resolve(
        self, handler_id: str, travels: object
    ) -> Generator[Awaitable[object], None, BoundHandler]:
        carried = self._offers.resolvers(travels) if type(travels) is Opened else ()
        return resolve(self._registry, (*carried, *self._resolvers), handler_id)


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
