"""What is gathered for a manifest, function by function."""

import platform
import sys
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from types import CodeType, FunctionType
from typing import Any

from handlerid._manifest.code import (
    FunctionCode,
    captures_of_code,
    defaults_of,
    is_trivial,
)
from handlerid._manifest.document import UNKNOWN, Function, Manifest, Place
from handlerid._manifest.shapes import shape_of
from handlerid.errors import UnsupportedHandler
from handlerid.events import event_name


class Gathered:
    """The functions and the event types that a manifest is made of.

    Args:
        identity: that of the host. Its keys are not used.
        modules: their names, as ids have them; functions of others are left out.
    """

    def __init__(self, identity: Any, modules: Container[str] | None = None) -> None:
        self.not_seen: dict[str, str] = {}
        self.fingerprint: Any = identity.fingerprint
        self._identity = type(identity)(
            fingerprint=self.fingerprint, module_name=identity.module_name
        )
        self._modules = modules
        self._functions: dict[Place, dict[str, Function]] = {}
        self._events: dict[str, type[Any]] = {}

    def add(
        self,
        fn: Any,
        code: CodeType,
        *,
        defaults: Iterable[str] = (),
        events: Iterable[type[Any]] = (),
        unknown: bool = False,
        naming: Any = None,
    ) -> None:
        """Add a handler, or what else is known of one with the same code.

        Args:
            fn: the handler.
            code: that of the function in it.
            defaults: names of the parameters of that function that have a default.
            events: the event types that it is for.
            unknown: whether it has an annotation that was not understood.
            naming: its explicit name, and where it was before.

        Raises:
            UnsupportedHandler: it cannot have an id.
        """
        (here,), _, _, layers = self._identity.bare_ids(fn)
        (named,), *_ = self._identity.bare_ids(fn, location="-")  # as any name
        place = here.module, here.qualname
        if self._modules is not None and here.module not in self._modules:
            return
        several = self._functions.setdefault(place, {})
        old = several.get(here.fingerprint) or Function("", "")
        types = {name: one for one in events if (name := event_name(one))}
        self._events |= types
        names = {*types, *old.events, *([UNKNOWN] if unknown else ())}
        if len(names) > 1:
            names.discard(UNKNOWN)
        before = old.moved_from
        if naming:  # with a name, ids of its location count, too
            its_place = f"{naming.here.module}:{naming.here.qualname}"
            before = tuple(one for one in naming.before if one != its_place)
        several[here.fingerprint] = Function(
            here.fingerprint,
            named.fingerprint,
            events=tuple(sorted(names)),
            captures=old.captures or captures_of_code(code, defaults),
            name=naming.name if naming else old.name,
            moved_from=before,
            trivial=is_trivial(code),
            wrapped=len(layers) > 1,
        )

    def add_registered(self, entries: Any) -> None:
        """Add the handlers of a registry."""
        for one in entries.handlers.copy().values():
            inner = one.code[-1][0] if type(one.code) is tuple else one.fn
            self._include(entries, one.fn, inner, one.event)

    def add_offered(self, entries: Any) -> None:
        """Add the functions of the code that ids were computed of, as by scopes.

        They are remembered by their code alone: wrappers and names of parameters with
        a default are unknown.
        """
        for record in entries.identity.records.copy().values():
            code, (_, qualname, module, *_) = record(), record.last
            if code is not None and qualname is not None:
                names = vars(sys.modules[module]) if module in sys.modules else {}
                fn = FunctionCode(code).function(names)
                fn.__qualname__, fn.__module__ = qualname, module
                binding = record.binding and record.binding()
                self._include(entries, fn, fn, binding and binding.event)

    def _include(self, entries: Any, fn: Any, inner: FunctionType, event: Any) -> None:
        with suppress(UnsupportedHandler):  # its file was replaced before it was read
            self.add(
                fn,
                inner.__code__,
                defaults=defaults_of(inner),
                events=[event] if event else [],
                naming=entries.names.of(fn),
            )

    def manifest(
        self, release: str | None, failed: Mapping[str, str] | None = None
    ) -> Manifest:
        """Return the manifest of what was added."""
        shapes = {}
        for name, event in self._events.items():
            try:
                shapes[name] = shape_of(event)
            except UnsupportedHandler as error:
                self.not_seen[f"{event.__module__}.{event.__qualname__}"] = str(error)
        return Manifest(
            fingerprint=self.fingerprint,
            python=None if self.fingerprint == "source" else _python(),
            release=release,
            functions={
                place: tuple(sorted(several.values()))
                for place, several in self._functions.items()
            },
            events=shapes,
            failed=failed or {},
            not_seen=self.not_seen,
        )


def manifest_of(entries: Any, release: str | None) -> Manifest:
    """Return the manifest of a registry's entries and of its identity's records."""
    gathered = Gathered(entries.identity)
    gathered.add_registered(entries)
    gathered.add_offered(entries)
    return gathered.manifest(release)


def _python() -> str:
    """Return the Python that the bytecode belongs to, with its flags."""
    name, flag = sys.implementation.name, "O" * sys.flags.optimize
    version = f"{name} {platform.python_version()}"
    return f"{version} -{flag}" if flag else version
