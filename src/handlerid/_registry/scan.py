"""The modules of an application: finding the handlers in them, and their code by name.

1. A handler is declared by its annotation, which names types that derive from
   ``Event``. A ``msgspec.Struct`` may be anything: its handlers are decorated.
2. Functions count where they are defined, and so do static and class methods. Other
   callables count where a module has a name for them. What names an event type and
   does not count, or has no annotations to read, is listed with the reason.
3. Code is that of a module's functions, also of those in its classes and decorators,
   with nested code. That of functions which nothing refers to any more comes from the
   loader, if the file was not edited since the import.
4. Namespaces are read as Python stores them: an object runs no code.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from handlerid._bytecode import encode_code
from handlerid._captures import captures_of
from handlerid._identity import Codes, HandlerId, is_current, name_of, take_apart
from handlerid._peek import (
    LOCK,
    described,
    expect,
    globals_of,
    look_up,
    namespace,
    raw_qualname,
    storage,
)
from handlerid._registry.captures import functions_of
from handlerid._registry.signatures import inspect_signature, names_event
from handlerid.errors import HandlerIdError, ScanFailed
from handlerid.events import Event
from handlerid.events.annotations import NO_EVENT

OnError = Callable[[ScanFailed], object]
Handler = Callable[..., object]
Fail = Callable[[str, str, str, BaseException | None], None]
_Named = dict[str, list[CodeType]]

_METHOD = "is a method without its object; register the bound method"
_HIDDEN = (
    "has an event type that its decorator hides: use functools.wraps or "
    "functools.update_wrapper there, or register it with event="
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
    skipped: Mapping[str, str]

    def __iter__(self) -> Iterator[HandlerId]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __repr__(self) -> str:
        counts = f"{len(self.found)} handlers in {len(self.modules)} modules"
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
    modules = {one.__name__: one for one in _imported(package, fail)}
    for module in modules.values():
        index.add(module)
    mine = [(x, fn) for x, fn in decorated.items() if take_apart(fn).module in modules]
    known = {id(fn) for _, fn in mine}
    found = dict.fromkeys(one for one, _ in mine)  # a set in order
    used = {id(one) for _, fn in mine for one in functions_of(fn)}
    seen: list[tuple[str, Any, str]] = []
    for name, module in modules.items():
        for path, fn, events, why in _declared_in(module, modules):
            if why:
                where = f"{name}.{path}"
                seen.append((where, fn, why.removeprefix(f"{described(fn)} ")))
            elif id(fn) not in known:
                used.update(map(id, functions_of(fn)))
                for event in events:
                    try:
                        found[register(fn, event)] = None
                    except Exception as error:  # noqa: BLE001 - encoders are the host's
                        # The text of the host's exceptions may hold a value.
                        ours = isinstance(error, HandlerIdError)
                        text = str(error) if ours else type(error).__name__
                        fail(name_of(fn), f"cannot be registered: {text}", name, error)
    # What a handler calls, as a partial does, is none that was passed over.
    skipped |= {x: y for x, fn, y in seen if used.isdisjoint(map(id, _functions(fn)))}
    return Scan((*found,), (*modules,), perf_counter() - start, skipped)


def _imported(package: ModuleType | str, fail: Fail) -> Iterator[ModuleType]:
    """Import a module, and all modules in it if it is a package."""
    if isinstance(package, str):
        from logging import getLogger  # noqa: PLC0415 - for a scan alone

        # Before: a module that starts a server does not return.
        name = package
        getLogger("handlerid").info("importing %s", name)
        try:
            package = import_module(name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it runs any code
            _expect_name(name)
            # A script that ends in sys.exit() does not end the host.
            parent, _, last = name.rpartition(".")
            paths = getattr(sys.modules.get(parent), "__path__", sys.path)
            count = _count([os.path.join(one, last) for one in paths])  # noqa: PTH118
            beneath = f", nor what is in it ({count} modules)" if count else ""
            text = f"cannot be imported{beneath}: {type(error).__name__}: {error}"
            return fail(name, text, name, error)
        if not issubclass(type(package), ModuleType):
            text = "puts an object that is no module into sys.modules"
            return fail(name, text, name, None)
    else:
        known = isinstance(package, ModuleType)
        expect(known, "package", "a module or its name", package)
    yield package
    for name in _inside([*getattr(package, "__path__", ())]):
        yield from _imported(f"{package.__name__}.{name}", fail)


def _expect_name(name: str) -> None:
    """Raise ValueError for the path of a file or directory."""
    parts = name.replace("\\", "/").removesuffix(".py").removesuffix("/__init__")
    parts = ".".join(one for one in parts.split("/") if one.strip("."))
    if parts != name:
        raise ValueError(
            f"scan() imports modules by name, and {name!r} is the name of a file or "
            f"directory; did you mean scan({parts!r})?"
        )


def _count(paths: list[str]) -> int:
    """Return the number of modules in a package's directories, at any depth."""
    inside = [[os.path.join(x, one) for x in paths] for one in _inside(paths)]  # noqa: PTH118
    return len(inside) + sum(map(_count, inside))


def _inside(paths: list[str]) -> list[str]:
    """Return the names of the modules in a package's directories."""
    from pkgutil import iter_modules  # noqa: PLC0415 - a millisecond for a scan alone

    names = {one.name for one in iter_modules(paths)}
    # It leaves out directories without __init__, which are packages, too.
    for path in paths:
        for name in {x for x in _directories(path) if x.isidentifier()} - names:
            names |= {name} if _inside([os.path.join(path, name)]) else set()  # noqa: PTH118
    return sorted(names - {"__main__"})


def _directories(path: str) -> Iterable[str]:
    """Return the names of the directories in a directory, or in one of a zip."""
    from pkgutil import get_importer  # noqa: PLC0415
    from zipfile import ZipFile  # noqa: PLC0415

    if os.path.isdir(path):  # noqa: PTH112
        return [one.name for one in os.scandir(path) if one.is_dir()]
    importer: Any = get_importer(path)
    archive = getattr(importer, "archive", None)
    if archive is None:
        return ()
    prefix = importer.prefix.replace(os.sep, "/")
    with ZipFile(archive) as file:
        rest = [x[len(prefix) :] for x in file.namelist() if x.startswith(prefix)]
    return {one.partition("/")[0] for one in rest if "/" in one}


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


def _declared_in(
    module: ModuleType, scanned: Container[str]
) -> Iterator[tuple[str, Any, Sequence[type[Event]], str]]:
    """Yield what seems to be a handler: name, callable, event types or why it is none.

    Each handler in the module and its classes comes once.
    """
    home = module.__name__
    for path, owner, value in _members(vars(module), home):
        kind, fn, why = type(value), value, ""
        static = owner is not None and issubclass(kind, (staticmethod, classmethod))
        if static:
            fn = getattr(owner, path.rpartition(".")[2])
        elif issubclass(kind, type) or look_up(kind, "__call__") is None:
            continue
        if kind is FunctionType and home != value.__module__ in scanned:
            continue  # it comes with its own module
        events: Sequence[type[Event]] = ()
        if owner is None or static:
            events, why = _accepted(fn, home, path)
            made_in = take_apart(fn).module if events else home
            if made_in not in scanned:
                why = f"is defined in {made_in}, which was not scanned"
        elif any(map(names_event, _functions(fn))):
            why = _METHOD
        if events or why:
            yield path, fn, events, why


def _accepted(fn: Any, home: str, path: str) -> tuple[Sequence[type[Event]], str]:
    """Return the event types of what a module has a name for, or why it is skipped."""
    functions, doubt = [*_functions(fn)], ""
    accepts: Sequence[type] = ()
    try:
        if type(fn) is FunctionType or any(map(names_event, functions)):
            _, _, accepts, doubt = inspect_signature(fn)
        elif not functions and described(fn) in (path, f"{home}.{path}"):
            take_apart(fn)  # refuses it: it is compiled
    except HandlerIdError as error:
        named = not functions or any(map(names_event, functions))
        return (), str(error) if named else ""
    if events := [one for one in accepts if Event in one.__mro__]:
        return events, ""
    if "Event" in doubt and NO_EVENT not in doubt:
        return (), f"has no event type: {doubt.partition('event type: ')[2]}"
    if any(map(names_event, functions)):
        return (), "has an event type, but not for its first parameter"
    inside = [x for x in _functions(fn, captured=True) if x.__qualname__ == path]
    return (), _HIDDEN * any(x.__module__ == home and names_event(x) for x in inside)


_FUNCTION = 0x01  # the flag of code of functions; class bodies have none
# Attributes of Python's own wrappers that hold functions. The types by address, because
# a metaclass may define ``__hash__``.
_HOLD = functools.partial, functools.partialmethod, functools.cached_property
_INSIDE = {
    **dict.fromkeys(map(id, (staticmethod, classmethod, MethodType)), ("__func__",)),
    **dict.fromkeys(map(id, _HOLD), ("func",)),
    id(property): ("fget", "fset", "fdel"),
}


def _functions(
    value: Any, seen: set[int] | None = None, *, captured: bool = False
) -> Iterator[FunctionType]:
    """Yield the functions inside a value, without running any; also captured ones."""
    todo, seen = [value], set[int]() if seen is None else seen
    while todo:
        one = todo.pop()
        kind = type(one)
        inside = _INSIDE.get(id(kind), ())
        if id(one) in seen or issubclass(kind, type):
            continue
        seen.add(id(one))
        todo += [getattr(one, name) for name in inside]
        if kind is FunctionType:
            yield one
            todo.append(getattr(one, "__wrapped__", None))
            if captured and one.__closure__:
                todo += [value for _, value in captures_of(one)]
        elif not inside and (call := look_up(kind, "__call__")) is not None:
            stored = storage(one)
            todo += [call, dict.get(stored, "__wrapped__")]
            if captured:
                todo += [x for x in dict.values(stored) if type(x) is FunctionType]


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
        # By the address of code, the function that it is in, with the code it had.
        self.roots: dict[int, tuple[FunctionType, CodeType]] = {}
        seen: set[int] = set()
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
            for one in _functions(value, seen, captured=True):
                if one.__globals__ is names:
                    code = one.__code__
                    every = map(id, _gather(code, self.codes))
                    self.roots |= dict.fromkeys(every, (one, code))

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
