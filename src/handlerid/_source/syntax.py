"""The canonical form of a syntax tree: the same bytes on every Python and platform.

``docs/contributing/id-format.md`` has the forms, and the numbered rules of what is left
out.
"""

from __future__ import annotations

import ast
import struct
from functools import cache
from itertools import groupby
from types import EllipsisType, NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)
_FUNCTIONS = (*_DEFS, ast.Lambda)

# Rules 2 and 3; numbers that are written even if they are 0; rule 4.
_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "returns"})
_NUMBERS = frozenset({"conversion", "is_async", "level", "simple"})
_LEFT_OUT_OF_OUTERMOST = frozenset({"decorator_list", "defaults", "kw_defaults"})


def encode_functions(tree: ast.AST) -> dict[ast.AST, bytes]:
    """Return the canonical bytes of each function in a tree, and of the tree.

    One walk makes all of them: the form of a function is its part of the tree's bytes,
    without what it leaves out as the outermost one (rule 4).
    """
    walk = _Walk(tree)
    walk.run()
    walk.functions.setdefault(tree, b"".join(walk.written))
    return walk.functions


class _Walk:
    def __init__(self, tree: ast.AST) -> None:
        self.written: list[bytes] = []
        self.functions: dict[ast.AST, bytes] = {}
        # A stack, because a sum of 1,500 terms is a tree 1,500 nodes deep.
        self.todo: list[Any] = [tree]
        self.in_function = False  # rule 3
        # Of the function begun last: where its form starts, stops, starts again, ...
        self.cuts: list[int] = []

    def run(self) -> None:
        todo, written = self.todo, self.written
        while todo:
            item = todo.pop()
            kind: Any = type(item)
            if kind is bytes:  # a finished form
                written.append(item)
            elif kind is ast.Name:
                written.append(b"(Name id=%b)" % encode_constant(item.id))
            elif kind is ast.Constant or kind is ast.MatchSingleton:
                parts = (_fields(kind)[0], encode_constant(item.value))
                written.append(b"%b value=%b)" % parts)
            elif kind is list:
                written.append(b"[")
                todo.append(b"]")
                todo += reversed(item)
            elif kind is _Mark:
                self.cut(item)
            elif kind in _CONSTANTS:  # a name, a number in a field, or None in a list
                written.append(b"-" if item is None else encode_constant(item))
            else:
                self.begin(item, kind)

    def begin(self, node: Any, kind: Any) -> None:
        """Write how a node begins, and put its fields on the stack."""
        todo, own = self.todo, kind in _FUNCTIONS
        if own or kind is ast.ClassDef:
            self.cuts = [len(self.written)]
            todo.append(_Mark(self.cuts, node, self.in_function))
            self.in_function = own
        elif kind is ast.AnnAssign and self.in_function and node.value is not None:
            kind, node = ast.Assign, ast.Assign([node.target], node.value)
        start, fields = _fields(kind)
        self.written.append(start)
        todo.append(b")")
        mark = _Mark(self.cuts)
        for name, label in fields:
            value = _value(node, name)
            if not value and (value != 0 or name not in _NUMBERS):
                continue
            if name in _LEFT_OUT_OF_OUTERMOST and (own or kind is ast.arguments):
                todo += [mark, value, label, mark]
            elif name != "annotation" or not self.in_function:
                todo += [value, label]

    def cut(self, mark: _Mark) -> None:
        mark.cuts.append(len(self.written))
        if mark.node is not None:
            self.in_function = mark.in_function
        if isinstance(mark.node, _FUNCTIONS):
            parts: list[bytes] = []
            for start, stop in zip(mark.cuts[::2], mark.cuts[1::2], strict=True):
                parts += self.written[start:stop]
            self.functions[mark.node] = b"".join(parts)


class _Mark(NamedTuple):
    """Where the form of a function is cut; with its node, where it ends."""

    cuts: list[int]
    node: ast.AST | None = None
    in_function: bool = False  # around the node


@cache
def _fields(kind: type[ast.AST]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return how nodes of a class begin, and their fields, the last one first."""
    names = sorted(set(kind._fields) - _LEFT_OUT, reverse=True)
    return f"({kind.__name__}".encode(), [(one, f" {one}=".encode()) for one in names]


def _value(node: Any, name: str) -> Any:
    value: Any = getattr(node, name, None)
    if name == "values" and type(node).__name__ in ("JoinedStr", "TemplateStr"):
        return _joined(value)
    if name == "body" and _has_docstring(node):
        return value[1:] or [ast.Pass()]
    return value


def _joined(values: list[Any]) -> list[ast.expr]:
    """Return the parts of an f-string (rule 5)."""
    parts: list[ast.expr] = []
    for are_texts, group in groupby(values, _is_text):
        if not are_texts:
            parts += group
        elif text := "".join([one.value for one in group]):
            parts.append(ast.Constant(text))
    return parts


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _has_docstring(node: ast.AST) -> bool:
    """Return whether a body begins with a docstring (rule 6)."""
    kinds = (*_DEFS, ast.ClassDef)
    return isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None


def _sized(letter: bytes, data: bytes) -> bytes:
    return b"%b%d:%b" % (letter, len(data), data)


def _bits(number: float) -> bytes:
    return struct.pack(">d", number).hex().encode()


# By exact type: True is an int, and equals 1. Others only an optimiser makes.
_CONSTANTS: dict[type, Callable[[Any], bytes]] = {
    NoneType: lambda _: b"N",
    EllipsisType: lambda _: b"E",
    bool: lambda value: b"T" if value else b"F",
    int: lambda value: f"i{value:x};".encode(),  # decimal digits are limited, and slow
    float: lambda value: b"d" + _bits(value),
    complex: lambda value: b"c" + _bits(value.real) + _bits(value.imag),
    str: lambda value: _sized(b"s", value.encode("utf-8", "surrogatepass")),
    bytes: lambda value: _sized(b"b", value),
}


def encode_constant(value: object) -> bytes:
    return _CONSTANTS[type(value)](value)
