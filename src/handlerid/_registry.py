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
5. With captures in the ids there is nothing to compare: other captures, other id.
6. A registry outlives a request when it answers, is registered in, answers again and is
   registered in again. One that serves a single request does the first two: it finds
   the handler, and renders the page anew.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, overload

from handlerid import _telling
from handlerid._binding import BoundHandler, bind
from handlerid._canonical.code import encode_code
from handlerid._handler_id import HandlerId
from handlerid._identity import Identity
from handlerid._locations import Locations, closest, refusal
from handlerid._names import Names
from handlerid._scanned import Scanned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType, TracebackType
    from typing import Self

    from handlerid._scan import OnError, Scan
    from handlerid.errors import CapturesReplaced
    from handlerid.events import Event

__all__ = ["Registry", "Scope"]

F = TypeVar("F", bound="Callable[..., object]")
Captures = Literal["warn", "allow", "refuse", "distinct", "carry"]
Stale = Literal["refuse", "accept"]

_CAPTURES, _STALE = get_args(Captures), get_args(Stale)


class Registry:
    """Holds handlers by id. The last function registered under an id is the one.

    Any thread may register and look up at any time; nothing is lost. Making a
    registry or a scope is cheap enough to do it for every request.

    Args:
        identity: computes the ids; by default one of its own with default settings.
        captures: what to do when a function replaces one with other captures:
            ``"warn"`` replaces it, with one ``CapturesReplaced`` warning an id;
            ``"allow"`` replaces it; ``"refuse"`` raises ``CapturesReplaced`` and
            keeps the old one. With ``"distinct"`` that cannot happen, since captures
            are part of the id; nor with ``"carry"``, where a dispatcher with tokens
            sends them along, too.
        on_replace: is called with a ``CapturesReplaced`` each time that happens,
            whatever ``captures`` says, in the thread that registers.
        stale: what to do with an id whose location is known and whose code is not:
            ``"refuse"`` it; ``"accept"`` lets the handler there answer, if there is
            only one for the same event, with the same bound arguments and, where they
            are part of ids, captures. A lambda needs an explicit name for that.

    Raises:
        ValueError: ``captures`` or ``stale`` is none of these.
    """

    def __init__(
        self,
        *,
        identity: Identity | None = None,
        captures: Captures = "warn",
        on_replace: Callable[[CapturesReplaced], object] | None = None,
        stale: Stale = "refuse",
    ) -> None:
        if captures not in _CAPTURES:
            raise ValueError(f"captures must be one of {', '.join(_CAPTURES)}")
        _check_stale(stale)
        self.identity = identity or Identity()
        self.captures = captures
        self.on_replace = on_replace
        self.stale = stale
        self._distinct = captures in ("distinct", "carry")
        self._lock = Lock()
        self._handlers: dict[str, BoundHandler] = {}
        # Looks an id up here alone; None says nothing of parents and old ids. It is
        # what a payload costs when all goes well, so it has no Python frame of its own.
        self.look_up: Callable[[str], BoundHandler | None] = self._handlers.get
        self._locations: Locations | None = None
        self._aliases: dict[str, BoundHandler] = {}
        self._decorated: dict[HandlerId, None] = {}  # a set that keeps the order
        # Rule 6: 1 has answered, 2 was registered in then, 3 has answered again. What
        # notes an answer is look_up itself, once a stage.
        self._stage = 0
        self._share()

    def _share(self) -> None:
        """Makes what a registry and its scopes share."""
        self._told = _telling.Told()
        self._names = Names()
        self.scanned = Scanned(self.identity.module_name)
        if self.captures == "warn":
            self.look_up = self._look_up_and_note

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
            UnstableCapture: a bound argument of ``fn``, or with ``"distinct"`` and
                ``"carry"`` a capture, has no canonical form.
            SignatureError: ``fn`` cannot be called with such an event.
            CapturesReplaced: with ``captures="refuse"``, as described there.
        """
        new = bind(fn, event, self.identify)
        aliases = self._old_ids(new) if self._names else ()
        while True:
            old = self._handlers.get(new.id)
            if old is not None:
                self._compare(old, new)
            if self._stage:
                self._note_registration(new)
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
        stale: Stale | None = None,
    ) -> Callable[[F], F]: ...
    def handler(
        self,
        fn: Any = None,
        /,
        *,
        event: type[Event] | None = None,
        name: str | None = None,
        moved_from: str | Iterable[str] = (),
        stale: Stale | None = None,
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
            stale: as for the registry, for this location alone.

        Raises:
            NameTaken: a handler at another location has the name.
            ValueError: ``name``, ``moved_from`` or ``stale`` is not written as one.
        """
        if stale is not None:
            _check_stale(stale)

        def decorate(function: F) -> F:
            if name is not None or moved_from or stale is not None:
                here = self.identity.handler_id(function)
                self._names.claim(here, name, moved_from, stale)
            self._decorated[self.register(function, event)] = None
            return function

        return decorate if fn is None else decorate(fn)

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

    def scan(
        self, package: ModuleType | str, *, on_error: OnError | None = None
    ) -> Scan:
        """Imports a package with all its modules and registers what it declares.

        That is what ``handler`` decorates, which registers itself when it is imported,
        and functions whose parameter is annotated with an event type; for a union, once
        for each of its types. A ``__main__`` is not imported. A second scan registers
        nothing new.

        Args:
            package: a module or its dotted name, said by the host.
            on_error: is called with a ``ScanFailed`` for each module that cannot be
                imported and each handler that cannot be registered, and the scan goes
                on; by default it is raised.

        Raises:
            ScanFailed: as said above; the reason is its cause.
        """
        from handlerid._scan import Scanning  # noqa: PLC0415 - few need it

        scanning = Scanning(self.register, on_error)
        for module in scanning.modules(package):
            self.scanned.add(module)
        handlers = [self._handlers.get(one) for one in self._decorated.copy()]
        return scanning.run({one.id: one.fn for one in handlers if one is not None})

    def forget(self, module: ModuleType | str) -> tuple[HandlerId, ...]:
        """Lets go of every handler that is defined in a module, as before a reload.

        Its submodules are modules of their own. A scope lets go of its own handlers
        alone.

        Args:
            module: the module or its name; one that is unknown does no harm.

        Returns:
            The ids of the handlers.
        """
        name = module if isinstance(module, str) else module.__name__
        here = self.identity.module_name(name)
        with self._lock:
            gone = [one.id for one in self._handlers.values() if one.id.module == here]
            for one in gone:
                del self._handlers[one]
            self._aliases = {
                text: of for text, of in self._aliases.items() if of.id.module != here
            }
            self._decorated = {x: None for x in self._decorated if x not in gone}
            self._locations = None
        self._forget_shared(name, here)
        return tuple(gone)

    def _forget_shared(self, name: str, here: str) -> None:
        self._told.forget(here)
        self._names.forget(here)
        self.scanned.forget(name)

    def scope(
        self,
        *,
        captures: Captures | None = None,
        on_replace: Callable[[CapturesReplaced], object] | None = None,
        stale: Stale | None = None,
    ) -> Scope:
        """Returns a child registry for one render, request or session.

        Use it as a context manager, or call ``close``. Arguments that are not given
        are as in this registry.
        """
        return Scope(
            self,
            captures=captures or self.captures,
            on_replace=on_replace or self.on_replace,
            stale=stale or self.stale,
        )

    def __contains__(self, handler_id: object) -> bool:
        return isinstance(handler_id, str) and self.find(handler_id) is not None

    def __iter__(self) -> Iterator[HandlerId]:
        with self._lock:
            return iter([handler.id for handler in self._handlers.values()])

    def __len__(self) -> int:
        return len(self._handlers)

    def identify(
        self, fn: Callable[..., object], event: type[Event] | str | None
    ) -> HandlerId:
        """Returns the id that ``register`` gives a handler, for an event type or name.

        Takes and raises what ``Identity.handler_id`` does.
        """
        handler_id = self.identity.handler_id(fn, event)
        naming = self._names.of(handler_id) if self._names else None
        name = None if naming is None else naming.name
        if name is not None:
            return self.identity.id_at(fn, name, event, distinct=self._distinct)
        return self.identity.distinct_id(fn, event) if self._distinct else handler_id

    def _old_ids(self, new: BoundHandler) -> tuple[HandlerId, ...]:
        naming = self._names.of(new.id)
        places = naming.before if naming else ()
        return tuple(
            self.identity.id_at(new.fn, at, new.event, distinct=self._distinct)
            for at in places
        )

    def _write(self, new: BoundHandler, aliases: tuple[HandlerId, ...]) -> None:
        self._handlers[new.id] = new
        for alias in aliases:
            self._aliases[alias] = new
        if self._locations is not None:
            for known in (*aliases, new.id):
                self._locations.note(known)

    def _compare(self, old: BoundHandler, new: BoundHandler) -> None:
        """Says what is lost when the new handler replaces the old."""
        if old.fn is new.fn or self._distinct:
            return
        if self.on_replace is None and (
            self.captures == "allow"
            or (self.captures == "warn" and new.id in self._told.replaced)
        ):
            return  # nobody would be told
        names = self.identity.differing_captures(old.fn, new.fn)
        if not names:
            return
        replaced = _telling.captures_replaced(new.id, new.fn, names)
        if self.on_replace is not None:
            self.on_replace(replaced)
        if self.captures == "refuse":
            raise replaced
        if self.captures == "warn" and new.id not in self._told.replaced:
            self._told.replaced.add(new.id)
            _telling.warn(replaced, new.fn)

    def _look_up_and_note(self, handler_id: str) -> BoundHandler | None:
        """``look_up``, until it has noted an answer: rule 6."""
        self._stage |= 1
        self.look_up = self._handlers.get
        return self._handlers.get(handler_id)

    def _note_registration(self, new: BoundHandler) -> None:
        names = _telling.shared_names(new.fn, str(new.id.qualname))
        if not names:
            return
        if self._stage == 1:
            self._stage = 2
            self.look_up = self._look_up_and_note
        elif self._stage == 3 and new.id not in self._told.shared:  # noqa: PLR2004
            self._told.shared.add(new.id)
            _telling.warn(_telling.captures_shared(new.id, names), new.fn)


class Scope(Registry):
    """A registry that reads through to its parent and writes to itself."""

    def __init__(
        self,
        parent: Registry,
        *,
        captures: Captures,
        on_replace: Callable[[CapturesReplaced], object] | None,
        stale: Stale,
    ) -> None:
        self.parent = parent
        super().__init__(
            identity=parent.identity,
            captures=captures,
            on_replace=on_replace,
            stale=stale,
        )
        self._closed = False

    def _share(self) -> None:
        # Told once an id, not once an id and render.
        self._told = self.parent._told  # noqa: SLF001 - the parent is a registry too
        self._names = self.parent._names  # noqa: SLF001
        self.scanned = self.parent.scanned

    def _forget_shared(self, name: str, here: str) -> None:
        """Does nothing: that is the parent's to forget."""

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
            self._decorated = {}
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


def _alias(text: str, of: BoundHandler) -> HandlerId:
    return HandlerId(text, of.id.module, of.id.qualname)


def _check_stale(stale: str) -> None:
    if stale not in _STALE:
        raise ValueError(f"stale must be one of {', '.join(_STALE)}")
