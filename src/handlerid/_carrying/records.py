"""Dataclass objects: their fields as they are stored, and an object that stores them.

What belongs here: reading and restoring without running the class's code. Neither
``__init__`` nor ``__post_init__`` runs when an object is restored: its fields hold what
they held, also where those would have computed something else.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from types import MemberDescriptorType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from handlerid._canonical.peek import look_up, mro, namespace, storage
from handlerid._carrying.text import Broken

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Unstorable", "field_names", "fields_of", "fill", "named_tuple_fields"]

_MISSING = object()


class Unstorable(Exception):
    """An object that is not what its fields store; the text says why."""


def field_names(kind: type) -> list[str] | None:
    """Names the fields of a dataclass in order; None where a class is none itself."""
    declared = namespace(kind).get("__dataclass_fields__")
    if type(declared) is not dict:
        return None
    # fields() reads this one attribute, and leaves out ClassVar and InitVar.
    stand_in: Any = SimpleNamespace(__dataclass_fields__=declared)
    return [field.name for field in dataclasses.fields(stand_in)]


def fields_of(value: object, kind: type, names: Sequence[str]) -> list[object]:
    """Returns what is stored in an object's fields.

    Raises:
        Unstorable: it stores more than its fields, or not all of them.
    """
    stored = storage(value)
    for name in dict.keys(stored) - set(names):
        if type(look_up(kind, name)) is not cached_property:
            raise Unstorable(f"stores more than its fields: {name}")
    for base in mro(kind):
        for name, slot in namespace(base).items():
            if type(slot) is MemberDescriptorType and name not in names:
                raise Unstorable(f"has a slot that is no field: {name}")
    return [_read(value, kind, stored, name) for name in names]


def _read(value: object, kind: type, stored: dict[str, Any], name: str) -> object:
    on_class = look_up(kind, name, _MISSING)
    if type(on_class) is MemberDescriptorType:
        try:
            return on_class.__get__(value, kind)
        except (AttributeError, TypeError):
            raise Unstorable(f"has no value in its field {name}") from None
    if look_up(type(on_class), "__set__") is not None:
        raise Unstorable(f"computes its field {name}")
    found = dict.get(stored, name, on_class)
    if found is _MISSING:
        raise Unstorable(f"has no value in its field {name}")
    return found


def fill(value: object, names: Sequence[str], fields: Sequence[object]) -> None:
    """Stores fields in an object that was made by ``object.__new__``."""
    kind, stored = type(value), storage(value)
    for name, field in zip(names, fields, strict=True):
        on_class = look_up(kind, name)
        if type(on_class) is MemberDescriptorType:
            on_class.__set__(value, field)
        elif look_up(type(on_class), "__set__") is not None:
            raise Broken
        else:
            dict.__setitem__(stored, name, field)


def named_tuple_fields(kind: type) -> tuple[str, ...] | None:
    """Names the fields of a named tuple; None where a class is none."""
    if not issubclass(kind, tuple):
        return None
    names: Any = look_up(kind, "_fields")
    if type(names) is tuple and all(type(name) is str for name in names):
        return names
    return None
