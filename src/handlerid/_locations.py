"""The ids known at a location, and what an id means that is not among them.

What belongs here: all that is known of an id for which no handler is registered: the
others at its location, the one that may answer in its place, the refusal. Who holds
the handlers is told a floor above.

The rules:

1. An id is stale if its location is known and its code is not. Code that is known, for
   another event or with other captures, is not stale: another handler bears it.
2. A handler may answer for a stale id if it is the only one at the location that has
   the same event and the same captures part.
3. A lambda has no name of its own: what was ``<lambda>`` there may be any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlerid.errors import StaleHandler, UnknownHandler

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handlerid._handler_id import HandlerId

__all__ = ["Locations", "closest", "refusal"]


class Locations:
    """Ids by location, each once, the newest last. Its owner holds a lock."""

    def __init__(self, ids: Iterable[HandlerId]) -> None:
        self._known: dict[str, tuple[HandlerId, ...]] = {}
        for one in ids:
            self.note(one)

    def note(self, handler_id: HandlerId) -> None:
        """Makes an id the newest at its location."""
        known = self._known.get(handler_id.location, ())
        others = tuple(one for one in known if one != handler_id)
        self._known[handler_id.location] = (*others, handler_id)

    def at(self, location: str) -> tuple[HandlerId, ...]:
        """Returns the ids at a location."""
        return self._known.get(location, ())


def closest(missing: HandlerId, known: Iterable[HandlerId]) -> HandlerId | None:
    """Returns the one id that may stand for a stale one, or None.

    Args:
        missing: the id that is not registered.
        known: the ids at its location.
    """
    near = []
    for one in known:
        if one.fingerprint == missing.fingerprint:
            return None
        if one.event == missing.event and one.captures == missing.captures:
            near.append(one)
    return near[0] if len(near) == 1 else None


def refusal(
    missing: HandlerId, known: Sequence[HandlerId]
) -> UnknownHandler | StaleHandler:
    """Makes the error for an id that is not registered.

    Args:
        missing: the id.
        known: the ids at its location, the newest last.
    """
    if not known:
        return UnknownHandler(
            f"no handler is registered at the location of {missing}; is the module "
            "that defines it imported, or the page that makes it rendered here?",
            handler_id=missing,
        )
    where = known[-1].place
    if any(one.fingerprint == missing.fingerprint for one in known):
        return UnknownHandler(
            f"{where} is registered here, but not for what {missing} names: its "
            "event, its bound arguments or its captures differ",
            handler_id=missing,
        )
    return StaleHandler(
        f"the code of {where} differs from the one that {missing} was made of: "
        "the page is older or newer than this server",
        handler_id=missing,
        current=known,
        location=where,
    )
