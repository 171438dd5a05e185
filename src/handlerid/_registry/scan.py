"""Finding the handlers that the modules of an application declare.

1. The host says what to import. A module ``__main__`` is a program and is not imported.
2. A handler is declared by its annotation, which names types that derive from
   ``Event``. A ``msgspec.Struct`` may be anything: its handlers are decorated.
3. Functions count where they are defined, and so do static and class methods. Partials,
   bound methods and cached functions count where a module has a name for them.
4. Namespaces are read as Python stores them: a lazy object runs no code.
"""

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from time import perf_counter
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from handlerid._identity import HandlerId, name_of, take_apart
from handlerid._registry.entries import RegisteredHandler
from handlerid._registry.signatures import inspect_signature
from handlerid.errors import (
    HandlerIdError,
    ScanFailed,
    SignatureError,
    UnsupportedHandler,
)
from handlerid.events import Event

OnError = Callable[[ScanFailed], object]
Handler = Callable[..., object]

_CALLABLES = (MethodType, functools.partial, type(functools.cache(lambda: None)))
"""Kinds of callables besides functions that are looked for in a module."""


class Found(NamedTuple):
    """A handler that a scan found: its id, the parts of it, and why it is one.

    ``why`` is ``"decorated"`` with ``handler`` or ``"annotated"`` with an event type.
    """

    handler_id: HandlerId
    module: str
    qualname: str
    event: str
    why: str


class Scan:
    """What a scan found: iterate over it, or print it.

    Attributes:
        found: the handlers, in the order of the modules.
        modules: the names of the modules.
        seconds: duration, imports included.
    """

    __module__ = "handlerid"

    def __init__(
        self, found: Iterable[Found], modules: Iterable[str], seconds: float
    ) -> None:
        self.found: tuple[Found, ...] = tuple(found)
        self.modules: tuple[str, ...] = tuple(modules)
        self.seconds: float = seconds

    def __iter__(self) -> Iterator[Found]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __repr__(self) -> str:
        counts = f"{len(self.found)} handlers in {len(self.modules)} modules"
        return f"<Scan: {counts}, {self.seconds:.3f} s>"

    def __str__(self) -> str:
        lines = [f"{x.handler_id}  {x.module}.{x.qualname}  {x.why}" for x in self]
        return "\n".join([repr(self)[len("<Scan: ") : -1], *lines])


class Scanning:
    """One scan. All modules are imported before the first handler is registered.

    Failures are raised, or passed to ``on_error``.
    """

    def __init__(self, package: ModuleType | str, on_error: OnError | None) -> None:
        self._on_error = on_error
        self._start = perf_counter()
        self.modules = list(self._imported(package))

    def run(
        self,
        register: Callable[[Handler, type[Event]], HandlerId],
        decorated: Iterable[RegisteredHandler],
    ) -> Scan:
        """Register annotated handlers, but not decorated ones, whose event is known."""
        names = [module.__name__ for module in self.modules]
        mine = [one for one in decorated if take_apart(one.fn).module in names]
        known = {id(one.fn) for one in mine}
        why = {one.id: "decorated" for one in mine}
        for module in self.modules:
            for fn in _callables_in(vars(module), module.__name__, ""):
                if id(fn) in known or take_apart(fn).module not in names:
                    continue
                for event in inspect_signature(fn).accepts:
                    try:
                        if Event in event.__mro__:
                            why.setdefault(register(fn, event), "annotated")
                    except Exception as error:  # noqa: BLE001 - encoders are the host's
                        # The text of the host's exceptions may hold a value.
                        ours = isinstance(error, HandlerIdError)
                        reason = str(error) if ours else type(error).__name__
                        text = f"{name_of(fn)} cannot be registered: {reason}"
                        self._fail(text, module.__name__, error)
        found = [
            Found(one, str(one.module), str(one.qualname), one.event, reason)
            for one, reason in why.items()
        ]
        return Scan(found, names, perf_counter() - self._start)

    def _imported(self, package: ModuleType | str) -> Iterator[ModuleType]:
        """Import a module, and all modules in it if it is a package."""
        if isinstance(package, str):
            name = package
            try:
                package = import_module(name)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it runs any code
                # A script that ends in sys.exit() does not end the host.
                text = f"{name} cannot be imported: {type(error).__name__}: {error}"
                return self._fail(text, name, error)
            if not issubclass(type(package), ModuleType):
                text = f"{name} puts an object that is no module into sys.modules"
                return self._fail(text, name, None)
        yield package
        for name in _inside(package):
            if name != "__main__":
                yield from self._imported(f"{package.__name__}.{name}")

    def _fail(self, text: str, module: str, cause: BaseException | None) -> None:
        failed = ScanFailed(text, module=module)
        if self._on_error is None:
            raise failed from cause
        failed.__cause__ = cause
        self._on_error(failed)


def _inside(module: ModuleType) -> list[str]:
    """Return the names of the modules in a package."""
    import pkgutil  # noqa: PLC0415 - a millisecond that only a scan needs

    directories = list(getattr(module, "__path__", ()))
    names = {one.name for one in pkgutil.iter_modules(directories)}
    for directory in filter(os.path.isdir, directories):
        # pkgutil leaves out directories without __init__, which are packages, too.
        names.update(
            one.name
            for one in os.scandir(directory)
            if one.is_dir() and one.name.isidentifier() and one.name != "__pycache__"
            if next(pkgutil.iter_modules([one.path]), None)
        )
    return sorted(names)


def _callables_in(
    names: Mapping[str, Any], module: str, prefix: str, owner: Any = None
) -> Iterator[Handler]:
    """Yield what may be a handler in the namespace of a module or class."""
    for name, value in list(names.items()):
        # Not isinstance: a proxy may answer for an object that does not exist yet.
        kind, fn = type(value), value
        if issubclass(kind, type):
            if (value.__module__, value.__qualname__) == (module, f"{prefix}{name}"):
                yield from _callables_in(vars(value), module, f"{prefix}{name}.", value)
            continue
        if owner is not None:
            if not issubclass(kind, (staticmethod, classmethod)):
                continue
            fn = getattr(owner, name)
        elif not issubclass(kind, _CALLABLES) and (
            kind is not FunctionType or value.__module__ != module
        ):
            continue
        try:
            inspect_signature(fn)
        except (SignatureError, UnsupportedHandler):
            continue
        yield fn
