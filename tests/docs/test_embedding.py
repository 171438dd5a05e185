"""The host of the how-to, as a reader would have it: two processes, sixty lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.fresh import run_fresh
from tests.support.pages import blocks

PAGE = Path(__file__).parents[2] / "docs" / "start" / "your-own-framework.md"

ASK = """
import json, sys, host
print(json.dumps(host.ask(host.{}, json.loads(sys.argv[1]))))
"""


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """The directory in which the page's first blocks were saved as ``host.py``."""
    found = [one.text for one in blocks(PAGE.read_text("utf-8"))[:3]]
    lines = [line for line in found[0].splitlines() if line]
    assert len(lines) <= 60
    (tmp_path / "host.py").write_text("\n".join(found), "utf-8")
    return tmp_path


def ask(host: Path, name: str, sent: object = None, *, seed: str) -> Any:
    code = ASK.format(name)
    return json.loads(run_fresh("-c", code, json.dumps(sent), path=host, seed=seed))


def press(page: dict[str, str]) -> dict[str, object]:
    """Return what a click on the page's button sends."""
    handler = page["html"].partition('data-handler="')[2].partition('"')[0]
    event = {"handler": handler, "key": "tea"}
    return {"event": event, "state": page["state"], "proof": page["proof"]}


def test_a_page_of_one_process_is_answered_by_another(host: Path) -> None:
    status, page = ask(host, "first", seed="1")
    assert status == "200 OK"
    status, page = ask(host, "second", press(page), seed="2")
    assert status == "200 OK"
    assert page["html"].startswith("<p>1 tea</p>")


def test_a_page_from_before_a_deploy_is_told_to_reload(host: Path) -> None:
    _, page = ask(host, "first", seed="1")
    source = (host / "host.py").read_text("utf-8")
    changed = source.replace("(event.key, 0) + 1", "(event.key, 0) + 2")
    assert changed != source
    (host / "host.py").write_text(changed, "utf-8")
    status, answer = ask(host, "second", press(page), seed="2")
    assert status == "409 Conflict"
    assert answer == {"error": "This page is out of date. Reload it.", "reload": True}
