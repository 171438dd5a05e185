"""Finding the source that a function was compiled from, and noticing that it is not."""

from __future__ import annotations
import __future__

import ast
import gc
import importlib
import importlib.machinery
import importlib.util
import itertools
import linecache
import os
import sys
import warnings
import weakref
import zipimport
from hashlib import blake2b
from pathlib import Path
from textwrap import dedent
from types import FunctionType
from typing import Any
from zipfile import ZipFile

import pytest

from handlerid._source import digest_source, unused_in_source
from handlerid._source.text import _parse
from handlerid.errors import UnsupportedHandler
from tests.pythons import require_python
from tests.source.forms import encode_syntax
from tests.support.fresh import run_fresh
from tests.support.pyodide import run_pyodide


def load(path: Path, text: str | bytes | None = None) -> Any:
    """Writes a module, when a text is given, and imports it."""
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def form(text: str, more: bytes = b"") -> bytes:
    """The digest of a function that stands alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        statement = ast.parse(dedent(text)).body[0]
    node = statement.value if isinstance(statement, ast.Expr) else statement
    return digest(encode_syntax(node) + more)


def digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=12, person=b"source").digest()


def function(fn: object) -> FunctionType:
    assert isinstance(fn, FunctionType)
    return fn


def refusal(fn: FunctionType) -> str:
    with pytest.raises(UnsupportedHandler) as caught:
        digest_source(fn)
    return str(caught.value)


@pytest.fixture(autouse=True)
def no_pyc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two texts of one second and one size would share a ``.pyc``."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


# Found


KINDS = """
    import functools, types
    def deco(a):
        def decorate(fn):
            @functools.wraps(fn)
            def wrapper(*args): return fn(*args)
            return wrapper
        return decorate
    def plain(): return 1
    @deco(
        lambda: 1
    )
    @deco(2)
    def decorated(): return 2
    async def later(): return [x async for x in y]
    def steps(): yield 3
    class Shop:
        def method(self): return super().method()
        @staticmethod
        def static(): return 4
        @property
        def total(self): return self.__private
        class Inner:
            def method(self): return 5
    def make(x):
        def inner(): return x
        return inner
    @types.coroutine
    def awaited(): yield 6
    def docstring(i=(lambda: 7)):
        '''Says.

        More.
        '''
        class Local:
            x: int = 1
            def put(self): self.c, self.a, self.b = x
        assert i, "d"
    spread = lambda: (
        8
    )
"""


def test_a_free_variable_is_told_from_a_global(tmp_path: Path) -> None:
    """Both look the same in the function's own tree."""
    inner = "def inner(): return x\n"
    free = load(tmp_path / "free.py", f"def make(x):\n    {inner}    return inner\n")
    plain = load(tmp_path / "plain.py", f"def make():\n    {inner}    return inner\n")
    assert digest_source(plain.make()) == form(inner)
    assert digest_source(free.make(1)) == form(inner, b",x")


def test_every_kind_of_function_is_found(tmp_path: Path) -> None:
    module = load(tmp_path / "kinds.py", KINDS)
    functions: dict[str, Any] = {
        "plain": module.plain,
        "wrapper": module.decorated,
        "decorated": module.decorated.__wrapped__.__wrapped__,
        "later": module.later,
        "steps": module.steps,
        "method": module.Shop.method,
        "static": module.Shop.static,
        "total": module.Shop.total.fget,
        "inner": module.make(1),
        "awaited": module.awaited,
        "docstring": module.docstring,
    }
    tree = ast.parse(dedent(KINDS))
    nodes = {getattr(node, "name", ""): node for node in reversed([*ast.walk(tree)])}
    for name, fn in functions.items():
        more = {"wrapper": b",fn", "inner": b",x", "method": b",__class__"}
        expected = encode_syntax(nodes[name]) + more.get(name, b"")
        assert digest_source(fn) == digest(expected), name
    assert digest_source(module.spread) == form("lambda: 8")
    assert digest_source(module.docstring.__defaults__[0]) == form("lambda: 7")
    assert digest_source(module.Shop.Inner.method) == form("def method(self): return 5")


@pytest.mark.parametrize("kind", ["text", "bom", "latin-1", "crlf", "form feed"])
def test_files_are_read_as_python_reads_them(kind: str, tmp_path: Path) -> None:
    text = "def f():\n    x = 'é'\n    return x\n"
    data = {
        "text": text.encode(),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "latin-1": b"# coding: latin-1\n" + text.encode("latin-1"),
        "crlf": text.replace("\n", "\r\n").encode(),
        "form feed": b"\f\n" + text.encode(),
    }[kind]
    module = load(tmp_path / "app.py", data)
    assert digest_source(module.f) == form(text)


FILES = {
    "plain": b"def f():\n    return 1\n",
    "no last line break": b"def f(): return 1",
    "byte order mark": b"\xef\xbb\xbfdef f():\n    return '\xc3\xa9'\n",
    "form feed": b"x = 1\n\x0c\ndef f():\n    return '\x0c'\n",
    "other line breaks": "x = '\x85\u2028\x1c'\ndef f(): return '\u2028'\n".encode(),
    "encoding": b"# coding: latin-1\ndef f():\n    return '\xe9'\n",
    "crlf": b"def f():\r\n    return 1\r\n",
    "cr": b"def f():\r    return 1\r",
}


@pytest.mark.parametrize("name", ["zipped", "package.zipped"])
@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_module_in_a_zip(
    content: bytes, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ZipFile(tmp_path / "app.zip", "w") as file:
        file.writestr("package/__init__.py", "")
        file.writestr(f"{name.replace('.', '/')}.py", content)
    monkeypatch.syspath_prepend(tmp_path / "app.zip")
    for one in ("package", name):
        monkeypatch.setitem(sys.modules, one, sys)  # so that what is imported is undone
        del sys.modules[one]
    zipped = importlib.import_module(name)
    beside = load(tmp_path / "zipped.py", content)
    assert digest_source(zipped.f) == digest_source(beside.f)


class Raises:
    """A loader whose every question is an exception."""

    def __getattr__(self, name: str) -> object:
        raise AttributeError(name) if name.startswith("__") else KeyError(name)


class Answers:
    def __init__(self, content: object) -> None:
        self.content = content

    def get_data(self, path: str) -> object:
        if isinstance(self.content, Exception):
            raise self.content
        return self.content


@pytest.mark.parametrize(
    "loader",
    [
        Raises(),
        Answers(OverflowError()),
        Answers(zipimport.ZipImportError("a zip that was replaced")),
        Answers("a text"),
        Answers(b""),
        Answers(b"\0"),
        Answers(b"# coding: nowhere\n"),
        Answers(b"\xff"),
        Answers(b"def f(:"),
        Answers(b"x = " + b"(" * 5000),
        Answers(b"x = " + b"-" * 100_000 + b"1"),
        None,
    ],
)
def test_whatever_the_reader_raises_is_a_refusal(loader: object) -> None:
    spec = importlib.machinery.ModuleSpec("made", None)
    spec.loader = loader  # type: ignore[assignment]
    scope: dict[str, Any] = {"__name__": "made", "__spec__": spec, "__loader__": loader}
    name = f"/nowhere/{len(MADE)}.py"
    MADE.append(name)
    exec(compile("def f(): return 1", name, "exec"), scope)
    text = refusal(scope["f"])
    assert "its source is missing" in text or "is not the source" in text


MADE: list[str] = []


def test_a_cell_of_a_notebook() -> None:
    name = "<cell 1>"
    text = "f = lambda: 1\ndef g(a: int): return f\nawait f()\n"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    # A notebook compiles the statements of a cell one by one, and hands on the futures
    # of the cells before.
    body = ast.parse(text).body[:2]
    flags = __future__.annotations.compiler_flag
    scope: dict[str, Any] = {}
    exec(compile(ast.Module(body, []), name, "exec", flags), scope)
    assert digest_source(scope["f"]) == form("lambda: 1")
    assert digest_source(scope["g"]) == form("def g(a): return f")
    del linecache.cache[name]
    assert digest_source(scope["f"]) == form("lambda: 1")  # it was read
    exec(compile("def h(): 0", name, "exec"), scope)
    assert "is not the source" in refusal(scope["h"])


def test_warm_and_traced_code_is_found(tmp_path: Path) -> None:
    text = "def f(n): return [g(i) for i in range(n)]\ng = lambda i: i.real + 1\n"
    module = load(tmp_path / "warm.py", text)
    sys.settrace(lambda *_: None)
    try:
        for _ in range(50):
            module.f(50)
    finally:
        sys.settrace(None)
    for _ in range(50):
        module.f(50)
    assert digest_source(module.f) == form(text)


def test_the_source_may_warn_and_nothing_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "noisy.py"
    path.write_text("def f(): return '\\d', 1 is 1", "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert digest_source(module.f) == form("def f(): return r'\\d', 1 is 1")


# Lambdas on one line


def test_lambdas_on_one_line_are_told_apart(tmp_path: Path) -> None:
    lambdas = [
        "lambda: 1",
        "lambda: 2",
        "lambda: (3, lambda: 4, lambda: lambda x: 5)",
        "lambda: {i: (lambda: i) for i in (lambda: 6)()}",
        "lambda a=(lambda: 7): a()",
        "lambda: f'{(lambda: 8)()}'",
        "lambda: x",
        "lambda: 1",
    ]
    module = load(tmp_path / "line.py", f"fs = [{', '.join(lambdas)}]")
    fs = module.fs
    for fn, text in zip(fs, lambdas, strict=True):
        assert digest_source(fn) == form(text)
    assert digest_source(fs[4].__defaults__[0]) == form("lambda: 7")
    _, four, maker = fs[2]()
    assert digest_source(four) == form("lambda: 4")
    assert digest_source(maker()) == form("lambda x: 5")


def test_lambdas_on_one_line_of_a_method_are_told_apart(tmp_path: Path) -> None:
    text = """
    class Cart:
        def page(self, e, __q):
            return lambda: __q, lambda: (e, g), lambda: e, lambda: super().f, lambda: g
    """
    fs = load(tmp_path / "method.py", text).Cart().page(1, 2)
    expected = {
        "lambda: __q": b",_Cart__q",
        "lambda: (e, g)": b",e",
        "lambda: e": b",e",
        "lambda: super().f": b",__class__",
        "lambda: g": b"",
    }
    for fn, (one, free) in zip(fs, expected.items(), strict=True):
        assert digest_source(fn) == form(one, free)


def test_lambdas_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "line.py"
    module = load(path, "fs = [lambda: 1 + 1, lambda: 2, lambda: 3]")
    assert refusal(module.fs[0]) == (
        f"line.<lambda>: line 1 of {path} has several lambdas that are written "
        "differently and compile to the same code, so they cannot be "
        'distinguished. Write them on separate lines, or use fingerprint="bytecode".'
    )
    assert digest_source(module.fs[2]) == form("lambda: 3")


# Missing


def test_a_function_without_source_is_refused() -> None:
    scope: dict[str, Any] = {"__name__": "made"}
    exec("def f(): return 1", scope)
    assert refusal(scope["f"]) == (
        "made.f: its source is missing: <string> cannot be read. Functions made by "
        "exec, typed at a prompt or imported from a .pyc alone have no source. Ship "
        "the sources, define the function in a file, or use "
        'fingerprint="bytecode".'
    )


def test_a_source_that_was_removed_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "gone.py"
    module = load(path, "def f(): return 1")
    linecache.getlines(str(path))
    path.unlink()
    assert "its source is missing" in refusal(module.f)


# Not the one


EDITS = {
    "constant": "def f():\n    return 1 + 2\ndef g(): 0\n",
    "moved": "# new\ndef f():\n    return 1 + 1\ndef g(): 0\n",
    "same bytecode": "def f():\n    return 2 or 3\ndef g(): 0\n",
    "another function there": "def g(): 0\ndef f():\n    return 1 + 1\n",
    "renamed": "def h():\n    return 1 + 1\ndef g(): 0\n",
    "syntax error": "def f(:\n",
    "null byte": "\0",
}


@pytest.mark.parametrize("edited", EDITS.values(), ids=EDITS)
def test_a_source_that_was_edited_is_refused(edited: str, tmp_path: Path) -> None:
    path = tmp_path / "edited.py"
    text = "def f():\n    return 1 + 1\ndef g(): 0\n"
    module = load(path, text)
    path.write_text(edited, "utf-8")
    touch(path)
    message = refusal(module.f)
    assert message.startswith(
        f"edited.f: {path} is not the source that the function was compiled from: "
    )
    path.write_text(text, "utf-8")
    touch(path)
    before = digest_source(module.f)
    assert before == form("def f(): return 1 + 1")
    # Once it was read, the digest is that of the code that runs, which is the old one.
    path.write_text(edited, "utf-8")
    touch(path)
    assert digest_source(module.f) == before


def test_a_source_that_was_emptied_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "emptied.py"
    module = load(path, "def f(): return 1")
    path.write_text("", "utf-8")
    assert "source" in refusal(module.f)  # Pythons differ on what such a file holds


def touch(path: Path) -> None:
    """Gives a file a date that no file here had: clocks tick slower than tests run."""
    date = next(DATES)
    os.utime(path, (date, date))


DATES = itertools.count(1_000_000_000)


def test_the_text_of_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "edited.py"
    module = load(path, "\n\ndef f(): return 1\n")
    path.write_text("\n\ndef f(): return 2\n", "utf-8")
    assert refusal(module.f) == (
        f"edited.f: {path} is not the source that the function was compiled from: line "
        "3 compiles to other code than it runs. The file was replaced or edited after "
        "this process imported it: start the process again, and scan its modules with "
        "Registry.scan, which reads their sources, so that files may be replaced "
        "while it runs. Or the code was changed: by an import hook (pytest rewrites "
        "test functions that assert, unless their module's docstring says "
        "PYTEST_DONT_REWRITE), by a tool, or by a .pyc of another release: leave the "
        'code as it is, or use fingerprint="bytecode".'
    )


def test_a_reloaded_module_has_its_new_source(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    old = load(path, "def f(): return 1 + 1")
    assert digest_source(old.f) == form("def f(): return 1 + 1")
    path.write_text("def f(): return 2 + 0", "utf-8")
    touch(path)
    new = load(path)
    assert new.f.__code__ == old.f.__code__  # at the same place, too
    assert digest_source(new.f) == form("def f(): return 2 + 0")


def test_an_edit_below_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    module = load(path, "def f(): return 1\n")
    before = digest_source(module.f)
    path.write_text("def f(): return 1\ndef g(): return 2\n", "utf-8")
    assert digest_source(module.f) == before


def test_code_that_an_import_hook_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hooked.py"
    path.write_text("def f(): return 1\ndef g(): return 0\n", "utf-8")

    class Twice(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.Constant:
            assert isinstance(node.value, int)
            return ast.copy_location(ast.Constant(node.value * 2), node)

    tree = Twice().visit(ast.parse(path.read_bytes()))
    scope: dict[str, Any] = {"__name__": "hooked"}
    exec(compile(tree, path, "exec"), scope)
    assert "by an import hook" in refusal(scope["f"])
    assert digest_source(scope["g"]) == form("def g(): return 0")


def asserts(x: object) -> None:
    assert x


def asserts_nothing(x: object) -> None:
    return


def test_pytest_rewrites_what_asserts() -> None:
    assert "pytest rewrites test functions that assert" in refusal(function(asserts))
    assert digest_source(function(asserts_nothing)) == form(
        "def asserts_nothing(x): return"
    )


# Other processes

PRINT = """
import sys
from handlerid._source import digest_source
sys.path.insert(0, sys.argv[1])
import app
print(sys.version_info[:2])
print(digest_source(app.f).hex())
"""

APP = """
def f(x: int):
    '''Says.'''
    assert x, __debug__
    class Local:
        def put(self): self.c, self.a, self.b, self.e, self.d = x
    return [lambda: 1, lambda: 2]
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_however_it_was_compiled(version: str, tmp_path: Path) -> None:
    python = str(require_python(version))
    (tmp_path / "app.py").write_text(APP, "utf-8")
    # Compiled by one process and run by another, which has another hash seed.
    levels = ["-o0", "-o1", "-o2"]
    run_fresh("-m", "compileall", "-q", *levels, str(tmp_path), python=python, seed="1")
    for flag in ("-B", "-O", "-OO"):
        printed = run_fresh(flag, "-c", PRINT, str(tmp_path), python=python, seed="2")
        assert printed.splitlines()[1] == form(APP).hex()


def test_3_14(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP, "utf-8")
    (tmp_path / "run.py").write_text(PRINT, "utf-8")
    printed = run_pyodide(tmp_path / "run.py", str(tmp_path)).stdout
    assert printed.splitlines() == ["(3, 14)", form(APP).hex()]


NO_SOURCE = """
import sys
sys.path.insert(0, sys.argv[1])
import app
from handlerid._source import digest_source
from handlerid.errors import UnsupportedHandler
try:
    digest_source(app.f)
except UnsupportedHandler as error:
    print(error)
"""


def test_a_pyc_alone_has_no_source(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def f(): return 1", "utf-8")
    run_fresh("-m", "compileall", "-q", "-b", str(tmp_path))
    (tmp_path / "app.py").unlink()
    printed = run_fresh("-c", NO_SOURCE, str(tmp_path))
    assert printed.startswith("app.f: its source is missing: ")


# Nothing is kept


def test_no_function_is_kept_and_few_texts(tmp_path: Path) -> None:
    def once(number: int) -> list[weakref.ref[Any]]:
        module = load(tmp_path / f"app{number}.py", "def f(): return 1")
        digest_source(module.f)
        return [weakref.ref(module.f), weakref.ref(module)]

    seen = [ref for number in range(40) for ref in once(number)]
    gc.collect()
    assert [ref for ref in seen if ref() is not None] == []


def test_a_text_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"def f{number}(): return {number}\n" for number in range(20))
    module = load(tmp_path / "many.py", text)
    parsed: list[object] = []

    def parse(*args: Any) -> object:
        parsed.append(args)
        return _parse(*args)

    monkeypatch.setattr("handlerid._source.text._parse", parse)
    forms = {digest_source(getattr(module, f"f{n}")) for n in range(20)}
    assert len(forms) == 20
    assert len(parsed) == 1


@pytest.mark.parametrize(
    "body",
    [
        "x: T = event\n        return x",
        "x: T | None\n        x = event\n        return x",
        "def inner(y: T, *z: T) -> T: return y\n        return inner",
        "class Local:\n            y: T\n        return Local",
        "x: T = event\n        return [T for T in x]",
    ],
)
def test_a_variable_that_only_annotations_name_does_not_count(
    body: str, tmp_path: Path
) -> None:
    text = f"""
    def outer():
        T = int
        def f(event):
            {body.replace(chr(10), chr(10) + "    ")}
        return f
    """
    text = dedent(text)
    forms = set()
    for number, future in enumerate(("", "from __future__ import annotations")):
        module = load(tmp_path / f"annotated_{number}.py", future + text)
        forms.add(digest_source(module.outer()))
    tree = ast.parse(text)
    inner = next(x for x in ast.walk(tree) if getattr(x, "name", "") == "f")
    assert forms == {digest(encode_syntax(inner))}


@pytest.mark.parametrize(
    ("body", "unused"),
    [
        ("x: T = event", True),
        ("x: list[T]", True),
        ("event.x: T = 1", True),
        ("def inner(y):\n            z: T = y", True),
        ("x: T = T(event)", False),
        ("x: T = 1\n        x = [T for x in event]", False),
        ("x: int = T", False),
        ("assert T", False),
        # Python evaluates these, and what the function makes may read them.
        ("x: T = 1\n        def inner(y: T): pass", False),
        ("def inner() -> T: pass", False),
        ("class Local:\n            y: T", False),
    ],
)
def test_a_variable_is_no_capture_if_only_annotations_of_variables_name_it(
    body: str, unused: bool, tmp_path: Path
) -> None:
    text = f"""
    def outer(T):
        def f(event: T) -> T:
            {body.replace(chr(10), chr(10) + "    ")}
        return f
    """
    f = load(tmp_path / "unused.py", dedent(text)).outer(int)
    assert unused_in_source(f) == ({"T"} if unused else set())


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_it_is_the_same_under_every_flag(tmp_path: Path, version: str) -> None:
    """Nor is a variable that only an annotation names a capture: ``E`` has no form."""
    text = """
    def page(row, E):
        def on_click(event: E, n: int = 1) -> None:
            '''Says what it does.'''
            assert row, "there is one"
            value: E = row
            class Kept:
                '''A class.'''
                value: int = 1
            return value
        return on_click
    """
    text = dedent(text)
    (tmp_path / "shop.py").write_text(text)
    (tmp_path / "later.py").write_text("from __future__ import annotations\n" + text)
    show = """if True:
        import later, shop, handlerid
        later.__name__ = later.page.__module__ = "shop"
        identity = handlerid.Identity(fingerprint="source")
        for module in (shop, later):
            print(identity.handler_id(module.page("tea", object()), captures=True))
    """
    python = str(require_python(version))
    for flag in ("-B", "-O", "-OO"):
        shown = run_fresh(flag, "-c", show, python=python, path=tmp_path)
        expected = "h1-r23fpg22wya5c-bxgo5zcscyarytgdoakq-n5b7phem2lv5civr"
        assert shown.split() == [expected] * 2


EDITED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import app
from handlerid._source import digest_source
from handlerid.errors import UnsupportedHandler
with open(app.__file__) as file:
    text = file.read()
edits = text.replace("return 1", "return 2"), "# new\\n" + text
edits += text.replace("Says", "More"), text.replace("assert x", "assert y")
for date, edited in enumerate(edits):
    with open(app.__file__, "w") as file:
        file.write(edited)
    os.utime(app.__file__, (date, date))
    try:
        digest_source(app.f)
    except UnsupportedHandler as error:
        print("refused" if "is not the source" in str(error) else error)
    else:
        print("taken")
"""


@pytest.mark.parametrize(
    ("flag", "shown"),
    [
        ("-B", "refused refused refused refused"),
        ("-O", "refused refused refused taken"),
        ("-OO", "refused refused taken taken"),
    ],
)
def test_an_edit_of_what_runs_is_refused_under_every_flag(
    flag: str, shown: str, tmp_path: Path
) -> None:
    """What a flag leaves out does not run, so it may be edited."""
    text = "def f(x, y=1):\n    'Says.'\n    assert x\n    return 1\n"
    (tmp_path / "app.py").write_text(text)
    printed = run_fresh(flag, "-c", EDITED, str(tmp_path))
    assert printed.split() == shown.split()
