"""The decoder of a dataclass: generated code, and a loop that finds every misfit.

The generated function decodes payloads whose fields have exactly the right types. It
never refuses one: for every other payload it calls ``decode_slowly``.
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
    object_of,
)
from handlerid._decoding.hints import Readers
from handlerid._decoding.misfits import Misfits, note, refusal
from handlerid._decoding.readers import ANY, SCALARS, Unreadable, widen
from handlerid.errors import InvalidEvent, UnsupportedHandler

Decoder = Callable[[Mapping[str, Any]], Any]

# By what a reader expects: the test after which the generated code calls slowly().
_SLOW_IF = {SCALARS[kind]: f"type({{0}}) is not {kind.__name__}" for kind in SCALARS}
_SLOW_IF |= {
    f"{SCALARS[kind]} or null": f"{{0}} is not None and {_SLOW_IF[SCALARS[kind]]}"
    for kind in (str, bool, int)
}
_SLOW_IF[ANY.expected] = "{0} is NOTHING"


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
    read = object_of(event_type, fields, lax=form, known=known).read

    def decode_slowly(payload: Mapping[str, Any]) -> object:
        misfits: Misfits = []
        event = None
        try:
            event = read(_flat(payload, fields) if form else payload, misfits)
        except RecursionError:  # a class that refers to itself, in a host's mapping
            note(misfits, "less nesting")
        if misfits:
            raise refusal(misfits, event_type)
        return event

    if form:
        return decode_slowly
    scope: dict[str, object] = {
        "new": event_type.__new__,
        "init": cast("Any", event_type).__init__,
        "event_type": event_type,
        "known": known,
        "slowly": decode_slowly,
        "widen": widen,
        "InvalidEvent": InvalidEvent,
        "NOTHING": NOTHING,
        "NoneType": NoneType,
    }
    for index, field in enumerate(fields):
        scope[f"default{index}"] = field.default
        scope[f"read{index}"] = field.reader.read
    body = "\n    ".join(_lines(event_type, fields, refuse_extra=refuse_extra))
    exec(f"def decode(payload):\n    {body}", scope)  # noqa: S102 - fields are names
    return cast("Decoder", scope["decode"])


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
    event_type: Any, fields: list[Field], *, refuse_extra: bool
) -> Iterator[str]:
    slow_if = ["not known.issuperset(payload)"] if refuse_extra else []
    takes, gets, reads, floats = [], [], [], []
    for index, field in enumerate(fields):
        value, default = f"v{index}", f"default{index}"
        test = _SLOW_IF.get(field.reader.expected)
        missing = "NOTHING" if test is None else default
        takes.append(f"{value} = payload[{field.name!r}]")
        gets.append(f"{value} = get({field.name!r}, {missing})")
        if test is not None:
            slow_if.append(test.format(value))
        elif field.default is NOTHING:  # it is required, or a factory makes it
            slow_if.append(f"{value} is NOTHING")
            reads.append(f"{value} = read{index}({value}, misfits)")
        else:
            either = f"{default} if {value} is NOTHING else"
            reads.append(f"{value} = {either} read{index}({value}, misfits)")
        if field.reader.expected == SCALARS[float]:
            floats.append(value)
    # payload[name] is faster than get(): tried if the payload has enough names for all
    # fields. Only for dict itself: a subclass may define __missing__.
    yield f"if whole := type(payload) is dict and len(payload) > {len(fields)}:"
    yield f"    try: {'; '.join(takes) or 'pass'}"
    yield "    except KeyError: whole = False"
    yield f"if not whole: get = payload.get; {'; '.join(gets)}"
    if floats:  # a finite sum has finite terms; otherwise slowly() checks each of them
        slow_if.append(f"({' + '.join(floats)}) * 0.0 != 0.0")
    test_all = " or ".join(slow_if) or "False"
    yield f"if {test_all}:"
    yield from (f"    if type({v}) is int: {v} = widen({v})" for v in floats)
    yield f"    if {test_all}: return slowly(payload)"
    if reads:
        yield "misfits = []"
        yield f"try: {'; '.join(reads)}"
        yield "except RecursionError: return slowly(payload)"
        yield "if misfits: return slowly(payload)"
    arguments = ", ".join(f"{field.name}=v{i}" for i, field in enumerate(fields))
    # __init__, __post_init__ or __setattr__ of the class may refuse the values.
    yield "try:"
    plain_new = event_type.__new__ is object.__new__
    if plain_new and type(event_type).__call__ is type.__call__:
        yield "    event = new(event_type)"
        yield f"    init(event, {arguments})"
        yield "    return event"
    else:
        yield f"    return event_type({arguments})"
    yield "except (ValueError, InvalidEvent): pass"
    yield "return slowly(payload)"
