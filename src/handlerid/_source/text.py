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
import dis
import linecache
import marshal
import os
import warnings
from _blake2 import blake2b
from contextlib import suppress
from functools import lru_cache
from inspect import CO_ITERABLE_COROUTINE, CO_NESTED
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from handlerid._bytecode import class_of, encode_code, nested
from handlerid._peek import LOCK
from handlerid._source.syntax import encode_constant, encode_functions
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FunctionType

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Position: TypeAlias = tuple[int, str]  # first line and name of a code object
_Names: TypeAlias = frozenset[str]
_Content: TypeAlias = bytes | str
_Place: TypeAlias = tuple[str, int]  # file name and flag of a future

# Notebooks and exec set it outside of the text.
_ANNOTATIONS = __future__.annotations.compiler_flag

# By the decorator types.coroutine, and by what is around a function.
_SET_FROM_OUTSIDE = CO_ITERABLE_COROUTINE | CO_NESTED

_SIZE = 12  # of digests and keys
_SEVERAL = bytes(_SIZE)  # the digest of lambdas that cannot be distinguished


class _Text(NamedTuple):
    """What is kept of a text: 15 KB for a large file."""

    digests: bytes  # keys of code, each with the digests of its source
    unread: dict[bytes, _Names]  # by key, if there are any

    def find(self, key: bytes) -> bytes:
        """Return the digests of a code's source, with its name and without it."""
        _, _, after = self.digests.partition(key)
        return after[: 2 * _SIZE]


# By place: texts by what says whether a file is another. Notebooks have a place a cell.
_MOST_FILES, _MOST_TEXTS = 4096, 8
_texts: dict[_Place, dict[object, _Text]] = {}


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
    _, _, digests = _find(fn)
    digest, nameless = digests[:_SIZE], digests[_SIZE:]
    if digest == _SEVERAL:
        raise UnsupportedHandler(
            f"{fn.__module__}.{fn.__qualname__}: line {code.co_firstlineno} of "
            f"{code.co_filename} has several lambdas that are written differently and "
            "compile to the same code, so they cannot be distinguished. Write them on "
            'separate lines, or use fingerprint="bytecode".'
        )
    if not own:
        return digest if own is None else nameless
    content = _read(code.co_filename, fn.__globals__)
    with suppress(Exception):  # the file may have been replaced since
        return _hash(_named(_forms(content, _place(code))[digest], code, own))
    raise _not_its_source(fn)


def _named(form: bytes, code: CodeType, own: str) -> bytes:
    """Return what is hashed of a function's source, with another name."""
    if code.co_name == "<lambda>":
        return form
    name, its_own = map(encode_constant, (code.co_name, own))
    # The last field of this name is that of the function.
    before, _, after = form.rpartition(b" name=" + name)
    return before + b" name=" + its_own + after


def unused_in_source(fn: FunctionType) -> _Names:
    """Return the free variables that only annotations of variables name.

    Python evaluates the annotations of classes and functions that a function makes.
    """
    text, key, _ = _find(fn)
    return text.unread.get(key, frozenset())


def _find(fn: FunctionType) -> tuple[_Text, bytes, bytes]:
    """Return the text of a function, and the key and the digest of its code."""
    code = fn.__code__
    texts, key = read_source(code, fn.__globals__), _key(code)
    for text in texts:
        if digest := text.find(key):
            return text, key, digest
    if texts:
        raise _not_its_source(fn)
    raise UnsupportedHandler(
        f"{fn.__module__}.{fn.__qualname__}: its source is missing: "
        f"{code.co_filename} cannot be read. Functions made by exec, typed at a "
        "prompt or imported from a .pyc alone have no source. Ship the sources, "
        'define the function in a file, or use fingerprint="bytecode".'
    )


def read_source(code: CodeType, module: dict[str, Any]) -> list[_Text]:
    """Read the file of a module's code, so that it may be replaced afterwards.

    Returns:
        What is known of the file: of its text, then of those that it had before.
    """
    place, stamp = _place(code), _stamp(code.co_filename, module)
    texts = _texts.setdefault(place, {})
    if stamp not in texts and (content := _read(code.co_filename, module)):
        texts[stamp] = _parse(content, place)
        for known, most in ((texts, _MOST_TEXTS), (_texts, _MOST_FILES)):
            for oldest in [*known][:-most]:
                known.pop(oldest, None)
    newest = [texts[stamp]] if stamp in texts else []
    return newest + [*texts.values()][::-1]


def _stamp(filename: str, module: dict[str, Any]) -> object:
    try:
        status = os.stat(filename)  # noqa: PTH116 - 2 us less, at each first id
    except (OSError, ValueError):
        return hash(_read(filename, module))
    return status.st_mtime_ns, status.st_size, status.st_ino


def _place(code: CodeType) -> _Place:
    return code.co_filename, code.co_flags & _ANNOTATIONS


def _read(filename: str, module: dict[str, Any]) -> _Content:
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


def _not_its_source(fn: FunctionType) -> UnsupportedHandler:
    code = fn.__code__
    return UnsupportedHandler(
        f"{fn.__module__}.{fn.__qualname__}: {code.co_filename} is not the source that "
        f"the function was compiled from: line {code.co_firstlineno} compiles to other "
        "code than it runs. The file was replaced or edited after this process "
        "imported it: start the process again, and scan its modules with "
        "Registry.scan, which reads their sources, so that files may be replaced while "
        "it runs. Or the code was changed: by an import hook (pytest rewrites test "
        "functions that assert, unless their module's docstring says "
        "PYTEST_DONT_REWRITE), by a tool, or by a .pyc of another release: leave the "
        'code as it is, or use fingerprint="bytecode".'
    )


def _parse(content: _Content, place: _Place) -> _Text:
    """Make the digests of all functions of a text; of a broken text, none."""
    rows: dict[bytes, bytes] = {}
    unread: dict[bytes, _Names] = {}
    with suppress(Exception):  # the parser's limits are many
        for code, form, names in _functions(content, place):
            key, digests = _key(code), _hash(form) + _hash(_named(form, code, ""))
            if rows.setdefault(key, digests) != digests:
                rows[key] = _SEVERAL * 2
            if names:
                unread[key] = names
    return _Text(b"".join([b"%b%b" % row for row in rows.items()]), unread)


@lru_cache(maxsize=1)
def _forms(content: _Content, place: _Place) -> dict[bytes, bytes]:
    """Return what is hashed of a text's functions, by digest."""
    return {_hash(form): form for _, form, _ in _functions(content, place)}


def _functions(
    content: _Content, place: _Place
) -> Iterator[tuple[CodeType, bytes, _Names]]:
    """Yield code, what is hashed of its source, and variables that it never reads."""
    forms = encode_functions(_compile(content, place, ast.PyCF_ONLY_AST))
    nodes: dict[_Position, list[Any]] = {}
    for node in forms:
        if isinstance(node, _Function):
            first = [*getattr(node, "decorator_list", ()), node][0]
            position = first.lineno, getattr(node, "name", "<lambda>")
            nodes.setdefault(position, []).append(node)
    shared = {at for at, found in nodes.items() if len({*map(forms.get, found)}) > 1}
    apart: dict[object, dict[bytes, list[ast.Lambda]]] = {}
    bare: dict[_Position, CodeType] = {}
    for code in nested(_compile(content, place)):
        position, free = (code.co_firstlineno, code.co_name), {*code.co_freevars}
        found = nodes.get(position, [])
        if position in shared:
            owner = class_of(code.co_qualname) or "_"
            scope = position, owner, code.co_freevars
            if scope not in apart:
                apart[scope] = _compile_apart(found, owner, code.co_freevars, place)
            found = apart[scope].get(_key(code, place=False), found)
        unread: set[str] = set()
        if free and not place[1] and not free.isdisjoint(_annotating(found)):
            if not bare:  # annotations are texts there, which use no variable
                without = nested(_compile(content, place, _ANNOTATIONS))
                bare = {(one.co_firstlineno, one.co_name): one for one in without}
            used = bare.get(position, code).co_freevars
            unread = free.difference(used, _read_by(code))
            free.intersection_update(used)
        names = "".join(f",{name}" for name in sorted(free)).encode()
        for form in {forms[node] for node in found}:
            yield code, form + names, frozenset(unread)


def _annotating(functions: list[_Function]) -> Iterator[str]:
    """Yield the names in annotations."""
    for node in [inner for one in functions for inner in ast.walk(one)]:
        for field in ("annotation", "returns"):
            annotation = getattr(node, field, None)
            for part in ast.walk(annotation) if annotation else ():
                if isinstance(part, ast.Name):
                    yield part.id


def _read_by(code: CodeType) -> Iterator[str]:
    """Yield the variables of enclosing functions that code reads."""
    for one in nested(code):
        # dis makes a text of every constant.
        bare = one.replace(co_consts=(None,) * len(one.co_consts))
        for instruction in dis.get_instructions(bare):
            if "DEREF" in instruction.opname:
                yield instruction.argval


def _compile_apart(
    lambdas: list[ast.Lambda], owner: str, free: tuple[str, ...], place: _Place
) -> dict[bytes, list[ast.Lambda]]:
    """Compile each lambda of a line on its own; return them by the key of their code.

    The owner is the class of private names, or "_". Free are names of free variables.
    """
    # Columns would not be enough: the code of "lambda: 1" has none on 3.12.
    function = f" def f({', '.join(free)}): return 0\n"
    found: dict[bytes, list[ast.Lambda]] = {}
    with suppress(Exception):  # then only these lambdas are refused
        text = f"class {owner}:\n" + function * len(lambdas)
        tree = _compile(text, place, ast.PyCF_ONLY_AST)
        for made, node in zip(tree.body[0].body, lambdas, strict=True):
            made.body[0].value = node
        (body,) = _inside(_compile(tree, place))
        for made, node in zip(_inside(body), lambdas, strict=True):
            # Those in its defaults come before it.
            key = _key(_inside(made)[-1], place=False)
            found.setdefault(key, []).append(node)
    return found


def _compile(source: _Content | ast.Module, place: _Place, more: int = 0) -> Any:
    filename, flags = place
    flags |= more | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # cells of notebooks may await
    # Parsing warns again. warnings.catch_warnings changes the whole process.
    with LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(source, filename, "exec", flags, dont_inherit=True)


def _inside(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if type(const) is CodeType]


def _hash(content: bytes) -> bytes:
    return blake2b(content, digest_size=_SIZE, person=b"source").digest()


def _key(code: CodeType, *, place: bool = True) -> bytes:
    """Return the digest of what a code object runs, and of its place in the text."""
    lines = [(one.co_firstlineno, one.co_linetable) for one in nested(code)]
    where = marshal.dumps(lines, 0) if place else b""
    code = code.replace(co_flags=code.co_flags & ~_SET_FROM_OUTSIDE)
    return blake2b(encode_code(code) + where, digest_size=_SIZE, person=b"key").digest()
