"""The codec between Python values and canonical bytes.

One table of types, two writings. Ids write a value as a tree; tokens write it as a
graph, from which it is made again. Both split a value in the same way: into a tag and
parts, which are values themselves. ``docs/reference/id-format.md`` and
``docs/reference/carried-bytes.md`` show the bytes.

1. Typed: ``1``, ``True`` and ``1.0`` differ, ``(1,)`` and ``[1]``, ``0.0`` and
   ``-0.0``. No form is the beginning of another.
2. Exact types. A subclass may hold more than its base shows, so it is refused, unless
   it is an enum, a dataclass or a named tuple, or has an encoder.
3. Nothing that depends on the process: no ``repr`` of an unknown object, no hash order,
   no address.
4. No code of a value runs, only the host's: encoders, ``describe``, ``module_name``. So
   types are found by their address (a metaclass may define ``__hash__``), and
   attributes are read from where they are stored.
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
from base64 import b64decode, b64encode
from enum import Enum, Flag
from functools import cache, cached_property
from hashlib import blake2b
from operator import add
from struct import pack
from types import (
    EllipsisType,
    GenericAlias,
    MemberDescriptorType,
    ModuleType,
    NoneType,
    SimpleNamespace,
    UnionType,
)
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

_LONGEST = 256
"""Bytes of a form inside another; a longer one is replaced by its digest."""

_DEEPEST = 20_000
"""Levels of a tree. Only an encoder that never ends, or an attack, nests deeper."""

_MOST = 200_000
"""Parts of a tree in which something leads back to itself: about a second."""

_SHOWN = 8
"""Steps of a path that an error shows from either end."""

_MISSING = object()
_MOVED = {"pathlib._local": "pathlib"}
"""Modules that only one Python has, by their name in the others."""

_size_of: Callable[[type], int] = vars(type)["__basicsize__"].__get__


class Refused(Exception):
    """A value that cannot be written; the text says why."""


class Corrupt(Exception):
    """A graph that this codec did not write."""


# Scalars.


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


# The table: how Python's own types are split, and made again.


class Row(NamedTuple):
    """How values of one exact type are split into parts, and made of them.

    Attributes:
        tag: what their form begins with.
        split: returns the parts. Parts of a scalar are texts and numbers of JSON.
        make: makes the value of its parts; it may raise what the type itself raises.
            A list, set or dict is made empty and filled, since it may contain itself.
        steps: how errors call the parts; ``[0]``, ``[1]`` if there is nothing here.
    """

    tag: str
    split: Callable[[Any], Sequence[Any]]
    make: Callable[..., object]
    steps: tuple[str, ...] = ()


def _attributes(tag: str, make: Callable[..., object], *names: str) -> Row:
    steps = tuple([f".{name}" for name in names])
    return Row(tag, lambda value: [getattr(value, n) for n in names], make, steps)


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


_ROWS: dict[int, Row] = {
    id(EllipsisType): Row(".", lambda _: (), lambda: ...),
    id(int): Row("i", lambda value: [f"{value:x}"], lambda text: int(text, 16)),
    id(float): Row("f", lambda value: [repr(value)], _make_float),
    id(complex): Row("c", lambda value: [value.real, value.imag], complex),
    id(bytes): Row(
        "b",
        lambda value: [b64encode(value).decode()],
        lambda text: b64decode(text, validate=True),
    ),
    id(tuple): Row("t", lambda value: value, lambda *items: items),
    id(list): Row("l", list, list),
    id(set): Row("S", list, set),
    id(frozenset): Row("Z", list, lambda *items: frozenset(items)),
    id(dict): Row("d", _pairs, dict),
    id(range): _attributes("R", range, "start", "stop", "step"),
    id(slice): _attributes("/", slice, "start", "stop", "step"),
    id(GenericAlias): Row(
        "a", _split_alias, GenericAlias, (".__origin__", ".__args__")
    ),
    id(UnionType): Row("|", lambda value: value.__args__, make_union),
    id(type(Union[int, "str"])): Row("|", lambda value: value.__args__, make_union),
}
"""Rows by the type's address."""


def _datetime() -> dict[type, Row]:
    from datetime import date, datetime, time, timedelta, timezone  # noqa: PLC0415

    def split(value: time | datetime) -> Sequence[object]:
        naive = value.replace(tzinfo=None, fold=0)
        return [naive.isoformat(), value.fold, value.tzinfo]

    def maker(kind: type[time | datetime]) -> Callable[..., object]:
        return lambda text, fold, zone: kind.fromisoformat(text).replace(
            fold=fold, tzinfo=zone
        )

    def make_timezone(offset: timedelta, name: str) -> timezone:
        usual = timezone(offset)  # timezone.utc is one object
        return usual if usual.tzname(None) == name else timezone(offset, name)

    steps = ("", ".fold", ".tzinfo")
    return {
        date: Row("D", lambda value: [value.isoformat()], date.fromisoformat),
        time: Row("H", split, maker(time), steps),
        datetime: Row("W", split, maker(datetime), steps),
        timedelta: _attributes("L", timedelta, "days", "seconds", "microseconds"),
        timezone: Row(
            "z", lambda v: [v.utcoffset(None), v.tzname(None)], make_timezone
        ),
    }


def _decimal() -> dict[type, Row]:
    from decimal import Decimal  # noqa: PLC0415

    # The context decides whether str() writes "E" or "e".
    return {Decimal: Row("M", lambda value: [str(value).upper()], Decimal)}


def _fractions() -> dict[type, Row]:
    from fractions import Fraction  # noqa: PLC0415

    return {Fraction: _attributes("q", Fraction, "numerator", "denominator")}


def _uuid() -> dict[type, Row]:
    from uuid import UUID  # noqa: PLC0415

    return {UUID: Row("U", lambda value: [value.hex], UUID)}


def _pathlib() -> dict[type, Row]:
    import pathlib  # noqa: PLC0415

    def row(tag: str, kind: type[pathlib.PurePath]) -> Row:
        return Row(tag, lambda value: [value.as_posix()], kind)

    return {
        pathlib.Path: row("p", pathlib.Path),
        pathlib.PosixPath: row("p", pathlib.Path),
        pathlib.WindowsPath: row("p", pathlib.Path),
        pathlib.PurePosixPath: row("P", pathlib.PurePosixPath),
        pathlib.PureWindowsPath: row("Q", pathlib.PureWindowsPath),
    }


def _zoneinfo() -> dict[type, Row]:
    import zoneinfo  # noqa: PLC0415

    known = cache(zoneinfo.available_timezones)

    def split(value: zoneinfo.ZoneInfo) -> Sequence[object]:
        if type(value.key) is not str:
            raise Refused("has no key")
        return [value.key]

    def make(key: str) -> object:
        if key not in known():  # any other name would open a file
            raise Corrupt
        return zoneinfo.ZoneInfo(key)

    return {zoneinfo.ZoneInfo: Row("k", split, make)}


_ELSEWHERE: dict[str, tuple[str, Callable[[], dict[type, Row]]]] = {
    "datetime": ("DHWLz", _datetime),
    "decimal": ("M", _decimal),
    "fractions": ("q", _fractions),
    "uuid": ("U", _uuid),
    "pathlib": ("pPQ", _pathlib),
    "zoneinfo": ("k", _zoneinfo),
}
"""Modules that are imported when the first of their values, or tags, is met."""

_TAGS = {row.tag: row for row in _ROWS.values()}
_CLASSES: dict[tuple[str, str], type] = {
    (kind.__module__, kind.__qualname__): kind
    for kind in (
        *(bool, int, float, complex, str, bytes, tuple, list, set, frozenset, dict),
        *(object, type, range, slice, NoneType, EllipsisType),
    )
}
"""Python's own classes, which no module has to be scanned for."""


@cache
def _load(module: str) -> None:
    for kind, row in _ELSEWHERE[module][1]().items():
        _ROWS[id(kind)] = _TAGS[row.tag] = row
        _CLASSES[module, kind.__qualname__] = kind


def _module_of(kind: type) -> str:
    module, _ = names_of_class(kind)
    return _MOVED.get(module, module)


def _find_row(kind: type) -> Row | None:
    """Return the row of an exact type."""
    row = _ROWS.get(id(kind))
    if row is None and (module := _module_of(kind)) in _ELSEWHERE:
        _load(module)
        row = _ROWS.get(id(kind))
    return row


def _row_of_tag(tag: str) -> Row | None:
    row = _TAGS.get(tag)
    if row is None:
        for module, (tags, _) in _ELSEWHERE.items():
            if tag in tags:
                _load(module)
    return row or _TAGS.get(tag)


def own_class(module: str, qualname: str) -> type | None:
    """Return one of Python's own classes by its name."""
    if module in _ELSEWHERE:
        _load(module)
    return _CLASSES.get((module, qualname))


# The author's classes: enums, dataclasses, named tuples.


def _members(enum: type) -> dict[str, Any]:
    members = look_up(enum, "_member_map_")
    return members if type(members) is dict else {}


def _split_member(value: object, kind: type) -> Split:
    """Split an enum member into its name, or a flag into its bits' names and a rest."""
    stored = storage(value)
    if not issubclass(kind, Flag):
        name = dict.get(stored, "_name_")
        if type(name) is not str or _members(kind).get(name) is not value:
            raise Refused("is not one of the members of its class")
        return "e", [name]
    bits = dict.get(stored, "_value_")
    if type(bits) is not int:
        raise Refused("is not one of the members of its class")
    names: dict[int, str] = {}  # of single bits: new combinations change nothing
    for name, member in _members(kind).items():
        bit = storage(member)["_value_"]
        if bit & bits and bit & (bit - 1) == 0:
            names.setdefault(bit, name)
    return "g", [bits & ~sum(names), *[names[bit] for bit in sorted(names)]]


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


def _is_frozen(kind: type) -> bool:
    params = namespace(kind).get("__dataclass_params__")
    slot = look_up(type(params), "frozen")
    return type(slot) is MemberDescriptorType and bool(slot.__get__(params))


def _tuple_names(kind: type) -> tuple[str, ...] | None:
    """Return the field names of a named tuple's class; None for another class."""
    if not issubclass(kind, tuple) or (names := look_up(kind, "_fields")) is None:
        return None
    if type(names) is not tuple or any(type(name) is not str for name in names):
        raise Refused("is more than its fields")
    return names


def _split_record(value: Any, kind: type, *, whole: bool) -> Sequence[Any] | None:
    """Return the field names of a record, as one text, and the fields."""
    if (fields := _fields(kind)) is not None:
        for base in mro(kind):
            if is_native(base) and _size_of(base) > _size_of(object):
                raise Refused(f"is more than its fields: a {name_of_class(base)} too")
        if whole:
            _check_stored(value, kind, [field.name for field in fields])
        counted = whole or _is_frozen(kind)
        names = [field.name for field in fields if counted or field.compare]
        return [",".join(names), *[_read(value, kind, name) for name in names]]
    if (of_tuple := _tuple_names(kind)) is not None:
        items = list(tuple.__iter__(value))
        if len(of_tuple) != len(items) or dict.__len__(storage(value)):
            raise Refused("is more than its fields")
        return [",".join(of_tuple), *items]
    return None


def _check_stored(value: object, kind: type, names: Sequence[str]) -> None:
    """Refuse an object that stores more than its fields."""
    for name in dict.keys(storage(value)) - set(names):
        if type(look_up(kind, name)) is not cached_property:
            raise Refused(f"stores more than its fields: {name}")
    for base in mro(kind):
        for name, slot in namespace(base).items():
            if type(slot) is MemberDescriptorType and name not in names:
                raise Refused(f"has a slot that is no field: {name}")


def _read(value: object, kind: type, name: str) -> object:
    """Read a field from its slot, the instance, or the default on the class."""
    on_class = look_up(kind, name, _MISSING)
    if type(on_class) is MemberDescriptorType:
        try:
            return on_class.__get__(value, kind)
        except (AttributeError, TypeError):  # empty, or the slot of another class
            raise Refused(f"has no value in its field {name}") from None
    if _has(on_class, "__set__") or _has(on_class, "__delete__"):
        raise Refused(f"computes its field {name}")
    found = dict.get(storage(value), name, _MISSING)
    if found is _MISSING:
        found = on_class
        if on_class is _MISSING or _has(on_class, "__get__"):
            raise Refused(f"has no value in its field {name}")
    return found


def _has(value: object, method: str) -> bool:
    return look_up(type(value), method) is not None


# Writing.


class Codec:
    """How values are written, with the host's own types.

    Args:
        encoders: for the host's types: exact type to a function that returns a value
            that stands for the object. They come before the forms of classes, such as
            dataclasses, but after those of Python's types.
        decoders: the counterparts: a function that returns the object for such a value.
        module_name: maps a module's name to the one that other processes know.

    Raises:
        TypeError: a key is no type, or a value is not callable.
        ValueError: a type has a form already, or a decoder but no encoder.
    """

    def __init__(
        self,
        *,
        encoders: Mapping[type, Callable[[Any], object]] | None = None,
        decoders: Mapping[type, Callable[[Any], object]] | None = None,
        module_name: Callable[[str], str] = str,
    ) -> None:
        self.module_name = module_name
        self.encoders = dict(encoders or {})
        self.decoders = dict(decoders or {})
        self._check("encoders", self.encoders)
        self._check("decoders", self.decoders)
        self.encoder_of = {id(kind): one for kind, one in self.encoders.items()}
        for kind in self.decoders:
            if id(kind) not in self.encoder_of:
                raise ValueError(
                    f"decoders has {name_of_class(kind)}, which has no encoder: "
                    "Identity(encoders={Type: function})"
                )

    def _check(self, what: str, given: Mapping[type, Callable[[Any], object]]) -> None:
        for kind, function in given.items():
            if not issubclass(type(kind), type) or not callable(function):
                raise TypeError(f"{what} must map types to functions, not {kind!r}")
            if _find_row(kind) or id(kind) in _SCALARS:
                raise ValueError(
                    f"{what} must not have {name_of_class(kind)}: it has a canonical "
                    "form already, so its encoder would never be asked"
                )

    def encode(
        self,
        value: object,
        where: str,
        *,
        describe: Describe | None = None,
        omitted: list[str] | None = None,
    ) -> bytes:
        """Return the canonical bytes of a value, written as a tree.

        Equal typed values have equal bytes in every process, other values have others.

        Args:
            value: what was bound or captured.
            where: the variable or argument, for errors: ``"url"``, ``"args[0]"``.
            describe: called with a callable; returns a text that names its code, and
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


class Writing:
    """What both writings share: splitting a value into a tag and parts."""

    whole = True
    """Whether all that an object stores is written, or only what is compared."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.names: dict[int, tuple[type, list[str]]] = {}

    def split(self, value: Any, kind: type) -> Split | None:
        """Return tag and parts of a value; None for a callable or an unknown type."""
        row = _ROWS.get(id(kind)) or _find_row(kind)
        if row is not None:
            return row.tag, row.split(value)
        if (encoder := self.codec.encoder_of.get(id(kind))) is not None:
            return "x", [*self.class_name(kind, trusted=True), encoder(value)]
        if issubclass(kind, type):
            return "C", self.class_name(value)
        if issubclass(kind, ModuleType):
            return "m", [self.module(value)]
        if issubclass(kind, Enum):
            tag, parts = _split_member(value, kind)
            return tag, [*self.class_name(kind), *parts]
        record = _split_record(value, kind, whole=self.whole)
        return None if record is None else ("r", [*self.class_name(kind), *record])

    def class_name(self, kind: type, *, trusted: bool = False) -> list[str]:
        """Return module and qualified name of a class that its module holds."""
        if id(kind) not in self.names:
            # A type with an encoder of its own is trusted: a local class will do.
            if not (trusted or is_native(kind) or is_held(kind)):
                raise Refused(
                    "is a class that its module does not hold under this name (made in "
                    "a function, replaced, or not assigned yet), so others may bear it"
                )
            module, qualname = _module_of(kind), names_of_class(kind)[1]
            self.names[id(kind)] = kind, [self.codec.module_name(module), qualname]
        return self.names[id(kind)][1]

    def module(self, value: ModuleType) -> str:
        """Return the name of a module that ``sys.modules`` holds."""
        name = globals_of(value).get("__name__")
        if type(name) is not str or sys.modules.get(name) is not value:
            raise Refused("is a module that sys.modules does not hold under its name")
        return self.codec.module_name(name)

    def refuse(self, value: object, kind: type) -> NoReturn:
        """Refuse a value of an unknown type."""
        if look_up(kind, "__dataclass_fields__") is not None:
            raise Refused("is not a dataclass itself, only a base of it is")
        for base in mro(kind)[1:]:
            if (base is not object and _find_row(base)) or id(base) in _SCALARS:
                raise Refused(f"is more than the {name_of_class(base)} it derives from")
        if callable(value):
            raise Refused("is a callable without an identity")
        raise Refused("has no canonical form")


def step(tag: str, parts: Sequence[Any], index: int) -> str:
    """Return how an error calls the way to a part."""
    if tag == "r":
        names: list[str] = parts[2].split(",")
        return f".{names[index - 3]}"
    if tag in "SZ":
        return "[item]"
    if tag == "d":
        return "[value]" if index % 2 else "[key]"
    if tag in "xh":
        return ""
    row = _TAGS.get(tag)
    return row.steps[index] if row and row.steps else f"[{index}]"


def type_name_of(value: object) -> str:
    """Return the full name of a value's type; of a class, its own."""
    is_class = issubclass(type(value), type)
    return name_of_class(cast("type", value) if is_class else type(value))


class _Node:
    """A part of a tree that is being written.

    Attributes:
        index: its number.
        low: the lowest number that its form refers to.
        forms: the forms of its first parts.
    """

    __slots__ = ("forms", "index", "low", "parts", "tag", "value")

    def __init__(self, value: object, split: Split, index: int) -> None:
        self.value = value
        self.tag, self.parts = split
        self.index = self.low = index
        self.forms: list[bytes] = []

    def close(self) -> bytes:
        forms: Sequence[bytes] = self.forms
        if self.tag in "SZ":
            self.forms.sort()
        elif self.tag == "d":
            forms = sorted(map(add, forms[::2], forms[1::2]))
        return b"%b%d:%b" % (self.tag.encode(), len(self.parts), b"".join(forms))


class _Tree(Writing):
    """One value on its way to the bytes of an id."""

    whole = False

    def __init__(
        self,
        codec: Codec,
        where: str,
        describe: Describe | None,
        omitted: list[str] | None,
    ) -> None:
        super().__init__(codec)
        self.where = where
        self.describe = describe
        self.omitted = omitted
        self.open: list[_Node] = []
        self.active: set[int] = set()
        self.callables: list[int] = []  # numbers of the open ones
        # Parts by number: the open ones, and those that lead back to an open one.
        self.begun: list[object] = []
        self.numbers: dict[int, int] = {}
        self.digests: dict[int, tuple[object, bytes]] = {}  # keeps the objects alive
        self.left = -1  # parts that may follow, once something leads back

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
            return self.shorten(value, scalar(value))
        if address in self.numbers:
            return self.again(address)
        if len(self.open) >= _DEEPEST:
            raise Refused(f"is nested more than {_DEEPEST} levels deep")
        split = self.split(value, kind)
        if split is None:
            found = self.describe(value) if self.describe and callable(value) else None
            if found is None:
                self.refuse(value, kind)
            split = "h", [found[0], *found[1]]
            self.callables.append(len(self.begun))
        if self.left >= 0:
            self.left -= 1
            if self.left < 0:
                raise Refused("refers to itself by way of too many callables")
        node = _Node(value, split, len(self.begun))
        self.active.add(address)
        self.numbers[address] = node.index
        self.begun.append(value)
        return node

    def again(self, address: int) -> bytes:
        number = self.numbers[address]
        if address in self.active and number > (self.callables or [-1])[-1]:
            raise Refused("refers to itself")
        self.open[-1].low = min(self.open[-1].low, number)
        if self.left < 0:
            self.left = _MOST
        return b"^%x;" % (len(self.begun) - number)

    def close(self) -> bytes:
        node = self.open.pop()
        self.active.remove(id(node.value))
        if node.tag == "h":
            self.callables.pop()
        form = node.close()
        if not self.open:
            return form
        above = self.open[-1]
        complete = node.low == node.index
        above.low = min(above.low, node.low)
        if complete or above.tag in "SZd":
            for one in self.begun[node.index :]:
                del self.numbers[id(one)]
            del self.begun[node.index :]
        return self.shorten(node.value, form, keep=complete)

    def shorten(self, value: object, form: bytes, *, keep: bool = True) -> bytes:
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
