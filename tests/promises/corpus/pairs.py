"""Pairs of handlers that must have different ids, and pairs that must not.

Pairs that differ in their code alone stand in ``pairs_code``. Each source runs as the
module ``app``; the last name that it binds is the handler.

    python pairs.py

prints the two ids of every pair as JSON, for ``tests/promises/test_pairs.py``.
"""

from __future__ import annotations

import json
import sys
from textwrap import dedent
from types import ModuleType
from typing import Any

from tests.promises.corpus.pairs_code import CODE, Pairs

_WRAPS = """
import functools
def wrapped(fn):
    @functools.wraps(fn)
    def wrapper(*args): return fn(*args)
    return wrapper
def logged(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        print("called")
        return fn(*args)
    return wrapper
def awaited(fn):
    @functools.wraps(fn)
    async def wrapper(*args): return fn(*args)
    return wrapper
"""

_BARE = """
def bare(fn):
    def wrapper(*args): return fn(*args)
    return wrapper
def bare_logged(fn):
    def wrapper(*args): print("called"); return fn(*args)
    return wrapper
"""

_PARTIAL = """
from functools import partial, partialmethod
def f(*args, **keywords): pass
def g(*args, **keywords): pass
"""

_PANEL = """
import functools
class Panel:
    def shown(self, event): pass
    def hidden(self, event): pass
    @classmethod
    def made(cls, event): pass
    @staticmethod
    def fixed(event): pass
    def __call__(self, event): pass
class Dialog(Panel): pass
"""


def _after(head: str, first: str, second: str) -> tuple[str, str]:
    return f"{head}\n{first}", f"{head}\n{second}"


HANDLERS: Pairs = {
    "the module": ("__name__ = 'a'\ndef f(): pass", "__name__ = 'b'\ndef f(): pass"),
    "the enclosing function": (
        "def a():\n def f(): pass\n return f\nhandler = a()",
        "def b():\n def f(): pass\n return f\nhandler = b()",
    ),
    "the class": (
        "class A:\n def f(self): pass\nhandler = A.f",
        "class B:\n def f(self): pass\nhandler = B.f",
    ),
    "method and function": (
        "class A:\n def f(self): pass\nhandler = A.f",
        "def f(self): pass",
    ),
    "two lambdas on a line": (
        "a, b = (lambda: 1), (lambda: 2)\nhandler = a",
        "a, b = (lambda: 1), (lambda: 2)\nhandler = b",
    ),
    "decorated or not": _after(_WRAPS, "def f(): pass", "@wrapped\ndef f(): pass"),
    "the decorator": _after(
        _WRAPS, "@wrapped\ndef f(): pass", "@logged\ndef f(): pass"
    ),
    "an async decorator": _after(
        _WRAPS, "@wrapped\ndef f(): pass", "@awaited\ndef f(): pass"
    ),
    "what is decorated": _after(
        _WRAPS, "@wrapped\ndef f(): return 1", "@wrapped\ndef f(): return True"
    ),
    "what is decorated twice": _after(
        _WRAPS,
        "@logged\n@wrapped\ndef f(): return 1",
        "@logged\n@wrapped\ndef f(): return 2",
    ),
    "order of decorators": _after(
        _WRAPS, "@wrapped\n@logged\ndef f(): pass", "@logged\n@wrapped\ndef f(): pass"
    ),
    "decorated once or twice": _after(
        _WRAPS, "@wrapped\ndef f(): pass", "@wrapped\n@wrapped\ndef f(): pass"
    ),
    "the decorator, without wraps": _after(
        _BARE, "@bare\ndef f(): pass", "@bare_logged\ndef f(): pass"
    ),
    "with wraps and without": _after(
        _WRAPS + _BARE, "@wrapped\ndef f(): pass", "@bare\ndef f(): pass"
    ),
    "cached or not": _after(_WRAPS, "def f(): pass", "@functools.cache\ndef f(): pass"),
    "what is cached": _after(
        _WRAPS,
        "@functools.cache\ndef f(): return 1",
        "@functools.cache\ndef f(): return 1.0",
    ),
    "cached outside and inside": _after(
        _WRAPS,
        "@functools.cache\n@wrapped\ndef f(): pass",
        "@wrapped\n@functools.cache\ndef f(): pass",
    ),
    "bound or not": _after(_PARTIAL, "h = f", "h = partial(f, 1)"),
    "type of a bound argument": _after(
        _PARTIAL, "h = partial(f, 1)", "h = partial(f, True)"
    ),
    "type of a bound number": _after(
        _PARTIAL, "h = partial(f, 1)", "h = partial(f, 1.0)"
    ),
    "sign of a bound zero": _after(
        _PARTIAL, "h = partial(f, 0.0)", "h = partial(f, -0.0)"
    ),
    "text and bytes bound": _after(
        _PARTIAL, "h = partial(f, 'a')", "h = partial(f, b'a')"
    ),
    "tuple and list bound": _after(
        _PARTIAL, "h = partial(f, (1,))", "h = partial(f, [1])"
    ),
    "set and frozenset bound": _after(
        _PARTIAL, "h = partial(f, {1})", "h = partial(f, frozenset({1}))"
    ),
    "deep in a bound argument": _after(
        _PARTIAL, "h = partial(f, {'a': [(1,)]})", "h = partial(f, {'a': [(2,)]})"
    ),
    "None bound": _after(_PARTIAL, "h = partial(f)", "h = partial(f, None)"),
    "order of bound arguments": _after(
        _PARTIAL, "h = partial(f, 1, 2)", "h = partial(f, 2, 1)"
    ),
    "positional and keyword": _after(
        _PARTIAL, "h = partial(f, 1)", "h = partial(f, a=1)"
    ),
    "a bound keyword": _after(_PARTIAL, "h = partial(f, a=1)", "h = partial(f, b=1)"),
    "a bound function": _after(_PARTIAL, "h = partial(f, f)", "h = partial(f, g)"),
    "a bound class": _after(_PARTIAL, "h = partial(f, int)", "h = partial(f, str)"),
    "a bound partial": _after(
        _PARTIAL, "h = partial(f, partial(g, 1))", "h = partial(f, partial(g, 2))"
    ),
    "what it is bound to": _after(_PARTIAL, "h = partial(f, 1)", "h = partial(g, 1)"),
    "a partial of a decorated function": _after(
        _WRAPS + _PARTIAL, "h = partial(wrapped(f), 1)", "h = partial(logged(f), 1)"
    ),
    "a partial method's argument": _after(
        _PARTIAL,
        "class A: s = partialmethod(f, 1)\nh = A().s",
        "class A: s = partialmethod(f, 2)\nh = A().s",
    ),
    "the method": _after(_PANEL, "h = Panel().shown", "h = Panel().hidden"),
    "the class of a class method": _after(_PANEL, "h = Panel.made", "h = Dialog.made"),
    "a class method and its function": _after(
        _PANEL, "h = Panel.made", "h = Panel.made.__func__"
    ),
    "what calling an object does": (
        "class A:\n def __call__(self): return 1\nh = A()",
        "class A:\n def __call__(self): return 2\nh = A()",
    ),
    "what a decorator class wraps": _after(
        "import functools\nclass D:\n"
        " def __init__(self, fn): functools.update_wrapper(self, fn)\n"
        " def __call__(self): pass",
        "@D\ndef f(): return 1",
        "@D\ndef f(): return 2",
    ),
}
"""Pairs whose ids differ, by whichever part."""

# Since 3.13 a class body holds these names, which the compiler collects in a set.
_ATTRIBUTES = "self.alpha = self.beta = self.gamma = self.delta = self.pi"

_LOOP = "def make(a, b=0):\n def f(c=b): return a\n return f"

EQUAL: Pairs = {
    "a future import": (
        "def f() -> int: pass",
        "from __future__ import annotations\ndef f() -> int: pass",
    ),
    "other lines": ("def f():\n return 1", "\n\n# x\ndef f():\n\n return 1 # y"),
    "other columns": ("def f(): return  1+x", "def f(): return 1 + x"),
    "other indentation": ("def f():\n return a", "def f():\n\t\treturn a"),
    "one line or two": ("def f(): a(); b()", "def f():\n a()\n b()"),
    "a line continued": ("def f(): return a + b", "def f(): return a \\\n + b"),
    "parentheses": ("def f(): return a + b * c", "def f(): return (a + (b * c))"),
    "trailing commas": ("def f(a, b): g(a, b)", "def f(a, b,): g(a, b,)"),
    # With a docstring: on 3.14 a function keeps its first constant, used or not.
    "folded constants": (
        "def f():\n 'sum'\n return 2 + 3",
        "def f():\n 'sum'\n return 5",
    ),
    "quotes": ("def f(): return 'a'", 'def f(): return "a"'),
    "escapes": ("def f(): return 'a\\n'", "def f(): return '\\x61\\x0a'"),
    "texts joined": ("def f(): return 'a' 'b'", "def f(): return 'ab'"),
    "notations of a number": ("def f(): return 4096", "def f(): return 0x1_000"),
    "notations of a float": ("def f(): return 1e3", "def f(): return 1000.0"),
    "return and return None": ("def f(): return", "def f(): return None"),
    "elif and else if": (
        "def f(a, b):\n if a: c()\n elif b: d()",
        "def f(a, b):\n if a: c()\n else:\n  if b: d()",
    ),
    "a set's order": (
        "def f(x):\n 'in'\n return x in {'a', 'b', 'c'}",
        "def f(x):\n 'in'\n return x in {'c', 'a', 'b'}",
    ),
    "an open slice": ("def f(x): return x[:2]", "def f(x): return x[None:2]"),
    "spellings of a name": ("def f(): return fi", "def f(): return \ufb01"),
    "NaN of either sign": (
        "def f(): return 1e999 - 1e999",
        "def f(): return -(1e999 - 1e999)",
    ),
    "annotations": ("def f(a: int) -> str: pass", "def f(a): pass"),
    "defaults": ("def f(a=1): return a", "def f(a=2): return a"),
    "a default or none": ("def f(a=1): return a", "def f(a): return a"),
    "a decorator that changes nothing": (
        "def f(a): return a",
        "def g(fn): return fn\n@g\ndef f(a): return a\nhandler = f",
    ),
    "attributes of the function": (
        "def f(): pass",
        "def f(): pass\nf.label = 1; f.__doc__ = 'x'; f.__defaults__ = ()\nhandler = f",
    ),
    "what else the module holds": ("def f(): return a", "a = 1\ndef f(): return a"),
    "what a closure captured": _after(_LOOP, "h = make(1)", "h = make('a')"),
    "a closure's default": _after(_LOOP, "h = make(1, 2)", "h = make(1, [])"),
    "a class that moved": (
        f"def f():\n class A:\n  x = 2, 3, 5\n  def g(self): {_ATTRIBUTES} = 1",
        f"\n\ndef f():\n class A:\n  x = 2, 3, 5\n  def g(self): {_ATTRIBUTES} = 1",
    ),
    "a decorated class that moved": (
        "def f():\n @a\n @b\n class A: x = 2",
        "\ndef f():\n @a\n @b\n class A: x = 2",
    ),
    "a class that moved far": (
        "def f():\n class A:\n  x = 255, 'a'\n  y = 255",
        "\n" * 300 + "def f():\n class A:\n  x = 255, 'a'\n  y = 255",
    ),
    "what a decorator captured": _after(
        "import functools\ndef d(a):\n def e(fn):\n  @functools.wraps(fn)\n"
        "  def w(): return fn(a)\n  return w\n return e",
        "@d(1)\ndef f(): pass",
        "@d(2)\ndef f(): pass",
    ),
    "the size of a cache": _after(
        _WRAPS,
        "@functools.cache\ndef f(): pass",
        "@functools.lru_cache(maxsize=1)\ndef f(): pass",
    ),
    "the object of a method": _after(
        _PANEL, "h = Panel().shown", "x = Panel(); x.open = 1; h = x.shown"
    ),
    "a method and its function": _after(_PANEL, "h = Panel().shown", "h = Panel.shown"),
    "an inherited method": _after(_PANEL, "h = Panel().shown", "h = Dialog().shown"),
    "a static method, read twice": _after(
        _PANEL, "h = Panel.fixed", "h = Panel().fixed"
    ),
    "a class method, read twice": _after(_PANEL, "h = Panel.made", "h = Panel().made"),
    "two callable objects": _after(_PANEL, "h = Panel()", "h = Dialog()"),
    "an object and its call": _after(_PANEL, "h = Panel()", "h = Panel().__call__"),
    "a partial that binds nothing": _after(_PARTIAL, "h = f", "h = partial(f)"),
    "a partial of a partial": _after(
        _PARTIAL, "h = partial(f, 1, 2, a=3)", "h = partial(partial(f, 1, a=3), 2)"
    ),
    "a partial of a partial of a method": _after(
        _PARTIAL + _PANEL,
        "h = partial(Panel().shown, 1)",
        "h = partial(partial(Panel.shown.__get__(Panel()), 1))",
    ),
    "order of bound keywords": _after(
        _PARTIAL, "h = partial(f, a=1, b=2)", "h = partial(f, b=2, a=1)"
    ),
    "order within a bound set": _after(
        _PARTIAL, "h = partial(f, {'a', 'b', 'c'})", "h = partial(f, {'c', 'b', 'a'})"
    ),
    "order within a bound dict": _after(
        _PARTIAL, "h = partial(f, {'a': 1, 'b': 2})", "h = partial(f, {'b': 2, 'a': 1})"
    ),
    "equal bound arguments": _after(
        _PARTIAL,
        "h = partial(f, 10**30, 'ab', (1.5, None))",
        "h = partial(f, 10**15 * 10**15, 'a' + 'b', tuple([1.5, None]))",
    ),
}
"""Pairs whose ids are the same."""


def ids() -> dict[str, tuple[str, str]]:
    """The two ids of every pair, by the pair's name."""
    from handlerid import handler_id

    def identify(source: str) -> str:
        module: Any = ModuleType("app")
        sys.modules["app"] = module
        exec(compile(dedent(source), "app.py", "exec", dont_inherit=True), vars(module))
        return handler_id(list(vars(module).values())[-1])

    return {
        name: (identify(first), identify(second))
        for table in (CODE, HANDLERS, EQUAL)
        for name, (first, second) in table.items()
    }


if __name__ == "__main__":
    print(json.dumps(ids()))
