"""A value as a tree, for ids: contents and types, and shared parts each time.

A shared object is walked and hashed once. A part that is met again while it is open, or
that leads back to an open one, is written as a number: how many parts were begun since.
A callable has to be on the way: whatever else contains itself is refused. Members of
sets and dicts are numbered as if each stood alone.

Two values are the same if their bytes and their marks are equal. The marks are the
addresses of objects that tell equals apart, in the order of the walk, or a hash of
several. Inside such an object, and inside a key, nothing is marked.
"""

from __future__ import annotations

import sys
from _blake2 import blake2b  # hashlib would load OpenSSL, which takes 2 ms
from operator import add
from typing import TYPE_CHECKING, Any, TypeAlias

from handlerid._peek import name_of_class, names_of_class
from handlerid._values.records import is_fixed as is_fixed_record
from handlerid._values.table import Refused, find_scalar, row_of_tag
from handlerid.errors import UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Split: TypeAlias = tuple[str, Sequence[Any]]
    Splitter: TypeAlias = Callable[[Any, type], Split | None]
    # Text, parts that end with a name and a value, and marks by name.
    Described: TypeAlias = tuple[
        str, Sequence[tuple[Any, ...]], Sequence[tuple[str, object]]
    ]
    Describe: TypeAlias = Callable[[Any], Described | None] | None
    Marks: TypeAlias = list[int] | None

_LONGEST = 256  # bytes of a form inside another; a longer one is replaced by its digest
_DEEPEST = 20_000  # levels; only an encoder that never ends nests deeper
_MOST_BACK = 50_000  # parts that lead back to others: about a second
_MOST_STEPS = 20  # that an error shows
NO_FORM = "has no canonical form"
_INSTEAD = (
    "Pass a key instead and look the object up in the handler, use a supported type, "
    "or give"
)


def step(tag: str, parts: Sequence[Any], index: int) -> str:
    """Return what an error calls the way to a part."""
    if tag == "r":
        return f".{parts[2].split(',')[index - 3]}"
    if tag in "FBy":  # of a graph, where parts are names of variables
        return f" -> {parts[index]}" if parts[index] else ""
    if tag in "dO":
        return "[value]" if index % 2 else "[key]"
    if tag in "xhAJKXY":  # of an internal part: Python code has no path to it
        return ""
    return "[item]" if tag in "SZ" else f"[{index}]"


def mark_of(one: object) -> int:
    """Return the mark of an object: its address, or of a text its hash."""
    return hash(one) if type(one) is str else id(one)


def is_fixed(value: object, kind: type, split: Split) -> bool:
    """Return whether a value cannot change: the same parts are the same value."""
    tag, parts = split
    if tag == "r":
        return is_fixed_record(value, kind, parts[2].split(","))
    row = row_of_tag(tag)
    return tag not in "Cm" if row is None else row.fill is None


def _hash(form: bytes, marks: Sequence[int]) -> int:
    data = form + b"".join([b"%x;" % mark for mark in marks])
    return int.from_bytes(blake2b(data, digest_size=16).digest())


class _Node:
    """A part that is written; its object is alive, so that its address holds."""

    __slots__ = ("forms", "lowest", "marks", "number", "open", "parts", "tag", "value")

    def __init__(self, value: object, split: Split, number: int) -> None:
        self.value, (self.tag, self.parts) = value, split
        self.number = self.lowest = number  # the lowest number that it refers to
        self.open = True
        self.marks = 0  # how many there were before it
        self.forms: list[bytes] = []


class Tree:
    def __init__(
        self,
        split: Splitter,
        where: str,
        describe: Describe = None,
        omitted: list[str] | None = None,
        marks: Marks = None,
    ) -> None:
        self.split, self.where = split, where
        self.describe, self.omitted = describe, omitted
        self.marks = [] if marks is None else marks
        # Nothing is marked inside this part, or anywhere if it is the tree. So digests
        # made inside, which have no marks, are kept apart from those made outside.
        self.quiet: _Node | Tree | None = self if marks is None else None
        self.digests: dict[int, tuple[object, bytes, Sequence[int]]] = {}
        self.other_digests: dict[int, Any] = {}
        self.open: list[_Node] = []
        # By address, as numbered: parts that are open, or lead back to an open one.
        self.begun: dict[int, _Node] = {}
        self.callables = [-1]  # numbers of those that are open
        self.back = 0  # parts that led back

    def encode(self, value: object) -> bytes:
        form = self.form(value)
        while self.open:
            node = self.open[-1]
            if form:
                node.forms.append(form)
            if len(node.forms) < len(node.parts):
                form = self.form(node.parts[len(node.forms)])
            else:
                form = self.close()
        return form

    def form(self, value: object) -> bytes:
        """Return the form of a value, or open it and return nothing."""
        try:
            return self.begin(value)
        except Refused as refusal:
            error = self.unstable(value, refusal)
        if self.omitted is None:
            raise error
        self.omitted.append(error.where)
        return b"?"

    def begin(self, value: object) -> bytes:
        address, kind, number = id(value), type(value), len(self.begun)
        if address in self.digests:
            _, short, marks = self.digests[address]
            self.put(len(self.marks), short, marks)
            return short
        if (scalar := find_scalar(id(kind))) is not None:
            form = scalar(value)
            return form if len(form) <= _LONGEST else self.shorten(value, form)
        if (first := self.begun.get(address)) is not None:
            if first.open and first.number > self.callables[-1]:
                raise Refused("refers to itself")
            self.back += 1
            if self.back > _MOST_BACK:
                raise Refused("refers to itself by way of too many callables")
            self.open[-1].lowest = min(self.open[-1].lowest, first.number)
            return b"^%x;" % (number - first.number)
        if len(self.open) >= _DEEPEST:
            raise Refused(f"is nested more than {_DEEPEST} levels deep")
        named: Sequence[tuple[str, object]] = ()
        if (split := self.split(value, kind)) is None:
            found = self.describe(value) if self.describe and callable(value) else None
            if found is None:
                raise Refused(NO_FORM)
            text, captures, named = found
            split = "h", [text, *captures]
            self.callables.append(number)
        self.begun[address] = node = _Node(value, split, number)
        self.open.append(node)
        if self.quiet is None:
            node.marks = len(self.marks)
            self.marks += [mark_of(one) for _, one in named]
            self.mark(node, kind)
        return b""

    def mark(self, node: _Node, kind: type) -> None:
        if (tag := node.tag) in "regx":
            module, qualname = names_of_class(kind)
            if "<" in qualname or module not in sys.modules:
                self.marks.append(id(kind))  # others may bear its name
        if tag == "x" or not is_fixed(node.value, kind, (tag, node.parts)):
            self.be_quiet(node)
            if tag != "x" or node.parts[2] is None:  # a key of None is none
                self.marks.append(id(node.value))

    def be_quiet(self, node: _Node | None) -> None:
        self.quiet = node
        self.digests, self.other_digests = self.other_digests, self.digests

    def put(self, start: int, form: bytes, marks: Sequence[int]) -> None:
        """Replace the marks from ``start`` on by those of a closed part."""
        # A frozenset has no order, so marks of a member are hashed with its form.
        hashed = marks and self.open[-1].tag == "Z"
        self.marks[start:] = [_hash(form, marks)] if hashed else marks

    def close(self) -> bytes:
        node = self.open.pop()
        node.open = False
        if node.tag == "h":
            self.callables.pop()
        forms = node.forms
        if node is self.quiet:
            self.be_quiet(None)
        if node.tag == "d":
            forms = list(map(add, forms[::2], forms[1::2]))
        marks = self.marks[node.marks :] if self.quiet is None else []
        if node.tag in "SZd":
            forms.sort()
            marks.sort()
            self.marks[len(self.marks) - len(marks) :] = marks
        form = b"%b%d:%b" % (node.tag.encode(), len(node.parts), b"".join(forms))
        if not self.open:
            return form
        above, complete = self.open[-1], node.lowest == node.number
        above.lowest = min(above.lowest, node.lowest)
        if complete or above.tag in "SZd":
            while len(self.begun) > node.number:
                self.begun.popitem()
        if len(form) > _LONGEST:
            marks = [_hash(b"", marks)] if len(marks) > 1 else marks
            form = self.shorten(node.value, form, marks, keep=complete)
        if marks:
            self.put(node.marks, form, marks)
        return form

    def shorten(
        self,
        value: object,
        form: bytes,
        marks: Sequence[int] = (),
        *,
        keep: bool = True,
    ) -> bytes:
        short = b"#" + blake2b(form, digest_size=32).digest()
        if keep:
            self.digests[id(value)] = value, short, marks
        return short

    def unstable(self, value: Any, refusal: Refused) -> UnstableCapture:
        steps, inside = [self.where], ""
        for node in self.open:
            name = f" -> {node.parts[-2]}" if inside == "h" else ""
            steps.append(name or step(node.tag, node.parts, len(node.forms)))
            inside = node.tag
        if len(steps) > _MOST_STEPS:
            steps = [*steps[:9], "...", *steps[-8:]]
        where, kind = "".join(steps), type(value)
        name = name_of_class(value if issubclass(kind, type) else kind)
        cure = "Give" if where.rpartition(" -> ")[2] == "self" else _INSTEAD
        return UnstableCapture(
            f"{where} cannot be part of an id: {name} {refusal}. {cure} its class a "
            "__handler_key__(self), or Identity(encoders={Class: function}). "
            'With captures="carry", also Identity(decoders={Class: function}).',
            where=where,
            type_name=name,
        )
