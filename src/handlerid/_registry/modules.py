"""Code, functions and classes of the modules that the host scanned, by name.

1. A module is known by the name that other processes know it by.
2. Nothing is imported, evaluated or asked: a name that is in no table is unknown.
3. Code is what the functions of a module hold: its own, those of its classes and those
   inside decorators, with nested code. The code that the module's loader has is read
   for functions that nothing refers to any more. It counts only if it agrees with the
   functions that are there: a file that was edited since the import does not.
4. A class or function is held if the module has it under its own qualified name.
"""

from __future__ import annotations

import functools
from threading import RLock
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from handlerid._identity import encode_code
from handlerid._peek import globals_of, names_of_class, namespace, storage
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_FUNCTION = 0x01
"""The flag of code that every function has, and no class body or module."""

_INSIDE = {
    id(staticmethod): ("__func__",),
    id(classmethod): ("__func__",),
    id(property): ("fget", "fset", "fdel"),
    id(MethodType): ("__func__",),
    id(functools.partial): ("func",),
    id(functools.partialmethod): ("func",),
    id(functools.cached_property): ("func",),
}
"""Attributes of Python's own wrappers that hold functions. The types are keys by
address, because a metaclass may define ``__hash__``."""


class CodeIndex:
    """The modules that the host scanned. Any thread may use it.

    Several code objects may have one qualified name; all of them are kept. The table of
    a module is made when it is first needed.

    Args:
        module_name: ``Identity.module_name``.

    Attributes:
        version: changes when a module is added or forgotten, and with it what the
            methods return.
    """

    def __init__(self, module_name: Callable[[str], str]) -> None:
        self.version = 0
        self._name = module_name
        self._lock = RLock()
        self._modules: dict[str, ModuleType] = {}
        self._tables: dict[str, _Table] = {}

    def add(self, module: ModuleType) -> None:
        """Add a module; a second time, its table is made again."""
        name = str(globals_of(module)["__name__"])
        self.forget(name)
        with self._lock:
            self._modules[self._name(name)] = module

    def forget(self, module_name: str) -> None:
        """Remove a module, by its name in this process; it need not be known."""
        with self._lock:
            name = self._name(module_name)
            self._modules.pop(name, None)
            self._tables.pop(name, None)
            self.version += 1

    def module(self, name: str) -> ModuleType | None:
        """Return a module by the name that other processes know it by."""
        return self._modules.get(name)

    def codes(self, module: str, qualname: str) -> Iterator[CodeType]:
        """Yield the code objects of a qualified name, those of live functions first."""
        table = self._table(module)
        if table is None:
            return
        yield from table.codes.get(qualname, ())
        with self._lock:
            if table.unread is None:
                table.unread = table.read_loader()
        yield from table.unread.get(qualname, ())

    def function(self, module: str, qualname: str) -> FunctionType | None:
        """Return the function that a module holds under a qualified name."""
        table = self._table(module)
        return None if table is None else table.functions.get(qualname)

    def class_(self, module: str, qualname: str) -> type | None:
        """Return the class that a module holds under a qualified name."""
        table = self._table(module)
        return None if table is None else table.classes.get(qualname)

    def _table(self, name: str) -> _Table | None:
        table = self._tables.get(name)
        if table is None and name in self._modules:
            with self._lock:
                table, module = self._tables.get(name), self._modules.get(name)
                if table is None and module is not None:
                    table = self._tables[name] = _Table(module)
        return table


class _Table:
    """What one module holds, by qualified name.

    Attributes:
        codes: code objects of live functions.
        unread: further code objects of the loader; None until they are needed.
        functions: functions that the module holds.
        classes: classes likewise.
    """

    def __init__(self, module: ModuleType) -> None:
        self.names = globals_of(module)
        self.codes: dict[str, list[CodeType]] = {}
        self.unread: dict[str, list[CodeType]] | None = None
        self.functions: dict[str, FunctionType] = {}
        self.classes: dict[str, type] = {}
        self.seen: set[int] = set()
        self.hold(self.names, "")

    def hold(self, names: Mapping[str, Any], prefix: str) -> None:
        """Enter what a namespace holds."""
        own = self.names.get("__name__")
        for name, value in list(names.items()):
            kind, path = type(value), f"{prefix}{name}"
            if issubclass(kind, type):
                if names_of_class(value) == (own, path) and path not in self.classes:
                    self.classes[path] = cast("type", value)
                    self.hold(namespace(value), f"{path}.")
                continue
            fn = value
            if kind is staticmethod or kind is classmethod:
                fn = value.__func__
            # An imported function is held by another module.
            if type(fn) is FunctionType and (
                (fn.__module__, fn.__qualname__) == (own, path)
            ):
                self.functions[path] = fn
            self.walk(value)

    def walk(self, value: Any) -> None:
        """Enter the code of the functions inside a value, without running any."""
        todo = [value]
        while todo:
            one = todo.pop()
            kind = type(one)
            if id(one) in self.seen:
                continue
            if kind is FunctionType:
                self.seen.add(id(one))
                if one.__globals__ is self.names:
                    _gather(one.__code__, self.codes)
                todo.append(one.__dict__.get("__wrapped__"))
                for cell in one.__closure__ or ():
                    try:
                        todo.append(cell.cell_contents)
                    except ValueError:
                        continue  # empty
            elif (inside := _INSIDE.get(id(kind))) is not None:
                self.seen.add(id(one))
                todo += [getattr(one, name) for name in inside]
            elif callable(one) and not issubclass(kind, type):
                self.seen.add(id(one))
                todo.append(dict.get(storage(one), "__wrapped__"))

    def read_loader(self) -> dict[str, list[CodeType]]:
        """Return the code that only the loader has."""
        spec = self.names.get("__spec__")
        get_code = getattr(getattr(spec, "loader", None), "get_code", None)
        if get_code is None:
            return {}
        try:
            code = get_code(spec.name)  # type: ignore[union-attr]
        except (ImportError, OSError, SyntaxError, ValueError):
            return {}  # the file is gone, or was edited
        found: dict[str, list[CodeType]] = {}
        if type(code) is CodeType:
            _gather(code, found)
        for qualname in found.keys() & self.codes.keys():
            theirs = {_form(one): one for one in found[qualname]}
            ours = {_form(one) for one in self.codes[qualname]}
            if not ours <= theirs.keys():
                return {}
            found[qualname] = [one for form, one in theirs.items() if form not in ours]
        return found


def _gather(code: CodeType, found: dict[str, list[CodeType]]) -> None:
    """Enter a code object and all that are nested in it, each once."""
    todo = [code]
    while todo:
        one = todo.pop()
        todo += [const for const in one.co_consts if type(const) is CodeType]
        if one.co_flags & _FUNCTION:
            known = found.setdefault(one.co_qualname, [])
            if not any(one is other for other in known):
                known.append(one)


def _form(code: CodeType) -> bytes:
    try:
        return encode_code(code)
    except UnsupportedHandler:
        return b""
