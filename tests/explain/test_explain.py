"""Explanations: their text, and that they differ exactly where the ids do."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from textwrap import dedent, indent
from types import FunctionType
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
    'Says.'
    try:
        return event.key in {"b", "a"}, lambda: 1.5
    except KeyError:
        pass

def on_other(event):
    'Says.'
    try:
        return event.key in {"b", 1}, lambda: 1.5
    except KeyError:
        pass
"""

SHOW = (
    "import app; from handlerid import explain; "
    "print(explain(app.on_click, event='click'))"
)
COMPARE = (
    "import app; from handlerid import explain; "
    "print(explain(app.on_click, app.on_other))"
)

BYTECODE = """
h1-ID.click
location
    module app
    name on_click
fingerprint
    of the bytecode
    belongs to cpython 3.x
code
    name: on_click
    arguments: 1, 0 positional-only, 0 keyword-only
    flags: OPTIMIZED, NEWLOCALS
    instructions:
      (some)
      LOAD_FAST event
      LOAD_ATTR key
      LOAD_CONST frozenset (str 'a', str 'b')
      CONTAINS_OP in
      LOAD_CONST code of <lambda>
      (some)
      LOAD_GLOBAL KeyError
      (some)
    constant: str 'Says.'
    names: key, KeyError
    varnames: event
    freevars: -
    cellvars: -
    hash: DIGEST
code > <lambda>
    name: <lambda>
    arguments: 0, 0 positional-only, 0 keyword-only
    flags: OPTIMIZED, NEWLOCALS, NESTED
    instructions:
      (some)
    names: -
    varnames: -
    freevars: -
    cellvars: -
    hash: DIGEST
event
    click
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(dedent(APP))
    return tmp_path


def shown(text: str) -> str:
    """A text without ids and digests, and without the release of Python."""
    text = re.sub(r"h1-[a-z2-7]{13}-[a-z2-7]{20}(-[a-z2-7]{16})?", "h1-ID", text)
    text = re.sub(r"\b([0-9a-f]{16}|[a-z2-7]{16})\b", "DIGEST", text)
    return re.sub(r"(cpython 3)\.\d+\.\d+", r"\1.x", text).strip()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_text_of_bytecode(version: str, app: Path) -> None:
    python = str(require_python(version))
    text = shown(run_fresh("-c", SHOW, path=app, python=python))
    for part in BYTECODE.strip().split("\n      (some)"):
        before, found, text = text.partition(part.strip("\n"))
        assert found, part
        assert all(line.startswith("      ") for line in before.splitlines()[1:])
    assert text == ""


def test_the_text_of_a_difference(app: Path) -> None:
    """That of the sources; of the bytecode, where there is none."""
    head = """\
        - h1-ID
        + h1-ID
        location
            - name on_click
            + name on_other
        code
        """
    text = shown(run_fresh("-c", COMPARE, path=app))
    assert text == dedent(head) + indent(
        "- def on_click(event):\n+ def on_other(event):\n"
        """-         return event.key in {"b", "a"}, lambda: 1.5\n"""
        """+         return event.key in {"b", 1}, lambda: 1.5""",
        "    ",
    )
    run_fresh("-m", "compileall", "-q", "-b", str(app))
    (app / "app.py").unlink()
    text = shown(run_fresh("-c", COMPARE, path=app))
    assert text == dedent(head) + indent(
        "- name: on_click\n+ name: on_other\n"
        "-   LOAD_CONST frozenset (str 'a', str 'b')\n"
        "+   LOAD_CONST frozenset (int 1, str 'b')",
        "    ",
    )


def test_a_decorator_that_was_added_is_shown_with_its_place() -> None:
    plain, wrapped = Panel.method, passing(Panel.method)
    line = passing.__code__.co_firstlineno + 1
    for sign, difference in (
        ("+", explain(plain, wrapped)),
        ("-", explain(wrapped, plain)),
    ):
        assert difference.parts == {
            "wrapper 1": (
                f"{sign} # passing.<locals>.passed, {__file__}:{line}",
                f"{sign} @functools.wraps(fn)",
                f"{sign} def passed(*arguments: Any) -> object:",
                f"{sign}     return fn(*arguments)",
            )
        }


def passing(fn: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(fn)
    def passed(*arguments: Any) -> object:
        return fn(*arguments)

    return passed


def code_of(text: str) -> tuple[str, ...]:
    """The lines of the difference between a branch and what a text makes of it."""
    before = BRANCH.format("", "{1, 2}", 1)
    parts = explain(compiled(before), compiled(text)).parts
    return parts["code"]


BRANCH = """
    def fn(a):
        {}
        while a not in {}:
            try:
                if a is None: f({})
            except KeyError:
                continue
"""


def test_a_changed_line_is_all_that_is_shown() -> None:
    """What jumps, and where to, is named: what comes before does not change it."""
    assert code_of(BRANCH.format("", "{1, 2}", 2)) == (
        "-   LOAD_CONST int 1",
        "+   LOAD_CONST int 2",
    )
    more = code_of(BRANCH.format("a = a or f()", "{1, 2}", 1))
    assert not [line for line in more if line.startswith("-")]
    assert re.fullmatch(
        r"\+   JUMP_IF_TRUE_OR_POP to L\d|\+   \w+_IF_TRUE to L\d",
        next(line for line in more if "TRUE" in line),
    )
    negated = code_of(BRANCH.format("", "{1, 2}", 1).replace("not in", "in"))
    assert negated[:2] == ("-   CONTAINS_OP not in", "+   CONTAINS_OP in")
    target = code_of(BRANCH.format("", "{1, 2}", 1).replace("continue", "break"))
    assert any(" to L" in line or line[1:] == "  RETURN_VALUE" for line in target)
    lines = explain(compiled(BRANCH.format("", "{1, 2}", 1))).parts["code"]
    labels = {one for line in lines for one in re.findall(r"\bL\d+\b", line)}
    assert labels == {line.strip(" :") for line in lines if re.match(r"  L\d+:$", line)}
    assert [line for line in lines if line.startswith("  try L")]


def test_comments_are_no_difference_of_the_source(app: Path) -> None:
    """Of two releases that differ in comments, what differs is the bytecode."""
    one = explain(on_click)
    parts = {**one.parts, "code": (*one.parts["code"][:-1], "  NOP", "hash: 0")}
    sources = {"code": ("# a comment", *one.sources["code"])}
    other = replace(one, id=handler_id(on_other), parts=parts, sources=sources)
    assert Difference.between(one, other).parts["code"] == ("+   NOP",)


def test_the_text_of_wrappers_bound_arguments_and_captures() -> None:
    fn = partial(functools.cache(make(Secret())), 1, Panel, flag=None)
    text = str(explain(fn))
    assert text.startswith(f"{handler_id(fn)}\n")
    assert f"    module {__name__}\n    name make.<locals>.inner\n" in text
    assert shown(text[text.index("wrapper 1") :]) == dedent(f"""\
        wrapper 1
            functools.cache
        bound arguments
            args[0]: int DIGEST
            args[1]: type DIGEST
            keywords[flag]: NoneType DIGEST
        captures, not in the id
            layer 2, value: {__name__}.Secret""")


def test_the_text_of_equal_ids() -> None:
    difference = explain(make(1), make(2))
    assert not difference
    assert str(difference) == f"{handler_id(make(1))}\nis the id of both"


def test_the_text_of_a_source() -> None:
    fn = wrapped(make(1))
    text = shown(str(explain(fn, identity=SOURCE)))
    assert text[text.index("fingerprint") : text.index("captures")] == dedent("""\
        fingerprint
            of the source
            belongs to every Python
        code
            def inner(event: ClickEvent) -> object:
                return value
            hash: DIGEST
        wrapper 1
            @functools.wraps(fn)
            def wrapper(*args: object) -> object:
                return fn(*args)
            hash: DIGEST
        """)
    difference = explain(make(1), on_click, identity=SOURCE)
    assert "-     return value" in str(difference)


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


@pytest.mark.parametrize("keys", [None, b"secret"])
def test_the_law_over_all_pairs_of_tricky_handlers(keys: bytes | None) -> None:
    identity = Identity(keys=keys)
    explained = [explain(fn, identity=identity) for fn in TRICKY]
    equal = 0
    for one, other in combinations(explained, 2):
        difference = Difference.between(one, other)
        assert bool(difference) == bool(difference.parts) == (one.id != other.id), (
            f"{one}\n{other}"
        )
        assert "keys" not in difference.parts
        assert all(difference.parts.values())
        equal += one.id == other.id
    assert equal >= 10
    assert len({one.id for one in explained}) > 100


MODULES = (
    *("argparse", "ast", "dataclasses", "difflib", "inspect", "json.decoder"),
    *("textwrap", "typing", "pickle", "enum", "asyncio.tasks"),
)


def real_functions() -> Iterator[FunctionType]:
    for name in MODULES:
        module = importlib.import_module(name)
        for owner in [module, *filter(inspect.isclass, vars(module).values())]:
            for value in vars(owner).values():
                if type(value) is FunctionType and value.__module__ == name:
                    yield value


def test_real_functions_obey_the_law() -> None:
    functions = [fn for fn in real_functions() if not hasattr(fn, "__wrapped__")]
    for identity in (Identity(), SOURCE):
        explained = []
        for fn in functions[::8]:
            if Path(fn.__code__.co_filename).is_file():  # others are made by exec
                copy = fn if identity is SOURCE else place(fn)
                explained.append(explain(copy, identity=identity))
        assert len(explained) > 60
        for one, other in combinations(explained, 2):
            assert bool(Difference.between(one, other).parts) == (one.id != other.id)


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


DICT = """
import functools, json, app
from handlerid import explain
for fn in (app.on_click, functools.partial(app.on_other, {"a", "b"}, {"x": {2}})):
    print(json.dumps(explain(fn).as_dict()))
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_an_explanation_is_the_same_under_every_hash_seed(
    version: str, app: Path
) -> None:
    python = str(require_python(version))
    texts = {
        run_fresh("-c", DICT, path=app, python=python, seed=seed)
        for seed in ("0", "1", "2", "3")
    }
    assert len(texts) == 1


def test_an_explanation_of_a_source_is_the_same_on_3_14(app: Path) -> None:
    script = app / "script.py"
    script.write_text(
        "import json, app; from handlerid import Identity, explain\n"
        'one = explain(app.on_click, identity=Identity(fingerprint="source"))\n'
        "print(json.dumps(one.as_dict()))\n"
        "assert str(explain(app.on_click))\n"
        'print(explain(app.on_click).parts["fingerprint"][1])'
    )
    here = run_fresh(str(script), path=app)
    there = run_pyodide(script, path=[app]).stdout
    assert here.splitlines()[0] == there.splitlines()[0]
    assert there.splitlines()[1].startswith("belongs to cpython 3.14.")


# What it belongs to.


def test_it_names_the_python(app: Path) -> None:
    release = ".".join(map(str, sys.version_info[:3]))
    code = (
        "import app; from handlerid import explain; "
        'print(explain(app.on_click).parts["fingerprint"][1])'
    )
    for options in ([], ["-O"], ["-OO"]):
        text = run_fresh(*options, "-c", code, path=app)
        assert text == f"belongs to cpython {release}{' with '.join(['', *options])}\n"


def test_a_difference_names_two_pythons() -> None:
    one = explain(on_click)
    data = one.as_dict()
    data["id"] = str(handler_id(on_other))
    data["parts"]["fingerprint"] = ["of the bytecode", "belongs to cpython 3.99.0"]
    difference = Difference.between(one, Explanation.from_dict(data))
    assert difference.parts["fingerprint"] == (
        f"- {one.parts['fingerprint'][1]}",
        "+ belongs to cpython 3.99.0",
    )


def test_another_fingerprint_and_other_keys_are_parts() -> None:
    one, source = explain(on_click), explain(on_click, identity=SOURCE)
    parts = Difference.between(one, source).parts["fingerprint"]
    assert parts[0] == "- of the bytecode"
    assert "+ of the source" in parts
    keyed = [explain(on_click, identity=Identity(keys=key)) for key in (b"a", b"b")]
    assert Difference.between(*keyed).parts == {
        "keys": ("the identities have different keys",)
    }


def test_the_event_is_a_part() -> None:
    one, other = explain(on_click, event=ClickEvent), explain(on_click)
    assert one.id == handler_id(on_click, ClickEvent)
    assert Difference.between(one, other).parts == {"event": ("- click",)}
    difference = explain(on_click, on_other, event="click")
    assert [found.event for found in difference.ids] == ["click", "click"]


def test_module_names_are_those_of_the_identity() -> None:
    identity = Identity(module_name=lambda name: name.upper())
    parts = explain(on_click, identity=identity).parts
    assert parts["location"][0] == f"module {__name__.upper()}"


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
        text = f"{explain(fn)}{explain(fn, on_other)}{explain(fn).as_dict()}"
        assert "horse" not in text
        assert "0x7" not in text


def test_a_cell_without_a_value() -> None:
    def inner() -> object:
        return later

    assert explain(inner).captures == ("later: not set yet",)
    later = 1
    assert explain(inner).captures == ("later: int",)


def test_a_digest_of_an_argument_belongs_to_the_key() -> None:
    def digest(value: object, keys: bytes | None) -> str:
        fn, identity = partial(on_click, value), Identity(keys=keys)
        (line,) = explain(fn, identity=identity).parts["bound arguments"]
        return line

    assert digest("a", b"k") == digest("a", b"k")
    assert len({digest("a", keys) for keys in (None, b"k", b"l")}) == 3


@pytest.mark.parametrize("fn", [partial(on_click, Secret()), ClickEvent, print])
def test_what_has_no_id_has_no_explanation(fn: Any) -> None:
    with pytest.raises((UnsupportedHandler, UnstableCapture)):
        explain(fn)
    with pytest.raises((UnsupportedHandler, UnstableCapture)):
        explain(on_click, fn)


def test_it_travels_as_json() -> None:
    for fn in TRICKY:
        one = explain(fn)
        again = Explanation.from_dict(json.loads(json.dumps(one.as_dict())))
        assert again == one
        assert str(again) == str(one)


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


def test_a_number_that_has_no_decimal_form_is_shown() -> None:
    (fn,) = lambdas("0x1" + "0" * 10_000)
    lines = explain(fn).parts["code"]
    (line,) = [line for line in lines if "int 0x1" in line]
    assert re.fullmatch(r"  \w+ int 0x10{57}\.\.\. [0-9a-f]{16}", line)


# Captures in the id.


def test_captures_are_explained_where_they_are_part_of_the_id() -> None:
    def link(url: str) -> Any:
        def on_click(event: ClickEvent, tries: int = 3) -> str:
            return url

        return on_click

    shown = explain(link("a secret"), captures=True)
    assert shown.id == Identity().handler_id(link("a secret"), captures=True)
    assert [line.rpartition(" ")[0] for line in shown.parts["captures"]] == [
        "url: str",
        "tries: int",
    ]
    assert shown.captures == ()
    assert "a secret" not in str(shown)
    assert "captures" not in explain(link("a secret")).parts

    different = explain(link("/a"), link("/b"), captures=True)
    assert list(different.parts) == ["captures"]
    assert [line[:5] for line in different.parts["captures"]] == ["- url", "+ url"]
    assert not explain(link("/a"), link("/b"))
    assert not explain(link("/a"), link("/a"), captures=True)

    lines = explain(wrapped(link("/a")), captures=True).parts["captures"]
    assert [line.partition(":")[0] for line in lines] == [
        "layer 1, fn",
        "layer 2, url",
        "layer 2, tries",
    ]
