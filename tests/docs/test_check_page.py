"""The page about the checker prints what the command says of its examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handlerid.check import main

PAGE = Path(__file__).parents[2] / "docs/testing/check-handlers.md"
TEXT = PAGE.read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def block_with(start: str) -> str:
    return next(one for one in blocks("py(?:thon)?") if one.startswith(start))


def test_the_output_is_that_of_the_examples(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    starts = ("from __future__", "def links", "def link(", "def logged")
    parts = [block_with(start) for start in starts]
    parts.insert(1, "from handlerid import ClickEvent\n")
    Path("shop.py").write_text("\n\n".join(parts), "utf-8")
    assert main(["shop.py"]) == 1
    command, _, printed = blocks("console")[0].partition("\n")
    assert command == "$ handlerid check shop.py"
    assert capsys.readouterr().out == printed


def test_what_is_right_is_not_found(tmp_path: Path) -> None:
    page = block_with("def link(").partition("\n\n")[2]
    basket = block_with("def logged").partition("\n\n\n")[2]
    for start, more in (("from functools", page), ("import functools", basket)):
        right = block_with(start).partition("add, remove")[0] + more
        text = f"from handlerid import ClickEvent\n{right}"
        (tmp_path / "shop.py").write_text(text, "utf-8")
        assert main([str(tmp_path)]) == 0
