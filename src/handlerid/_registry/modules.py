"""Code, functions and classes of the modules that the host scanned, by name.

1. A module is known by the name that other processes know it by.
2. Nothing is imported, evaluated or asked: a name that is in no table is unknown.
3. Code is what the functions of a module hold: its own, those of its classes and those
   inside decorators, with nested code. Functions that nothing refers to any more are
   found in the code that the module's loader has, if it agrees with the functions that
   are there: a file that was edited since the import does not.
4. A class or function is held if the module has it under its own qualified name.
"""

from __future__ import annotations

import functools
from threading import RLock
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from handlerid._identity import captures_of, encode_code
from handlerid._peek import globals_of, names_of_class, namespace, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Codes = dict[str, list[CodeType]]

_FUNCTION = 0x01
"""The flag of code that every function has, and no class body or module."""

# By address, because a metaclass may define ``__hash__``.
_INSIDE = {
    id(staticmethod): ("__func__",),
    id(classmethod): ("__func__",),
    id(property): ("fget", "fset", "fdel"),
    id(MethodType): ("__func__",),
    id(functools.partial): ("func",),
    id(functools.partialmethod): ("func",),
    id(functools.cached_property): ("func",),
}
"""Attributes of Python's own wrappers that hold functions."""


class CodeIndex:
    """The modules that the host scanned. Any thread may use it."""

    def __init__(self, module_name: Callable[[str], str]) -> None:
        self.version: int = 0  # changes with what the methods return
        self._name = module_name
        self._lock = RLock()
        self._modules: dict[str, ModuleType] = {}
        self._tables: dict[str, _Table] = {}  # made when they are first needed

    def add(self, module: ModuleType) -> None:
        """Add a module; a second time, its table is made again."""
        name = str(globals_of(module)["__name__"])
        with self._lock:
            self.forget(name)
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
        """Yield all code objects of a qualified name, those of live functions first."""
        table = self._table(module)
        yield from table.codes.get(qualname, ())
        with self._lock:
            if table.unread is None:
                table.unread = table.read_loader()
        yield from table.unread.get(qualname, ())

    def function(self, module: str, qualname: str) -> FunctionType | None:
        """Return the function that a module holds under a qualified name."""
        return self._table(module).functions.get(qualname)

    def class_(self, module: str, qualname: str) -> type | None:
        """Return the class that a module holds under a qualified name."""
        return self._table(module).classes.get(qualname)

    def _table(self, name: str) -> _Table:
        table = self._tables.get(name)
        if table is None:
            with self._lock:
                module = self._modules.get(name)
                if module is None:
                    return _Table({})
                table = self._tables.get(name) or _Table(globals_of(module))
                self._tables[name] = table
        return table


class _Table:
    """What one module holds, by qualified name."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.codes: Codes = {}  # of live functions
        self.unread: Codes | None = None  # further ones of the loader, when needed
        self.functions: dict[str, FunctionType] = {}
        self.classes: dict[str, type] = {}
        self.seen: set[int] = set()
        self.hold(names, "")

    def hold(self, names: Mapping[str, Any], prefix: str) -> None:
        """Enter what a namespace holds."""
        own = self.names.get("__name__")
        for name, value in list(names.items()):
            kind, path = type(value), f"{prefix}{name}"
            if issubclass(kind, type):
                home = namespace(value).get("__module__")
                held = type(home) is str and home == own and path not in self.classes
                if held and names_of_class(value)[1] == path:
                    self.classes[path] = cast("type", value)
                    self.hold(namespace(value), f"{path}.")
                continue
            wraps = kind is staticmethod or kind is classmethod
            fn = value.__func__ if wraps else value
            held = type(fn) is FunctionType and fn.__qualname__ == path
            if held and fn.__module__ == own:  # else another module holds it
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
                    _gather(one.__code__, self.codes)
                todo.append(getattr(one, "__wrapped__", None))
                if one.__closure__:
                    todo += [value for _, value in captures_of(one)]
            elif callable(one) and not inside:
                todo.append(dict.get(storage(one), "__wrapped__"))

    def read_loader(self) -> Codes:
        """Return the code that only the loader has."""
        spec = self.names.get("__spec__")
        get_code = getattr(getattr(spec, "loader", None), "get_code", None)
        found: Codes = {}
        try:
            code = get_code and get_code(spec.name)  # type: ignore[union-attr]
        except (ImportError, OSError, SyntaxError, ValueError):
            return {}  # the file is gone, or was edited
        if type(code) is CodeType:
            _gather(code, found)
        for qualname in found.keys() & self.codes.keys():
            theirs = {encode_code(one): one for one in found[qualname]}
            ours = {encode_code(one) for one in self.codes[qualname]}
            if not ours <= theirs.keys():
                return {}
            found[qualname] = [one for form, one in theirs.items() if form not in ours]
        return found


def _gather(code: CodeType, found: Codes) -> None:
    """Enter a code object and all that are nested in it, each once."""
    todo = [code]
    while todo:
        one = todo.pop()
        todo += [const for const in one.co_consts if type(const) is CodeType]
        if one.co_flags & _FUNCTION:
            known = found.setdefault(one.co_qualname, [])
            if not any(one is other for other in known):
                known.append(one)
