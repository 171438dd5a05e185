"""What a handler captured: which values count, and which may change.

``docs/reference/id-format.md`` says what is the same.
"""

from __future__ import annotations

import types
from functools import cache, partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from handlerid._peek import is_held, look_up, name_of_class, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from handlerid._captures.variables import FreeVariables

    # Text, parts that end with a name and a value, marks by name.
    Described: TypeAlias = tuple[
        str, Sequence[tuple[Any, ...]], Sequence[tuple[str, object]]
    ]
    Variables: TypeAlias = Callable[[FunctionType], FreeVariables]
    Layers: TypeAlias = Sequence[FunctionType | str]
    Capture: TypeAlias = tuple[int, str, object]  # layer, variable, value
    Late: TypeAlias = list[tuple[FunctionType, str, CellType]]

CachedFunction = type(cache(lambda: None))
# By address: a metaclass may define __hash__.
_LOOKED_INTO = frozenset(
    map(id, (FunctionType, MethodType, partial, staticmethod, CachedFunction))
)
_BOUND = types.BuiltinFunctionType, types.MethodWrapperType
_OF_CLASSES = (
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
)


class Unset:
    """Stands for the content of an empty closure cell."""


def captures_of(fn: FunctionType) -> list[tuple[str, object]]:
    """Return what one function carries besides its code.

    Cells, defaults, and attributes if it was made in a function or is a lambda.
    """
    code: CodeType = fn.__code__
    captures: list[tuple[str, object]] = []
    for name, cell in zip(code.co_freevars, fn.__closure__ or (), strict=True):
        try:  # as content() does, without a call
            captures.append((name, cell.cell_contents))
        except ValueError:
            captures.append((name, Unset))
    last = code.co_argcount
    if fn.__defaults__:
        # From the end: a function that was given new code may have too many.
        names = code.co_varnames[:last]
        captures += [*zip(names[::-1], fn.__defaults__[::-1], strict=False)][::-1]
    if fn.__kwdefaults__:
        defaults = fn.__kwdefaults__
        names = code.co_varnames[last : last + code.co_kwonlyargcount]
        captures += [(name, defaults[name]) for name in names if name in defaults]
    if fn.__dict__ and "<" in fn.__qualname__:
        captures += _attributes(fn)
    return captures


def _attributes(fn: FunctionType) -> list[tuple[str, object]]:
    """Return what was set on a function, without what it has from one it wraps."""
    wrapped = storage(fn.__dict__.get("__wrapped__"))
    return [
        (f".{name}", value)
        for name, value in sorted(fn.__dict__.items())
        if not name.startswith("__") and dict.get(wrapped, name, Unset) is not value
    ]


def content(cell: CellType) -> object:
    """Return what a cell holds, or ``Unset``."""
    try:
        return cell.cell_contents
    except ValueError:
        return Unset


def is_looked_into(value: object) -> bool:
    """Return whether captures of a captured callable count: no object's code runs."""
    return id(type(value)) in _LOOKED_INTO


def is_plain(cells: tuple[CellType, ...] | None) -> bool:
    """Return whether cells hold something, and nothing that is looked into."""
    try:
        for cell in cells or ():
            kind = type(cell.cell_contents)
            if id(kind) in _LOOKED_INTO:
                return False
    except ValueError:
        return False
    return True


def late(callables: Iterable[object], variables: Variables) -> Late:
    """Return what may change after the offer, as ``Identity.late`` says."""
    found: Late = []
    seen: set[int] = set()
    todo: list[tuple[Any, str]] = [(one, "") for one in callables]
    while todo:
        one, path = todo.pop()
        inside: list[tuple[str, object]] = []
        if type(one) is partial:
            given = one.func, *one.args, *one.keywords.values()
            inside = [("", value) for value in given]
        elif type(one) is MethodType or type(one) is staticmethod:
            inside = [("", one.__func__)]
        elif type(one) is CachedFunction:
            inside = [("", dict.get(storage(one), "__wrapped__"))]
        elif type(one) is FunctionType:
            # First, since a variable that holds it makes the path longer.
            inside = [("", one.__dict__.get("__wrapped__")), *captures_of(one)]
            if one.__closure__:
                at = variables(one).late
                free = one.__code__.co_freevars
                found += [(one, path + free[x], one.__closure__[x]) for x in at]
        for name, value in inside:
            if is_looked_into(value) and id(value) not in seen:
                seen.add(id(value))
                todo.append((value, f"{path}{name} -> " if name else path))
    return found


def counted(
    captures: Iterable[Capture], layers: Layers, variables: Variables
) -> tuple[Iterable[Capture], list[tuple[str, object]]]:
    """Return the captures that count, and the marks of functions, by name.

    Variables that only annotations name do not count. Marks tell functions apart that
    are equal otherwise: their globals, cells that functions around assign, the class
    of a method, since a class that a function made has no form, and the attributes of
    a function of a module: how the module calls it is known when it was imported.
    """
    found: list[tuple[str, object]] = []
    for depth, fn in enumerate(layers, 1):
        if isinstance(fn, str):
            continue
        found.append(("__globals__", fn.__globals__))
        if fn.__dict__ and "<" not in fn.__qualname__:
            found += _attributes(fn)
        if fn.__closure__:
            names, free = fn.__code__.co_freevars, variables(fn)
            found += [(names[at], fn.__closure__[at]) for at in free.shared]
            left_out = [(depth, names[at]) for at in free.unused]
            if "__class__" in names:
                left_out.append((depth, "__class__"))
                found.append(
                    ("__class__", content(fn.__closure__[names.index("__class__")]))
                )
            if left_out:
                captures = [one for one in captures if one[:2] not in left_out]
    return captures, found


def native(value: Any) -> Described | None:
    """Describe a callable that is written in C; None for any other."""
    kind = type(value)
    owner: Any = None
    if issubclass(kind, _BOUND):
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
