"""Ids by location: stale ids, explicit names, and locations that handlers had before.

1. An id is stale if its location is known and its code is not. An id of known code
   with another event, bound arguments or captures is unknown.
2. A name belongs to a location: to every function there, so also to closures that are
   made again and after a reload. Handlers are found at their location, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from handlerid._identity import HandlerId, location_name
from handlerid.errors import NameTaken, StaleHandler, UnknownHandler

_NAME = r"[\w.\-/]{1,200}"
_LOCATION = r"[^:]{1,500}:[^:]{1,500}"
_FORM = "write module:qualname, or the name that the handler had"
_SIGNS = "up to 200 letters, digits, dots, dashes, underscores and slashes"
_Owner = tuple[str | None, str | None]


class Names(dict[_Owner, tuple[str | None, tuple[str, ...], str | None]]):
    """Name, locations before, and ``stale=`` by module and qualified name."""

    def claim(
        self,
        handler_id: HandlerId,
        name: str | None,
        moved_from: str | Iterable[str],
        stale: str | None,
    ) -> None:
        """Give the location of a handler a name; a second call replaces the first."""
        before = [moved_from] if isinstance(moved_from, str) else [*moved_from]
        if name is not None and not re.fullmatch(_NAME, name):
            raise ValueError(f"{name!r} is not a handler's name: {_SIGNS}")
        for one in before:
            if not re.fullmatch(f"{_NAME}|{_LOCATION}", one):
                raise ValueError(f"{one!r} is not a location: {_FORM}")
        owner = module, qualname = handler_id.module, handler_id.qualname
        if name is not None:
            before.insert(0, f"{module}:{qualname}")
            for other, (its_name, *_) in self.copy().items():
                if its_name == name and other != owner:
                    raise NameTaken(
                        f"two handlers have the name {name!r}: {other[0]}.{other[1]} "
                        f"and {module}.{qualname}; give one of them another"
                    )
        self[owner] = name, tuple(before), stale


def closest(missing: HandlerId, known: Iterable[HandlerId]) -> HandlerId | None:
    """Return which of the ids at its location may answer a stale id, or None."""
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
    """Return the error for an id, given the ids at its location, the newest last."""
    if not known:
        text = f"no handler is registered at the location of {missing}; is the module "
        text += "that defines it imported, or the page that makes it rendered here?"
        return UnknownHandler(text, handler_id=missing)
    where = location_name(known[-1])
    if any(one.fingerprint == missing.fingerprint for one in known):
        text = f"{where} is registered here, but not as {missing}: its event, its "
        text += "bound arguments or its captures differ"
        return UnknownHandler(text, handler_id=missing)
    text = f"the code of {where} differs from the code of {missing}: the page is older "
    text += "or newer than this server"
    return StaleHandler(text, handler_id=missing, current=known, location=where)
