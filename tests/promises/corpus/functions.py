"""Finds functions: compiled from files without running them, and made by importing.

It runs in each measured Python. Each function has a label that is the same in every
process.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import io
import zipimport
from collections.abc import Iterator
from importlib.machinery import SourcelessFileLoader
from pathlib import Path
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

_NOT_IMPORTED = {
    *("__main__", "conftest", "setup", "test", "tests"),
    *("antigravity", "idlelib", "this", "turtle", "turtledemo"),
}
"""Modules that do something else than to define, by any part of their name."""

_FUNCTION = 0x01 | 0x02
"""Flags that all functions have, and no module or class body."""


def is_function(code: CodeType) -> bool:
    """A def or a lambda: no comprehension, and no scope of type parameters."""
    named = code.co_name == "<lambda>" or not code.co_name.startswith(("<", "__annot"))
    return code.co_flags & _FUNCTION == _FUNCTION and named


def functions_in(code: CodeType, path: str = "") -> Iterator[tuple[str, CodeType]]:
    """All function code in a code object, with its path among the nested code."""
    nested = [const for const in code.co_consts if type(const) is CodeType]
    for index, inner in enumerate(nested):
        where = f"{path}.{index}"
        if is_function(inner):
            yield where, inner
        yield from functions_in(inner, where)


def function_of(code: CodeType, module: str) -> FunctionType:
    """A function that was never defined: its cells are empty."""
    cells = tuple(CellType() for _ in code.co_freevars)
    return FunctionType(code, {"__name__": module}, closure=cells)


def compiled(
    roots: list[str], modules: list[list[str]]
) -> Iterator[tuple[str, FunctionType]]:
    """The functions of modules, by label; nothing of them runs.

    Args:
        roots: folders or zip files to find the modules in.
        modules: name and file of each, the file from the root and without ending.
    """
    for module, file in modules:
        try:
            code = _load(roots, module, file)
        except (SyntaxError, ValueError):
            continue  # some test data are not meant to compile
        if code is None:
            continue
        for where, inner in functions_in(code):
            yield f"{module}:{where}", function_of(inner, module)


def _load(roots: list[str], module: str, file: str) -> CodeType | None:
    for root in map(Path, roots):
        if root.is_file():
            importer = zipimport.zipimporter(str((root / file).parent))
            # One that is a package has its code in __init__, which is part of file.
            return importer.get_code(Path(file).name)
        source, bytecode = root / f"{file}.py", root / f"{file}.pyc"
        if source.exists():
            return compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
        if bytecode.exists():
            return SourcelessFileLoader(module, str(bytecode)).get_code(module)
    return None


def import_modules(modules: list[list[str]]) -> dict[str, ModuleType]:
    """Imports those of the modules that can safely be imported, and do not fail."""
    if any(name == "django" for name, _ in modules):
        _set_up_django()
    found = {}
    for name, _ in modules:
        if _NOT_IMPORTED.isdisjoint(name.split(".")):
            with contextlib.redirect_stdout(io.StringIO()):
                try:
                    module = importlib.import_module(name)
                except BaseException:  # noqa: BLE001 other systems' modules, missing extras
                    continue
            # One that calls itself by another's name, as _pydecimal does, has no
            # location of its own: what else was imported decides whose it is.
            if module.__name__ == name:
                found[name] = module
    return found


def _set_up_django() -> None:
    django: Any = importlib.import_module("django")
    conf: Any = importlib.import_module("django.conf")
    apps = ("admin", "auth", "contenttypes", "messages", "sessions", "sites")
    installed = [f"django.contrib.{app}" for app in apps]
    # Translations are data that a zip file of sources has not.
    conf.settings.configure(INSTALLED_APPS=installed, USE_I18N=False)
    django.setup()


def imported(modules: dict[str, ModuleType]) -> Iterator[tuple[str, bool, Any]]:
    """Callables that modules hold: by label, and whether the file has them as they are.

    Functions, what wraps them, members of classes, and the functions nested in each.
    """
    for name, module in modules.items():
        seen: set[int] = set()
        for attribute, value in sorted(vars(module).items()):
            for label, found in _reach(value, attribute, module.__name__, seen):
                yield f"{name}:{label}", _as_written(found, name, module), found


def _as_written(value: object, name: str, module: ModuleType) -> bool:
    """Whether compiling the module's file gives this function too.

    Modules that are frozen into Python do not count: 3.11 and 3.12 hold some with
    tuples where their files have frozensets. Nor does what ``types.coroutine`` made:
    it gives a function's code another flag.
    """
    if type(value) is not FunctionType or "__wrapped__" in value.__dict__:
        return False
    code = value.__code__
    return (
        code.co_filename == getattr(module, "__file__", None)
        and value.__module__ == name
        and value.__qualname__ == code.co_qualname
        and is_function(code)
        and not code.co_flags & inspect.CO_ITERABLE_COROUTINE
    )


def _reach(
    value: Any, label: str, module: str, seen: set[int]
) -> Iterator[tuple[str, Any]]:
    kind = type(value)  # isinstance asks the value for its class: a proxy then wakes up
    if id(value) in seen:
        return
    seen.add(id(value))
    if kind is FunctionType:
        if value.__module__ == module:
            yield label, value
            for where, code in functions_in(value.__code__):
                yield f"{label}{where}", function_of(code, module)
    elif issubclass(kind, type):
        if value.__module__ == module:
            for name, member in sorted(vars(value).items()):
                yield from _reach_member(member, value, f"{label}.{name}", module, seen)
    elif issubclass(kind, (functools.partial, functools._lru_cache_wrapper)) or (
        kind is MethodType and type(value.__func__) is FunctionType
    ):
        yield label, value


def _reach_member(
    member: Any, owner: type, label: str, module: str, seen: set[int]
) -> Iterator[tuple[str, Any]]:
    kind = type(member)
    if kind is staticmethod:
        yield from _reach(member.__func__, label, module, seen)
    elif kind is classmethod:
        if type(member.__func__) is FunctionType:
            yield label, MethodType(member.__func__, owner)
    elif kind is property:
        for part in ("fget", "fset", "fdel"):
            yield from _reach(getattr(member, part), f"{label}.{part}", module, seen)
    elif kind is functools.cached_property:
        yield from _reach(member.func, label, module, seen)
    else:
        yield from _reach(member, label, module, seen)
