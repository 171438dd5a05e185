"""How a handler wants to be called: with the event or without, and with which.

What belongs here: reading signatures and annotations, once a registration. Nothing
here knows what an event is beyond the base class that it is given.

The rules, in this order:

1. The first positional parameter gets the event if it must be given.
2. If it has a default, it gets the event only when it is annotated with an event
   type: ``lambda i=i: ...`` keeps its ``i``.
3. ``*args`` alone gets it too, annotated or not: such a function takes what comes.
4. A second parameter that must be given is an error, and so is a keyword-only one:
   nothing could be passed for it.
5. A wrapper made with ``functools.wraps`` is called as its own parameters say. Where
   it takes ``*args``, what it wraps says more. What it wraps also says which event
   type is meant, where the wrapper's own annotation does not.
6. An annotation says nothing if it names no event type, or cannot be evaluated here
   because a name in it was imported for type checkers only.
"""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from contextlib import suppress
from inspect import Parameter
from types import FunctionType, MethodType, WrapperDescriptorType
from typing import TYPE_CHECKING, Any, NamedTuple

import typing_extensions

from handlerid._anatomy import captures_of, name_of, take_apart
from handlerid._annotations import annotation_of, evaluate, event_types
from handlerid._canonical.peek import look_up, stored_in
from handlerid.errors import SignatureError, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    Bases = type | tuple[type, ...]

__all__ = ["Convention", "convention"]

_OPEN_ENDED = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
# From 3.14 on, reading a signature evaluates its annotations, and fails where a name
# is known to type checkers only.
_LENIENT: dict[str, Any] = (
    {"annotation_format": typing_extensions.Format.FORWARDREF}
    if sys.version_info >= (3, 14)
    else {}
)
# What Python 3.14 added: the method that a singledispatchmethod gives, and the place
# that a partial leaves open.
_SINGLE_DISPATCH = getattr(functools, "_singledispatchmethod_get", None)
_PLACEHOLDER = getattr(functools, "Placeholder", object())


class Convention(NamedTuple):
    """How one handler is called.

    Attributes:
        takes_event: whether it is called with the event, or with nothing.
        accepts: the event types that its annotation names, in their order; empty
            when it names none.
    """

    takes_event: bool
    accepts: tuple[type, ...] = ()


_WITH_NOTHING = Convention(takes_event=False)
_WITH_ANYTHING = Convention(takes_event=True)


def convention(handler: Callable[..., object], base: Bases) -> Convention:
    """Finds out how a handler wants to be called.

    Args:
        handler: any callable that has an identity.
        base: from which event types derive; with ``object``, any parameter takes one.

    Raises:
        SignatureError: neither a call with an event nor one with nothing fits.
        UnsupportedHandler: it is no callable, or none that can be taken apart.
    """
    bound = isinstance(handler, MethodType)
    function: Any = handler.__func__ if isinstance(handler, MethodType) else handler
    if type(handler) is functools.partial:
        return _of_partial(handler, base) or _of_any(handler, base)
    if type(function) is not FunctionType:
        return _of_any(handler, base)
    code = function.__code__
    if (
        code.co_kwonlyargcount
        or code.co_argcount < bound
        or hasattr(function, "__wrapped__")
        or hasattr(function, "__signature__")
    ):
        return _of_any(handler, base)
    names = code.co_varnames[bound : code.co_argcount]
    must = len(names) - len(function.__defaults__ or ())
    if must > 1:
        raise _too_many(handler, names[:must])
    if not names:
        if not code.co_flags & inspect.CO_VARARGS:
            return _WITH_NOTHING
        names, must = code.co_varnames[code.co_argcount :], 1  # that of *args is next
    return _decide(function, annotation_of(function, names[0]), must == 1, base)


def _of_partial(handler: functools.partial[Any], base: Bases) -> Convention | None:
    """The same for a partial of a plain function; None where a signature says more."""
    function: Any = handler.func
    if type(function) is not FunctionType or handler.__dict__:
        return None
    code, args, keywords = function.__code__, handler.args, handler.keywords
    if (
        code.co_kwonlyargcount
        or code.co_posonlyargcount
        or code.co_flags & _OPEN_ENDED
        or len(args) > code.co_argcount
        or (args and any(value is _PLACEHOLDER for value in args))
        or hasattr(function, "__wrapped__")
        or hasattr(function, "__signature__")
    ):
        return None
    names = code.co_varnames[len(args) : code.co_argcount]
    # From the first that is bound by keyword on, all can be given by keyword alone.
    ends = len(names)
    for name in keywords:
        if name not in names:
            return None
        ends = min(ends, names.index(name))
    must = names[: max(0, len(names) - len(function.__defaults__ or ()))]
    if keywords:
        must = tuple([name for name in must if name not in keywords])
    if len(must) > 1 or (must and must[0] not in names[:ends]):
        return None  # an error, which is told with the signature
    if not ends:
        return _WITH_NOTHING
    return _decide(function, annotation_of(function, names[0]), bool(must), base)


def _of_any(handler: Callable[..., object], base: Bases) -> Convention:
    """The same for a callable of any kind, by its signature."""
    layers = take_apart(handler).layers
    functions = [x for x in reversed(layers) if isinstance(x, FunctionType)]
    if (called := _called(handler)) is not handler:
        return _completed(convention(called, base), handler, functions[0], base)
    signature = _signature(handler, follow_wrapped=False)
    must = signature is not None and _must(handler, signature)
    kinds = [p.kind for p in signature.parameters.values()] if signature else []
    if signature is None or (Parameter.VAR_POSITIONAL in kinds and not must):
        if found := _of_wrapped(handler, base):
            return found
        signature = _signature(handler, follow_wrapped=True) or signature
        if signature is None:
            raise _no_signature(handler)
        must = _must(handler, signature)
    for parameter in signature.parameters.values():
        if parameter.kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD):
            return _WITH_NOTHING
        must = must or parameter.kind is Parameter.VAR_POSITIONAL
        # functools.wraps copies annotations, so a string is read first where what is
        # wrapped was defined; a class that wraps has annotations of its own.
        how = [_decide(fn, parameter.annotation, must, base) for fn in functions]
        best = next((one for one in how if one.accepts), how[0])
        return _completed(best, handler, functions[0], base)
    return _WITH_NOTHING


def _called(handler: Any) -> Any:
    """What runs when an object is called, if it is no plain method; or the object.

    Before Python 3.13, a signature lacks the first parameter of any ``__call__``.
    """
    if type(handler) is functools.partial:
        func = _called(handler.func)
        again = functools.partial(func, *handler.args, **handler.keywords)
        return handler if func is handler.func else again
    call = look_up(type(handler), "__call__")
    if type(call) in (FunctionType, WrapperDescriptorType):
        return handler
    bind = look_up(type(call), "__get__")
    return call if bind is None else bind(call, handler, type(handler))


_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def _signature(handler: Any, *, follow_wrapped: bool) -> inspect.Signature | None:
    try:
        return inspect.signature(handler, follow_wrapped=follow_wrapped, **_LENIENT)
    except (TypeError, ValueError):
        return None


def _must(handler: Callable[..., object], signature: inspect.Signature) -> bool:
    """Whether the first parameter has to be given; raises where others have to."""
    required = [
        p for p in signature.parameters.values() if p.default is Parameter.empty
    ]
    named = [p.name for p in required if p.kind is Parameter.KEYWORD_ONLY]
    if named:
        raise SignatureError(
            f"{name_of(handler)} needs {_list(named)} by keyword, and a handler is "
            "called with the event alone; bind it with functools.partial or give it "
            "a default"
        )
    must = [p.name for p in required if p.kind in _POSITIONAL]
    if len(must) > 1:
        raise _too_many(handler, must)
    return bool(must)


# Wrappers.


def _of_wrapped(handler: Callable[..., object], base: Bases) -> Convention | None:
    """What is said by the callable that a wrapper passes its arguments on to."""
    wrapped = _wrapped(handler)
    with suppress(UnsupportedHandler):  # as a class, below a function in Python
        return None if wrapped is None else convention(wrapped, base)
    return None


def _wrapped(handler: Any) -> Any:
    """What ``functools.update_wrapper`` noted, one wrapping down; or None."""
    stored = stored_in(handler)
    if type(handler) is MethodType:
        wrapped = stored_in(handler.__func__)("__wrapped__")
        return MethodType(wrapped, handler.__self__) if callable(wrapped) else None
    # Of a singledispatchmethod, the method is bound as it will be for the call.
    if type(handler) is _SINGLE_DISPATCH:
        return stored("_unbound").func.__get__(stored("_obj"), stored("_cls"))
    wrapped = stored("__wrapped__")
    if type(handler) is FunctionType and handler.__globals__ is vars(functools):
        cells = dict(captures_of(handler))
        if "obj" in cells:
            return wrapped.__get__(cells["obj"], cells["cls"])
    return wrapped


def _completed(
    how: Convention, handler: Callable[..., object], fn: FunctionType, base: Bases
) -> Convention:
    """With the event types that what is wrapped names, whichever its parameter is."""
    wrapped = _wrapped(handler) if how is _WITH_ANYTHING else None
    below = None if wrapped is None else _signature(wrapped, follow_wrapped=True)
    for parameter in below.parameters.values() if below else ():
        if accepts := tuple(event_types(parameter.annotation, fn, base)):
            return Convention(takes_event=True, accepts=tuple(dict.fromkeys(accepts)))
    return how


def _decide(
    function: FunctionType, annotation: object, must: bool, base: Bases
) -> Convention:
    """Rules 1 and 2 for the first positional parameter."""
    if base is object:
        return _WITH_ANYTHING
    if type(annotation) is str:
        annotation = evaluate(annotation, function)
    if type(annotation) is type and issubclass(annotation, base):
        return Convention(takes_event=True, accepts=(annotation,))  # most say that
    accepts = tuple(dict.fromkeys(event_types(annotation, function, base)))
    if accepts:
        return Convention(takes_event=True, accepts=accepts)
    return _WITH_ANYTHING if must else _WITH_NOTHING


def _too_many(handler: object, names: typing.Sequence[str]) -> SignatureError:
    return SignatureError(
        f"{name_of(handler)} needs {_list(names)}, and a handler is called with the "
        "event alone; bind the others with functools.partial or give them defaults"
    )


def _no_signature(handler: Any) -> SignatureError:
    partial = isinstance(handler, functools.partial)
    takes = _signature(handler.func, follow_wrapped=True) if partial else None
    if takes is not None:
        binds = [f"{len(handler.args)} by position"] if handler.args else []
        binds += [f"{name} by keyword" for name in sorted(handler.keywords)]
        return SignatureError(
            f"{name_of(handler)} cannot take what functools.partial binds to it: "
            f"{_list(binds)}; it takes {_list([*takes.parameters]) or 'nothing'}"
        )
    return SignatureError(
        f"{name_of(handler)} does not tell its parameters; register a function with "
        "one parameter, the event"
    )


def _list(names: typing.Sequence[str]) -> str:
    *most, last = names or [""]
    return f"{', '.join(most)} and {last}" if most else last
