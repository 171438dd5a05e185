"""The canonical form of a syntax tree: the same bytes on every Python and platform.

``docs/reference/id-format.md`` has the forms, and the numbered rules of what is left
out.
"""

from __future__ import annotations

import ast
import struct
from itertools import groupby
from types import EllipsisType, NoneType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

# Rules 2 and 3, and rule 4.
_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "returns"})
_LEFT_OUT_OF_OUTERMOST = frozenset({"decorator_list", "defaults", "kw_defaults"})


def encode_syntax(node: ast.AST) -> bytes:
    """Return the canonical bytes of a syntax tree, usually of a function."""
    # A stack, because a sum of 1,500 terms is a tree 1,500 nodes deep. Each value has
    # a flag: whether it is in a function (rule 3).
    written: list[bytes] = []
    todo: list[tuple[object, bool]] = [(node, False)]
    outermost = (node, node.args) if isinstance(node, FUNCTIONS) else ()
    while todo:
        item, in_function = todo.pop()
        if item is None or isinstance(item, bytes):  # a finished form
            written.append(item or b"-")
        elif isinstance(item, list):
            written.append(b"[")
            todo.append((b"]", False))
            todo.extend((value, in_function) for value in reversed(item))
        elif isinstance(item, ast.AST):
            if isinstance(item, FUNCTIONS):
                in_function = True
            elif isinstance(item, ast.ClassDef):
                in_function = False
            name, fields = _parts(item, in_function)
            if item in outermost:
                fields = [f for f in fields if f[0] not in _LEFT_OUT_OF_OUTERMOST]
            written.append(f"({name}".encode())
            todo.append((b")", False))
            for field, value in reversed(fields):
                todo.append((value, in_function))
                todo.append((f" {field}=".encode(), False))
        else:  # a name, or a number in a field
            written.append(_constant(item))
    return b"".join(written)


def _parts(node: ast.AST, in_function: bool) -> tuple[str, list[tuple[str, object]]]:
    """Return the name of a node and the fields to write, in order."""
    kind = type(node)
    if isinstance(node, (ast.Constant, ast.MatchSingleton)):
        return kind.__name__, [("value", _constant(node.value))]
    if isinstance(node, ast.AnnAssign) and in_function and node.value is not None:
        return "Assign", [("targets", [node.target]), ("value", node.value)]
    fields = []
    for name in sorted(set(node._fields) - _LEFT_OUT):
        value = getattr(node, name, None)
        if value is None or value == [] or (in_function and name == "annotation"):
            continue
        if name == "values" and kind.__name__ in ("JoinedStr", "TemplateStr"):
            value = _joined(value)
        elif name == "body" and _has_docstring(node):
            value = value[1:] or [ast.Pass()]
        fields.append((name, value))
    return kind.__name__, fields


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
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
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


def _constant(value: object) -> bytes:
    return _CONSTANTS[type(value)](value)
