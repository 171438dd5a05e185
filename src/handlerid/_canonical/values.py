"""Values as canonical bytes: bound arguments, and captures that are compared.

What belongs here: which values have a canonical form, which form, and reading a value
without running its code. What a callable is made of, its identity knows: ``describe``.

The rules:

1. Typed: ``1``, ``True`` and ``1.0`` differ, ``(1,)`` and ``[1]``, ``0.0`` and
   ``-0.0``. A form begins with its type's tag and says where it ends, so no form is
   the beginning of another.
2. Exact types. A subclass may hold more than its base shows, so it is refused, unless
   it is an enum, a dataclass or a named tuple, or the host has an encoder for it.
3. Nothing that depends on the process: no ``repr``, no hash order, no address.
4. No code of a value runs, only the host's: ``describe``, ``encoders`` and
   ``module_name``. So types are compared with ``is`` and found by address (a metaclass
   may define ``__eq__`` and ``__hash__``), and attributes are read where they
   are stored.
5. A class is known by module and qualified name, so its module must hold it under that
   name. Two classes made by one function share a name and must not share an id.
6. No value takes forever. An explicit stack bounds the depth, not Python's; a long form
   inside another is stood for by its digest, which is worked out once an object, so
   shared parts cost nothing, however often they are shared.

The forms. *n* is a decimal number, *hex* a signed number in lower-case hexadecimal
(``-ff``), both without leading zeros; *text* is *n*, ``:`` and *n* bytes of UTF-8 (lone
surrogates encoded like other code points); *class* is two texts, module and qualified
name; *value* is a form, or, where the form is longer than 256 bytes, ``#`` and the 32
bytes of its BLAKE2b. All else is literal; blanks are not part of a form. "Ascending"
orders by the bytes that stand there, digests included.

====  ==================  ==========================================================
tag   type                body
====  ==================  ==========================================================
N     None                nothing
.     Ellipsis            nothing
T F   bool                nothing
i     int                 hex ``;``
f     float               8 bytes, IEEE 754, big-endian; NaN is ``7ff8000000000000``
c     complex             real, imaginary, each as a float's 8 bytes
s     str                 text
b     bytes               n ``:`` n bytes
t l   tuple, list         n ``:`` n values
S Z   set, frozenset      n ``:`` n values, ascending
d     dict                n ``:`` n times key value, value; the pairs ascending
R     range               length hex ``;`` first hex ``;`` step hex ``;`` where first is
                          0 when the length is 0, and step when it is less than 2
/     slice               values: start, stop, step
D     date                ``YYYY-MM-DD``
H     time                ``HH:MM:SS.ffffff``, fold (0 or 1), value of the tzinfo
W     datetime            ``YYYY-MM-DDTHH:MM:SS.ffffff``, fold, value of the tzinfo
L     timedelta           microseconds hex ``;``
z     timezone            values: offset (a timedelta), name (a str)
k     ZoneInfo            text of its key
M     Decimal             ``+`` or ``-``, digits, ``E``, exponent in decimal (``F`` for
                          infinity, ``n`` for NaN, ``N`` for sNaN), ``;``
q     Fraction            values: numerator, denominator
U     UUID                value of its 128-bit int
p     Path                text, with forward slashes; one form on every platform
P Q   PurePosixPath,      text, with forward slashes
      PureWindowsPath
e     enum member         class, text of the member's name
g     Flag member         class, n ``:`` n texts, the names of its single bits from the
                          lowest, then hex ``;``, the bits that have no name
r     dataclass,          class, n ``:`` n texts, the names of the fields in order, n
      named tuple         values; without fields that have ``compare=False``
C     class               class
a     ``list[int]`` etc.  values: origin, tuple of arguments
m     module              text of its name
h     callable            value of what ``describe`` gave
x     type with encoder   class, value of what the encoder gave
====  ==================  ==========================================================
"""

from __future__ import annotations

import sys
from hashlib import blake2b
from operator import add
from struct import pack
from types import (
    EllipsisType,
    GenericAlias,
    GetSetDescriptorType,
    MemberDescriptorType,
    ModuleType,
    NoneType,
    SimpleNamespace,
)
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from handlerid.errors import UnstableCapture

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from decimal import Decimal
    from fractions import Fraction
    from pathlib import PurePath
    from uuid import UUID
    from zoneinfo import ZoneInfo

    Describe: TypeAlias = Callable[[object], object | None]
    Encoders: TypeAlias = Mapping[type, Callable[[Any], object]]
    Former: TypeAlias = Callable[[Any], "bytes | _Node"]

__all__ = ["encode_value", "same_value"]

_LONGEST = 256
"""Bytes of a form that stands inside another; a longer one gives way to its digest."""

_DEEPEST = 20_000
"""Levels. Only an encoder that never ends, or an attack, nests deeper."""

_SHOWN = 8
"""Steps of a path that an error shows from either end."""

_NO_ENCODERS: Encoders = {}


def _no_identity(value: object) -> None:
    """Says of every callable that it has no identity."""


def _same_name(module: str) -> str:
    return module


def encode_value(
    value: object,
    where: str,
    *,
    describe: Describe = _no_identity,
    encoders: Encoders = _NO_ENCODERS,
    module_name: Callable[[str], str] = _same_name,
) -> bytes:
    """Returns the canonical bytes of a value.

    Equal typed values give equal bytes in every process, other values give others.

    Args:
        value: what was bound or captured.
        where: the variable or argument, for errors: ``"url"``, ``"args[0]"``.
        describe: called with a callable; returns a value that stands for it, or None
            when the callable has no identity.
        encoders: for the host's own types: exact type to a function that returns a
            value that stands for the object. Types of the table are never looked up
            in it; enums, dataclasses and named tuples are.
        module_name: maps a module's name to the one that other processes know it by.

    Raises:
        UnstableCapture: the value, or a part of it, has no canonical form. What
            ``describe`` and the encoders raise passes through.
    """
    scalar = _SCALARS.get(id(type(value)))
    if scalar is not None:
        return scalar(value)
    return _Walk(where, describe, encoders, module_name).encode(value)


def same_value(
    value: object,
    other: object,
    *,
    describe: Describe = _no_identity,
    encoders: Encoders = _NO_ENCODERS,
    module_name: Callable[[str], str] = _same_name,
) -> bool:
    """Tells whether two values are one object, or have the same canonical bytes.

    What cannot be compared differs: a value without a canonical form, a host's
    function that raises. The arguments are those of `encode_value`.
    """
    if value is other:
        return True
    kind = type(value)
    if kind is type(other) and (kind is str or kind is int):
        return value == other
    try:
        form, its = (
            encode_value(
                one, "", describe=describe, encoders=encoders, module_name=module_name
            )
            for one in (value, other)
        )
    except Exception:  # noqa: BLE001  (the host's code may raise anything)
        return False
    return form == its


class _Refused(Exception):
    """A value without a canonical form; its text says why. Never leaves this file."""


class _Node:
    """A value whose form consists of the forms of others."""

    __slots__ = ("arrange", "children", "head", "parts", "step", "value")

    def __init__(
        self,
        value: object,
        head: bytes,
        children: Sequence[object],
        step: Callable[[int], str] = "[{}]".format,
        arrange: Callable[[list[bytes]], Iterable[bytes]] | None = None,
    ) -> None:
        self.value = value
        self.head = head
        self.children = children
        self.parts: list[bytes] = []
        self.step = step
        self.arrange = arrange

    def close(self) -> bytes:
        parts = self.arrange(self.parts) if self.arrange else self.parts
        return self.head + b"".join(parts)


# Types that are always there. A form takes the value and returns its bytes, or a node.


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(data), data)


def _number(number: float) -> bytes:
    if number != number:  # noqa: PLR0124  (only NaN differs from itself)
        return b"\x7f\xf8\0\0\0\0\0\0"
    return pack(">d", number)


def _str(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(data), data)


def _range(value: range) -> bytes:
    # len() refuses what does not fit in a machine word.
    length = max(0, -((value.start - value.stop) // value.step))
    first = value.start if length else 0
    return b"R%x;%x;%x;" % (length, first, value.step if length > 1 else 0)


def _dict(value: dict[object, object]) -> _Node:
    flat = [part for pair in list(value.items()) for part in pair]
    return _Node(value, b"d%d:" % (len(flat) // 2), flat, _key_or_value, _by_pairs)


def _key_or_value(index: int) -> str:
    return "[value]" if index % 2 else "[key]"


def _by_pairs(parts: list[bytes]) -> list[bytes]:
    return sorted(map(add, parts[::2], parts[1::2]))


def _set(tag: bytes, value: set[object] | frozenset[object]) -> _Node:
    members = list(value)
    head = b"%b%d:" % (tag, len(members))
    return _Node(value, head, members, lambda _: "[item]", sorted)


def _list(value: list[object]) -> _Node:
    items = list(value)  # another thread may append meanwhile
    return _Node(value, b"l%d:" % len(items), items)


def _fields(value: object, tag: bytes, **fields: object) -> _Node:
    names = list(fields)
    return _Node(value, tag, list(fields.values()), lambda index: f".{names[index]}")


def _alias(value: GenericAlias) -> _Node:
    if value.__unpacked__:
        raise _Refused("is unpacked")
    return _fields(value, b"a", __origin__=value.__origin__, __args__=value.__args__)


_SCALARS: dict[int, Callable[[Any], bytes]] = {
    id(NoneType): lambda _: b"N",
    id(EllipsisType): lambda _: b".",
    id(bool): lambda value: b"T" if value else b"F",
    id(int): lambda value: b"i%x;" % value,
    id(float): lambda value: b"f" + _number(value),
    id(complex): lambda value: b"c" + _number(value.real) + _number(value.imag),
    id(str): _str,
    id(bytes): lambda value: b"b%d:%b" % (len(value), value),
    id(range): _range,
}
"""Forms by the type's address. These never refuse, and are never a node."""

_FORMS: dict[int, Former] = {
    **_SCALARS,
    id(tuple): lambda value: _Node(value, b"t%d:" % len(value), value),
    id(list): _list,
    id(set): lambda value: _set(b"S", value),
    id(frozenset): lambda value: _set(b"Z", value),
    id(dict): _dict,
    id(GenericAlias): _alias,
    id(slice): lambda value: _fields(
        value, b"/", start=value.start, stop=value.stop, step=value.step
    ),
}
"""All forms by the type's address; types of other modules join when they are met."""

_MET: list[type] = []
"""The types that joined. An address means a type only while the type lives."""


# Types of modules that are not imported for their sake.


def _micro(delta: datetime.timedelta) -> int:
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _clock(value: datetime.time | datetime.datetime) -> bytes:
    return b"%02d:%02d:%02d.%06d%d" % (
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        value.fold,
    )


def _date(value: datetime.date) -> bytes:
    return b"%04d-%02d-%02d" % (value.year, value.month, value.day)


def _datetime(value: datetime.datetime) -> _Node:
    head = b"W%bT%b" % (_date(value), _clock(value))
    return _fields(value, head, tzinfo=value.tzinfo)


def _timezone(value: datetime.timezone) -> _Node:
    return _fields(value, b"z", offset=value.utcoffset(None), name=value.tzname(None))


def _zone_info(value: ZoneInfo) -> bytes:
    if type(value.key) is not str:
        raise _Refused("has no key")
    return b"k" + _text(value.key)


def _decimal(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    # Not str(value): its "E" follows the context.
    text = "".join(map(str, digits)) + f"E{exponent};"
    return (b"M-" if sign else b"M+") + text.encode()


def _fraction(value: Fraction) -> _Node:
    return _fields(
        value, b"q", numerator=value.numerator, denominator=value.denominator
    )


def _uuid(value: UUID) -> _Node:
    return _fields(value, b"U", int=value.int)


def _path(tag: bytes) -> Callable[[PurePath], bytes]:
    return lambda value: tag + _text(value.as_posix())


_ELSEWHERE: dict[tuple[str, str], Former] = {
    ("datetime", "date"): lambda value: b"D" + _date(value),
    ("datetime", "time"): lambda value: _fields(
        value, b"H" + _clock(value), tzinfo=value.tzinfo
    ),
    ("datetime", "datetime"): _datetime,
    ("datetime", "timedelta"): lambda value: b"L%x;" % _micro(value),
    ("datetime", "timezone"): _timezone,
    ("zoneinfo", "ZoneInfo"): _zone_info,
    ("decimal", "Decimal"): _decimal,
    ("fractions", "Fraction"): _fraction,
    ("uuid", "UUID"): _uuid,
    ("pathlib", "PosixPath"): _path(b"p"),
    ("pathlib", "WindowsPath"): _path(b"p"),
    ("pathlib", "PurePosixPath"): _path(b"P"),
    ("pathlib", "PureWindowsPath"): _path(b"Q"),
}
"""Forms by module and name: a lead that `_known` follows, not a proof."""

_MOVED = {"pathlib._local": "pathlib"}
"""Modules that only one Python has, by their name in the others."""


def _known(kind: type) -> Former | None:
    """Finds the form of an exact type."""
    form = _FORMS.get(id(kind))
    if form is None:
        module, qualname = _names(kind)
        form = _ELSEWHERE.get((_MOVED.get(module, module), qualname))
        # Any class may claim the name. This one is what the module has under it.
        if form is None or _held(module, qualname) is not kind:
            return None
        _MET.append(kind)
        _FORMS[id(kind)] = form
    return form


# Reading classes and objects without running their code. ``isinstance`` is not used
# on a value: it asks for ``__class__``.

_mro: Callable[[type], tuple[type, ...]] = vars(type)["__mro__"].__get__
_namespace: Callable[[type], Mapping[str, Any]] = vars(type)["__dict__"].__get__
_globals: Callable[[ModuleType], dict[str, Any]] = vars(ModuleType)["__dict__"].__get__
_module_of: Callable[[type], object] = vars(type)["__module__"].__get__
_qualname_of: Callable[[type], object] = vars(type)["__qualname__"].__get__
_flags_of: Callable[[type], int] = vars(type)["__flags__"].__get__
_size_of: Callable[[type], int] = vars(type)["__basicsize__"].__get__

_IMMUTABLE = 1 << 8
"""The flag of classes written in C: no Python code made them or can rename them."""

_MISSING = object()


def _names(kind: type) -> tuple[str, str]:
    """Returns module and qualified name; ``"?"`` for what is not a text."""
    try:
        module = _module_of(kind)
    except AttributeError:
        module = None
    qualname = _qualname_of(kind)
    return (
        module if type(module) is str else "?",
        qualname if type(qualname) is str else "?",
    )


def _held(module: str, qualname: str) -> object:
    """Finds what a module holds under a class's name; None where that is no class.

    Returns ``_MISSING`` when the module cannot be asked: some hosts run files that
    never stand in ``sys.modules``.
    """
    if "?" in (module, qualname) or "<locals>" in qualname:
        return None
    holder = sys.modules.get(module)
    if holder is None or not issubclass(type(holder), ModuleType):
        return _MISSING
    namespace: Mapping[str, Any] = _globals(holder)
    found: object = None
    for name in qualname.split("."):
        found = namespace.get(name)
        if not issubclass(type(found), type):
            return None
        namespace = _namespace(cast("type", found))
    return found


def _look_up(kind: type, name: str) -> Any:
    for base in _mro(kind):
        found = _namespace(base).get(name, _MISSING)
        if found is not _MISSING:
            return found
    return _MISSING


def _storage(value: object, kind: type) -> dict[str, Any]:
    """Returns the instance's dict; an empty one where there is none."""
    found = _look_up(kind, "__dict__")
    if type(found) is GetSetDescriptorType:  # a property would be the class's own code
        return cast("dict[str, Any]", found.__get__(value, kind))
    return {}


def _read(value: object, kind: type, name: str) -> object:
    """Reads a field from where it is stored: slot, instance, or a default on the class.

    A property in its place is code, and is not asked.
    """
    on_class = _look_up(kind, name)
    if type(on_class) is MemberDescriptorType:
        try:
            return on_class.__get__(value, kind)
        except (AttributeError, TypeError):  # empty, or the slot of another class
            raise _Refused(f"has no value in its field {name}") from None
    if _has(on_class, "__set__") or _has(on_class, "__delete__"):
        raise _Refused(f"computes its field {name}")
    stored = dict.get(_storage(value, kind), name, _MISSING)
    if stored is _MISSING:
        stored = on_class
        if stored is _MISSING or _has(stored, "__get__"):
            raise _Refused(f"has no value in its field {name}")
    return stored


def _has(value: object, method: str) -> bool:
    return _look_up(type(value), method) is not _MISSING


def _members_of(enum: type) -> dict[str, object]:
    members = _look_up(enum, "_member_map_")
    return members if type(members) is dict else {}


def _compared_fields(kind: type) -> list[str] | None:
    """Names a dataclass's fields that are compared; None where it is no dataclass."""
    # Of the class itself: a subclass that is not decorated may hold more.
    declared = _namespace(kind).get("__dataclass_fields__")
    dataclasses = sys.modules.get("dataclasses")
    if dataclasses is None or type(declared) is not dict:
        return None
    if any(type(field) is not dataclasses.Field for field in declared.values()):
        return None
    # fields() reads this one attribute, and leaves out ClassVar and InitVar.
    stand_in = SimpleNamespace(__dataclass_fields__=declared)
    return [field.name for field in dataclasses.fields(stand_in) if field.compare]


class _Walk:
    """One value on its way to bytes, with an explicit stack."""

    def __init__(
        self,
        where: str,
        describe: Describe,
        encoders: Encoders,
        module_name: Callable[[str], str],
    ) -> None:
        self.where = where
        self.describe = describe
        self.encoders = {id(kind): encoder for kind, encoder in encoders.items()}
        self.module_name = module_name
        self.open: list[_Node] = []
        self.active: set[int] = set()
        # Both keep the object: an encoder's result would be gone, its address reused.
        self.digests: dict[int, tuple[object, bytes]] = {}
        self.classes: dict[int, tuple[type, bytes]] = {}

    def encode(self, value: object) -> bytes:
        try:
            form = self.form(value)
            while True:
                if isinstance(form, _Node):
                    self.enter(form)
                elif self.open:
                    self.open[-1].parts.append(self.shorten(value, form))
                else:
                    return form
                node = self.open[-1]
                if len(node.parts) < len(node.children):
                    value = node.children[len(node.parts)]
                    form = self.form(value)
                else:
                    value, form = node.value, self.leave()
        except _Refused as refusal:
            raise self.unstable(value, str(refusal)) from None

    def enter(self, node: _Node) -> None:
        if id(node.value) in self.active:
            raise _Refused("refers to itself")
        if len(self.open) >= _DEEPEST:
            raise _Refused(f"is nested more than {_DEEPEST} levels deep")
        self.active.add(id(node.value))
        self.open.append(node)

    def leave(self) -> bytes:
        node = self.open.pop()
        self.active.remove(id(node.value))
        return node.close()

    def shorten(self, value: object, form: bytes) -> bytes:
        if len(form) <= _LONGEST:
            return form
        digest = b"#" + blake2b(form, digest_size=32).digest()
        self.digests[id(value)] = value, digest
        return digest

    def form(self, value: object) -> bytes | _Node:
        if self.digests and id(value) in self.digests:
            return self.digests[id(value)][1]
        kind = type(value)
        known = _FORMS.get(id(kind)) or _known(kind)
        return known(value) if known else self.other(value, kind)

    def other(self, value: object, kind: type) -> bytes | _Node:
        """The form of a value whose type is not in the tables."""
        if (encoder := self.encoders.get(id(kind))) is not None:
            # Whoever names a type vouches for it: a local class will do.
            head = b"x" + self.class_name(kind, vouched=True)
            return _Node(value, head, [_ask(encoder, value)], _inside)
        if issubclass(kind, type):
            return b"C" + self.class_name(cast("type", value))
        if issubclass(kind, ModuleType):
            return self.module(cast("ModuleType", value))
        return self.instance(value, kind)

    def instance(self, value: object, kind: type) -> bytes | _Node:
        enum = sys.modules.get("enum")
        if enum is not None and issubclass(kind, enum.Enum):
            flag = issubclass(kind, enum.Flag)
            return self.flag(value, kind) if flag else self.member(value, kind)
        if (names := _compared_fields(kind)) is not None:
            return self.dataclass(value, kind, names)
        if issubclass(kind, tuple) and _look_up(kind, "_fields") is not _MISSING:
            return self.named_tuple(cast("tuple[object, ...]", value), kind)
        return self.described(value, kind)

    def described(self, value: object, kind: type) -> _Node:
        stand_in = _ask(self.describe, value) if callable(value) else None
        if stand_in is not None:
            return _Node(value, b"h", [stand_in], _inside)
        if _has(value, "__dataclass_fields__"):
            raise _Refused("is not a dataclass itself, only a base of it is")
        for base in _mro(kind)[1:]:
            if _known(base):
                raise _Refused(f"is more than the {_type_name(base)} it derives from")
        if callable(value):
            raise _Refused("is a callable without an identity")
        raise _Refused("has no canonical form")

    def member(self, value: object, kind: type) -> bytes:
        name = dict.get(_storage(value, kind), "_name_")
        if type(name) is not str or _members_of(kind).get(name) is not value:
            raise _Refused("is not one of the members of its class")
        return b"e" + self.class_name(kind) + _text(name)

    def flag(self, value: object, kind: type) -> bytes:
        # By bits, so that a name added for a combination changes nothing.
        bits = dict.get(_storage(value, kind), "_value_")
        if type(bits) is not int:
            raise _Refused("is not one of the members of its class")
        names: dict[int, str] = {}
        for member in _members_of(kind).values():
            stored = _storage(member, kind)
            bit = stored["_value_"]
            if bit & bits and bit & (bit - 1) == 0:
                names[bit] = stored["_name_"]
        texts = b"".join(_text(names[bit]) for bit in sorted(names))
        rest = bits & ~sum(names)
        return b"g%b%d:%b%x;" % (self.class_name(kind), len(names), texts, rest)

    def dataclass(self, value: object, kind: type, names: list[str]) -> _Node:
        for base in _mro(kind):
            if _flags_of(base) & _IMMUTABLE and _size_of(base) > _size_of(object):
                raise _Refused(f"is more than its fields: a {_type_name(base)} too")
        items = [_read(value, kind, name) for name in names]
        return self.record(value, kind, names, items)

    def named_tuple(self, value: tuple[object, ...], kind: type) -> _Node:
        names, items = _look_up(kind, "_fields"), list(tuple.__iter__(value))
        if (
            type(names) is not tuple
            or any(type(name) is not str for name in names)
            or len(names) != len(items)
            or dict.__len__(_storage(value, kind))
        ):
            raise _Refused("is more than its fields")
        return self.record(value, kind, names, items)

    def record(
        self, value: object, kind: type, names: Sequence[str], items: list[object]
    ) -> _Node:
        texts = b"".join(map(_text, names))
        head = b"r%b%d:%b" % (self.class_name(kind), len(names), texts)
        return _Node(value, head, items, lambda index: f".{names[index]}")

    def module(self, value: ModuleType) -> bytes:
        name = _globals(value).get("__name__")
        if type(name) is not str or sys.modules.get(name) is not value:
            raise _Refused("is a module that sys.modules does not hold under its name")
        return b"m" + _text(self.module_name(name))

    def class_name(self, kind: type, *, vouched: bool = False) -> bytes:
        if id(kind) in self.classes:
            return self.classes[id(kind)][1]
        module, qualname = _names(kind)
        if not (vouched or _flags_of(kind) & _IMMUTABLE):
            held = _held(module, qualname)
            if held is not kind and held is not _MISSING:
                raise _Refused(
                    "is a class that its module does not hold under this name (made in "
                    "a function, replaced, or not assigned yet), so others may bear it"
                )
        name = self.module_name(_MOVED.get(module, module))
        self.classes[id(kind)] = kind, _text(name) + _text(qualname)
        return self.classes[id(kind)][1]

    def unstable(self, value: object, reason: str) -> UnstableCapture:
        steps = [node.step(len(node.parts)) for node in self.open]
        if len(steps) > 2 * _SHOWN:
            steps[_SHOWN:-_SHOWN] = ["..."]
        where = self.where + "".join(steps)
        kind = cast("type", value) if issubclass(type(value), type) else type(value)
        name = _type_name(kind)
        return UnstableCapture(
            f"{where} cannot be part of an id: {name} {reason}. Pass a key instead and "
            "look the object up in the handler, use a supported type, or register an "
            "encoder for this type.",
            where=where,
            type_name=name,
        )


def _type_name(kind: type) -> str:
    return ".".join(_names(kind))


def _inside(_: int) -> str:
    return ""  # what stands for a value has no place of its own


def _ask(host: Callable[[Any], object], value: object) -> object:
    try:
        return host(value)
    except RecursionError:
        # An identity encodes the arguments of a partial by themselves, so a list that
        # holds a partial of itself ends here.
        raise _Refused("refers to itself, or nests too deep for the stack") from None
