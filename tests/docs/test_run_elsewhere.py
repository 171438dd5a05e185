"""The page about processes: its files, as they stand there, run in processes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.fresh import run_fresh

PAGE = Path(__file__).parents[2] / "docs" / "production" / "worker-processes.md"


@pytest.mark.parametrize("program", ["answer.py", "cluster.py", "closure.py"])
def test_a_file_prints_what_the_page_shows(tmp_path: Path, program: str) -> None:
    text = PAGE.read_text("utf-8")
    files = re.findall(
        r"^`(\w+\.py)`[^\n]*:\n\n```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    )
    sources = dict(files)
    for name in ("shop.py", program):
        (tmp_path / name).write_text(sources[name], "utf-8")
    shown = re.search(
        rf"^\$ python {program}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    )
    assert shown is not None
    assert run_fresh(program, cwd=tmp_path, path=tmp_path) == shown[1]
