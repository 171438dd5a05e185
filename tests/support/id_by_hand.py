"""The format of ids, written again from ``docs/contributing/id-format.md`` alone.

It shares nothing with the library and is as plain as it can be. Run as a program, it is
compared with the library on functions of the standard library and on rare code, so that
any Python can do it.
"""

from __future__ import annotations

import argparse
import ast
import asyncio.base_events
import collections
import datetime
import decimal
import dis
import enum
import inspect
import ipaddress
import json.decoder
import logging
import operator
import re
import struct
import types
import typing
import uuid
from base64 import b32encode
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import CodeType, FunctionType, ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from handlerid import Identity, handler_id

__all__ = ["compare", "encoded", "id_by_hand", "marshalled"]

# The digests and the text.

# Flags of ``from __future__ import``: from division to annotations.
FUTURES = 0x1FE0000


def digest(content: bytes, length: int, person: bytes, key: bytes = b"") -> bytes:
    return blake2b(content, digest_size=length, person=person, key=key).digest()


def letters(content: bytes) -> str:
    return b32encode(content).decode().rstrip("=").lower()


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def id_by_hand(
    module: str,
    qualname: str,
    layers: Sequence[CodeType | str],
    bound: Sequence[tuple[str, object]] = (),
    event: str = "",
    key: bytes = b"",
) -> str:
    where = utf8(f"{len(module)}:{module}{qualname}")
    location = digest(where, 8, b"location")
    digests = [
        digest(utf8(layer), 12, b"layers")
        if isinstance(layer, str)
        else digest(marshalled(form(layer)), 12, b"bytecode")
        for layer in layers
    ]
    fingerprint = digests[0]
    if len(digests) > 1:
        fingerprint = digest(b"".join(digests), 12, b"layers")
    parts = [(location, b"location"), (fingerprint, b"code")]
    if bound:
        content = b"".join(encoded(place) + encoded(value) for place, value in bound)
        parts.append((digest(content, 10, b"captures"), b"captures"))
    if key:
        parts = [(digest(one, len(one), who, key), who) for one, who in parts]
    text = "-".join(["h1", *(letters(one) for one, _ in parts)])
    return f"{text}.{event}" if event else text


# Code.


def form(code: CodeType) -> list[Any]:
    consts = tuple(replaced(const) for const in code.co_consts)
    if not code.co_flags & 1 and "__firstlineno__" in code.co_names:
        return class_body(code, consts)
    arguments = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount]
    what = [code.co_flags & ~FUTURES, code.co_code, code.co_exceptiontable, consts]
    names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
    return [code.co_name, *arguments, *what, *names]


def replaced(const: Any) -> Any:
    if isinstance(const, CodeType):
        return form(const)
    if isinstance(const, slice):
        return {"slice": tuple(map(replaced, (const.start, const.stop, const.step)))}
    if isinstance(const, (tuple, frozenset)):
        return type(const)(map(replaced, const))
    return const


def class_body(code: CodeType, consts: tuple[Any, ...]) -> list[Any]:
    steps = [i for i in dis.get_instructions(code) if i.opname != "EXTENDED_ARG"]

    def index(offset: int) -> int:
        return sum(step.offset < offset for step in steps)

    def operand(step: dis.Instruction) -> Any:
        if step.opcode in dis.hasconst and step.arg is not None:
            return consts[step.arg]
        jumps = step.opcode in dis.hasjrel or step.opcode in dis.hasjabs
        return index(step.argval) if jumps else step.arg

    written: list[tuple[Any, ...]] = []
    for step in steps:
        if step.opname == "STORE_NAME" and step.argval == "__firstlineno__":
            written[-1] = ("line",)
        if step.opname == "STORE_NAME" and step.argval == "__static_attributes__":
            written[-1] = ("attributes", *sorted(written[-1][1]))
        written.append((step.opname, operand(step)))
    entries: Any = getattr(dis.Bytecode(code), "exception_entries", ())
    exceptions = [
        (index(e.start), index(e.end), index(e.target), e.depth, e.lasti)
        for e in entries
    ]
    names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
    head = ["class body", code.co_name, code.co_flags & ~FUTURES]
    return [*head, tuple(written), tuple(exceptions), *names]


def marshalled(value: Any) -> bytes:
    for code, one in ((b"N", None), (b"T", True), (b"F", False), (b".", ...)):
        if value is one:
            return code
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, float):
        return b"f" + decimal_text(value)
    if isinstance(value, complex):
        return b"x" + decimal_text(value.real) + decimal_text(value.imag)
    if isinstance(value, bytes):
        return b"s" + length(value) + value
    if isinstance(value, str):
        return b"u" + length(utf8(value)) + utf8(value)
    if isinstance(value, dict):
        pairs = [marshalled(key) + marshalled(its) for key, its in value.items()]
        return b"{" + b"".join(pairs) + b"0"
    items = [marshalled(item) for item in value]
    code = b"(" if isinstance(value, tuple) else b"["
    if isinstance(value, frozenset):
        items.sort()
        code = b">"
    return code + length(items) + b"".join(items)


def length(value: Any) -> bytes:
    return struct.pack("<i", len(value))


def integer(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"i" + struct.pack("<i", value)
    digits, rest = [], abs(value)
    while rest:
        digits.append(rest & 0x7FFF)
        rest >>= 15
    count = len(digits) if value > 0 else -len(digits)
    return b"l" + struct.pack(f"<i{len(digits)}H", count, *digits)


def decimal_text(value: float) -> bytes:
    text = f"{value:.17g}".encode()
    return bytes([len(text)]) + text


# Values.


def encoded(value: Any) -> bytes:
    """The form of a value: a scalar, or a tag and the forms of its parts."""
    kind = type(value)
    if kind in SCALARS:
        return SCALARS[kind](value)
    tag, parts = split(value, kind)
    forms = [inner(part) for part in parts]
    if tag == b"d":
        forms = [
            one + other for one, other in zip(forms[::2], forms[1::2], strict=True)
        ]
    if tag in b"SZd":
        forms.sort()
    return tag + b"%d:" % len(parts) + b"".join(forms)


def inner(value: Any) -> bytes:
    written = encoded(value)
    if len(written) <= 256:
        return written
    return b"#" + blake2b(written, digest_size=32).digest()


def double(value: float) -> bytes:
    nan = bytes.fromhex("7ff8000000000000")
    return nan if value != value else struct.pack(">d", value)  # noqa: PLR0124


SCALARS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda v: b"N",
    type(...): lambda v: b".",
    bool: lambda v: b"T" if v else b"F",
    int: lambda v: b"i%x;" % v,
    float: lambda v: b"f" + double(v),
    complex: lambda v: b"c" + double(v.real) + double(v.imag),
    str: lambda v: b"s%d:%b" % (len(utf8(v)), utf8(v)),
    bytes: lambda v: b"b%d:%b" % (len(v), v),
}


def split(value: Any, kind: type) -> tuple[bytes, list[Any]]:
    """The tag and the parts, by the type's row."""
    if isinstance(value, type):
        return b"C", class_name(value)
    if isinstance(value, enum.Flag):
        return b"g", [*class_name(kind), value.value]
    if isinstance(value, enum.Enum):
        return b"e", [*class_name(kind), value.name]
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None:
        frozen = value.__dataclass_params__.frozen
        names = [name for name in fields if frozen or fields[name].compare]
        return b"r", record(kind, names, [getattr(value, name) for name in names])
    if hasattr(value, "_fields"):
        return b"r", record(kind, value._fields, value)
    if isinstance(value, ModuleType):
        return b"m", [value.__name__]
    tag, parts = ROWS[kind]
    return tag, parts(value)


def class_name(kind: type) -> list[str]:
    return [kind.__module__.replace("pathlib._local", "pathlib"), kind.__qualname__]


def record(kind: type, names: Sequence[str], values: Any) -> list[Any]:
    return [*class_name(kind), ",".join(names), *values]


def moment(value: Any) -> list[Any]:
    naive = value.replace(tzinfo=None, fold=0)
    return [naive.isoformat(), value.fold, value.tzinfo]


def attributes(*names: str) -> Callable[[Any], list[Any]]:
    return lambda value: [getattr(value, name) for name in names]


ROWS: dict[type, tuple[bytes, Callable[[Any], list[Any]]]] = {
    tuple: (b"t", list),
    list: (b"l", list),
    set: (b"S", list),
    frozenset: (b"Z", list),
    dict: (b"d", lambda v: [part for pair in v.items() for part in pair]),
    range: (b"R", attributes("start", "stop", "step")),
    slice: (b"/", attributes("start", "stop", "step")),
    datetime.date: (b"D", lambda v: [v.isoformat()]),
    datetime.time: (b"H", moment),
    datetime.datetime: (b"W", moment),
    datetime.timedelta: (b"L", attributes("days", "seconds", "microseconds")),
    datetime.timezone: (b"z", lambda v: list(v.__reduce__()[1])),
    ZoneInfo: (b"k", attributes("key")),
    decimal.Decimal: (b"M", lambda v: [str(v).upper()]),
    Fraction: (b"q", attributes("numerator", "denominator")),
    uuid.UUID: (b"U", attributes("hex")),
    type(Path()): (b"p", lambda v: [v.as_posix()]),
    PurePosixPath: (b"P", lambda v: [v.as_posix()]),
    PureWindowsPath: (b"Q", lambda v: [v.as_posix()]),
    re.Pattern: (b"~", attributes("pattern", "flags")),
    type(list[int]): (b"a", attributes("__origin__", "__args__")),
    type(int | str): (b"|", lambda v: list(v.__args__)),
    collections.OrderedDict: (
        b"O",
        lambda v: [part for pair in v.items() for part in pair],
    ),
    collections.Counter: (b"K", lambda v: [dict(v)]),
    collections.defaultdict: (b"J", lambda v: [dict(v), v.default_factory]),
    collections.deque: (b"E", lambda v: [*v, v.maxlen]),
    collections.ChainMap: (b"Y", lambda v: [{"maps": v.maps}]),
    types.SimpleNamespace: (b"A", lambda v: [vars(v)]),
    types.MappingProxyType: (b"X", lambda v: [dict(v)]),
    operator.itemgetter: (b"I", lambda v: v.__reduce__()[1]),
    operator.attrgetter: (b"j", lambda v: v.__reduce__()[1]),
    logging.Logger: (b"G", attributes("name")),
    ipaddress.IPv4Address: (b"n", lambda v: ["IPv4Address", str(v)]),
    type(typing.Literal[1]): (b"@", lambda v: ["Literal", v.__args__]),
    # Without key and event; one that carries nothing has no further parts.
    FunctionType: (b"h", lambda v: [str(handler_id(v))]),
}


# What both are compared on.

MODULES = (
    argparse,
    ast,
    asyncio.base_events,
    collections,
    decimal,
    dis,
    enum,
    inspect,
    json.decoder,
    typing,
)

ODD = """
def constants():
    return (1, True, 1.0, 0.0, -0.0, 1e-300, 1e300 * 1e10, -1j, 0.1 + 2j, b"x", ...,
            None, "\\ud800", "\\U0001f600", 2**31 - 1, 2**31, -2**31, -2**31 - 1,
            0xffff_ffff_ffff_ffff_ffff, (1, (2, ("a",))))

def frozen(x):
    return x in {1, "a", b"b", 1.5, None, (1, 2)}

def sliced(x):
    return x[1:2], x[::3], x[:, 1:"a"]

def bodies():
    class Outer:
        line = 3
        total: int = 0
        for i in range(3):
            if i:
                total += i
        try:
            total = 1 / total
        except ZeroDivisionError:
            total = 0
        def set(self):
            self.b = self.a = self.c = 1
        class Inner:
            def also(self):
                self.z = self.y = 2
    return Outer

def cells(a, /, b=1, *rest, c=2, **others):
    def inner():
        nonlocal b
        yield a, b, rest, c, others
    return inner
"""


def functions_of() -> Iterator[FunctionType]:
    """Functions and methods of these modules, and those of ``ODD``."""
    names: dict[str, Any] = {"__name__": "odd.\ud800 module"}
    exec(ODD, names)
    yield from (one for one in names.values() if type(one) is FunctionType)
    for module in MODULES:
        for value in vars(module).values():
            inside = vars(value).values() if isinstance(value, type) else [value]
            for one in inside:
                if type(one) is FunctionType and not hasattr(one, "__wrapped__"):
                    yield one


def compare() -> int:
    """Compares both on functions, and returns how many they were."""
    functions = list(functions_of())
    keyed = Identity(keys=b"secret")
    for fn in functions:
        place, layers = (fn.__module__, fn.__qualname__), [fn.__code__]
        assert handler_id(fn) == id_by_hand(*place, layers), place
        by_hand = id_by_hand(*place, layers, event="click", key=b"secret")
        assert keyed.handler_id(fn, "click") == by_hand, place
    return len(functions)


if __name__ == "__main__":
    print(compare())
