"""The decoder of a dataclass: compiled code for what fits, a second look for the rest.

What belongs here: writing the fast way. It never decides that a payload does not fit;
in doubt it leaves that to ``objects``, which finds every error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, cast

from handlerid._decoding.hints import Readers
from handlerid._decoding.objects import (
    NOTHING,
    Field,
    build,
    fields_of,
    note_extra,
    read_fields,
)
from handlerid._decoding.refusing import MISSING, Errors, Unreadable
from handlerid._decoding.values import ANY
from handlerid.errors import FieldError, InvalidEvent, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Decoder = Callable[[Mapping[str, Any]], Any]

__all__ = ["compile_decoder"]

# Inline tests: true when a value needs a closer look.
_DOUBTFUL: dict[object, str] = {
    kind: f"type({{0}}) is not {kind.__name__}" for kind in (str, bool, int, float)
}
_DOUBTFUL |= {
    Optional[kind]: f"{{0}} is not None and {_DOUBTFUL[kind]}"  # noqa: UP045
    for kind in (str, bool, int)
}


def compile_decoder(event_type: type, *, form: bool, refuse_extra: bool) -> Decoder:
    """Makes the decoder of an event type: see ``handlerid._decoding.decoder``.

    Raises:
        UnsupportedHandler: as described there.
    """
    fields = _fields(event_type, lax=form, refuse_extra=refuse_extra)
    known = {"handler", *(field.name for field in fields)}
    if not form:
        return _generate(event_type, fields, known if refuse_extra else None)
    open_ended = any(field.rest for field in fields)

    def decode(payload: Mapping[str, Any]) -> object:
        errors = Errors()
        flat = _flat(payload, fields, known)
        values = read_fields(flat, fields, errors, lax=True)
        if refuse_extra and not open_ended:
            note_extra(payload, known, errors)
        event = None if errors.found else build(event_type, values, errors)
        if errors.found:
            raise errors.as_error(event_type)
        return event

    return decode


def _fields(event_type: type, *, lax: bool, refuse_extra: bool) -> list[Field]:
    name = f"{event_type.__module__}.{event_type.__qualname__}"
    fields = fields_of(event_type)
    if any(field.name == "handler" for field in fields):
        raise UnsupportedHandler(
            f"the event type {name} has a field handler, and that is the name of the "
            "id in a payload; call the field otherwise"
        )
    hook = getattr(event_type, "__handlerid_hook__", None)
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


def _flat(
    form: Mapping[str, list[Any]], fields: list[Field], known: set[str]
) -> dict[str, Any]:
    """A form as a mapping: one value a field, or all where a list is due."""
    flat: dict[str, Any] = {}
    for field in fields:
        values = form.get(field.name)
        if field.rest:
            own = known - {field.name}
            flat[field.name] = {n: form[n] for n in form if n not in own}
        elif values:
            kinds = field.reader.kinds
            several = len(values) > 1 or (kinds is not None and list in kinds)
            flat[field.name] = values if several else values[0]
    return flat


def _generate(event_type: type, fields: list[Field], known: set[str] | None) -> Decoder:
    """Writes two functions: ``decode`` for what fits, ``look_closer`` for doubts.

    Where ``__init__`` does no more than assign, that is done in its place. A sum of
    floats is finite only if each of them is, so one test serves all; a sum may
    overflow all the same: a doubt, not an error.
    """
    names: dict[str, object] = {
        "new": event_type.__new__,
        "init": event_type.__init__,  # type: ignore[misc]
        "event_type": event_type,
        "known": known,
        "build": build,
        "note_extra": note_extra,
        "widen": _widen,
        "Errors": Errors,
        "InvalidEvent": InvalidEvent,
        "NOTHING": NOTHING,
    }
    for index, field in enumerate(fields):
        names[f"default{index}"] = field.default
        names[f"read{index}"] = field.read
        names[f"missing{index}"] = FieldError(field.name, MISSING)
        names[f"misfit{index}"] = FieldError(field.name, field.reader.expected)
    source = "\n".join(
        [
            "def decode(payload):",
            *(f"    {line}" for line in _quick_lines(event_type, fields, known)),
            "def look_closer(payload):",
            *(f"    {line}" for line in _thorough_lines(fields, known)),
        ]
    )
    exec(source, names)  # noqa: S102 - names of fields are identifiers
    return cast("Decoder", names["decode"])


def _quick_lines(
    event_type: type, fields: list[Field], known: set[str] | None
) -> Iterator[str]:
    doubts = [] if known is None else ["not known.issuperset(payload)"]
    closer = []
    gets, takes = [], []
    for index, field in enumerate(fields):
        test = _test(field)
        missing = "NOTHING" if test is None else f"default{index}"
        gets.append(f"v{index} = get({field.name!r}, {missing})")
        takes.append(f"v{index} = payload[{field.name!r}]")
        if test is not None:
            doubts.append(test.format(f"v{index}"))
        elif field.default is NOTHING:
            doubts.append(f"v{index} is NOTHING")
            closer.append(f"v{index} = read{index}(v{index}, errors)")
        else:
            closer.append(
                f"v{index} = default{index} if v{index} is NOTHING "
                f"else read{index}(v{index}, errors)"
            )
    # With the id beside them, all fields may be there: a look-up without a default is
    # quicker. Who subclasses dict may have a default of its own.
    yield f"whole = type(payload) is dict and len(payload) > {len(fields)}"
    yield "if whole:"
    yield "    try:"
    yield from (f"        {line}" for line in [*takes, "pass"])
    yield "    except KeyError: whole = False"
    yield "if not whole:"
    yield "    get = payload.get"
    yield from (f"    {line}" for line in gets)
    floats = [f"v{i}" for i, field in enumerate(fields) if field.hint is float]
    if floats:
        doubts.append(f"({' + '.join(floats)}) * 0.0 != 0.0")
    yield f"if {' or '.join(doubts) or 'False'}: return look_closer(payload)"
    if closer:
        yield "errors = Errors()"
        yield from closer
        yield "if errors.found: return look_closer(payload)"
    arguments = ", ".join(f"{field.name}=v{i}" for i, field in enumerate(fields))
    if _init_assigns(event_type, fields):
        assign = [f"event.{field.name} = v{i}" for i, field in enumerate(fields)]
    else:
        assign = [f"init(event, {arguments})"]
    if _made_plainly(event_type):
        make = ["event = new(event_type)", *assign, "return event"]
    else:
        make = [f"return event_type({arguments})"]
    # The class may refuse them, and raise in __post_init__, __init__ or __setattr__.
    yield "try:"
    yield from (f"    {line}" for line in make)
    yield "except (ValueError, InvalidEvent): pass"
    yield "return look_closer(payload)"


def _made_plainly(event_type: type) -> bool:
    """Whether making one is ``__new__`` of ``object``, and ``__init__``."""
    new: object = event_type.__new__
    return new is object.__new__ and type(event_type).__call__ is type.__call__


def _init_assigns(event_type: type, fields: list[Field]) -> bool:
    """Whether ``__init__`` is the one that ``dataclass`` writes for plain fields.

    It is told by its code: a class may have one of its own, and where a field has a
    factory there is more to do.
    """
    init = getattr(event_type.__init__, "__code__", None)  # type: ignore[misc]
    names = [field.name for field in fields]
    if init is None or "self" in names:
        return False
    body = "; ".join(f"self.{name} = {name}" for name in names) or "pass"
    scope: dict[str, Any] = {}
    exec(f"def plain(self, {', '.join(names)}): {body}", scope)  # noqa: S102 - as above
    plain = scope["plain"].__code__
    parts = ("co_code", "co_names", "co_varnames")
    return all(getattr(init, part) == getattr(plain, part) for part in parts)


def _thorough_lines(fields: list[Field], known: set[str] | None) -> Iterator[str]:
    """Field by field, in their order; what is wrong is noted, and all goes on."""
    yield "get = payload.get"
    yield "errors = Errors()"
    yield "found = errors.found"
    yield "values = {}"
    for index, field in enumerate(fields):
        yield f"v = get({field.name!r}, NOTHING)"
        yield "if v is NOTHING:"
        yield f"    found.append(missing{index})" if field.required else "    pass"
        test = None if field.reader is ANY else _test(field)
        if test is None:
            yield "else:"
            yield "    count = len(found)"
            yield f"    values[{field.name!r}] = read{index}(v, errors)"
            yield f"    if len(found) != count: errors.step({field.name!r}, count)"
            continue
        if field.hint is float:
            yield "elif type(v) is int:"
            yield f"    values[{field.name!r}] = widen(v, misfit{index}, found)"
            test += " or v * 0.0 != 0.0"
        yield f"elif {test.format('v')}: found.append(misfit{index})"
        yield f"else: values[{field.name!r}] = v"
    if known is not None:
        yield "note_extra(payload, known, errors)"
    yield "event = None if found else build(event_type, values, errors)"
    yield "if found: raise errors.as_error(event_type)"
    yield "return event"


def _widen(value: int, misfit: FieldError, found: list[FieldError]) -> object:
    try:
        return float(value)
    except OverflowError:
        found.append(misfit)
        return value


def _test(field: Field) -> str | None:
    if field.reader is ANY:
        return "{0} is NOTHING"
    try:
        return _DOUBTFUL.get(field.hint)
    except TypeError:
        return None  # not hashable: what a hook reads
