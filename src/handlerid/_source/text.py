"""From a function to the canonical bytes of its own source.

1. The text is that of ``linecache``: the current content of the code's file, or what
   stands for it: modules in a zip, notebook cells, doctests.
2. The text has to compile to exactly the code that the function runs, positions
   included. So an edit since the import, or by an import hook, is an error.
3. The names of free variables are hashed too, because the tree does not show which
   names are variables of the enclosing function. So is the mark of ``types.coroutine``.
   A variable that only annotations name is left out: not every Python has it.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import sys
import warnings
from copy import copy
from functools import lru_cache
from inspect import CO_ITERABLE_COROUTINE
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from handlerid._peek import lock_for_forks
from handlerid._source.syntax import FUNCTIONS, encode_syntax
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FunctionType

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Position: TypeAlias = tuple[int, str]  # first line and name of a code object

# Notebooks and exec set it outside of the text.
_ANNOTATIONS = __future__.annotations.compiler_flag

_MARK, _MARKED = b",<coroutine>", CO_ITERABLE_COROUTINE
_NO_LINE = 1 << 18  # beyond the last line of any text

# Python 3.13.0 stores the names of a class's attributes in the hash seed's order.
_UNORDERED_NAMES = sys.version_info[:3] == (3, 13, 0)

# Parsing warns again. warnings.catch_warnings changes the whole process.
_quiet = lock_for_forks()


class _Text(NamedTuple):
    """A text, parsed and compiled."""

    nodes: dict[_Position, list[_Function]]
    codes: dict[_Position, list[CodeType]]
    alone: dict[int, CodeType]  # of lambdas that share a position, by their new line


def encode_source(fn: FunctionType, own: str | None = None) -> bytes:
    """Return the canonical bytes of a function's own source.

    Args:
        fn: a function; of a wrapper, its own source is read.
        own: replaces the name of the function.

    Raises:
        UnsupportedHandler: the source is missing, or not the one that the function
            was compiled from; or several lambdas of a line cannot be distinguished.
    """
    code, nodes = fn.__code__, _nodes(fn)
    forms = {encode_syntax(_named(node, own)) for node in nodes}
    if len(forms) != 1:
        raise UnsupportedHandler(
            f"{fn.__module__}.{fn.__qualname__}: line {code.co_firstlineno} of "
            f"{code.co_filename} has several lambdas that are written differently and "
            "compile to the same code, so they cannot be distinguished. Write them on "
            'separate lines, or use fingerprint="bytecode".'
        )
    annotating = _annotating(fn, nodes[0])
    free = (f",{name}" for name in sorted(code.co_freevars) if name not in annotating)
    return forms.pop() + "".join(free).encode() + _MARK * bool(code.co_flags & _MARKED)


def unused_in_source(fn: FunctionType) -> frozenset[str]:
    """Return the free variables that only annotations of variables name.

    Python evaluates the annotations of classes and functions that a function makes.
    """
    node: Any = _nodes(fn)[0]
    inside = ast.walk(ast.Module(node.body, []))
    evaluated = {*_annotations(x for x in inside if not isinstance(x, ast.AnnAssign))}
    form = encode_syntax(node).decode(errors="replace")  # has those of classes
    names = _annotating(fn, node) - evaluated
    return frozenset(name for name in names if f":{name})" not in form)


def _annotating(fn: FunctionType, node: _Function) -> frozenset[str]:
    """Return the free variables that only annotations name."""
    code = fn.__code__
    if not any(name in code.co_freevars for name in _annotations(ast.walk(node))):
        return frozenset()
    # To this future annotations are texts, which use no variable.
    text = _find(code, fn.__globals__, _ANNOTATIONS)
    used = text.codes[_position(node)][0].co_freevars if text else ()
    return frozenset(code.co_freevars).difference(used)


def _nodes(fn: FunctionType) -> list[_Function]:
    """Return the syntax trees that a function may have been compiled from."""
    code = fn.__code__
    name = f"{fn.__module__}.{fn.__qualname__}"
    try:
        text = _find(code, fn.__globals__)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _not_its_source(name, code, f"cannot be compiled ({error})") from error
    if text is None:
        raise UnsupportedHandler(
            f"{name}: its source is missing: {code.co_filename} cannot be read. "
            "Functions made by exec, typed at a prompt or imported from a .pyc alone "
            "have no source. Ship the sources, define the function in a file, or use "
            'fingerprint="bytecode".'
        )
    position = (code.co_firstlineno, code.co_name)
    nodes, codes = text.nodes.get(position, []), text.codes.get(position, [])
    if not nodes or not any(_same(code, other) for other in codes):
        raise _not_its_source(name, code, "compiles to other code than the one it runs")
    if len(nodes) > 1:
        nodes = [node for node in nodes if _is_of(code, text.alone.get(node.lineno))]
    return nodes


def _annotations(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the names in the annotations of nodes."""
    for node in nodes:
        for field in ("annotation", "returns"):
            for part in ast.walk(getattr(node, field, None) or ast.Pass()):
                if isinstance(part, ast.Name):
                    yield part.id


def _named(node: _Function, own: str | None) -> _Function:
    if own is not None and not isinstance(node, ast.Lambda):
        node = copy(node)
        node.name = own
    return node


def _not_its_source(name: str, code: CodeType, what: str) -> UnsupportedHandler:
    return UnsupportedHandler(
        f"{name}: {code.co_filename} is not the source that the function was compiled "
        f"from: line {code.co_firstlineno} {what}. The file was edited since it was "
        f"imported, or the code was changed: by an import hook (pytest "
        f"rewrites test functions that assert, unless their module's docstring says "
        f"PYTEST_DONT_REWRITE), by a tool, or by a .pyc of another release. Import "
        f'it again, leave the code as it is, or use fingerprint="bytecode".'
    )


def _find(code: CodeType, module: dict[str, object], flags: int = 0) -> _Text | None:
    filename = code.co_filename
    linecache.checkcache(filename)
    text = "".join(linecache.getlines(filename, module))
    return parse(filename, flags | code.co_flags & _ANNOTATIONS, text) if text else None


# A parsed text takes a hundred times the memory of its file.
@lru_cache(maxsize=16)
def parse(filename: str, flags: int, text: str) -> _Text:
    """Parse and compile a text."""
    tree = _compile(text, filename, flags | ast.PyCF_ONLY_AST)
    nodes: dict[_Position, list[_Function]] = {}
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            nodes.setdefault(_position(node), []).append(node)
    codes: dict[_Position, list[CodeType]] = {}
    for code in _nested(_compile(text, filename, flags)):
        codes.setdefault((code.co_firstlineno, code.co_name), []).append(code)
    shared = [node for same in nodes.values() if len(same) > 1 for node in same]
    twins = [node for node in shared if isinstance(node, ast.Lambda)]
    return _Text(nodes, codes, _alone(tree, twins, filename, flags))


def _alone(
    tree: ast.Module, lambdas: list[ast.Lambda], filename: str, flags: int
) -> dict[int, CodeType]:
    """Move each lambda of a shared line to a new line; return the code by that line."""
    # Columns are not enough: the code of "lambda: 1" has none on 3.12. A lambda moves
    # with its body, because a line break between them changes the bytecode. So outer
    # lambdas are moved before those in their bodies.
    codes: dict[int, CodeType] = {}
    line = _NO_LINE
    while lambdas:
        enclosed = {id(part) for node in lambdas for part in ast.walk(node.body)}
        for node in lambdas:
            if id(node) not in enclosed:
                line += _NO_LINE
                ast.increment_lineno(node.body, line - node.lineno)
                node.lineno = node.end_lineno = line
        for code in _nested(_compile(tree, filename, flags)):  # outer before inner
            codes.setdefault(code.co_firstlineno, code)
        lambdas = [node for node in lambdas if id(node) in enclosed]
    return codes


def _compile(source: str | ast.Module, filename: str, flags: int) -> Any:
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # cells of notebooks may await
        return compile(source, filename, "exec", flags, dont_inherit=True)


def _position(node: _Function) -> _Position:
    first: Any = [*getattr(node, "decorator_list", ()), node][0]
    return first.lineno, getattr(node, "name", "<lambda>")


def _nested(code: Any) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _nested(const)


def _same(code: CodeType, other: CodeType) -> bool:
    code = code.replace(co_flags=code.co_flags & ~_MARKED)
    # Code from a .pyc that was written without columns (PYTHONNODEBUGRANGES).
    blank = all(column is None for _, _, column, _ in code.co_positions())
    changes = {"co_linetable": b""} if blank else {}
    return _fresh(code, **changes) == _fresh(other, **changes)


def _is_of(code: CodeType, alone: CodeType | None) -> bool:
    """Return whether two codes are equal but for their line."""
    nowhere = {"co_linetable": b"", "co_firstlineno": 1}
    return alone is not None and _fresh(code, **nowhere) == _fresh(alone, **nowhere)


def _fresh(code: CodeType, **changes: Any) -> CodeType:
    """Copy code and nested code, because == also compares specialised instructions."""
    unordered = _UNORDERED_NAMES and "__static_attributes__" in code.co_names
    consts = list(code.co_consts)
    for index, const in enumerate(consts):
        if isinstance(const, CodeType):
            consts[index] = _fresh(const, **changes)
        elif unordered and isinstance(const, tuple):
            consts[index] = tuple(sorted(const, key=repr))
    return code.replace(co_consts=tuple(consts), **changes)
