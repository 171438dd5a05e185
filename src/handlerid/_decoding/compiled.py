"""The decoder of a dataclass: generated code for what fits, a loop for the rest.

The generated function never decides that a payload does not fit: when in doubt it calls
``decode_slowly``, which finds every error.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Optional, cast

from handlerid._decoding.fields import (
    NOTHING,
    Field,
    Readers,
    Unreadable,
    build,
    fields_of,
    full_name,
    read_fields,
)
from handlerid._decoding.misfits import Errors
from handlerid._decoding.readers import ANY
from handlerid.errors import InvalidEvent, UnsupportedHandler

Decoder = Callable[[Mapping[str, Any]], Any]

# Tests in the generated code: true when a value needs a closer look.
_DOUBTS: dict[object, str] = {
    kind: f"type({{0}}) is not {kind.__name__}" for kind in (str, bool, int, float)
}
_DOUBTS |= {
    Optional[kind]: f"{{0}} is not None and {_DOUBTS[kind]}"  # noqa: UP045 - an object
    for kind in (str, bool, int)
}


def compile_decoder(event_type: type, *, form: bool, refuse_extra: bool) -> Decoder:
    """Make the decoder of a dataclass: see ``handlerid._decoding.decoder``.

    Raises:
        UnsupportedHandler: as described there.
    """
    fields = _fields(event_type, lax=form, refuse_extra=refuse_extra)
    names = {"handler", "key", *(field.name for field in fields)}
    known = names if refuse_extra else None
    if form and any(field.rest for field in fields):
        known = None

    def decode_slowly(payload: Mapping[str, Any]) -> object:
        errors = Errors()
        flat = _flat(payload, fields) if form else payload
        values = read_fields(flat, fields, errors, lax=form)
        if known is not None:
            errors.add_extra(payload, known)
        event = None if errors else build(event_type, values, errors)
        if errors:
            raise errors.as_error(event_type)
        return event

    return (
        decode_slowly if form else _generate(event_type, fields, known, decode_slowly)
    )


def _fields(event_type: type, *, lax: bool, refuse_extra: bool) -> list[Field]:
    name = full_name(event_type)
    fields = fields_of(event_type)
    if any(field.name == "handler" for field in fields):
        raise UnsupportedHandler(
            f"the event type {name} has a field handler, and that is the name of the "
            "id in a payload; rename the field"
        )
    hook = getattr(event_type, "__handlerid_decoder__", None)
    try:
        Readers(hook, lax=lax, refuse_extra=refuse_extra).fill(fields)
    except Unreadable as error:
        raise UnsupportedHandler(
            f"the field {error.path} of the event type {name} has a type that cannot "
            "be read from a payload; use str, bool, int, float, None, Any, Literal, "
            "Enum, date, time, datetime, timedelta, bytes, list, tuple, dict, "
            "TypedDict, a dataclass, or a union of these that can be told apart; or "
            f"say how it is read: class {event_type.__name__}(Event, decoder=...)"
        ) from None
    return fields


def _flat(form: Mapping[str, list[Any]], fields: list[Field]) -> dict[str, Any]:
    """Return a form as a mapping: one value a field, or all of them for a list."""
    own = {"handler", *(field.name for field in fields if not field.rest)}
    flat: dict[str, Any] = {}
    for field in fields:
        values = form.get(field.name)
        if field.rest:
            flat[field.name] = {name: form[name] for name in form if name not in own}
        elif values:
            several = len(values) > 1 or list in (field.reader.kinds or ())
            flat[field.name] = values if several else values[0]
    return flat


def _generate(
    event_type: Any, fields: list[Field], known: set[str] | None, slowly: Decoder
) -> Decoder:
    names: dict[str, object] = {
        "new": event_type.__new__,
        "init": event_type.__init__,
        "event_type": event_type,
        "known": known,
        "slowly": slowly,
        "Errors": Errors,
        "InvalidEvent": InvalidEvent,
        "NOTHING": NOTHING,
    }
    for index, field in enumerate(fields):
        names[f"default{index}"] = field.default
        names[f"read{index}"] = field.reader.read
    body = "\n    ".join(_lines(event_type, fields, known))
    exec(f"def decode(payload):\n    {body}", names)  # noqa: S102 - fields are names
    return cast("Decoder", names["decode"])


def _lines(
    event_type: Any, fields: list[Field], known: set[str] | None
) -> Iterator[str]:
    doubts = [] if known is None else ["not known.issuperset(payload)"]
    takes, gets, reads = [], [], []
    for index, field in enumerate(fields):
        value, default = f"v{index}", f"default{index}"
        test = _doubt(field)
        missing = "NOTHING" if test is None else default
        takes.append(f"{value} = payload[{field.name!r}]")
        gets.append(f"{value} = get({field.name!r}, {missing})")
        if test is not None:
            doubts.append(test.format(value))
        elif field.default is NOTHING:  # it is required, or a factory makes it
            doubts.append(f"{value} is NOTHING")
            reads.append(f"{value} = read{index}({value}, errors)")
        else:
            either = f"{default} if {value} is NOTHING else"
            reads.append(f"{value} = {either} read{index}({value}, errors)")
    # A look-up without a default is quicker: where the payload has as many names as the
    # event and the id, all fields may be there. A subclass of dict may have a default.
    yield f"whole = type(payload) is dict and len(payload) > {len(fields)}"
    yield "if whole:"
    yield "    try:"
    yield from (f"        {line}" for line in [*takes, "pass"])
    yield "    except KeyError: whole = False"
    yield "if not whole:"
    yield "    get = payload.get"
    yield from (f"    {line}" for line in gets)
    # A sum of floats is finite only if each of them is. It may overflow all the same.
    floats = [f"v{i}" for i, field in enumerate(fields) if field.hint is float]
    if floats:
        doubts.append(f"({' + '.join(floats)}) * 0.0 != 0.0")
    yield f"if {' or '.join(doubts) or 'False'}: return slowly(payload)"
    if reads:
        yield "errors = Errors()"
        yield from reads
        yield "if errors: return slowly(payload)"
    arguments = ", ".join(f"{field.name}=v{i}" for i, field in enumerate(fields))
    # __post_init__, __init__ or __setattr__ of the class may refuse the values.
    yield "try:"
    if (
        event_type.__new__ is object.__new__
        and type(event_type).__call__ is type.__call__
    ):
        yield "    event = new(event_type)"
        yield f"    init(event, {arguments})"
        yield "    return event"
    else:
        yield f"    return event_type({arguments})"
    yield "except (ValueError, InvalidEvent): pass"
    yield "return slowly(payload)"


def _doubt(field: Field) -> str | None:
    if field.reader is ANY:
        return "{0} is NOTHING"
    try:
        return _DOUBTS.get(field.hint)
    except TypeError:
        return None  # not hashable: what a hook reads
