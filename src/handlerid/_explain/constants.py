"""A constant of a program as text, exactly.

What belongs here: how one value from a source or a code object is shown, so that two
look alike only if their canonical bytes are equal. Only types that a compiler makes
constants of are shown; anything else is not asked for its ``repr``.
"""

from __future__ import annotations

import marshal
from hashlib import blake2b
from types import CodeType, EllipsisType, NoneType
from typing import Any

__all__ = ["digest", "literal", "typed"]

_WIDEST = 60
"""Characters of a constant that are shown; a digest stands for the rest."""

_LITERALS = (str, bytes, int, float, complex, bool, NoneType, EllipsisType)


def literal(value: Any) -> str:
    """A number, a text, bytes or a singleton as one writes it in a program."""
    huge = type(value) is int and abs(value) >> 64
    text = hex(value) if huge else repr(value)  # decimal conversion has a limit
    if len(text) > _WIDEST:
        whole = text.encode("utf-8", "surrogatepass")
        text = f"{text[:_WIDEST]}... {digest(whole)}"
    return text


def typed(value: Any) -> str:
    """A constant of a code object with its type: ``True`` does not look like ``1``."""
    kind = type(value)
    if isinstance(value, (list, CodeType)):  # a list is a nested code object's form
        return "code, shown below"
    if isinstance(value, (tuple, frozenset)):
        items = [typed(item) for item in value]
        items = sorted(items) if isinstance(value, frozenset) else items
        return f"{kind.__name__} ({', '.join(items)})"
    if isinstance(value, slice):
        return f"slice {typed((value.start, value.stop, value.step))}"
    if kind not in _LITERALS:
        return f"{kind.__name__} {digest(marshal.dumps(value, 0))}"
    text = literal(value)
    return text if value is None or value is ... else f"{kind.__name__} {text}"


def digest(content: bytes) -> str:
    """Sixteen characters that stand for bytes which nobody wants to read."""
    return blake2b(content, digest_size=8).hexdigest()
