"""What is known of the modules that the host scanned: code, functions, classes.

What belongs here: tables made of modules, and looking names up in them. Nothing here
imports, evaluates or asks an object anything: a name that is not in a table is
unknown, whatever it says.

The rules:

1. A module is known by the name that other processes know it by.
2. Code is what the module's own functions hold, nested code included: its functions,
   the methods of its classes, and what decorators wrapped around them. Where that does
   not tell, the module's code as its loader has it does too, for functions that nothing
   refers to any more. It is not executed.
3. The loader's code counts only when it agrees with the functions that are there: a
   file that was edited since the import does not.
4. A class or function is held when the module has it under its own qualified name.
5. Several code objects may share one qualified name; all are kept, told apart by their
   fingerprints, which an identity computes.
6. Tables are made when a module is first asked about.
"""

from __future__ import annotations

import functools
from threading import RLock
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from handlerid._canonical.code import encode_code
from handlerid._canonical.peek import globals_of, names_of_class, namespace, storage
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Scanned"]

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
"""Where Python's own wrappers keep the functions that they are made of; the types by
address, for a metaclass may define ``__hash__``."""


class Scanned:
    """The modules that the host scanned. Any thread may use it.

    Args:
        module_name: turns a module's name in this process into the name by which
            others know it: ``Identity.module_name``.

    Attributes:
        version: changes whenever a module is added or forgotten; what was looked up
            before may be outdated then.
    """

    def __init__(self, module_name: Callable[[str], str]) -> None:
        self.version = 0
        self._name = module_name
        self._lock = RLock()
        self._modules: dict[str, ModuleType] = {}
        self._tables: dict[str, _Table] = {}

    def add(self, module: ModuleType) -> None:
        """Makes a module known; a second time, what it holds is read again."""
        name = self._name(str(globals_of(module)["__name__"]))
        with self._lock:
            self._modules[name] = module
            self._tables.pop(name, None)
            self.version += 1

    def forget(self, module_name: str) -> None:
        """Forgets a module, by its name here or elsewhere; unknown ones do no harm."""
        with self._lock:
            name = self._name(module_name)
            self._modules.pop(name, None)
            self._tables.pop(name, None)
            self.version += 1

    def __contains__(self, module_name: object) -> bool:
        return module_name in self._modules

    def module(self, name: str) -> ModuleType | None:
        """Returns a module by the name that other processes know it by."""
        return self._modules.get(name)

    def codes(self, module: str, qualname: str) -> Iterator[CodeType]:
        """Yields the code objects that bear a qualified name, the usual ones first."""
        table = self._table(module)
        if table is None:
            return
        yield from table.codes.get(qualname, ())
        with self._lock:
            unread = table.unread
            if unread is None:
                unread = table.unread = table.read_loader()
        yield from unread.get(qualname, ())

    def function(self, module: str, qualname: str) -> FunctionType | None:
        """Returns the function that a module holds under a qualified name."""
        table = self._table(module)
        return None if table is None else table.functions.get(qualname)

    def class_(self, module: str, qualname: str) -> type | None:
        """Returns the class that a module holds under a qualified name."""
        table = self._table(module)
        return None if table is None else table.classes.get(qualname)

    def _table(self, module: str) -> _Table | None:
        table = self._tables.get(module)
        if table is None and module in self._modules:
            with self._lock:
                known = self._modules.get(module)
                table = self._tables.get(module)
                if table is None and known is not None:
                    table = self._tables[module] = _Table(known)
        return table


class _Table:
    """What one module holds.

    Attributes:
        codes: code objects by qualified name, as functions hold them.
        unread: further ones, as the loader has them; None as long as nobody asked.
        functions: functions by the qualified name under which they are held.
        classes: classes likewise.
    """

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.names = globals_of(module)
        self.codes: dict[str, list[CodeType]] = {}
        self.unread: dict[str, list[CodeType]] | None = None
        self.functions: dict[str, FunctionType] = {}
        self.classes: dict[str, type] = {}
        self.seen: set[int] = set()
        self.hold(self.names, "")

    def hold(self, names: Mapping[str, Any], prefix: str) -> None:
        own = self.names.get("__name__")
        for name, value in list(names.items()):
            kind, path = type(value), f"{prefix}{name}"
            if issubclass(kind, type):
                if names_of_class(value) == (own, path) and path not in self.classes:
                    self.classes[path] = cast("type", value)
                    self.hold(namespace(value), f"{path}.")
                continue
            if kind is staticmethod or kind is classmethod:
                self.hold_function(value.__func__, path)
            elif kind is FunctionType:
                self.hold_function(value, path)
            self.walk(value)

    def hold_function(self, fn: Any, path: str) -> None:
        own = self.names.get("__name__")
        # An imported function is held by another module.
        if type(fn) is FunctionType and (fn.__module__, fn.__qualname__) == (own, path):
            self.functions[path] = fn

    def walk(self, value: Any) -> None:
        """Finds the functions that a value is made of, without asking it."""
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
                todo += [one.__dict__.get("__wrapped__")]
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
        """The code that only the loader has."""
        spec = self.names.get("__spec__")
        get_code = getattr(getattr(spec, "loader", None), "get_code", None)
        if get_code is None:
            return {}
        try:
            code = get_code(spec.name)  # type: ignore[union-attr]
        except (ImportError, OSError, SyntaxError, ValueError):
            return {}  # the file is gone, or is no longer what was imported
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
    """Enters a code object and all that are nested in it, each once."""
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
