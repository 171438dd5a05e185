"""What stands for a handler in a page, and what it opens to when it comes back.

What belongs here: whether that is an id or a token, and what a token carries besides.
How a token is signed is said by ``_tokens``, how a closure is written down by
``_carrying``, who is asked for a handler by ``_resolving``.

The rules:

1. A dispatcher with tokens answers to nothing else: an id alone was offered to nobody.
2. What a token carries is a resolver, the first of all: it is asked when the handler is
   not registered. The closure that it rebuilds gets an id as any other does, and
   answers only if that is the id that was asked for.
3. What was opened once travels on as it is: another process does not verify it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from handlerid._payloads import portable
from handlerid.errors import UnknownHandler
from handlerid.events import event_type
from handlerid.events._base import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from handlerid._carrying import Carrier
    from handlerid._handler_id import HandlerId
    from handlerid._registry import Registry
    from handlerid._resolving import Resolver
    from handlerid._tokens import Tokens

__all__ = ["Offers", "Opened"]


class Opened(NamedTuple):
    """A payload whose token was verified.

    Attributes:
        payload: as it came.
        handler_id: the id that the token named.
        carried: the closure, written down, or nothing.
    """

    payload: object
    handler_id: str
    carried: bytes


class Offers:
    """Writes and opens what stands for handlers in pages, for one dispatcher.

    Args:
        registry: where the handlers are.
        tokens: signs and verifies; without it, ids stand for themselves.
        decoders: as for ``Dispatcher``.
        by_pickle: likewise.

    Raises:
        ValueError: the registry's captures are to be carried, and there is nothing
            that could sign them.
    """

    def __init__(
        self,
        registry: Registry,
        tokens: Tokens | None,
        decoders: Mapping[type, Callable[[Any], object]] | None,
        by_pickle: Iterable[type],
    ) -> None:
        self._tokens = tokens
        self._carrier: Carrier | None = None
        if registry.captures == "carry":
            if tokens is None:
                raise ValueError(
                    'captures="carry" sends captured values into pages, so they have '
                    "to be signed: Dispatcher(registry, tokens=Tokens(key))"
                )
            from handlerid._carrying import Carrier  # noqa: PLC0415 - few carry

            self._carrier = Carrier(
                registry.identity,
                registry.scanned,
                decoders=decoders,
                by_pickle=by_pickle,
                identify=registry.identify,
            )

    def write(
        self, handler_id: HandlerId, fn: Callable[..., object], audience: str | None
    ) -> str:
        """Returns what stands for a registered handler in a page.

        Raises:
            ValueError: there is an audience, and no token to bind to it.
            UnstableCapture: a captured value cannot be carried, or there are too many.
        """
        if self._tokens is None:
            _check_audience(audience)
            return handler_id
        carried = b"" if self._carrier is None else self._carrier.pack(fn)
        return self._tokens.issue(handler_id, audience=audience, captures=carried)

    def open(self, payload: object, text: str, audience: str | None) -> Opened | None:
        """Finds out which handler a text from a page stands for.

        Returns:
            What its token said; None where there are no tokens, and the text is the id.

        Raises:
            ValueError: there is an audience, and no token to bind to it.
            InvalidToken: it is no token, or one whose signature does not hold.
            ExpiredToken: it is too old.
            NotAllowed: it was made for another audience.
        """
        if self._tokens is None:
            _check_audience(audience)
            return None
        verified = self._tokens.verify(text, audience=audience)
        return Opened(portable(payload), verified.handler_id, verified.captures)

    def resolvers(self, opened: Opened) -> tuple[Resolver, ...]:
        """Returns what finds the handler that a token carried: one, or none."""
        carrier, carried = self._carrier, opened.carried
        if carrier is None or not carried:
            return ()

        def rebuild(handler_id: HandlerId, scope: Registry) -> None:
            event = _event_of(handler_id)
            fn = carrier.unpack(handler_id, carried, check=False)
            scope.register(fn, event)  # computes the whole id, which is looked for

        return (rebuild,)


def _event_of(handler_id: HandlerId) -> type[Event]:
    """The event type that an id names.

    Raises:
        UnknownHandler: no module that is imported here defines it.
    """
    if not handler_id.event:
        return Event
    try:
        return event_type(handler_id.event)
    except LookupError:
        raise UnknownHandler(
            f"no event type has the wire name of {handler_id}: is the module that "
            "defines it imported here?",
            handler_id=handler_id,
        ) from None


def _check_audience(audience: str | None) -> None:
    if audience is not None:
        raise ValueError(
            "only a token can be bound to an audience: Dispatcher(tokens=Tokens(key))"
        )
