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

from handlerid._decoding.fields import check_names
from handlerid._decoding.forms import INPUTS, flattened
from handlerid._decoding.misfits import (
    MISSING,
    Misfits,
    as_identifiers,
    note,
    note_extra,
    refusal,
    refused_by,
    value_for,
)
from handlerid._decoding.readers import scalar
from handlerid._peek import name_of_class
from handlerid.errors import InvalidEvent, UnsupportedHandler

# ``Expected `int`, got `str` - at `$.size` ``; other texts may hold a value.
_TEXT = re.compile(r"Expected (.*?)(?:, got .*?)?(?: - at `\$(.*)`)?", re.DOTALL)
_ticked = scalar(bool, lax=True).read
_SEVERAL = {list, tuple, set, frozenset, abc.Collection, abc.Sequence, abc.Set}


def compile_decoder(
    event_type: Any, *, form: bool, refuse_extra: bool
) -> Callable[[Mapping[str, Any]], Any]:
    """Make the decoder of a Struct: see ``handlerid._decoding.decoder``."""
    config = event_type.__struct_config__
    try:
        msgspec.json.Decoder(event_type)
    except (TypeError, NameError) as error:
        raise UnsupportedHandler(
            "msgspec cannot read a field of the event type "
            f"{name_of_class(event_type)}: {error}"
        ) from None
    inputs = INPUTS if form else {}
    found = msgspec.structs.fields(event_type)
    fields = [(inputs.get(x.encode_name, x.encode_name), x) for x in found]
    own = {name: field.encode_name for name, field in fields}
    if config.tag_field is not None:
        own[config.tag_field] = config.tag_field
    check_names(event_type, own.values())
    names = {*own, *(inputs.get(x, x) for x in INPUTS)}
    refuse = refuse_extra or config.forbid_unknown_fields
    convert = partial(msgspec.convert, strict=not form, str_keys=True)
    boxes = {name for name, x in fields if form and _kinds(x.type) == {bool}}
    flat = flattened((name, x.type, _kinds(x.type), x.required) for name, x in fields)

    def decode(payload: Mapping[str, Any]) -> Any:
        payload = as_identifiers(payload, names)
        given = {
            # msgspec does not know a box's "on".
            own[name]: _ticked(value, []) if name in boxes else value
            for name, value in (flat(payload) if form else payload).items()
            if name in own
        }
        extra: Misfits = []
        if refuse:
            note_extra(extra, payload, names)
        refused: Misfits = []
        try:
            if not extra:
                return convert(given, event_type)
        except (InvalidEvent, msgspec.ValidationError) as error:
            refused = refused_by(event_type, error)
        misfits = _find_misfits(fields, given, convert) or refused
        raise refusal(misfits + extra, event_type)

    return decode


def _find_misfits(
    fields: list[tuple[str, Any]], given: dict[str, Any], convert: Callable[..., Any]
) -> Misfits:
    misfits: Misfits = []
    for name, field in fields:
        if field.encode_name not in given:
            if field.required:
                note(misfits, MISSING, name)
            continue
        try:
            convert(given[field.encode_name], field.type)
        except (ValueError, InvalidEvent) as error:
            # The text of an error raised by a class may contain a value.
            ours = isinstance(error, InvalidEvent) or error.__cause__ is not None
            text = None if ours else _TEXT.fullmatch(str(error))
            wanted, path = text.groups() if text else (None, None)
            expected = wanted.replace("`", "") if wanted else value_for(field.type)
            note(misfits, expected, f"{name}{path or ''}")
    return misfits


def _kinds(hint: Any) -> set[type]:
    """Return the types that a hint names; ``list`` for all that several values make."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is Annotated:
        return _kinds(inner[0])
    if kind in (Union, UnionType):
        return set[type]().union(*map(_kinds, inner))
    return {list if kind in _SEVERAL else kind}
