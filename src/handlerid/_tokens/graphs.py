"""Values and functions as a graph: JSON lists that begin with a tag.

Unlike a tree, a graph says which mutable objects, functions and cells are one, and
keeps the order of dicts. ``docs/reference/carried-bytes.md`` lists the tags.
"""

from __future__ import annotations

import functools
from json import JSONDecoder, JSONEncoder
from types import CellType, CodeType, FunctionType, MethodType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ForwardRef,
    NoReturn,
    Protocol,
    Union,
    get_args,
    get_origin,
)

from handlerid._peek import look_up, storage
from handlerid._values import (
    Codec,
    Corrupt,
    Refused,
    Writing,
    field_names,
    fill,
    is_frozen,
    make_member,
    make_union,
    own_class,
    row_of_tag,
    step,
    type_name_of,
)
from handlerid.errors import StaleHandler, UnstableCapture
from handlerid.events import event_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    Location = tuple[str, str, str]

_MAX_PARTS = 8192
_MAX_DEPTH = 50

_SIMPLE = frozenset(map(id, (str, bool, type(None))))
_LARGEST = 1 << 63


class CodeIndex(Protocol):
    """The modules that the host scanned, as data."""

    version: int

    def module(self, name: str) -> ModuleType | None:
        """Return a module by the name that other processes know."""

    def codes(self, module: str, qualname: str) -> Iterator[CodeType]:
        """Yield the code objects that have a qualified name."""

    def function(self, module: str, qualname: str) -> FunctionType | None:
        """Return the function that a module holds under a qualified name."""

    def class_(self, module: str, qualname: str) -> type | None:
        """Return the class that a module holds under a qualified name."""


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
    """Return the graph in bytes.

    Raises:
        Corrupt, ValueError, StopIteration, RecursionError: there is none.
    """
    text = data.decode("utf-8", "surrogatepass")
    node, end = _scan(text, 0)
    if end != len(text):
        raise Corrupt
    return node


def known_class(index: CodeIndex, module: str, qualname: str) -> type | None:
    """Return a class of Python's own or of a scanned module."""
    return own_class(module, qualname) or index.class_(module, qualname)


class Writer(Writing):
    """One handler on its way to a graph.

    Args:
        codec: the codec.
        index: the modules whose code may be used.
        locate: return module, qualified name and fingerprint of a function's code, and
            the free variables that it assigns.
        held: return the fingerprint of a function that its module holds.
    """

    def __init__(
        self,
        codec: Codec,
        index: CodeIndex,
        locate: Callable[[FunctionType], tuple[Location, frozenset[str]]],
        held: Callable[[FunctionType], str],
    ) -> None:
        super().__init__(codec)
        self.index, self.locate, self.held = index, locate, held
        # Functions, cells and mutable objects with their nodes; those met again.
        self.met: dict[int, tuple[object, list[Any]]] = {}
        self.labels: dict[int, int] = {}
        self.cells: list[list[Any]] = []
        self.captured: list[tuple[Any, str]] = []  # by the handler itself
        self.path: list[Any] = []  # names of variables, and arguments of step()
        self.parts = 0

    def write(self, handler: object) -> Any:
        """Return the graph of a handler."""
        graph = self.node(handler, "")
        for address, number in self.labels.items():
            node = self.met[address][1]
            node[:] = ["&", number, list(node)]
        for cells in self.cells:
            # A text or number in a cell that is not shared stands there by itself.
            for n, (tag, *content) in enumerate(cells):
                if tag == "v" and content and type(content[0]) is not list:
                    cells[n] = content[0]
        return graph

    def largest(self) -> str:
        """Return the variable of the handler that takes the most bytes."""
        _, name = max(self.captured, key=lambda one: len(to_bytes(one[0])))
        return name

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
            target = self.node(value.__func__, "")
            node = ["B", target, self.node(value.__self__, "self")]
        elif kind is functools.partial:
            args = [self.node(x, f"args[{n}]") for n, x in enumerate(value.args)]
            keywords = dict(sorted(value.keywords.items()))
            parts = [["t", *args], self.names(keywords, "keywords[{}]".format)]
            node = ["y", self.node(value.func, ""), *parts, self.names(storage(value))]
        else:
            node = self.value(value, kind)
        self.path.pop()
        if len(self.path) == 1:
            self.captured.append((node, str(step)))
        return node

    def begin(self, value: object, tag: str) -> list[Any]:
        """Return a node for what may be met again, from now on."""
        node = [tag]
        self.met[id(value)] = value, node
        return node

    def names(
        self, values: dict[str, Any], name: Callable[[str], str] = str
    ) -> list[Any]:
        """Return the node of values by name, which are no dict of the author's."""
        return [
            "o",
            *[x for k, v in values.items() for x in (k, self.node(v, name(k)))],
        ]

    def value(self, value: Any, kind: type) -> list[Any]:
        try:
            split = self.split(value, kind)
            if split is None:
                self.refuse(value, kind)
        except Refused as reason:
            raise self.unstable(value, str(reason)) from None
        tag, parts = split
        if tag == "C" and (name := _event_name(value)):
            return ["E", name]
        if tag == "x" and kind not in self.codec.decoders:
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
        node = self.begin(value, tag) if shared else [tag]
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
            module = self.codec.module_name(module)
            if self.index.function(module, qualname) is fn:
                return ["h", module, qualname, self.held(fn)]
        location, assigned = self.locate(fn)
        cells: list[Any] = []
        node = self.begin(fn, "F")
        node += [*location, cells]
        self.cells.append(cells)
        todo = []
        for name, cell in zip(code.co_freevars, fn.__closure__ or (), strict=True):
            if name in assigned:
                raise self.assigned(name)
            if id(cell) in self.met:
                cells.append(self.node(cell, name))
            else:
                cells.append(self.begin(cell, "v"))
                todo.append((cells[-1], name, cell))
        for its, name, cell in todo:
            try:
                content = cell.cell_contents
            except ValueError:  # empty
                continue
            its.append(self.node(content, name))
        values = fn.__defaults__ or ()
        names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
        defaults = [self.node(x, name) for name, x in zip(names, values, strict=True)]
        for name, content, usual in (
            ("__defaults__", ["t", *defaults], ["t"]),
            ("__kwdefaults__", self.names(fn.__kwdefaults__ or {}), ["o"]),
            ("__dict__", self.names(fn.__dict__), ["o"]),
            ("__annotations__", self.annotations(fn, names), ["o"]),
            ("__name__", fn.__name__, code.co_name),
            ("__qualname__", qualname, code.co_qualname),
            ("__module__", module, self.codec.module_name(fn.__globals__["__name__"])),
        ):
            if content != usual:
                node += [name, content]
        return node

    def annotations(self, fn: FunctionType, names: Sequence[str]) -> list[Any]:
        """Return the annotations that say which optional parameter gets the event.

        A parameter without default gets the event whatever its annotation says.
        """
        if not names:
            return ["o"]
        try:
            found = fn.__annotations__
        except Exception:  # noqa: BLE001  (the author's expressions, run here on 3.14)
            return ["o"]
        events = {}
        for name in names:
            if its := _events_in(found.get(name)):
                mixed = len(its) > 1 and any(type(one) is str for one in its)
                if mixed:
                    self.path.append(f"the annotation of {name}")
                    raise self.unstable(its, "mixes classes and names of classes")
                events[name] = its[0] if len(its) == 1 else make_union(*its)
        return self.names(events, "the annotation of {}".format)

    def where(self) -> str:
        where = ""
        for one in self.path:
            if type(one) is tuple:
                where += step(*one)
            else:
                where += f" -> {one}" if where and one else one
        return where or "the handler"

    def unstable(self, value: object, reason: str) -> UnstableCapture:
        where, name = self.where(), type_name_of(value)
        return UnstableCapture(
            f"{where} cannot be carried: {name} {reason}. Pass a key instead and look "
            "the object up in the handler, use a supported type, or give the type an "
            "encoder and a decoder: Identity(encoders=..., decoders=...).",
            where=where,
            type_name=name,
        )

    def assigned(self, name: str) -> UnstableCapture:
        self.path.append(name)
        where = self.where()
        return UnstableCapture(
            f"{where} cannot be carried: a handler assigns this variable, and what it "
            "assigns on another server is lost. Keep the value in your application's "
            "state, or in an object that every server looks up by a key.",
            where=where,
        )


def _event_name(kind: type) -> str:
    """Return the wire name of an event type; ``""`` for another class."""
    name = look_up(kind, "wire_name")
    try:
        return name if type(name) is str and event_type(name) is kind else ""
    except LookupError:
        return ""


def _events_in(annotation: Any) -> list[Any]:
    """Return the event types, or names of types, that an annotation holds."""
    if type(annotation) is ForwardRef:
        annotation = annotation.__forward_arg__
    if type(annotation) is str:
        return [annotation]
    if issubclass(type(annotation), type):
        return [annotation] if _event_name(annotation) else []
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _events_in(args[0])
    members = args if origin in (Union, UnionType) else ()
    return [event for one in members for event in _events_in(one)]


class DecoderFailed(Exception):
    """A decoder of the host raised this error."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Reader:
    """One graph on its way to a handler; what does not fit is ``Corrupt``.

    Args:
        index: the modules whose code may be used.
        decoders: of the host's types, by module and qualified name.
        find: return the code at a location, and its globals.
        held: return the fingerprints of a function by each key.

    Attributes:
        mutable: whether something mutable was made.
    """

    def __init__(
        self,
        index: CodeIndex,
        decoders: Mapping[tuple[str, str], Callable[[Any], object]],
        find: Callable[[Any, Any, Any], tuple[CodeType, dict[str, Any]]],
        held: Callable[[FunctionType], Sequence[str]],
    ) -> None:
        self.index, self.decoders, self.find, self.held = index, decoders, find, held
        self.labels: dict[Any, Any] = {}
        self.mutable = False
        self.depth = 0

    def value(self, node: Any, label: int | None = None) -> Any:
        """Return what a node was written for."""
        if type(node) is not list:
            return node
        self.depth += 1
        if self.depth > 2 * _MAX_DEPTH:
            raise Corrupt
        if (read := _READERS.get(node[0])) is not None:
            made = read(self, label, *node)
        elif (row := row_of_tag(node[0])) is not None:
            made = row.make(*map(self.value, node[1:]))
        else:
            raise Corrupt
        self.depth -= 1
        return made

    def labelled(self, outer: Any, _: str, label: Any, node: Any) -> object:
        if outer is not None or label in self.labels or type(label) is not int:
            raise Corrupt
        return self.note(label, self.value(node, label))

    def again(self, _: Any, __: str, label: Any) -> object:
        return self.labels[label]

    def note(self, label: Any, value: Any) -> Any:
        if label is not None:
            self.labels[label] = value
        return value

    def names(self, _: Any, __: str, *nodes: Any) -> dict[str, Any]:
        if any(type(name) is not str for name in nodes[::2]):
            raise Corrupt
        return dict(zip(nodes[::2], map(self.value, nodes[1::2]), strict=True))

    def list(self, label: Any, _: str, *nodes: Any) -> object:
        self.mutable = True
        made: list[Any] = self.note(label, [])
        made += map(self.value, nodes)
        return made

    def set(self, label: Any, _: str, *nodes: Any) -> object:
        self.mutable = True
        made: set[Any] = self.note(label, set())
        made.update(map(self.value, nodes))
        return made

    def dict(self, label: Any, _: str, *nodes: Any) -> object:
        self.mutable = True
        made: dict[Any, Any] = self.note(label, {})
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            made[self.value(key)] = self.value(value)
        return made

    def record(self, label: Any, _: str, *nodes: Any) -> object:
        module, qualname, names, *fields = nodes
        kind = self.class_(None, "C", module, qualname)
        known = field_names(kind)
        if known is None or ",".join(known) != names:
            raise self.gone()
        if len(known) != len(fields):
            raise Corrupt
        if issubclass(kind, tuple):
            return tuple.__new__(kind, map(self.value, fields))
        self.mutable = self.mutable or not is_frozen(kind)
        made = self.note(label, object.__new__(kind))
        fill(made, known, [*map(self.value, fields)])
        return made

    def member(self, _: Any, tag: str, module: Any, qualname: Any, *names: Any) -> Any:
        made = make_member(tag, self.class_(None, "C", module, qualname), names)
        if made is None:
            raise self.gone()
        return made

    def class_(self, _: Any, __: str, module: Any, qualname: Any) -> type:
        kind = known_class(self.index, module, qualname)
        if kind is None:
            raise self.gone(module, qualname)
        return kind

    def event(self, _: Any, __: str, name: Any) -> type:
        try:
            return event_type(name)
        except LookupError:
            raise self.gone(name) from None

    def module(self, _: Any, __: str, name: Any) -> object:
        module = self.index.module(name)
        if module is None:
            raise self.gone(name)
        return module

    def decoded(self, _: Any, __: str, module: Any, qualname: Any, node: Any) -> Any:
        decode = self.decoders.get((module, qualname))
        if decode is None:
            raise self.gone(module, qualname)
        value, self.mutable = self.value(node), True
        try:
            return decode(value)
        except Exception as error:
            raise DecoderFailed(error) from error

    def method(self, _: Any, __: str, fn: Any, owner: Any) -> object:
        return MethodType(self.value(fn), self.value(owner))

    def partial(self, _: Any, __: str, *nodes: Any) -> object:
        fn, args, keywords, stored = map(self.value, nodes)
        made = functools.partial(fn, *args, **keywords)
        vars(made).update(stored)
        return made

    def held_function(
        self, _: Any, __: str, module: Any, qualname: Any, fingerprint: Any
    ) -> object:
        fn = self.index.function(module, qualname)
        if fn is None or fingerprint not in self.held(fn):
            raise self.gone(module, qualname)
        return fn

    def function(
        self,
        label: Any,
        _: str,
        module: Any,
        qualname: Any,
        fingerprint: Any,
        nodes: Any,
        *more: Any,
    ) -> object:
        code, names = self.find(module, qualname, fingerprint)
        cells, todo = [], []
        for node in nodes:
            cell = CellType(node)
            if type(node) is list:
                cell, content = self.cell(*node)
                todo.append((cell, content))
            cells.append(cell)
        fn = self.note(
            label, FunctionType(code, names, None, None, tuple(cells) or None)
        )
        for cell, content in todo:
            for one in content:  # none in an empty cell
                cell.cell_contents = self.value(one)
        for name, node in zip(more[::2], more[1::2], strict=True):
            value = self.value(node)
            if type(value) is not _ATTRIBUTES[name]:
                raise Corrupt
            if name == "__defaults__" and len(value) > code.co_argcount:
                raise Corrupt
            setattr(fn, name, value)
        return fn

    def cell(self, tag: Any, *nodes: Any) -> tuple[CellType, Sequence[Any]]:
        """Return a cell, and what is written of its content, if it has any."""
        if tag == "v" and len(nodes) <= 1:
            return CellType(), nodes
        if tag == "&":
            label, node = nodes
            cell, content = self.cell(*node)
            if label in self.labels or type(label) is not int or node[0] != "v":
                raise Corrupt
            return self.note(label, cell), content
        (label,) = nodes
        cell = self.labels[label]
        if tag != "=" or type(cell) is not CellType:
            raise Corrupt
        return cell, ()

    def gone(self, *names: Any) -> Exception:
        if any(type(name) is not str for name in names):
            return Corrupt()
        return StaleHandler(
            "a function or class that the handler carries is unknown here, or another: "
            "no scanned module has it as it was when the page was rendered"
        )


_ATTRIBUTES = {
    "__defaults__": tuple,
    "__kwdefaults__": dict,
    "__dict__": dict,
    "__annotations__": dict,
    "__name__": str,
    "__qualname__": str,
    "__module__": str,
}
"""What may be set on a function that is made."""

_READERS: dict[str, Callable[..., object]] = {
    "&": Reader.labelled,
    "=": Reader.again,
    "o": Reader.names,
    "l": Reader.list,
    "S": Reader.set,
    "d": Reader.dict,
    "r": Reader.record,
    "e": Reader.member,
    "g": Reader.member,
    "C": Reader.class_,
    "E": Reader.event,
    "m": Reader.module,
    "x": Reader.decoded,
    "B": Reader.method,
    "y": Reader.partial,
    "h": Reader.held_function,
    "F": Reader.function,
}
"""How a node is read, by its tag; the rows of the table aside."""
