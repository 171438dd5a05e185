"""Values and functions as a graph: JSON lists that begin with a tag.

Unlike a tree, a graph says which mutable objects, functions and cells are one, and
keeps the order of dicts. ``docs/reference/carried-bytes.md`` lists the tags.
"""

from __future__ import annotations

import functools
from json import JSONDecoder, JSONEncoder
from types import CellType, CodeType, FunctionType, MethodType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Union

from handlerid import _values as values
from handlerid._peek import look_up, storage
from handlerid._values import Corrupt, Refused
from handlerid.errors import StaleHandler, UnstableCapture
from handlerid.events import event_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from handlerid._identity import Identity

    Location = tuple[str, str, str]
    Located = tuple[Location, frozenset[str]]

_MAX_PARTS = 8192
_MAX_DEPTH = 50

_SIMPLE = frozenset(map(id, (str, bool, type(None))))
_LARGEST = 1 << 63
_EMPTY_CELL = ["v"]
_UNIONS = (UnionType, type(Union[int, "str"]))


class CodeIndex(Protocol):
    """The modules that the host scanned: their code, functions and classes by name."""

    version: int

    def module(self, name: str) -> ModuleType | None: ...
    def codes(self, module: str, qualname: str) -> Iterator[CodeType]: ...
    def function(self, module: str, qualname: str) -> FunctionType | None: ...
    def class_(self, module: str, qualname: str) -> type | None: ...


def _refuse_object(_: object) -> NoReturn:
    raise Corrupt


# Not ASCII: two lone surrogates side by side would be read as one character.
_to_json = JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode
_decoder: Any = JSONDecoder(
    object_pairs_hook=_refuse_object, parse_constant=_refuse_object
)
_scan = _decoder.scan_once


def to_bytes(node: Any) -> bytes:
    """Return a graph as bytes."""
    return _to_json(node).encode("utf-8", "surrogatepass")


def from_bytes(data: bytes) -> Any:
    """Return the graph in bytes, or raise what JSON raises if there is none."""
    text = data.decode("utf-8", "surrogatepass")
    node, end = _scan(text, 0)
    if end != len(text):
        raise Corrupt
    return node


def known_class(index: CodeIndex, module: str, qualname: str) -> type | None:
    """Return a class of Python's own or of a scanned module."""
    return values.own_class(module, qualname) or index.class_(module, qualname)


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
        self.path: list[Any] = []  # names of variables, and arguments of step()
        self.parts = 0

    def write(self, handler: object) -> Any:
        """Return the graph of a handler."""
        graph = self.node(handler, "")
        for address, number in self.labels.items():
            node = self.met[address][1]
            node[:] = ["&", number, list(node)]
        return graph

    def node(self, value: Any, step: Any) -> Any:
        """Return what is written for a value, which is reached by a step."""
        kind = type(value)
        if (
            id(kind) in _SIMPLE
            or (kind is int and -_LARGEST < value < _LARGEST)
            or (kind is float and value - value == 0.0)  # finite
        ):
            return value
        if id(value) in self.met:
            return ["=", self.labels.setdefault(id(value), len(self.labels))]
        self.path.append(step)
        self.parts += 1
        if self.parts > _MAX_PARTS:
            raise self.unstable(value, "has too many parts")
        if len(self.path) > _MAX_DEPTH:
            raise self.unstable(value, "is nested too deep")
        if kind is FunctionType:
            node = self.function(value)
        elif kind is MethodType:
            parts = self.node(value.__func__, ""), self.node(value.__self__, "self")
            node = ["B", *parts]
        elif kind is functools.partial:
            args = [self.node(x, f"args[{n}]") for n, x in enumerate(value.args)]
            keywords = self.names(dict(sorted(value.keywords.items())))
            node = ["y", self.node(value.func, ""), ["t", *args], keywords]
            node += [self.names(storage(value))] if storage(value) else []
        else:
            node = self.value(value, kind)
        self.path.pop()
        return node

    def names(self, named: Mapping[str, Any]) -> list[Any]:
        """Return the node of values by name."""
        pairs = [(name, self.node(value, name)) for name, value in named.items()]
        return ["o", *[part for pair in pairs for part in pair]]

    def value(self, value: Any, kind: type) -> list[Any]:
        try:
            split = self.identity.codec.split(value, kind, whole=True)
            tag, parts = split or values.refuse(value, kind)
        except Refused as reason:
            raise self.unstable(value, str(reason)) from None
        if tag == "C" and (name := _event_name(value)):
            return ["E", name]
        if tag == "x" and kind not in self.identity.codec.decoders:
            raise self.unstable(value, "has an encoder but no decoder")
        if tag == "m" and self.index.module(parts[0]) is not value:
            raise self.unstable(value, "is a module that was not scanned")
        named = value if tag == "C" else kind
        if tag in "Cegr" and known_class(self.index, *parts[:2]) is not named:
            raise self.unstable(
                named,
                "is a class that no scanned module holds under its name; scan its "
                "module, and define the class there, not in a function",
            )
        shared = tag in "lSd" or (tag == "r" and not issubclass(kind, tuple))
        node: list[Any] = [tag]
        if shared:
            self.met[id(value)] = value, node
        labels = len(self.labels)
        nodes = [self.node(one, (tag, parts, n)) for n, one in enumerate(parts)]
        if tag in "SZ" and len(self.labels) == labels:  # no member refers to another
            nodes.sort(key=to_bytes)
        node += nodes
        if tag == "x":
            self.met[id(value)] = value, node
        return node

    def function(self, fn: FunctionType) -> list[Any]:
        code, module, qualname = fn.__code__, fn.__module__, fn.__qualname__
        if "<" not in qualname and type(module) is str:
            module = self.identity.module_name(module)
            if self.index.function(module, qualname) is fn:
                fingerprint = self.identity.handler_id(fn).fingerprint
                return ["h", module, qualname, fingerprint]
        location, assigned = self.locate(fn)
        if assigned:
            self.path.append(min(assigned))
            raise self.error(
                "a handler assigns this variable, and what it assigns on another "
                "server is lost. Keep the value in your application's state, or in "
                "an object that every server looks up by a key."
            )
        cells: list[Any] = []
        node = ["F", *location, cells]
        self.met[id(fn)] = fn, node
        # Nothing assigns a cell, so whether two functions share it does not matter.
        for name, cell in zip(code.co_freevars, fn.__closure__ or (), strict=True):
            try:
                content = cell.cell_contents
            except ValueError:
                content = _EMPTY_CELL
            simple = id(type(content)) in _SIMPLE or content is _EMPTY_CELL
            cells.append(content if simple else self.node(content, name))
        if (
            fn.__defaults__
            or fn.__kwdefaults__
            or fn.__dict__
            or fn.__name__ != code.co_name
            or fn.__qualname__ != code.co_qualname
            or fn.__module__ != fn.__globals__["__name__"]
        ):
            node += self.attributes(fn)
        return node

    def attributes(self, fn: FunctionType) -> list[Any]:
        """Return name and node of all that was set on a function after it was made."""
        code, given = fn.__code__, fn.__defaults__ or ()
        names = code.co_varnames[code.co_argcount - len(given) : code.co_argcount]
        attributes: list[Any] = []
        if given:
            attributes += ["__defaults__", ["t", *map(self.node, given, names)]]
        for name, mapping in (
            ("__kwdefaults__", fn.__kwdefaults__),
            ("__dict__", fn.__dict__),
            ("__annotations__", _event_annotations(fn, names)),
        ):
            attributes += [name, self.names(mapping)] if mapping else []
        for name, text, usual in (
            ("__name__", fn.__name__, code.co_name),
            ("__qualname__", fn.__qualname__, code.co_qualname),
            ("__module__", fn.__module__, fn.__globals__["__name__"]),
        ):
            attributes += [name, text] if text != usual else []
        if fn.__module__ != fn.__globals__["__name__"]:
            attributes[-1] = self.identity.module_name(fn.__module__)
        return attributes

    def unstable(self, value: object, reason: str) -> UnstableCapture:
        """Return the error for a value at the end of the path."""
        name = values.type_name_of(value)
        return self.error(
            f"{name} {reason}. Pass a key instead and look the object up in the "
            "handler, use a supported type, or give the type an encoder and a decoder: "
            "Identity(encoders=..., decoders=...).",
            name,
        )

    def error(self, text: str, type_name: str = "") -> UnstableCapture:
        where = ""
        for one in self.path:
            if type(one) is tuple:
                where += values.step(*one)
            else:
                where += f" -> {one}" if where and one else one
        where = where or "the handler"
        return UnstableCapture(
            f"{where} cannot be carried: {text}", where=where, type_name=type_name
        )


def _event_name(kind: Any) -> str:
    """Return the wire name of an event type; ``""`` for another class."""
    name = look_up(kind, "wire_name")
    try:
        return name if type(name) is str and event_type(name) is kind else ""
    except LookupError:
        return ""


def _event_annotations(fn: FunctionType, names: Sequence[str]) -> dict[str, object]:
    """Return the annotations that say which optional parameter gets the event.

    A parameter without default gets the event whatever its annotation says.
    """
    try:
        found = fn.__annotations__ if names else {}
    except Exception:  # noqa: BLE001  (the author's expressions, run here on 3.14)
        return {}
    return {name: found[name] for name in names if _is_event(found.get(name))}


def _is_event(annotation: Any) -> bool:
    kind = type(annotation)
    if kind in _UNIONS:
        members = [one for one in annotation.__args__ if one is not NoneType]
        return all(map(_is_event, members))
    return kind is str or (issubclass(kind, type) and _event_name(annotation) != "")


class DecoderFailed(Exception):
    """A decoder of the host raised this error."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Reader:
    """One graph on its way to a handler.

    What does not fit raises ``Corrupt``, or what Python's own types raise.

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

    def value(self, node: Any, label: Any = None) -> Any:
        """Return what a node was written for."""
        if type(node) is not list:
            return node
        self.depth += 1
        if self.depth > 2 * _MAX_DEPTH:
            raise Corrupt
        tag, *rest = node
        if (read := _READERS.get(tag)) is not None:
            made = read(self, label, *rest)
        elif (row := values.row_of_tag(tag)) is not None:
            made = row.make(*map(self.value, rest))
        else:
            raise Corrupt
        self.depth -= 1
        return made

    def labelled(self, outer: Any, label: Any, node: Any) -> Any:
        if outer is not None or label in self.labels or type(label) is not int:
            raise Corrupt
        return self.note(label, self.value(node, label))

    def again(self, _: Any, label: Any) -> Any:
        return self.labels[label]

    def note(self, label: Any, value: Any) -> Any:
        if label is not None:
            self.labels[label] = value
        return value

    def names(self, _: Any, *nodes: Any) -> Any:
        if any(type(name) is not str for name in nodes[::2]):
            raise Corrupt
        return dict(zip(nodes[::2], map(self.value, nodes[1::2]), strict=True))

    def list(self, label: Any, *nodes: Any) -> Any:
        self.mutable, made = True, self.note(label, [])
        made += map(self.value, nodes)
        return made

    def set(self, label: Any, *nodes: Any) -> Any:
        self.mutable, made = True, self.note(label, set())
        made.update(map(self.value, nodes))
        return made

    def dict(self, label: Any, *nodes: Any) -> Any:
        self.mutable, made = True, self.note(label, {})
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            made[self.value(key)] = self.value(value)
        return made

    def record(
        self, label: Any, module: Any, qualname: Any, names: Any, *fields: Any
    ) -> Any:
        kind = self.class_(None, module, qualname)
        known = values.field_names(kind)
        if known is None or ",".join(known) != names or len(known) != len(fields):
            return self.known(None, names)
        if issubclass(kind, tuple):
            return tuple.__new__(kind, map(self.value, fields))
        self.mutable = self.mutable or not values.is_frozen(kind)
        made = self.note(label, object.__new__(kind))
        values.fill(made, known, [*map(self.value, fields)])
        return made

    def member(self, _: Any, module: Any, qualname: Any, *names: Any) -> Any:
        made = values.make_member(self.class_(None, module, qualname), names)
        return self.known(made, *names[1:])

    def class_(self, _: Any, module: Any, qualname: Any) -> Any:
        return self.known(known_class(self.index, module, qualname), module, qualname)

    def event(self, _: Any, name: Any) -> Any:
        try:
            return event_type(name)
        except LookupError:
            return self.known(None, name)

    def module(self, _: Any, name: Any) -> Any:
        return self.known(self.index.module(name), name)

    def decoded(self, _: Any, module: Any, qualname: Any, node: Any) -> Any:
        decode = self.known(self.decoders.get((module, qualname)), module, qualname)
        value, self.mutable = self.value(node), True
        try:
            return decode(value)
        except Exception as error:
            raise DecoderFailed(error) from error

    def method(self, _: Any, fn: Any, owner: Any) -> Any:
        return MethodType(self.value(fn), self.value(owner))

    def partial(self, _: Any, *nodes: Any) -> Any:
        fn, args, keywords, *stored = map(self.value, nodes)
        made = functools.partial(fn, *args, **keywords)
        for attributes in stored:
            vars(made).update(attributes)
        return made

    def held(self, _: Any, module: Any, qualname: Any, fingerprint: Any) -> Any:
        fn = self.known(self.index.function(module, qualname), module, qualname)
        ids = self.identity.ids(fn)
        return self.known(
            fn if any(i.fingerprint == fingerprint for i in ids) else None
        )

    def function(self, label: Any, *nodes: Any) -> Any:
        module, qualname, fingerprint, contents, *attributes = nodes
        code, names = self.find(module, qualname, fingerprint)
        cells = [CellType() if type(x) is list else CellType(x) for x in contents]
        fn = FunctionType(code, names, None, None, tuple(cells) or None)
        self.note(label, fn)
        for cell, node in zip(cells, contents, strict=True):
            if type(node) is list and node != _EMPTY_CELL:
                cell.cell_contents = self.value(node)
        for name, node in zip(attributes[::2], attributes[1::2], strict=True):
            value = self.value(node)
            too_many = type(value) is tuple and len(value) > code.co_argcount
            if too_many or type(value) is not _ATTRIBUTES[name]:
                raise Corrupt
            setattr(fn, name, value)
        return fn

    def known(self, found: Any, *names: Any) -> Any:
        """Return what was found by names in a table, if it was."""
        if found is not None:
            return found
        if any(type(name) is not str for name in names):
            raise Corrupt
        raise StaleHandler(
            "a function or class that the handler carries is unknown here, or another: "
            "no scanned module has it as it was when the page was rendered"
        )


_ATTRIBUTES: dict[str, type] = {
    "__defaults__": tuple,
    **dict.fromkeys(("__kwdefaults__", "__dict__", "__annotations__"), dict),
    **dict.fromkeys(("__name__", "__qualname__", "__module__"), str),
}
"""What may be set on a function that is made, and of which types."""

_READERS: dict[str, Callable[..., Any]] = dict(
    zip(
        "&=olSdregCEmxByhF",
        (
            *(Reader.labelled, Reader.again, Reader.names, Reader.list, Reader.set),
            *(Reader.dict, Reader.record, Reader.member, Reader.member, Reader.class_),
            *(Reader.event, Reader.module, Reader.decoded, Reader.method),
            *(Reader.partial, Reader.held, Reader.function),
        ),
        strict=True,
    )
)
"""How a node is read, by its tag; the rows of the table aside."""
