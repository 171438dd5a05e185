"""Enums, dataclasses and named tuples, read without running their code."""

from __future__ import annotations

import sys
from contextlib import suppress
from enum import Enum, Flag
from functools import cached_property
from operator import attrgetter, itemgetter
from types import MemberDescriptorType as Slot
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from handlerid._peek import is_native, look_up, mro, name_of_class, namespace, storage
from handlerid._values.table import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Names: TypeAlias = Sequence[str]

_size_of: Callable[[type], int] = vars(type)["__basicsize__"].__get__


def split_member(value: object, kind: type) -> tuple[str, object]:
    """Return the name of a member of an enum, or the bits of a flag."""
    stored = storage(value)
    if issubclass(kind, Flag):
        if type(bits := dict.get(stored, "_value_")) is int:
            return "g", bits
    elif find_member(kind, name := dict.get(stored, "_name_")) is value:
        return "e", name
    raise Refused("is not one of the members of its class")


def find_member(kind: type, name: Any) -> object:
    """Return a member of an enum by name, or a flag by its bits; else None."""
    if issubclass(kind, Flag):
        with suppress(ValueError):  # bits that are gone
            return cast("object", kind(name))
    members = look_up(kind, "_member_map_") if issubclass(kind, Enum) else None
    named = type(name) is str
    return members.get(name) if named and type(members) is dict else None


def _settings(kind: type, name: str) -> Any:
    """Return what msgspec knows of a class of its Structs; None for any other."""
    at = look_up(type(kind), f"__struct_{name}__")
    return at.__get__(kind) if type(at) is Slot else None


def is_struct(kind: type) -> bool:
    """Return whether a class is a Struct of msgspec."""
    return _settings(kind, "fields") is not None


def make_struct(kind: type, fields: dict[str, Any]) -> object:
    """Return a Struct with these fields, whatever its ``__post_init__`` does."""
    made = kind(**fields)
    for name, value in fields.items():
        look_up(kind, name).__set__(made, value)
    return made


def is_frozen(kind: type) -> bool:
    """Return whether a record is frozen."""
    names = namespace(kind)
    if "__attrs_attrs__" in names:
        put = look_up(kind, "__setattr__")
        return getattr(put, "__module__", "") == "attr._make" and (
            put.__name__ == "_frozen_setattrs"
        )
    if (settings := _settings(kind, "config")) is not None:
        return bool(settings.frozen)
    return bool(getattr(names.get("__dataclass_params__"), "frozen", False))


def is_fixed(value: object, kind: type, names: Names) -> bool:
    """Return whether a record is frozen in all bases and stores only its fields."""
    if issubclass(kind, tuple):
        return look_up(kind, "__dict__") is None  # else it may get attributes
    # The bases of a frozen dataclass may not be, and its methods may assign.
    bases = mro(kind)[:-1] if "__dataclass_fields__" in namespace(kind) else [kind]
    for base in bases:
        if not is_frozen(base) and namespace(base).get("__slots__") != ():
            return False
    return _beyond(value, kind, names) is None


def _beyond(value: object, kind: type, names: Names) -> object:
    """Return the name of something that an object stores beyond its fields, or None."""
    stored = [*dict.keys(storage(value))]
    for base in mro(kind)[:-1]:
        if "__slots__" in (kept := namespace(base)):
            stored += [name for name, at in kept.items() if type(at) is Slot]
    for name in stored:
        if name not in names and type(look_up(kind, name)) is not cached_property:
            return name
    return None


def reader(kind: type, names: Names) -> Callable[[Any], Sequence[Any] | None] | None:
    """Return a quick function that reads fixed records of a class, if there is one.

    ``split_record`` has to read one first, and those for which this returns None.
    """
    at, stored_at = [look_up(kind, name) for name in names], look_up(kind, "__dict__")
    if issubclass(kind, tuple):
        return lambda value: tuple(tuple.__iter__(value))
    if not names or any(type(one) is Slot for one in at) is not (stored_at is None):
        return None
    if stored_at is None:
        usual = look_up(kind, "__getattribute__") is object.__getattribute__
        return attrgetter(*names, names[0]) if usual else None  # a tuple, see read_all
    stored_in, count = stored_at.__get__, len(names)
    # The first name twice, because a getter of one name returns no tuple.
    read_all: Any = itemgetter(*names, names[0])

    def read(value: object) -> Sequence[Any] | None:
        stored = stored_in(value)
        if type(stored) is not dict or len(stored) != count:
            return None
        try:
            return read_all(stored)  # type: ignore[no-any-return]
        except KeyError:
            return None

    return read


def declared(kind: type) -> Sequence[Any] | None:
    """Return the fields of a dataclass or a class of attrs, as the library has them."""
    names: Any = namespace(kind)
    libraries: dict[str, Any] = sys.modules
    if issubclass(type(declared := names.get("__attrs_attrs__")), tuple):
        of = libraries["attr"].Attribute if "attr" in libraries else None
        found: tuple[Any, ...] = (*tuple.__iter__(declared),)
        return found if all(type(field) is of for field in found) else None
    declared, library = names.get("__dataclass_fields__"), libraries.get("dataclasses")
    if type(declared) is dict and all(
        library and type(field) is library.Field for field in declared.values()
    ):
        # fields() reads this one attribute, and leaves out ClassVar and InitVar.
        stored = SimpleNamespace(__dataclass_fields__=declared)
        return cast("tuple[Any, ...]", cast("Any", library).fields(stored))
    return None


def field_names(kind: type, *, whole: bool = True) -> Names | None:
    """Return the fields of a record or None; ``whole``: those not compared, too."""
    if (fields := _settings(kind, "fields")) is not None:
        return cast("tuple[str, ...]", fields)
    if (fields := declared(kind)) is not None:
        every = whole or is_frozen(kind)
        return [
            field.name
            for field in fields
            if every or getattr(field, "compare", getattr(field, "eq", True))
        ]
    if not issubclass(kind, tuple) or (names := look_up(kind, "_fields")) is None:
        return None
    if type(names) is not tuple or any(type(name) is not str for name in names):
        raise Refused("is more than its fields")
    return cast("tuple[str, ...]", names)


def split_record(value: Any, kind: type, names: Names, *, whole: bool) -> list[Any]:
    """Return the fields; with ``whole``, refuse an object that stores more."""
    if issubclass(kind, tuple):
        items = list(tuple.__iter__(value))
        if len(names) != len(items) or dict.__len__(storage(value)):
            raise Refused("is more than its fields")
        return items
    for base in mro(kind):
        if is_native(base) and _size_of(base) > _size_of(object):
            raise Refused(f"is more than its fields: a {name_of_class(base)} too")
    if whole and (name := _beyond(value, kind, names)) is not None:
        raise Refused(f"stores more than its fields: {name}")
    return [_read(value, kind, name) for name in names]


def _read(value: object, kind: type, name: str) -> object:
    """Read a field from its slot, the instance, or the default on the class."""
    found = look_up(kind, name)
    if found is not None and type(found) is not Slot:
        methods = ["__set__", "__delete__"]
        if not dict.__contains__(storage(value), name):
            methods.append("__get__")
        if any(look_up(type(found), one) for one in methods):
            raise Refused(f"computes its field {name}")
    try:
        return object.__getattribute__(value, name)
    except (AttributeError, TypeError):  # empty, or the slot of another class
        raise Refused(f"has no value in its field {name}") from None
