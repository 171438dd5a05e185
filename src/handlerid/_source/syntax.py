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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)
_FUNCTIONS = (*_DEFS, ast.Lambda)
_SCOPES = frozenset({*_FUNCTIONS, ast.ClassDef})

# Rules 2 and 3; numbers that are written even if they are 0; rule 4.
_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "returns"})
_NUMBERS = frozenset({"conversion", "is_async", "level", "simple"})
_LEFT_OUT_OF_OUTERMOST = frozenset({"decorator_list", "defaults", "kw_defaults"})


def encode_functions(tree: ast.AST) -> dict[ast.AST, bytes]:
    """Return the canonical bytes of each function in a tree, and of the tree."""
    found: list[ast.AST] = []
    forms = {tree: _encode(tree, found)}
    return forms | {node: _encode(node, []) for node in found}


def _encode(tree: Any, found: list[ast.AST]) -> bytes:
    """Return the canonical bytes of a tree; ``found`` gets the functions in it."""
    outermost = (tree, tree.args) if isinstance(tree, _FUNCTIONS) else ()
    in_function = False
    written: list[bytes] = []
    # A stack, because a sum of 1,500 terms is a tree 1,500 nodes deep.
    todo: list[Any] = [tree]
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
        elif kind is bool:  # the end of a scope: what is around it
            in_function = item
        elif kind in _CONSTANTS:  # a name, a number in a field, or None in a list
            written.append(b"-" if item is None else encode_constant(item))
        else:
            if kind in _SCOPES:
                todo.append(in_function)
                in_function = kind is not ast.ClassDef
                if in_function:
                    found.append(item)
            todo.append(b")")
            todo += _parts(item, item in outermost, in_function)
    return b"".join(written)


@cache
def _fields(kind: type[ast.AST]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return how nodes of a class begin, and their fields, the last one first."""
    names = sorted(set(kind._fields) - _LEFT_OUT, reverse=True)
    return f"({kind.__name__}".encode(), [(one, f" {one}=".encode()) for one in names]


def _parts(node: Any, is_outermost: bool, in_function: bool) -> list[Any]:
    """Return the fields of a node with their labels, and how it begins, backwards."""
    kind: Any = type(node)
    parts: list[Any] = []
    if kind is ast.AnnAssign and in_function and node.value is not None:
        kind, node = ast.Assign, ast.Assign([node.target], node.value)
    start, fields = _fields(kind)
    for name, label in fields:
        value = getattr(node, name, None)
        if not value and (value != 0 or name not in _NUMBERS):
            continue
        if name == "values" and kind.__name__ in ("JoinedStr", "TemplateStr"):
            value = _joined(value)
        elif name == "body" and _has_docstring(node):
            value = value[1:] or [ast.Pass()]
        elif (is_outermost and name in _LEFT_OUT_OF_OUTERMOST) or (
            name == "annotation" and in_function
        ):
            continue
        parts += [value, label]
    return [*parts, start]


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
