"""From an event type to its decoder: a function from a payload to an event.

What belongs here: reading the fields of a dataclass and compiling a decoder for
them. It knows dataclasses, not events, and nothing of JSON or of forms.

The rules:

1. A decoder is compiled once an event type, when it is first asked for.
2. The types a field may have are a closed list: str, bool, int, float, Any, None,
   unions of these, and lists of them. Any other is the author's mistake, and is
   said when a handler is registered.
3. Nothing is converted, except that an integer is taken where a float is due.
   ``True`` is no number. A float is finite.
4. Every field that does not fit is named, with what would have fitted, never with
   what was there.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from typing import TYPE_CHECKING, Any

import typing_extensions

from handlerid.errors import FieldError, InvalidEvent, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Decoder = Callable[[Mapping[str, object]], Any]
    Reader = Callable[[object, str, list[FieldError]], object]

__all__ = ["decoder"]

_MISSING: Any = object()
_UNIONS = (typing.Union, types.UnionType)

# Inline tests of the compiled code: true when a value needs a closer look.
_DOUBTFUL = {
    str: "type({0}) is not str",
    bool: "type({0}) is not bool",
    int: "type({0}) is not int",
    float: "type({0}) is not float",
}
_WORDS = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a finite number",
    type(None): "null",
}

# On the class itself: a decoder holds its class, so any other table would keep both.
_ATTRIBUTE = "__handlerid_decoder__"


def decoder(event_type: type) -> Decoder:
    """Returns the decoder of an event type; the same one at each call.

    A decoder takes the payload as a mapping, ignores the names that are no fields,
    and raises ``InvalidEvent`` for what does not fit. Any thread may use it.

    Raises:
        UnsupportedHandler: a field has a type that cannot be read, or the class is
            no dataclass.
    """
    found: Decoder | None = event_type.__dict__.get(_ATTRIBUTE)
    if found is None:
        found = _compile(event_type)
        setattr(event_type, _ATTRIBUTE, found)
    return found


def _compile(event_type: type) -> Decoder:
    fields = _fields(event_type)
    readers = {field.name: _reader(hint, event_type, field) for field, hint in fields}

    def look_closer(payload: Mapping[str, object]) -> object:
        errors: list[FieldError] = []
        values: dict[str, object] = {}
        for field, _ in fields:
            value = payload.get(field.name, _MISSING)
            if value is not _MISSING:
                values[field.name] = readers[field.name](value, field.name, errors)
            elif _is_required(field):
                errors.append(FieldError(field.name, "a value; it is missing"))
        if errors:
            listed = "; ".join(map(str, errors))
            raise InvalidEvent(
                f"the payload does not fit {event_type.__name__}: {listed}",
                event_type=event_type.__name__,
                fields=errors,
            )
        return event_type(**values)

    return _generate(event_type, fields, look_closer)


def _generate(
    event_type: type,
    fields: list[tuple[dataclasses.Field[Any], Any]],
    look_closer: Decoder,
) -> Decoder:
    """Writes the decoder for payloads that fit; any doubt goes to ``look_closer``.

    Calling ``__new__`` and ``__init__`` apart saves a third of the time that
    calling the class takes. A sum of floats is finite only if each of them is, so
    one test serves all; a sum may overflow all the same: a doubt, not an error.
    """
    names: dict[str, object] = {
        "new": event_type.__new__,
        "init": event_type.__init__,  # type: ignore[misc]
        "event_type": event_type,
        "look_closer": look_closer,
        "MISSING": _MISSING,
    }
    lines = ["def decode(payload):", "    get = payload.get"]
    doubts: list[str] = []
    floats: list[str] = []
    for index, (field, hint) in enumerate(fields):
        local = f"v{index}"
        names[f"default{index}"] = field.default if _has_default(field) else _MISSING
        lines.append(f"    {local} = get({field.name!r}, default{index})")
        if hint in _DOUBTFUL:
            doubts.append(_DOUBTFUL[hint].format(local))
        elif hint is Any or hint is object:
            doubts.append(f"{local} is MISSING")
        else:
            doubts.append("True")
        if hint is float:
            floats.append(local)
    if floats:
        total = " + ".join(floats)
        doubts.append(f"({total}) * 0.0 != 0.0")
    arguments = ", ".join(f"{f.name}=v{i}" for i, (f, _) in enumerate(fields))
    lines += [
        f"    if {' or '.join(doubts) or 'False'}:",
        "        return look_closer(payload)",
        "    event = new(event_type)",
        f"    init(event, {arguments})",
        "    return event",
    ]
    exec("\n".join(lines), names)  # noqa: S102 - names of fields are identifiers
    return typing.cast("Decoder", names["decode"])


def _fields(event_type: type) -> list[tuple[dataclasses.Field[Any], Any]]:
    name = f"{event_type.__module__}.{event_type.__qualname__}"
    if "__dataclass_fields__" not in event_type.__dict__:
        raise UnsupportedHandler(
            f"the event type {name} is no dataclass; decorate it with"
            "  @dataclass(kw_only=True, slots=True)"
        )
    try:
        hints = typing_extensions.get_type_hints(event_type)
    except NameError as error:
        raise UnsupportedHandler(
            f"a field of the event type {name} has a type that is not known where "
            f"the class is defined: {error}; import it for real, not for type "
            "checkers only"
        ) from None
    return [(f, hints[f.name]) for f in dataclasses.fields(event_type) if f.init]


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return not _has_default(field) and field.default_factory is dataclasses.MISSING


def _reader(hint: Any, event_type: type, field: dataclasses.Field[Any]) -> Reader:
    try:
        return _reader_of(hint)
    except (LookupError, TypeError):
        raise UnsupportedHandler(
            f"the field {field.name} of the event type {event_type.__module__}."
            f"{event_type.__qualname__} has a type that cannot be read from a "
            "payload; use str, bool, int, float, Any, None, unions or lists of these"
        ) from None


def _reader_of(hint: Any) -> Reader:
    """The reader of a type; ``LookupError`` or ``TypeError`` if there is none."""
    origin = typing_extensions.get_origin(hint)
    inner = typing_extensions.get_args(hint)
    if origin is list:
        return _list_reader(_reader_of(*inner))
    kinds = inner if origin in _UNIONS else (type(None) if hint is None else hint,)
    if Any in kinds or object in kinds:
        return _read_any
    return _scalar_reader(kinds)


def _read_any(value: object, _path: str, _errors: list[FieldError]) -> object:
    return value


def _scalar_reader(kinds: tuple[type, ...]) -> Reader:
    expected = " or ".join(_WORDS[kind] for kind in kinds)

    def read(value: object, path: str, errors: list[FieldError]) -> object:
        kind = type(value)
        if kind in kinds and (kind is not float or math.isfinite(value)):  # type: ignore[arg-type]
            return value
        if kind is int and float in kinds:
            try:
                return float(value)  # type: ignore[arg-type]
            except OverflowError:
                pass
        errors.append(FieldError(path, expected))
        return value

    return read


def _list_reader(read_item: Reader) -> Reader:
    def read(value: object, path: str, errors: list[FieldError]) -> object:
        if type(value) is not list:
            errors.append(FieldError(path, "a list"))
            return value
        return [read_item(x, f"{path}[{i}]", errors) for i, x in enumerate(value)]

    return read
