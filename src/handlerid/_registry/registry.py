"""The registry: the handlers of an application by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, TypeVar, get_args, overload

from handlerid import _manifest
from handlerid._identity import HandlerId, Identity
from handlerid._peek import choose, expect
from handlerid._registry.entries import (
    Captures,
    Entries,
    Holder,
    RegisteredHandler,
    Stale,
    Unstable,
)
from handlerid._registry.scan import Handler, OnError, Scan, find_handlers
from handlerid.events import Event

F = TypeVar("F", bound=Callable[..., object])


class Registry(Holder):
    """Handlers by id. The function registered last under an id is the one that answers.

    Any thread may register and look up at any time; nothing is lost.

    Args:
        identity: computes the ids; by default one with default settings.
        captures: what happens when a function replaces one with other captures.
            ``"warn"``: one ``CapturesReplaced`` warning an id; ``"allow"``: nothing;
            ``"refuse"``: ``CapturesReplaced`` is raised. With ``"distinct"``, captures
            are part of the id; with ``"carry"``, tokens carry them, too.
        unstable: whether ``"distinct"`` and ``"carry"`` refuse a captured value without
            canonical form, or omit it from the id and warn for it.
        stale: ``"accept"`` lets the only handler at a location answer ids of other code
            with the same event and captures part. A lambda needs a name for that.

    Raises:
        TypeError, ValueError: an argument is none of these, or ``unstable="omit"`` is
            given where captures are not part of ids.
    """

    __module__ = "handlerid"

    def __init__(
        self,
        *,
        identity: Identity | None = None,
        captures: Captures = "warn",
        unstable: Unstable = "refuse",
        stale: Stale = "refuse",
    ) -> None:
        identity = Identity() if identity is None else identity
        expect(isinstance(identity, Identity), "identity", "an Identity", identity)
        choose("captures", captures, get_args(Captures))
        choose("unstable", unstable, get_args(Unstable))
        choose("stale", stale, get_args(Stale))
        if unstable == "omit" and captures not in ("distinct", "carry"):
            raise ValueError(
                'unstable="omit" needs captures="distinct" or "carry": with '
                f'"{captures}", captures are not part of ids'
            )
        self.entries: Entries = Entries(identity, captures, unstable, stale)
        self._decorated: dict[HandlerId, Handler] = {}

    @property
    def identity(self) -> Identity:
        """What computes the ids."""
        return self.entries.identity

    def register(
        self, fn: Callable[..., object], event: type[Event] | str | None = None
    ) -> HandlerId:
        """Register a handler and return its id.

        The same function again changes nothing. Another one with the same id replaces
        the first: see ``captures``.

        Args:
            fn: a callable that takes the event, or nothing.
            event: the event type, or the wire name of one of the library's. By default
                it is the one that the annotation of ``fn`` names, or ``Event``; an
                annotation that says no event type is a ``UserWarning`` then.

        Raises:
            UnsupportedHandler: ``fn`` cannot have an id, or a field of the event type
                cannot be read from a payload.
            UnstableCapture: a value that is part of the id has no canonical form.
            SignatureError: ``fn`` cannot be called with such an event.
            CapturesReplaced: see ``captures``.
        """
        return self.entries.add(fn, event).id

    def resolve(self, handler_id: str) -> RegisteredHandler:
        """Return the handler of an id.

        Raises:
            MalformedPayload: the text is not an id.
            StaleHandler: its location is known here, its code is not.
            UnknownHandler: there is no such handler here.
        """
        return self.entries.resolve(handler_id)

    @overload
    def handler(self, fn: F, /) -> F: ...
    @overload
    def handler(
        self,
        /,
        *,
        event: type[Event] | str | None = None,
        name: str | None = None,
        moved_from: str | Iterable[str] = (),
        stale: Stale | None = None,
    ) -> Callable[[F], F]: ...
    def handler(
        self,
        fn: Any = ...,
        /,
        *,
        event: type[Event] | str | None = None,
        name: str | None = None,
        moved_from: str | Iterable[str] = (),
        stale: Stale | None = None,
    ) -> Any:
        """Register a handler as a decorator, bare or with arguments.

        Args:
            fn: the handler, if the decorator is used bare; it is returned unchanged.
            event: as for ``register``.
            name: takes the place of the location in ids, so that the handler may be
                moved. It is the function's, and that of any wrapper of it.
            moved_from: where the handler was before: ``"module:qualname"`` or an
                earlier name. Ids from there are answered if the code is the same.
            stale: as for the registry, for this handler alone.

        Raises:
            NameTaken: a function elsewhere has the name or moved from there, too, or
                this one has another name.
            ValueError: ``name``, ``moved_from`` or ``stale`` is not written as one.
            HandlerIdError: as for ``register``.
        """
        if stale is not None:
            choose("stale", stale, get_args(Stale))
        if isinstance(fn, str):
            raise TypeError(f"did you mean @registry.handler(name={fn!r})?")

        def decorate(function: F) -> F:
            if name is not None or moved_from or stale is not None:
                here = self.identity.handler_id(function)
                self.entries.names.claim(function, here, name, moved_from, stale)
            self._decorated[self.register(function, event)] = function
            return function

        return decorate if fn is ... else decorate(fn)

    def scan(
        self, package: ModuleType | str, *, on_error: OnError | None = None
    ) -> Scan:
        """Import a package and its modules, without ``__main__``; register handlers.

        Those are functions decorated with ``handler``, or annotated with an event type;
        for a union, once for each. A second scan registers nothing new.
        With ``fingerprint="source"`` the sources of all its modules are read.

        Args:
            package: a module or its dotted name.
            on_error: called with a ``ScanFailed`` for each module or handler that
                fails, and the scan goes on; by default the error is raised.
        """
        if on_error is not None:
            expect(callable(on_error), "on_error", "a function", on_error)
        index, decorated = self.entries.index, self._decorated
        return find_handlers(package, index, self.register, decorated, on_error)

    def forget(self, module: ModuleType | str) -> tuple[HandlerId, ...]:
        """Remove the handlers of a module, not of its submodules; return their ids."""
        known = isinstance(module, str | ModuleType)
        expect(known, "module", "a module or its name", module)
        name = module if isinstance(module, str) else module.__name__
        gone = self.entries.forget(self.identity.module_name(name))
        self.entries.index.forget(name)
        for one in gone:
            self._decorated.pop(one, None)
        return gone

    def manifest(self, *, release: str | None = None) -> _manifest.Manifest:
        """Return a manifest of what is registered here and was offered in scopes.

        Of a wrapper that a scope was offered, it has the function that is wrapped.
        """
        return _manifest.manifest_of(self.entries, release)

    def __repr__(self) -> str:
        count = f"{len(self)} handler{'s' * (len(self) != 1)}"
        return f'<Registry: {count}, captures="{self.entries.captures}">'
