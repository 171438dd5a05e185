"""What stands for a handler in a page: its id, or a signed token around it.

A closure that a token carried has the id of the token: both were signed together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlerid._registry import RegisteredHandler, bind
from handlerid.errors import UnknownHandler
from handlerid.events import Event, event_type

if TYPE_CHECKING:
    from handlerid._identity import HandlerId
    from handlerid._registry import Entries
    from handlerid._tokens import Closures, Tokens

__all__ = ["References"]


class References:
    """Writes references, and rebuilds what tokens carried; one for a dispatcher."""

    def __init__(self, entries: Entries, tokens: Tokens | None) -> None:
        self._tokens = tokens
        self._identity = entries.identity
        self._closures: Closures | None = None
        if entries.captures == "carry":
            if tokens is None:
                raise ValueError(
                    'captures="carry" sends captured values into pages: they have to '
                    "be signed, Dispatcher(registry, tokens=Tokens(key))"
                )
            from handlerid._tokens import Closures  # noqa: PLC0415 - few carry

            self._closures = Closures(entries.identity, entries.index, entries.ids)

    def write(self, handler: RegisteredHandler, audience: str | None) -> str:
        """Return the reference of a registered handler."""
        if self._tokens is None:
            return handler.id
        captures = b""
        if self._closures is not None and not handler.omitted:
            captures = self._closures.pack(handler.fn)
        return self._tokens.issue(handler.id, audience=audience, captures=captures)

    def rebuild(
        self, handler_id: HandlerId, captures: bytes
    ) -> tuple[RegisteredHandler, bool] | None:
        """Return the handler that a token carried, and whether it captured a copy.

        Raises:
            InvalidToken, ExpiredToken: the captures are corrupt, or of another release.
            StaleHandler, UnknownHandler: its code or its event type is not known here.
        """
        if self._closures is None:
            return None
        try:
            event = event_type(handler_id.event) if handler_id.event else Event
        except LookupError:
            raise UnknownHandler(
                f"no event type has the wire name of {handler_id}: is the module that "
                "defines it imported here?",
                handler_id=handler_id,
            ) from None
        fn, mutable = self._closures.rebuild(handler_id, captures)
        b = bind(fn, event, self._identity)
        handler = RegisteredHandler(
            handler_id, fn, b.event, b.kind, b.takes_event, b.decode
        )
        return handler, mutable
