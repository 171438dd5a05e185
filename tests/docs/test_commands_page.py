"""The page about extras and commands has those that there are, and no other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from handlerid._cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")


def section(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_every_extra_has_a_row() -> None:
    first_cells = re.findall(r"^\| (`.*?) \|", section("Extras"), re.MULTILINE)
    named = re.findall(r"`(\w+)`", " ".join(first_cells))
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert sorted(named) == sorted(settings["project"]["optional-dependencies"])


@pytest.mark.parametrize("command", [[], ["demo"]], ids=["handlerid", "demo"])
def test_the_options_are_those_of_the_command(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    told = capsys.readouterr().out
    rows = [row for row in section("Commands").splitlines() if "`handlerid " in row]
    if command:
        options = set(re.findall(r"--\w+", told)) - {"--help"}
        assert set(re.findall(r"--\w+", " ".join(rows))) == options
    else:
        subcommands = set(re.findall(r"^    (\w+) ", told, re.MULTILINE))
        assert {row.split("`")[1].split()[1] for row in rows} == subcommands
