"""Finding the handlers that the modules of an application declare.

What belongs here: importing a package with all that is in it, seeing which objects in a
module are handlers, and the list of what was found. Who registers them is told above;
the tests of stable ids look for handlers in the same way.

The rules:

1. What to import is said by the host, never by what came over the wire.
2. A module's ``__main__`` is a program and is not imported.
3. A handler is declared by its annotation: the parameter that gets the event names an
   event type, or a union of them. A class that does not derive from ``Event``, as a
   ``msgspec.Struct``, may be anything: who takes such events is decorated.
4. Functions count where they are defined, not where they are imported to. So do the
   static, class and instance methods of the classes there. Partials, bound methods and
   cached functions count where a module has a name for them.
5. Namespaces are read as they are stored: a lazy object is not asked for anything.
"""

from __future__ import annotations

import functools
import os
import pkgutil
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, NamedTuple

from handlerid._anatomy import name_of, take_apart
from handlerid._calling import convention
from handlerid.errors import (
    HandlerIdError,
    ScanFailed,
    SignatureError,
    UnsupportedHandler,
)
from handlerid.events._base import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from handlerid._handler_id import HandlerId

    OnError = Callable[[ScanFailed], object]
    Register = Callable[[Callable[..., object], type[Event]], HandlerId]

__all__ = ["Declared", "Found", "Scan", "Scanning", "declared_in", "modules_of"]

_FUNCTIONS = (MethodType, functools.partial, type(functools.cache(lambda: None)))
"""Kinds of callables besides functions that are looked at in a namespace."""


class Found(NamedTuple):
    """One handler that a scan registered, or found registered.

    Attributes:
        handler_id: its id.
        module: the module of its location.
        qualname: its qualified name there.
        event: the wire name of the event that it is registered for.
        why: ``"decorated"`` with ``handler``, or ``"annotated"`` with an event type.
    """

    handler_id: HandlerId
    module: str
    qualname: str
    event: str
    why: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan has found; ``str()`` of it is a list to read.

    Iterating over it gives each ``Found``, and ``len`` their number.

    Attributes:
        found: the handlers, in the order of the modules.
        modules: the names of the modules that were looked at.
        seconds: how long it took, imports included.
    """

    found: tuple[Found, ...]
    modules: tuple[str, ...]
    seconds: float

    def __iter__(self) -> Iterator[Found]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __str__(self) -> str:
        counts = f"{len(self.found)} handlers in {len(self.modules)} modules"
        lines = [
            f"{one.handler_id}  {one.module}.{one.qualname}  {one.why}"
            for one in self.found
        ]
        return "\n".join([f"{counts}, {self.seconds:.3f} s", *lines])


class Scanning:
    """One scan: first all modules are imported, then what they declare is registered.

    Args:
        register: registers a function for an event type.
        on_error: is called for what fails; by default that is raised.
    """

    def __init__(self, register: Register, on_error: OnError | None) -> None:
        self._register = register
        self._on_error = on_error
        self._start = perf_counter()
        self._modules: list[ModuleType] = []

    def modules(self, package: ModuleType | str) -> list[ModuleType]:
        """Imports the package."""
        self._modules = list(modules_of(package, self._on_error))
        return self._modules

    def run(self, decorated: Mapping[HandlerId, Callable[..., object]]) -> Scan:
        """Registers what is annotated.

        Args:
            decorated: what the decorator has registered.
        """
        names = {module.__name__ for module in self._modules}
        mine = {one: fn for one, fn in decorated.items() if _home(fn) in names}
        # Their author has said which events they are for.
        known = {id(fn) for fn in mine.values()}
        found = {one: _found(one, "decorated") for one in mine}
        for module in self._modules:
            for one in declared_in(module):
                if one.free and id(one.fn) not in known and _home(one.fn) in names:
                    self._add(one, module, found)
        modules = tuple(module.__name__ for module in self._modules)
        return Scan(tuple(found.values()), modules, perf_counter() - self._start)

    def _add(
        self, one: Declared, module: ModuleType, found: dict[HandlerId, Found]
    ) -> None:
        try:
            handler_id = self._register(one.fn, one.event)
        except Exception as error:  # noqa: BLE001 - encoders and hooks are the host's
            # Whose texts may hold what was captured: they are in the cause alone.
            why = error if isinstance(error, HandlerIdError) else type(error).__name__
            text = f"{name_of(one.fn)} cannot be registered: {why}"
            _fail(ScanFailed(text, module=module.__name__), error, self._on_error)
        else:
            found.setdefault(handler_id, _found(handler_id, "annotated"))


def _home(fn: Callable[..., object]) -> str:
    return take_apart(fn).module


def _found(handler_id: HandlerId, why: str) -> Found:
    module, qualname = str(handler_id.module), str(handler_id.qualname)
    return Found(handler_id, module, qualname, handler_id.event, why)


def _fail(failed: ScanFailed, cause: BaseException, on_error: OnError | None) -> None:
    if on_error is None:
        raise failed from cause
    failed.__cause__ = cause
    on_error(failed)


def modules_of(
    package: ModuleType | str, on_error: OnError | None = None
) -> Iterator[ModuleType]:
    """Imports a module, and all modules in it when it is a package.

    Namespace packages are packages, too; so is a directory inside of one that holds
    modules.

    Args:
        package: the module or its dotted name.
        on_error: is called for what cannot be imported; by default that is raised.

    Raises:
        ScanFailed: a module cannot be imported; it names the module.
    """
    if isinstance(package, str):
        try:
            package = _imported(package)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it runs any code
            # A script in the package may end in sys.exit(): not the host's end.
            text = f"{package} cannot be imported: {type(error).__name__}: {error}"
            _fail(ScanFailed(text, module=str(package)), error, on_error)
            return
    yield package
    for name in _inside(package):
        if name != "__main__":
            yield from modules_of(f"{package.__name__}.{name}", on_error)


def _imported(name: str) -> ModuleType:
    module = import_module(name)
    if not issubclass(type(module), ModuleType):
        raise TypeError("it put something that is no module into sys.modules")
    return module


def _inside(module: ModuleType) -> Iterator[str]:
    """The names of the modules in a package."""
    places = list(getattr(module, "__path__", ()))
    names = {one.name for one in pkgutil.iter_modules(places)}
    for place in filter(os.path.isdir, places):
        # What has no __init__ is a package all the same, and pkgutil leaves it out.
        names.update(
            entry.name
            for entry in os.scandir(place)
            if entry.is_dir()
            and entry.name.isidentifier()
            and entry.name != "__pycache__"
            and next(pkgutil.iter_modules([entry.path]), None)
        )
    yield from sorted(names)


class Declared(NamedTuple):
    """A handler as a module declares it.

    Attributes:
        fn: the function, or what is callable in its place.
        event: the event type; one of those that its annotation names.
        free: whether it can be called as it is: a method that was not bound cannot.
    """

    fn: Callable[..., object]
    event: type[Event]
    free: bool


def declared_in(module: ModuleType) -> Iterator[Declared]:
    """Finds the handlers that a module declares by their annotation.

    Args:
        module: the module.
    """
    for value in list(vars(module).values()):
        # Not isinstance: a proxy may answer for an object that is not there yet.
        kind = type(value)
        if issubclass(kind, type):
            if value.__module__ == module.__name__:
                yield from _in_class(value)
        elif issubclass(kind, _FUNCTIONS) or (
            kind is FunctionType and value.__module__ == module.__name__
        ):
            yield from _annotated(value, value)


def _in_class(owner: type) -> Iterator[Declared]:
    for name, value in list(vars(owner).items()):
        kind = type(value)  # as in declared_in
        if issubclass(kind, type):
            if value.__qualname__ == f"{owner.__qualname__}.{name}":
                yield from _in_class(value)
        elif kind is FunctionType:
            # Bound to no matter what: the signature is read without self.
            yield from _annotated(value, MethodType(value, owner), free=False)
        elif issubclass(kind, (staticmethod, classmethod)):
            method = getattr(owner, name)
            yield from _annotated(method, method)


def _annotated(
    fn: Callable[..., object], called: Callable[..., object], *, free: bool = True
) -> Iterator[Declared]:
    try:
        accepts = convention(called, Event).accepts
        take_apart(fn)
    except (SignatureError, UnsupportedHandler):
        return  # no handler
    for event in accepts:
        yield Declared(fn, event, free)
