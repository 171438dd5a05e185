"""Explicit names, and ids by location: stale ids, locations that handlers had before.

1. An id is stale if its location is known and its code, bound arguments or captures
   are not. An id of known code with another event is unknown.
2. A name belongs to a function object, and to every wrapper, partial or bound method
   that leads to it. Handlers are found at their location, too.
3. Functions of one code, or at one location, may have one name: rendered again, or
   reloaded. One code may have several names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from handlerid._identity import HandlerId, location_name
from handlerid._peek import LOCK, expect
from handlerid._registry.captures import functions_of
from handlerid.errors import NameTaken, StaleHandler, UnknownHandler

_NAME = r"[\w.\-/]{1,200}"
_LOCATION = r"[^:]{1,500}:[^:]{1,500}"
_SIGNS = "up to 200 letters, digits, dots, dashes, underscores and slashes"


@dataclass(eq=False, slots=True, weakref_slot=True)
class Naming:
    """What functions of one code are called; the functions keep it alive."""

    here: HandlerId
    code: CodeType
    name: str | None
    before: tuple[str, ...] = ()
    stale: str | None = None


class Names:
    """Name, locations before, and ``stale=`` by function. Any thread may use it."""

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[FunctionType, Naming] = WeakKeyDictionary()
        self._named: WeakValueDictionary[str, Naming] = WeakValueDictionary()
        self.used: bool = False  # whether a name was ever given: offers ask

    def of(self, fn: Callable[..., object]) -> Naming | None:
        """Return what a handler is called, if its function was given a name."""
        return self._of.get(functions_of(fn)[-1]) if self.used else None

    def claim(
        self,
        fn: Callable[..., object],
        here: HandlerId,
        name: str | None,
        moved_from: str | Iterable[str],
        stale: str | None,
    ) -> None:
        """Give the function of a handler a name; ``here`` is its id without one."""
        expect(isinstance(name, str | None), "name", "a str", name)
        if name is not None and not re.fullmatch(_NAME, name):
            raise ValueError(f"{name!r} is not a handler's name: {_SIGNS}")
        before = _places(moved_from)
        function, where = functions_of(fn)[-1], location_name(here)
        with LOCK:
            own = self._of.get(function)
            if own is not None:  # what it was given stays
                if own.name and name not in (None, own.name):
                    raise NameTaken(
                        f"{where} has the name {own.name!r}, and a function has one: "
                        f"it cannot be {name!r} too; make another function for it"
                    )
                name, stale = name or own.name, stale or own.stale
                before += own.before
            held = None
            if name is not None:
                before.insert(0, f"{here.module}:{here.qualname}")
                held = self._named.get(name)
            if held is not None and held.code is not function.__code__:
                if location_name(held.here) != where:
                    raise NameTaken(
                        f"two handlers have the name {name!r}: "
                        f"{location_name(held.here)} and {where}; "
                        "give one of them another"
                    )
                held.name, held.before = None, ()  # reloaded: the last one has it
                held = None
            new = held or Naming(here, function.__code__, name)
            new.before, new.stale = tuple(dict.fromkeys(before)), stale
            self._of[function], self.used = new, True
            if name is not None:
                self._named[name] = new

    def forget(self, module: str) -> None:
        """Forget the names of the functions of a module, as ids name it."""
        with LOCK:
            for fn in [fn for fn, one in self._of.items() if one.here.module == module]:
                del self._of[fn]


def _places(moved_from: Any) -> list[str]:
    """Check names and locations; add the locations as Python reads identifiers."""
    from unicodedata import normalize  # noqa: PLC0415 - seldom needed

    several = not isinstance(moved_from, str) and hasattr(moved_from, "__iter__")
    before = [*moved_from] if several else [moved_from]
    for one in before:
        expect(isinstance(one, str), "moved_from", "a str or several", one)
        if not re.fullmatch(f"{_NAME}|{_LOCATION}", one):
            raise ValueError(
                f"{one!r} is not a location: write module:qualname, or "
                "the name that the handler had"
            )
    return before + [normalize("NFKC", one) for one in before if ":" in one]


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
    missing: HandlerId, known: Sequence[HandlerId], fingerprint: str
) -> UnknownHandler | StaleHandler:
    """Return the error for an id, given the ids at its location, the newest last."""
    if not known:
        text = f"no handler is registered at the location of {missing}; is the module "
        text += "that defines it imported, under one name: Identity(module_name=...)? "
        text += "The handlers of a scope end with it: for those that a page makes, use "
        text += 'captures="carry" or rerender=; for others, @registry.handler'
        return UnknownHandler(text, handler_id=missing)
    where = location_name(known[-1])
    same = [one for one in known if one.fingerprint == missing.fingerprint]
    if same and missing not in known:  # else its code was replaced
        text = f"{where} is registered here, but not as {missing}: its event, its "
        text += "bound arguments or its captures differ"
        if not any(one.event == missing.event for one in same):
            return UnknownHandler(text, handler_id=missing)
        return StaleHandler(text, handler_id=missing, current=known, location=where)
    text = f"the code of {where} differs from the code of {missing}: the page is older "
    text += "or newer than this server"
    if fingerprint == "bytecode":
        text += f", or another Python than {sys.version.split()[0]} rendered it: run "
        text += 'one Python on all servers, or use Identity(fingerprint="source")'
    return StaleHandler(text, handler_id=missing, current=known, location=where)
