"""Writes a module of pure functions that can be called a thousand times.

The bodies make the interpreter specialise, one for each family of instructions that it
rewrites. Real modules cannot be called like that.
"""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent, indent

_NUMBER = re.compile(r"\bN\b")

VARIANTS = 12
"""Functions made of each body; ``N`` in it is the variant's number."""

_HEAD = '''
"""Functions without arguments and without effects."""

import contextlib
import functools
import math


class Point:
    scale = 3

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def moved(self, by=1):
        return Point(self.x + by, self.y)

    @property
    def size(self):
        return self.x * self.y

    @classmethod
    def origin(cls):
        return cls(0, 0)

    @staticmethod
    def unit():
        return 1

    def __getitem__(self, index):
        return self.x if index else self.y


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Child(Point):
    def moved(self, by=1):
        return super().moved(by + 1)


TABLE = {"a": 1, "b": 2}


def named(a, /, b=2, *rest, c=3, **more):
    return a + b + c + len(rest) + len(more)


def drive(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as done:
        return done.value
'''

_BODIES = {
    "integers": "a = N\nfor i in range(3):\n    a = a + i - N * 2\nreturn a",
    "floats": "a = N + 0.5\nb = a * 2.0 - 1.0\nreturn a + b < 3.0",
    "texts": "a = 'x' + 'N'\na += 'y'\nreturn a == 'xNy', a[0], a.upper()",
    "inexact": "return (N // 3, N % 3, N ** 2, N << 2, N & 3, N | 4, -N, ~N)",
    "compare": "return [x for x in (1, 2, N) if x < N and x != 2 or x is None]",
    "contains": "return N in {1, 2, 3}, N in (1, 2), 'a' in TABLE, 'N' not in 'xyz'",
    "subscripts": (
        "a = [1, 2, N]\nb = (1, N)\nc = {'k': N}\n"
        "return a[1], a[-1], b[0], c['k'], a[0:2], Point(1, N)[1]"
    ),
    "stores": "a = [1, N]\na[0] = N\nb = {}\nb['k'] = N\ndel b['k']\nreturn a, b",
    "attributes": (
        "p = Point(N, 2)\np.x = p.y + N\nq = Slotted(N)\nq.value += 1\n"
        "return p.x, p.size, p.scale, Point.scale, q.value, math.pi"
    ),
    "methods": (
        "p = Point(N, 2)\nreturn p.moved().x, p.moved(by=N).y, Point.origin().x, "
        "Point.unit(), Child(N, 1).moved().x"
    ),
    "calls": "return named(N), named(1, N), named(1, 2, 3, c=N), named(1, z=N)",
    "spread": "a, b = (1, N), {'c': N}\nreturn named(*a, **b)",
    "builtins": (
        "return len([N]), isinstance(N, int), type(N), str(N), tuple([N]), "
        "abs(-N), max(1, N), sorted([N, 1]), [N].append(1), 'a,b'.split(',')"
    ),
    "loops": (
        "a = 0\nfor x in [1, 2, N]:\n    a += x\nfor x in (1, N):\n    a += x\n"
        "for k, v in {'a': N}.items():\n    a += v\nwhile a > N:\n    a -= 7\nreturn a"
    ),
    "unpacking": (
        "a, b = N, 2\n(c, d), *e = (a, b), 3, 4\nx, y, z = 'abc'\nreturn a, d, e"
    ),
    "generators": (
        "def up(n):\n    got = yield n\n    yield from (got, n)\n"
        "g = up(N)\nnext(g)\nreturn g.send(1), list(g), sum(x * N for x in range(3))"
    ),
    "closures": (
        "n = N\ndef add(x):\n    nonlocal n\n    n += x\n    return n\n"
        "return add(1), add(2)"
    ),
    "comprehensions": (
        "return [x * N for x in range(3)], {x: N for x in 'ab'}, "
        "{x % 2 for x in range(4)}"
    ),
    "exceptions": (
        "try:\n    raise ValueError(N)\nexcept KeyError:\n    pass\n"
        "except ValueError as e:\n    return e.args\nfinally:\n    Point.scale"
    ),
    "contexts": "with contextlib.suppress(KeyError) as s:\n    TABLE['N']\nreturn N",
    "classes": (
        "class Local(Point):\n    limit = N\n    def grow(self):\n"
        "        self.z = self.y2 = self.x3 = self.w4 = self.v5 = N\n"
        "        self.u6 = self.t7 = self.s8 = self.r9 = N\n        return self\n"
        "return Local(1, N).grow().z, Local.limit"
    ),
    "matching": (
        "match (N, Point(1, N), {'a': N}):\n    case [0, _, _]:\n        return 0\n"
        "    case [int(n), Point(x=1, y=y), {'a': a}] if n > 5:\n        return y + a\n"
        "    case _:\n        return None"
    ),
    "formats": (
        "n = N\nreturn f'{n}', f'{n!r:>4}', f'{n:.2f}', '%d' % n, '{}'.format(n)"
    ),
    "truth": (
        "r = []\nfor x in (0, N, '', 'a', [], [1], None, True):\n"
        "    r.append(1 if x else 2)\n    r.append(not x)\nreturn r"
    ),
    "coroutines": (
        "async def inner(n):\n    return n + N\nasync def outer():\n"
        "    return await inner(1) + await inner(2)\nreturn drive(outer())"
    ),
    "async": (
        "async def each():\n    for i in range(3):\n        yield i + N\n"
        "async def outer():\n    return [x async for x in each()]\n"
        "return drive(outer())"
    ),
    "wide": "\n".join(f"v{i} = N + {i}" for i in range(300)) + "\nreturn v0 + v299",
    "partials": (
        "return functools.partial(named, N, c=N)(2), functools.reduce(max, [1, N])"
    ),
    "constants": "return 0.0, -0.0, 1, True, 1.0, N, b'N', 'N', (1, (True, -0.0)), ...",
    "imports": (
        "import math as m\nfrom math import floor\nreturn m.sqrt(N), floor(N / 2)"
    ),
}


def write(file: Path) -> None:
    """Writes the module; its list ``FUNCTIONS`` holds the functions to call."""
    parts = [dedent(_HEAD)]
    names = []
    for family, body in _BODIES.items():
        for number in range(VARIANTS):
            name = f"{family}_{number}"
            text = indent(_NUMBER.sub(str(number), body), "    ")
            parts.append(f"def {name}():\n{text}\n")
            names.append(name)
    parts.append(f"FUNCTIONS = [{', '.join(names)}]\n")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n\n".join(parts), "utf-8")
