"""Pairs of functions whose fingerprints must differ, by what makes the difference.

``pairs`` says how a source becomes a handler.
"""

from __future__ import annotations

Pairs = dict[str, tuple[str, str]]

CONSTANTS: Pairs = {
    "one and True": ("def f(): return 1", "def f(): return True"),
    "zero and False": ("def f(): return 0", "def f(): return False"),
    "one and one point zero": ("def f(): return 1", "def f(): return 1.0"),
    "one and one as complex": ("def f(): return 1", "def f(): return 1+0j"),
    "zeros of either sign": ("def f(): return 0.0", "def f(): return -0.0"),
    "complex zeros": ("def f(): return 0j", "def f(): return -0j"),
    "NaN and infinity": (
        "def f(): return 1e999 - 1e999",
        "def f(): return 1e999 + 1e999",
    ),
    "neighbouring floats": (
        "def f(): return 0.1",
        "def f(): return 0.10000000000000002",
    ),
    "text and bytes": ("def f(): return 'a'", "def f(): return b'a'"),
    "text and number": ("def f(): return '1'", "def f(): return 1"),
    "None and its name": ("def f(): return None", "def f(): return 'None'"),
    "None and False": ("def f(): return None", "def f(): return False"),
    "None and Ellipsis": ("def f(): return None", "def f(): return ..."),
    "empty texts": ("def f(): return ''", "def f(): return b''"),
    "an accent in one character or two": (
        "def f(): return '\\xe9'",
        "def f(): return 'e\\u0301'",
    ),
    "a zero character": ("def f(): return 'a'", "def f(): return 'a\\0'"),
    "within a tuple": ("def f(): return (1, 2)", "def f(): return (True, 2)"),
    "within nested tuples": (
        "def f(): return ((0.0,),)",
        "def f(): return ((-0.0,),)",
    ),
    "how tuples nest": ("def f(): return ((1,), 2)", "def f(): return (1, (2,))"),
    "order of a tuple": ("def f(): return (1, 2)", "def f(): return (2, 1)"),
    "within a frozenset": (
        "def f(x): return x in {1, 2}",
        "def f(x): return x in {True, 2}",
    ),
    "a larger frozenset": (
        "def f(x): return x in {'a', 'b'}",
        "def f(x): return x in {'a', 'b', 'c'}",
    ),
    "tuple and frozenset": (
        "def f(x): return x in (1, 2)",
        "def f(x): return x in {1, 2}",
    ),
    "huge integers": (
        f"def f(): return 0x{16**5000:x}",
        f"def f(): return 0x{16**5000 + 1:x}",
    ),
    "integers of either sign": ("def f(): return 99999", "def f(): return -99999"),
    "lone surrogates": ("def f(): return '\\ud800'", "def f(): return '\\ud801'"),
    "a surrogate pair and its character": (
        "def f(): return '\\ud83d\\ude00'",
        "def f(): return '\\U0001f600'",
    ),
    "the end of a slice": ("def f(x): return x[1:2]", "def f(x): return x[1:3]"),
    "the step of a slice": ("def f(x): return x[1:2]", "def f(x): return x[1:2:1]"),
    "a slice from zero": ("def f(x): return x[:2]", "def f(x): return x[0:2]"),
    "types in a slice": ("def f(x): return x[0:1]", "def f(x): return x[False:True]"),
    "a slice and a tuple": ("def f(x): return x[1:2]", "def f(x): return x[1, 2]"),
    "the docstring": ("def f():\n 'a'", "def f():\n 'b'"),
    "a docstring or none": ("def f():\n 'a'\n return 1", "def f():\n return 1"),
    "constants used in another order": ("def f(): 1 + a - 2", "def f(): 2 + a - 1"),
    "a code and its form as a constant": (
        "def f(): return (lambda: 1)",
        "def f(): return ('<lambda>', 0, 0, 0)",
    ),
}

NAMES: Pairs = {
    "name of the function": ("def f(): pass", "def g(): pass"),
    "def and lambda": ("def f(): return 1", "f = lambda: 1"),
    "a global's name": ("def f(): return a", "def f(): return b"),
    "an attribute's name": ("def f(x): return x.a", "def f(x): return x.b"),
    "a method's name": ("def f(x): x.show()", "def f(x): x.hide()"),
    "names in another order": ("def f(): a; b", "def f(): b; a"),
    "a parameter's name": ("def f(a): return a", "def f(b): return b"),
    "parameters in another order": (
        "def f(a, b): return a",
        "def f(b, a): return a",
    ),
    "a local's name": ("def f(): a = 1", "def f(): b = 1"),
    "global and local": ("def f():\n global a\n a = 1", "def f():\n a = 1"),
    "nonlocal and local": (
        "def f():\n a = 0\n def g():\n  nonlocal a\n  a = 1",
        "def f():\n a = 0\n def g():\n  a = 1",
    ),
    "a keyword argument": ("def f(): g(a=1)", "def f(): g(b=1)"),
    "keyword arguments in another order": (
        "def f(): g(a=1, b=2)",
        "def f(): g(b=2, a=1)",
    ),
    "the imported module": ("def f(): import a", "def f(): import b"),
    "the name of an import": ("def f(): import a", "def f(): import a as b"),
    "what is imported": ("def f(): from a import b", "def f(): from a import c"),
    "where an import starts": ("def f(): from . import a", "def f(): from .. import a"),
    "attribute and item": ("def f(x): return x.a", "def f(x): return x['a']"),
    "stored and deleted": ("def f(x): x.a = x", "def f(x): del x.a"),
    "a free variable": (
        "def f(a):\n def g(): return a\n return g",
        "def f(b):\n def g(): return b\n return g",
    ),
    "free variable and global": (
        "def f(a):\n def g(): return a\n return g",
        "def f(b):\n def g(): return a\n return g",
    ),
    "a nested function's name": (
        "def f():\n def g(): pass",
        "def f():\n def h(): pass",
    ),
}

SIGNATURES: Pairs = {
    "positional-only": ("def f(a): return a", "def f(a, /): return a"),
    "keyword-only": ("def f(a, b): return a", "def f(a, *, b): return a"),
    "variadic": ("def f(a): return a", "def f(*a): return a"),
    "variadic keywords": ("def f(*a): return a", "def f(**a): return a"),
    "one parameter more": ("def f(a): return a", "def f(a, b): return a"),
    "a parameter and a local": ("def f(a): a = 1", "def f(): a = 1"),
    "async": ("def f(): pass", "async def f(): pass"),
    "generator": ("def f(): return 1", "def f(): yield 1"),
    "async generator": ("async def f(): return 1", "async def f(): yield 1"),
    "generator and async generator": ("def f(): yield 1", "async def f(): yield 1"),
    "a generator that never yields": (
        "def f():\n return\n yield",
        "def f():\n return",
    ),
    "a marked coroutine": (
        "def f(): yield",
        "import types\ndef f(): yield\nhandler = types.coroutine(f)",
    ),
}

INSTRUCTIONS: Pairs = {
    "an operator": ("def f(a, b): return a + b", "def f(a, b): return a - b"),
    "an operator's order": ("def f(a, b): return a - b", "def f(a, b): return b - a"),
    "in place or not": ("def f(a, b): a += b", "def f(a, b): a = a + b"),
    "a comparison": ("def f(a, b): return a < b", "def f(a, b): return a > b"),
    "identity and equality": (
        "def f(a, b): return a is b",
        "def f(a, b): return a == b",
    ),
    "and, or": ("def f(a, b): return a and b", "def f(a, b): return a or b"),
    "negated": ("def f(a): return a", "def f(a): return not a"),
    "in and not in": ("def f(a, b): return a in b", "def f(a, b): return a not in b"),
    "branches swapped": (
        "def f(a):\n if a: b()\n else: c()",
        "def f(a):\n if a: c()\n else: b()",
    ),
    "if and while": ("def f(a):\n if a: b()", "def f(a):\n while a: b()"),
    "break and continue": (
        "def f(a):\n for b in a:\n  if b: break\n  c()",
        "def f(a):\n for b in a:\n  if b: continue\n  c()",
    ),
    "an else after a loop": (
        "def f(a):\n for b in a:\n  if b: break\n else: c()",
        "def f(a):\n for b in a:\n  if b: break\n c()",
    ),
    "an assertion": ("def f(a): assert a", "def f(a): pass"),
    "an unpacking": ("def f(x): g(*x)", "def f(x): g(x)"),
    "where a star stands": ("def f(x): a, *b = x", "def f(x): *a, b = x"),
    "an f-string's conversion": (
        "def f(x): return f'{x!r}'",
        "def f(x): return f'{x!s}'",
    ),
    "an f-string's format": (
        "def f(x): return f'{x:>3}'",
        "def f(x): return f'{x:<3}'",
    ),
    "an f-string and its braces": (
        "def f(x): return f'{x}'",
        "def f(x): return f'{{x}}'",
    ),
    "a pattern": (
        "def f(x):\n match x:\n  case [1]: a()",
        "def f(x):\n match x:\n  case [2]: a()",
    ),
    "a pattern's class": (
        "def f(x):\n match x:\n  case A(b=1): a()",
        "def f(x):\n match x:\n  case B(b=1): a()",
    ),
    "list and tuple": ("def f(a): return [a]", "def f(a): return (a,)"),
    "returned or not": ("def f(): return a()", "def f(): a()"),
    "awaited or not": ("async def f(): await a()", "async def f(): a()"),
    "async for": (
        "async def f(a):\n async for b in a: c()",
        "async def f(a):\n for b in a: c()",
    ),
    "async with": (
        "async def f(a):\n async with a: c()",
        "async def f(a):\n with a: c()",
    ),
    "yield and yield from": ("def f(a): yield a", "def f(a): yield from a"),
    "a jump across many instructions": (
        "def f(a):\n while a:\n" + "  b()\n" * 200,
        "def f(a):\n while a:\n" + "  b()\n" * 199 + " b()\n",
    ),
}

EXCEPTIONS: Pairs = {
    "what is caught": (
        "def f():\n try: a()\n except A: b()",
        "def f():\n try: a()\n except B: b()",
    ),
    "all or some exceptions": (
        "def f():\n try: a()\n except: b()",
        "def f():\n try: a()\n except A: b()",
    ),
    "what is inside try": (
        "def f():\n a()\n try: b()\n except E: c()",
        "def f():\n try:\n  a(); b()\n except E: c()",
    ),
    "what is inside with": (
        "def f(x):\n with x:\n  a()\n b()",
        "def f(x):\n with x:\n  a()\n  b()",
    ),
    "except and finally": (
        "def f():\n try: a()\n except: b()",
        "def f():\n try: a()\n finally: b()",
    ),
    "else of a try": (
        "def f():\n try:\n  a()\n  b()\n except E: c()",
        "def f():\n try:\n  a()\n except E: c()\n else: b()",
    ),
    "order of two excepts": (
        "def f():\n try: a()\n except A: b()\n except B: b()",
        "def f():\n try: a()\n except B: b()\n except A: b()",
    ),
    "how tries nest": (
        "def f():\n try:\n  try: a()\n  except A: b()\n except B: c()",
        "def f():\n try: a()\n except A:\n  b()\n except B: c()",
    ),
    "except and except*": (
        "def f():\n try: a()\n except A: b()",
        "def f():\n try: a()\n except* A: b()",
    ),
    "the cause": ("def f(a): raise A from a", "def f(a): raise A"),
}

NESTED: Pairs = {
    "nested code": (
        "def f():\n def g(): return 1\n return g",
        "def f():\n def g(): return 2\n return g",
    ),
    "nested twice": (
        "def f():\n def g():\n  return lambda: 0.0\n return g",
        "def f():\n def g():\n  return lambda: -0.0\n return g",
    ),
    "a nested function's default": (
        "def f():\n def g(a=1): pass",
        "def f():\n def g(a=2): pass",
    ),
    "a nested function's signature": (
        "def f():\n def g(a): pass",
        "def f():\n def g(*, a): pass",
    ),
    "a nested lambda": ("def f(): a(lambda: 1)", "def f(): a(lambda: True)"),
    "two nested functions swapped": (
        "def f(): return (lambda: 1), (lambda: 2)",
        "def f(): return (lambda: 2), (lambda: 1)",
    ),
    "a comprehension's condition": (
        "def f(a): return [b for b in a if b]",
        "def f(a): return [b for b in a if not b]",
    ),
    "list and generator": (
        "def f(a): return [b for b in a]",
        "def f(a): return (b for b in a)",
    ),
    "set and dict": (
        "def f(a): return {b for b in a}",
        "def f(a): return {b: b for b in a}",
    ),
    "a nested class's constant": (
        "def f():\n class A:\n  x = 1",
        "def f():\n class A:\n  x = True",
    ),
    "a nested class's constant that is its line": (
        "def f():\n class A:\n  x = 2",
        "def f():\n class A:\n  x = 3",
    ),
    "a nested class's name": ("def f():\n class A: pass", "def f():\n class B: pass"),
    "a nested class's base": (
        "def f():\n class A(B): pass",
        "def f():\n class A(C): pass",
    ),
    "a nested class's method": (
        "def f():\n class A:\n  def g(self): return 1",
        "def f():\n class A:\n  def g(self): return 2",
    ),
    "a nested class's attribute": (
        "def f():\n class A:\n  def g(self): self.x = 1",
        "def f():\n class A:\n  def g(self): self.y = 1",
    ),
    "a nested class's docstring": (
        "def f():\n class A:\n  'a'",
        "def f():\n class A:\n  'b'",
    ),
    "a class in a nested class": (
        "def f():\n class A:\n  class B:\n   x = 0.0",
        "def f():\n class A:\n  class B:\n   x = -0.0",
    ),
    "a try in a nested class": (
        "def f():\n class A:\n  a()\n  try: b()\n  except E: c()",
        "def f():\n class A:\n  try:\n   a()\n   b()\n  except E: c()",
    ),
    "a branch in a nested class": (
        "def f():\n class A:\n  if a: x = 1\n  else: y = 1",
        "def f():\n class A:\n  if a: y = 1\n  else: x = 1",
    ),
    "what a nested class captures": (
        "def f(a):\n class A:\n  x = a",
        "def f(b):\n class A:\n  x = a",
    ),
}

CODE: Pairs = {
    **CONSTANTS,
    **NAMES,
    **SIGNATURES,
    **INSTRUCTIONS,
    **EXCEPTIONS,
    **NESTED,
}
"""Pairs whose fingerprints differ."""
