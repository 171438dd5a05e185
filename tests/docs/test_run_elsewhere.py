"""The page about processes: its files, as they stand there, run in processes."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.fresh import run_fresh

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-elsewhere.md"


def test_the_two_files_print_what_the_page_shows(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    files = re.findall(
        r"^`(\w+\.py)`[^\n]*:\n\n```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    )
    assert [name for name, _ in files] == ["shop.py", "answer.py"]
    for name, source in files:
        (tmp_path / name).write_text(source, "utf-8")
    shown = re.search(
        r"^\$ python answer.py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    )
    assert shown is not None
    assert run_fresh("answer.py", cwd=tmp_path, path=tmp_path) == shown[1]
