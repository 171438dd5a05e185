"""The tutorial's host as a reader would have it: a file, run by two processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.myst import CodeBlockParser

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-host.md"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """The directory in which the tutorial's first block was saved as ``host.py``."""
    document = Sybil([CodeBlockParser("python", lambda example: None)]).parse(PAGE)
    first = next(iter(document.examples()))
    (tmp_path / "host.py").write_text(str(first.parsed), "utf-8")
    return tmp_path


def run(
    directory: Path, expression: str, *, hash_seed: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import sys, host; print({expression})"],
        cwd=directory,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def render(host: Path) -> dict[str, Any]:
    sent = run(host, "host.Server().render(host.State(3))", hash_seed="1")
    assert sent.returncode == 0, sent.stderr
    page: dict[str, Any] = json.loads(sent.stdout)
    return page


def click(
    host: Path, page: dict[str, Any], button: int
) -> subprocess.CompletedProcess[str]:
    request = {"state": page["state"], "event": page["buttons"][button]}
    return run(
        host,
        "host.Server().click(sys.stdin.read())",
        hash_seed="2",
        stdin=json.dumps(request),
    )


def test_a_page_of_one_process_is_clicked_in_another(host: Path) -> None:
    page = render(host)
    answer = click(host, page, 1)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == {
        "state": {"count": 13},
        "buttons": page["buttons"],
    }


def test_a_page_from_before_a_change_is_stale(host: Path) -> None:
    page = render(host)
    source = (host / "host.py").read_text("utf-8")
    changed = source.replace("+= int(event.key)", "+= 2 * int(event.key)")
    assert changed != source
    (host / "host.py").write_text(changed, "utf-8")
    answer = click(host, page, 0)
    assert answer.returncode == 1
    assert "handlerid.errors.StaleHandler: " in answer.stderr.splitlines()[-1]
