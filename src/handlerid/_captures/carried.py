"""What a handler captured: which values count, and which may change.

``docs/contributing/id-format.md`` says what is the same.
"""

from __future__ import annotations

import functools
import types
from collections import deque
from contextlib import suppress
from functools import cache, partial
from types import CellType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, TypeAlias

from handlerid._peek import (
    is_held,
    is_native,
    look_up,
    mro,
    names_of_class,
    namespace,
    qualname_of,
    storage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from handlerid._captures.variables import FreeVariables

    # Text, parts that end with a name and a value, marks by name.
    Described: TypeAlias = tuple[str, Sequence[Any], Sequence[tuple[str, object]]]
    Variables: TypeAlias = Callable[[FunctionType], FreeVariables]
    Capture: TypeAlias = tuple[int, str, object]  # layer, variable, value
    Late: TypeAlias = list[tuple[FunctionType, str, CellType]]

CachedFunction = type(cache(lambda: None))
# By address: a metaclass may define __hash__.
_LOOKED_INTO = frozenset(
    map(id, (FunctionType, MethodType, partial, staticmethod, CachedFunction))
)
_OF_WRAPPERS = "__wrapped__", "__signature__"
# Where callbacks are looked for: in containers of so many members at most, and in
# objects in these, or in what objects store.
_CONTAINERS: tuple[Any, ...] = (dict, list, tuple, set, frozenset, deque)
_LONGEST = 100
_DEEPEST = 2
_SCALARS = frozenset(map(id, (str, int, float, bool, bytes, type(None))))
_BOUND = types.BuiltinFunctionType, types.MethodWrapperType
_OF_CLASSES = type(str.upper), type(str.__len__), type(vars(dict)["fromkeys"])
_NO_VALUE = getattr(functools, "Placeholder", object())  # new in Python 3.14


class Unset:
    """Stands for the content of an empty closure cell."""


def captures_of(fn: FunctionType) -> list[tuple[str, object]]:
    """Return what one function carries besides its code.

    Cells, defaults, and attributes if it was made in a function or is a lambda.
    """
    code: types.CodeType = fn.__code__
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


def arguments_of(bound: Any) -> list[tuple[str, object]]:
    """Return the arguments that a ``partial`` holds, by index and by name, sorted."""
    args = [(f"args[{at}]", x) for at, x in enumerate(bound.args) if x is not _NO_VALUE]
    # Marked, because by ** a keyword may be any text, "args[0]" too.
    return args + [
        (f"keywords[{name}]", x) for name, x in sorted(bound.keywords.items())
    ]


def _attributes(fn: FunctionType) -> list[tuple[str, object]]:
    """Return what was set on a function, without what it has from one it wraps."""
    wrapped = storage(fn.__dict__.get("__wrapped__"))
    return [
        (f".{name}", value)
        for name, value in sorted(fn.__dict__.items())
        if name not in _OF_WRAPPERS and dict.get(wrapped, name, Unset) is not value
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
    """Return whether all cells are filled, and ``late`` finds nothing in them."""
    try:
        for cell in cells or ():
            value = cell.cell_contents
            if id(type(value)) not in _SCALARS and (
                is_looked_into(value) or _may_hold(value)
            ):
                return False
    except ValueError:
        return False
    return True


def late(callables: Iterable[object], variables: Variables) -> Late:
    """Return what may change after the offer, as ``Identity.late`` says."""
    found: Late = []
    seen: set[int] = set()
    todo: list[tuple[Any, str, int]] = [(one, "", 0) for one in callables]
    while todo:
        one, path, depth = todo.pop()
        if type(one) is FunctionType and one.__closure__:
            free = one.__code__.co_freevars
            for at in variables(one).late:
                found.append((one, _join(path, free[at]), one.__closure__[at]))
        depth += not is_looked_into(one)
        for name, value in _inside(one, path):
            look = is_looked_into(value) or (depth < _DEEPEST and _may_hold(value))
            if look and id(value) not in seen:
                seen.add(id(value))
                todo.append((value, name, depth))
    return found


def _join(path: str, name: str) -> str:
    return f"{path} -> {name}" if path else name


def _inside(one: Any, path: str) -> Iterator[tuple[str, object]]:
    """Yield what a callable, a container or an object holds, with its path."""
    kind: Any = type(one)
    if kind is FunctionType:
        yield path, one.__dict__.get("__wrapped__")
        yield from ((_join(path, name), value) for name, value in captures_of(one))
    elif kind is partial:
        yield path, one.func
        yield from ((_join(path, name), value) for name, value in arguments_of(one))
    elif kind is MethodType or kind is staticmethod:
        yield path, one.__func__
        if kind is MethodType:
            yield _join(path, "self"), one.__self__
    elif kind is CachedFunction:
        yield path, dict.get(storage(one), "__wrapped__")
    elif (members := _members(one, kind)) is not None:
        unordered = "value" if issubclass(kind, dict) else "item"
        for index, value in enumerate(members):
            where = index if issubclass(kind, (list, tuple)) else unordered
            yield f"{path}[{where}]", value
    else:
        yield from _stored(one, kind, path)


def _stored(one: object, kind: type, path: str) -> Iterator[tuple[str, object]]:
    """Yield what an object stores, and its class if a function made that."""
    yield from ((f"{path}.{name}", x) for name, x in dict.items(storage(one)))
    for base in mro(kind):
        names = namespace(base)
        if "__slots__" in names or "<" in qualname_of(base):
            for name, value in names.items():
                if type(value) is types.MemberDescriptorType:
                    with suppress(AttributeError):
                        yield f"{path}.{name}", value.__get__(one)
                else:
                    yield f"{path}.{name}", value


def _may_hold(value: object) -> bool:
    """Return whether callbacks may stand in a value: an object, a short container."""
    kind = type(value)
    if id(kind) in _SCALARS:
        return False
    if (members := _members(value, kind)) is None:
        return not is_native(kind) and not issubclass(kind, type)
    return not _SCALARS.issuperset(map(id, map(type, members)))


def _members(value: Any, kind: type) -> Collection[object] | None:
    """Return the members of a short container, () for a long one, None for others."""
    for base in _CONTAINERS:
        if issubclass(kind, base):
            if base.__len__(value) > _LONGEST:
                return ()
            return dict.values(value) if base is dict else [*base.__iter__(value)]
    return None


def counted(
    captures: Iterable[Capture],
    layers: Sequence[FunctionType | str],
    variables: Variables,
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
            own_class = depth, "__class__"
            found += [one[1:] for one in captures if one[:2] == own_class]
            left_out = [own_class, *((depth, names[at]) for at in free.unused)]
            captures = [one for one in captures if one[:2] not in left_out]
    return captures, found


def native(value: Any) -> tuple[Any, ...] | None:
    """Return module and qualified name of a callable in C, and the object it is of.

    A method of an object has the names of that object's class.
    """
    kind = type(value)
    if issubclass(kind, _BOUND):
        owner: Any = value.__self__
        if owner is None or type(owner) is types.ModuleType:
            names = str(value.__module__), value.__qualname__
            return names if is_held(value, *names, unknown=False) else None
        module, qualname = names_of_class(type(owner))
        return module, f"{qualname}.{value.__name__}", owner
    if is_method(value) and look_up(value.__objclass__, value.__name__) is value:
        module, qualname = names_of_class(value.__objclass__)
        return module, f"{qualname}.{value.__name__}"
    return None


def is_method(value: object) -> bool:
    """Return whether a value is a method of a class that is written in C."""
    return any(type(value) is one for one in _OF_CLASSES)
