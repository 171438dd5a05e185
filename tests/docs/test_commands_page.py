"""The page about extras and commands names all of them, and no other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from handlerid._cli import make_parser
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
    assert settings["project"]["scripts"] == {"handlerid": "handlerid._cli:run"}


COMMANDS = next(
    one.choices for one in make_parser()._actions if isinstance(one.choices, dict)
)


def test_every_command_has_a_row_and_a_section() -> None:
    rows = re.findall(
        r"^\| \[`handlerid (\w+)`\]\(#handlerid-(\w+)\)", PAGE, re.MULTILINE
    )
    headings = re.findall(r"^### handlerid (\w+)$", PAGE, re.MULTILINE)
    assert rows == [(one, one) for one in COMMANDS]
    assert headings == [*COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_command(name: str) -> None:
    table = PAGE.partition(f"### handlerid {name}\n")[2].partition("\n### ")[0]
    table = table.partition("| option | |\n")[2].partition("\n\n")[0]
    documented = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    own = []
    for one in COMMANDS[name]._actions:
        names = [*one.option_strings] or [str(one.metavar)]
        if one.nargs == "+":
            names = [f"{one.metavar} ..."]
        if "--help" not in names and one.nargs != "?":
            own.append(", ".join(f"`{x}`" for x in names))
    if name == "diff":
        own[:2] = [", ".join(own[:2])]
    assert documented == own


def test_the_exit_code_of_a_command_is_that_of_its_help() -> None:
    rows = dict(
        re.findall(r"^\| \[`handlerid (\w+)`\].*\| (.+) \|$", PAGE, re.MULTILINE)
    )
    for name, command in COMMANDS.items():
        said = str(command.epilog).partition("exit code: 0; 1 if ")[2]
        first = rows[name].replace("`", "").partition(";")[0]
        assert said.replace("\n", " ").startswith((first, f"{first},")), name


def test_every_module_that_is_a_command_is_named() -> None:
    source = ROOT / "src"
    modules = {
        ".".join(file.parent.relative_to(source).parts)
        for file in source.rglob("__main__.py")
    }
    assert set(re.findall(r"python -m (handlerid[\w.]*)", PAGE)) == modules


def test_the_options_of_the_demo_are_its_own() -> None:
    (row,) = (one for one in PAGE.splitlines() if one.startswith("| `make demo` |"))
    printed = run_fresh(str(DEMO), "--help")
    options = set(re.findall(r"--\w+", printed)) - {"--help"}
    assert set(re.findall(r"--\w+", row)) == options
