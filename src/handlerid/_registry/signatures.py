"""How a handler is called: with the event or without it, and with which event type.

1. The first positional parameter gets the event if it has no default, or if its
   annotation names an event type: ``lambda i=i: ...`` keeps its ``i``.
2. ``*args`` alone gets the event. Another parameter without default is an error.
3. A wrapper made with ``functools.wraps`` is called as its own parameters say. If it
   takes ``*args``, the parameters of the wrapped function count. Either may name the
   event types.
4. An annotation that cannot be evaluated, or that names no event type, is reported
   unless ``event=`` says the type. ``Any`` and ``object`` are no mistakes.
"""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from dataclasses import dataclass
from inspect import Parameter
from types import FunctionType, MethodType, UnionType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast
from weakref import ref

import typing_extensions

from handlerid._decoding import decoder
from handlerid._identity import name_of, take_apart
from handlerid._peek import name_of_class, names_of_class, stored_in
from handlerid.errors import SignatureError
from handlerid.events import Event, adopt, event_type, is_event_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from handlerid._identity import Identity

Kind = Literal["plain", "generator", "coroutine", "async generator"]

_NAMED = (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD)
_UNIONS = (typing.Union, UnionType)
# On 3.12 and 3.13, a ``type`` statement makes an object of another class.
_Alias = typing_extensions.TypeAliasType
_ALIASES = (_Alias, getattr(typing, "TypeAliasType", _Alias))
# From 3.14 on, reading a signature evaluates its annotations, and a partial may leave
# a position open.
_LENIENT: dict[str, Any] = {}
if sys.version_info >= (3, 14):
    _LENIENT["annotation_format"] = typing_extensions.Format.FORWARDREF
_PLACEHOLDER = getattr(functools, "Placeholder", object())


@dataclass(slots=True, eq=False, weakref_slot=True)
class Binding:
    """How a handler is called. Handlers with the same signature share one.

    The event class holds it, and records of code objects hold it weakly: they would
    keep an event class alive.
    """

    event: type[Event]
    takes_event: bool
    kind: Kind
    decode: Callable[[Mapping[str, Any]], Any]
    doubt: str
    """What is wrong with the annotation; empty if it is right or does not count."""
    basis: tuple[object, ...] | None = None
    """What this was computed from, besides code and event type."""


class Signature(NamedTuple):
    """What the parameters of a handler say; ``parameter`` is the one for the event."""

    takes_event: bool
    parameter: str = ""
    accepts: tuple[type[Event], ...] = ()
    doubt: str = ""


def bind(
    fn: Callable[..., object], event: type[Event] | str | None, identity: Identity
) -> Binding:
    """Find out how a handler is called with events of a type.

    Closures are registered again at each rendering, so the result for a function, a
    method or a partial is kept in the identity's record of its code.

    Args:
        fn: the handler.
        event: the event type, or the wire name of one of the library's; by default
            the one that the annotation names, or ``Event``.
        identity: whose record is used.

    Raises:
        SignatureError: the handler cannot be called with such an event.
        UnsupportedHandler: the event type has a field that cannot be read, or the
            handler cannot have an id.
    """
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
        return _inspect(fn, event)[0]
    record = identity.record(function)
    known = cast("ref[Binding] | None", record.binding)
    binding = None if known is None else known()
    if binding is not None and binding.basis is not None:
        seen = _basis(function, shape, event, binding.event, binding.basis[0])
        if seen == binding.basis:
            return binding
    binding, parameter = _inspect(fn, event)
    basis = _basis(function, shape, event, binding.event, parameter)
    if basis is not None and not binding.doubt:
        binding.basis = basis
        if "__handlerid_bindings__" not in vars(binding.event):
            binding.event.__handlerid_bindings__ = {}  # type: ignore[attr-defined]
        shared: dict[object, Binding]
        shared = binding.event.__handlerid_bindings__  # type: ignore[attr-defined]
        binding = shared.setdefault((basis, binding.kind), binding)
        record.binding = ref(binding)
    return binding


def _basis(
    fn: FunctionType, shape: object, asked: object, event: type, parameter: Any
) -> tuple[object, ...] | None:
    """Return what a binding depends on; None if it has to be computed each time."""
    try:
        named = fn.__annotations__.get(parameter)
    except Exception:  # noqa: BLE001 - from 3.14 on, the author's expressions run here
        return None
    if type(named) is str:
        if named in fn.__code__.co_freevars:
            return None
        named = fn.__globals__.get(named, ...)
    if asked is not None and asked is not event:
        return None
    if not (named is event or named is None or named is Any or named is object):
        return None
    defaults, by_name = fn.__defaults__, fn.__kwdefaults__
    return (
        parameter,
        shape,
        named is event,
        asked is None,
        defaults and len(defaults),
        by_name and (*by_name,),
    )


def _inspect(fn: Callable[..., object], asked: Any) -> tuple[Binding, str]:
    """Compute a binding; return it with the name of the event's parameter."""
    # Such an event type makes events of the host's own classes: handlers name those.
    made = hasattr(asked, "__handlerid_make__")
    signature = inspect_signature(fn, any_type=made)
    event = asked if made else _choose_event(fn, signature.accepts, asked)
    if not issubclass(event, Event):
        adopt(event)
    doubt = "" if asked else signature.doubt
    takes_event, parameter = signature.takes_event, signature.parameter
    return Binding(event, takes_event, _kind(fn), decoder(event), doubt), parameter


def _choose_event(
    fn: Callable[..., object], accepts: tuple[type, ...], event: Any
) -> Any:
    if event is None:
        if len(accepts) > 1:
            names = " or ".join(one.__name__ for one in accepts)
            raise SignatureError(
                f"{name_of(fn)} takes {names}; say which one it is registered for: "
                "register(fn, event=...)"
            )
        return accepts[0] if accepts else Event
    if isinstance(event, str):
        try:
            event, wire_name = event_type(event), event
        except LookupError:
            wire_name = event
        if isinstance(event, str) or names_of_class(event)[0] != Event.__module__:
            raise SignatureError(
                f"{name_of(fn)} cannot be registered for {wire_name!r}: no event of "
                "the library has this wire name; pass the event class"
            )
    if not is_event_type(event):
        raise SignatureError(
            f"{name_of(fn)} cannot be registered for an event that is no event type; "
            "pass a class that derives from handlerid.Event"
        )
    if accepts and not issubclass(event, accepts):
        # With modules: the two may have one name, or after a reload the same module.
        taken, asked = [*map(name_of_class, accepts)], name_of_class(event)
        again = ", another class of that name, as after a reload"
        raise SignatureError(
            f"{name_of(fn)} takes {' or '.join(taken)} and cannot be registered for "
            f"{asked}{again if asked in taken else ''}"
        )
    return event


def _kind(fn: Callable[..., object]) -> Kind:
    """Return what a call returns; a plain wrapper passes on what is returned inside."""
    for layer in take_apart(fn).layers:
        flags = 0 if isinstance(layer, str) else layer.__code__.co_flags
        if flags & inspect.CO_ASYNC_GENERATOR:
            return "async generator"
        if flags & (inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE):
            return "coroutine"
        if flags & inspect.CO_GENERATOR:
            return "generator"
    return "plain"


def inspect_signature(
    fn: Callable[..., object], *, any_type: bool = False
) -> Signature:
    """Read the signature of a handler.

    Args:
        fn: any callable that has an identity.
        any_type: take an event of any type, whatever the annotation names.

    Raises:
        SignatureError: it can be called neither with an event alone nor with nothing.
        UnsupportedHandler: it is no callable that has an identity.
    """
    layers = take_apart(fn).layers
    # functools.wraps copies annotations: they were written at the innermost function.
    functions = [one for one in reversed(layers) if isinstance(one, FunctionType)]
    wrapped, signature = _wrapped(fn), _signature(fn, follow_wrapped=False)
    parameters = [*signature.parameters.values()] if signature else []
    required = _required(fn, parameters)
    kinds = [one.kind for one in parameters]
    if wrapped is not None:
        if not signature or (Parameter.VAR_POSITIONAL in kinds and not required):
            return inspect_signature(wrapped, any_type=any_type)
    elif not signature:
        reason = "does not tell its parameters; register a function with one, the event"
        if isinstance(fn, functools.partial):
            reason = "cannot take the arguments that functools.partial binds to it"
        raise SignatureError(f"{name_of(fn)} {reason}")
    if not parameters or kinds[0] in _NAMED:
        return Signature(takes_event=False)
    name, annotation = parameters[0].name, parameters[0].annotation
    required = required or kinds[0] is Parameter.VAR_POSITIONAL
    if any_type:
        return Signature(takes_event=True, parameter=name)
    doubt = ""
    for function in functions:
        accepts, doubt = _event_types(annotation, function)
        if accepts:
            return Signature(True, name, accepts)
    below = _signature(wrapped, follow_wrapped=True) if required and wrapped else None
    for parameter in below.parameters.values() if below else ():
        accepts, _ = _event_types(parameter.annotation, functions[0])
        if accepts:
            return Signature(True, name, accepts)
    if doubt == _NO_EVENT and not required:
        doubt = ""
    if doubt:
        text = getattr(annotation, "__forward_arg__", annotation)
        text = text if isinstance(text, str) else inspect.formatannotation(text)
        doubt = f"the annotation {text} of its parameter {name} {doubt}"
    return Signature(required, name, (), doubt)


def _signature(fn: Any, *, follow_wrapped: bool) -> inspect.Signature | None:
    try:
        return inspect.signature(fn, follow_wrapped=follow_wrapped, **_LENIENT)
    except (TypeError, ValueError):
        return None


def _wrapped(fn: Any) -> Any:
    """Return the callable that a wrapper passes its arguments on to, or None."""
    if type(fn) is functools.partial:
        wrapped = _wrapped(fn.func)
        return wrapped and functools.partial(wrapped, *fn.args, **fn.keywords)
    if type(fn) is MethodType:
        wrapped = _wrapped(fn.__func__)
        return wrapped and MethodType(wrapped, fn.__self__)
    return stored_in(fn)("__wrapped__")


def _required(fn: Callable[..., object], parameters: Sequence[Parameter]) -> bool:
    """Return whether the event has to be given; refuse other required parameters."""
    required = [one for one in parameters if one.default is Parameter.empty]
    by_name = [one.name for one in required if one.kind is Parameter.KEYWORD_ONLY]
    if by_name:
        raise SignatureError(
            f"{name_of(fn)} needs {_list(by_name)} by keyword, and a handler is called "
            "with the event alone; bind it with functools.partial or give it a default"
        )
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    names = [one.name for one in required if one.kind not in variable]
    if len(names) > 1:
        raise SignatureError(
            f"{name_of(fn)} needs {_list(names)}, and a handler is called with the "
            "event alone; bind the others with functools.partial or give them defaults"
        )
    return bool(names)


def _list(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


_NO_EVENT = "names no event type"
_UNKNOWN = "cannot be evaluated: is a name in it imported under TYPE_CHECKING only?"


def _event_types(
    annotation: object, function: FunctionType
) -> tuple[tuple[type[Event], ...], str]:
    """Return the event types that an annotation names, and what is wrong with it."""
    todo, found, doubt = [annotation], dict[Any, None](), _NO_EVENT
    for _ in range(100):  # an alias may refer to itself
        if not todo:
            break
        one: Any = todo.pop()
        origin = typing_extensions.get_origin(one)
        try:
            if isinstance(one, typing.ForwardRef):
                todo.append(one.__forward_arg__)
            elif isinstance(one, str):
                todo.append(_evaluate(one, function))
            elif isinstance(one, _ALIASES):
                todo.append(one.__value__)  # of a ``type`` statement: evaluated here
            elif origin in _UNIONS:
                todo += reversed(typing_extensions.get_args(one))
            elif origin is typing_extensions.Annotated:
                todo.append(typing_extensions.get_args(one)[0])
            elif one is Any or one is object or one is Parameter.empty:
                doubt = ""
            elif is_event_type(named := one if origin is None else origin):
                found[named] = None
        except Exception:  # noqa: BLE001 - the author's expression may raise anything
            return tuple(found), _UNKNOWN
    return tuple(found), doubt


def _evaluate(text: str, function: FunctionType) -> object:
    names, free = function.__globals__, function.__code__.co_freevars
    if text in names and text not in free:
        return names[text]
    enclosing = {}
    for name, cell in zip(free, function.__closure__ or (), strict=True):
        try:
            enclosing[name] = cell.cell_contents
        except ValueError:
            continue  # the cell is empty
    return eval(text, names, enclosing)  # noqa: S307 - the author's source
