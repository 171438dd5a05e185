"""The canonical form of each type: the table, and the forms of Python's own types.

What belongs here: which values have a form, and which form. How forms are put together
is said by ``walk``, how the author's own classes are read by ``records``.

*n* is a decimal number, *hex* a signed number in lower-case hexadecimal (``-ff``), both
without leading zeros; *text* is *n*, ``:`` and *n* bytes of UTF-8 (lone surrogates
encoded like other code points); *class* is two texts, module and qualified name;
*value* is a form, or, where the form is longer than 256 bytes, ``#`` and the 32 bytes
of its BLAKE2b. All else is literal; blanks are not part of a form. "Ascending" orders
by the bytes that stand there, digests included.

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
^     value whose         n ``:`` n names, ascending, form; in it, a name stands for
      callables lead to   each callable. A name is ``#`` and 32 bytes: see rule 7 in
      themselves          ``values``
====  ==================  ==========================================================
"""

from __future__ import annotations

from operator import add
from struct import pack
from types import EllipsisType, GenericAlias, NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

from handlerid._canonical.peek import is_held, names_of_class

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable, Sequence
    from decimal import Decimal
    from pathlib import PurePath
    from zoneinfo import ZoneInfo

    Former: TypeAlias = "Callable[[Any], bytes | Node]"

__all__ = [
    "FORMS",
    "MOVED",
    "SCALARS",
    "Node",
    "Refused",
    "known_form",
    "node_of_fields",
    "text_form",
]


class Refused(Exception):
    """A value without a canonical form; its text says why. ``walk`` catches it."""


class Node:
    """A value whose form consists of the forms of others.

    Attributes:
        value: the value.
        head: what its form begins with.
        children: the others.
        parts: the forms of the first of them, as far as they are known.
        step: tells how an error calls the way to a child, by its index.
        arrange: puts the parts into the order that they have in the form.
    """

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
        """Returns the form, once all parts are known."""
        parts = self.arrange(self.parts) if self.arrange else self.parts
        return self.head + b"".join(parts)


def node_of_fields(
    value: object, head: bytes, names: Sequence[str], fields: Sequence[object]
) -> Node:
    """Returns the node of a value that consists of named fields."""
    return Node(value, head, fields, lambda index: f".{names[index]}")


def text_form(text: str) -> bytes:
    """Returns what the table calls a text."""
    data = text.encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(data), data)


# Types that are always there. A former takes the value and returns its form, or a node.


def _fields(head: bytes, *names: str) -> Former:
    return lambda value: node_of_fields(
        value, head, names, [getattr(value, name) for name in names]
    )


def _number(number: float) -> bytes:
    if number != number:  # noqa: PLR0124  (only NaN differs from itself)
        return b"\x7f\xf8\0\0\0\0\0\0"
    return pack(">d", number)


def _str(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")  # no second call: there are many
    return b"s%d:%b" % (len(data), data)


def _range(value: range) -> bytes:
    # len() refuses what does not fit in a machine word.
    length = max(0, -((value.start - value.stop) // value.step))
    first = value.start if length else 0
    return b"R%x;%x;%x;" % (length, first, value.step if length > 1 else 0)


def _list(value: list[object]) -> Node:
    items = list(value)  # another thread may append meanwhile
    return Node(value, b"l%d:" % len(items), items)


def _set(tag: bytes) -> Former:
    def form(value: set[object] | frozenset[object]) -> Node:
        members = list(value)
        head = b"%b%d:" % (tag, len(members))
        return Node(value, head, members, lambda _: "[item]", sorted)

    return form


def _dict(value: dict[object, object]) -> Node:
    flat = [part for pair in list(value.items()) for part in pair]
    return Node(value, b"d%d:" % (len(flat) // 2), flat, _key_or_value, _by_pairs)


def _key_or_value(index: int) -> str:
    return "[value]" if index % 2 else "[key]"


def _by_pairs(parts: list[bytes]) -> list[bytes]:
    return sorted(map(add, parts[::2], parts[1::2]))


def _alias(value: GenericAlias) -> bytes | Node:
    if value.__unpacked__:
        raise Refused("is unpacked")
    return _fields(b"a", "__origin__", "__args__")(value)


SCALARS: dict[int, Callable[[Any], bytes]] = {
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
"""Formers by the type's address. These never refuse, and never return a node."""

FORMS: dict[int, Former] = {
    **SCALARS,
    id(tuple): lambda value: Node(value, b"t%d:" % len(value), value),
    id(list): _list,
    id(set): _set(b"S"),
    id(frozenset): _set(b"Z"),
    id(dict): _dict,
    id(slice): _fields(b"/", "start", "stop", "step"),
    id(GenericAlias): _alias,
}
"""All formers by the type's address; types of other modules join when they are met."""


# Types of modules that are not imported for their sake.


def _time(tag: bytes) -> Former:
    def form(value: datetime.time | datetime.datetime) -> Node:
        naive = value.replace(tzinfo=None).isoformat(timespec="microseconds")
        head = b"%b%b%d" % (tag, naive.encode(), value.fold)
        return node_of_fields(value, head, ["tzinfo"], [value.tzinfo])

    return form


def _timezone(value: datetime.timezone) -> Node:
    fields = [value.utcoffset(None), value.tzname(None)]
    return node_of_fields(value, b"z", ["offset", "name"], fields)


def _zone_info(value: ZoneInfo) -> bytes:
    if type(value.key) is not str:
        raise Refused("has no key")
    return b"k" + text_form(value.key)


def _decimal(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    # Not str(value): its "E" follows the context.
    text = "".join(map(str, digits)) + f"E{exponent};"
    return (b"M-" if sign else b"M+") + text.encode()


def _path(tag: bytes) -> Callable[[PurePath], bytes]:
    return lambda value: tag + text_form(value.as_posix())


_ELSEWHERE: dict[tuple[str, str], Former] = {
    ("datetime", "date"): lambda value: b"D" + value.isoformat().encode(),
    ("datetime", "time"): _time(b"H"),
    ("datetime", "datetime"): _time(b"W"),
    ("datetime", "timedelta"): lambda value: b"L%x;" % (value // value.resolution),
    ("datetime", "timezone"): _timezone,
    ("zoneinfo", "ZoneInfo"): _zone_info,
    ("decimal", "Decimal"): _decimal,
    ("fractions", "Fraction"): _fields(b"q", "numerator", "denominator"),
    ("uuid", "UUID"): _fields(b"U", "int"),
    ("pathlib", "PosixPath"): _path(b"p"),
    ("pathlib", "WindowsPath"): _path(b"p"),
    ("pathlib", "PurePosixPath"): _path(b"P"),
    ("pathlib", "PureWindowsPath"): _path(b"Q"),
}
"""Formers by module and name: a lead that ``known_form`` follows, not a proof."""

MOVED = {"pathlib._local": "pathlib"}
"""Modules that only one Python has, by their name in the others."""

_MET: list[type] = []
"""The types that joined. An address means a type only while the type lives."""


def known_form(kind: type) -> Former | None:
    """Returns the former of an exact type, or None where it is not in the tables."""
    former = FORMS.get(id(kind))
    if former is None:
        module, qualname = names_of_class(kind)
        former = _ELSEWHERE.get((MOVED.get(module, module), qualname))
        # Any class may claim the name. This one is what the module has under it.
        if former is None or not is_held(kind, otherwise=False):
            return None
        _MET.append(kind)
        FORMS[id(kind)] = former
    return former
