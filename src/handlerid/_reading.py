"""JSON text as a payload: one flat look at it with every guard.

What belongs here: what a text must be to be read at all. Which fields an event needs
is not known here. No error repeats a part of the text.

The guards: size; UTF-8; depth; duplicate keys; numbers that JSON does not have, or
that no float or no decimal conversion limit holds; surrogates without their other
half; and the payload must be an object.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from handlerid.errors import MalformedPayload

__all__ = ["read_json"]

# Strings are skipped without ever stepping back, ended or not: looking at a text takes
# time in proportion to its length, whatever is in it.
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]', re.DOTALL)

_DEEPEST = 32
"""Levels of nesting; an event of fields within lists within fields has a few."""


def read_json(payload: object, most: int) -> dict[str, Any]:
    """Reads a JSON object.

    Args:
        payload: JSON text, UTF-8 if it is bytes. Anything else is refused too: a
            host may hand over what it read from a client's JSON.
        most: the largest size accepted, in bytes.

    Raises:
        MalformedPayload: a guard said no; its text says which.
    """
    if not isinstance(payload, (str, bytes, bytearray, memoryview)):
        raise MalformedPayload("the payload is not a JSON object")
    try:
        data = payload.encode() if isinstance(payload, str) else bytes(payload)
        if len(data) > most:
            raise MalformedPayload(
                f"the payload is larger than {most} bytes, the limit of this dispatcher"
            )
        text = data.decode()
    except UnicodeError:
        raise MalformedPayload("the payload is not UTF-8") from None
    if text.count("{") + text.count("[") > _DEEPEST:
        _check_depth(text)
    try:
        value = _decode(text)
    except ValueError:
        # Also an integer of more digits than Python converts.
        raise MalformedPayload("the payload is not JSON") from None
    if type(value) is not dict:
        raise MalformedPayload("the payload is not a JSON object")
    if "\\u" in text:
        _check_strings(value)
    return value


def _check_depth(text: str) -> None:
    """Counts brackets outside of strings."""
    depth = 0
    for bracket in _BRACKETS.findall(text):
        if bracket in ("{", "["):
            depth += 1
            if depth > _DEEPEST:
                raise MalformedPayload(
                    f"the payload nests deeper than {_DEEPEST} levels"
                )
        elif bracket in ("}", "]"):
            depth -= 1


def _check_strings(value: object) -> None:
    """An escape can write half a surrogate pair: text that no UTF-8 can hold."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is str:
            try:
                one.encode()
            except UnicodeEncodeError:
                raise MalformedPayload(
                    "the payload holds half a surrogate pair"
                ) from None
        elif type(one) is list:
            waiting.extend(one)
        elif type(one) is dict:
            waiting.extend(one)
            waiting.extend(one.values())


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedPayload("the payload has a key twice")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise MalformedPayload("the payload has a number that no float holds")
    return value


def _no_constant(_: str) -> NoReturn:
    raise MalformedPayload("the payload has a number that JSON does not have")


_decode = json.JSONDecoder(
    object_pairs_hook=_no_duplicates,
    parse_float=_finite,
    parse_constant=_no_constant,
).decode
