"""The kinds of callables that have an identity, and their parts.

``docs/reference/callables.md`` has the same as a table, with a reason for each row.

1. The location is that of the first function, or of the first object that
   ``functools.update_wrapper`` gave a qualified name.
2. What the author wrote beside the function is a bound argument: arguments of a
   ``partial``, the class of a class method. What the function carries because of where
   and when it was made is a capture: closure cells, defaults, a bound object.
3. A wrapper that a library generated counts by its name: beartype and makefun write
   addresses and the like into its code.
4. No code of an object runs, because a mock or a proxy answers as it likes.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from types import CodeType, FunctionType, MethodType
from typing import Any

from handlerid._captures import CachedFunction, arguments_of, captures_of
from handlerid._peek import (
    OWN_CLASS,
    close_unawaited,
    described,
    is_a,
    look_up,
    stored_in,
)
from handlerid.errors import UnsupportedHandler

Codes = tuple[tuple[Any, CodeType], ...]

FUNCTOOLS = vars(functools)
_DEEPEST = 100
CACHED = "functools.cache"  # a layer
# Texts that are code like any other, though no file holds them.
_NAMES = "frozen string stdin console input exec python-input ipython-input doctest"
_TYPED = tuple(f"<{name}" for name in _NAMES.split())

# Each text names a way out that is not refused in turn.
_USE = "use a function that calls it, without functools.wraps"
_CLASS = "is a class; use a function that makes the object, and event= for an event"
_DISPATCH = f"chooses what runs by the type of an argument; {_USE}"
_CALL = (
    "runs no Python function, but compiled code (C, Cython, mypyc, Nuitka) or a "
    f"computed __call__, which has no fingerprint; {_USE}"
)
_NOT_CALLABLE = "is not callable; did you call the handler instead of passing it?"
_NOT_READ = "was not read from its class; register Class.method, after the class"
_PROXY = f"is a mock or a proxy, so what it runs is unknown; {_USE}"
_NO_MODULE = "has no module name; set its __module__, or define it in a module"
_NOTHING = f"has no qualified name, and wraps no function; {_USE}"


def take_apart(handler: object) -> Anatomy:
    """Return the parts of a callable; UnsupportedHandler says what to use instead."""
    parts, todo = Anatomy(handler), [handler]
    for _ in range(_DEEPEST):
        todo += parts.take_off(todo.pop())[::-1]
        if not todo:
            break
    else:
        raise parts.refusal(handler, f"wraps itself, or more than {_DEEPEST} callables")
    if not parts.qualname or not parts.layers:
        raise parts.refusal(handler, _NOTHING)
    if not isinstance(parts.module, str):
        raise parts.refusal(handler, _NO_MODULE)
    return parts


def name_of(handler: object) -> str:
    """Return module and qualified name of a callable; raise as ``take_apart`` does."""
    anatomy = take_apart(handler)
    return f"{anatomy.module}.{anatomy.qualname}"


def is_current(codes: Codes) -> bool:
    """Return whether functions still have the code that was hashed."""
    for fn, code in codes:  # noqa: SIM110 - at each click; all() takes three times as long
        if fn.__code__ is not code:
            return False
    return True


def _is_generated(fn: FunctionType) -> bool:
    """Return whether a library made the code of a wrapper (rule 3)."""
    file, name = fn.__code__.co_filename, fn.__code__.co_qualname
    made = file.startswith("<") and file.endswith(">") and not file.startswith(_TYPED)
    return made and "." not in name and name != "<lambda>"


class Anatomy:
    """The parts of a callable; the methods take it apart."""

    def __init__(self, handler: object) -> None:
        self.handler = handler
        self.module: Any = None
        self.qualname = ""
        # Functions that run, outermost first; text for a layer without Python code.
        self.layers: list[FunctionType | str] = []
        self.codes: list[tuple[Any, CodeType]] = []  # the functions, each with its code
        # Bound arguments: None, ``args[0]``, ``keywords[unit]`` or ``cls``, value.
        self.bound: list[tuple[None, str, object]] = []
        # In the order of the layers: number of layers down to the one that carries it;
        # variable, or ``self``; value.
        self.captures: list[tuple[int, str, object]] = []
        # Marks of partials: the keywords, if they are in another order than bound.
        self.order: list[tuple[str, object]] = []

    def take_off(self, rest: Any) -> Sequence[object]:
        """Take off the outermost wrapping and return what is inside, if anything."""
        kind = type(rest)
        if kind is FunctionType:
            return self.function(rest)
        if kind is functools.partial:
            self.arguments(rest)
            return (rest.func,)
        if kind is MethodType:
            if is_a(type(rest.__self__), type):
                self.bound.append((None, "cls", rest.__self__))
            else:
                self.captures.append((len(self.layers), "self", rest.__self__))
            return (rest.__func__,)
        if kind is staticmethod:
            return (rest.__func__,)
        return self.object(rest, kind)

    def function(self, fn: FunctionType) -> Sequence[object]:
        if fn.__globals__ is FUNCTOOLS:
            stored = fn.__dict__
            method = stored.get("__partialmethod__") or stored.get("_partialmethod")
            if method is None:
                raise self.refusal(fn, _DISPATCH)
            self.arguments(method)
            return (method.func,)
        if not self.qualname:
            self.module, self.qualname = fn.__module__, fn.__qualname__
        wrapped = fn.__dict__.get("__wrapped__")
        if wrapped is not None and _is_generated(fn):
            self.layers.append(f"generated {fn.__code__.co_name}")
            return (wrapped,)
        self.layers.append(fn)
        self.codes.append((fn, fn.__code__))
        depth = len(self.layers)
        self.captures += [(depth, *one) for one in captures_of(fn)]
        return () if wrapped is None else (wrapped,)

    def object(self, rest: Any, kind: type) -> Sequence[Any]:
        """Take an object apart that the ``__call__`` of its class runs."""
        if kind is CachedFunction:
            self.layers.append(CACHED)
            return self.wrapped(rest)
        call = look_up(kind, "__call__")
        if is_a(kind, type):
            raise self.refusal(rest, _CLASS)
        if look_up(kind, "__class__") is not OWN_CLASS:
            raise self.refusal(rest, _PROXY)
        if is_a(kind, classmethod, functools.partialmethod):
            raise self.refusal(rest, _NOT_READ)
        if type(call) is not FunctionType:
            raise self.refusal(rest, _NOT_CALLABLE if call is None else _CALL)
        self.captures.append((len(self.layers), "self", rest))
        return (call, *self.wrapped(rest))

    def wrapped(self, rest: Any) -> Sequence[Any]:
        stored = stored_in(rest)
        wrapped, qualname = stored("__wrapped__"), stored("__qualname__")
        if wrapped is None:
            return ()
        if not self.qualname and type(qualname) is str:
            self.module, self.qualname = stored("__module__"), qualname
        return (wrapped,)

    def arguments(self, partial: Any) -> None:
        """Note what a ``partial`` or ``partialmethod`` holds."""
        self.bound += [(None, *one) for one in arguments_of(partial)]
        keywords = [*partial.keywords]
        if keywords != sorted(keywords):
            self.order.append(("keywords", "\0".join(keywords)))

    def refusal(self, rest: Any, reason: str) -> UnsupportedHandler:
        close_unawaited(rest)
        name = described(rest)
        if rest is not self.handler:
            name = f"{name}, inside {described(self.handler)},"
        return UnsupportedHandler(f"{name} {reason}")
