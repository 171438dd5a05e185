"""Values and functions as a graph: JSON lists that begin with a tag.

Unlike a tree, a graph says which mutable objects and functions are one, and keeps the
order of dicts. ``docs/reference/carried-bytes.md`` lists the tags.
"""

from __future__ import annotations

from functools import partial
from json import JSONDecoder, JSONEncoder
from types import CellType, CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from handlerid import _values as values
from handlerid._identity import Unset, captures_of
from handlerid._values import Refused
from handlerid.errors import StaleHandler, UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from handlerid._identity import Identity

    Location = tuple[str, str, str]
    Located = tuple[Location, frozenset[str]]

_MAX_PARTS = 8192
_MAX_DEPTH = 50
_LARGEST = 1 << 63
_SIMPLE = frozenset(map(id, (str, bool, type(None))))
_EMPTY = ["v"]
_CURE = "give the type an encoder and a decoder: Identity(encoders=..., decoders=...)"

values.load_all()


class CodeIndex(Protocol):
    """The modules that the host scanned: their code, functions and classes by name."""

    version: int

    def module(self, name: str) -> ModuleType | None: ...
    def codes(self, module: str, qualname: str) -> Iterator[CodeType]: ...
    def function(self, module: str, qualname: str) -> FunctionType | None: ...
    def class_(self, module: str, qualname: str) -> type | None: ...


def _refuse(_: object) -> NoReturn:
    raise ValueError


# Not ASCII: two lone surrogates side by side would be read as one character.
_to_json = JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode
_decoder: Any = JSONDecoder(object_pairs_hook=_refuse, parse_constant=_refuse)
_scan = _decoder.scan_once


def to_bytes(node: Any) -> bytes:
    """Return a graph as bytes."""
    return _to_json(node).encode("utf-8", "surrogatepass")


def from_bytes(data: bytes) -> Any:
    """Return the graph in bytes, or raise what JSON raises if there is none."""
    text = data.decode("utf-8", "surrogatepass")
    node, end = _scan(text, 0)
    return node if end == len(text) else _refuse(node)


def stale() -> StaleHandler:
    return StaleHandler(
        "a handler carries a function or class that is another here, or that no "
        "scanned module has: the page is older, or newer, than this server"
    )


def _class(index: CodeIndex, module: str, qualname: str) -> type | None:
    return values.own_class((module, qualname)) or index.class_(module, qualname)


def _split_partial(value: partial[Any]) -> list[Any]:
    keywords = [part for pair in sorted(value.keywords.items()) for part in pair]
    return [value.func, value.args, *keywords]


def _make_partial(fn: Any, args: Any, *keywords: Any) -> object:
    return partial(fn, *args, **_names(*keywords))


def _names(*parts: Any) -> dict[str, Any]:
    return dict(zip(parts[::2], parts[1::2], strict=True))


_SPLIT: dict[int, tuple[str, Callable[[Any], list[Any]]]] = {
    id(MethodType): ("B", lambda value: [value.__func__, value.__self__]),
    id(partial): ("y", _split_partial),
}
_MAKE: dict[str, Callable[..., object]] = {
    "B": MethodType,
    "y": _make_partial,
    "o": _names,
}


def _step(tag: str, parts: Sequence[Any], index: int) -> str:
    """Return what an error calls the way to a part; of functions, by names."""
    if tag == "F":
        return f" -> {parts[index]}"
    if tag == "B":
        return " -> self" * index
    if tag == "y":
        return ("", "args")[index] if index < 2 else f" -> {parts[index - 1]}"
    return values.step(tag, parts, index)


class Writer:
    """One handler on its way to a graph.

    Args:
        identity: its codec splits values.
        index: the modules whose code may be used.
        locate: return module, qualified name and fingerprint of a function's code, and
            the free variables that it assigns.
    """

    def __init__(
        self,
        identity: Identity,
        index: CodeIndex,
        locate: Callable[[FunctionType], Located],
    ) -> None:
        self.identity, self.index, self.locate = identity, index, locate
        # Functions and mutable objects with their nodes; those met again.
        self.met: dict[int, tuple[object, list[Any]]] = {}
        self.labels: dict[int, int] = {}
        self.path: list[tuple[str, Sequence[Any], int]] = []  # arguments of _step()
        self.parts = 0

    def write(self, handler: object) -> Any:
        """Return the graph of a handler."""
        graph = self.node(handler)
        for address, number in self.labels.items():
            node = self.met[address][1]
            node[:] = ["&", number, list(node)]
        return graph

    def node(self, value: Any) -> Any:
        kind = type(value)
        if id(kind) in _SIMPLE:
            return value
        if kind is int and -_LARGEST < value < _LARGEST:
            return value
        if kind is float and value - value == 0:
            return value
        if value is Unset:
            return _EMPTY
        if id(value) in self.met:
            return ["=", self.labels.setdefault(id(value), len(self.labels))]
        self.parts += 1
        try:
            if self.parts > _MAX_PARTS:
                raise Refused("has too many parts")
            if len(self.path) > _MAX_DEPTH:
                raise Refused("is nested too deep")
            if kind is FunctionType:
                return self.function(value)
            tag, parts = self.split(value, kind)
        except Refused as reason:
            text = f"be carried: {{}} {reason}"
            raise values.unstable(value, [self.where()], text, _CURE) from None
        node, labels = [tag], len(self.labels)
        if tag in "lSdx" or (tag == "r" and not issubclass(kind, tuple)):
            self.met[id(value)] = value, node
        node += self.nodes(tag, parts, parts)
        if tag in "SZ" and len(self.labels) == labels:  # no member refers to another
            node[1:] = sorted(node[1:], key=to_bytes)
        return node

    def nodes(self, tag: str, names: Sequence[Any], parts: Iterable[Any]) -> list[Any]:
        """Return the nodes of parts; the tag and the names are for errors."""
        made = []
        for index, part in enumerate(parts):
            self.path.append((tag, names, index))
            made.append(self.node(part))
            self.path.pop()
        return made

    def split(self, value: Any, kind: type) -> tuple[str, Sequence[Any]]:
        if id(kind) in _SPLIT:
            tag, split = _SPLIT[id(kind)]
            return tag, split(value)
        tag, parts = self.identity.codec.split(value, kind, whole=True) or ("", ())
        if not tag:
            raise Refused(values.NO_FORM)
        if tag == "x" and kind not in self.identity.codec.decoders:
            raise Refused("has an encoder but no decoder")
        if tag == "m" and self.index.module(parts[0]) is not value:
            raise Refused("is a module that was not scanned")
        named = value if tag == "C" else kind
        if tag in "Cegr" and _class(self.index, *parts[:2]) is not named:
            raise Refused(
                "is a class that no scanned module holds under its name; scan its "
                "module, and define the class there, not in a function"
            )
        return tag, parts

    def function(self, fn: FunctionType) -> list[Any]:
        code, module, qualname = fn.__code__, fn.__module__, fn.__qualname__
        if "<" not in qualname and type(module) is str:
            module = self.identity.module_name(module)
            if self.index.function(module, qualname) is fn:
                fingerprint = self.identity.handler_id(fn).fingerprint
                return ["h", module, qualname, fingerprint]
        location, assigned = self.locate(fn)
        if assigned:
            self.path.append(("F", [min(assigned)], 0))
            raise UnstableCapture(
                f"{self.where()} cannot be carried: a handler assigns this variable, "
                "and what it assigns on another server is lost. Keep the value in your "
                "application's state, or in an object that every server looks up by a "
                "key.",
                where=self.where(),
            )
        node: list[Any] = ["F", *location]
        self.met[id(fn)] = fn, node
        free = code.co_freevars
        node += self.nodes("F", free, [one for _, one in captures_of(fn)[: len(free)]])
        given = fn.__defaults__ or ()
        names = code.co_varnames[code.co_argcount - len(given) : code.co_argcount]
        if given:
            node += ["__defaults__", ["t", *self.nodes("F", names, given)]]
        keywords = {"__kwdefaults__": fn.__kwdefaults__, "__dict__": fn.__dict__}
        for name, named in keywords.items():
            if named:
                nodes = self.nodes("F", [*named], named.values())
                pairs = zip(named, nodes, strict=True)
                node += [name, ["o", *[part for pair in pairs for part in pair]]]
        if fn.__name__ != code.co_name:
            node += ["__name__", fn.__name__]
        if qualname != code.co_qualname:
            node += ["__qualname__", qualname]
        if fn.__module__ != fn.__globals__["__name__"]:
            node += ["__module__", self.identity.module_name(fn.__module__)]
        return node

    def where(self) -> str:
        steps = [_step(*one) for one in self.path]
        return "".join(steps).removeprefix(" -> ") or "the handler"


class DecoderFailed(Exception):
    """A decoder of the host raised this error."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Reader:
    """One graph on its way to a handler; raises anything if it does not fit.

    Args:
        identity: computes fingerprints.
        index: the modules whose code may be used.
        decoders: of the host's types, by module and qualified name.
        find: return the code at a location, and its globals.

    Attributes:
        mutable: whether something mutable was made.
    """

    def __init__(
        self,
        identity: Identity,
        index: CodeIndex,
        decoders: Mapping[tuple[str, str], Callable[[Any], object]],
        find: Callable[[Any, Any, Any], tuple[CodeType, dict[str, Any]]],
    ) -> None:
        self.identity, self.index = identity, index
        self.decoders, self.find = decoders, find
        self.labels: dict[Any, Any] = {}
        self.mutable = False
        self.depth = 0

    def read(self, node: Any, label: Any = None) -> Any:
        """Return what a node was written for."""
        if type(node) is not list:
            return node
        self.depth += 1
        if self.depth > 2 * _MAX_DEPTH:
            raise ValueError
        tag, *parts = node
        if tag == "F":
            made = self.function(label, *parts)
        elif tag == "&":
            made = self.read(parts[1], parts[0])
        elif tag == "=":
            made = self.labels[parts[0]]
        elif tag in _MAKE:
            made = _MAKE[tag](*map(self.read, parts))
        elif (row := values.row_of_tag(tag)) is None:
            made = self.named(tag, label, *parts)
        elif row.fill is None:
            made = row.make(*map(self.read, parts))
        else:
            self.mutable, made = True, self.note(label, row.make())
            row.fill(made, map(self.read, parts))
        self.depth -= 1
        return self.note(label, made)

    def note(self, label: Any, value: Any) -> Any:
        if label is not None and self.labels.setdefault(label, value) is not value:
            raise ValueError
        return value

    def named(
        self, tag: str, label: Any, name: Any, other: Any = "", *rest: Any
    ) -> Any:
        """Return what tables have by a module's name and a qualified name."""
        if tag == "m":
            found: Any = self.index.module(name)
        elif tag == "h":
            found = self.index.function(name, other)
            ids = self.identity.ids(found) if found else ()
            found = found if rest[0] in [one.fingerprint for one in ids] else None
        elif tag == "x":
            found = self.decoders.get((name, other))
        elif tag in ("C", "e", "g", "r"):
            found = _class(self.index, name, other)
        else:
            raise ValueError
        if tag == "x" and found is not None:
            return self.decoded(found, *rest)
        if tag in ("e", "g") and found is not None:
            found = values.find_member(found, *rest)
        if tag == "r" and found is not None:
            found = self.record(label, found, *rest)
        if found is None:
            raise stale()
        return found

    def record(self, label: Any, kind: type, names: str, *fields: Any) -> object:
        known = values.field_names(kind)
        if known is None or ",".join(known) != names or len(known) != len(fields):
            return None
        if issubclass(kind, tuple):
            return tuple.__new__(kind, map(self.read, fields))
        self.mutable = self.mutable or not values.is_frozen(kind)
        made = self.note(label, object.__new__(kind))
        for name, field in zip(known, fields, strict=True):
            object.__setattr__(made, name, self.read(field))
        return made

    def decoded(self, decode: Callable[[Any], object], node: Any) -> object:
        value, self.mutable = self.read(node), True
        try:
            return decode(value)
        except Exception as error:
            raise DecoderFailed(error) from error

    def function(
        self, label: Any, module: Any, qualname: Any, fingerprint: Any, *parts: Any
    ) -> FunctionType:
        code, names = self.find(module, qualname, fingerprint)
        free = len(code.co_freevars)
        cells = tuple([CellType() for _ in range(free)])
        fn = FunctionType(code, names, None, None, cells or None)
        self.note(label, fn)
        for cell, node in zip(cells, parts[:free], strict=True):
            if node != _EMPTY:
                cell.cell_contents = self.read(node)
        for name, value in _names(*map(self.read, parts[free:])).items():
            too_many = name == "__defaults__" and len(value) > code.co_argcount
            if too_many or type(value) is not _ATTRIBUTES[name]:
                raise ValueError
            setattr(fn, name, value)
        return fn


_ATTRIBUTES: dict[str, type] = {
    "__defaults__": tuple,
    **dict.fromkeys(("__kwdefaults__", "__dict__"), dict),
    **dict.fromkeys(("__name__", "__qualname__", "__module__"), str),
}
"""What may be set on a function that is made, and of which types."""
