"""Decoders of ``msgspec.Struct`` classes, where msgspec is installed.

What belongs here: what msgspec does with an event, and saying what did not fit. It
stops at the first error and may repeat a value in its text, so a second look goes
field by field and takes only the names of types from what it says.

Importing this module imports msgspec, an extra: an author has made a Struct.
"""

from __future__ import annotations

import re
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import msgspec

from handlerid._decoding.objects import note_extra
from handlerid._decoding.refusing import MISSING, Errors
from handlerid._decoding.values import text_scalar
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from msgspec.structs import FieldInfo

    Decoder = Callable[[Mapping[str, Any]], Any]

__all__ = ["compile_json_decoder", "compile_struct_decoder"]

# ``Expected `int`, got `str` - at `$.size` ``; other texts may hold a value.
_TEXT = re.compile(r"Expected (.*?)(?:, got .*?)?(?: - at `\$(.*)`)?", re.DOTALL)
_SEVERAL = (list, tuple, set, frozenset)
_UNIONS = (Union, UnionType)
_read_truth = text_scalar(bool).read


def compile_json_decoder(event_type: Any) -> Callable[[bytes], Any]:
    """Makes the decoder from JSON bytes that msgspec has for a Struct.

    It raises msgspec's errors.

    Raises:
        UnsupportedHandler: msgspec does not read a field's type.
    """
    try:
        decode: Callable[[bytes], Any] = msgspec.json.Decoder(event_type).decode
    except (TypeError, NameError) as error:
        raise UnsupportedHandler(
            f"msgspec cannot read a field of the event type {event_type.__module__}."
            f"{event_type.__qualname__}: {error}"
        ) from None
    return decode


def compile_struct_decoder(
    event_type: Any, *, form: bool, refuse_extra: bool
) -> Decoder:
    """Makes the decoder of a Struct: see ``handlerid._decoding.decoder``.

    Raises:
        UnsupportedHandler: msgspec does not read a field's type, or a field has the
            name of the id.
    """
    name = f"{event_type.__module__}.{event_type.__qualname__}"
    compile_json_decoder(event_type)  # says what msgspec cannot read
    fields = msgspec.structs.fields(event_type)
    known = {"handler", *(field.encode_name for field in fields)}
    if "handler" in event_type.__struct_encode_fields__:
        raise UnsupportedHandler(
            f"the event type {name} has a field handler, and that is the name of the "
            "id in a payload; call the field otherwise"
        )
    closed = event_type.__struct_config__.forbid_unknown_fields

    def convert(value: object, kind: Any) -> Any:
        return msgspec.convert(value, kind, strict=not form, str_keys=True)

    def decode(payload: Mapping[str, Any]) -> Any:
        given = _flat(payload, fields) if form else payload
        if closed:
            given = {name: given[name] for name in given if name != "handler"}
        if refuse_extra and not known.issuperset(payload):
            raise _refusal(event_type, fields, given, convert, extra=known)
        try:
            return convert(given, event_type)
        except msgspec.ValidationError:
            pass
        raise _refusal(
            event_type, fields, given, convert, extra=known if closed else ()
        )

    return decode


def _refusal(
    event_type: type,
    fields: tuple[FieldInfo, ...],
    payload: Mapping[str, Any],
    convert: Callable[[object, Any], Any],
    *,
    extra: set[str] | tuple[()],
) -> Exception:
    """The error for a payload that does not fit, found field by field."""
    errors = Errors()
    for field in fields:
        if field.encode_name not in payload:
            if field.required:
                errors.add(MISSING, field.encode_name)
            continue
        try:
            convert(payload[field.encode_name], field.type)
        except ValueError as error:
            text = _TEXT.fullmatch(str(error))
            wanted, path = text.groups() if text else (None, None)
            fallback = f"a value for {getattr(field.type, '__name__', field.type)}"
            expected = wanted.replace("`", "") if wanted else fallback
            errors.add(expected, f"{field.encode_name}{path or ''}")
    if extra:
        note_extra(payload, extra, errors)
    if not errors.found:
        errors.add(f"values that {event_type.__name__} takes together")
    return errors.as_error(event_type)


def _flat(
    form: Mapping[str, list[Any]], fields: tuple[FieldInfo, ...]
) -> dict[str, Any]:
    """A form as a mapping: one value a field, or all where a list is due."""
    flat: dict[str, Any] = dict.fromkeys(form)
    for field in fields:
        name = field.encode_name
        several = _takes_several(field.type)
        values = form.get(name)
        if values:
            flat[name] = values if several or len(values) > 1 else values[0]
            if field.type is bool:  # msgspec does not know a box's "on"
                flat[name] = _read_truth(flat[name], Errors())
        elif field.required and several:
            flat[name] = []
        elif field.required and field.type is bool:
            flat[name] = False
    return flat


def _takes_several(hint: Any) -> bool:
    origin = get_origin(hint) or hint
    if origin in _UNIONS:
        return any(map(_takes_several, get_args(hint)))
    return origin in _SEVERAL
