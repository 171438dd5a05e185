"""Decoders of ``msgspec.Struct`` classes, where msgspec is installed.

What belongs here: what msgspec does with an event, and saying what did not fit. It
stops at the first error and may repeat a value in its text, so a second look goes
field by field and takes only the names of types from what it says.

Importing this module imports msgspec, an extra: an author has made a Struct.
"""

from __future__ import annotations

import re
from collections import abc
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import msgspec

from handlerid._decoding.objects import note_extra
from handlerid._decoding.refusing import MISSING, Errors
from handlerid._decoding.values import text_scalar
from handlerid.errors import InvalidEvent, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from msgspec.structs import FieldInfo

    Decoder = Callable[[Mapping[str, Any]], Any]

__all__ = ["compile_json_decoder", "compile_struct_decoder"]

# ``Expected `int`, got `str` - at `$.size` ``; other texts may hold a value.
_TEXT = re.compile(r"Expected (.*?)(?:, got .*?)?(?: - at `\$(.*)`)?", re.DOTALL)
_SEVERAL = {list, tuple, set, frozenset, abc.Collection, abc.Sequence, abc.Set}
_SEVERAL |= {abc.MutableSequence, abc.MutableSet}
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
        UnsupportedHandler: msgspec does not read a field's type, a field or the tag
            has the name of the id, or the Struct is read from a list.
    """
    name = f"{event_type.__module__}.{event_type.__qualname__}"
    compile_json_decoder(event_type)  # says what msgspec cannot read
    fields = msgspec.structs.fields(event_type)
    config = event_type.__struct_config__
    own = {field.encode_name for field in fields}
    if config.tag_field is not None:
        own.add(config.tag_field)
    known = {"handler", *own}
    if "handler" in own:
        raise UnsupportedHandler(
            f"the event type {name} has a field handler, and that is the name of the "
            "id in a payload; call the field otherwise"
        )
    if config.array_like:
        raise UnsupportedHandler(
            f"the event type {name} is array_like, so msgspec reads it from a list, "
            "and a payload is an object; leave array_like out"
        )
    closed = config.forbid_unknown_fields

    def convert(value: object, kind: Any) -> Any:
        return msgspec.convert(value, kind, strict=not form, str_keys=True)

    def decode(payload: Mapping[str, Any]) -> Any:
        given = _flat(payload, fields) if form else payload
        if closed:
            given = {name: given[name] for name in given if name != "handler"}
        if refuse_extra and not known.issuperset(payload):
            raise _refusal(event_type, fields, given, convert, extra=known)
        said = None
        try:
            return convert(given, event_type)
        except InvalidEvent as error:
            said = error
        except msgspec.ValidationError:
            pass
        extra = known if closed else ()
        raise _refusal(event_type, fields, given, convert, extra=extra, said=said)

    return decode


def _refusal(
    event_type: Any,
    fields: tuple[FieldInfo, ...],
    payload: Mapping[str, Any],
    convert: Callable[[object, Any], Any],
    *,
    extra: set[str] | tuple[()],
    said: InvalidEvent | None = None,
) -> Exception:
    """The error for a payload that does not fit, found field by field.

    What the class said itself counts where nothing else is found.
    """
    errors = Errors()
    config = event_type.__struct_config__
    tag_field, tag = config.tag_field, config.tag
    if tag_field is not None and payload.get(tag_field, tag) != tag:
        errors.add(repr(tag), tag_field)
    for field in fields:
        if field.encode_name not in payload:
            if field.required:
                errors.add(MISSING, field.encode_name)
            continue
        try:
            convert(payload[field.encode_name], field.type)
        except (ValueError, InvalidEvent) as error:
            # An error that a class raised may hold a value, however it begins.
            ours = isinstance(error, InvalidEvent) or error.__cause__ is not None
            text = None if ours else _TEXT.fullmatch(str(error))
            wanted, path = text.groups() if text else (None, None)
            fallback = f"a value for {getattr(field.type, '__name__', field.type)}"
            expected = wanted.replace("`", "") if wanted else fallback
            errors.add(expected, f"{field.encode_name}{path or ''}")
    if extra:
        note_extra(payload, extra, errors)
    if not errors.found and said is not None:
        for one in said.fields:
            errors.add(one.expected, one.path)
    if not errors.found:
        errors.add(f"values that {event_type.__name__} takes together")
    return errors.as_error(event_type)


def _flat(
    form: Mapping[str, list[Any]], fields: tuple[FieldInfo, ...]
) -> dict[str, Any]:
    """A form as a mapping: one value a field, or all where a list is due."""
    flat: dict[str, Any] = {
        name: values if len(values) > 1 else values[0]
        for name, values in form.items()
        if values
    }
    for field in fields:
        name, hint = field.encode_name, _plain(field.type)
        if _takes_several(hint):
            if name in flat or field.required:
                flat[name] = form.get(name, [])
        elif hint is bool and name in flat:  # msgspec does not know a box's "on"
            flat[name] = _read_truth(flat[name], Errors())
        elif hint is bool and field.required:
            flat[name] = False
    return flat


def _takes_several(hint: Any) -> bool:
    hint = _plain(hint)
    origin = get_origin(hint) or hint
    if origin in _UNIONS:
        return any(map(_takes_several, get_args(hint)))
    return origin in _SEVERAL


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint
