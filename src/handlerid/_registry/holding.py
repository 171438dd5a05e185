"""What a registry holds, and looking it up.

What belongs here: entries by id, old ids and locations, and everything that reads them.
What gets in is decided in ``registering``.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Literal, get_args

from handlerid._canonical.code import encode_code
from handlerid._handler_id import HandlerId
from handlerid._identity import Identity
from handlerid._locations import Locations, closest, refusal
from handlerid._names import Names
from handlerid._scanned import Scanned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handlerid._binding import BoundHandler

__all__ = ["Captures", "Holding", "Stale", "check_captures", "check_stale"]

Captures = Literal["warn", "allow", "refuse", "distinct", "carry"]
Stale = Literal["refuse", "accept"]

_CAPTURES, _STALE = get_args(Captures), get_args(Stale)


class Holding:
    """Handlers by id. The rules stand in the package's docstring."""

    def __init__(self, identity: Identity | None, stale: Stale) -> None:
        check_stale(stale)
        self.identity = identity or Identity()
        self.stale = stale
        self._lock = Lock()
        self._handlers: dict[str, BoundHandler] = {}
        # Looks an id up here alone; None says nothing of parents and old ids. It is
        # what a payload costs when all goes well, so it has no Python frame of its own.
        self.look_up: Callable[[str], BoundHandler | None] = self._handlers.get
        self._locations: Locations | None = None
        self._aliases: dict[str, BoundHandler] = {}
        self._share()

    def _share(self) -> None:
        """Makes what a registry and its scopes share."""
        self._names = Names()
        self.scanned = Scanned(self.identity.module_name)

    def find(self, handler_id: str) -> BoundHandler | None:
        """Returns the handler of an id, or None; any text may be asked for."""
        found = self.look_up(handler_id)
        if found is None and self._aliases:
            return self._aliases.get(handler_id)
        return found

    def resolve(self, handler_id: str, *, stale: Stale | None = None) -> BoundHandler:
        """Returns the handler of an id.

        Args:
            handler_id: the text of the id.
            stale: ``"refuse"`` overrides what the registry and the handler accept.

        Raises:
            MalformedPayload: the text is not an id.
            StaleHandler: its location is known here, its code is not.
            UnknownHandler: there is no such handler here.
        """
        found = self.find(handler_id)
        if found is not None:
            return found
        missing = HandlerId.parse(handler_id)
        known = self.at_location(missing.location)
        near = None if stale == "refuse" else closest(missing, known)
        if near is not None and self.accepts(near):
            found = self.find(near)  # None, if it was forgotten just now
            if found is not None:
                return found
        raise refusal(missing, known)

    def accepts(self, handler_id: HandlerId) -> bool:
        """Tells whether a registered handler answers for stale ids of its location.

        It does not where another may have been meant: a lambda has no name of its own,
        and in a scanned module several functions may be seen to share one.
        """
        naming = self._names.of(handler_id)
        named = naming is not None and naming.name is not None
        if not named and str(handler_id.qualname).endswith("<lambda>"):
            return False
        place = str(handler_id.module), str(handler_id.qualname)
        if len({encode_code(code) for code in self.scanned.codes(*place)}) > 1:
            return False
        return ((naming and naming.stale) or self.stale) == "accept"

    def at_location(self, location: str) -> tuple[HandlerId, ...]:
        """Returns the ids at a location, that part of an id; the newest last."""
        with self._lock:
            if self._locations is None:
                # Made when the first id is missing: most registries never need it.
                aliases = [_alias(text, of) for text, of in self._aliases.items()]
                own = [handler.id for handler in self._handlers.values()]
                self._locations = Locations([*aliases, *own])
            return self._locations.at(location)

    def __contains__(self, handler_id: object) -> bool:
        return isinstance(handler_id, str) and self.find(handler_id) is not None

    def __iter__(self) -> Iterator[HandlerId]:
        with self._lock:
            return iter([handler.id for handler in self._handlers.values()])

    def __len__(self) -> int:
        return len(self._handlers)

    def _write(self, new: BoundHandler, aliases: tuple[HandlerId, ...]) -> None:
        self._handlers[new.id] = new
        for alias in aliases:
            self._aliases[alias] = new
        if self._locations is not None:
            for known in (*aliases, new.id):
                self._locations.note(known)

    def _drop(self, module: str) -> tuple[HandlerId, ...]:
        """Lets go of every handler whose location is in a module."""
        with self._lock:
            gone = [x.id for x in self._handlers.values() if x.id.module == module]
            for one in gone:
                del self._handlers[one]  # the same dictionary: look_up reads it
            self._aliases = {
                text: of for text, of in self._aliases.items() if of.id.module != module
            }
            self._locations = None
        return tuple(gone)


def check_captures(captures: str) -> None:
    """Raises ValueError for what says nothing of captures."""
    if captures not in _CAPTURES:
        raise ValueError(f"captures must be one of {', '.join(_CAPTURES)}")


def check_stale(stale: str) -> None:
    """Raises ValueError for what says nothing of stale ids."""
    if stale not in _STALE:
        raise ValueError(f"stale must be one of {', '.join(_STALE)}")


def _alias(text: str, of: BoundHandler) -> HandlerId:
    return HandlerId(text, of.id.module, of.id.qualname)
