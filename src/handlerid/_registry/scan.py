"""The modules of an application: finding the handlers in them, and their code by name.

1. A handler is declared by its annotation, which names types that derive from
   ``Event``. A ``msgspec.Struct`` may be anything: its handlers are decorated.
2. Functions count where they are defined, and so do static and class methods. Partials,
   bound methods and cached functions count where a module has a name for them.
3. Code is that of a module's functions, also of those in its classes and decorators,
   with nested code. That of functions which nothing refers to any more comes from the
   loader, if the file was not edited since the import.
4. Namespaces are read as Python stores them: an object runs no code.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from handlerid._bytecode import encode_code
from handlerid._captures import CachedFunction, captures_of
from handlerid._identity import Codes, HandlerId, is_current, name_of, take_apart
from handlerid._peek import (
    LOCK,
    expect,
    globals_of,
    namespace,
    raw_qualname,
    storage,
)
from handlerid._registry.signatures import inspect_signature
from handlerid.errors import HandlerIdError, ScanFailed
from handlerid.events import Event

OnError = Callable[[ScanFailed], object]
Handler = Callable[..., object]
_Named = dict[str, list[CodeType]]

# Kinds of callables besides functions that are looked for in a module.
_CALLABLES = (MethodType, functools.partial, CachedFunction)


@dataclass(eq=False, repr=False)
class Scan:
    """The ids that a scan found, in which modules, in how many seconds; print it."""

    __module__ = "handlerid"

    found: tuple[HandlerId, ...]
    modules: tuple[str, ...]
    seconds: float

    def __iter__(self) -> Iterator[HandlerId]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __repr__(self) -> str:
        counts = f"{len(self.found)} handlers in {len(self.modules)} modules"
        return f"<Scan: {counts}, {self.seconds:.3f} s>"

    def __str__(self) -> str:
        lines = [f"{one}  {one.module}.{one.qualname}" for one in self]
        return "\n".join([repr(self)[len("<Scan: ") : -1], *lines])


def find_handlers(
    package: ModuleType | str,
    index: CodeIndex,
    register: Callable[[Handler, type[Event]], HandlerId],
    decorated: Mapping[HandlerId, Handler],
    on_error: OnError | None,
) -> Scan:
    """Import a package, then register its handlers; decorated ones are already."""

    def fail(text: str, module: str, cause: BaseException | None) -> None:
        failed = ScanFailed(text, module=module)
        if on_error is None:
            raise failed from cause
        failed.__cause__ = cause
        on_error(failed)

    start = perf_counter()
    modules = {one.__name__: one for one in _imported(package, fail)}
    for module in modules.values():
        index.add(module)
    mine = [(x, fn) for x, fn in decorated.items() if take_apart(fn).module in modules]
    known = {id(fn) for _, fn in mine}
    found = dict.fromkeys(one for one, _ in mine)  # a set in order
    for name, module in modules.items():
        for fn, event in _declared_in(module):
            if id(fn) not in known and take_apart(fn).module in modules:
                try:
                    found[register(fn, event)] = None
                except Exception as error:  # noqa: BLE001 - encoders are the host's
                    # The text of the host's exceptions may hold a value.
                    ours = isinstance(error, HandlerIdError)
                    reason = str(error) if ours else type(error).__name__
                    fail(f"{name_of(fn)} cannot be registered: {reason}", name, error)
    return Scan((*found,), (*modules,), perf_counter() - start)


def _imported(
    package: ModuleType | str, fail: Callable[[str, str, BaseException | None], None]
) -> Iterator[ModuleType]:
    """Import a module, and all modules in it if it is a package."""
    if isinstance(package, str):
        name = package
        try:
            package = import_module(name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it runs any code
            # A script that ends in sys.exit() does not end the host.
            text = f"{name} cannot be imported: {type(error).__name__}: {error}"
            return fail(text, name, error)
        if not issubclass(type(package), ModuleType):
            text = f"{name} puts an object that is no module into sys.modules"
            return fail(text, name, None)
    else:
        known = isinstance(package, ModuleType)
        expect(known, "package", "a module or its name", package)
    yield package
    for name in _inside(package):
        if name != "__main__":
            yield from _imported(f"{package.__name__}.{name}", fail)


def _inside(module: ModuleType) -> list[str]:
    """Return the names of the modules in a package."""
    from pkgutil import iter_modules  # noqa: PLC0415 - a millisecond for a scan alone

    directories = list(getattr(module, "__path__", ()))
    names = {one.name for one in iter_modules(directories)}
    for directory in filter(os.path.isdir, directories):
        # pkgutil leaves out directories without __init__, which are packages, too.
        inside = [one for one in os.scandir(directory) if one.name.isidentifier()]
        names |= {x.name for x in inside if x.is_dir() and any(iter_modules([x.path]))}
    return sorted(names)


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
        own = is_class and namespace(value).get("__module__")
        if not is_class or (
            type(own) is str and (own, raw_qualname(value)) == (module, path)
        ):
            yield path, owner, value
            if is_class:
                yield from _members(namespace(value), module, f"{path}.", value)


def _declared_in(module: ModuleType) -> Iterator[tuple[Handler, type[Event]]]:
    """Yield the handlers in a module and its classes, once for each event."""
    for path, owner, value in _members(vars(module), module.__name__):
        kind, fn = type(value), value
        if owner is not None:
            if not issubclass(kind, (staticmethod, classmethod)):
                continue
            fn = getattr(owner, path.rpartition(".")[2])
        elif not issubclass(kind, _CALLABLES) and (
            kind is not FunctionType or value.__module__ != module.__name__
        ):
            continue
        try:
            accepts = inspect_signature(fn)[2]
        except HandlerIdError:
            continue
        yield from ((fn, event) for event in accepts if Event in event.__mro__)


_FUNCTION = 0x01  # the flag of code of functions; class bodies have none
# Attributes of Python's own wrappers that hold functions. The types by address, because
# a metaclass may define ``__hash__``.
_HOLD = functools.partial, functools.partialmethod, functools.cached_property
_INSIDE = {
    **dict.fromkeys(map(id, (staticmethod, classmethod, MethodType)), ("__func__",)),
    **dict.fromkeys(map(id, _HOLD), ("func",)),
    id(property): ("fget", "fset", "fdel"),
}


class CodeIndex:
    """The modules that the host scanned, and what they hold. Any thread may use it."""

    def __init__(
        self,
        module_name: Callable[[str], str],
        read_source: Callable[[CodeType, dict[str, Any]], None] | None = None,
    ) -> None:
        self.version: int = 0  # changes with what the methods return
        self._name, self._read_source = module_name, read_source
        # The tables are made when they are first needed.
        self._modules: dict[str, tuple[ModuleType, Callable[[], _Table]]] = {}

    def add(self, module: ModuleType) -> None:
        """Add a module; a second time, its table is made again."""
        name = self._name(str(globals_of(module)["__name__"]))
        self._enter(name, module)
        if self._read_source is not None:
            codes = [x for found in self._table(name).codes.values() for x in found]
            for code in {one.co_filename: one for one in codes}.values():
                self._read_source(code, globals_of(module))

    def _enter(self, name: str, module: ModuleType) -> None:
        table = functools.cache(functools.partial(_Table, globals_of(module)))
        with LOCK:  # other threads always find the module, the old or the new
            self._modules[name] = module, table
            self.version += 1

    def forget(self, module_name: str) -> None:
        """Remove a module, by its name in this process; it need not be known."""
        with LOCK:
            self._modules.pop(self._name(module_name), None)
            self.version += 1

    def module(self, name: str) -> ModuleType | None:
        """Return a module by the name that other processes know it by."""
        return self._modules.get(name, (None, None))[0]

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield module and qualified name of all code."""
        for name, (_, table) in self._modules.copy().items():
            for qualname in {**table().codes, **table().loaded}:
                yield name, qualname

    def codes(self, module: str, qualname: str) -> Iterator[CodeType]:
        """Yield all code objects of a qualified name, those of live functions first."""
        table = self._table(module)
        if not is_current((*table.roots.values(),)):  # read what runs now
            self._enter(module, self._modules[module][0])
            table = self._table(module)
        yield from table.codes.get(qualname, ())
        yield from table.unread.get(qualname, ())

    def root(self, module: str, code: CodeType) -> Codes:
        """Return the function whose code has another inside, with the code it had."""
        return (*filter(None, [self._table(module).roots.get(id(code))]),)

    def function(self, module: str, qualname: str) -> FunctionType | None:
        """Return the function that a module holds under a qualified name."""
        return self._table(module).functions.get(qualname)

    def class_(self, module: str, qualname: str) -> type | None:
        """Return the class that a module holds under a qualified name."""
        return self._table(module).classes.get(qualname)

    def _table(self, name: str) -> _Table:
        known = self._modules.get(name)
        return known[1]() if known else _Table({})


class _Table:
    """What one module holds, by qualified name."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.codes: _Named = {}  # of live functions
        self.functions: dict[str, FunctionType] = {}
        self.classes: dict[str, type] = {}
        self.seen: set[int] = set()
        # By the address of code, the function that it is in, with the code it had.
        self.roots: dict[int, tuple[FunctionType, CodeType]] = {}
        own = names.get("__name__")
        for path, _, value in _members(names, own):
            kind = type(value)
            if issubclass(kind, type):
                self.classes[path] = value
                continue
            wraps = kind is staticmethod or kind is classmethod
            fn = value.__func__ if wraps else value
            named = type(fn) is FunctionType and (fn.__module__, fn.__qualname__)
            if named == (own, path):  # else another module holds it
                self.functions[path] = fn
            self.walk(value)

    def walk(self, value: Any) -> None:
        """Enter the code of the functions inside a value, without running any."""
        todo = [value]
        while todo:
            one = todo.pop()
            kind = type(one)
            inside = _INSIDE.get(id(kind), ())
            if id(one) in self.seen or issubclass(kind, type):
                continue
            self.seen.add(id(one))
            todo += [getattr(one, name) for name in inside]
            if kind is FunctionType:
                if one.__globals__ is self.names:
                    code = one.__code__
                    every = map(id, _gather(code, self.codes))
                    self.roots |= dict.fromkeys(every, (one, code))
                todo.append(getattr(one, "__wrapped__", None))
                if one.__closure__:
                    todo += [value for _, value in captures_of(one)]
            elif callable(one) and not inside:
                todo.append(dict.get(storage(one), "__wrapped__"))

    @functools.cached_property
    def loaded(self) -> _Named:
        """The code that the loader has."""
        spec = self.names.get("__spec__")
        get_code = getattr(getattr(spec, "loader", None), "get_code", None)
        found: _Named = {}
        try:
            code = get_code and get_code(spec.name)  # type: ignore[union-attr]
        except (ImportError, OSError, SyntaxError, ValueError):
            return {}  # the file is gone, or was edited
        if type(code) is CodeType:
            _gather(code, found)
        return found

    @functools.cached_property
    def unread(self) -> _Named:
        """The code that only the loader has; none if the file was edited."""
        found = self.loaded.copy()
        for qualname in found.keys() & self.codes.keys():
            theirs = {encode_code(one): one for one in found[qualname]}
            ours = {encode_code(one) for one in self.codes[qualname]}
            if not ours <= theirs.keys():
                return {}
            found[qualname] = [one for form, one in theirs.items() if form not in ours]
        return found


def _gather(code: CodeType, found: _Named) -> list[CodeType]:
    """Enter a code object and all that are nested in it, each once; return them."""
    every = [code]
    for one in every:
        every += [const for const in one.co_consts if type(const) is CodeType]
        if one.co_flags & _FUNCTION:
            known = found.setdefault(one.co_qualname, [])
            if not any(one is other for other in known):
                known.append(one)
    return every
