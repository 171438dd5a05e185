"""How a handler is called: with the event or without it, and with which event type.

1. The first positional parameter gets the event if it has no default, or if its
   annotation names an event type: ``lambda i=i: ...`` keeps its ``i``. So does
   ``*args`` alone. Another parameter without default is an error.
2. A wrapper made with ``functools.wraps`` is called as its own parameters say. If it
   takes ``*args``, those of the wrapped function count. Either may name event types.
3. ``Any`` and ``object`` say nothing of events; any other annotation without an event
   type is reported, unless ``event=`` says it. A type variable stands for what the
   class of a method makes of it, else for its bound.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from inspect import Parameter
from types import FunctionType, MethodType
from typing import Any, Literal
from weakref import ref

import typing_extensions

from handlerid._captures import Unset, captures_of
from handlerid._decoding import decoder
from handlerid._identity import CACHED, CodeRecord, Identity, name_of, take_apart
from handlerid._peek import look_up, name_of_class, stored_in
from handlerid._registry.captures import MANY, defined_at, functions_of
from handlerid.errors import SignatureError
from handlerid.events import Event, adopt, event_type, is_event_type
from handlerid.events.annotations import NO_EVENT, UNIONS, Named, event_types

Kind = Literal["plain", "generator", "coroutine", "async generator"]

ANNOTATE = (
    "Import the event type at run time, annotate one, or pass it: "
    "register(fn, event=...)"
)
_KINDS: tuple[tuple[int, Kind], ...] = (
    (inspect.CO_ASYNC_GENERATOR, "async generator"),
    (inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE, "coroutine"),
    (inspect.CO_GENERATOR, "generator"),
)
_OPEN = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_EMPTY = Parameter.empty
_VARIABLE = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
_BY_NAME = (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD)
# From 3.14 on, reading a signature evaluates its annotations.
_LENIENT: dict[str, Any] = {}
if sys.version_info >= (3, 14):
    _LENIENT["annotation_format"] = typing_extensions.Format.FORWARDREF
# From 3.14 on, a partial may leave a position open.
_PLACEHOLDER = getattr(functools, "Placeholder", object())


class Binding:
    """How a handler is called; ``doubt`` is what is wrong with its annotation.

    Handlers with the same ``basis`` share one. The event class holds it, and records of
    code hold it weakly: they must not keep an event class alive.
    """

    def __init__(
        self, event: Any, takes_event: bool, kind: Kind, doubt: str, basis: Any
    ) -> None:
        self.event: type[Event] = event
        self.takes_event, self.kind, self.doubt = takes_event, kind, doubt
        self.basis: tuple[object, ...] = basis
        # Whether it is a function without defaults.
        self.plain: bool = basis[1:4] == (None, None, None)
        # As a registered handler takes them.
        self.fields: tuple[type[Event], Kind, bool, Any]
        self.fields = event, kind, takes_event, decoder(event)


def bind(
    fn: Callable[..., object],
    event: type[Event] | str | None,
    identity: Identity,
    record: CodeRecord | None = None,
) -> Binding:
    """Find out how a handler is called with events of a type; raise as ``register``.

    Closures are registered again at each rendering, so what is found for a function, a
    method or a partial is kept in the identity's record of its code, if that is known.
    """
    if type(event) is str:
        event = _library_event(fn, event)
    function: Any = fn
    shape: object = None
    if type(fn) is functools.partial:
        opened = [value is _PLACEHOLDER for value in fn.args]
        function, shape = fn.func, (*opened, *fn.keywords)
    elif type(fn) is MethodType:
        function, shape = fn.__func__, "method"
    if (
        type(function) is not FunctionType
        or hasattr(function, "__wrapped__")
        or hasattr(function, "__signature__")
    ):
        return _inspect(fn, event, None, shape)
    record = record or identity.record(function)
    kept: Any = record.binding
    binding: Binding | None = kept and kept()
    if binding is not None:
        wanted: Any = binding.event if event is None else event
        _, basis = _basis(function, shape, event, wanted, binding.basis[0])
        if binding.basis == basis and binding.event is wanted:
            return binding
    binding = _of_others(function, shape, event) or _inspect(fn, event, function, shape)
    if binding.basis:
        record.binding = ref(binding)
    return binding


def _shared(event: Any) -> dict[object, Binding]:
    """Return the bindings that the handlers of an event type share."""
    if "__handlerid_bindings__" not in vars(event):
        event.__handlerid_bindings__ = {}
    return event.__handlerid_bindings__  # type: ignore[no-any-return]


def _of_others(fn: FunctionType, shape: object, asked: Any) -> Binding | None:
    """Return the binding of a function or method like this one, if there is any."""
    if shape not in (None, "method") or not (asked is None or is_event_type(asked)):
        return None
    code, own = fn.__code__, int(shape == "method")
    required = code.co_argcount - own - len(fn.__defaults__ or ())
    if not 0 <= required <= 1 or code.co_kwonlyargcount or code.co_flags & _OPEN:
        return None
    parameter = code.co_varnames[own] if code.co_argcount > own else ""
    event, basis = _basis(fn, shape, asked, asked, parameter)
    takes_event = required == 1 or (bool(basis) and basis[4])
    return _shared(event).get((basis, _kind(fn), takes_event))


def _basis(
    fn: FunctionType, shape: object, asked: object, event: Any, parameter: Any
) -> tuple[Any, tuple[object, ...]]:
    """Return the event type, and what a binding depends on.

    By default, the event type is what the annotation says. Nothing is returned for a
    binding that has to be found each time.
    """
    try:
        named: Any = fn.__annotations__.get(parameter, _EMPTY)
    except Exception:  # noqa: BLE001 - from 3.14 on, the author's expressions run here
        return Event if event is None else event, ()
    if type(named) is str and named not in fn.__code__.co_freevars:
        named = fn.__globals__.get(named, named)
    if event is None:
        event = named if is_event_type(named) else Event
    if named is not event and asked is not None and _is_in(event, named, fn):
        named = event
    if not (named is event or named is _EMPTY or named is Any or named is object):
        return event, ()
    defaults, by_name = fn.__defaults__, fn.__kwdefaults__
    count, names = defaults and len(defaults), by_name and (*by_name,)
    return event, (parameter, shape, count, names, named is event, asked is None)


def _is_in(event: type, union: Any, fn: FunctionType) -> bool:
    """Return whether an annotation is a union, and an event type stands in it."""
    types = union.__args__ if type(union) in UNIONS else ()
    if type(union) is str:
        names = union.split(" | ")
        free = {*names}.intersection(fn.__code__.co_freevars)
        types = [fn.__globals__.get(one) for one in names if not free]
    return None not in types and any(one is event for one in types)


def _inspect(
    fn: Callable[..., object], asked: Any, function: FunctionType | None, shape: object
) -> Binding:
    """Find a binding; share it if it depends on nothing but what ``_basis`` returns."""
    takes_event, parameter, accepts, doubt = inspect_signature(fn)
    if getattr(asked, "__handlerid_make__", None) is not None:
        # Annotations name the host's own classes, which make= returns.
        event, takes_event = asked, bool(parameter)
    else:
        event = _choose_event(fn, accepts, asked)
    if not issubclass(event, Event):
        adopt(event)
    odd = takes_event and function is None and event.__hash__ is None
    if odd and take_apart(fn).layers[0] == CACHED:
        raise SignatureError(
            f"{name_of(fn)} is cached, which needs arguments that can be hashed, and "
            f"no {name_of_class(event)} can be; cache a function that the handler calls"
        )
    if asked:
        doubt = ""
    elif doubt:
        doubt = f"is registered without an event type: {doubt}. {ANNOTATE}"
        doubt = "{} ({}:{}) {}".format(name_of(fn), *defined_at(fn), doubt)
    kind = _kind(fn)
    basis: tuple[object, ...] = ()
    if function is not None and not doubt:
        _, basis = _basis(function, shape, asked, event, parameter)
    shared, key = _shared(event), (basis, kind, takes_event)
    made = Binding(event, takes_event, kind, doubt, basis)
    if len(shared) >= MANY:  # keywords of partials may be made while rendering
        shared.clear()
    return shared.setdefault(key, made) if basis else made


def _library_event(fn: Callable[..., object], wire_name: str) -> type[Event]:
    with suppress(LookupError):
        if (event := event_type(wire_name)).__module__ == Event.__module__:
            return event
    raise SignatureError(
        f"{name_of(fn)} cannot be registered for {wire_name!r}: no event of handlerid "
        "has this wire name; pass the event class"
    )


def _choose_event(
    fn: Callable[..., object], accepts: tuple[type, ...], asked: Any
) -> Any:
    event, wrong = asked, ""
    if asked is None:
        event = accepts[0] if accepts else Event
        if len(accepts) > 1:
            names = " or ".join(one.__name__ for one in accepts)
            wrong = f"takes {names}; say which one: register(fn, event=...)"
    elif not is_event_type(asked):
        wrong = "cannot be registered for an event that is no event type; pass a class "
        wrong += "that derives from handlerid.Event"
    if not wrong and accepts and not issubclass(event, accepts):
        # With modules: the two may have one name, or after a reload the same module.
        taken, name = [*map(name_of_class, accepts)], name_of_class(event)
        wrong = f"takes {' or '.join(taken)} and cannot be registered for {name}"
        wrong += ", another class of that name, as after a reload" * (name in taken)
    if wrong:
        raise SignatureError(f"{name_of(fn)} {wrong}")
    return event


def _kind(fn: Callable[..., object]) -> Kind:
    """Return what a call returns; a plain wrapper passes on what is returned inside."""
    for one in functions_of(fn):
        for flags, kind in _KINDS:
            if one.__code__.co_flags & flags:
                return kind
    return "plain"


def inspect_signature(fn: Any) -> tuple[bool, str, tuple[type[Event], ...], str]:
    """Return whether a handler takes the event, in which parameter, and of which types.

    Last is what is wrong with the annotation.
    """
    # functools.wraps copies annotations: most were written at the innermost function.
    functions, bound = functions_of(fn)[::-1], _bound(fn)
    wrapped, parameters = _wrapped(fn), parameters_of(fn, follow_wrapped=False)
    required = _required(fn, parameters or ())
    opened = [one for one in parameters or () if one.kind is Parameter.VAR_POSITIONAL]
    if wrapped is not None and (parameters is None or (opened and not required)):
        return inspect_signature(wrapped)
    if parameters is None:
        reason = "has no readable signature; register a function with one parameter"
        if isinstance(fn, functools.partial):
            reason = "cannot take the arguments that functools.partial binds to it"
        raise SignatureError(f"{name_of(fn)} {reason}")
    if not parameters or parameters[0].kind in _BY_NAME:
        return False, "", (), ""
    first = parameters[0]
    required = required or first in opened
    found = [annotated_types(first.annotation, one, bound) for one in functions]
    doubts = [doubt for _, doubt in found]
    if required and wrapped:
        below = parameters_of(wrapped, follow_wrapped=True) or ()
        found += [annotated_types(one.annotation, functions[0], bound) for one in below]
    for accepts, _ in found:
        if accepts:
            return True, first.name, accepts, ""
    if "" in doubts or (doubts[0] == NO_EVENT and not required):
        return required, first.name, (), ""
    text = getattr(first.annotation, "__forward_arg__", first.annotation)
    text = text if isinstance(text, str) else inspect.formatannotation(text)
    doubt = f"the annotation {text} of its parameter {first.name} {doubts[0]}"
    return required, first.name, (), doubt


def parameters_of(fn: Any, *, follow_wrapped: bool) -> list[Parameter] | None:
    """Return the parameters of a callable, or None if they are unknown."""
    call = look_up(type(fn), "__call__")
    if type(call) is FunctionType and stored_in(fn)("__signature__") is None:
        fn = MethodType(call, fn)  # inspect would ask the object for its attributes
    try:
        found = inspect.signature(fn, follow_wrapped=follow_wrapped, **_LENIENT)
    except (TypeError, ValueError):
        return None
    return [*found.parameters.values()]


def _wrapped(fn: Any) -> Any:
    """Return the callable that a wrapper passes its arguments on to, or None."""
    if type(fn) is functools.partial:
        wrapped = _wrapped(fn.func)
        return wrapped and functools.partial(wrapped, *fn.args, **fn.keywords)
    if type(fn) is MethodType:
        wrapped = _wrapped(fn.__func__)
        return wrapped and MethodType(wrapped, fn.__self__)
    if type(fn) is FunctionType:
        return getattr(fn, "__wrapped__", None)  # makes no dictionary
    return stored_in(fn)("__wrapped__")


def _required(fn: Callable[..., object], parameters: Sequence[Parameter]) -> bool:
    """Return whether the event has to be given; refuse other required parameters."""
    names = [
        one.name + " by keyword" * (one.kind in _BY_NAME)
        for one in parameters
        if one.default is _EMPTY and one.kind not in _VARIABLE
    ]
    if len(names) > 1 or any(" " in one for one in names):
        raise SignatureError(
            f"{name_of(fn)} needs {', '.join(names)}, and a handler is called with the "
            "event alone; bind the others with functools.partial or give them defaults"
        )
    return bool(names)


def _bound(fn: Any) -> object:
    """Return the object or class whose method a handler is; itself if it is none."""
    while inner := fn.func if type(fn) is functools.partial else _wrapped(fn):
        fn = inner
    return fn.__self__ if type(fn) is MethodType else fn


def annotated_types(annotation: object, fn: FunctionType, bound: object) -> Named:
    """Return the event types that an annotation of a function names."""
    captures = dict(captures_of(fn)[: len(fn.__code__.co_freevars)])
    cells = {name: value for name, value in captures.items() if value is not Unset}
    return event_types(annotation, fn, cells, bound)
