"""The page about extras and commands names all of them, and no other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.demo.running import DEMO
from tests.support.fresh import run_fresh

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")


def section(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_every_extra_has_a_row() -> None:
    first_cells = re.findall(r"^\| (`.*?) \|", section("Extras"), re.MULTILINE)
    named = re.findall(r"`(\w+)`", " ".join(first_cells))
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert sorted(named) == sorted(settings["project"]["optional-dependencies"])
    assert "scripts" not in settings["project"]


def test_every_module_that_is_a_command_has_a_row() -> None:
    source = ROOT / "src"
    modules = {
        ".".join(file.parent.relative_to(source).parts)
        for file in source.rglob("__main__.py")
    }
    assert set(re.findall(r"python -m ([\w.]+)", section("Commands"))) == modules


def test_the_options_of_the_demo_are_its_own() -> None:
    (row,) = (one for one in PAGE.splitlines() if one.startswith("| `make demo` |"))
    printed = run_fresh(str(DEMO), "--help")
    options = set(re.findall(r"--\w+", printed)) - {"--help"}
    assert set(re.findall(r"--\w+", row)) == options
