"""A callable taken apart: where it is defined, its code, its captures.

What belongs here: the one place that knows the kinds of callables. The table in
``docs/reference/callables.md`` says the same in words, with the reason for each row.

The rules:

1. Wrappings are taken off one by one, outermost first, down to Python functions.
2. The location is that of the first function met: a wrapper made with
   ``functools.wraps`` bears the name of what it wraps, any other its own.
3. All functions that ``__wrapped__`` leads to are layers: the wrapper's code and the
   wrapped function's both say what the handler does.
4. What the author wrote down beside the function is a bound argument: arguments of
   a ``partial``, the class of a class method. What the function carries because of
   where and when it was made is a capture: closure cells, defaults, a bound object.
5. Attributes are read from types that are known to have them. An object that
   answers to any name (a mock, a proxy) is asked nothing.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import Any

from handlerid.errors import UnsupportedHandler

__all__ = ["Anatomy", "Unset", "captures_of", "partial_method", "take_apart"]

_CachedFunction = type(functools.cache(lambda: None))

_NATIVE = (
    BuiltinFunctionType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)

_DEEPEST = 100
"""Wrappings taken off before a callable counts as wrapping itself."""


class Unset:
    """Stands for the content of a closure cell that has none yet."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The parts of a callable.

    Attributes:
        module: name of the module of the location.
        qualname: qualified name of the location.
        layers: the functions that run, outermost first; a string stands for a
            wrapping that is no Python function, as ``functools.cache`` makes.
        bound: bound arguments by where they stand: ``args[0]``, ``unit``, ``cls``.
        captures: captured values by variable, in the order of the layers; two
            layers may use one name.
    """

    module: str
    qualname: str
    layers: tuple[FunctionType | str, ...]
    bound: tuple[tuple[str, object], ...]
    captures: tuple[tuple[str, object], ...]


def take_apart(handler: object) -> Anatomy:
    """Returns the parts of a callable.

    Raises:
        UnsupportedHandler: it is no callable, or a kind of callable that has no
            identity; the text says what to use instead.
    """
    layers: list[FunctionType | str] = []
    bound: list[tuple[str, object]] = []
    captures: list[tuple[str, object]] = []
    rest: Any = handler
    for _ in range(_DEEPEST):
        kind = type(rest)
        if kind is FunctionType:
            found = partial_method(rest)
            if found is not None:
                rest = found
                continue
            layers.append(rest)
            captures.extend(captures_of(rest))
            rest = rest.__dict__.get("__wrapped__")
            if rest is None:
                break
        elif kind is MethodType:
            owner = rest.__self__
            place = bound if isinstance(owner, type) else captures
            place.append(("cls" if isinstance(owner, type) else "self", owner))
            rest = rest.__func__
        elif isinstance(rest, (functools.partial, functools.partialmethod)):
            bound.extend((f"args[{i}]", arg) for i, arg in enumerate(rest.args))
            bound.extend(sorted(rest.keywords.items()))
            rest = rest.func
        elif kind is _CachedFunction:
            layers.append("functools.cache")
            rest = rest.__wrapped__
        elif kind is staticmethod:
            rest = rest.__func__
        else:
            captures.append(("self", rest))
            rest = _call_method(rest, handler)
    else:
        raise UnsupportedHandler(
            f"{_describe(handler)} wraps itself, or more than {_DEEPEST} callables"
        )
    first = next(layer for layer in layers if not isinstance(layer, str))
    module, qualname = first.__module__, first.__qualname__
    if not isinstance(module, str):
        raise UnsupportedHandler(
            f"the function {qualname} has no module name; "
            "set its __module__, or define it in a module"
        )
    return Anatomy(module, qualname, tuple(layers), tuple(bound), tuple(captures))


def captures_of(fn: FunctionType) -> list[tuple[str, object]]:
    """What one function carries besides its code: cells and argument defaults."""
    code: CodeType = fn.__code__
    captures: list[tuple[str, object]] = []
    if fn.__closure__:
        for name, cell in zip(code.co_freevars, fn.__closure__, strict=True):
            try:
                captures.append((name, cell.cell_contents))
            except ValueError:
                captures.append((name, Unset))
    if fn.__defaults__:
        last = code.co_argcount
        names = code.co_varnames[last - len(fn.__defaults__) : last]
        captures.extend(zip(names, fn.__defaults__, strict=True))
    if fn.__kwdefaults__:
        captures.extend(sorted(fn.__kwdefaults__.items()))
    return captures


def partial_method(fn: FunctionType) -> object:
    """The ``partialmethod`` that this function, read from a class, stands for."""
    attributes = fn.__dict__
    found = attributes.get("__partialmethod__") or attributes.get("_partialmethod")
    return found if isinstance(found, functools.partialmethod) else None


def _call_method(rest: object, handler: object) -> object:
    """The function that runs when an object of a class with ``__call__`` is called."""
    kind = type(rest)
    name = _describe(handler)
    if isinstance(rest, type):
        raise UnsupportedHandler(
            f"{name} is a class: calling it makes an object and handles nothing; "
            "use a function that makes the object"
        )
    if isinstance(rest, _NATIVE):
        raise UnsupportedHandler(
            f"{name} is not written in Python, so it has no code to identify it by; "
            "wrap it in a function: def on_event(event): ..."
        )
    if kind is classmethod:
        raise UnsupportedHandler(
            f"{name} is a class method that was not read from its class; "
            "register Class.method, after the class is defined"
        )
    if any(base.__module__ == "unittest.mock" for base in kind.__mro__):
        raise UnsupportedHandler(
            f"{name} is a mock: all mocks share one code; use a function that "
            "calls the mock"
        )
    for base in kind.__mro__:
        call = base.__dict__.get("__call__")
        if call is None:
            continue
        if type(call) is FunctionType:
            return call
        raise UnsupportedHandler(
            f"{name} is called by code that is not written in Python; "
            "wrap it in a function: def on_event(event): ..."
        )
    raise UnsupportedHandler(f"{name} is not callable; a handler is a callable")


def _describe(handler: object) -> str:
    """Names a callable for an error, without asking it for its ``repr``."""
    kind = type(handler)
    if isinstance(handler, (type, FunctionType, *_NATIVE)):
        name = getattr(handler, "__qualname__", kind.__qualname__)
        return f"{getattr(handler, '__module__', None) or 'builtins'}.{name}"
    return f"an object of {kind.__module__}.{kind.__qualname__}"
