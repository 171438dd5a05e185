"""The codec between Python values and canonical bytes.

One table of types, two writings: ids write a value as a tree; tokens (``_tokens``)
write it as a graph, and make it again. Both split a value into a tag and parts, which
are values themselves. ``docs/reference/id-format.md`` shows the bytes.

1. Typed: ``1``, ``True`` and ``1.0`` differ, ``(1,)`` and ``[1]``, ``0.0`` and
   ``-0.0``. No form is the beginning of another.
2. Exact types. A subclass may hold more than its base shows, so it is refused, unless
   it is an enum, a dataclass or a named tuple, or has an encoder.
3. Nothing that depends on the process: no ``repr`` of an unknown object, no hash order,
   no address.
4. No code of a value runs, only the host's. So types are found by their address (a
   metaclass may define ``__hash__``), and attributes are read where they are stored.
5. A class is written as module and qualified name, so its module must hold it there.
   Two classes made by one function share a name and must not share an id.
6. No value takes forever: a stack of its own bounds the depth, and an object that is
   shared is written once and hashed once.
7. In a tree, a part met inside itself by way of a callable is written as a number: how
   many parts were begun since. So is, from the second time on, a part that leads back
   to one that is not closed yet. Members of sets and dicts are numbered as if each
   stood alone, so their order makes no difference.
"""

from __future__ import annotations

import sys
from enum import Enum, Flag
from functools import cache, cached_property, partial
from hashlib import blake2b
from operator import add
from struct import pack
from types import (
    EllipsisType,
    GenericAlias,
    ModuleType,
    NoneType,
    SimpleNamespace,
    UnionType,
)
from types import MemberDescriptorType as Slot
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias, Union, cast

from handlerid._peek import (
    globals_of,
    is_held,
    is_native,
    look_up,
    mro,
    name_of_class,
    names_of_class,
    namespace,
    storage,
)
from handlerid.errors import UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Describe: TypeAlias = Callable[[Any], "tuple[str, Sequence[Any]] | None"]
    Split: TypeAlias = tuple[str, Sequence[Any]]
    Functions: TypeAlias = Mapping[type, Callable[[Any], object]]

_LONGEST = 256
"""Bytes of a form inside another; a longer one is replaced by its digest."""

_DEEPEST = 20_000
"""Levels of a tree. Only an encoder that never ends, or an attack, nests deeper."""

_MOST = 200_000
"""Parts of a tree after one that leads back to itself: about a second."""

_SHOWN = 8
"""Steps of a path that an error shows from either end."""

_MISSING = object()
_size_of: Callable[[type], int] = vars(type)["__basicsize__"].__get__


class Refused(Exception):
    """A value that cannot be written; the text says why."""


class Corrupt(Exception):
    """A graph that was not written from this table."""


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(data), data)


def _number(number: float) -> bytes:
    if number != number:  # noqa: PLR0124  (only NaN differs from itself)
        return b"\x7f\xf8\0\0\0\0\0\0"
    return pack(">d", number)


_SCALARS: dict[int, Callable[[Any], bytes]] = {
    id(NoneType): lambda _: b"N",
    id(EllipsisType): lambda _: b".",
    id(bool): lambda value: b"T" if value else b"F",
    id(int): lambda value: b"i%x;" % value,
    id(float): lambda value: b"f" + _number(value),
    id(complex): lambda value: b"c" + _number(value.real) + _number(value.imag),
    id(str): _text,
    id(bytes): lambda value: b"b%d:%b" % (len(value), value),
}
"""Forms in a tree, by the type's address."""

_find_scalar = _SCALARS.get  # bound once: a method is looked up anew at each call


def encode_scalar(value: object) -> bytes:
    """Return the bytes of a text, a number and the like in a tree; else ``b""``."""
    form = _find_scalar(id(type(value)))
    return b"" if form is None else form(value)


class Row(NamedTuple):
    """How values of one exact type are split into parts, and made of them.

    Attributes:
        tag: what the form begins with.
        split: return the parts. Those of a number are texts and numbers of JSON.
        make: make the value of its parts, or raise what the type raises. A list, set or
            dict is made empty and filled, since it may contain itself.
    """

    tag: str
    split: Callable[[Any], Sequence[Any]]
    make: Callable[..., object]


def _attributes(tag: str, make: Callable[..., object], *names: str) -> Row:
    return Row(tag, lambda value: [getattr(value, name) for name in names], make)


def _text_row(tag: str, write: Callable[[Any], str], make: Any) -> Row:
    return Row(tag, lambda value: [write(value)], make)


def _make_float(text: str) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise Corrupt
    return float(text)


def _split_alias(value: GenericAlias) -> Sequence[object]:
    if value.__unpacked__:
        raise Refused("is unpacked")
    return [value.__origin__, value.__args__]


def make_union(*members: Any) -> object:
    """Return the union of classes."""
    # Of a text, Union would make a reference that it compiles.
    if not all(issubclass(type(member), type) for member in members):
        raise Corrupt
    return Union[members]  # noqa: UP007  (made of a tuple)


def _pairs(value: dict[Any, Any]) -> Sequence[object]:
    # A list first: another thread may add to the dict.
    return [part for pair in list(value.items()) for part in pair]


_OWN: dict[type, Row] = {
    EllipsisType: Row(".", lambda _: (), lambda: ...),
    int: _text_row("i", "{:x}".format, lambda text: int(text, 16)),
    float: _text_row("f", repr, _make_float),
    complex: _attributes("c", complex, "real", "imag"),
    bytes: _text_row("b", bytes.hex, bytes.fromhex),
    tuple: Row("t", list, lambda *items: items),
    list: Row("l", list, list),
    set: Row("S", list, set),
    frozenset: Row("Z", list, lambda *items: frozenset(items)),
    dict: Row("d", _pairs, dict),
    range: _attributes("R", range, "start", "stop", "step"),
    slice: _attributes("/", slice, "start", "stop", "step"),
    GenericAlias: Row("a", _split_alias, GenericAlias),
    UnionType: Row("|", lambda value: value.__args__, make_union),
    type(Union[int, "str"]): Row("|", lambda value: value.__args__, make_union),
}


def _datetime() -> dict[type, Row]:
    from datetime import date, datetime, time, timedelta, timezone  # noqa: PLC0415

    def split(value: time | datetime) -> Sequence[object]:
        naive = value.replace(tzinfo=None, fold=0)
        return [naive.isoformat(), value.fold, value.tzinfo]

    def row(tag: str, kind: type[time | datetime]) -> Row:
        make = kind.fromisoformat
        return Row(tag, split, lambda t, f, z: make(t).replace(fold=f, tzinfo=z))

    return {
        date: _text_row("D", date.isoformat, date.fromisoformat),
        time: row("H", time),
        datetime: row("W", datetime),
        timedelta: _attributes("L", timedelta, "days", "seconds", "microseconds"),
        # The arguments that it was made with: timezone.utc is one object.
        timezone: Row("z", lambda value: value.__reduce__()[1], timezone),
    }


def _decimal() -> dict[type, Row]:
    from decimal import Decimal  # noqa: PLC0415

    # The context decides whether str() writes "E" or "e".
    return {Decimal: _text_row("M", lambda value: str(value).upper(), Decimal)}


def _fractions() -> dict[type, Row]:
    from fractions import Fraction  # noqa: PLC0415

    return {Fraction: _attributes("q", Fraction, "numerator", "denominator")}


def _uuid() -> dict[type, Row]:
    from uuid import UUID  # noqa: PLC0415

    return {UUID: _attributes("U", UUID, "hex")}


def _pathlib() -> dict[type, Row]:
    import pathlib as lib  # noqa: PLC0415

    def row(tag: str, kind: type[lib.PurePath]) -> Row:
        return _text_row(tag, lib.PurePath.as_posix, kind)

    rows: dict[type, Row] = {lib.PurePosixPath: row("P", lib.PurePosixPath)}
    rows[lib.PureWindowsPath] = row("Q", lib.PureWindowsPath)
    for kind in (lib.Path, lib.PosixPath, lib.WindowsPath):  # one on every platform
        rows[kind] = row("p", lib.Path)
    return rows


def _zoneinfo() -> dict[type, Row]:
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415

    def key_of(value: ZoneInfo) -> str:
        if type(value.key) is not str:
            raise Refused("has no key")
        return value.key

    known = cache(available_timezones)

    def make(key: str) -> object:
        if key not in known():  # any other name would open a file
            raise Corrupt
        return ZoneInfo(key)

    return {ZoneInfo: _text_row("k", key_of, make)}


_ELSEWHERE = {
    "datetime": ("DHWLz", cache(_datetime)),
    "decimal": ("M", cache(_decimal)),
    "fractions": ("q", cache(_fractions)),
    "uuid": ("U", cache(_uuid)),
    "pathlib": ("pPQ", cache(_pathlib)),
    "zoneinfo": ("k", cache(_zoneinfo)),
}
"""Modules that are imported when the first of their values, or tags, is met."""

_MOVED = {"pathlib._local": "pathlib"}
"""Modules that only one Python has, by their name in the others."""

_ROWS = {id(kind): row for kind, row in _OWN.items()}
_TAGS = {row.tag: row for row in _OWN.values()}
_CLASSES: dict[tuple[str, str], type] = {
    ("builtins", kind.__qualname__): kind
    for kind in (*_OWN, bool, str, object, type, NoneType)
}
"""Python's own classes, which need no scanned module; they are never collected."""


def _load(module: str) -> None:
    if module in _ELSEWHERE:
        for kind, row in _ELSEWHERE[module][1]().items():
            _ROWS[id(kind)] = _TAGS[row.tag] = row
            _CLASSES[_names(kind)] = kind


def _names(kind: type) -> tuple[str, str]:
    module, qualname = names_of_class(kind)
    return _MOVED.get(module, module), qualname


def _find_row(kind: type) -> Row | None:
    if id(kind) not in _ROWS:
        _load(_names(kind)[0])
    return _ROWS.get(id(kind))


def row_of_tag(tag: str) -> Row | None:
    """Return the row with a tag."""
    if tag not in _TAGS:
        for module in [name for name, tags in _ELSEWHERE.items() if tag in tags]:
            _load(module)
    return _TAGS.get(tag)


def own_class(module: str, qualname: str) -> type | None:
    """Return the class of Python's own with this name."""
    _load(module)
    return _CLASSES.get((module, qualname))


# Enums, dataclasses, named tuples.


def members_of(enum: type) -> dict[str, Any]:
    """Return the members of an enum by name."""
    members = look_up(enum, "_member_map_") if issubclass(enum, Enum) else None
    return members if type(members) is dict else {}


def _split_member(value: object, kind: type) -> tuple[str, list[Any]]:
    """Split an enum member into its name, or a flag into a rest and names of bits."""
    stored, members = storage(value), members_of(kind)
    name, bits = dict.get(stored, "_name_"), dict.get(stored, "_value_")
    if not issubclass(kind, Flag):
        if type(name) is str and members.get(name) is value:
            return "e", [name]
    elif type(bits) is int:
        # Single bits, so that a name added for a combination changes nothing.
        pairs = [
            (one["_value_"], one["_name_"]) for one in map(storage, members.values())
        ]
        single = {
            bit: name for bit, name in pairs if bit & bits and not bit & (bit - 1)
        }
        return "g", [bits & ~sum(single), *[single[bit] for bit in sorted(single)]]
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

    Args:
        kind: a class.
        compared: leave out what ``==`` does not compare, unless the class is frozen.
    """
    if (fields := _fields(kind)) is not None:
        every = not compared or is_frozen(kind)
        return [field.name for field in fields if every or field.compare]
    if not issubclass(kind, tuple) or (names := look_up(kind, "_fields")) is None:
        return None
    if type(names) is not tuple or any(type(name) is not str for name in names):
        raise Refused("is more than its fields")
    return cast("tuple[str, ...]", names)


def _split_record(value: Any, kind: type, names: Sequence[str]) -> Sequence[Any]:
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


def _check_stored(value: object, kind: type, names: Sequence[str]) -> None:
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


# Writing.


class Codec:
    """How values are written, the host's own types included.

    Args:
        encoders: exact type to a function that returns a value that stands for the
            object. They come before the forms of classes, such as dataclasses, but
            after those of Python's types.
        decoders: the counterparts: functions that return the object.
        module_name: return the name by which other processes know a module.

    Raises:
        TypeError: a key is no type, or a value is not callable.
        ValueError: a type has a form already, or a decoder but no encoder.
    """

    def __init__(
        self,
        *,
        encoders: Functions | None = None,
        decoders: Functions | None = None,
        module_name: Callable[[str], str] = str,
    ) -> None:
        self.module_name = module_name
        self.encoders, self.decoders = dict(encoders or {}), dict(decoders or {})
        for what, given in ("encoders", self.encoders), ("decoders", self.decoders):
            for kind, function in given.items():
                if not issubclass(type(kind), type) or not callable(function):
                    raise TypeError(f"{what} must map types to functions, not {kind!r}")
                if _find_row(kind) or id(kind) in _SCALARS:
                    raise ValueError(
                        f"{what} must not have {name_of_class(kind)}: it has a "
                        "canonical form already, so its encoder would never be asked"
                    )
                if kind not in self.encoders:
                    raise ValueError(
                        f"decoders has {name_of_class(kind)}, which has no encoder: "
                        "Identity(encoders={Type: function})"
                    )
        self.encoder_of = {id(kind): one for kind, one in self.encoders.items()}

    def encode(
        self,
        value: object,
        where: str,
        *,
        describe: Describe | None = None,
        omitted: list[str] | None = None,
    ) -> bytes:
        """Return the canonical bytes of a value, written as a tree.

        Equal typed values have equal bytes in every process, others have others.

        Args:
            value: what was bound or captured.
            where: the variable or argument, for errors: ``"url"``, ``"args[0]"``.
            describe: called with a callable; return a text that names its code, and
                tuples that end with a name and a value: what was bound and captured.
                None if the callable has no identity.
            omitted: if given, a part without canonical form is replaced by a fixed tag
                and its path is appended here.

        Raises:
            UnstableCapture: the value, or a part of it, has no canonical form. What
                ``describe`` and the encoders raise passes through.
        """
        scalar = _find_scalar(id(type(value)))
        if scalar is not None:
            return scalar(value)
        return _Tree(self, where, describe, omitted).encode(value)

    def split(self, value: Any, kind: type, *, whole: bool) -> Split | None:
        """Return tag and parts of a value; None for a callable or an unknown type.

        Args:
            value: the value.
            kind: its type.
            whole: of dataclasses, include the fields that ``==`` does not compare.

        Raises:
            Refused: the value cannot be written.
        """
        if (row := _find_row(kind)) is not None:
            return row.tag, row.split(value)
        if (encoder := self.encoder_of.get(id(kind))) is not None:
            # The host vouches for the type: a local class will do.
            return "x", [*self._class_name(kind), encoder(value)]
        if issubclass(kind, type):
            return "C", self._held_name(value)
        if issubclass(kind, ModuleType):
            name = globals_of(value).get("__name__")
            if type(name) is str and sys.modules.get(name) is value:
                return "m", [self.module_name(name)]
            raise Refused("is a module that sys.modules does not hold under its name")
        if issubclass(kind, Enum):
            tag, parts = _split_member(value, kind)
            return tag, [*self._held_name(kind), *parts]
        if (names := field_names(kind, compared=not whole)) is None:
            return None
        if whole:
            _check_stored(value, kind, names)
        fields = _split_record(value, kind, names)
        return "r", [*self._held_name(kind), ",".join(names), *fields]

    def _held_name(self, kind: type) -> list[str]:
        if is_native(kind) or is_held(kind):
            return self._class_name(kind)
        raise Refused(
            "is a class that its module does not hold under this name (made in a "
            "function, replaced, or not assigned yet), so others may bear it"
        )

    def _class_name(self, kind: type) -> list[str]:
        module, qualname = _names(kind)
        return [self.module_name(module), qualname]


def refuse(value: object, kind: type) -> NoReturn:
    """Refuse a value of an unknown type."""
    if look_up(kind, "__dataclass_fields__") is not None:
        raise Refused("is not a dataclass itself, only a base of it is")
    for base in mro(kind)[1:]:
        if _find_row(base) or id(base) in _SCALARS:
            raise Refused(f"is more than the {name_of_class(base)} it derives from")
    what = "is a callable without an identity" if callable(value) else ""
    raise Refused(what or "has no canonical form")


def step(tag: str, parts: Sequence[Any], index: int) -> str:
    """Return what an error calls the way to a part."""
    if tag == "r":
        return f".{['', '', '', *parts[2].split(',')][index]}"
    if tag == "d":
        return "[value]" if index % 2 else "[key]"
    if tag in "xh":  # what an encoder or describe returned
        return ""
    return "[item]" if tag in "SZ" else f"[{index}]"


def type_name_of(value: object) -> str:
    """Return the full name of a class, or of the class of an object."""
    is_class = issubclass(type(value), type)
    return name_of_class(cast("type", value) if is_class else type(value))


class _Node:
    """A part of a tree that is being written.

    Attributes:
        number: its number.
        lowest: the lowest number that its form refers to.
        forms: the forms of its parts, as far as they are written.
    """

    __slots__ = ("forms", "lowest", "number", "parts", "tag", "value")

    def __init__(self, value: object, split: Split, number: int) -> None:
        self.value, (self.tag, self.parts) = value, split
        self.number = self.lowest = number
        self.forms: list[bytes] = []


class _Tree:
    """One value on its way to the bytes of an id."""

    def __init__(
        self,
        codec: Codec,
        where: str,
        describe: Describe | None,
        omitted: list[str] | None,
    ) -> None:
        self.codec, self.where = codec, where
        self.describe, self.omitted = describe, omitted
        self.open: list[_Node] = []
        # What has a number: open parts, and those that lead back to one. The list and
        # the digests keep objects alive, so that no address is used again.
        self.begun: list[object] = []
        self.numbers: dict[int, int] = {}
        self.digests: dict[int, tuple[object, bytes]] = {}
        self.active: set[int] = set()
        self.callables: list[int] = []  # numbers of those that are open
        self.left: int | None = None  # parts that may follow, once one leads back

    def encode(self, value: object) -> bytes:
        form = self.form(value)
        while True:
            if isinstance(form, _Node):
                self.open.append(form)
            elif self.open:
                self.open[-1].forms.append(form)
            else:
                return form
            node = self.open[-1]
            if len(node.forms) < len(node.parts):
                form = self.form(node.parts[len(node.forms)])
            else:
                form = self.close()

    def form(self, value: object) -> bytes | _Node:
        try:
            return self.begin(value)
        except Refused as refusal:
            error = self.unstable(value, str(refusal))
        if self.omitted is None:
            raise error
        self.omitted.append(error.where)
        return b"?"

    def begin(self, value: object) -> bytes | _Node:
        address, kind = id(value), type(value)
        if address in self.digests:
            return self.digests[address][1]
        if (scalar := _find_scalar(id(kind))) is not None:
            return self.shorten(value, scalar(value), keep=True)
        if address in self.numbers:
            return self.again(address)
        if len(self.open) >= _DEEPEST:
            raise Refused(f"is nested more than {_DEEPEST} levels deep")
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Refused("refers to itself by way of too many callables")
        number, split = len(self.begun), self.codec.split(value, kind, whole=False)
        if split is None:
            found = self.describe(value) if self.describe and callable(value) else None
            if found is None:
                refuse(value, kind)
            split = "h", [found[0], *found[1]]
            self.callables.append(number)
        self.active.add(address)
        self.numbers[address] = number
        self.begun.append(value)
        return _Node(value, split, number)

    def again(self, address: int) -> bytes:
        number = self.numbers[address]
        if address in self.active and number > max(self.callables, default=-1):
            raise Refused("refers to itself")
        self.open[-1].lowest = min(self.open[-1].lowest, number)
        if self.left is None:
            self.left = _MOST
        return b"^%x;" % (len(self.begun) - number)

    def close(self) -> bytes:
        node = self.open.pop()
        self.active.remove(id(node.value))
        if node.tag == "h":
            self.callables.pop()
        forms = node.forms
        if node.tag == "d":
            forms = list(map(add, forms[::2], forms[1::2]))
        if node.tag in "SZd":
            forms.sort()
        form = b"%b%d:%b" % (node.tag.encode(), len(node.parts), b"".join(forms))
        if not self.open:
            return form
        above, complete = self.open[-1], node.lowest == node.number
        above.lowest = min(above.lowest, node.lowest)
        if complete or above.tag in "SZd":
            for one in self.begun[node.number :]:
                del self.numbers[id(one)]
            del self.begun[node.number :]
        return self.shorten(node.value, form, keep=complete)

    def shorten(self, value: object, form: bytes, *, keep: bool) -> bytes:
        if len(form) <= _LONGEST or not self.open:
            return form
        short = b"#" + blake2b(form, digest_size=32).digest()
        if keep:
            self.digests[id(value)] = value, short
        return short

    def unstable(self, value: object, reason: str) -> UnstableCapture:
        steps, inside = [], ""
        for node in self.open:
            name = f" -> {node.parts[-2]}" if inside == "h" else ""
            steps.append(name or step(node.tag, node.parts, len(node.forms)))
            inside = node.tag
        if len(steps) > 2 * _SHOWN:
            steps = [*steps[:_SHOWN], "...", *steps[-_SHOWN:]]
        where, name = self.where + "".join(steps), type_name_of(value)
        return UnstableCapture(
            f"{where} cannot be part of an id: {name} {reason}. Pass a key instead and "
            "look the object up in the handler, use a supported type, or register an "
            "encoder for this type: Identity(encoders={Type: function}).",
            where=where,
            type_name=name,
        )
