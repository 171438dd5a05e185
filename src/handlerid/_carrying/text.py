"""A recipe as text, and back: JSON of lists, texts, numbers, true, false, null.

What belongs here: which JSON is written, and refusing all other. What the lists mean
is said by ``packing`` and ``unpacking``.
"""

from __future__ import annotations

from json import JSONDecoder, JSONEncoder
from typing import Any, NoReturn

from handlerid.errors import InvalidToken

__all__ = ["NOT_OURS", "Broken", "is_simple", "read", "write"]

NOT_OURS = "what the token carries was not written by this library, or was damaged"

_SIMPLE = frozenset(map(id, (str, bool, type(None))))
_LARGEST = 1 << 63


def is_simple(value: Any) -> bool:
    """Tells whether JSON has a value, exactly: finite, and with few enough digits."""
    kind = type(value)
    if kind is int:
        return bool(-_LARGEST < value < _LARGEST)
    if kind is float:
        return bool(value - value == 0.0)
    return id(kind) in _SIMPLE


class Broken(Exception):
    """What is read is no recipe. ``Carrier.unpack`` catches it."""


# Not ASCII: two lone surrogates side by side would be read as one character.
_encode = JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode


def _refuse(_: object) -> NoReturn:
    raise Broken


# Bound once; what decode() does besides is done by read().
_decoder: Any = JSONDecoder(object_pairs_hook=_refuse, parse_constant=_refuse)
_scan = _decoder.scan_once


def write(recipe: list[Any]) -> bytes:
    """Returns the bytes of a recipe.

    Raises:
        ValueError: a float is not finite, or an integer is huge.
    """
    return _encode(recipe).encode("utf-8", "surrogatepass")


def read(data: bytes) -> list[Any]:
    """Returns the recipe that bytes hold.

    Raises:
        InvalidToken: they hold none.
    """
    try:
        text = data.decode("utf-8", "surrogatepass")
        recipe, end = _scan(text, 0)
    except (Broken, ValueError, StopIteration, RecursionError):
        raise InvalidToken(NOT_OURS) from None
    if end != len(text) or type(recipe) is not list:
        raise InvalidToken(NOT_OURS)
    return recipe
