"""What is read of functions from the code that makes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handlerid._manifest.code import Made, functions_in_code, is_trivial
from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.pyodide import run_pyodide

SCRIPT = Path(__file__).with_name("made.py")


def made(text: str, name: str) -> Made:
    """What the code of a text says of the function of a name."""
    code = compile(text, "<text>", "exec", dont_inherit=True)
    (found,) = [x for x in functions_in_code(code) if x.code.co_name == name]
    return found.made


def check(printed: str) -> None:
    counts, wrong = json.loads(printed)
    assert wrong == {}
    assert counts["functions"] > 2_000
    assert counts["defaults"] > 1_000
    assert counts["annotations"] > 250
    assert counts["unknown"] < 60


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_it_is_what_the_functions_say(version: str) -> None:
    check(run_fresh(str(SCRIPT), python=str(require_python(version))))


@pytest.mark.parametrize("version", ["3.14"])
def test_it_is_what_the_functions_say_on_the_newest(version: str) -> None:
    check(run_pyodide(SCRIPT, version=version).stdout)


ANNOTATIONS = {
    "Click": "Click",
    "'Click'": "Click",
    "events.Click": "events.Click",
    "Click | events.Input": "Click | events.Input",
    "Click | None": "Click | None",
    "'Click | None'": "Click | None",
    "None": "None",
    "local": "?",
    "free": "?",
    "list[Click]": "?",
    "make()": "?",
    "events.of(1).Click": "?",
    "Click | make()": "?",
    "Click if free else events.Input": "?",
    "free and Click": "?",
    "5": "?",
    "lambda: Click": "?",
}


@pytest.mark.parametrize("annotation", ANNOTATIONS)
@pytest.mark.parametrize("first", ["", "from __future__ import annotations\n"])
def test_an_annotation(annotation: str, first: str) -> None:
    text = f"""{first}
def around(free):
    def page():
        local = free
        def on_click(event: {annotation}, n: int = 3) -> None: return free
        return on_click
"""
    expected = ANNOTATIONS[annotation]
    if first:  # it is a text, as Python writes it
        expected = annotation
    found = made(text, "on_click")
    assert found.annotations == {"event": expected, "n": "int"}
    assert (found.defaults, found.decorated) == (("n",), False)


DEFAULTS = {
    "a=1, b=2": ("a", "b"),
    "a, b=free": ("b",),
    "a, b=free, *, c, d=free, e=1": ("b", "d", "e"),
    "a, /, b=1, *rest, c=free, **more": ("b", "c"),
    "*, a, b=2": ("b",),
    "a=free or 1": ("a",),
    "a=(1, free)": ("a",),
    "a=lambda b=1: b": ("a",),
    "": (),
}


@pytest.mark.parametrize("parameters", DEFAULTS)
def test_the_names_of_defaults(parameters: str) -> None:
    text = f"def page(free):\n  def on_click({parameters}): return free\n"
    assert made(text, "on_click").defaults == DEFAULTS[parameters]


DECORATED = {
    "@guarded": True,
    "@guarded\n  @staticmethod": True,
    "@staticmethod\n  @guarded": True,
    "@guards.of(free)": True,
    "@(free or guarded)": True,
    "@staticmethod": False,
    "@classmethod": False,
    "": False,
}


@pytest.mark.parametrize("decorator", DECORATED)
@pytest.mark.parametrize("around", ["def page(free):", "class Page:"])
def test_decorators(decorator: str, around: str) -> None:
    text = f"{around}\n  {decorator}\n  def on_click(event: Click, n=1): return 5\n"
    assert made(text, "on_click").decorated is DECORATED[decorator]


def test_a_function_that_is_passed_is_not_decorated() -> None:
    text = "def page():\n  offer(lambda event, n=1: n)\n  other(1, lambda: 2, key=3)"
    code = compile(text, "<text>", "exec")
    page, *lambdas = [one.made for one in functions_in_code(code)]
    assert [one.decorated for one in (page, *lambdas)] == [False] * 3
    assert [one.defaults for one in lambdas] == [("n",), ()]


def test_many_names_and_constants() -> None:
    names = "\n".join(f"  x{n} = name{n}, {n}.5" for n in range(600))
    text = f"def page(free):\n{names}\n  def on_click(event: Last, n=free): return free"
    found = made(text, "on_click")
    assert (found.annotations, found.defaults) == ({"event": "Last"}, ("n",))


TRIVIAL = {
    "def f(a): pass": True,
    "def f(a): ...": True,
    "def f(a): 'Do it.'": True,
    "def f(a): return 5": True,
    "def f(a): return -1.5": True,
    "def f(a): return (1, 'a')": True,
    "def f(a): return None": True,
    "async def f(a): pass": True,
    "async def f(a): return 5": True,
    "f = lambda: 5": True,
    "def g(b):\n  def f(a): return 5\n  b\n  return f": True,
    "def f(a): return a": False,
    "def f(a): return [1]": False,
    "def f(a): a": False,
    "def f(a): print(a)": False,
    "def f(a): yield": False,
    "async def f(a): yield 5": False,
    "async def f(a): await a": False,
    "def f(a):\n  if a: return 5": False,
    "def f(a):\n  while True: pass": False,
    "def f(a): raise ValueError": False,
    "def f(a): global b; b = 5": False,
}


@pytest.mark.parametrize("text", TRIVIAL)
def test_what_is_trivial(text: str) -> None:
    code = compile(text, "<text>", "exec", dont_inherit=True)
    named = {one.code.co_name: one.code for one in functions_in_code(code)}
    assert is_trivial(named.get("f") or named["<lambda>"]) is TRIVIAL[text]
