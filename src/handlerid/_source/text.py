"""From a function to the digest of its own source.

1. The text is that of the code's file, or of its module's loader, such as a zip's, as
   bytes; else that of ``linecache``: notebook cells, doctests.
2. The text has to compile to exactly the code that the function runs, positions
   included. So an edit since the import, or by an import hook, is an error.
3. The names of free variables are hashed too, because the tree does not show which
   names are variables of the enclosing function. A variable that only annotations name
   is left out: not every Python has it.
4. A text is parsed once, for all of its functions; digests are kept, and no tree. They
   answer for code that runs after its file was replaced, since they are found by it.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import marshal
import os
import warnings
from _blake2 import blake2b
from contextlib import suppress
from functools import lru_cache
from inspect import CO_ITERABLE_COROUTINE
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from handlerid._bytecode import encode_code
from handlerid._peek import LOCK
from handlerid._source.syntax import Form, encode_constant, encode_functions
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FunctionType

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Position: TypeAlias = tuple[int, str]  # first line and name of a code object
_Names: TypeAlias = frozenset[str]

# Notebooks and exec set it outside of the text.
_ANNOTATIONS = __future__.annotations.compiler_flag


_SIZE = 12  # of digests and keys
_SEVERAL = bytes(_SIZE)  # the digest of lambdas that cannot be distinguished


class _Text(NamedTuple):
    """What is kept of a text: 10 KB for a large file."""

    stamp: object  # another one where the file is another
    digests: bytes  # keys of code, each with the digest of its source
    unused: dict[bytes, _Names]  # by key, if there are any
    error: str = ""  # why it has no digests

    def find(self, key: bytes) -> bytes | None:
        at = self.digests.find(key)
        while at % (2 * _SIZE) and at >= 0:
            at = self.digests.find(key, at + 1)
        return None if at < 0 else self.digests[at + _SIZE : at + 2 * _SIZE]


# By file name and future: texts, the newest first.
_Place: TypeAlias = tuple[str, int]
_texts: dict[_Place, tuple[_Text, ...]] = {}
_MOST_FILES, _MOST_TEXTS = 4096, 8


def digest_source(fn: FunctionType, own: str | None = None) -> bytes:
    """Return the digest of a function's own source.

    Args:
        fn: a function; of a wrapper, its own source is read.
        own: replaces the name of the function.

    Raises:
        UnsupportedHandler: the source is missing, or not the one that the function
            was compiled from; or several lambdas of a line cannot be distinguished.
    """
    code = fn.__code__
    _, _, digest = _find(fn)
    if digest == _SEVERAL:
        raise UnsupportedHandler(
            f"{fn.__module__}.{fn.__qualname__}: line {code.co_firstlineno} of "
            f"{code.co_filename} has several lambdas that are written differently and "
            "compile to the same code, so they cannot be distinguished. Write them on "
            'separate lines, or use fingerprint="bytecode".'
        )
    if own is None or code.co_name == "<lambda>":
        return digest
    content = _read(code.co_filename, fn.__globals__)
    with suppress(Exception):  # the file may have been replaced since
        position = code.co_firstlineno, code.co_name
        for form, names in _defs(content, *_place(code)).get(position, ()):
            if _hash(b"".join(form) + names) == digest:
                return _hash(form[0] + encode_constant(own) + form[2] + names)
    raise _not_its_source(fn, "is not the one that was read before")


def unused_in_source(fn: FunctionType) -> _Names:
    """Return the free variables that only annotations of variables name.

    Python evaluates the annotations of classes and functions that a function makes.
    """
    text, key, _ = _find(fn)
    return text.unused.get(key, frozenset())


def read_source(code: CodeType, module: dict[str, Any]) -> None:
    """Read the file of a module's code, so that it may be replaced afterwards."""
    _search(code, module)


def _find(fn: FunctionType) -> tuple[_Text, bytes, bytes]:
    """Return the text of a function, and the key and the digest of its code."""
    code = fn.__code__
    text, key, digest = _search(code, fn.__globals__)
    if text is None:
        raise UnsupportedHandler(
            f"{fn.__module__}.{fn.__qualname__}: its source is missing: "
            f"{code.co_filename} cannot be read. Functions made by exec, typed at a "
            "prompt or imported from a .pyc alone have no source. Ship the sources, "
            'define the function in a file, or use fingerprint="bytecode".'
        )
    if digest is None:
        raise _not_its_source(fn, text.error or "compiles to other code than it runs")
    return text, key, digest


def _search(
    code: CodeType, module: dict[str, Any]
) -> tuple[_Text | None, bytes, bytes | None]:
    """Find a text that compiles to a code; else return the newest, and no digest."""
    place, key, stamp = _place(code), _key(code), _stamp(code.co_filename)
    texts = _texts.get(place, ())
    is_newest = texts != () and texts[0].stamp == stamp
    # What is no file, such as a zip's, is read again if it lacks the code.
    known = texts if stamp is None else ()
    if not is_newest and not any(text.find(key) for text in known):
        content = _read(code.co_filename, module)
        stamp = hash(content) if stamp is None else stamp
        if content and not (texts and texts[0].stamp == stamp):
            texts = (_parse(content, stamp, *place), *texts)[:_MOST_TEXTS]
            _texts[place] = texts
            if len(_texts) > _MOST_FILES:
                _texts.pop(next(iter(_texts)), None)
    for text in texts:
        if (digest := text.find(key)) is not None:
            return text, key, digest
    return (texts[0] if texts else None), key, None


def _place(code: CodeType) -> _Place:
    return code.co_filename, code.co_flags & _ANNOTATIONS


def _stamp(filename: str) -> object:
    try:
        status = os.stat(filename)  # noqa: PTH116 - 2 us less, at each first id
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(filename: str, module: dict[str, Any]) -> bytes | str:
    """Return the text of a file, or of what is in its place."""
    with suppress(OSError, ValueError):
        return Path(filename).read_bytes()
    spec = module.get("__spec__")
    for path in (filename, str(getattr(spec, "origin", "")).removesuffix("c")):
        with suppress(Exception):  # loaders raise what they like
            content = spec.loader.get_data(path)  # type: ignore[union-attr]
            if type(content) is bytes:
                return content
    try:
        linecache.checkcache(filename)
        return "".join(linecache.getlines(filename, module))
    except Exception:  # noqa: BLE001 - it calls the loader, too
        return ""


def _not_its_source(fn: FunctionType, what: str) -> UnsupportedHandler:
    code = fn.__code__
    return UnsupportedHandler(
        f"{fn.__module__}.{fn.__qualname__}: {code.co_filename} is not the source that "
        f"the function was compiled from: line {code.co_firstlineno} {what}. The file "
        "was replaced or edited after this process imported it: start the process "
        "again, and scan its modules with Registry.scan, which reads their sources, so "
        "that files may be replaced while it runs. Or the code was changed: by an "
        "import hook (pytest rewrites test functions that assert, unless their "
        "module's docstring says PYTEST_DONT_REWRITE), by a tool, or by a .pyc of "
        'another release: leave the code as it is, or use fingerprint="bytecode".'
    )


def _parse(content: bytes | str, stamp: object, filename: str, flags: int) -> _Text:
    """Make the digests of all functions of a text."""
    rows: dict[bytes, bytes] = {}
    unused: dict[bytes, _Names] = {}
    try:
        for code, form, free, names in _functions(content, filename, flags):
            key, digest = _key(code), _hash(b"".join(form) + free)
            if rows.setdefault(key, digest) != digest:
                rows[key] = _SEVERAL
            if names:
                unused[key] = names
    except Exception as error:  # noqa: BLE001 - the parser's limits are many
        return _Text(stamp, b"", {}, f"cannot be compiled ({error})")
    return _Text(stamp, b"".join([b"%b%b" % row for row in rows.items()]), unused)


@lru_cache(maxsize=1)
def _defs(
    content: bytes | str, filename: str, flags: int
) -> dict[_Position, list[tuple[Form, bytes]]]:
    """Return the forms of a text's functions, for one function after the other."""
    forms: dict[_Position, list[tuple[Form, bytes]]] = {}
    for code, form, rest, _ in _functions(content, filename, flags):
        forms.setdefault((code.co_firstlineno, code.co_name), []).append((form, rest))
    return forms


def _functions(
    content: bytes | str, filename: str, flags: int
) -> Iterator[tuple[CodeType, Form, bytes, _Names]]:
    """Yield code, form, free variables, and those that only annotations name."""
    tree = _compile(content, filename, flags | ast.PyCF_ONLY_AST)
    _, forms = encode_functions(tree)
    codes = _by_position(_compile(content, filename, flags))
    texts_only: dict[_Position, list[CodeType]] = {}
    nodes: dict[_Position, list[Any]] = {}
    node: Any
    for node in forms:
        nodes.setdefault(_position(node), []).append(node)
    shared = [node for same in nodes.values() if len(same) > 1 for node in same]
    alone: dict[int, bytes] = {}
    with suppress(Exception):  # then only these lambdas are refused
        alone = _alone(tree, shared, filename, flags) if shared else {}
    for position, same in nodes.items():
        apart = alone and len(same) > 1
        by_key: dict[bytes | None, dict[Form, Any]] = {}
        for node in same:
            key = alone.get(node.lineno) if apart else None
            by_key.setdefault(key, {})[forms[node]] = node
        for code in codes.get(position, ()):
            key = _key(code, place=False) if apart else None
            for form, node in by_key.get(key, {}).items():
                free = frozenset(code.co_freevars)
                unused: _Names = frozenset()
                if free and not free.isdisjoint(_annotations(ast.walk(node))):
                    # To this future annotations are texts, which use no variable.
                    texts_only = texts_only or _by_position(
                        _compile(content, filename, flags | _ANNOTATIONS)
                    )
                    used = texts_only.get(position, [code])[0].co_freevars
                    annotating = free.difference(used)
                    unused = _unused(node, form, annotating)
                    free -= annotating
                names = "".join(f",{name}" for name in sorted(free)).encode()
                yield code, form, names, unused


def _unused(node: _Function, form: Form, annotating: _Names) -> _Names:
    inside = ast.walk(ast.Module(node.body, []))  # type: ignore[arg-type]
    evaluated = {*_annotations(x for x in inside if not isinstance(x, ast.AnnAssign))}
    text = b"".join(form).decode(errors="replace")  # has those of classes
    names = annotating - evaluated
    return frozenset(name for name in names if f":{name})" not in text)


def _annotations(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the names in the annotations of nodes."""
    for node in nodes:
        for field in ("annotation", "returns"):
            for part in ast.walk(getattr(node, field, None) or ast.Pass()):
                if isinstance(part, ast.Name):
                    yield part.id


def _alone(
    tree: ast.Module, lambdas: list[ast.Lambda], filename: str, flags: int
) -> dict[int, bytes]:
    """Move each lambda of a shared line to lines of its own; return keys by line."""
    # Columns are not enough: the code of "lambda: 1" has none on 3.12. A lambda moves
    # with its body, because a line break between them changes the bytecode. So outer
    # lambdas are moved before those in their bodies.
    keys: dict[int, bytes] = {}
    line: Any = tree.body[-1].end_lineno
    while lambdas:
        enclosed = {id(part) for node in lambdas for part in ast.walk(node.body)}
        for node in lambdas:
            if id(node) not in enclosed:
                down = line + 1 - node.lineno
                ast.increment_lineno(node.body, down)
                node.lineno += down
                line = node.end_lineno = (node.end_lineno or 0) + down
        codes = _by_position(_compile(tree, filename, flags))
        for (first, _), same in codes.items():  # outer before inner
            keys.setdefault(first, _key(same[0], place=False))
        lambdas = [node for node in lambdas if id(node) in enclosed]
    return keys


def _compile(source: bytes | str | ast.Module, filename: str, flags: int) -> Any:
    # Parsing warns again. warnings.catch_warnings changes the whole process.
    with LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # cells of notebooks may await
        return compile(source, filename, "exec", flags, dont_inherit=True)


def _position(node: _Function) -> _Position:
    first: Any = [*getattr(node, "decorator_list", ()), node][0]
    return first.lineno, getattr(node, "name", "<lambda>")


def _by_position(code: CodeType) -> dict[_Position, list[CodeType]]:
    """Return the code objects in a text, outer ones before those nested in them."""
    found: dict[_Position, list[CodeType]] = {}
    todo = [code]
    while todo:
        one = todo.pop()
        todo += [const for const in reversed(one.co_consts) if type(const) is CodeType]
        found.setdefault((one.co_firstlineno, one.co_name), []).append(one)
    return found


def _hash(content: bytes) -> bytes:
    return blake2b(content, digest_size=_SIZE, person=b"source").digest()


def _key(code: CodeType, *, place: bool = True) -> bytes:
    """Return the digest of what a code object runs, and of its place in the text."""
    where = marshal.dumps(_lines(code), 0) if place else b""
    if code.co_flags & CO_ITERABLE_COROUTINE:  # a decorator, types.coroutine, sets it
        code = code.replace(co_flags=code.co_flags ^ CO_ITERABLE_COROUTINE)
    return blake2b(encode_code(code) + where, digest_size=_SIZE, person=b"key").digest()


def _lines(code: CodeType) -> list[object]:
    inside = [_lines(const) for const in code.co_consts if type(const) is CodeType]
    return [code.co_firstlineno, code.co_linetable, *inside]
