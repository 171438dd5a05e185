"""The decoder of a dataclass: generated code.

It uses values of exactly the right types as they are; others go to ``Field.take``.
"""

from collections.abc import Callable, Iterator, Mapping
from types import NoneType
from typing import Any, cast

from handlerid._decoding.fields import (
    NOTHING,
    Field,
    check_names,
    fields_of,
    full_name,
    refused_by,
)
from handlerid._decoding.hints import Readers
from handlerid._decoding.misfits import note_extra, refusal
from handlerid._decoding.readers import ANY, SCALARS, Unreadable
from handlerid.errors import FieldError, InvalidEvent, UnsupportedHandler

Decoder = Callable[[Mapping[str, Any]], Any]

# By what a reader expects: the test whether a value has to go to Field.take.
_TAKE_IF = {SCALARS[kind]: f"type({{0}}) is not {kind.__name__}" for kind in SCALARS}
_TAKE_IF |= {
    f"{SCALARS[kind]} or null": f"{{0}} is not None and {_TAKE_IF[SCALARS[kind]]}"
    for kind in (str, bool, int)
}
_TAKE_IF[SCALARS[float]] += " or {0} - {0} != 0.0"  # NaN, infinities
_TAKE_IF[ANY.expected] = "{0} is NOTHING"


def compile_decoder(event_type: type, *, form: bool, refuse_extra: bool) -> Decoder:
    """Make the decoder of a dataclass: see ``handlerid._decoding.decoder``."""
    fields = fields_of(event_type)
    check_names(event_type, [field.name for field in fields])
    hook = getattr(event_type, "__handlerid_decoder__", None)
    try:
        Readers(hook, lax=form, refuse_extra=refuse_extra).fill(fields)
    except Unreadable as error:
        raise UnsupportedHandler(
            f"the field {error} of the event type {full_name(event_type)} has a "
            "type that cannot be read from a payload; use str, bool, int, float, None, "
            "Any, Literal, Enum, date, time, datetime, bytes, list, tuple, dict, a "
            "dataclass, or a union of types that JSON writes differently; or pass a "
            f"decoder: class {event_type.__name__}(Event, decoder=...)"
        ) from None
    names = {"handler", "key", *(field.name for field in fields)}
    known = names if refuse_extra else None
    scope: dict[str, object] = {
        "new": event_type.__new__,
        "init": cast("Any", event_type).__init__,
        "event_type": event_type,
        "known": known,
        "note_extra": note_extra,
        "refusal": refusal,
        "refused_by": refused_by,
        "too_deep": FieldError("", "less nesting"),
        "InvalidEvent": InvalidEvent,
        "NOTHING": NOTHING,
        "NoneType": NoneType,
    }
    for index, field in enumerate(fields):
        scope[f"default{index}"] = field.default
        scope[f"take{index}"] = field.take
    body = "\n    ".join(_lines(event_type, fields, scope))
    exec(f"def decode(payload):\n    {body}", scope)  # noqa: S102 - fields are names
    decode = cast("Decoder", scope["decode"])
    return (lambda payload: decode(_flat(payload, fields))) if form else decode


def _flat(form: Mapping[str, list[Any]], fields: list[Field]) -> dict[str, Any]:
    """Return a form as a mapping: one value a name, or all of them for a list."""
    flat: dict[str, Any] = {name: values for name, values in form.items() if values}
    for field in fields:
        if field.rest:
            own = {"handler", *(one.name for one in fields if not one.rest)}
            rest = {name: form[name] for name in form if name not in own}
            flat = {name: flat[name] for name in flat if name in own}
            flat[field.name] = rest
        elif len(flat.get(field.name, ())) == 1 and list not in field.reader.kinds:
            flat[field.name] = flat[field.name][0]
    return flat


def _lines(
    event_type: Any, fields: list[Field], scope: dict[str, Any]
) -> Iterator[str]:
    takes, gets, checks = [], [], []
    for index, field in enumerate(fields):
        value, default = f"v{index}", f"default{index}"
        test = _TAKE_IF.get(field.reader.expected, "True")
        # A default need not fit: then it is taken by Field.take.
        odd = eval(test.format(default), scope)  # noqa: S307 - written above
        name, default = repr(field.name), "NOTHING" if odd else default
        takes.append(f"{value} = payload[{name}]")
        gets.append(f"{takes[-1]} if {name} in payload else {default}")
        test = test.format(value)
        checks.append(f"    if {test}: {value} = take{index}({value}, misfits)")
    # Without "in" it is faster: tried if the payload has enough names for all fields.
    # Only for dict itself: a subclass may define __missing__.
    any_names = "; ".join(gets) or "pass"
    yield f"if len(payload) <= {len(fields)} or type(payload) is not dict: {any_names}"
    yield "else:"
    yield f"    try: {'; '.join(takes) or 'pass'}"
    yield f"    except KeyError: {any_names}"
    yield "misfits = []"
    yield "try:"
    yield from checks or ["    pass"]
    if scope["known"] is not None:
        yield "    if not known.issuperset(payload):"
        yield "        note_extra(misfits, payload, known)"
    # A class that refers to itself, in a host's mapping.
    yield "except RecursionError: misfits = [too_deep]"
    yield "if not misfits:"
    # __init__, __post_init__ or __setattr__ of the class may refuse the values.
    yield "    try:"
    arguments = ", ".join(f"{field.name}=v{i}" for i, field in enumerate(fields))
    plain_new = event_type.__new__ is object.__new__
    if plain_new and type(event_type).__call__ is type.__call__:
        yield "        event = new(event_type)"
        yield f"        init(event, {arguments})"
        yield "        return event"
    else:
        yield f"        return event_type({arguments})"
    yield "    except (ValueError, InvalidEvent) as error:"
    yield "        misfits = refused_by(event_type, error)"
    yield "raise refusal(misfits, event_type)"
