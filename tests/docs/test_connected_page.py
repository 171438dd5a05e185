"""The page about connected pages: its WebSocket, in Chromium, and a restart."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.integrations.starlette.running import serving
from tests.support.pages import save

PAGE = Path(__file__).parents[2] / "docs/start/connected-hosts.md"


def test_a_page_counts_on_after_a_restart(browser: Browser, tmp_path: Path) -> None:
    assert "$ uvicorn live:app\n" in PAGE.read_text("utf-8")
    save(PAGE, tmp_path)
    log = tmp_path / "log"
    context = browser.new_context()
    page = context.new_page()
    button = page.get_by_role("button")
    with serving("live:app", log, cwd=tmp_path) as site:
        page.goto(site.url)
        for count in range(3):
            expect(button).to_have_text(str(count))
            button.click()
        expect(button).to_have_text("3")
    expect(page.locator("main")).to_have_attribute("inert", "")
    port = site.url.rpartition(":")[2]
    with serving("live:app", log, "--port", port, cwd=tmp_path):
        expect(page.locator("main")).not_to_have_attribute("inert", "")
        button.click()
        expect(button).to_have_text("4")
    context.close()
