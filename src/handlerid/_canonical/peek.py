"""Reading objects, classes and modules without running their code.

What belongs here: what Python itself stores of an object, read with Python's own
descriptors. A mock, a proxy or a metaclass answers ``getattr``, ``isinstance`` and
``==`` as it likes; nothing here asks it.
"""

from __future__ import annotations

import sys
from types import GetSetDescriptorType, ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "globals_of",
    "is_a",
    "is_held",
    "is_native",
    "look_up",
    "mro",
    "name_of_class",
    "names_of_class",
    "namespace",
    "qualname_of",
    "size_of",
    "storage",
    "stored_in",
    "text",
]

mro: Callable[[type], tuple[type, ...]] = vars(type)["__mro__"].__get__
namespace: Callable[[type], Mapping[str, Any]] = vars(type)["__dict__"].__get__
size_of: Callable[[type], int] = vars(type)["__basicsize__"].__get__
globals_of: Callable[[ModuleType], dict[str, Any]] = vars(ModuleType)[
    "__dict__"
].__get__
_module_of: Callable[[type], object] = vars(type)["__module__"].__get__
_qualname_of: Callable[[type], object] = vars(type)["__qualname__"].__get__
_flags_of: Callable[[type], int] = vars(type)["__flags__"].__get__

_IMMUTABLE = 1 << 8
"""The flag of classes written in C: no Python code made them or can rename them."""


def is_a(kind: type, *bases: type) -> bool:
    """Tells whether a class is one of these, or derives from one."""
    return any(one is base for one in mro(kind) for base in bases)


def is_native(kind: type) -> bool:
    """Tells whether a class is written in C."""
    return bool(_flags_of(kind) & _IMMUTABLE)


def look_up(kind: type, name: str, otherwise: Any = None) -> Any:
    """Returns what a class or a base of it has under a name."""
    for base in mro(kind):
        found = namespace(base)
        if name in found:
            return found[name]
    return otherwise


def storage(value: object) -> dict[str, Any]:
    """Returns what an object itself stores; an empty dict where it stores nothing.

    Read it by ``dict``'s own methods: it may be of a class of the author's.
    """
    found = look_up(type(value), "__dict__")
    if type(found) is not GetSetDescriptorType:  # a property is the class's own code
        return {}
    return cast("dict[str, Any]", found.__get__(value))


def stored_in(value: object) -> Callable[[str], Any]:
    """Returns a function that reads what an object itself stores, or None."""
    stored = storage(value)
    return lambda name: dict.get(stored, name)


def qualname_of(kind: type) -> str:
    """Returns the qualified name of a class; ``"?"`` where it is no text."""
    return text(_qualname_of(kind))


def names_of_class(kind: type) -> tuple[str, str]:
    """Returns module and qualified name of a class; ``"?"`` for what is no text.

    A class's module is whatever its author put there, and may be missing.
    """
    try:
        module = _module_of(kind)
    except AttributeError:
        module = None
    return text(module), qualname_of(kind)


def name_of_class(kind: type) -> str:
    """Returns module and qualified name of a class, as one text."""
    return ".".join(names_of_class(kind))


def text(value: object) -> str:
    """Returns a name as it is, and ``"?"`` for what is no text."""
    return value if type(value) is str else "?"


def is_held(kind: type, *, otherwise: bool) -> bool:
    """Tells whether a class is what its module holds under its name.

    Args:
        kind: a class.
        otherwise: what to return when there is no such module: some hosts run files
            that never stand in ``sys.modules``. A module that is there but was not
            imported does not hold the class, and will not when it is.
    """
    module, qualname = names_of_class(kind)
    if "?" in (module, qualname) or "<locals>" in qualname:
        return False
    holder = sys.modules.get(module)
    if holder is None:
        return otherwise and not _is_there(module)
    if not issubclass(type(holder), ModuleType):
        return otherwise
    held: Mapping[str, Any] = globals_of(holder)
    found: object = None
    for name in qualname.split("."):
        found = held.get(name)
        if not issubclass(type(found), type):
            return False
        held = namespace(cast("type", found))
    return found is kind


def _is_there(module: str) -> bool:
    """Tells whether a module can be imported, without importing anything."""
    parent, _, _ = module.rpartition(".")
    path = None
    if parent:
        package = sys.modules.get(parent)
        if package is None:
            return _is_there(parent)
        path = getattr(package, "__path__", None)
        if path is None:
            return False
    for finder in sys.meta_path:
        try:
            if finder.find_spec(module, path) is not None:
                return True
        except (AttributeError, ImportError, ValueError):
            continue  # a finder of somebody's own, or a name that no module has
    return False
