"""The page about connected pages: its WebSocket, in Chromium, and a restart."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.fresh import environment
from tests.support.pages import save
from tests.support.servers import running

PAGE = Path(__file__).parents[2] / "docs/start/connected-hosts.md"
LIMIT = 60  # seconds; waited for only if something is broken


@contextmanager
def serving(folder: Path, port: str) -> Iterator[str]:
    """Run the page's application; yield its port, which may be given as 0."""
    assert "$ uvicorn live:app\n" in PAGE.read_text("utf-8")
    log, command = folder / "log", ("-m", "uvicorn", "live:app", "--port", port)
    env = environment(folder, APP_KEY="a key of the tests, which is no secret")
    with running(*command, log=log, cwd=folder, env=env):
        end = time.monotonic() + LIMIT
        listening = re.compile(r"Uvicorn running on http://127.0.0.1:(\d+)")
        while (found := listening.search(log.read_text("utf-8"))) is None:
            assert time.monotonic() < end, log.read_text("utf-8")
            time.sleep(0.01)
        yield found[1]


def test_a_page_counts_on_after_a_restart(browser: Browser, tmp_path: Path) -> None:
    save(PAGE, tmp_path)
    context = browser.new_context()
    page = context.new_page()
    button = page.get_by_role("button")
    with serving(tmp_path, "0") as port:
        page.goto(f"http://127.0.0.1:{port}")
        for count in range(3):
            expect(button).to_have_text(str(count))
            button.click()
        expect(button).to_have_text("3")
    expect(page.locator("main")).to_have_attribute("inert", "")
    with serving(tmp_path, port):
        expect(page.locator("main")).not_to_have_attribute("inert", "")
        button.click()
        expect(button).to_have_text("4")
    context.close()
