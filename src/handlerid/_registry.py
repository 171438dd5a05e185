"""From an id to its handler.

What belongs here: who is registered, and what happens when an id is taken. How an id
is computed and how a handler is called is said a floor below.

The rules:

1. A registry holds one function an id: the last that was registered.
2. A scope reads through to its parents and writes to itself. When it closes it lets
   go of everything that was registered in it.
3. A function that replaces one with other captures makes that one unreachable, and
   ``captures=`` says what then happens. Only functions of one registry are compared:
   a scope may register what its parent holds too.
4. Writes hold a lock, but not while captures are compared: that may run the host's
   code. Reads need no lock.
"""

from __future__ import annotations

import warnings
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from handlerid._anatomy import take_apart
from handlerid._binding import BoundHandler, bind
from handlerid._handler_id import HandlerId
from handlerid._identity import Identity
from handlerid._names import Names
from handlerid.errors import (
    CapturesReplaced,
    StaleHandler,
    UnknownHandler,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from handlerid.events import Event

__all__ = ["Registry", "Scope"]

F = TypeVar("F", bound="Callable[..., object]")
Captures = Literal["warn", "allow", "refuse"]


class Registry:
    """Holds handlers by id. The last function registered under an id is the one.

    Any thread may register and look up at any time; nothing is lost. Making a
    registry or a scope is cheap enough to do it for every request.

    Args:
        identity: computes the ids; by default one of its own with default settings.
        captures: what to do when a function replaces one with other captures:
            ``"warn"`` replaces it, with one ``CapturesReplaced`` warning an id;
            ``"allow"`` replaces it; ``"refuse"`` raises ``CapturesReplaced`` and
            keeps the old one.
        on_replace: is called with a ``CapturesReplaced`` each time that happens,
            whatever ``captures`` says, in the thread that registers.

    Raises:
        ValueError: ``captures`` is none of these.
    """

    def __init__(
        self,
        *,
        identity: Identity | None = None,
        captures: Captures = "warn",
        on_replace: Callable[[CapturesReplaced], object] | None = None,
    ) -> None:
        if captures not in ("warn", "allow", "refuse"):
            raise ValueError('captures must be "warn", "allow" or "refuse"')
        self.identity = identity or Identity()
        self.captures = captures
        self.on_replace = on_replace
        self._lock = Lock()
        self._handlers: dict[str, BoundHandler] = {}
        # Looks an id up here alone; None says nothing of parents and old ids. It is
        # what a payload costs when all goes well, so it has no Python frame of its own.
        self.look_up = self._handlers.get
        self._locations: dict[str, tuple[HandlerId, ...]] | None = None
        self._aliases: dict[str, BoundHandler] = {}
        self._warned: set[str] = set()
        self._names = Names()

    def register(
        self, fn: Callable[..., object], event: type[Event] | None = None
    ) -> HandlerId:
        """Registers a handler and returns its id.

        A second registration of the same function changes nothing. One of another
        function with the same id replaces the first: see ``captures``.

        Args:
            fn: a callable that takes the event, or nothing.
            event: the type of the events; by default the one that the annotation
                of ``fn`` names, or ``Event`` when it names none.

        Raises:
            UnsupportedHandler: ``fn`` cannot have an id, or the event type has a
                field that cannot be read from a payload.
            UnstableCapture: a bound argument of ``fn`` has no canonical form.
            SignatureError: ``fn`` cannot be called with such an event.
            CapturesReplaced: with ``captures="refuse"``, as described there.
        """
        new = bind(fn, event, self._identify)
        aliases = self._old_ids(new) if self._names else ()
        while True:
            old = self._handlers.get(new.id)
            if old is not None:
                self._compare(old, new)
            with self._lock:
                if self._handlers.get(new.id) is old:
                    self._write(new, aliases)
                    return new.id

    @overload
    def handler(self, fn: F, /) -> F: ...
    @overload
    def handler(
        self,
        /,
        *,
        event: type[Event] | None = None,
        name: str | None = None,
        moved_from: str | Iterable[str] = (),
    ) -> Callable[[F], F]: ...
    def handler(
        self,
        fn: Any = None,
        /,
        *,
        event: type[Event] | None = None,
        name: str | None = None,
        moved_from: str | Iterable[str] = (),
    ) -> Any:
        """Decorates a handler: registers it and returns it as it is.

        Use it bare, or with arguments: ``@registry.handler(event=ClickEvent)``. Takes
        and raises what ``register`` does.

        Args:
            fn: the handler, when it is used bare.
            event: as in ``register``.
            name: a name that stands for the location in the handler's ids, so that it
                may be renamed or moved. It belongs to the location: whatever is
                registered there later, in this registry or its scopes, has it too.
            moved_from: where the handler stood before, as ``"module:qualname"`` or by
                an earlier name. Pages with ids from there find it as long as its code
                is the same; its own name does not count as code.

        Raises:
            NameTaken: a handler at another location has the name.
            ValueError: ``name`` or ``moved_from`` is not written as one.
        """

        def decorate(function: F) -> F:
            if name is not None or moved_from:
                here = self.identity.handler_id(function)
                self._names.claim(here, name, moved_from)
            self.register(function, event)
            return function

        return decorate if fn is None else decorate(fn)

    def find(self, handler_id: str) -> BoundHandler | None:
        """Returns the handler of an id, or None; any text may be asked for."""
        found = self._handlers.get(handler_id)
        if found is None and self._aliases:
            return self._aliases.get(handler_id)
        return found

    def resolve(self, handler_id: str) -> BoundHandler:
        """Returns the handler of an id.

        Raises:
            MalformedPayload: the text is not an id.
            StaleHandler: its location is known here, its code is not.
            UnknownHandler: there is no such handler here.
        """
        found = self.find(handler_id)
        if found is not None:
            return found
        parsed = HandlerId.parse(handler_id)
        known = self.at_location(parsed.location)
        if not known:
            raise UnknownHandler(
                f"no handler is registered at the location of {parsed}; is the module "
                "that defines it imported, or the page that makes it rendered here?",
                handler_id=parsed,
            )
        where = f"{known[-1].module}.{known[-1].qualname}"
        if any(one.fingerprint == parsed.fingerprint for one in known):
            raise UnknownHandler(
                f"{where} is registered here, but not for what {parsed} names: its "
                "event or its bound arguments differ",
                handler_id=parsed,
            )
        raise StaleHandler(
            f"the code of {where} differs from the one that {parsed} was made of: "
            "the page is older or newer than this server",
            handler_id=parsed,
            current=known,
        )

    def at_location(self, location: str) -> tuple[HandlerId, ...]:
        """Returns the ids at a location, that part of an id; the newest last."""
        with self._lock:
            if self._locations is None:
                # Made when the first id is missing: most registries never need it.
                self._locations = {}
                for alias, handler in self._aliases.items():
                    there = HandlerId(alias, handler.id.module, handler.id.qualname)
                    _note(self._locations, there)
                for handler in self._handlers.values():
                    _note(self._locations, handler.id)
            return self._locations.get(location, ())

    def scope(
        self,
        *,
        captures: Captures | None = None,
        on_replace: Callable[[CapturesReplaced], object] | None = None,
    ) -> Scope:
        """Returns a child registry for one render, request or session.

        Use it as a context manager, or call ``close``. Arguments that are not given
        are as in this registry.
        """
        return Scope(
            self,
            captures=captures or self.captures,
            on_replace=on_replace or self.on_replace,
        )

    def __contains__(self, handler_id: object) -> bool:
        return isinstance(handler_id, str) and self.find(handler_id) is not None

    def __iter__(self) -> Iterator[HandlerId]:
        with self._lock:
            return iter([handler.id for handler in self._handlers.values()])

    def __len__(self) -> int:
        return len(self._handlers)

    def _identify(self, fn: Callable[..., object], event: type[Event]) -> HandlerId:
        handler_id = self.identity.handler_id(fn, event)
        naming = self._names.of(handler_id) if self._names else None
        if naming is None or naming.name is None:
            return handler_id
        return self.identity.id_at(fn, naming.name, event)

    def _old_ids(self, new: BoundHandler) -> tuple[HandlerId, ...]:
        naming = self._names.of(new.id)
        places = naming.before if naming else ()
        return tuple(self.identity.id_at(new.fn, at, new.event) for at in places)

    def _write(self, new: BoundHandler, aliases: tuple[HandlerId, ...]) -> None:
        self._handlers[new.id] = new
        for alias in aliases:
            self._aliases[alias] = new
        if self._locations is not None:
            for known in (*aliases, new.id):
                _note(self._locations, known)

    def _compare(self, old: BoundHandler, new: BoundHandler) -> None:
        """Says what is lost when the new handler replaces the old."""
        if old.fn is new.fn:
            return
        if self.captures == "allow" and self.on_replace is None:
            return
        names = self.identity.differing_captures(old.fn, new.fn)
        if not names:
            return
        replaced = _captures_replaced(new, names)
        if self.on_replace is not None:
            self.on_replace(replaced)
        if self.captures == "refuse":
            raise replaced
        if self.captures == "warn" and new.id not in self._warned:
            self._warned.add(new.id)
            _warn(replaced, new.fn)


class Scope(Registry):
    """A registry that reads through to its parent and writes to itself."""

    def __init__(
        self,
        parent: Registry,
        *,
        captures: Captures,
        on_replace: Callable[[CapturesReplaced], object] | None,
    ) -> None:
        super().__init__(
            identity=parent.identity, captures=captures, on_replace=on_replace
        )
        self.parent = parent
        # Once an id, not once an id and render.
        self._warned = parent._warned  # noqa: SLF001 - the parent is a registry too
        self._names = parent._names  # noqa: SLF001
        self._closed = False

    def find(self, handler_id: str) -> BoundHandler | None:
        """Returns the handler of an id, here or in the parents, or None."""
        found = super().find(handler_id)
        return self.parent.find(handler_id) if found is None else found

    def at_location(self, location: str) -> tuple[HandlerId, ...]:
        """Returns the ids at a location, here and in the parents; the newest last."""
        own = super().at_location(location)
        above = self.parent.at_location(location)
        return (*(one for one in above if one not in own), *own)

    def close(self) -> None:
        """Lets go of everything registered here. A second call does nothing."""
        with self._lock:
            self._closed = True
            self._handlers.clear()  # the same one: look_up reads it
            self._aliases = {}
            self._locations = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[HandlerId]:
        own = list(super().__iter__())
        return iter([*own, *(one for one in self.parent if one not in self._handlers)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _write(self, new: BoundHandler, aliases: tuple[HandlerId, ...]) -> None:
        if self._closed:
            raise RuntimeError(
                f"the scope is closed; {new.id.module}.{new.id.qualname} cannot be "
                "registered in it any more"
            )
        super()._write(new, aliases)


def _note(locations: dict[str, tuple[HandlerId, ...]], handler_id: HandlerId) -> None:
    known = locations.get(handler_id.location, ())
    others = tuple(one for one in known if one != handler_id)
    locations[handler_id.location] = (*others, handler_id)


def _captures_replaced(new: BoundHandler, names: tuple[str, ...]) -> CapturesReplaced:
    where = f"{new.id.module}.{new.id.qualname}"
    return CapturesReplaced(
        f"two handlers at {where} have one id and differ in what they captured "
        f"({', '.join(names)}): the one registered last answers for both. Give each "
        "component a key and read event.key instead, or choose what happens with "
        'captures="refuse" or "allow" on the registry or the scope',
        handler_id=new.id,
        names=names,
    )


def _warn(replaced: CapturesReplaced, fn: Callable[..., object]) -> None:
    """Warns at the line where the handler is defined, not where it is registered."""
    layer = next(x for x in take_apart(fn).layers if not isinstance(x, str))
    code = layer.__code__
    warnings.warn_explicit(
        replaced, CapturesReplaced, code.co_filename, code.co_firstlineno
    )
