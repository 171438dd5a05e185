"""The last few renderings of one page, each with a scope of its own.

What belongs here: which rendering's handlers answer. Each rendering needs its own
scope: what is rendered again is registered again, and replaces nothing. A host whose
pages stay connected keeps more than one of them, since events that left the browser
before the newest rendering arrived there name handlers of an older one.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from handlerid._handler_id import HandlerId
from handlerid.errors import MalformedPayload

if TYPE_CHECKING:
    from handlerid._registry import Registry, Scope

__all__ = ["Renderings"]

_NEAR = 5
"""Handlers that are named beside an id that is unknown."""


class Renderings:
    """Scopes of one page or session, the newest first. Any thread may use them.

    Args:
        registry: the parent of the scopes.
        keep: how many renderings' handlers can be called.

    Attributes:
        newest: the scope in which a rendering registers its handlers.
    """

    __slots__ = ("_registry", "_scopes", "newest")

    def __init__(self, registry: Registry, *, keep: int = 8) -> None:
        self._registry = registry
        self._scopes: deque[Scope] = deque(maxlen=keep)
        self.begin()

    def begin(self) -> Scope:
        """Begins a rendering: its handlers go into a new scope, which is returned."""
        self.newest = self._registry.scope()
        self._scopes.appendleft(self.newest)
        return self.newest

    def holding(self, handler_id: str) -> Scope:
        """Returns the newest scope that holds an id, or else the newest of all."""
        if handler_id in self.newest:
            return self.newest
        scopes = tuple(self._scopes)
        return next((one for one in scopes if handler_id in one), self.newest)

    def near(self, unknown: str) -> list[str]:
        """Names the handlers of the newest rendering that are most like an unknown id.

        At its location, or else with its code, or else for its event; at most five,
        and none for a text that is not an id.
        """
        try:
            wanted = HandlerId.parse(unknown)
        except MalformedPayload:
            return []
        known = list(self.newest)
        for part in ("location", "fingerprint", "event"):
            sought = getattr(wanted, part)
            if near := [one for one in known if getattr(one, part) == sought]:
                return [f"{one.module}.{one.qualname}" for one in near[:_NEAR]]
        return []
