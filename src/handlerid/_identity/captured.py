"""What a handler captured: which values count, and which may change.

``docs/reference/id-format.md`` says what is the same.
"""

from __future__ import annotations

import functools
import types
from types import CellType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from handlerid._identity.callables import captures_of
from handlerid._peek import is_held, look_up, name_of_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from handlerid._values.tree import Described
    from handlerid._variables import FreeVariables

    Variables: TypeAlias = Callable[[FunctionType], FreeVariables]
    Layers: TypeAlias = Sequence[FunctionType | str]
    Late: TypeAlias = list[tuple[FunctionType, str, CellType]]

# By address: a metaclass may define __hash__.
_LOOKED_INTO = frozenset(map(id, (FunctionType, MethodType, functools.partial)))
_OF_CLASSES = (
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
)


def is_looked_into(value: object) -> bool:
    """Return whether captures of a captured callable count: no object's code runs."""
    return id(type(value)) in _LOOKED_INTO


def late(fn: object, variables: Variables) -> Late:
    """Return what may change after the offer, as ``Identity.late`` says."""
    found: Late = []
    seen: set[int] = set()
    todo: list[tuple[Any, str]] = [(fn, "")]
    while todo:
        one, path = todo.pop()
        inside: list[tuple[str, object]] = []
        if type(one) is functools.partial:
            given = one.func, *one.args, *one.keywords.values()
            inside = [("", value) for value in given]
        elif type(one) is MethodType:
            inside = [("", one.__func__)]
        elif one.__closure__ or one.__defaults__ or one.__kwdefaults__:
            inside = captures_of(one)
            if one.__closure__:
                at = variables(one).late
                found += [(one, path + inside[x][0], one.__closure__[x]) for x in at]
        for name, value in inside:
            if is_looked_into(value) and id(value) not in seen:
                seen.add(id(value))
                todo.append((value, f"{path}{name} -> " if name else path))
    return found


def marks(layers: Layers, variables: Variables) -> list[tuple[str, object]]:
    """Return what tells functions apart that are equal otherwise, by name."""
    found: list[tuple[str, object]] = []
    for fn in layers:
        if not isinstance(fn, str):
            found.append(("__globals__", fn.__globals__))
            if fn.__closure__:
                names, cells = fn.__code__.co_freevars, fn.__closure__
                found += [(names[at], cells[at]) for at in variables(fn).shared]
    return found


def used(captures: Iterable[Any], layers: Layers, variables: Variables) -> Any:
    """Return captures without those that only annotations name."""
    for depth, fn in enumerate(layers, 1):
        unused = (
            () if isinstance(fn, str) or not fn.__closure__ else variables(fn).unused
        )
        if unused and not isinstance(fn, str):
            left_out = [(depth, fn.__code__.co_freevars[at]) for at in unused]
            captures = [one for one in captures if one[:2] not in left_out]
    return captures


def native(value: Any) -> Described | None:
    """Describe a callable that is written in C; None for any other."""
    kind = type(value)
    owner: Any = None
    if kind is types.BuiltinFunctionType or kind is types.MethodWrapperType:
        owner = value.__self__
        if owner is None or type(owner) is ModuleType:
            names = str(value.__module__), value.__qualname__
            held = is_held(value, *names, unknown=False)
            return (".".join(names), (), ()) if held else None
        name = f"{name_of_class(type(owner))}.{value.__name__}"
        return name, [(0, "self", owner)], ()
    if any(kind is one for one in _OF_CLASSES):
        owner = value.__objclass__
        if look_up(owner, value.__name__) is value:
            return f"{name_of_class(owner)}.{value.__name__}", (), ()
    return None
