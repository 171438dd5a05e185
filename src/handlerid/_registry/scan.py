"""The modules of an application: finding the handlers in them, and their code by name.

1. A handler is declared by its annotation, which names types that derive from
   ``Event``. A ``msgspec.Struct`` may be anything: its handlers are decorated.
2. Functions count where they are defined, and so do static and class methods. Other
   callables count where a module has a name for them. What names an event type, itself
   or in a function that it holds, and is not registered, is listed with the reason; so
   is what was compiled, since that has no annotations to read.
3. Code is that of a module's functions, also of those in its classes and decorators,
   with nested code. That of functions which nothing refers to any more comes from the
   loader, if the file was not edited since the import.
4. Namespaces are read as Python stores them: an object runs no code.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from time import perf_counter
from types import CodeType, FunctionType, ModuleType
from typing import Any

from handlerid._bytecode import OPTIMIZED, encode_code, nested
from handlerid._captures import functions_in
from handlerid._identity import (
    Codes,
    HandlerId,
    Identity,
    is_current,
    name_of,
    take_apart,
)
from handlerid._manifest.modules import imported
from handlerid._peek import (
    LOCK,
    described,
    find,
    globals_of,
    is_native,
    look_up,
    names_of_class,
    namespace,
)
from handlerid._registry.captures import functions_of
from handlerid._registry.signatures import (
    ANNOTATE,
    annotated_types,
    inspect_signature,
    parameters_of,
)
from handlerid.errors import HandlerIdError, ScanFailed, UnstableCapture
from handlerid.events import Event
from handlerid.events.annotations import NO_EVENT

OnError = Callable[[ScanFailed], object]
Handler = Callable[..., object]
# Code by qualified name and address: the code, the function that contains it, and the
# code that this function had.
_Named = dict[str, dict[int, tuple[CodeType, Codes]]]

_METHOD = "is a method without its object; register the bound method"
_HIDDEN = (
    "has an event type, but not as its first parameter's; use functools.wraps or "
    "functools.update_wrapper in a decorator, or register it with event="
)


@dataclass(eq=False, repr=False)
class Scan:
    """The ids that a scan found, in which modules, in how many seconds; print it.

    ``skipped`` has the reason by the name of each module that was not imported, and of
    each callable that seems to be a handler and was not registered.
    """

    __module__ = "handlerid"

    found: tuple[HandlerId, ...]
    modules: tuple[str, ...]
    seconds: float
    skipped: dict[str, str]

    def __iter__(self) -> Iterator[HandlerId]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __repr__(self) -> str:
        found, modules = len(self.found), len(self.modules)
        counts = f"{found} handler{'s' * (found != 1)} in "
        counts += f"{modules} module{'s' * (modules != 1)}"
        counts += f", {len(self.skipped)} skipped" if self.skipped else ""
        return f"<Scan: {counts}, {self.seconds:.3f} s>"

    def __str__(self) -> str:
        lines = [f"{one}  {one.module}.{one.qualname}" for one in self]
        lines += [f"skipped  {name} {why}" for name, why in self.skipped.items()]
        return "\n".join([repr(self)[len("<Scan: ") : -1], *lines])


def find_handlers(
    package: ModuleType | str,
    index: CodeIndex,
    register: Callable[[Handler, type[Event]], HandlerId],
    decorated: Mapping[HandlerId, Handler],
    on_error: OnError | None,
) -> Scan:
    """Import a package, then register its handlers; decorated ones are already."""
    skipped: dict[str, str] = {}

    def fail(name: str, why: str, module: str, cause: BaseException | None) -> None:
        failed = ScanFailed(f"{name} {why}", module=module)
        if on_error is None:
            raise failed from cause
        failed.__cause__ = cause
        on_error(failed)
        skipped[name] = why

    start = perf_counter()
    modules = {one.__name__: one for one in imported(package, fail)}
    for module in modules.values():
        index.add(module)
    mine = [(x, fn) for x, fn in decorated.items() if take_apart(fn).module in modules]
    found = dict.fromkeys([x for x, _ in mine])  # a set in order
    known = {id(fn): fn for _, fn in mine}
    declared = [x for one in modules.values() for x in _declared_in(one, modules)]
    handlers = [*known.values(), *(fn for _, _, fn, events, _ in declared if events)]
    used = {id(one) for fn in handlers for one in functions_of(fn)}
    skipped |= {
        f"{name}.{path}": why
        for name, path, fn, events, why in declared
        # Functions inside a registered handler, such as a partial's, are not skipped.
        if not events and used.isdisjoint(map(id, functions_in([fn])))
    }
    for name, _, fn, events, _ in declared:
        for event in events if id(fn) not in known else ():
            try:
                found[register(fn, event)] = None
            except Exception as error:  # noqa: BLE001 - encoders are the host's
                # The text of the host's exceptions may hold a value.
                ours = isinstance(error, HandlerIdError)
                reason = str(error) if ours else type(error).__name__
                text = f"cannot be registered: {reason}"
                if type(error) is UnstableCapture and not is_native(type(fn)):
                    skipped[name_of(fn)] = text  # an object that need not be a handler
                else:
                    fail(name_of(fn), text, name, error)
    return Scan((*found,), (*modules,), perf_counter() - start, skipped)


def _members(
    names: Mapping[str, Any], module: object, prefix: str = "", owner: Any = None
) -> Iterator[tuple[str, Any, Any]]:
    """Yield qualified name, class and value of all that a module and its classes hold.

    Classes that are defined elsewhere, or under another name, are left out.
    """
    for name, value in list(names.items()):
        path = f"{prefix}{name}"
        # Not isinstance: a proxy may answer for an object that does not exist yet.
        is_class = issubclass(type(value), type)
        if not is_class or names_of_class(value) == (module, path):
            yield path, owner, value
            if is_class:
                yield from _members(namespace(value), module, f"{path}.", value)


def _declared_in(
    module: ModuleType, scanned: Container[str]
) -> Iterator[tuple[str, str, Any, Sequence[type[Event]], str]]:
    """Yield what seems to be a handler, and its event types or why it is none.

    Each handler in the module and its classes comes once.
    """
    home = module.__name__
    for path, owner, value in _members(vars(module), home):
        kind, fn = type(value), value
        if owner is not None and issubclass(kind, (staticmethod, classmethod)):
            fn = getattr(owner, path.rpartition(".")[2])
        elif issubclass(kind, type) or look_up(kind, "__call__") is None:
            continue
        if kind is FunctionType and home != value.__module__ in scanned:
            continue  # it comes with its own module
        inside = [*functions_in([fn])]
        compiled = not inside and described(fn) in (path, f"{home}.{path}")
        if not compiled and not any(map(_names_event, inside)):
            continue
        bare = owner is not None and fn is value
        events, why = ((), _METHOD) if bare else _accepted(fn, scanned)
        yield home, path, fn, events, why


def _names_event(fn: FunctionType) -> bool:
    """Return whether a parameter of a function, any of them, is for an event.

    An annotation that cannot be evaluated counts if it mentions an Event.
    """
    for one in parameters_of(fn, follow_wrapped=False) or ():
        types, doubt = annotated_types(one.annotation, fn, fn)
        unknown = doubt not in ("", NO_EVENT) and "Event" in str(one.annotation)
        if unknown or any(issubclass(kind, Event) for kind in types):
            return True
    return False


def _accepted(fn: Any, scanned: Container[str]) -> tuple[Sequence[type[Event]], str]:
    """Return the event types of a handler, or why it is none."""
    try:
        _, _, accepts, doubt = inspect_signature(fn)
        made_in = take_apart(fn).module
    except HandlerIdError as error:
        return (), str(error).removeprefix(f"{described(fn)} ")
    events = [one for one in accepts if Event in one.__mro__]
    if events and made_in in scanned:
        return events, ""
    if events:
        return (), f"is defined in {made_in}, which was not scanned"
    return (), f"has no event type: {doubt}. {ANNOTATE}" if doubt else _HIDDEN


class CodeIndex:
    """The modules that the host scanned, and what they hold. Any thread may use it."""

    def __init__(self, identity: Identity) -> None:
        self.version: int = 0  # changes with what the methods return
        self._identity = identity
        self._modules: dict[str, _Module] = {}

    def add(self, module: ModuleType) -> None:
        """Add a module; a second time, its code is read again."""
        new = self._enter(module)
        if self._identity.source:
            files = {code.co_filename: code for _, code in new.functions}
            for code in files.values():
                self._identity.source.read_source(code, globals_of(module))

    def _enter(self, module: ModuleType) -> _Module:
        new = _Module(module, self._identity)
        with LOCK:  # other threads always find the module, the old or the new
            self._modules[new.name] = new
            self.version += 1
        return new

    def forget(self, module_name: str) -> None:
        """Remove a module, by its name in this process; it need not be known."""
        with LOCK:
            self._modules.pop(self._identity.module_name(module_name), None)
            self.version += 1

    def module(self, name: str) -> ModuleType | None:
        """Return a module by the name that other processes know it by."""
        known = self._modules.get(name)
        return known.module if known else None

    def knows(self, location: str) -> bool:
        """Return whether there is code at a location; if nothing was scanned, True."""
        modules = [*self._modules.values()]
        return not modules or any(location in one.locations for one in modules)

    def codes(self, module: str, qualname: str) -> Iterator[CodeType]:
        """Yield all code of a qualified name, that of live functions first."""
        known = self._modules.get(module)
        if known is not None:
            if not is_current(known.functions):  # read what runs now
                known = self._enter(known.module)
            for found in (known.live, known.loaded):
                yield from [code for code, _ in found.get(qualname, {}).values()]

    def root(self, module: str, code: CodeType) -> Codes:
        """Return the function whose code has another inside, with the code it had."""
        found = self._modules[module].live.get(code.co_qualname, {}).get(id(code))
        return found[1] if found else ()

    def function(self, module: str, qualname: str) -> FunctionType | None:
        """Return the function that a module holds under its qualified name."""
        found, home = self._find(module, qualname)
        if type(found) is staticmethod or type(found) is classmethod:
            found = found.__func__
        named = type(found) is FunctionType and (found.__module__, found.__qualname__)
        return found if named == (home, qualname) else None

    def class_(self, module: str, qualname: str) -> type | None:
        """Return the class that a module holds under its qualified name."""
        found, home = self._find(module, qualname)
        is_class = issubclass(type(found), type)
        named = is_class and names_of_class(found) == (home, qualname)
        return found if named else None

    def _find(self, module: str, qualname: str) -> tuple[Any, object]:
        """Return what a module holds under a name, and the name that it has here."""
        holder = self.module(module)
        names = globals_of(holder) if holder is not None else {}
        return find(names, qualname), names.get("__name__")


class _Module:
    """A module that was scanned: its code by qualified name, read when it is needed."""

    def __init__(self, module: ModuleType, identity: Identity) -> None:
        self.module = module
        self.names: dict[str, Any] = globals_of(module)
        self.name: str = identity.module_name(str(self.names["__name__"]))
        self._identity = identity

    @functools.cached_property
    def functions(self) -> Codes:
        """Its functions, with the code that they have now."""
        every = functions_in(self.names.values(), self.names.get("__name__"))
        return (*((x, x.__code__) for x in every if x.__globals__ is self.names),)

    @functools.cached_property
    def live(self) -> _Named:
        """The code of its functions."""
        return _by_name(self.functions)

    @functools.cached_property
    def loaded(self) -> _Named:
        """The code that the loader has; none if the file was edited, or is gone."""
        spec = self.names.get("__spec__")
        get_code = getattr(getattr(spec, "loader", None), "get_code", None)
        try:
            code = get_code and get_code(spec.name)  # type: ignore[union-attr]
        except (ImportError, OSError, SyntaxError, ValueError):
            return {}
        found = _by_name([(None, code)] if type(code) is CodeType else ())
        for qualname in found.keys() & self.live.keys():
            ours, theirs = [
                {encode_code(code) for code, _ in one[qualname].values()}
                for one in (self.live, found)
            ]
            if not ours <= theirs:
                return {}
        return found

    @functools.cached_property
    def locations(self) -> frozenset[str]:
        """The locations of all its code, as they stand in ids."""
        places = [f"{self.name}:{one}" for one in {**self.live, **self.loaded}]
        found = chain(*map(self._identity.ids, places))
        return frozenset([one.location for one in found])


def _by_name(roots: Iterable[tuple[Any, CodeType]]) -> _Named:
    """Return the code of functions, nested code too, by qualified name and address."""
    found: _Named = {}
    for root in roots:
        for code in nested(root[1]):
            if code.co_flags & OPTIMIZED:  # of a function
                named = found.setdefault(code.co_qualname, {})
                named.setdefault(id(code), (code, (root,)))
    return found
