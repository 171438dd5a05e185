"""JSON text as a payload: one flat look at it with every guard.

The guards: size; UTF-8; depth; duplicate keys; numbers that JSON does not have, or
that no float or no decimal conversion limit holds; surrogates without their other
half; and the payload must be an object.

There are two ways through, which refuse the same. The short one is for payloads as
pages send them: no list, no escape, few keys. There, counting colons says that no key
came twice, and Python's scanner does the rest at its full speed. Whatever is doubtful
goes the long way, which looks at each key and each number.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from handlerid.errors import MalformedPayload

__all__ = [
    "DEEPEST",
    "as_bytes",
    "check_depth",
    "count_colons",
    "read_json",
]

# Strings are skipped without ever stepping back, ended or not: looking at a text takes
# time in proportion to its length, whatever is in it.
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]', re.DOTALL)

DEEPEST = 32
"""Levels of nesting; an event of fields within lists within fields has a few."""


def read_json(payload: Any, most: int) -> dict[str, Any]:
    """Reads a JSON object.

    Args:
        payload: JSON text, UTF-8 if it is bytes. Anything else is refused too: a
            host may hand over what it read from a client's JSON.
        most: the largest size accepted, in bytes.

    Raises:
        MalformedPayload: a guard said no; its text says which.
    """
    if type(payload) is str and payload.isascii():
        text = payload
        if len(text) > most:
            raise _too_large(most)
    else:
        if type(payload) is not bytes or len(payload) > most:
            payload = as_bytes(payload, most)
        try:
            text = payload.decode()
        except UnicodeError:
            raise _no_utf8() from None
    colons = text.count(":")
    # Objects in objects take a colon a level: few colons nest no deeper.
    if colons < DEEPEST and "[" not in text and "\\" not in text:
        try:
            value: dict[str, Any]
            value, end = _scan(text, 0)
            if (
                end == len(text)
                and _INFINITIES.isdisjoint(value.values())
                # As many colons as there should be: no key came twice.
                and (len(value) == colons or _flat_colons(value) == colons)
            ):
                return value
        except (StopIteration, ValueError, AttributeError, TypeError):
            # No JSON, or white space before it; no object; an object within, whose
            # values nobody has looked at and which has no hash.
            pass
    return _read_long(text)


def as_bytes(payload: object, most: int) -> bytes:
    """JSON text as bytes, no more than ``most`` of them.

    Raises:
        MalformedPayload: it is too large, or no text.
    """
    try:
        if isinstance(payload, str):
            data = payload.encode()
        elif isinstance(payload, (bytes, bytearray, memoryview)):
            data = bytes(payload)
        else:
            raise _no_object()
    except UnicodeError:
        raise _no_utf8() from None
    if len(data) > most:
        raise _too_large(most)
    return data


def count_colons(value: dict[str, Any]) -> int:
    """Colons that the text of an object has: one a key, and those within its strings.

    The text has more if a key came twice in it. Escapes must not be in it.
    """
    colons = 0
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is str:
            colons += one.count(":")
        elif type(one) is dict:
            colons += len(one)
            waiting.extend(one)
            waiting.extend(one.values())
        elif type(one) is list:
            waiting.extend(one)
    return colons


def _flat_colons(value: dict[str, Any]) -> int:
    """The same for an object in which no other is."""
    texts = [one for one in value.values() if type(one) is str]
    return len(value) + "".join([*value, *texts]).count(":")


def _read_long(text: str) -> dict[str, Any]:
    check_depth(text)
    try:
        value = _decode(text)
    except ValueError:
        # Also an integer of more digits than Python converts.
        raise _no_json() from None
    if type(value) is not dict:
        raise _no_object()
    if "\\" in text:
        _check_strings(value)
    return value


def check_depth(text: str) -> None:
    """Refuses text that nests too deep, by its brackets outside of strings."""
    if text.count("{") + text.count("[") <= DEEPEST:
        return
    depth = 0
    for bracket in _BRACKETS.findall(text):
        if bracket in ("{", "["):
            depth += 1
            if depth > DEEPEST:
                raise MalformedPayload(
                    f"the payload nests deeper than {DEEPEST} levels"
                )
        elif bracket in ("}", "]"):
            depth -= 1


def _no_json() -> MalformedPayload:
    return MalformedPayload("the payload is not JSON")


def _no_object() -> MalformedPayload:
    return MalformedPayload("the payload is not a JSON object")


def _no_utf8() -> MalformedPayload:
    return MalformedPayload("the payload is not UTF-8")


def _too_large(most: int) -> MalformedPayload:
    return MalformedPayload(
        f"the payload is larger than {most} bytes, the limit of this dispatcher"
    )


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


_INFINITIES = frozenset([math.inf, -math.inf])
# The scanner that a decoder has; typeshed does not know the attribute.
_scan: Any = vars(json.JSONDecoder(parse_constant=_no_constant))["scan_once"]
_decode = json.JSONDecoder(
    object_pairs_hook=_no_duplicates,
    parse_float=_finite,
    parse_constant=_no_constant,
).decode
