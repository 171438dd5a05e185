"""However lambdas are laid out, each is found; and none takes others with it."""

from __future__ import annotations

import ast
import random
import sys
from textwrap import dedent
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

import pytest

from handlerid import Identity
from handlerid._source import digest_source
from handlerid.errors import UnsupportedHandler
from tests.source.forms import encode_syntax
from tests.source.test_text import digest, load, no_pyc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["no_pyc"]


class Layouts:
    """Random texts of lambdas; each begins with a number of its own."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.number = 1000

    def gap(self) -> str:
        return self.random.choice(["", "", "", " ", "\n", "\n    ", " # why\n", "\\\n"])

    def text(self, depth: int = 0) -> str:
        wide = 3 - depth // 2
        items = [self.one(depth) for _ in range(self.random.randint(1, max(1, wide)))]
        opened, closed = self.random.choice(["()", "[]", ("f(", ")"), ("f(k=", ")")])
        items = items[:1] if "=" in opened else items
        inside = f"{self.gap()},{self.gap()}".join(items)
        return f"{opened}{self.gap()}{inside}{self.gap()}{closed}"

    def one(self, depth: int) -> str:
        self.number += 1
        first = str(self.number)
        parameters = self.random.choice(["", "e", "e, *a", "e=None"])
        if self.random.random() < 0.2:
            parameters = f"e=({self.gap()}{self.one(depth + 1)})"
        body = self.random.choice(
            [
                first,
                f"[{first}, e{self.gap()}]",
                f"f({self.gap()}{first}{self.gap()})",
                f"({self.gap()}{first}{self.gap()})",
                f"({first} if x{self.gap()} else y)",
                f"[{first} for i in x{self.gap()} if i]",
                f"f'{{({first})}}'",
                f"f'{{{first}}}{{(lambda: {first}0)()}} {{(lambda: {first}1)()}}'",
                (
                    f'f"""{{{first}}}\n {{(lambda: {first}0)()}}'
                    f' \n\n{{(lambda: {first}1)()}}"""'
                ),
            ]
        )
        if depth < 5 and self.random.random() < 0.5:
            body = f"({first},{self.gap()}{self.text(depth + 1)})"
        return f"lambda {parameters}:{self.random.choice(['', ' '])}{body}"


def lambdas_in(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            if const.co_name == "<lambda>":
                yield const
            yield from lambdas_in(const)


def first_number(node: ast.Lambda) -> int:
    """The smallest number in the body: those inside it were counted later."""
    constants = [x.value for x in ast.walk(node.body) if isinstance(x, ast.Constant)]
    return min(value for value in constants if isinstance(value, int))


def numbers_of(code: CodeType) -> list[int]:
    found: list[int] = []
    todo: list[object] = [code]
    while todo:
        one = todo.pop()
        if isinstance(one, CodeType):
            todo += one.co_consts
        elif isinstance(one, tuple):
            todo += one
        elif type(one) is int and one > 1000:
            found.append(one)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_every_lambda_of_any_layout_is_found(seed: int, tmp_path: Path) -> None:
    layouts = Layouts(seed)
    lines = [f"v{n} = {layouts.text()}" for n in range(4)]
    lines[1:1] = ["def plain(event): return 1"]
    text = "\n".join(lines) + "\n"
    path = tmp_path / f"layout{seed}.py"
    path.write_text(text, "utf-8")
    nodes = [x for x in ast.walk(ast.parse(text)) if isinstance(x, ast.Lambda)]
    expected = {first_number(node): digest(encode_syntax(node)) for node in nodes}
    code = compile(text, str(path), "exec", dont_inherit=True)
    found = {}
    for one in lambdas_in(code):
        fn = FunctionType(one.replace(co_freevars=()), {"__name__": "layout"})
        if not one.co_freevars:
            found[min(numbers_of(one))] = digest_source(fn)
    assert found == {number: expected[number] for number in found}
    assert len(found) > len(expected) // 2


def test_a_lambda_that_ends_further_left_on_a_later_line(tmp_path: Path) -> None:
    text = """
    def button(on_click, on_change): return on_click, on_change
    def row(event): return event
    both = button(on_click=lambda e: 1, on_change=lambda e: row(
        e
    ))
    """
    text = dedent(text)
    module = load(tmp_path / "left.py", text)
    apart = load(tmp_path / "apart.py", text.replace("e: 1, ", "e: 1,\n"))
    identity = Identity(fingerprint="source")
    for one, other in (
        (module.row, apart.row),
        *zip(module.both, apart.both, strict=True),
    ):
        ids = identity.handler_id(one), identity.handler_id(other)
        assert ids[0].fingerprint == ids[1].fingerprint


def test_many_lambdas_on_a_line(tmp_path: Path) -> None:
    text = "def row(event): return event\n"
    text += f"fs = [{', '.join(f'lambda: {n}' for n in range(9000))}]"
    module = load(tmp_path / "many.py", text)
    assert digest_source(module.row) == digest(encode_syntax(ast.parse(text).body[0]))
    for number in (0, 1, 8191, 8999):
        node = ast.parse(f"lambda: {number}", mode="eval").body
        assert digest_source(module.fs[number]) == digest(encode_syntax(node))


def test_a_deep_expression_costs_no_other_line_its_ids(tmp_path: Path) -> None:
    """Lambdas of a line are compiled from the tree, whose depth Python limits."""
    text = "def row(event): return event\nx = 0\n"
    text += f"gs = [lambda: x{' + x' * 1500}, lambda: 3]\n"
    module = load(tmp_path / "deep.py", text)
    row = ast.parse("def row(event): return event").body[0]
    assert digest_source(module.row) == digest(encode_syntax(row))
    if sys.version_info < (3, 13):
        with pytest.raises(UnsupportedHandler, match="cannot be distinguished"):
            digest_source(module.gs[1])
