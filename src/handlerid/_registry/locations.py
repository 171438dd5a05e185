"""Explicit names, and ids by location: stale ids, locations that handlers had before.

1. An id is stale if its location is known and its code is not. An id of known code
   with another event, bound arguments or captures is unknown.
2. A name belongs to a function object, and to every wrapper, partial or bound method
   that leads to it. Handlers are found at their location, too.
3. Functions of one code, or at one location, may have one name: rendered again, or
   reloaded. One code may have several names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from types import CodeType, FunctionType
from weakref import WeakKeyDictionary, WeakValueDictionary

from handlerid._identity import HandlerId, location_name, take_apart
from handlerid.errors import NameTaken, StaleHandler, UnknownHandler

_NAME = r"[\w.\-/]{1,200}"
_LOCATION = r"[^:]{1,500}:[^:]{1,500}"
_FORM = "write module:qualname, or the name that the handler had"
_SIGNS = "up to 200 letters, digits, dots, dashes, underscores and slashes"


class Naming:
    """What functions of one code are called; the functions keep it alive."""

    __slots__ = ("__weakref__", "before", "code", "location", "name", "stale")

    def __init__(
        self,
        name: str | None,
        before: tuple[str, ...],
        stale: str | None,
        code: CodeType,
        location: str,
    ) -> None:
        self.name, self.before, self.stale = name, before, stale
        self.code, self.location = code, location


class Names:
    """Name, locations before, and ``stale=`` by function. Any thread may use it."""

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[FunctionType, Naming] = WeakKeyDictionary()
        self._named: WeakValueDictionary[str, Naming] = WeakValueDictionary()
        self._lock = Lock()
        self.used = False  # whether a name was ever given: offers ask

    def of(self, fn: Callable[..., object]) -> Naming | None:
        """Return what a handler is called, if its function was given a name."""
        return self._of.get(_innermost(fn))

    def claim(
        self,
        fn: Callable[..., object],
        here: HandlerId,
        name: str | None,
        moved_from: str | Iterable[str],
        stale: str | None,
    ) -> None:
        """Give the function of a handler a name; ``here`` is its id without one."""
        before = [moved_from] if isinstance(moved_from, str) else [*moved_from]
        _check(name, before)
        function, where = _innermost(fn), location_name(here)
        with self._lock:
            own = self._of.get(function)
            if (
                own is not None
                and own.name is not None
                and name not in (None, own.name)
            ):
                raise NameTaken(
                    f"{where} has the name {own.name!r}, and a function has one: it "
                    f"cannot be {name!r} too; make another function for it"
                )
            if name is None and own is not None:
                name = own.name
            if name is not None:
                before.insert(0, f"{here.module}:{here.qualname}")
            new = Naming(name, tuple(before), stale, function.__code__, where)
            held = None if name is None else self._named.get(name)
            if held is not None and held.code is not new.code:
                if held.location != where:
                    raise NameTaken(
                        f"two handlers have the name {name!r}: {held.location} and "
                        f"{where}; give one of them another"
                    )
                held.name, held.before = None, ()  # reloaded: the last one has it
            elif held is not None:
                held.before, held.stale = new.before, new.stale
                new = held
            self._of[function], self.used = new, True
            if name is not None:
                self._named[name] = new

    def forget(self, module: str) -> None:
        """Forget the names of the functions of a module."""
        with self._lock:
            for fn in [fn for fn, one in self._of.items() if fn.__module__ == module]:
                del self._of[fn]


def _check(name: str | None, before: Iterable[str]) -> None:
    if name is not None and not re.fullmatch(_NAME, name):
        raise ValueError(f"{name!r} is not a handler's name: {_SIGNS}")
    for one in before:
        if not re.fullmatch(f"{_NAME}|{_LOCATION}", one):
            raise ValueError(f"{one!r} is not a location: {_FORM}")


def _innermost(fn: Callable[..., object]) -> FunctionType:
    if type(fn) is FunctionType and not hasattr(fn, "__wrapped__"):
        return fn
    functions = [x for x in take_apart(fn).layers if not isinstance(x, str)]
    return functions[-1]


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
