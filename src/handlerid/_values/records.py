"""Enums, dataclasses and named tuples: splitting them, and making them again.

Attributes are read from where they are stored. A class that stores more than its
fields, or computes one of them, is refused: what its code would say is not known.
"""

from __future__ import annotations

import sys
from enum import Enum, Flag
from functools import cached_property, partial
from types import MemberDescriptorType as Slot
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from handlerid._peek import is_native, look_up, mro, name_of_class, namespace, storage
from handlerid._values.table import Corrupt, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MISSING = object()
_size_of: Callable[[type], int] = vars(type)["__basicsize__"].__get__


def members_of(enum: type) -> dict[str, Any]:
    """Return the members of an enum by name."""
    members = look_up(enum, "_member_map_") if issubclass(enum, Enum) else None
    return members if type(members) is dict else {}


def split_member(value: object, kind: type) -> tuple[str, list[Any]]:
    """Split a member of an enum into its name, or into unnamed and named bits."""
    stored, members = storage(value), members_of(kind)
    name, bits = dict.get(stored, "_name_"), dict.get(stored, "_value_")
    if not issubclass(kind, Flag) and type(name) is str and members.get(name) is value:
        return "e", [name]
    if issubclass(kind, Flag) and type(bits) is int:
        names = {}  # of single bits: a name added for several changes nothing
        for member in map(storage, members.values()):
            bit = member["_value_"]
            if bit & bits and not bit & (bit - 1):
                names[bit] = member["_name_"]
        return "g", [bits & ~sum(names), *[names[bit] for bit in sorted(names)]]
    raise Refused("is not one of the members of its class")


def _fields(kind: type) -> Sequence[Any] | None:
    """Return the fields of a dataclass; None if the class itself is none."""
    declared = namespace(kind).get("__dataclass_fields__")
    dataclasses = sys.modules.get("dataclasses")
    if dataclasses is None or type(declared) is not dict:
        return None
    if any(type(field) is not dataclasses.Field for field in declared.values()):
        return None
    # fields() reads this one attribute, and leaves out ClassVar and InitVar.
    stand_in = SimpleNamespace(__dataclass_fields__=declared)
    return cast("Sequence[Any]", dataclasses.fields(stand_in))


def is_frozen(kind: type) -> bool:
    """Return whether a dataclass is frozen."""
    params = namespace(kind).get("__dataclass_params__")
    slot = look_up(type(params), "frozen")
    return type(slot) is Slot and bool(slot.__get__(params))


def field_names(kind: type, *, compared: bool = False) -> Sequence[str] | None:
    """Return the fields of a dataclass or named tuple; None for another class.

    With ``compared``, those that ``==`` does not compare are left out, unless the class
    is frozen.
    """
    if (fields := _fields(kind)) is not None:
        every = not compared or is_frozen(kind)
        return [field.name for field in fields if every or field.compare]
    if not issubclass(kind, tuple) or (names := look_up(kind, "_fields")) is None:
        return None
    if type(names) is not tuple or any(type(name) is not str for name in names):
        raise Refused("is more than its fields")
    return cast("tuple[str, ...]", names)


def split_record(value: Any, kind: type, names: Sequence[str]) -> Sequence[Any]:
    if issubclass(kind, tuple):
        items = list(tuple.__iter__(value))
        if len(names) != len(items) or dict.__len__(storage(value)):
            raise Refused("is more than its fields")
        return items
    for base in mro(kind):
        if is_native(base) and _size_of(base) > _size_of(object):
            raise Refused(f"is more than its fields: a {name_of_class(base)} too")
    return [_read(value, kind, name) for name in names]


def _read(value: object, kind: type, name: str) -> object:
    """Read a field from its slot, the instance, or the default on the class."""
    on_class = look_up(kind, name, _MISSING)
    if type(on_class) is Slot:
        try:
            return on_class.__get__(value, kind)
        except (AttributeError, TypeError):  # empty, or the slot of another class
            raise Refused(f"has no value in its field {name}") from None
    on_its_type = partial(look_up, type(on_class))
    if on_its_type("__set__") or on_its_type("__delete__"):
        raise Refused(f"computes its field {name}")
    found = dict.get(storage(value), name, _MISSING)
    if found is _MISSING and not on_its_type("__get__"):
        found = on_class
    if found is _MISSING:
        raise Refused(f"has no value in its field {name}")
    return found


def check_stored(value: object, kind: type, names: Sequence[str]) -> None:
    """Refuse an object that stores more than its fields."""
    for name in dict.keys(storage(value)) - set(names):
        if type(look_up(kind, name)) is not cached_property:
            raise Refused(f"stores more than its fields: {name}")
    for base in mro(kind):
        for name, slot in namespace(base).items():
            if type(slot) is Slot and name not in names:
                raise Refused(f"has a slot that is no field: {name}")


def make_member(kind: type, parts: Sequence[Any]) -> object:
    """Return a member or flag of an enum; None if a name is gone."""
    members = members_of(kind)
    if not issubclass(kind, Flag):
        return members.get(*parts)
    rest, *names = parts
    bits = [storage(members[name])["_value_"] for name in names if name in members]
    return kind(sum(bits, rest)) if len(bits) == len(names) else None


def fill(value: object, names: Sequence[str], fields: Sequence[object]) -> None:
    """Store the fields of a dataclass in an object that ``object.__new__`` made."""
    kind, stored = type(value), storage(value)
    for name, field in zip(names, fields, strict=True):
        on_class = look_up(kind, name)
        if type(on_class) is Slot:
            on_class.__set__(value, field)
        elif look_up(type(on_class), "__set__") is not None:
            raise Corrupt
        else:
            dict.__setitem__(stored, name, field)
