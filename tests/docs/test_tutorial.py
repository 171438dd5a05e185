"""The tutorial's host as a reader would have it: a file, run by two processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.myst import CodeBlockParser

from tests.support.fresh import run_fresh

PAGE = Path(__file__).parents[2] / "docs" / "start" / "first-host.md"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """The directory in which the tutorial's first block was saved as ``host.py``."""
    document = Sybil([CodeBlockParser("python", lambda example: None)]).parse(PAGE)
    first = next(iter(document.examples()))
    (tmp_path / "host.py").write_text(str(first.parsed), "utf-8")
    return tmp_path


def render(host: Path) -> dict[str, Any]:
    """A page, as one process renders it."""
    code = "import host; print(host.Server().render(host.State(3)))"
    page: dict[str, Any] = json.loads(run_fresh("-c", code, path=host, seed="1"))
    return page


def click(host: Path, page: dict[str, Any], button: int) -> dict[str, Any]:
    """The next page, as another process answers a click on this one."""
    code = "import sys, host; print(host.Server().click(sys.argv[1]))"
    request = json.dumps({"state": page["state"], "event": page["buttons"][button]})
    answer: dict[str, Any] = json.loads(
        run_fresh("-c", code, request, path=host, seed="2")
    )
    return answer


def test_a_page_of_one_process_is_clicked_in_another(host: Path) -> None:
    page = render(host)
    assert click(host, page, 1) == {"state": {"count": 13}, "buttons": page["buttons"]}


def test_a_page_from_before_a_change_is_stale(host: Path) -> None:
    page = render(host)
    source = (host / "host.py").read_text("utf-8")
    changed = source.replace("+= int(event.key)", "+= 2 * int(event.key)")
    assert changed != source
    (host / "host.py").write_text(changed, "utf-8")
    # The text of the error is what the other process printed last.
    with pytest.raises(AssertionError, match=r"\nhandlerid\.errors\.StaleHandler: "):
        click(host, page, 0)
