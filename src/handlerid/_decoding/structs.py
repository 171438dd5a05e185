"""Decoders of ``msgspec.Struct`` classes.

msgspec stops at the first misfit, and its text may contain a value. So a payload that
does not fit is read again by field, and only names of types are taken from the texts.
"""

import re
from collections import abc
from collections.abc import Callable, Mapping
from functools import partial
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from handlerid._decoding.fields import check_names, full_name
from handlerid._decoding.forms import flat
from handlerid._decoding.misfits import (
    MISSING,
    Misfits,
    note,
    note_extra,
    refusal,
    refused_by,
)
from handlerid._decoding.readers import scalar
from handlerid.errors import InvalidEvent, UnsupportedHandler

# ``Expected `int`, got `str` - at `$.size` ``; other texts may hold a value.
_TEXT = re.compile(r"Expected (.*?)(?:, got .*?)?(?: - at `\$(.*)`)?", re.DOTALL)
_SEVERAL = {list, tuple, set, frozenset, abc.Collection, abc.Sequence, abc.Set}


def compile_decoder(
    event_type: Any, *, form: bool, refuse_extra: bool
) -> Callable[[Mapping[str, Any]], Any]:
    """Make the decoder of a Struct: see ``handlerid._decoding.decoder``."""
    own = _names(event_type)
    fields = msgspec.structs.fields(event_type)
    closed = event_type.__struct_config__.forbid_unknown_fields
    known = {"handler", "key", *own} if refuse_extra or closed else None
    convert = partial(msgspec.convert, strict=not form, str_keys=True)

    def decode(payload: Mapping[str, Any]) -> Any:
        given = _flat(payload, fields) if form else payload
        if closed:
            given = {name: given[name] for name in given if name in own}
        refused: Misfits = []
        try:
            if known is None or known.issuperset(payload):
                return convert(given, event_type)
        except (InvalidEvent, msgspec.ValidationError) as error:
            refused = refused_by(event_type, error)
        misfits = _find_misfits(fields, given, convert)
        if known is not None:
            note_extra(misfits, payload, known)
        raise refusal(misfits or refused, event_type)

    return decode


def _names(event_type: Any) -> set[str]:
    """Return the names that a Struct reads; refuse one that msgspec cannot read."""
    try:
        msgspec.json.Decoder(event_type)
    except (TypeError, NameError) as error:
        raise UnsupportedHandler(
            "msgspec cannot read a field of the event type "
            f"{full_name(event_type)}: {error}"
        ) from None
    config = event_type.__struct_config__
    names = {field.encode_name for field in msgspec.structs.fields(event_type)}
    if config.tag_field is not None:
        names.add(config.tag_field)
    check_names(event_type, names)
    return names


def _find_misfits(
    fields: tuple[Any, ...], payload: Mapping[str, Any], convert: Callable[..., Any]
) -> Misfits:
    misfits: Misfits = []
    for field in fields:
        name = field.encode_name
        if name not in payload:
            if field.required:
                note(misfits, MISSING, name)
            continue
        try:
            convert(payload[name], field.type)
        except (ValueError, InvalidEvent) as error:
            # The text of an error raised by a class may contain a value.
            ours = isinstance(error, InvalidEvent) or error.__cause__ is not None
            text = None if ours else _TEXT.fullmatch(str(error))
            wanted, path = text.groups() if text else (None, None)
            fallback = f"a value for {getattr(field.type, '__name__', field.type)}"
            expected = wanted.replace("`", "") if wanted else fallback
            note(misfits, expected, f"{name}{path or ''}")
    return misfits


def _flat(form: Mapping[str, list[Any]], fields: tuple[Any, ...]) -> dict[str, Any]:
    hints = {field.encode_name: _plain(field.type) for field in fields}
    lists = {name for name in hints if _takes_several(hints[name])}
    boxes = {name for name in hints if hints[name] is bool}
    required = {field.encode_name for field in fields if field.required}
    given = flat(form, lists, boxes, required)
    for name in boxes & given.keys():  # msgspec does not know a box's "on"
        given[name] = scalar(bool, lax=True).read(given[name], [])
    return given


def _takes_several(hint: Any) -> bool:
    hint = _plain(hint)
    origin = get_origin(hint) or hint
    if origin in (Union, UnionType):
        return any(map(_takes_several, get_args(hint)))
    return origin in _SEVERAL


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint
