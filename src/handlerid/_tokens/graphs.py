"""Values and functions as a graph: JSON lists that begin with a tag.

Unlike a tree, a graph says which mutable objects and functions are one, and keeps the
order of dicts. ``docs/contributing/carried-bytes.md`` lists the tags.
"""

from __future__ import annotations

import _operator
import builtins
import logging
import math
from functools import partial
from itertools import chain
from json import JSONDecoder, JSONEncoder
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from handlerid._captures import Unset, captures_of, is_method, native
from handlerid._identity import name_of, take_apart
from handlerid._peek import look_up, name_of_class, storage
from handlerid._values import Refused, load_all, own_class, row_of_tag
from handlerid._values.records import (
    field_names,
    find_member,
    is_fixed,
    is_struct,
    make_struct,
)
from handlerid._values.tree import NO_FORM, step
from handlerid.errors import StaleHandler, UnstableCapture, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import ModuleType

    from handlerid._identity import Codes, Identity

_MAX_PARTS = 8192
_MAX_DEPTH = 50
_LARGEST = 1 << 63
_CODE = slice(17, 54)  # of an id: its fingerprint, and its captures part if any
_SIMPLE = frozenset(map(id, (str, bool, type(None))))
# What runs code or reaches files and frames is not carried, signed or not.
_NOT_NATIVE = (
    "__build_class__ __import__ breakpoint compile delattr eval exec getattr globals "
    "input locals open setattr vars"
)
_MAPPINGS = ("__kwdefaults__", "__dict__")
_NAMES = ("__name__", "__qualname__", "__module__")
# Why a value is refused, and the cure; {} is its class.
_ODD = (
    "{} %s. Capture a key instead, or give its class a __handler_key__(self) and a "
    "decoder: Identity(decoders={Class: function})"
)
_NO_DECODER = "the key of a {} has no decoder: Identity(decoders={%s: function})"
_LOST = (
    "a handler assigns this variable, and what it assigns on another server is lost. "
    "Keep the value in your application's state"
)
_EMPTY = "it holds nothing yet. Define the function before offering one that calls it"
_LARGE = "it has too many parts, or is nested too deep. Capture a key instead"
_NO_KEY = "the key of this {} is None. Give it a key before you offer the handler"
_MODULE = "it is a module. Import it in the handler"
_NOT_HELD = "no scanned module holds {}. Define it in a module, and scan that"
_IN_C = "{} is written in C, and is no plain function of builtins, math or operator"
_NO_CODE = "no scanned module has the code of {}. Scan the module that defines it"

load_all()


class CodeIndex(Protocol):
    """The modules that the host scanned: their code, functions and classes by name."""

    version: int

    def module(self, name: str) -> ModuleType | None: ...
    def codes(self, module: str, qualname: str) -> Iterator[CodeType]: ...
    def root(self, module: str, code: CodeType) -> Codes: ...
    def function(self, module: str, qualname: str) -> FunctionType | None: ...
    def class_(self, module: str, qualname: str) -> type | None: ...


class Tables(Protocol):
    """What is looked up while a graph is written or read."""

    identity: Identity
    index: CodeIndex

    def locate(self, fn: FunctionType) -> Sequence[str] | None: ...
    def find(self, *location: Any) -> Any: ...
    def class_(self, *names: Any) -> type | None: ...
    def shape(self, kind: type) -> str: ...


def stale(*name: Any) -> StaleHandler:
    return StaleHandler(
        f"it carries {'.'.join(name)}, which no scanned module has as it was: the page "
        "is older, or newer, than this server"
    )


def _refuse(_: object) -> NoReturn:
    raise ValueError


# Not ASCII: two lone surrogates side by side would be read as one character.
_to_json = JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode
_from_json = JSONDecoder(object_pairs_hook=_refuse, parse_constant=_refuse).decode


def to_bytes(node: Any) -> bytes:
    return _to_json(node).encode("utf-8", "surrogatepass")


def _named(*parts: Any) -> dict[str, Any]:
    return dict(zip(parts[::2], parts[1::2], strict=True))


def is_own(fn: Any, owner: Any) -> bool:
    """Return whether a method is the one that its object's class has by its name."""
    kind = owner if issubclass(type(owner), type) else type(owner)
    found = look_up(kind, getattr(fn, "__name__", ""))
    return (found.__func__ if type(found) is classmethod else found) is fn


def _bind(fn: Any, owner: Any, own: Any = None) -> MethodType:
    made = MethodType(fn, owner)
    if own is not is_own(fn, owner):  # a class overrides it now
        raise stale(name_of(fn))
    return made


_NATIVE = {
    (module.__name__, name): value
    for module in (builtins, math, _operator)
    for name, value in vars(module).items()
    if type(value) is BuiltinFunctionType and name not in _NOT_NATIVE.split()
}


def _find_native(module: Any, qualname: Any, *owner: Any) -> Any:
    """Return a function written in C, a method of a class, or a bound method."""
    held, _, name = qualname.rpartition(".")
    if not held:
        return _NATIVE.get((module, name))
    one: Any = owner[0] if owner else own_class((module, held))
    kind: Any = one if issubclass(type(one), type) else type(one)
    if not is_method(found := look_up(kind, name)):
        return None
    # With its class: in Python 3.11, some methods crash without.
    return found.__get__(None if kind is one else one, kind) if owner else found


_MAKE: dict[Any, Callable[..., Any]] = {
    "u": _find_native,
    "G": logging.getLogger,
    "B": _bind,
    "y": lambda fn, args, *keywords: partial(fn, *args, **_named(*keywords)),
    "o": _named,
}


def atom(cell: CellType) -> str:
    """Return the JSON of a text or a usual number in a cell, or else nothing."""
    try:
        kind = type(value := cell.cell_contents)
    except ValueError:
        return ""
    if kind is str:
        return _to_json(value)
    number = kind is int or kind is float
    return repr(value) if number and -_LARGEST < value < _LARGEST else ""


def is_bare(fn: Any) -> bool:
    """Return whether it is a function on which nothing was set after it was made."""
    if type(fn) is not FunctionType or fn.__defaults__ or fn.__kwdefaults__:
        return False
    code, home = fn.__code__, fn.__globals__.get("__name__")
    same = fn.__name__ == code.co_name and fn.__qualname__ == code.co_qualname
    return same and fn.__module__ == home and not fn.__dict__


class Writer:
    """One handler on its way to a graph."""

    def __init__(self, handler: object, tables: Tables) -> None:
        self.handler, self.tables, self.identity = handler, tables, tables.identity
        # Functions and mutable objects with their nodes; those met again.
        self.met: dict[int, tuple[object, list[Any]]] = {}
        self.labels: dict[int, int] = {}
        self.cells: dict[int, int] = {}  # numbers of those that functions assign
        self.path: list[tuple[str, Sequence[Any], int]] = []  # arguments of step()
        self.parts = 0

    def write(self, name: str | None, number: int) -> bytes:
        """Return the bytes of the handler, with its name or its number if any."""
        graph = self.node(self.handler)
        for address, label in self.labels.items():
            node = self.met[address][1]
            node[:] = ["&", label, list(node)]
        more = name is not None or number
        return to_bytes(["n", name, number, graph] if more else graph)

    def node(self, value: Any) -> Any:
        kind = type(value)
        if id(kind) in _SIMPLE or (
            (kind is int or kind is float) and -_LARGEST < value < _LARGEST
        ):
            return value
        if id(value) in self.met:
            if not self.met[id(value)][1]:
                raise self.refusal(_ODD.replace("%s", "refers to itself"), value)
            return ["=", self.labels.setdefault(id(value), len(self.labels))]
        try:
            if kind is FunctionType:
                return self.function(value)
            tag, parts, names = self.split(value, kind)
        except Refused as reason:
            raise self.refusal(_ODD.replace("%s", str(reason)), value) from None
        node: list[Any] = [tag]
        labels = len(self.labels)
        row = row_of_tag(tag)
        is_one = row.fill if row else tag == "x"
        is_one = is_one or (tag == "r" and not issubclass(kind, tuple))
        if is_one:
            # An object that is made from its parts cannot be one of them.
            late = tag == "x" or is_struct(kind)
            self.met[id(value)] = value, [] if late else node
        node += self.nodes(tag, names, parts)
        if is_one:
            self.met[id(value)] = value, node
        if tag in "SZ" and len(self.labels) == labels:  # no member refers to another
            node[1:] = sorted(node[1:], key=to_bytes)
        return node

    def nodes(self, tag: str, names: Sequence[Any], parts: Iterable[Any]) -> list[Any]:
        made = []
        for index, part in enumerate(parts):
            self.path.append((tag, names, index))
            self.parts += 1
            if self.parts > _MAX_PARTS or len(self.path) > _MAX_DEPTH:
                raise self.refusal(_LARGE, part)
            made.append(self.node(part))
            self.path.pop()
        return made

    def split(self, value: Any, kind: type) -> tuple[str, Sequence[Any], Sequence[Any]]:
        """Return the tag and the parts of a value, and what step() calls them."""
        if kind is MethodType:
            fn, owner = value.__func__, value.__self__
            return "B", [fn, owner, is_own(fn, owner)], ["", "self", ""]
        if kind is partial:
            keywords = chain.from_iterable(value.keywords.items())
            names = chain.from_iterable(("", name) for name in value.keywords)
            return "y", [value.func, value.args, *keywords], ["", "args", *names]
        found = self.identity.codec.split(value, kind, whole=True)
        if found is None:
            return "u", self.native(value), ["", "", "self"]
        tag, parts = found
        its_class = value if tag == "C" else kind
        if tag == "x" and self.identity.codec.decoder_of(kind) is None:
            name = name_of_class(kind).rpartition(".")[2]
            raise self.refusal(_NO_DECODER.replace("%s", name), value)
        if tag == "m":
            raise self.refusal(_MODULE, value)
        if tag == "x" and parts[2] is None:
            raise self.refusal(_NO_KEY, value)
        if tag in "Cegrx" and self.tables.class_(*parts[:2]) is not its_class:
            raise self.refusal(_NOT_HELD, value)
        if tag == "r":
            return tag, [*parts[:2], self.tables.shape(kind), *parts[3:]], parts
        if tag == "g":  # bits may be those of other members in another release
            return tag, [*parts, dict.get(storage(value), "_name_")], parts
        return tag, parts, parts

    def native(self, value: object) -> Sequence[Any]:
        if (names := native(value)) is None:
            raise Refused(NO_FORM)
        if _find_native(*names) is None:
            raise self.refusal(_IN_C, value, f"{names[0]}.{names[1]}")
        return names

    def function(self, fn: FunctionType) -> list[Any]:
        code, module, qualname = fn.__code__, fn.__module__, fn.__qualname__
        if "<" not in qualname and type(module) is str:
            module = self.identity.module_name(module)
            if self.tables.index.function(module, qualname) is fn:
                own = fn is take_apart(self.handler).layers[0]  # its defaults count
                found = self.identity.handler_id(fn, captures=own)
                return ["h", module, qualname, found[_CODE]]
        if (located := self.tables.locate(fn)) is None:
            name = f"{fn.__module__}.{code.co_qualname}"
            raise UnsupportedHandler(str(self.refusal(_NO_CODE, fn, name)))
        node: list[Any] = ["F", *located]
        self.met[id(fn)] = fn, node
        cells = captures_of(fn)[: len(code.co_freevars)]
        node += [self.cell(fn, index, *one) for index, one in enumerate(cells)]
        node += self.attributes(fn, code)
        return node

    def cell(self, fn: FunctionType, index: int, name: str, value: object) -> Any:
        """Write a variable: its content, or a cell if a function around assigns it."""
        free, number = self.identity.variables(fn), len(self.cells)
        if index in free.unused:
            return ["v"]
        if index in free.assigned or value is Unset:
            self.path.append(("F", [name], 0))
            raise self.refusal(_LOST if index in free.assigned else _EMPTY, value)
        if index not in free.shared:
            return self.nodes("F", [name], [value])[0]
        known = self.cells.setdefault(id((fn.__closure__ or ())[index]), number)
        if known != number:
            return ["V", known]
        return ["V", number, *self.nodes("F", [name], [value])]

    def attributes(self, fn: FunctionType, code: CodeType) -> list[Any]:
        node: list[Any] = []
        if given := fn.__defaults__:
            names = code.co_varnames[code.co_argcount - len(given) : code.co_argcount]
            node = ["__defaults__", ["t", *self.nodes("F", names, given)]]
        for name in _MAPPINGS:
            if named := getattr(fn, name):
                nodes = self.nodes("F", [*named], named.values())
                node += [name, ["o", *chain(*zip(named, nodes, strict=True))]]
        if fn.__name__ != code.co_name:
            node += ["__name__", fn.__name__]
        if fn.__qualname__ != code.co_qualname:
            node += ["__qualname__", fn.__qualname__]
        if fn.__module__ != fn.__globals__["__name__"]:
            node += ["__module__", self.identity.module_name(fn.__module__)]
        return node

    def refusal(self, text: str, value: object, name: str = "") -> UnstableCapture:
        its_class: Any = value if issubclass(type(value), type) else type(value)
        kind, steps = name_of_class(its_class), [step(*one) for one in self.path]
        where = "".join(steps).removeprefix(" -> ") or "the handler"
        text = text.replace("{}", name or kind)
        if where.rpartition(" -> ")[2] == "self":  # of a method
            text = text.replace("Capture a key instead, or give", "Give")
        text = f"{name_of(self.handler)}: {where} cannot be carried: {text}."
        return UnstableCapture(text, where=where, type_name=kind)


class Reader:
    """One graph on its way to a handler; what does not fit raises anything.

    ``mutable``: something mutable was made. ``failed``: what a host's decoder raised.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables, self.identity = tables, tables.identity
        self.labels: dict[Any, Any] = {}  # by None: whatever has none
        self.cells: dict[Any, CellType] = {}
        self.mutable = False
        self.failed: Exception | None = None

    def read_handler(self, data: bytes) -> tuple[Any, Any]:
        """Return a handler, and the name that was written with it."""
        graph, name = _from_json(data.decode("utf-8", "surrogatepass")), None
        if type(graph) is list and graph[0] == "n":
            _, name, _, graph = graph
        return self.read(graph), name

    def read(self, node: Any, label: Any = None) -> Any:
        if type(node) is not list:
            return node
        tag, *parts = node
        made: Any
        if tag == "F":
            made = self.function(label, *parts)
        elif tag == "&":
            made = self.read(parts[1], parts[0])
        elif tag == "=":
            made = self.labels[parts[0]]
        elif tag in _MAKE:
            if (made := _MAKE[tag](*map(self.read, parts))) is None:
                raise stale(*parts[:2])
        elif (row := row_of_tag(tag)) is None:
            made = self.named(tag, label, *parts)
        elif row.fill is None:
            made = row.make(*map(self.read, parts))
        else:
            self.mutable, self.labels[label] = True, (made := row.make())
            row.fill(made, map(self.read, parts))
        self.labels[label] = made
        return made

    def named(
        self, tag: str, label: Any, name: Any, other: Any = "", *rest: Any
    ) -> Any:
        if tag not in ("C", "e", "g", "h", "r", "x"):
            raise ValueError
        found: Any = None
        if tag == "h":
            held = self.tables.index.function(name, other)
            bare_ids, own = self.identity.bare_ids, "-" in rest[0]
            bare: Any = bare_ids(held, captures=own) if held else ((), b"")
            ids = [one[_CODE] for one in self.identity.complete(*bare[:2])]
            found = held if rest[0] in ids else None
        elif (kind := self.tables.class_(name, other)) is not None:
            if tag == "C":
                found = kind
            elif tag == "r":
                found = self.record(label, kind, *rest)
            elif tag != "x":
                found = find_member(kind, rest[0])
                if [*rest[1:]] != [dict.get(storage(found), "_name_")] * (tag == "g"):
                    found = None
            elif (decode := self.identity.codec.decoder_of(kind)) is not None:
                return self.decoded(decode, *rest)
        if found is None:
            raise stale(name, other)
        return found

    def decoded(self, decode: Callable[[Any], object], node: Any) -> object:
        key, self.mutable = self.read(node), True
        try:
            return decode(key)
        except Exception as error:
            self.failed = error
            raise

    def record(self, label: Any, kind: type, shape: str, *fields: Any) -> object:
        known = field_names(kind)
        if known is None or shape != self.tables.shape(kind):
            return None
        made: object
        if issubclass(kind, tuple):
            if len(known) != len(fields):
                raise ValueError
            made = tuple.__new__(kind, map(self.read, fields))
        elif is_struct(kind):  # it cannot be made empty
            values = [self.read(field) for field in fields]
            made = make_struct(kind, dict(zip(known, values, strict=True)))
        else:
            self.labels[label] = made = object.__new__(kind)
            for name, field in zip(known, fields, strict=True):
                object.__setattr__(made, name, self.read(field))
        self.mutable = self.mutable or not is_fixed(made, kind, known)
        return made

    def function(
        self, label: Any, module: Any, qualname: Any, fingerprint: Any, *parts: Any
    ) -> FunctionType:
        code, names = self.tables.find(module, qualname, fingerprint)
        free = len(code.co_freevars)
        cells = [CellType() for _ in parts[:free]]
        for at, node in enumerate(parts[:free]):
            if type(node) is list and node[0] == "V":  # functions may share it
                cells[at] = self.cells.setdefault(node[1], cells[at])
                self.mutable = True
        fn = FunctionType(code, names, None, None, tuple(cells) or None)
        self.labels[label] = fn
        for cell, node in zip(cells, parts[:free], strict=True):
            of_cell = type(node) is list and node[0] in ("V", "v")
            for one in node[2:] if of_cell else [node]:  # none if it was met before
                cell.cell_contents = self.read(one)
        for name, value in _named(*map(self.read, parts[free:])).items():
            too_many = name == "__defaults__" and len(value) > code.co_argcount
            if too_many or name not in ("__defaults__", *_MAPPINGS, *_NAMES):
                raise ValueError
            setattr(fn, name, value)  # which refuses other types
        return fn
