"""JSON text as a payload, with every guard.

The guards: size; UTF-8; depth; duplicate keys; numbers that are not in JSON, too large
for a float or have too many digits for Python; half surrogate pairs; and the payload
must be an object. No error repeats a part of the payload, nor is it raised while one of
Python's is handled, which holds all of it: tools that collect errors follow contexts.

Payloads with few keys, without lists and escapes, are read without other guards:
counting colons shows that no key is a duplicate. All others, and those with a mistake,
are read by a decoder that checks everything.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from handlerid.errors import MalformedPayload

_NO_OBJECT = "the payload is not a JSON object"
_BRACKET, _BACKSLASH = b"[\\"  # searching for an integer is faster than for bytes
_DEEPEST = 32  # levels of nesting; an event of fields in lists in fields has a few

_STEPS = {"{": 1, "[": 1, "}": -1, "]": -1}
# Possessive, so the time is linear, even for a string that does not end.
_BRACKETS = r'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]'


def read_json(payload: Any, max_bytes: int) -> dict[str, Any]:
    """Read a JSON object from str or UTF-8 bytes.

    Raises:
        MalformedPayload: a guard refuses it; the text says which.
    """
    if type(payload) is not bytes or len(payload) > max_bytes:
        payload = _as_bytes(payload, max_bytes)
    colons = payload.count(b":")
    # Each level of objects needs a colon: few colons mean few levels.
    if colons < _DEEPEST and _BRACKET not in payload and _BACKSLASH not in payload:
        try:
            text = payload.decode()
            value: dict[str, Any]
            value, end = _scan(text, 0)
            if (
                end == len(text)
                and _INFINITIES.isdisjoint(value.values())
                # One colon a key: no key is a duplicate.
                and (len(value) == colons or _count_colons(value) == colons)
            ):
                return value
        except (ValueError, StopIteration, AttributeError, TypeError):
            pass  # refused below; or a blank before it, no object, or objects inside it
    return _read_long(payload)


def msgspec_reader() -> Callable[[Any, int], dict[str, Any]]:
    """Return ``read_json`` by msgspec, with the same refusals."""
    try:
        import msgspec  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        text = """json="msgspec" needs msgspec: pip install 'handlerid[msgspec]'"""
        raise ImportError(text, name="msgspec") from None
    decode = msgspec.json.Decoder(dict[str, Any]).decode

    def read(payload: Any, max_bytes: int) -> dict[str, Any]:
        if type(payload) is not bytes or len(payload) > max_bytes:
            payload = _as_bytes(payload, max_bytes)
        colons = payload.count(b":")
        if colons < _DEEPEST and _BRACKET not in payload and _BACKSLASH not in payload:
            try:
                value = decode(payload)
                if len(value) == colons or _count_colons(value) == colons:
                    return value
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass  # refused below
        return _read_long(payload)

    return read


def _as_bytes(payload: object, max_bytes: int) -> bytes:
    if not isinstance(payload, (str, bytes, bytearray, memoryview)):
        raise MalformedPayload(_NO_OBJECT)
    if isinstance(payload, str):
        data = payload.encode(errors="surrogatepass")  # those are refused as no UTF-8
    else:
        data = bytes(payload)
    if len(data) > max_bytes:
        raise MalformedPayload(
            f"the payload is larger than {max_bytes} bytes, the limit of this "
            "dispatcher"
        )
    return data


def _read_long(payload: bytes) -> dict[str, Any]:
    text = payload.decode(errors="replace")
    if text.encode() != payload:
        raise MalformedPayload("the payload is not UTF-8")
    _check_depth(text)
    try:
        value, refused = _decode(text), _NO_OBJECT
    except ValueError:  # also an integer of more digits than Python converts
        value, refused = None, "the payload is not JSON"
    if type(value) is not dict:
        raise MalformedPayload(refused)
    if "\\" in text:  # which can write half a surrogate pair: text without UTF-8
        written = json.dumps(value, ensure_ascii=False)
        if written.encode(errors="replace").decode() != written:
            raise MalformedPayload("the payload holds half a surrogate pair")
    return value


def _check_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= _DEEPEST:
        return
    depth = 0
    for bracket in re.findall(_BRACKETS, text, re.DOTALL):
        depth += _STEPS.get(bracket, 0)  # strings are no step
        if depth > _DEEPEST:
            raise MalformedPayload(f"the payload nests deeper than {_DEEPEST} levels")


def _count_colons(value: object) -> int:
    """Return the colons in the text of an object without lists and escapes."""
    if type(value) is str:
        return value.count(":")
    if type(value) is dict:
        return len(value) + sum(map(_count_colons, (*value, *value.values())))
    return 0


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedPayload("the payload has a duplicate key")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if value in _INFINITIES:
        raise MalformedPayload("the payload has a number too large for a float")
    return value


def _no_constant(_: str) -> NoReturn:
    raise MalformedPayload("the payload has NaN or Infinity, which is not JSON")


_INFINITIES = frozenset([float("inf"), float("-inf")])
# The scanner that a decoder has; typeshed does not know the attribute.
_scan: Any = vars(json.JSONDecoder(parse_constant=_no_constant))["scan_once"]
_decode = json.JSONDecoder(
    object_pairs_hook=_no_duplicates,
    parse_float=_finite,
    parse_constant=_no_constant,
).decode
