"""The page on several Pythons: its ids, on every Python that is here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.pages import save

PAGE = Path(__file__).parents[2] / "docs/production/several-pythons.md"
TEXT = PAGE.read_text("utf-8")
SOURCE = re.findall(r"^source (h1-\S+)$", TEXT, re.MULTILINE)
VERSION = "import platform; print(platform.python_version())"


@pytest.mark.parametrize("minor", ["3.11", "3.12", "3.13"])
def test_the_ids_of_each_python(tmp_path: Path, minor: str) -> None:
    python = str(require_python(minor))
    save(PAGE, tmp_path)
    bytecode = []
    for flags, source in zip([[], ["-O"]], SOURCE, strict=True):
        printed = run_fresh(*flags, "ids.py", python=python, cwd=tmp_path).split()
        assert printed == ["bytecode", printed[1], "source", source]
        assert printed[1].split("-")[:2] == source.split("-")[:2]
        bytecode.append(printed[1].split("-")[2].removesuffix(".click"))
    version = run_fresh("-c", VERSION, python=python).strip()
    row = re.search(rf"^\| {re.escape(version)} \| (.*) \|$", TEXT, re.MULTILINE)
    # Another patch release may have other bytecode: the page shows some.
    assert row is None or row[1] == " | ".join(f"`{one}`" for one in bytecode)
    assert bytecode[0] != bytecode[1]
