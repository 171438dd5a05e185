"""The last few renderings of one page, each with handlers of its own.

What belongs here: which rendering's handlers answer, and what is put off until one has
to. The rules:

1. Each rendering stands for itself: what is rendered again is offered again, and
   replaces nothing.
2. A host whose pages stay connected keeps more than one rendering, since events that
   left the browser before the newest arrived there name handlers of an older one.
3. A rendering offers many handlers and an event names one: only the id is found out at
   once. What else is to be known of a handler, and what can be wrong with how it takes
   its event, is found out when an event names it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from handlerid._binding import bind
from handlerid._handler_id import HandlerId
from handlerid._locations import refusal
from handlerid.errors import MalformedPayload, UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from handlerid._binding import BoundHandler
    from handlerid._registry import Registry
    from handlerid.events import Event

    Offered = dict[HandlerId, tuple[Callable[..., object], type[Event]]]

__all__ = ["Renderings"]

_NEAR = 5
"""Handlers that are named beside an id that is unknown."""


class Renderings:
    """What one page or session was rendered with, the newest first.

    Any thread may look handlers up; one at a time renders.

    Args:
        registry: says what ids are, and what is done with handlers that are replaced.
        keep: how many renderings' handlers can be called.
    """

    __slots__ = ("_identify", "_newest", "_offered", "_registry")

    def __init__(self, registry: Registry, *, keep: int = 8) -> None:
        self._registry = registry
        self._identify = registry.identify
        self._offered: deque[Offered] = deque(maxlen=keep)
        self.begin()

    def begin(self) -> Self:
        """Begins a rendering, and returns these."""
        self._newest: Offered = {}
        self._offered.appendleft(self._newest)
        return self

    def offer(self, fn: Callable[..., object], event: type[Event]) -> HandlerId:
        """Takes a handler into the newest rendering and returns its id.

        Raises:
            UnsupportedHandler: ``fn`` cannot have an id.
            UnstableCapture: what goes into its id has no canonical form.
            CapturesReplaced: where the registry refuses what this replaces.
        """
        try:
            handler_id = self._identify(fn, event)
        except UnstableCapture:
            return self._registry.register(fn, event)  # which says of which handler
        old = self._newest.get(handler_id)
        if old is not None and old[0] is not fn:
            with self._registry.scope() as scope:  # which knows what that means
                scope.register(*old)
                scope.register(fn, event)
        self._newest[handler_id] = (fn, event)
        return handler_id

    def resolve(self, handler_id: str) -> BoundHandler:
        """Returns a handler that one of the renderings offered, the newest first.

        Raises:
            MalformedPayload: the text is not an id.
            StaleHandler: the newest rendering has its location, but other code there.
            UnknownHandler: it was not offered.
            SignatureError: the handler cannot be called with its event.
        """
        wanted: Any = handler_id
        for offered in tuple(self._offered):
            if wanted in offered:
                fn, event = offered[wanted]
                return bind(fn, event, lambda *_: wanted)
        missing = HandlerId.parse(handler_id)
        there = [one for one in self._newest if one.location == missing.location]
        raise refusal(missing, there)

    def near(self, unknown: str) -> list[str]:
        """Names the handlers of the newest rendering that are most like an unknown id.

        At its location, or else with its code, or else for its event; at most five,
        and none for a text that is not an id.
        """
        try:
            wanted = HandlerId.parse(unknown)
        except MalformedPayload:
            return []
        known = tuple(self._newest)
        for part in ("location", "fingerprint", "event"):
            sought = getattr(wanted, part)
            if near := [one for one in known if getattr(one, part) == sought]:
                return [one.place for one in near[:_NEAR]]
        return []
