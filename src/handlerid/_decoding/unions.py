"""Readers of unions whose members can be told apart by what JSON has there.

What belongs here: choosing the member that reads a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

from handlerid._decoding.refusing import Errors
from handlerid._decoding.values import ANY, WORDS, Reader
from handlerid.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["union_of"]


def union_of(members: Sequence[Reader], *, lax: bool) -> Reader | None:
    """Reads what one of the members reads; None if they cannot be told apart."""
    if ANY in members:
        return ANY
    by_kind = _by_kind(members)
    if by_kind is None:
        return None
    expected = " or ".join(dict.fromkeys(member.expected for member in members))

    def read(value: Any, errors: Errors) -> object:
        member = by_kind.get(type(value))
        if member is None and isinstance(value, Mapping):
            member = by_kind.get(dict)
        if member is None:
            errors.add(expected)
            return value
        before = len(errors.found)
        result = member.read(value, errors)
        if errors.found[before:] == [("", member.expected)]:
            errors.found[before:] = [FieldError("", expected)]
        return result

    return Reader(
        _read_text(members, read, expected) if lax else read,
        frozenset().union(*(member.kinds or () for member in members)),
        expected,
        tuple(native for member in members for native in member.natives),
    )


def _by_kind(members: Sequence[Reader]) -> dict[type, Reader] | None:
    """Which member reads values of which type; None if two read the same."""
    found: dict[type, Reader] = {}
    for member in members:
        if member.kinds is None:
            return None
        for kind in (*member.kinds, *member.natives):
            if found.setdefault(kind, member) is not member:
                return None
    if float in found:
        found.setdefault(int, found[float])
    return found


def _read_text(members: Sequence[Reader], read: Any, expected: str) -> Any:
    """From a form, text is what the first member takes it for that is not plain text.

    Text is plain if nobody else wants it. Where no member is plain text, empty text
    is None, if that may be.
    """
    plain = any(member.expected == WORDS[str] for member in members)
    empty = not plain and any(member.expected == WORDS[NoneType] for member in members)
    others = [one for one in members if one.expected not in _SIMPLE]

    def read_text(value: Any, errors: Errors) -> object:
        if type(value) is not str:
            return read(value, errors)
        if empty and not value.strip():
            return None
        for member in others:
            probe = Errors()
            result = member.read(value, probe)
            if not probe.found:
                return result
        if not plain:
            errors.add(expected)
        return value

    return read_text


_SIMPLE = (WORDS[str], WORDS[NoneType])
