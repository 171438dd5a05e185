"""What a registry takes in, under which id, and what is said of it.

What belongs here: registering by call, by decorator and by scan, forgetting, and what
becomes of a handler that is replaced. The texts are in ``_telling``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload
from weakref import ref

from handlerid._binding import bind
from handlerid._registry.holding import Holding, check_captures, check_stale
from handlerid._telling import Told, shared_names, tell_replaced, tell_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from handlerid._binding import BoundHandler
    from handlerid._handler_id import HandlerId
    from handlerid._identity import Identity
    from handlerid._registry.holding import Captures, Stale
    from handlerid._registry.scopes import Scope
    from handlerid._scan import OnError, Scan
    from handlerid.errors import CapturesReplaced
    from handlerid.events import Event

__all__ = ["Registry"]

F = TypeVar("F", bound="Callable[..., object]")


class Registry(Holding):
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

    _scope: ClassVar[type[Scope]]  # set below its definition: it derives from this

    def __init__(
        self,
        *,
        identity: Identity | None = None,
        captures: Captures = "warn",
        on_replace: Callable[[CapturesReplaced], object] | None = None,
        stale: Stale = "refuse",
    ) -> None:
        check_captures(captures)
        self.captures = captures
        self.on_replace = on_replace
        self._distinct = captures in ("distinct", "carry")
        self._decorated: dict[HandlerId, None] = {}  # a set that keeps the order
        # Rule 6: 1 has answered, 2 was registered in then, 3 has answered again. What
        # notes an answer is look_up itself, once a stage.
        self._stage = 0
        super().__init__(identity, stale)
        identity = self.identity
        self._identify = identity.distinct_id if self._distinct else identity.handler_id

    def _share(self) -> None:
        super()._share()
        self._told = Told()
        if self.captures == "warn":
            self.look_up = partial(_look_up_and_note, ref(self))

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
        # Most registries have no names: then their identity is asked without a detour.
        named = self._names.given
        identify = self.identify if named else self._identify
        new = bind(fn, event, identify, self._handlers)
        aliases = self._old_ids(new) if named else ()
        while True:
            old = self._handlers.get(new.id)
            if old is new and not aliases:
                return new.id
            if old is None or old.fn is not fn:
                if old is not None and not self._distinct:
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
            check_stale(stale)

        def decorate(function: F) -> F:
            if name is not None or moved_from or stale is not None:
                here = self.identity.handler_id(function)
                self._names.claim(here, name, moved_from, stale)
            self._decorated[self.register(function, event)] = None
            return function

        return decorate if fn is None else decorate(fn)

    def identify(
        self, fn: Callable[..., object], event: type[Event] | str | None
    ) -> HandlerId:
        """Returns the id that ``register`` gives a handler, for an event type or name.

        Takes and raises what ``Identity.handler_id`` does.
        """
        handler_id = self._identify(fn, event)
        naming = self._names.of(handler_id)
        if naming is None or naming.name is None:
            return handler_id
        return self.identity.id_at(fn, naming.name, event, distinct=self._distinct)

    def _old_ids(self, new: BoundHandler) -> tuple[HandlerId, ...]:
        naming = self._names.of(new.id)
        places = naming.before if naming else ()
        return tuple(
            self.identity.id_at(new.fn, at, new.event, distinct=self._distinct)
            for at in places
        )

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
        gone = self._drop(here)
        for one in gone:
            self._decorated.pop(one, None)
        self._forget_shared(name, here)
        return gone

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
        return self._scope(
            self,
            # Not "or": what collects the replaced may be empty, and so false.
            captures=self.captures if captures is None else captures,
            on_replace=self.on_replace if on_replace is None else on_replace,
            stale=self.stale if stale is None else stale,
        )

    def _compare(self, old: BoundHandler, new: BoundHandler) -> None:
        """Says what is lost when the new handler replaces the old."""
        told = self.captures == "warn" and new.id in self._told.replaced
        if self.on_replace is None and (told or self.captures == "allow"):
            return  # nobody would be told
        names = self.identity.differing_captures(old.fn, new.fn)
        if names:
            tell_replaced(
                new.id,
                new.fn,
                names,
                captures=self.captures,
                on_replace=self.on_replace,
                told=self._told,
            )

    def _note_registration(self, new: BoundHandler) -> None:
        """Rule 6, where the registry has answered."""
        if self._stage == 3:  # noqa: PLR2004 - the last one
            tell_shared(new.id, new.fn, self._told)
        elif self._stage == 1 and shared_names(new.fn, new.id):
            self._stage = 2
            self.look_up = partial(_look_up_and_note, ref(self))


def _look_up_and_note(of: ref[Registry], handler_id: str) -> BoundHandler | None:
    """``look_up``, until it has noted that the registry has answered: rules 6 and 7."""
    registry = of()
    if registry is None:
        return None
    registry._stage |= 1  # noqa: SLF001 - a part of it
    registry.look_up = registry._handlers.get  # noqa: SLF001
    return registry.look_up(handler_id)
