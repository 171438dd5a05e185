"""Explicit names of handlers, and the places where they stood before.

What belongs here: who has claimed which name. What becomes of an id when a handler
has one is told by ``_identity``, and who answers for it by ``_registry``.

The rules:

1. A name belongs to a location, module and qualified name: to all functions there,
   as closures made anew or after a reload.
2. One location claims a name; a second one is an error.
3. An old place is an explicit name, or ``module:qualname``. The place where a named
   handler stands is one of them: naming a handler loses no open page.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from handlerid.errors import NameTaken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlerid._handler_id import HandlerId

__all__ = ["Names", "Naming"]

# Compiled when the first is claimed: many hosts name none.
_NAME = r"[\w.\-/]{1,200}"
_PLACE = r"[^:]{1,500}:[^:]{1,500}"


class Naming(NamedTuple):
    """What an author said of a handler's place.

    Attributes:
        name: its explicit name, or None.
        before: the places where it stood before.
        stale: what is done with ids of other code there, or None.
    """

    name: str | None
    before: tuple[str, ...]
    stale: str | None = None


class Names:
    """The namings of one registry and its scopes. Any thread may use it.

    Attributes:
        given: by module and qualified name. Most registries have none.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.given: dict[tuple[str | None, str | None], Naming] = {}
        self._owners: dict[str, tuple[str | None, str | None]] = {}

    def claim(
        self,
        handler_id: HandlerId,
        name: str | None,
        before: str | Iterable[str],
        stale: str | None = None,
    ) -> None:
        """Gives a handler's location a name; a second claim replaces its first.

        Raises:
            ValueError: the name or an old place is not written as one.
            NameTaken: another location has the name.
        """
        before = (before,) if isinstance(before, str) else tuple(before)
        if name is not None and not re.fullmatch(_NAME, name):
            raise ValueError(
                f"{name!r} is not a handler's name: up to 200 letters, digits, "
                "dots, dashes, underscores and slashes"
            )
        for place in before:
            if not re.fullmatch(f"{_NAME}|{_PLACE}", place):
                raise ValueError(
                    f"{place!r} is not a place where a handler stood: write "
                    "module:qualname, or the name that it had"
                )
        owner = (handler_id.module, handler_id.qualname)
        if name is not None:
            before = (f"{owner[0]}:{owner[1]}", *before)
        with self._lock:
            other = self._owners.get(name, owner) if name else owner
            if other != owner:
                raise NameTaken(
                    f"two handlers claim the name {name!r}: {other[0]}.{other[1]} and "
                    f"{owner[0]}.{owner[1]}; give one of them another"
                )
            first = self.given.get(owner)
            if first is not None and first.name is not None:
                self._owners.pop(first.name, None)
            if name:
                self._owners[name] = owner
            self.given[owner] = Naming(name, before, stale)

    def of(self, handler_id: HandlerId) -> Naming | None:
        """What was said of the place of this handler."""
        return self.given.get((handler_id.module, handler_id.qualname))

    def forget(self, module: str) -> None:
        """Lets go of all that was said of places in a module."""
        with self._lock:
            for owner in [one for one in self.given if one[0] == module]:
                del self.given[owner]
            for name in [one for one, of in self._owners.items() if of[0] == module]:
                del self._owners[name]
