"""Writes down the canonical form of every function in a list of source files.

It runs in each Python that ``source_measure`` compares, and needs nothing but the
standard library, so that any interpreter can run it.

    python source_forms.py <syntax.py> <list of files> <where to write>

One line a file: ``[path, [[name, line, digest], ...]]``, functions in the order of the
tree; ``[path, null]`` for a file that this Python does not parse.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def load_encoder(path: str) -> Callable[[ast.AST], bytes]:
    """Loads the module alone: the package's dependencies may not be installed here."""
    spec = importlib.util.spec_from_file_location("syntax", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    encode: Callable[[ast.AST], bytes] = module.encode_syntax
    return encode


def functions(tree: ast.AST) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def parse(source: bytes | str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def forms_of(
    path: str, encode: Callable[[ast.AST], bytes]
) -> list[tuple[str, int, str]] | None:
    tree = parse(Path(path).read_bytes())
    if tree is None:
        return None
    return [
        (
            getattr(node, "name", "<lambda>"),
            getattr(node, "lineno", 0),
            blake2b(encode(node), digest_size=12).hexdigest(),
        )
        for node in functions(tree)
    ]


def main(syntax: str, listed: str, written: str) -> None:
    warnings.simplefilter("ignore")
    encode = load_encoder(syntax)
    with Path(written).open("w", encoding="ascii") as out:
        for path in Path(listed).read_text("utf-8").splitlines():
            print(json.dumps([path, forms_of(path, encode)]), file=out)


if __name__ == "__main__":
    main(*sys.argv[1:])
