"""Callables without an identity, and what their author is told.

What belongs here: recognising them, and the texts. Each text says what to use instead,
and it must work: who follows it is not refused again.
"""

from __future__ import annotations

import functools
import sys
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    GetSetDescriptorType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import Any
from weakref import CallableProxyType

from handlerid._canonical.peek import is_a, look_up, name_of_class, qualname_of, text

__all__ = [
    "BUILT_IN",
    "CLASS",
    "COMPUTED_CALL",
    "MOCK",
    "NATIVE_CALL",
    "NOTHING",
    "NOT_CALLABLE",
    "describe",
    "is_cython",
    "is_mock",
    "is_native",
    "says_nothing",
]

BUILT_IN = (
    "is not written in Python, so it has no code to identify it by; "
    "wrap it in a function: def on_event(event): ..."
)
CLASS = (
    "is a class: calling it makes an object and handles nothing; "
    "use a function that makes the object; an event type is said by event="
)
COMPUTED_CALL = (
    "has a __call__ that is found anew at each call, by an object of {}; "
    "make it a method"
)
MOCK = "is a mock: all mocks share one code; use a function that calls the mock"
NATIVE_CALL = (
    "is called by code that is not written in Python; "
    "use a function that calls it, without functools.wraps"
)
NOTHING = "wraps nothing any more: its __wrapped__ was deleted"
NOT_CALLABLE = "is not callable; a handler is a callable"

_COMPILED = (
    "is compiled by Cython, so it has no code to identify it by; "
    "use a function that calls it, without functools.wraps"
)
_NOT_READ = (
    "was not read from its class; register Class.method, after the class is defined"
)
_PROXY = (
    "is a proxy, which does not tell what runs when it is called; "
    "use a function that calls it, without functools.wraps"
)

_NATIVE = (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)

_UNBOUND = (classmethod, functools.partialmethod, functools.singledispatchmethod)
"""What stands in a class's body and is a method only when read from the class."""

_OWN_CLASS = vars(object)["__class__"]
"""What tells an object's class; where a class has another, its objects lie."""


def says_nothing(kind: type) -> str:
    """Says why objects of a class cannot tell what runs when they are called, or "".

    Their class may well have a ``__call__``.
    """
    if is_mock(kind):
        return MOCK
    if look_up(kind, "__class__") is not _OWN_CLASS or kind is CallableProxyType:
        return _PROXY
    if is_cython(kind):
        return _COMPILED
    if is_a(kind, *_UNBOUND):
        return _NOT_READ
    return ""


def is_native(kind: type) -> bool:
    """Tells the types of functions and methods that are built into Python."""
    return any(kind is native for native in _NATIVE)


def is_mock(kind: type) -> bool:
    """Tells the mocks of the standard library."""
    mock = sys.modules.get("unittest.mock")
    return mock is not None and is_a(kind, mock.NonCallableMock)


def describe(rest: Any) -> str:
    """Names a callable for an error, without asking it for its ``repr``."""
    kind = type(rest)
    if is_a(kind, type):
        return name_of_class(rest)
    if is_native(kind):
        return f"{getattr(rest, '__module__', None) or 'builtins'}.{rest.__qualname__}"
    if kind is FunctionType or is_cython(kind):
        return f"{text(rest.__module__)}.{text(rest.__qualname__)}"
    return f"an object of {name_of_class(kind)}"


def is_cython(kind: type) -> bool:
    """Tells functions that Cython compiled, of whichever release."""
    return qualname_of(kind) == "cython_function_or_method" and (
        type(look_up(kind, "__qualname__")) is GetSetDescriptorType
    )
