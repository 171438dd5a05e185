"""Fixtures of the tests in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.fresh import environment
from tests.support.servers import running
from tests.web.visit import RECORDER, Site

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log = tmp_path_factory.mktemp("site") / "log"
    command = ("-c", "from tests.web.site import main; main()")
    with running(*command, log=log, env=environment(ROOT)) as server:
        try:
            opened = Site(server.read(r"site: (\S+)"))
        except AssertionError as error:
            error.add_note(log.read_text("utf-8"))
            raise
        yield opened
        opened.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser says is wrong; a test that expects it clears it."""
    return []


@pytest.fixture
def context(browser: Browser, complaints: list[str]) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 800, "height": 600})
    opened.set_default_timeout(60_000)
    opened.add_init_script(RECORDER)
    opened.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    opened.on("weberror", lambda error: complaints.append(str(error.error)))
    yield opened
    opened.close()
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
