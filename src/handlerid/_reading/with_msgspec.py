"""JSON read by msgspec, with the same guards.

What belongs here: what msgspec does not look at by itself. It refuses invalid UTF-8,
half surrogate pairs, ``NaN``, numbers that no float holds, and what is no JSON; it
accepts a key that comes twice, and nests deeper than the limit.

Importing this module imports msgspec, an extra.
"""

from __future__ import annotations

from typing import Any

import msgspec

from handlerid._reading.json_text import (
    DEEPEST,
    as_bytes,
    check_depth,
    count_colons,
    read_json,
)

__all__ = ["decode_id", "read_id", "read_json_with_msgspec"]


class _WithId(msgspec.Struct, gc=False):
    """A payload as far as its id; the rest is skipped."""

    handler: Any = None


# As integers, which are found more quickly than bytes of length one.
_BRACKET, _BACKSLASH = b"[\\"

_decode = msgspec.json.Decoder().decode
decode_id = msgspec.json.Decoder(_WithId).decode

_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_json_with_msgspec(payload: Any, most: int) -> dict[str, Any]:
    """Reads a JSON object: takes, refuses and raises what ``read_json`` does.

    Where keys might have come twice, Python's own reader has the word.
    """
    data: bytes = payload
    if type(payload) is not bytes or len(payload) > most:
        data = as_bytes(payload, most)
    colons = data.count(b":")
    if colons >= DEEPEST or _BRACKET in data:
        check_depth(data.decode("utf-8", "replace"))
    try:
        value = _decode(data)
    except _REFUSED:
        value = None  # said below, outside: an error must not carry another
    if type(value) is dict and (
        len(value) == colons
        or (_BACKSLASH not in data and count_colons(value) == colons)
    ):
        return value
    return read_json(data, len(data))


def read_id(payload: Any, most: int) -> tuple[bytes, object]:
    """Reads no more than the id: the payload as bytes, and what it has for an id.

    For events that msgspec then makes of the same bytes.
    """
    data: bytes = payload
    if type(payload) is not bytes or len(payload) > most:
        data = as_bytes(payload, most)
    try:
        return data, decode_id(data).handler
    except _REFUSED:
        pass
    return data, read_json(data, len(data)).get("handler")
