"""Explanations: their text, and that they differ exactly where the ids do."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from textwrap import dedent, indent
from types import CodeType, FunctionType
from typing import Any

import pytest

from handlerid import (
    ClickEvent,
    Difference,
    Explanation,
    Identity,
    InputEvent,
    explain,
    handler_id,
)
from handlerid._canonical.code import encode_code
from handlerid._explain.code import code_parts
from handlerid._explain.syntax import syntax_lines
from handlerid._source import encode_source
from handlerid.errors import UnstableCapture, UnsupportedHandler
from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.pyodide import run_pyodide

partial: Any = functools.partial
"""Without its types: what is bound here is never called."""

SOURCE = Identity(fingerprint="source")


def on_click(event: ClickEvent) -> None: ...


def on_other(event: ClickEvent) -> int:
    return 1


def make(value: object) -> Any:
    def inner(event: ClickEvent) -> object:
        return value

    return inner


def wrapped(fn: Any) -> Any:
    @functools.wraps(fn)
    def wrapper(*args: object) -> object:
        return fn(*args)

    return wrapper


class Panel:
    def method(self, event: ClickEvent) -> None: ...

    @classmethod
    def of_class(cls, event: ClickEvent) -> None: ...

    def __call__(self, event: ClickEvent) -> None: ...


class Other(Panel): ...


class Secret:
    """Anything that looks at it fails."""

    def __repr__(self) -> str:
        raise AssertionError("repr was asked for")

    __str__ = __repr__


# Whole texts.

APP = """
def on_click(event):
    try:
        return event.key in {"b", "a"}
    except KeyError:
        pass

def on_other(event):
    try:
        return event.key in {"b", 1}
    except KeyError:
        pass
"""

SHOW = "import app; from handlerid import explain; print(explain(app.on_click))"
COMPARE = (
    "import app; from handlerid import explain; "
    "print(explain(app.on_click, app.on_other))"
)

BYTECODE = """
h1-ID
location
    module app
    name on_click
fingerprint
    of the bytecode
    belongs to cpython {version}.x
code
    name: on_click
    arguments: 1
    positional-only arguments: 0
    keyword-only arguments: 0
    flags: OPTIMIZED, NEWLOCALS
    bytecode: DIGEST
      RESUME 0
      NOP
      LOAD_FAST event
      LOAD_ATTR key
      LOAD_CONST constant 1
      CONTAINS_OP 0
      RETURN_VALUE
      PUSH_EXC_INFO
      LOAD_GLOBAL KeyError
      CHECK_EXC_MATCH
      {jump}
      POP_TOP
      POP_EXCEPT
      {leave}
      RERAISE 0
      COPY 3
      POP_EXCEPT
      RERAISE 1
    exception table: DIGEST
      {ranges}
    constant 0: None
    constant 1: frozenset (str 'a', str 'b')
    names: key, KeyError
    variables: event
    free variables: -
    cell variables: -
"""

VERSIONS = {
    "3.11": {
        "jump": "POP_JUMP_FORWARD_IF_FALSE to 48",
        "leave": "LOAD_CONST constant 0\n      RETURN_VALUE",
        "ranges": ["4 to 20: 22", "22 to 42: 50", "48 to 50: 50"],
    },
    "3.12": {
        "jump": "POP_JUMP_IF_FALSE to 54",
        "leave": "RETURN_CONST constant 0",
        "ranges": ["4 to 30: 32", "32 to 50: 56", "54 to 56: 56"],
    },
    "3.13": {
        "jump": "POP_JUMP_IF_FALSE to 58",
        "leave": "RETURN_CONST constant 0",
        "ranges": ["4 to 32: 34", "34 to 54: 60", "58 to 60: 60"],
    },
}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(dedent(APP))
    return tmp_path


def shown(text: str) -> str:
    """A text without ids and digests, and without the patch release of Python."""
    text = re.sub(r"h1-[a-z2-7]{13}-[a-z2-7]{20}", "h1-ID", text)
    text = re.sub(r"\b([0-9a-f]{20}|[0-9a-f]{16})\b", "DIGEST", text)
    return re.sub(r"(cpython 3\.\d+)\.\d+", r"\1.x", text).strip()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_text_of_bytecode(version: str, app: Path) -> None:
    python = str(require_python(version))
    text = run_fresh("-c", SHOW, path=app, python=python)
    own = VERSIONS[version]
    ranges = [f"{one}, depth {bool(i):d}" for i, one in enumerate(own["ranges"])]
    expected = BYTECODE.format(
        version=version,
        jump=own["jump"],
        leave=own["leave"],
        ranges="\n      ".join(ranges),
    )
    assert shown(text) == expected.strip()


def test_the_text_of_a_difference(app: Path) -> None:
    text = shown(run_fresh("-c", COMPARE, path=app))
    assert text == dedent("""\
        - h1-ID
        + h1-ID
        location
            - name on_click
            + name on_other
        code
            - name: on_click
            + name: on_other
            - constant 1: frozenset (str 'a', str 'b')
            + constant 1: frozenset (int 1, str 'b')""")


def test_the_text_of_wrappers_bound_arguments_and_captures() -> None:
    fn = partial(functools.cache(make(Secret())), 1, Panel, flag=None)
    text = str(explain(fn))
    lines = text.splitlines()
    assert lines[0] == str(handler_id(fn))
    assert f"    module {__name__}\n    name make.<locals>.inner\n" in text
    assert shown(text[text.index("wrapper 1") :]) == dedent(f"""\
        wrapper 1
            functools.cache
        bound arguments
            args[0]: int DIGEST
            args[1]: class {__name__}.Panel DIGEST
            keywords[flag]: None DIGEST
        captures, not in the id
            value: {__name__}.Secret""")


def test_the_text_of_equal_ids() -> None:
    difference = explain(make(1), make(2))
    assert not difference
    assert str(difference) == f"{handler_id(make(1))}\nis the id of both"


SOURCES = '''
    # A comment.
    @decorate(1)
    def on_click(event: ClickEvent, /, *, now=None) -> str | None:
        """Says."""
        count: int = -1  # and an annotation
        try:
            later(lambda: now)
        except ValueError:
            return f"{count!r} of " "many"
        outer
        global shop, cart
        return [18446744073709551616, 1.0, 1j, True, None,
                b"x", ..., "\\ud800", {**now}]
'''


SOURCE_SHOWN = """
h1-ID
location
    module app
    name make.<locals>.on_click
fingerprint
    of the source
    belongs to every Python
code
    FunctionDef name='on_click'
      args = arguments
        kwonlyargs[] = arg arg='now'
        posonlyargs[] = arg arg='event'
      body[] = Expr
        value = Constant value='Says.'
      body[] = Assign
        targets[] = Name id='count'
        value = UnaryOp op=USub
          operand = Constant value=1
      body[] = Try
        body[] = Expr
          value = Call
            args[] = Lambda args=arguments
              body = Name id='now'
            func = Name id='later'
        handlers[] = ExceptHandler
          body[] = Return
            value = JoinedStr
              values[] = FormattedValue conversion=114
                value = Name id='count'
              values[] = Constant value=' of many'
          type = Name id='ValueError'
      body[] = Expr
        value = Name id='outer'
      body[] = Global
        names[] = 'shop'
        names[] = 'cart'
      body[] = Return
        value = List
          elts[] = Constant value=0x10000000000000000
          elts[] = Constant value=1.0
          elts[] = Constant value=1j
          elts[] = Constant value=True
          elts[] = Constant value=None
          elts[] = Constant value=b'x'
          elts[] = Constant value=Ellipsis
          elts[] = Constant value='\\ud800'
          elts[] = Dict
            keys[] = nothing
            values[] = Name id='now'
    free variables: later, outer
captures, not in the id
    later: int
    outer: int
    now: NoneType
"""


def test_the_text_of_a_source_is_the_same_on_every_python(tmp_path: Path) -> None:
    text = dedent(SOURCES)
    (tmp_path / "app.py").write_text(
        "decorate = lambda n: lambda fn: fn\n"
        "def make(outer, later, ClickEvent=1):\n"
        f"{indent(text, '    ')}\n    return on_click\n"
    )
    script = tmp_path / "show.py"
    script.write_text(
        "import app; from handlerid import *\n"
        'print(explain(app.make(1, 2), identity=Identity(fingerprint="source")))'
    )
    texts = [
        run_fresh(str(script), path=tmp_path, python=str(require_python(version)))
        for version in ("3.11", "3.12", "3.13")
    ]
    assert len(set(texts)) == 1
    assert shown(texts[0]) == SOURCE_SHOWN.strip()


# The law: ids are equal if and only if nothing is told to differ.


def place(fn: Any, module: str = "app", qualname: str = "fn") -> Any:
    """A copy of a function at a place that says nothing."""
    copy = FunctionType(fn.__code__, fn.__globals__, "fn", None, fn.__closure__)
    copy.__module__, copy.__qualname__ = module, qualname
    return copy


def compiled(text: str) -> Any:
    """The function that a text defines, or that ``make`` returns in it."""
    names: dict[str, Any] = {"__name__": "app"}
    exec(compile(dedent(text), "app.py", "exec"), names)
    return place(names["fn"] if "fn" in names else names["make"]())


def lambdas(*texts: str) -> list[Any]:
    return [compiled(f"fn = lambda: {text}") for text in texts]


def nested(*texts: str) -> list[Any]:
    return [compiled(f"def make():\n  {text}\n  return fn") for text in texts]


TRICKY: list[Any] = [
    *lambdas("1", "True", "1.0", "'1'", "b'1'", "1j", "0.0", "-0.0", "None", "..."),
    *lambdas("(1,)", "(True,)", "[1]", "(1, (2,))", "(1, 2)", "'int 1'", "'a, b'"),
    *lambdas("-0j", "0j", "1e999", "-1e999", "1e999 - 1e999", "10 ** 50", "10 ** 51"),
    *lambdas(
        "x in {1, 2}", "x in {1, 2.0}", "x in (1, 2)", "x in {2, 1}", "x.a", "x.b"
    ),
    *lambdas("x not in {1, 2}", "a + b", "a - b", "f(*a)", "f(**a)", "f(a)", "f(a=1)"),
    *lambdas(repr("x" * 90), repr("x" * 91), repr("x" * 89 + "y"), r"'\ud800'", "'?'"),
    *lambdas(r"'\n'", r"'\\n'", "x[1:2]", "x[1:2.0]", "x[1:2:None]", "lambda: 1"),
    *lambdas("lambda: True", "(lambda: 1, lambda: 2)", "(lambda: 3, lambda: 2)"),
    *lambdas("lambda: lambda: 1", "[a for a in b]", "{a for a in b}", "(yield)"),
    compiled("def fn(): pass"),
    compiled("def fn(): return None"),
    compiled("async def fn(): pass"),
    compiled("def fn(): 'Says.'"),
    compiled("def fn(a): pass"),
    compiled("def fn(b): pass"),
    compiled("def fn(a, /): pass"),
    compiled("def fn(*, a): pass"),
    compiled("def fn(*a): pass"),
    compiled("def fn(**a): pass"),
    compiled("def fn():\n  try: a()\n  finally: b()"),
    compiled("def fn():\n  try: a(); b()\n  finally: b()"),
    *nested(
        "x = 1; fn = lambda: x",
        "y = 1; fn = lambda: y",
        "def fn():\n    class A: b = 1\n    return A",
        "def fn():\n    class A: b = 2\n    return A",
        "def fn():\n    class A: b = 'int 1'\n    return A",
        "def fn():\n    class A:\n      def f(self): self.a = self.b = 1\n    return A",
        "def fn():\n    class A:\n      def f(self): self.b = self.a = 1\n    return A",
        "def fn():\n    class A:\n      def f(self): self.b = 1\n    return A",
    ),
    place(on_click, qualname="other"),
    place(on_click, module="other"),
    on_click,
    on_other,
    make(1),
    make(2),
    wrapped(on_click),
    wrapped(on_other),
    wrapped(wrapped(on_click)),
    functools.cache(on_click),
    functools.cache(wrapped(on_click)),
    wrapped(functools.cache(on_click)),
    wrapped(make(1)),
    Panel().method,
    Panel.method,
    Other().method,
    Panel.of_class,
    Other.of_class,
    Panel(),
    Panel.__call__,
    partial(on_click),
    *(
        partial(on_click, value)
        for value in (
            *(1, True, 1.0, "1", None, (1,), [1], {1}, frozenset({1}), {1: 2}),
            *(float("nan"), -0.0, 0.0, Path("a"), ClickEvent, InputEvent, on_click),
            *(partial(on_click), Panel.of_class, make(1), make(2), on_other, ...),
        )
    ),
    partial(on_click, 1, 2),
    partial(on_click, 2, 1),
    partial(on_click, a=1),
    partial(on_click, b=1),
    partial(on_click, **{"args[0]": 1}),
    partial(on_click, a=1, b=2),
    partial(on_click, b=2, a=1),
    partial(partial(on_click, a=1), b=2),
    partial(wrapped(on_click), 1),
    wrapped(partial(on_click, 1)),
    partial(Panel.of_class, 1),
]


@pytest.mark.parametrize("key", [None, b"secret"])
def test_the_law_over_all_pairs_of_tricky_handlers(key: bytes | None) -> None:
    identity = Identity(key=key)
    explained = [explain(fn, identity=identity) for fn in TRICKY]
    equal = 0
    for one, other in combinations(explained, 2):
        difference = Difference.between(one, other)
        assert bool(difference) == (one.id != other.id), f"{one}\n{other}"
        assert "key" not in difference.parts
        assert all(difference.parts.values())
        equal += one.id == other.id
    assert equal >= 10
    assert len({one.id for one in explained}) > 100


MODULES = (
    *("argparse", "ast", "dataclasses", "difflib", "inspect", "json.decoder"),
    *("textwrap", "typing", "pickle", "enum", "handlerid._identity", "asyncio.tasks"),
)


def real_functions() -> Iterator[FunctionType]:
    for name in MODULES:
        module = importlib.import_module(name)
        for owner in [module, *filter(inspect.isclass, vars(module).values())]:
            for value in vars(owner).values():
                if type(value) is FunctionType and value.__module__ == name:
                    yield value


def variations(code: CodeType) -> Iterator[CodeType]:
    """The code itself, and changed in one field at a time, hashed or not."""
    yield code
    yield code.replace(co_filename="elsewhere.py", co_firstlineno=7)
    yield code.replace(co_linetable=b"", co_stacksize=code.co_stacksize + 1)
    yield code.replace(co_qualname="Elsewhere")
    yield code.replace(co_name="elsewhere")
    yield code.replace(co_flags=code.co_flags ^ inspect.CO_GENERATOR)
    yield code.replace(co_exceptiontable=b"")
    for i, const in enumerate(code.co_consts):
        if not isinstance(const, CodeType):
            for other in (1, True, 1.0, "1", (1,), b"1", None):
                yield code.replace(co_consts=replaced(code.co_consts, i, other))
    for i in range(len(code.co_names)):
        yield code.replace(co_names=replaced(code.co_names, i, "renamed"))
    for i in range(len(code.co_varnames)):
        yield code.replace(co_varnames=replaced(code.co_varnames, i, "renamed"))


def replaced(items: tuple[Any, ...], index: int, item: object) -> tuple[Any, ...]:
    return (*items[:index], item, *items[index + 1 :])


def test_the_law_over_real_functions_and_their_variations() -> None:
    """All pairs at once: the same text goes with the same bytes, and back."""
    texts: dict[bytes, object] = {}
    seen = 0
    for fn in list(real_functions())[::6]:
        for code in variations(fn.__code__):
            seen += 1
            text = tuple(code_parts("code", code))
            assert texts.setdefault(encode_code(code), text) == text
    assert seen > 3_000
    assert len(set(texts.values())) == len(texts)


def test_the_law_over_real_functions_and_their_sources() -> None:
    forms: dict[bytes, tuple[str, ...]] = {}
    for fn in real_functions():
        if Path(fn.__code__.co_filename).is_file():  # others are made by exec
            form = encode_source(fn)
            forms[form] = syntax_lines(form)
    assert len(forms) > 500
    assert len(set(forms.values())) == len(forms)


def test_real_functions_at_one_place_obey_the_law() -> None:
    functions = [fn for fn in real_functions() if not hasattr(fn, "__wrapped__")]
    explained = [explain(place(fn)) for fn in functions[::8]]
    assert len(explained) > 60
    for one, other in combinations(explained, 2):
        assert bool(Difference.between(one, other)) == (one.id != other.id)


SOURCE_PAIRS = [
    ("def fn(event): return event.key", 0),
    ("def fn(event: ClickEvent) -> str:\n    # Says.\n    return (event.key)", 0),
    ("@decorate\ndef fn(event=1): return event.key", 0),
    ("def fn(event): return event.kex", 1),
    ("def fn(event): return event . key; pass", 2),
    ("def fn(event): return 1", 3),
    ("def fn(event): return 1.0", 4),
    ("def fn(event): return True", 5),
    ("def fn(event): return '1'", 6),
    ('def fn(event): return """1"""', 6),
    ("def fn(event): return b'1'", 7),
    ("def fn(event): return -1", 8),
    ("def fn(event): return [None]", 9),
    ("def fn(event): return {None: 1}", 10),
    ("def fn(event): return {**None}", 11),
    ("def fn(event): return 'nothing'", 12),
    ("def fn(event): return ' op=Add'", 13),
    ("def fn(event): return '" + "x" * 90 + "'", 14),
    ("def fn(event): return '" + "x" * 91 + "'", 15),
    ("def fn(event):\n    global a; a = 1", 16),
    ("def fn(event):\n    global a, a; a = 1", 17),
    ("def fn(event):\n    a = 1", 18),
    ("def fn(event):\n    a: int = 1", 18),
]
"""Sources; those with one number are one handler."""


def test_the_law_over_all_pairs_of_tricky_sources(tmp_path: Path) -> None:
    found: list[Explanation] = []
    for text, _ in SOURCE_PAIRS:
        file = tmp_path / f"app{len(found)}.py"
        file.write_text(text)
        names: dict[str, Any] = {"__name__": "app", "ClickEvent": ClickEvent}
        names["decorate"] = lambda fn: fn
        exec(compile(text, str(file), "exec"), names)
        found.append(explain(names["fn"], identity=SOURCE))
    numbers = [number for _, number in SOURCE_PAIRS]
    for (one, a), (other, b) in combinations(zip(found, numbers, strict=True), 2):
        assert bool(Difference.between(one, other)) == (a != b)
        assert (one.id == other.id) == (a == b)


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_a_class_in_a_function_may_move_to_another_line(
    version: str, tmp_path: Path
) -> None:
    """3.13 keeps the line in the code of its body; the id and the text do not."""
    text = """
        def fn(event):
            class Local:
                line = 3
                def put(self): self.a = self.b = event
            return Local
    """
    for module, lines in (("app", 1), ("moved", 300)):
        (tmp_path / f"{module}.py").write_text("\n" * lines + dedent(text))
    code = dedent("""
        import app, moved
        from handlerid import explain
        moved.fn.__module__ = "app"
        assert app.fn.__code__.co_firstlineno != moved.fn.__code__.co_firstlineno
        difference = explain(app.fn, moved.fn)
        print(bool(difference), len(set(difference.ids)))
    """)
    python = str(require_python(version))
    assert run_fresh("-c", code, path=tmp_path, python=python) == "False 1\n"


BODIES = """
from itertools import combinations
from handlerid import explain
values = ("1", "True", "1.0", "'1'", "'int 1'", "x", "y", "b'1'", "(1,)", "lambda: 1")
made = []
for number, value in enumerate(values):
    names = {"__name__": "app"}
    text = f"def fn(x, y):\\n    class Local:\\n        a = {value}\\n    return Local"
    exec("\\n" * number + text, names)
    made += [names["fn"]]
for one, other in combinations([*made, made[0]], 2):
    difference = explain(one, other)
    assert bool(difference) == (len(set(difference.ids)) == 2), f"{difference}"
print(sum(not explain(one, made[0]) for one in made))
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_law_over_classes_in_functions(version: str) -> None:
    """From 3.13 on their bodies have a form of their own."""
    python = str(require_python(version))
    assert run_fresh("-c", BODIES, python=python) == "1\n"


SETS = """
def fn(event):
    class Local:
        def put(self): self.a = self.b = self.c = self.d = event
    return event.key in {"a", "b", "c", ("d", "e"), 1, None, b"f"}, Local

def made(event): pass
"""

DICT = """
import functools, json, app
from handlerid import explain
for fn in (app.fn, functools.partial(app.made, {"a", "b", "c"}, {"x": 1, "y": {2}})):
    print(json.dumps(explain(fn).as_dict()))
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_an_explanation_is_the_same_under_every_hash_seed(
    version: str, tmp_path: Path
) -> None:
    python = str(require_python(version))
    (tmp_path / "app.py").write_text(SETS)
    texts = {
        run_fresh("-c", DICT, path=tmp_path, python=python, seed=seed)
        for seed in ("0", "1", "2", "3")
    }
    assert len(texts) == 1


def test_an_explanation_of_a_source_is_the_same_on_3_14(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SETS)
    script = tmp_path / "script.py"
    script.write_text(
        "import json, app; from handlerid import *\n"
        'one = explain(app.fn, identity=Identity(fingerprint="source"))\n'
        "print(json.dumps(one.as_dict()))\n"
        "assert str(explain(app.fn)), explain(app.fn)\n"
        "print(explain(app.fn).python)"
    )
    here = run_fresh(str(script), path=tmp_path)
    there = run_pyodide(script, path=[tmp_path]).stdout
    assert here.splitlines()[0] == there.splitlines()[0]
    assert there.splitlines()[1].startswith("cpython 3.14.")


# What it belongs to.


def test_it_names_the_python(app: Path) -> None:
    release = ".".join(map(str, sys.version_info[:3]))
    code = "import app; from handlerid import *; print(explain(app.on_click).python)"
    assert run_fresh("-c", code, path=app) == f"cpython {release}\n"
    assert run_fresh("-O", "-c", code, path=app) == f"cpython {release} with -O\n"
    assert run_fresh("-OO", "-c", code, path=app) == f"cpython {release} with -OO\n"
    assert explain(encode_code, identity=SOURCE).python == ""


def test_a_difference_names_two_pythons() -> None:
    one = explain(on_click)
    data = {**one.as_dict(), "python": "cpython 3.99.0"}
    data["parts"] = {**data["parts"], "code": ["other"]}
    difference = Difference.between(one, Explanation.from_dict(data))
    assert difference.pythons == (one.python, "cpython 3.99.0")
    assert str(difference).endswith(
        f"fingerprint\n    - belongs to {one.python}\n    + belongs to cpython 3.99.0"
    )


def test_another_fingerprint_is_another_part() -> None:
    difference = Difference.between(
        explain(encode_code), explain(encode_code, identity=SOURCE)
    )
    assert difference.parts["fingerprint"] == ("- of the bytecode", "+ of the source")


def test_another_key_is_told_though_it_does_not_show() -> None:
    one, other = (
        explain(partial(on_click), identity=Identity(key=key)) for key in (b"a", b"b")
    )
    difference = Difference.between(one, other)
    assert difference.parts == {"key": ("the identities have different keys",)}


def test_the_event_is_a_part() -> None:
    one, other = Explanation.of(on_click, event=ClickEvent), explain(on_click)
    assert one.id == handler_id(on_click, ClickEvent)
    assert Difference.between(one, other).parts == {"event": ("- click",)}


def test_module_names_are_those_of_the_identity() -> None:
    identity = Identity(module_name=lambda name: name.upper())
    parts = explain(partial(on_click, Panel), identity=identity).parts
    assert parts["location"][0] == f"module {__name__.upper()}"
    assert parts["bound arguments"][0].startswith(
        f"args[0]: class {__name__.upper()}.Panel "
    )


# What it keeps to itself.


def test_no_value_is_shown_and_none_is_asked() -> None:
    class Odd(type):
        __module__ = property(lambda _: 1 / 0)

    class Hidden(Secret, metaclass=Odd):
        pass

    secret = "correct horse battery staple"
    for fn in (
        partial(on_click, secret, word=secret, words=[secret]),
        make(secret),
        make(Secret()),
        make(Hidden()),
        make(Hidden),
        make({secret: Secret()}),
        wrapped(make(Secret())),
    ):
        told = f"{explain(fn)}{explain(fn, on_other)}{explain(fn).as_dict()}"
        assert "horse" not in told
        assert "0x7" not in told


def test_a_cell_without_a_value_is_told() -> None:
    def inner() -> object:
        return later

    assert explain(inner).captures == ("later: not set yet",)
    later = 1
    assert explain(inner).captures == ("later: int",)


def test_a_digest_of_an_argument_belongs_to_the_key() -> None:
    def digest(value: object, key: bytes | None) -> str:
        fn, identity = partial(on_click, value), Identity(key=key)
        return explain(fn, identity=identity).parts["bound arguments"][0]

    assert digest("a", b"k") == digest("a", b"k")
    assert len({digest("a", key) for key in (None, b"k", b"l")}) == 3


@pytest.mark.parametrize(
    "fn", [partial(on_click, Secret()), ClickEvent, print, Secret()]
)
def test_what_has_no_id_has_no_explanation(fn: Any) -> None:
    with pytest.raises((UnsupportedHandler, UnstableCapture)):
        explain(fn)
    with pytest.raises((UnsupportedHandler, UnstableCapture)):
        explain(on_click, fn)


# Plain data.


def test_it_travels_as_json() -> None:
    for fn in TRICKY:
        one = explain(fn)
        again = Explanation.from_dict(json.loads(json.dumps(one.as_dict())))
        assert again == one
        assert again.id.qualname == one.id.qualname
        assert str(again) == str(one)


def test_a_difference_is_plain_data_too() -> None:
    difference = explain(on_click, partial(on_other, 1))
    data = json.loads(json.dumps(difference.as_dict()))
    assert data["ids"] == [handler_id(on_click), handler_id(partial(on_other, 1))]
    assert set(data["parts"]) == {"location", "code", "bound arguments"}
    assert data["pythons"] == list(difference.pythons)


# What is large.


def test_a_small_difference_of_long_code_is_small() -> None:
    """Lines that come again and again count, too."""
    calls = ", ".join(["f(a)"] * 300)
    difference = explain(*lambdas(f"(b, {calls}, c)", f"(d, {calls}, e)"))
    assert len(difference.parts["code"]) == 6
    assert [line for line in difference.parts["code"] if "names" not in line] == [
        "-   LOAD_GLOBAL b",
        "+   LOAD_GLOBAL d",
        "-   LOAD_GLOBAL c",
        "+   LOAD_GLOBAL e",
    ]


def test_a_deep_tree_is_shown(tmp_path: Path) -> None:
    text = "def fn(x): return " + " + ".join(["x"] * 1_500)
    file = tmp_path / "app.py"
    file.write_text(text)
    names: dict[str, Any] = {"__name__": "app"}
    exec(compile(text, str(file), "exec"), names)
    lines = explain(names["fn"], identity=SOURCE).parts["code"]
    assert sum("BinOp op=Add" in line for line in lines) == 1_499


def test_a_number_that_has_no_decimal_form_is_shown() -> None:
    (fn,) = lambdas("0x1" + "0" * 10_000)
    lines = explain(fn).parts["code"]
    (line,) = [line for line in lines if line.startswith("constant 1")]
    assert re.fullmatch(r"constant 1: int 0x10{57}\.\.\. [0-9a-f]{16}", line)


# Distinct ids.


def test_captures_are_explained_where_they_are_part_of_the_id() -> None:
    def make(url: str) -> Any:
        def on_click(event: ClickEvent, tries: int = 3) -> str:
            return url

        return on_click

    shown = explain(make("a secret"), distinct=True)
    assert shown.id == Identity().distinct_id(make("a secret"))
    assert [line.rpartition(" ")[0] for line in shown.parts["captures"]] == [
        "url: str",
        "tries: int",
    ]
    assert shown.captures == ()
    assert "a secret" not in str(shown)
    assert "captures" not in explain(make("a secret")).parts

    different = explain(make("/a"), make("/b"), distinct=True)
    assert list(different.parts) == ["captures"]
    assert [line[:5] for line in different.parts["captures"]] == ["- url", "+ url"]
    assert not explain(make("/a"), make("/b"))
    assert not explain(make("/a"), make("/a"), distinct=True)


def test_the_layer_of_a_capture_is_explained() -> None:
    def plain(fn: Any) -> Any:
        @functools.wraps(fn)
        def wrapper(*args: object) -> object:
            return fn(*args)

        return wrapper

    def make(url: str) -> Any:
        def on_click(event: ClickEvent) -> str:
            return url

        return on_click

    lines = explain(plain(make("/a")), distinct=True).parts["captures"]
    assert [line.partition(":")[0] for line in lines] == ["layer 1, fn", "layer 2, url"]
