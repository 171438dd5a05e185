"""A handler bound to the event type that it is registered for.

What belongs here: what a registry holds for each id, and choosing the event type from
the annotation and the argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import CodeType, FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

from handlerid._anatomy import name_of
from handlerid._calling import convention
from handlerid._canonical.peek import name_of_class
from handlerid._decoding import decoder, is_struct, json_decoder, struct_classes
from handlerid.errors import SignatureError, UnstableCapture
from handlerid.events._base import Event, adopt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from handlerid._decoding import Decoder
    from handlerid._handler_id import HandlerId

    _Way = tuple[type[Event], bool, Decoder, Callable[[bytes], Any] | None]

__all__ = ["BoundHandler", "bind"]

_NONE_KNOWN: Mapping[str, BoundHandler] = MappingProxyType({})


@dataclass(slots=True, eq=False)
class BoundHandler:
    """A registered handler: the function, and what it takes to call it.

    Attributes:
        id: the id under which it is registered.
        fn: the handler as the author gave it.
        event: the type of the events it is registered for.
        takes_event: whether it is called with the event, or with nothing.
        decode: makes the event of a payload that is a mapping.
        decode_json: makes it of JSON bytes, if msgspec can do that for its type.
    """

    id: HandlerId
    fn: Callable[..., object]
    event: type[Event]
    takes_event: bool
    decode: Decoder
    decode_json: Callable[[bytes], Any] | None = None

    def __repr__(self) -> str:
        return f"<BoundHandler {self.id} {self.id.place}>"


def bind(
    fn: Callable[..., object],
    event: type[Event] | None,
    identify: Callable[[Callable[..., object], type[Event]], HandlerId],
    known: Mapping[str, BoundHandler] = _NONE_KNOWN,
) -> BoundHandler:
    """Finds out all that is needed to call a handler with events of a type.

    Args:
        fn: the handler.
        event: the event type; by default the one that its annotation names, or
            ``Event`` when it names none.
        identify: computes the id.
        known: handlers by id; one of them is returned if it is the same in all.

    Raises:
        SignatureError: the handler cannot be called with such an event.
        UnsupportedHandler: the event type has a field that cannot be read, or the
            handler cannot have an id.
        UnstableCapture: what goes into its id has no canonical form.
    """
    plan = _plans.get(id(fn.__code__)) if type(fn) is FunctionType else None
    if plan is not None and plan.fits(fn, event):
        way = plan.way
    else:
        way = _find_out(fn, event)
    event, takes_event, decode, decode_json = way
    try:
        handler_id = identify(fn, event)
    except UnstableCapture as error:
        text = f"{name_of(fn)}: {error}"
        raise UnstableCapture(
            text, where=error.where, type_name=error.type_name
        ) from error
    old = known.get(handler_id)
    if (
        old is not None
        and old.fn is fn
        and old.event is event
        and old.takes_event is takes_event
    ):
        return old
    return BoundHandler(handler_id, fn, event, takes_event, decode, decode_json)


def _find_out(fn: Any, asked: type[Event] | None) -> _Way:
    made: Decoder | None = getattr(asked, "__handlerid_make__", None)
    if made is not None:
        # The host's own events, of which annotations say nothing here.
        way: _Way = cast("Any", asked), convention(fn, object).takes_event, made, None
    else:
        how = convention(fn, (Event, *struct_classes()))
        event = _choose_event(fn, how.accepts, asked)
        decode_json = None
        if is_struct(event):
            adopt(event)
            decode_json = json_decoder(event)
        way = event, how.takes_event, decoder(event), decode_json
    if type(fn) is FunctionType:
        _remember(fn, asked, way)
    return way


# A closure made anew is registered anew at each render, so what was found out of one is
# remembered by its code, as long as that lives. What the code does not tell is looked
# at again: defaults, the annotation, and what the name in it stands for.


class _Plan(ref[CodeType]):
    """How functions with one code are called, and what was looked at to know it."""

    __slots__ = ("address", "annotation", "asked", "defaults", "named", "of", "way")

    address: int
    asked: type[Event] | None
    defaults: int
    of: str
    annotation: object
    named: object
    way: _Way

    def fits(self, fn: Any, asked: type[Event] | None) -> bool:
        """Whether it is true of this function, too."""
        if (
            self.asked is not asked
            or len(fn.__defaults__ or ()) != self.defaults
            or hasattr(fn, "__wrapped__")
            or hasattr(fn, "__signature__")
        ):
            return False
        try:
            annotation = fn.__annotations__.get(self.of)
        except Exception:  # noqa: BLE001 - the author's expressions, run here on 3.14
            return False
        return annotation is self.annotation and (
            self.named is None or fn.__globals__.get(annotation) is self.named
        )


_plans: dict[int, _Plan] = {}


def _remember(fn: FunctionType, asked: type[Event] | None, way: _Way) -> None:
    """Makes a plan, unless there is more to look at, or it would keep a class alive."""
    code = fn.__code__
    said_elsewhere = hasattr(fn, "__wrapped__") or hasattr(fn, "__signature__")
    if code.co_kwonlyargcount or said_elsewhere:
        return
    of = code.co_varnames[0] if code.co_varnames else ""
    try:
        annotation = fn.__annotations__.get(of)
    except Exception:  # noqa: BLE001 - as above
        return
    named = None
    if isinstance(annotation, str):
        named = fn.__globals__.get(annotation)
        if not isinstance(named, type) or annotation in code.co_freevars:
            return
    for kind in (way[0], named or annotation):
        if kind is not None and (
            not isinstance(kind, type) or "<locals>" in kind.__qualname__
        ):
            return
    plan = _Plan(code, _forget)
    plan.address, plan.of = id(code), of
    plan.asked, plan.defaults = asked, len(fn.__defaults__ or ())
    plan.annotation, plan.named, plan.way = annotation, named, way
    _plans[plan.address] = plan


def _forget(plan: _Plan) -> None:
    _plans.pop(plan.address, None)


def _choose_event(
    fn: Callable[..., object], accepts: tuple[type, ...], event: Any
) -> type[Event]:
    if event is None:
        if len(accepts) > 1:
            names = " or ".join(one.__name__ for one in accepts)
            raise SignatureError(
                f"{name_of(fn)} takes {names}; say which one it is "
                "registered for: register(fn, event=...)"
            )
        return accepts[0] if accepts else Event
    bases: tuple[type, ...] = (Event, *struct_classes())
    if not (isinstance(event, type) and issubclass(event, bases)):
        raise SignatureError(
            f"{name_of(fn)} cannot be registered for an event that is no event type; "
            "pass a class that derives from handlerid.Event"
        )
    if accepts and not issubclass(event, accepts):
        # With their modules: two that contradict may have one name, or after a reload
        # even the same module.
        taken, asked = [*map(name_of_class, accepts)], name_of_class(event)
        again = ", another class of that name, as after a reload"
        raise SignatureError(
            f"{name_of(fn)} takes {' or '.join(taken)} and cannot be registered for "
            f"{asked}{again if asked in taken else ''}"
        )
    return cast("type[Event]", event)  # or a Struct, unknown to type checkers
