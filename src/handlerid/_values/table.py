"""The table of types: how Python's own types are split into parts, and made of them.

Types are found by their address, since a metaclass may define ``__hash__``.
"""

from __future__ import annotations

import typing
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from functools import reduce
from gc import get_referents
from itertools import chain
from operator import attrgetter, itemgetter, or_
from struct import pack
from types import (
    EllipsisType,
    GenericAlias,
    MappingProxyType,
    NoneType,
    SimpleNamespace,
    UnionType,
)
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from handlerid._peek import names_of_class, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Split: TypeAlias = Callable[[Any], Sequence[Any]]
    Make: TypeAlias = Callable[..., object]
    Fill: TypeAlias = Callable[[Any, Iterator[Any]], object] | None


class Refused(Exception):
    """A value that cannot be written; the text says why."""


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(data), data)


def _number(number: float) -> bytes:
    # Only NaN differs from itself; math.isnan would load a library for the import.
    return pack(">d", number) if number == number else b"\x7f\xf8\0\0\0\0\0\0"  # noqa: PLR0124


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
find_scalar = _SCALARS.get  # forms in a tree, by the type's address


def encode_scalar(value: object) -> bytes:
    """Return the bytes of a text, a number and the like in a tree; else ``b""``."""
    form = find_scalar(id(type(value)))
    return b"" if form is None else form(value)


class Row:  # how values of one type are split and made; mutable ones are made empty
    def __init__(self, tag: str, split: Split, make: Make, fill: Fill = None) -> None:
        self.tag, self.split, self.make, self.fill = tag, split, make, fill


def _items(value: dict[Any, Any]) -> list[Any]:
    # A list first: another thread may add to the dict.
    return [*chain(*list(value.items()))]


def _fill_dict(value: dict[Any, Any], parts: Iterator[Any]) -> None:
    value.update(zip(parts, parts, strict=True))


def _fill_counts(value: Any, parts: Iterator[Any]) -> None:
    dict.update(value, next(parts))
    for factory in parts:
        value.default_factory = factory


def _fill_deque(value: deque[Any], parts: Iterator[Any]) -> None:
    *items, longest = parts
    deque.__init__(value, items, longest)


def _fill_object(value: Any, parts: Iterator[Any]) -> None:
    vars(value).update(next(parts))


def _alone(split: Split) -> Split:  # nothing was stored in the object itself
    def checked(value: Any) -> Sequence[Any]:
        if dict.__len__(storage(value)):
            raise Refused("stores more than its items")
        return split(value)

    return checked


def _split_alias(value: Any) -> Sequence[Any]:  # such as List[int], Literal[1]
    origin = value.__origin__
    of = origin if type(origin) is type(typing.Literal) else value
    return [getattr(of, "_name", None) or origin, value.__args__]


def _make_alias(origin: Any, args: Any) -> object:
    form = vars(typing)[origin] if type(origin) is str else origin
    if type(form) is not _LITERAL and (
        str in map(type, args)  # typing compiles texts
        or (type(form) is not _FORM and typing.Generic not in form.__mro__)
    ):
        raise ValueError
    return form[args]


_FORM, _LITERAL = type(typing.List), type(typing.Literal)  # noqa: UP006
_slice = attrgetter("start", "stop", "step")
_alias = Row("@", _split_alias, _make_alias)
_list: Any = typing.List[int]  # noqa: UP006 - the type of it
_union = Row("|", attrgetter("__args__"), lambda *members: reduce(or_, members))
_OWN: dict[type, Row] = {
    EllipsisType: Row(".", lambda _: (), lambda: ...),
    int: Row("i", lambda value: [f"{value:x}"], lambda text: int(text, 16)),
    float: Row("f", lambda value: [repr(value)], float),
    complex: Row("c", attrgetter("real", "imag"), complex),
    bytes: Row("b", lambda value: [value.hex()], bytes.fromhex),
    tuple: Row("t", list, lambda *items: items),
    list: Row("l", list, list, list.extend),
    set: Row("S", list, set, set.update),
    frozenset: Row("Z", list, lambda *items: frozenset(items)),
    dict: Row("d", _items, dict, _fill_dict),
    OrderedDict: Row("O", _alone(_items), OrderedDict, _fill_dict),
    Counter: Row("K", _alone(lambda v: [dict.copy(v)]), Counter, _fill_counts),
    defaultdict: Row(
        "J", lambda v: [dict.copy(v), v.default_factory], defaultdict, _fill_counts
    ),
    deque: Row("E", lambda v: [*v, v.maxlen], deque, _fill_deque),
    ChainMap: Row("Y", lambda v: [vars(v)], ChainMap, _fill_object),
    SimpleNamespace: Row("A", lambda v: [vars(v)], SimpleNamespace, _fill_object),
    # The mapping itself. Calling a method of the proxy may run its code.
    MappingProxyType: Row("X", get_referents, MappingProxyType),
    itemgetter: Row("I", lambda v: v.__reduce__()[1], itemgetter),
    attrgetter: Row("j", lambda v: v.__reduce__()[1], attrgetter),
    range: Row("R", _slice, range),
    slice: Row("/", _slice, slice),
    GenericAlias: Row("a", lambda v: v.__reduce__()[1], GenericAlias),
    UnionType: _union,
    type(Union[int, "str"]): _union,
    **dict.fromkeys((type(_list), type(typing.Literal[1])), _alias),
}
_LIBRARIES = "datetime decimal fractions ipaddress pathlib re uuid zoneinfo"
_ELSEWHERE = frozenset(_LIBRARIES.split())  # modules of the types in libraries.py
_MOVED = {"pathlib._local": "pathlib"}  # what only one Python has, as in the others

_ROWS = {id(kind): row for kind, row in _OWN.items()}
_TAGS = {row.tag: row for row in _OWN.values()}
_CLASSES: dict[tuple[str, str], type] = {
    names_of_class(kind): kind for kind in (*_OWN, bool, str, object, type, NoneType)
}
row_of_tag = _TAGS.get
own_class = _CLASSES.get  # by module and qualified name; they are never collected


def load_all() -> None:
    """Enter the rows of the library: a reader needs every tag."""
    from handlerid._values.libraries import ROWS  # noqa: PLC0415 - few need them

    for kind, row in ROWS.items():
        _ROWS[id(kind)] = _TAGS[row[0]] = Row(*row)
        _CLASSES[class_names(kind)] = kind


def class_names(kind: type) -> tuple[str, str]:
    module, qualname = names_of_class(kind)
    return _MOVED.get(module, module), qualname


def find_row(kind: type) -> Row | None:
    if id(kind) not in _ROWS and class_names(kind)[0] in _ELSEWHERE:
        load_all()
    return _ROWS.get(id(kind))
