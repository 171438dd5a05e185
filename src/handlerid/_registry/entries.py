"""Handlers by id, for a registry or for a scope.

Writes hold a lock, reads need none. Captures are compared outside of the lock, because
that may run an encoder of the host; those of a scope and its registry are not compared.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import CodeType, FunctionType
from typing import Any, Literal

from handlerid import errors
from handlerid._bytecode import encode_code
from handlerid._captures import Equals, Held, has_changed, is_plain
from handlerid._identity import (
    Codes,
    HandlerId,
    Identity,
    is_current,
    location_name,
    name_of,
)
from handlerid._peek import LOCK, Shared
from handlerid._registry.captures import captures_replaced, late_variable, warn_once
from handlerid._registry.locations import Names, closest, refusal
from handlerid._registry.scan import CodeIndex
from handlerid._registry.signatures import Kind, bind
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
    __slots__ = ("code", "decode", "event", "fn", "id", "kind", "number", "takes_event")

    id: HandlerId
    fn: Callable[..., object]
    event: type[Event]
    kind: Kind
    takes_event: bool
    decode: Callable[[Mapping[str, Any]], Any]
    code: CodeType | Codes  # hashed: its code, or its functions, each with its code
    number: int | None  # among equals in a scope; None if the id omits its captures

    def __init__(
        self, handler_id: HandlerId, fn: Any, how: Any, code: Any = (), number: Any = 0
    ) -> None:
        self.id, self.fn, self.code, self.number = handler_id, fn, code, number
        self.event, self.kind, self.takes_event, self.decode = how

    def is_current(self) -> bool:
        """Return whether its functions have the code that was hashed."""
        code = self.code
        return is_current(code) if type(code) is tuple else self.fn.__code__ is code

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
        parent: "Entries | None" = None,
    ) -> None:
        self.identity: Identity = identity
        self.parent: Entries | None = parent
        self.captures, self.unstable, self.stale = captures, unstable, stale
        self.distinct: bool = captures in ("distinct", "carry")
        self.one_id: bool = identity.one_id and not self.distinct
        self.names: Names = parent.names if parent else Names()
        self.index: CodeIndex = parent.index if parent else CodeIndex(identity)
        self.warned: set[tuple[type, str]] = parent.warned if parent else set()
        self.equals: Equals | None = Equals() if parent and self.distinct else None
        self._held: list[Held] | None = [] if parent and captures != "allow" else None
        self.handlers: dict[str, RegisteredHandler] = {}
        # By ids of other keys, and of locations that handlers had before.
        self._aliases: dict[HandlerId, RegisteredHandler] = {}
        # Ids by location; made when an id is missing, which is seldom.
        self._locations: dict[str, list[HandlerId]] = {}

    def child(self) -> "Entries":
        """Return empty entries that read through to these, for a scope."""
        return Entries(self.identity, self.captures, self.unstable, self.stale, self)

    def add(  # noqa: C901, PLR0912 - made at each offer, a call is a twentieth of it
        self,
        fn: Callable[..., object],
        event: type[Event] | str | None = None,
        *,
        part: bytes = b"",
    ) -> RegisteredHandler:
        """Register a handler, unless it is here or in the parent; return its entry."""
        record, identity = None, self.identity
        if type(fn) is FunctionType:  # what follows looks nothing up again
            record = identity.records.get(id(fn.__code__)) or identity.record(fn)
        how = bind(fn, event, identity, record)
        aliases: Sequence[HandlerId] = ()
        code: CodeType | Codes
        number: int | None = 0
        try:
            if (
                record is not None
                and self.one_id
                and not (part or self.names.used)
                and not hasattr(fn, "__wrapped__")
            ):
                last, code = record.last, fn.__code__
                new_id = last[-1]  # as handler_id does, without a call
                if not (
                    last[0] is how.event.wire_name
                    and last[1] is fn.__qualname__
                    and last[2] is fn.__module__
                ):
                    new_id = identity.handler_id(fn, how.event)
            else:
                (new_id, *aliases), number, codes = self.ids(fn, how.event, part)
                (one, own), *others = codes
                code = codes if others or one is not fn else own
        except errors.UnstableCapture as error:
            raise errors.UnstableCapture(
                f"{name_of(fn)}: {error}", where=error.where, type_name=error.type_name
            ) from error
        if self._held is not None and not (
            # most change nothing, and that is seen at once
            record is not None
            and (record.closed or fn.__closure__ is None)
            and how.plain
            and is_plain(fn.__closure__)
        ):
            for one in identity.late(fn):  # a comprehension would make cells
                self._held.append(Held(new_id, fn, one))
        while True:
            old = known = self.handlers.get(new_id)
            if old is None and self.parent is not None:
                known = self.parent.handlers.get(new_id)
            if (
                known is not None
                and known.fn is fn
                and known.event is how.event
                and known.takes_event is how.takes_event
                and (known.code is code or known.is_current())
                and (not aliases or all(self.find(x) is known for x in aliases))
            ):
                return known
            new = RegisteredHandler(new_id, fn, how.fields, code, number)
            if old is not None and old.fn is not fn:
                self._compare(old, new)
            if how.doubt:
                warn_once(UserWarning(how.doubt), new_id[:_CODE], fn, self.warned)
            with LOCK:
                if self.handlers.get(new_id) is old:
                    for alias in aliases:
                        self._check_moved(alias, new_id)
                    for alias in aliases:
                        self._aliases[alias] = new
                    self.handlers[new_id] = new
                    self._locations = {}
                    return new

    def ids(
        self, fn: Callable[..., object], event: type[Event], part: bytes = b""
    ) -> tuple[tuple[HandlerId, ...], int | None, Codes]:
        """Return the ids of a handler, its number among equals, and what was hashed.

        The ids by other keys, and at locations it had before, come after its own.
        """
        equals = self.equals
        if equals is not None and equals.offered:
            known = equals.offered.get((id(fn), part))
            if known is not None and known[1] is event and is_current(known[-1]):
                return known[2:]
        omitted: list[str] | None = [] if self.unstable == "omit" else None
        naming = self.names.of(fn)
        bare, digest, marks, codes = self.identity.bare_ids(
            fn,
            event,
            captures=self.distinct,
            part=part,
            location=naming.name if naming else None,
            omitted=omitted,
        )
        for location in naming.before if naming else ():
            bare += self.identity.bare_ids(fn, event, location=location)[0]
        if equals is None or omitted:
            ids = self.identity.complete(bare, digest)
            return ids, None if omitted else 0, (*codes,)
        number = equals.number((bare[0], digest), marks, part)
        ids = self.identity.complete(bare, digest, number)
        if number:
            equals.several.add(ids[0])
        if number == 1:
            equals.several.add(self.identity.complete(bare, digest)[0])
        if len(marks) > 1:
            # Captures may change: the same function keeps its ids.
            equals.offered[id(fn), part] = fn, event, ids, number, (*codes,)
        return ids, number, (*codes,)

    def find(self, text: str) -> RegisteredHandler | None:
        """Return the handler of an id, here or in the parent; any text may come."""
        found = self.handlers.get(text)
        if found is None and self._aliases:
            if self.parent is not None:  # what is there comes before what was there
                found = self.parent.handlers.get(text)
            found = found or self._aliases.get(text)  # type: ignore[call-overload]
        if found is not None and found.is_current():
            return found
        if self.parent is not None:
            return self.parent.find(text)
        return self.find(text) if self._renew(HandlerId(text).location) else None

    def _renew(self, location: str) -> bool:
        """Register handlers whose code was replaced under their new ids."""
        renewed = False
        for handler_id in self.at_location(location):
            one = self.handlers.get(handler_id)
            if one is None or one.is_current():
                continue
            try:
                if self.add(one.fn, one.event).id.location != location:
                    continue
            except errors.HandlerIdError:
                continue  # the old one stays, and answers nothing
            with LOCK:
                if self.handlers.get(one.id) is one:
                    del self.handlers[one.id]
                kept = [x for x in self._aliases.items() if x[1] is not one]
                self._aliases, self._locations, renewed = dict(kept), {}, True
        return renewed

    def resolve(self, text: str, *others: "Entries") -> RegisteredHandler:
        """Return the handler of an id, as ``Registry.resolve`` does.

        If the id is stale, one of the others may have the handler of its location.
        """
        found = self.find(text)
        if found is not None:
            return found
        missing = HandlerId.parse(text)
        known = {
            one: entries
            for entries in (*others, self)
            for one in entries.at_location(missing.location)
        }
        near = closest(missing, known)
        if near is not None and known[near].accepts(near):
            found = known[near].find(near)
            if found is not None:
                return found
        raise refusal(missing, [*known], self.identity.fingerprint)

    def accepts(self, handler_id: HandlerId) -> bool:
        """Return whether the handler of an id answers stale ids of its location."""
        handler, equals = self.find(handler_id), self.equals
        naming = handler and self.names.of(handler.fn)
        stale = (naming and naming.stale) or self.stale
        if stale != "accept" or (equals and handler_id in equals.several):
            return False
        # Another lambda, or another function of the name, may have been meant.
        module, qualname = str(handler_id.module), str(handler_id.qualname)
        if qualname.endswith("<lambda>") and not (naming and naming.name):
            return False
        return len({encode_code(x) for x in self.index.codes(module, qualname)}) <= 1

    def _check_moved(self, alias: HandlerId, new: HandlerId) -> None:
        """Refuse an old id that a handler of another place has already."""
        above = self.parent._aliases if self.parent is not None else {}  # noqa: SLF001
        other = self._aliases.get(alias) or above.get(alias)
        if other and location_name(other.id) != location_name(new):
            raise errors.NameTaken(
                f"{location_name(other.id)} and {location_name(new)} are both "
                "moved_from one place and have the same code: only one of them can "
                "answer the ids from there"
            )

    def end_rendering(self) -> None:
        """Warn, or raise, for variables that changed after the offer; once each."""
        if not self._held:
            return
        held, self._held = self._held, []
        identity = self.identity
        difference = partial(identity.codec.difference, describe=identity.describe)
        for one in [one for one in held if has_changed(one, difference)]:
            changed = late_variable(one)
            if self.captures != "warn":
                raise changed
            warn_once(changed, one.handler_id, one.handler, self.warned)

    def at_location(self, location: str) -> tuple[HandlerId, ...]:
        """Return the ids at a location, that part of an id; the newest last."""
        above = self.parent.at_location(location) if self.parent is not None else ()
        with LOCK:
            if not self._locations:
                for one in (*self._aliases, *(x.id for x in self.handlers.values())):
                    self._locations.setdefault(one.location, []).append(one)
            own = self._locations.get(location, ())
            return (*(one for one in above if one not in own), *own)

    def forget(self, module: str) -> tuple[HandlerId, ...]:
        """Remove the handlers of a module and return their ids."""
        with LOCK:
            gone = [x.id for x in self.handlers.values() if x.id.module == module]
            for one in [*gone, *(x for x in self._aliases if x.module == module)]:
                self.handlers.pop(one, None)
                self._aliases.pop(one, None)
            self._locations = {}
        self.warned.clear()
        self.names.forget(module)
        return tuple(gone)

    def _compare(self, old: RegisteredHandler, new: RegisteredHandler) -> None:
        """Warn, or raise, if a handler replaces one with other captures."""
        key: str = new.id
        where = "registry" if self.parent is None else "scope"
        if new.number is None:
            key, where = new.id[:_CODE], "omitted"
        elif self.captures == "allow" or (self.distinct and where == "scope"):
            return  # the numbers say that they are the same
        raises = self.captures == "refuse"
        if raises or (errors.CapturesReplaced, key) not in self.warned:
            names = self.identity.difference(old.fn, new.fn)
            if names:
                replaced = captures_replaced(new.id, new.fn, names, where)
                if raises:
                    raise replaced
                warn_once(replaced, key, new.fn, self.warned)


class Holder(Shared):
    """What holds entries: it is a container of their ids."""

    entries: Entries

    def __contains__(self, handler_id: object) -> bool:
        return isinstance(handler_id, str) and self.entries.find(handler_id) is not None

    def __iter__(self) -> Iterator[HandlerId]:
        # A copy: another thread may register.
        return iter([one.id for one in self.entries.handlers.copy().values()])

    def __len__(self) -> int:
        return len(self.entries.handlers)
