"""The canonical form of syntax trees: its format, and what is the same and what not."""

from __future__ import annotations

import ast
import sys
from itertools import permutations
from pathlib import Path
from textwrap import dedent

import pytest

from tests.promises.corpus.source_ids import Ids
from tests.promises.corpus.source_measure import (
    differing,
    find_files,
    ids_under,
    split_by_layout,
)
from tests.pythons import require_python
from tests.source.forms import encode_syntax
from tests.support.pyodide import require_pyodide


def function(text: str) -> ast.AST:
    """The one function of a text, or the lambda of an expression statement."""
    statement = ast.parse(dedent(text)).body[-1]
    return statement.value if isinstance(statement, ast.Expr) else statement


def form(text: str) -> bytes:
    return encode_syntax(function(text))


# The format


def test_the_form_of_a_function() -> None:
    text = """
    @decorated
    def f(a: int, /, b=1, *c, d=2, **e) -> None:
        '''Says what.

            And more.
        now
        '''
        x: int = a
        y: str
        return {**x, "k": f"{y!r:>{b}} ", None: ...}
    """
    assert form(text).decode() == (
        "(FunctionDef"
        " args=(arguments args=[(arg arg=s1:b)] kwarg=(arg arg=s1:e)"
        " kwonlyargs=[(arg arg=s1:d)] posonlyargs=[(arg arg=s1:a)]"
        " vararg=(arg arg=s1:c))"
        " body=["
        "(Assign targets=[(Name id=s1:x)] value=(Name id=s1:a))"
        "(AnnAssign simple=i1; target=(Name id=s1:y))"
        "(Return value=(Dict keys=[-(Constant value=s1:k)(Constant value=N)]"
        " values=[(Name id=s1:x)"
        "(JoinedStr values=[(FormattedValue conversion=i72;"
        " format_spec=(JoinedStr values=[(Constant value=s1:>)"
        "(FormattedValue conversion=i-1; value=(Name id=s1:b))])"
        " value=(Name id=s1:y))(Constant value=s1: )])"
        "(Constant value=E)]))]"
        " name=s1:f)"
    )


CONSTANTS: list[tuple[object, bytes]] = [
    (None, b"N"),
    (True, b"T"),
    (False, b"F"),
    (..., b"E"),
    (1, b"i1;"),
    (-255, b"i-ff;"),
    (10**5000, f"i{10**5000:x};".encode()),
    (1.0, b"d3ff0000000000000"),
    (0.0, b"d0000000000000000"),
    (-0.0, b"d8000000000000000"),
    (float("inf"), b"d7ff0000000000000"),
    (1j, b"c00000000000000003ff0000000000000"),
    (complex(-0.0, 1), b"c80000000000000003ff0000000000000"),
    ("", b"s0:"),
    ("é1", "s3:é1".encode()),
    ("\ud800", b"s3:\xed\xa0\x80"),
    (b"", b"b0:"),
    (b"1", b"b1:1"),
    ("1", b"s1:1"),
]


@pytest.mark.parametrize(
    ("value", "expected"), CONSTANTS, ids=[repr(form[:24]) for _, form in CONSTANTS]
)
def test_the_form_of_a_constant(value: object, expected: bytes) -> None:
    form = encode_syntax(ast.Constant(value))  # type: ignore[arg-type]  # object
    assert form == b"(Constant value=" + expected + b")"


def test_no_form_begins_another() -> None:
    for (_, one), (_, other) in permutations(CONSTANTS, 2):
        assert not one.startswith(other)


def test_a_deep_tree_needs_no_deep_stack() -> None:
    tree = ast.parse("def f(): return x" + " + x" * 1500)
    form = encode_syntax(tree.body[0])
    assert form.count(b"(BinOp") == 1500
    assert sys.getrecursionlimit() < 1500


# Same

SAME = {
    "line break": ("def f():\n while True: x()", "def f():\n while True:\n  x()"),
    "comment": ("def f():\n x()", "def f():\n # why\n x()  # what"),
    "semicolon": ("def f():\n x(); y()", "def f():\n x()\n y()"),
    "blank lines": ("def f():\n x()\n y()", "def f():\n\n x()\n\n\n y()"),
    "indentation": ("def f():\n if a:\n  b", "def f():\n    if a:\n        b"),
    "parentheses": ("lambda: (a + (b))", "lambda: a + b"),
    "tuple": ("lambda: (a, b)", "lambda: (\n a,\n b,\n)"),
    "continued line": ("lambda: a + b", "lambda: a + \\\n b"),
    "quotes": ("lambda: 'a'", 'lambda: """a"""'),
    "escape": (r"lambda: '\x41'", "lambda: 'A'"),
    "u prefix": ("lambda: u'a'", "lambda: 'a'"),
    "string parts": ("lambda: 'a' 'b'", "lambda: 'ab'"),
    "f-string parts": ("lambda: f'a{x}' 'b' f'c'", "lambda: f'a{x}bc'"),
    "f-string layout": ("lambda: f'{x}'", "lambda: f'{ x }'"),
    "hexadecimal": ("lambda: 255", "lambda: 0xFF"),
    "underscore": ("lambda: 1000", "lambda: 1_000"),
    "float": ("lambda: 1.0", "lambda: 1e0"),
    "argument's annotation": ("def f(a: int): 0", "def f(a: 'list[T]'): 0"),
    "no annotation": ("def f(a: int) -> str: 0", "def f(a): 0"),
    "nested annotation": (
        "def f():\n def g(a: int) -> int: 0",
        "def f():\n def g(a): 0",
    ),
    "local annotation": ("def f():\n x: int = 1", "def f():\n x: float = 1"),
    "annotated assignment": ("def f():\n x: int = 1", "def f():\n x = 1"),
    "declaration": ("def f():\n x: int", "def f():\n x: float"),
    "own decorator": ("def f(): 0", "@a.handler(name='n')\ndef f(): 0"),
    "own default": ("lambda i=1: i", "lambda i=2: i"),
    "own keyword default": ("lambda *, i=1: i", "lambda *, i: i"),
    "docstring": ("def f():\n 'a'\n b", "def f():\n 'c'\n b"),
    "no docstring": ("def f():\n 'a'\n b", "def f(): b"),
    "nothing but a docstring": ("def f(): 'a'", "def f(): pass"),
    "nested docstrings": (
        "def f():\n class C:\n  'a'\n  def g(): 'a'",
        "def f():\n class C:\n  def g(): pass",
    ),
    "elif": ("def f():\n if a: b\n elif c: d", "def f():\n if a: b\n else:\n  if c: d"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_same(one: str, other: str) -> None:
    assert form(one) == form(other)


# Different

DIFFERENT = {
    "1, True": ("lambda: 1", "lambda: True"),
    "1, 1.0": ("lambda: 1", "lambda: 1.0"),
    "0.0, -0.0": ("lambda: 0.0", "lambda: -0.0"),
    "1.0, 1j": ("lambda: 1.0", "lambda: 1j"),
    "text, bytes": ("lambda: 'a'", "lambda: b'a'"),
    "None, ...": ("lambda: None", "lambda: ..."),
    "None, 'None'": ("lambda: None", "lambda: 'None'"),
    "constant, name": ("lambda: 'a'", "lambda: a"),
    "surrogates": (r"lambda: '\ud800'", r"lambda: '\udfff'"),
    "large numbers": (f"lambda: {0xF << 9999:#x}", f"lambda: {0xE << 9999:#x}"),
    "in a tuple": ("lambda: (1, (2, 3))", "lambda: (1, (2, 3.0))"),
    "tuple, list": ("lambda: (a,)", "lambda: [a]"),
    "grouping": ("lambda: (a, b), c", "lambda: (a, (b, c))"),
    "grouping of operators": ("lambda: a + b + c", "lambda: a + (b + c)"),
    "operator": ("lambda: a + b", "lambda: a - b"),
    "comparison": ("lambda: a < b", "lambda: a <= b"),
    "is, ==": ("lambda: a is b", "lambda: a == b"),
    "and, or": ("lambda: a and b", "lambda: a or b"),
    "order": ("lambda: f(a, b)", "lambda: f(b, a)"),
    "name": ("lambda: a", "lambda: b"),
    "attribute": ("lambda: a.b", "lambda: a.c"),
    "attribute, item": ("lambda: a.b", "lambda: a['b']"),
    "keyword": ("lambda: f(a=1)", "lambda: f(b=1)"),
    "starred": ("lambda: f(a)", "lambda: f(*a)"),
    "double starred": ("lambda: f(*a)", "lambda: f(**a)"),
    "dictionary display": ("lambda: {**a}", "lambda: {None: a}"),
    "index, slice": ("lambda: a[1]", "lambda: a[1:]"),
    "slices": ("lambda: a[:1]", "lambda: a[1:]"),
    "conversion": ("lambda: f'{a!r}'", "lambda: f'{a!s}'"),
    "format": ("lambda: f'{a:>3}'", "lambda: f'{a:<3}'"),
    "text and replacement": ("lambda: f'{a}'", "lambda: f'{{a}}'"),
    "f-string's text": ("lambda: f'a{x}b'", "lambda: f'ab{x}'"),
    "def, lambda": ("def f(): a", "lambda: a"),
    "own name": ("def f(): a", "def g(): a"),
    "def, async def": ("def f(): a", "async def f(): a"),
    "generator": ("def f(): a", "def f(): yield a"),
    "yield from": ("def f(): yield a", "def f(): yield from a"),
    "argument's name": ("lambda a: 0", "lambda b: 0"),
    "argument's kind": ("lambda a, b: 0", "lambda a, /, b: 0"),
    "keyword-only": ("lambda a, b: 0", "lambda a, *, b: 0"),
    "*args, **args": ("lambda *a: 0", "lambda **a: 0"),
    "return": ("def f(): return a", "def f(): a"),
    "statements' order": ("def f():\n a()\n b()", "def f():\n b()\n a()"),
    "in the loop": (
        "def f():\n for a in b:\n  c\n  d",
        "def f():\n for a in b:\n  c\n d",
    ),
    "else of a loop": (
        "def f():\n for a in b: c\n else: d",
        "def f():\n for a in b: c\n d",
    ),
    "exception": (
        "def f():\n try: a\n except B: c",
        "def f():\n try: a\n except D: c",
    ),
    "exception's range": (
        "def f():\n try:\n  a\n  b\n except: c",
        "def f():\n try: a\n except: c\n b",
    ),
    "except, except*": (
        "def f():\n try: a\n except B: c",
        "def f():\n try: a\n except* B: c",
    ),
    "else, finally": (
        "def f():\n try: a\n except B: c\n else: d",
        "def f():\n try: a\n except B: c\n finally: d",
    ),
    "global": ("def f():\n a = 1", "def f():\n global a\n a = 1"),
    "global, nonlocal": ("def f():\n global a", "def f():\n nonlocal a"),
    "declaration": ("def f():\n x: int\n x", "def f():\n x"),
    "declaration in parentheses": ("def f():\n x: int", "def f():\n (x): int"),
    "import": ("def f():\n import a.b", "def f():\n import a.b as a"),
    "relative import": ("def f():\n from . import a", "def f():\n from .. import a"),
    "indentation in a text": ("lambda: '''a\n b'''", "lambda: '''a\n  b'''"),
    "assert": ("def f():\n assert a", "def f():\n assert a, b"),
    "match value, capture": (
        "def f():\n match a:\n  case b.c: 0",
        "def f():\n match a:\n  case b: 0",
    ),
    "match None, False": (
        "def f():\n match a:\n  case None: 0",
        "def f():\n match a:\n  case False: 0",
    ),
    "comprehension's condition": (
        "lambda: [a for a in b if c]",
        "lambda: [a for a in b if d]",
    ),
    "comprehension's kind": ("lambda: [a for a in b]", "lambda: (a for a in b)"),
    "async comprehension": (
        "async def f(): [a async for a in b]",
        "async def f(): [a for a in b]",
    ),
    "await": ("async def f(): a()", "async def f(): await a()"),
    "with": ("def f():\n with a as b: 0", "def f():\n with a: 0"),
    "del": ("def f(): del a", "def f(): a"),
    "walrus": ("lambda: (a := b)", "lambda: a == b"),
    "augmented": ("def f(): a += 1", "def f(): a = 1"),
    "nested constant": ("lambda: lambda: 1", "lambda: lambda: 2"),
    "nested default": ("lambda: lambda i=1: i", "lambda: lambda i=2: i"),
    "nested decorator": (
        "def f():\n @a\n def g(): 0",
        "def f():\n @b\n def g(): 0",
    ),
    "annotation in a class": (
        "def f():\n class A:\n  x: int = 1",
        "def f():\n class A:\n  x: str = 1",
    ),
    "base class": ("def f():\n class A(B): 0", "def f():\n class A(C): 0"),
    "class keyword": ("def f():\n class A(b=1): 0", "def f():\n class A(b=2): 0"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different(one: str, other: str) -> None:
    assert form(one) != form(other)


# Every Python

# What Pythons have written differently in their trees, and what may overflow one.
TRICKY = r'''
def strings(x, y, w):
    f""; f"{x:}"; "a" f""; f"" "a"; "a" f"b{x}" "c" f"{y!r:>{w}.3}" u"d"
    f"{x=}"; f"{x = !r:^3}"; f"{x:{{}}}"; f"{x:{y}}"; f"{x:{y:}}"; f"{x:{w}{y}}"
    f"{{}}{x}}}"; rf"\d{x:\d}"; f"\N{DIGIT ONE}{x:\x41}"; f"{x!r:}"; f"{x}" ""
    f"""a
    {x
    } b {y:
    }"""
    return f"{(lambda: f'{x}')()}", lambda: f"{x:{(lambda: 1)()}}"


class Shop:
    """Docstring
	with a tab,

        and more."""

    def annotated(self, x: "int", *a: int, **k: str) -> "None":
        """  Docstring

        of a method.
            """
        y: list[int] = x
        z: int
        self.a: int = y
        class Nested:
            p: int = 1
            q: "str"
        return Nested

    @staticmethod
    async def statements(a, b=..., *, c, d=-0.0):
        global g
        async with a as (x, y), b: pass
        try: del a.b, a[1:2, ::3]
        except* (A, B) as e: raise C from e
        else: assert a, b
        finally: x += 1_000j
        async for i in b: yield [j async for j in i if j if not j]
        match a:
            case {"k": [1, *_], **rest}: pass
            case [1 | 2] | None: pass
            case Point(x=-1 - 2j, y="a" "b") if a: pass
            case _ as e: pass
        from . import m as n
        import a.b, c as d
        from e import f
        return


constants = lambda: (
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF, 1e999, 5e-324, 1j, b"\xff",
    "\ud800", "ünicode", ..., None, True, __debug__, 1 + 1, "a" "b", u"c", -1, not 1
)
ﬁ = lambda ﬁ: ﬁ
'''


SMALL = ("blinker", "h11")
"""Real packages; ``python -m tests.promises.corpus.source_measure`` compares more."""


def sample(folder: Path) -> list[Path]:
    """Files to compare, in a folder that the other Pythons can see."""
    files = [folder / "tricky.py", folder / "deep.py"]
    trailing_space = TRICKY.replace("a method.", "a method.  ")
    files[0].write_text(trailing_space, "utf-8")
    files[1].write_text("def deep(x): return x" + " + x" * 1500, "utf-8")
    library = Path(ast.__file__).parent
    for name in ("dataclasses", "json/encoder"):
        files.append(folder / f"{name.replace('/', '_')}.py")
        files[-1].write_bytes((library / f"{name}.py").read_bytes())
    return files


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Path]]:
    files = sample(tmp_path_factory.mktemp("sample"))
    return [(file.stem, file) for file in files] + find_files([*SMALL])


@pytest.fixture(scope="module")
def ids(modules: list[tuple[str, Path]]) -> Ids:
    found = ids_under("{}.{}".format(*sys.version_info), modules, [*SMALL])
    assert found is not None
    return found


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_the_ids_are_the_same_on_every_python(
    version: str, modules: list[tuple[str, Path]], ids: Ids
) -> None:
    if version in ("3.14", "3.15"):
        require_pyodide(version)
    else:
        require_python(version)
    there = ids_under(version, modules, [*SMALL])
    assert there is not None
    # An older Python may not parse some of a newer one's library.
    found = {label.partition(":")[0] for label in there["compiled"]}
    assert found >= {"tricky", "deep", "blinker.base", "h11._state"}
    assert sum(map(len, there["compiled"].values())) > 150
    assert sum(map(len, there["imported"].values())) > 80
    assert differing(ids, there) == []


def test_the_form_does_not_split_by_layout(modules: list[tuple[str, Path]]) -> None:
    compared, found = split_by_layout([file for _, file in modules])
    assert compared > 150
    assert found == []
