"""Reading objects and classes without running their code.

What belongs here: what Python itself stores of an object, read with Python's own
descriptors. A mock, a proxy or a metaclass answers ``getattr``, ``isinstance`` and
``==`` as it likes; nothing here asks it.
"""

from __future__ import annotations

from types import GetSetDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["is_a", "look_up", "name_of_class", "qualname_of", "stored_in", "text"]

_mro: Callable[[type], tuple[type, ...]] = vars(type)["__mro__"].__get__
_namespace: Callable[[type], Mapping[str, Any]] = vars(type)["__dict__"].__get__
_module_of: Callable[[type], object] = vars(type)["__module__"].__get__
_qualname_of: Callable[[type], object] = vars(type)["__qualname__"].__get__


def is_a(kind: type, *bases: type) -> bool:
    """Tells whether a class is one of these, or derives from one."""
    return any(one is base for one in _mro(kind) for base in bases)


def look_up(kind: type, name: str) -> Any:
    """Returns what a class or a base of it has under a name, or None."""
    for base in _mro(kind):
        namespace = _namespace(base)
        if name in namespace:
            return namespace[name]
    return None


def stored_in(value: object) -> Callable[[str], Any]:
    """Returns a function that reads what an object itself stores, or None."""
    found = look_up(type(value), "__dict__")
    if type(found) is not GetSetDescriptorType:  # a property is the class's own code
        return lambda _: None
    stored = found.__get__(value)
    return lambda name: dict.get(stored, name)


def qualname_of(kind: type) -> str:
    """Returns the qualified name of a class; ``"?"`` where it is no text."""
    return text(_qualname_of(kind))


def name_of_class(kind: type) -> str:
    """Returns module and qualified name of a class, with ``"?"`` for what is no text.

    A class's module is whatever its author put there, and may be missing.
    """
    try:
        module = _module_of(kind)
    except AttributeError:
        module = None
    return f"{text(module)}.{qualname_of(kind)}"


def text(value: object) -> str:
    """Returns a name as it is, and ``"?"`` for what is no text."""
    return value if type(value) is str else "?"
