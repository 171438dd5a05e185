"""The form of one syntax tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlerid._source.syntax import encode_functions

if TYPE_CHECKING:
    import ast


def encode_syntax(node: ast.AST) -> bytes:
    """Return the canonical bytes of a tree, usually of a function."""
    return encode_functions(node)[node]
