"""Handlers by id, for a registry or for a scope.

Writes hold a lock, reads need none. Captures are compared outside of the lock, because
that may run an encoder of the host; those of a scope and its registry are not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import Any, Literal

from handlerid._identity import HandlerId, Identity, encode_code, location_name, name_of
from handlerid._registry.captures import captures_replaced, warn_once
from handlerid._registry.locations import Names, closest, refusal
from handlerid._registry.scan import CodeIndex
from handlerid._registry.signatures import Kind, bind
from handlerid.errors import CapturesReplaced, UnstableCapture
from handlerid.events import Event

Captures = Literal["warn", "allow", "refuse", "distinct", "carry"]
Unstable = Literal["refuse", "omit"]
Stale = Literal["refuse", "accept"]

_CODE = 37  # length of location and fingerprint in an id


class RegisteredHandler:
    """A registered handler: the function, and how it is called.

    Attributes:
        id: the id under which it is registered.
        fn: the handler as the author gave it.
        event: the type of the events it is registered for.
        kind: ``"plain"``, ``"generator"``, ``"coroutine"`` or ``"async generator"``.
            A plain wrapper has the kind of the function that it wraps.
    """

    __module__ = "handlerid"
    __slots__ = ("decode", "event", "fn", "id", "kind", "omitted", "takes_event")

    def __init__(  # noqa: PLR0917 - made at each offer, keywords take longer
        self,
        handler_id: HandlerId,
        fn: Callable[..., object],
        event: type[Event],
        kind: Kind,
        takes_event: bool,
        decode: Callable[[Mapping[str, Any]], Any],
        omitted: object = None,
    ) -> None:
        self.id: HandlerId = handler_id
        self.fn: Callable[..., object] = fn
        self.event: type[Event] = event
        self.kind: Kind = kind
        self.takes_event: bool = takes_event
        self.decode: Callable[[Mapping[str, Any]], Any] = decode
        # Whether captures without canonical form were left out of the id.
        self.omitted: bool = bool(omitted)

    def __repr__(self) -> str:
        return f"<RegisteredHandler {location_name(self.id)}: {self.kind}, {self.id}>"


class Entries:
    """Handlers by id, one function each: the last. Any thread may use it.

    The settings are those of ``Registry``. A scope reads through to its parent, and
    shares with it explicit names, the index of scanned code and the warnings given.
    """

    def __init__(
        self,
        identity: Identity,
        captures: Captures,
        unstable: Unstable,
        stale: Stale,
        parent: Entries | None = None,
    ) -> None:
        self.identity: Identity = identity
        self.parent: Entries | None = parent
        self.captures, self.unstable, self.stale = captures, unstable, stale
        self.distinct: bool = captures in ("distinct", "carry")
        if parent is None:
            self.names: Names = Names()
            self.index: CodeIndex = CodeIndex(identity.module_name)
            self.warned: set[tuple[type, str]] = set()
            self.one_id: bool = identity.one_id and not self.distinct
        else:
            self.names, self.index = parent.names, parent.index
            self.warned, self.one_id = parent.warned, parent.one_id
        self._lock = Lock()
        self.handlers: dict[str, RegisteredHandler] = {}
        # By ids of other keys, and of locations that handlers had before.
        self._aliases: dict[HandlerId, RegisteredHandler] = {}
        # Ids by location; made when an id is missing, which is seldom.
        self._locations: dict[str, list[HandlerId]] = {}

    def child(self) -> Entries:
        """Return empty entries that read through to these, for a scope."""
        return Entries(self.identity, self.captures, self.unstable, self.stale, self)

    def add(
        self,
        fn: Callable[..., object],
        event: type[Event] | str | None = None,
        *,
        part: object = None,
    ) -> RegisteredHandler:
        """Register a handler, unless it is here or in the parent; return its entry."""
        how = bind(fn, event, self.identity)
        omitted: list[str] | None = [] if self.unstable == "omit" else None
        aliases: tuple[HandlerId, ...] = ()
        try:
            if self.one_id and part is None and not self.names:
                new_id = self.identity.handler_id(fn, how.event)
            else:
                ids = self.ids(fn, how.event, part=part, omitted=omitted)
                new_id, aliases = ids[0], ids[1:]
        except UnstableCapture as error:
            raise UnstableCapture(
                f"{name_of(fn)}: {error}", where=error.where, type_name=error.type_name
            ) from error
        while True:
            old = known = self.handlers.get(new_id)
            if old is None and self.parent is not None:
                known = self.parent.handlers.get(new_id)
            if (
                known is not None
                and known.fn is fn
                and known.event is how.event
                and known.takes_event is how.takes_event
                and (not aliases or all(self.find(x) is known for x in aliases))
            ):
                return known
            new = RegisteredHandler(
                new_id, fn, how.event, how.kind, how.takes_event, how.decode, omitted
            )
            if old is not None and old.fn is not fn:
                self._compare(old, new)
            if how.doubt:
                warn_once(UserWarning(how.doubt), new_id[:_CODE], fn, self.warned)
            with self._lock:
                if self.handlers.get(new_id) is old:
                    self.handlers[new_id] = new
                    for alias in aliases:
                        self._aliases[alias] = new
                    self._locations = {}
                    return new

    def ids(
        self,
        fn: Callable[..., object],
        event: type[Event] | str | None,
        *,
        captures: bool | None = None,
        part: object = None,
        omitted: list[str] | None = None,
    ) -> tuple[HandlerId, ...]:
        """Return its id, and its ids by other keys and at locations it had before.

        Captures are part of them as ``Registry(captures=)`` says, or as given here.
        """
        captures = self.distinct if captures is None else captures
        given: Any = {"captures": captures, "part": part, "omitted": omitted}
        ids = self.identity.ids(fn, event, **given)
        if self.names and (naming := self.names.get((ids[0].module, ids[0].qualname))):
            name, before, _ = naming
            ids = ()
            for location in (name, *before):
                ids += self.identity.ids(fn, event, location=location, **given)
        return ids

    def find(self, text: str) -> RegisteredHandler | None:
        """Return the handler of an id, here or in the parent; any text may come."""
        found = self.handlers.get(text)
        if found is None and self._aliases:
            found = self._aliases.get(text)  # type: ignore[call-overload]
        if found is None and self.parent is not None:
            return self.parent.find(text)
        return found

    def resolve(self, text: str) -> RegisteredHandler:
        """Return the handler of an id, as ``Registry.resolve`` does."""
        found = self.find(text)
        if found is None:
            missing = HandlerId.parse(text)
            known = self.at_location(missing.location)
            near = closest(missing, known)
            if near is not None and self.accepts(near):
                found = self.find(near)
            if found is None:
                raise refusal(missing, known)
        return found

    def accepts(self, handler_id: HandlerId) -> bool:
        """Return whether a registered handler answers stale ids of its location."""
        module, qualname = str(handler_id.module), str(handler_id.qualname)
        name, _, stale = self.names.get((module, qualname), (None, (), None))
        if (stale or self.stale) != "accept":
            return False
        # Another lambda, or another function of the name, may have been meant.
        if qualname.endswith("<lambda>") and name is None:
            return False
        return len({encode_code(x) for x in self.index.codes(module, qualname)}) <= 1

    def at_location(self, location: str) -> tuple[HandlerId, ...]:
        """Return the ids at a location, that part of an id; the newest last."""
        above = self.parent.at_location(location) if self.parent is not None else ()
        with self._lock:
            if not self._locations:
                for one in (*self._aliases, *(x.id for x in self.handlers.values())):
                    self._locations.setdefault(one.location, []).append(one)
            own = self._locations.get(location, ())
            return (*(one for one in above if one not in own), *own)

    def forget(self, module: str) -> tuple[HandlerId, ...]:
        """Remove the handlers of a module and return their ids."""
        with self._lock:
            gone = [x.id for x in self.handlers.values() if x.id.module == module]
            for one in [*gone, *(x for x in self._aliases if x.module == module)]:
                self.handlers.pop(one, None)
                self._aliases.pop(one, None)
            self._locations = {}
        self.warned.clear()
        for owner in [one for one in self.names.copy() if one[0] == module]:
            self.names.pop(owner, None)
        return tuple(gone)

    def __contains__(self, handler_id: object) -> bool:
        return isinstance(handler_id, str) and self.find(handler_id) is not None

    def __iter__(self) -> Iterator[HandlerId]:
        with self._lock:
            return iter([handler.id for handler in self.handlers.values()])

    def __len__(self) -> int:
        return len(self.handlers)

    def _compare(self, old: RegisteredHandler, new: RegisteredHandler) -> None:
        """Warn, or raise, if a handler replaces one with other captures."""
        key: str = new.id
        where = "registry" if self.parent is None else "scope"
        if new.omitted:  # what was left out of an id is compared in any mode
            key, where = new.id[:_CODE], "omitted"
        elif self.captures in ("allow", "distinct", "carry"):
            return
        if self.captures == "refuse" or (CapturesReplaced, key) not in self.warned:
            names = self.identity.differing_captures(old.fn, new.fn)
            if names:
                replaced = captures_replaced(new.id, new.fn, names, where)
                if self.captures == "refuse":
                    raise replaced
                warn_once(replaced, key, new.fn, self.warned)
