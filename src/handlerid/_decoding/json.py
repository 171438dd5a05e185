"""JSON text as a payload, with every guard.

The guards: size; UTF-8; depth; duplicate keys; numbers that JSON does not have, or that
no float or Python's limit of digits holds; half surrogate pairs; and the payload must
be an object. No error repeats a part of the payload.

There is a short way for payloads as pages send them: no list, no escape, few keys.
There Python's scanner runs at full speed, and counting colons tells that no key came
twice. Whatever is doubtful goes the long way, which looks at each key and each number;
both refuse the same.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from handlerid.errors import MalformedPayload

__all__ = ["msgspec_reader", "read_json"]

_DEEPEST = 32  # levels of nesting; an event of fields in lists in fields has a few

# Skips strings without ever stepping back, ended or not: the time is linear.
_BRACKETS = r'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]'


def read_json(payload: Any, max_bytes: int) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        payload: JSON text; UTF-8 if it is bytes. Anything else is refused too: a
            host may hand over what it read from a client's JSON.
        max_bytes: the largest size accepted, in bytes.

    Raises:
        MalformedPayload: a guard refuses it; the text says which.
    """
    if type(payload) is not bytes or len(payload) > max_bytes:
        payload = _as_bytes(payload, max_bytes)
    try:
        text = payload.decode()
    except UnicodeError:
        raise _no_utf8() from None
    colons = text.count(":")
    # Objects in objects take a colon a level: few colons nest no deeper.
    if colons < _DEEPEST and "[" not in text and "\\" not in text:
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


def msgspec_reader() -> Callable[[Any, int], dict[str, Any]]:
    """Return ``read_json`` as msgspec does it.

    msgspec refuses invalid UTF-8, half surrogate pairs, and numbers that are none or
    that no float holds. It accepts duplicate keys and any depth, so where these are
    possible, and for every refusal, ``read_json`` decides.

    Raises:
        ImportError: msgspec is not installed.
    """
    try:
        import msgspec  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ImportError(
            'json="msgspec" needs msgspec, the extra handlerid[msgspec]'
        ) from error
    decode = msgspec.json.Decoder().decode
    refused = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

    def read(payload: Any, max_bytes: int) -> dict[str, Any]:
        if type(payload) is not bytes or len(payload) > max_bytes:
            payload = _as_bytes(payload, max_bytes)
        colons = payload.count(b":")
        if colons >= _DEEPEST or b"[" in payload:
            _check_depth(payload.decode("utf-8", "replace"))
        try:
            value = decode(payload)
        except refused:
            value = None  # said below, outside: an error must not carry another
        if type(value) is dict and (
            len(value) == colons
            or (b"\\" not in payload and _count_colons(value) == colons)
        ):
            return value
        return read_json(payload, max_bytes)

    return read


def _as_bytes(payload: object, max_bytes: int) -> bytes:
    try:
        if isinstance(payload, str):
            data = payload.encode()
        elif isinstance(payload, (bytes, bytearray, memoryview)):
            data = bytes(payload)
        else:
            raise _no_object()
    except UnicodeError:
        raise _no_utf8() from None
    if len(data) > max_bytes:
        raise MalformedPayload(
            f"the payload is larger than {max_bytes} bytes, the limit of this "
            "dispatcher"
        )
    return data


def _read_long(text: str) -> dict[str, Any]:
    _check_depth(text)
    try:
        value = _decode(text)
    except ValueError:
        # Also an integer of more digits than Python converts.
        raise MalformedPayload("the payload is not JSON") from None
    if type(value) is not dict:
        raise _no_object()
    if "\\" in text:
        # An escape can write half a surrogate pair: text that no UTF-8 can hold.
        try:
            for one in _strings(value):
                one.encode()
        except UnicodeEncodeError:
            raise MalformedPayload("the payload holds half a surrogate pair") from None
    return value


def _check_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= _DEEPEST:
        return
    depth = 0
    for bracket in re.findall(_BRACKETS, text, re.DOTALL):
        if bracket in ("{", "["):
            depth += 1
            if depth > _DEEPEST:
                raise MalformedPayload(
                    f"the payload nests deeper than {_DEEPEST} levels"
                )
        elif bracket in ("}", "]"):
            depth -= 1


def _strings(value: object) -> Iterator[str]:
    """Yield every text in a value, keys included."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is str:
            yield one
        elif type(one) is list:
            waiting.extend(one)
        elif type(one) is dict:
            waiting.extend(one)
            waiting.extend(one.values())


def _count_colons(value: object) -> int:
    """Return the colons that the text of an object without escapes has.

    There is one a key, and those within strings. The text has more if a key came twice.
    """
    colons = 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is str:
            colons += one.count(":")
        elif type(one) is list:
            waiting.extend(one)
        elif type(one) is dict:
            colons += len(one)
            waiting.extend(one)
            waiting.extend(one.values())
    return colons


def _flat_colons(value: dict[str, Any]) -> int:
    """The same for an object in which no other is."""
    texts = [one for one in value.values() if type(one) is str]
    return len(value) + "".join([*value, *texts]).count(":")


def _no_object() -> MalformedPayload:
    return MalformedPayload("the payload is not a JSON object")


def _no_utf8() -> MalformedPayload:
    return MalformedPayload("the payload is not UTF-8")


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
