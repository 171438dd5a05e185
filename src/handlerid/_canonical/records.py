"""Enums, dataclasses and named tuples: the author's classes that have a form.

What belongs here: which classes are nothing but their named parts, and reading these
parts from where they are stored. A class that holds more, or computes a part, is
refused: what its code would say is not known until it runs.
"""

from __future__ import annotations

import sys
from enum import Enum, Flag
from types import MemberDescriptorType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from handlerid._canonical.forms import Node, Refused, node_of_fields, text_form
from handlerid._canonical.peek import (
    is_native,
    look_up,
    mro,
    name_of_class,
    namespace,
    size_of,
    storage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    ClassName = Callable[[type], bytes]

__all__ = ["record_form"]

_MISSING = object()


def record_form(
    value: object, kind: type, class_name: ClassName
) -> bytes | Node | None:
    """Returns the form of a value, or None where its class is of no such kind.

    Args:
        value: the value.
        kind: its type.
        class_name: returns the form of a class's name, or refuses the class.

    Raises:
        Refused: the value has more than its named parts, or not all of them.
    """
    # Of these bases, issubclass asks nothing but the class's own bases.
    if issubclass(kind, Enum):
        form = _flag if issubclass(kind, Flag) else _member
        return form(value, kind, class_name)
    if (names := _compared_fields(kind)) is not None:
        for base in mro(kind):
            if is_native(base) and size_of(base) > size_of(object):
                raise Refused(f"is more than its fields: a {name_of_class(base)} too")
        stored = storage(value)
        fields = [_read(value, kind, stored, name) for name in names]
        return _record(value, class_name(kind), names, fields)
    if issubclass(kind, tuple) and look_up(kind, "_fields") is not None:
        return _named_tuple(cast("tuple[object, ...]", value), kind, class_name)
    return None


def _member(value: object, kind: type, class_name: ClassName) -> bytes:
    name = dict.get(storage(value), "_name_")
    if type(name) is not str or _members(kind).get(name) is not value:
        raise Refused("is not one of the members of its class")
    return b"e" + class_name(kind) + text_form(name)


def _flag(value: object, kind: type, class_name: ClassName) -> bytes:
    # By bits, so that a name added for a combination changes nothing.
    bits = dict.get(storage(value), "_value_")
    if type(bits) is not int:
        raise Refused("is not one of the members of its class")
    names: dict[int, str] = {}
    for member in _members(kind).values():
        stored = storage(member)
        bit = stored["_value_"]
        if bit & bits and bit & (bit - 1) == 0:
            names[bit] = stored["_name_"]
    texts = b"".join(text_form(names[bit]) for bit in sorted(names))
    rest = bits & ~sum(names)
    return b"g%b%d:%b%x;" % (class_name(kind), len(names), texts, rest)


def _members(enum: type) -> dict[str, object]:
    members = look_up(enum, "_member_map_")
    return members if type(members) is dict else {}


def _compared_fields(kind: type) -> list[str] | None:
    """Names a dataclass's fields that are compared; None where it is no dataclass."""
    # Of the class itself: a subclass that is not decorated may hold more.
    declared = namespace(kind).get("__dataclass_fields__")
    dataclasses = sys.modules.get("dataclasses")
    if dataclasses is None or type(declared) is not dict:
        return None
    if any(type(field) is not dataclasses.Field for field in declared.values()):
        return None
    # fields() reads this one attribute, and leaves out ClassVar and InitVar.
    stand_in = SimpleNamespace(__dataclass_fields__=declared)
    return [field.name for field in dataclasses.fields(stand_in) if field.compare]


def _read(value: object, kind: type, stored: dict[str, Any], name: str) -> object:
    """Reads a field from where it is stored: slot, instance, or a default on the class.

    A property in its place is code, and is not asked.
    """
    on_class = look_up(kind, name, _MISSING)
    if type(on_class) is MemberDescriptorType:
        try:
            return on_class.__get__(value, kind)
        except (AttributeError, TypeError):  # empty, or the slot of another class
            raise Refused(f"has no value in its field {name}") from None
    if _has(on_class, "__set__") or _has(on_class, "__delete__"):
        raise Refused(f"computes its field {name}")
    found = dict.get(stored, name, _MISSING)
    if found is not _MISSING:
        return found
    if on_class is _MISSING or _has(on_class, "__get__"):
        raise Refused(f"has no value in its field {name}")
    return on_class


def _has(value: object, method: str) -> bool:
    return look_up(type(value), method) is not None


def _named_tuple(value: tuple[object, ...], kind: type, class_name: ClassName) -> Node:
    names: Any = look_up(kind, "_fields")
    items = list(tuple.__iter__(value))
    if (
        type(names) is not tuple
        or any(type(name) is not str for name in names)
        or len(names) != len(items)
        or dict.__len__(storage(value))
    ):
        raise Refused("is more than its fields")
    return _record(value, class_name(kind), names, items)


def _record(
    value: object, name: bytes, names: Sequence[str], fields: Sequence[object]
) -> Node:
    texts = b"".join(map(text_form, names))
    return node_of_fields(value, b"r%b%d:%b" % (name, len(names), texts), names, fields)
