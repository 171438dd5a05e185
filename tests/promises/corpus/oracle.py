"""What CPython itself calls equal code, and whether the fingerprint says the same.

It shares nothing with ``handlerid._bytecode``:

1. Two code objects are the same when ``==`` says so after file, lines, columns and
   qualified name are taken off, at every depth. ``==`` keeps ``1``, ``True`` and
   ``1.0`` apart, and ``0.0`` and ``-0.0``.
2. A NaN is equal to no other object, so all are replaced by one.
3. From 3.13 on, the body of a class in a function stores the line of the class as a
   constant. So the file is compiled a second time from its syntax tree, in which all
   classes stand on one line that no file has: that is the code that is compared.
"""

from __future__ import annotations

import ast
import math
from pathlib import Path
from types import CodeType
from typing import Any

from handlerid import handler_id
from tests.promises.corpus.functions import function_of, functions_in

_LINE = 1_999_999_999
_NAN = float("nan")


def compare(roots: list[str], modules: list[list[str]]) -> dict[str, object]:
    """Partitions all functions both ways.

    Returns:
        How many functions there are, in how many classes, which of them the
        fingerprint merges and splits, and which files were left out and why.
    """
    by_code: dict[CodeType, tuple[str, str]] = {}
    by_fingerprint: dict[str, tuple[CodeType, str]] = {}
    merged, split, left_out = [], [], []
    count = 0
    for module, file in modules:
        for root in roots:
            path = Path(root, f"{file}.py")
            if path.exists():
                break
        else:
            continue
        try:
            pairs = compiled_twice(path)
        except SyntaxError:
            continue
        except (RecursionError, ValueError) as error:
            left_out.append(f"{module}: {error}")
            continue
        for where, code, marked in pairs:
            count += 1
            label = f"{module}:{where}"
            fingerprint = handler_id(function_of(code, module)).fingerprint
            stripped = strip(marked)
            known, elsewhere = by_code.setdefault(stripped, (fingerprint, label))
            if known != fingerprint:
                split.append(f"{elsewhere} and {label}")
            other, elsewhere = by_fingerprint.setdefault(fingerprint, (stripped, label))
            if other != stripped:
                merged.append(f"{elsewhere} and {label}")
    return {
        "functions": count,
        "classes": len(by_code),
        "merged": merged,
        "split": split,
        "left out": left_out,
    }


def compiled_twice(path: Path) -> list[tuple[str, CodeType, CodeType]]:
    """The functions of a file, each as it is and with its classes on one line.

    Raises:
        ValueError: the two differ in more than constants of class bodies.
    """
    source = path.read_bytes()
    code = compile(source, str(path), "exec", dont_inherit=True)
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            parts: list[ast.stmt | ast.expr] = [node, *node.decorator_list[:1]]
            for part in parts:
                part.lineno = part.end_lineno = _LINE
                part.col_offset = part.end_col_offset = 0
    marked = compile(tree, str(path), "exec", dont_inherit=True)
    pairs = list(zip(functions_in(code), functions_in(marked), strict=True))
    for (_, plain), (_, twin) in pairs:
        if plain.co_code != twin.co_code:
            raise ValueError(f"{plain.co_qualname} is other code from the tree")
    return [(where, plain, twin) for (where, plain), (_, twin) in pairs]


def strip(code: CodeType) -> CodeType:
    """The code object without its position, at every depth."""
    return code.replace(
        co_filename="",
        co_firstlineno=1,
        co_linetable=b"",
        co_qualname="",
        co_consts=tuple(map(_strip_constant, code.co_consts)),
    )


def _strip_constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return strip(value)
    if isinstance(value, (tuple, frozenset)):
        return type(value)(map(_strip_constant, value))
    return _NAN if isinstance(value, float) and math.isnan(value) else value
