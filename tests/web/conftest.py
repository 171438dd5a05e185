"""Fixtures of the tests in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.fresh import environment
from tests.support.servers import running
from tests.web.visit import RECORDER, Site

CHROMIUM = shutil.which("chromium")
ROOT = Path(__file__).parents[2]
# A window of Chromium costs more than a page of these tests: it renders its address bar
# in two pages of its own, unless told otherwise. Only the last such flag counts; so it
# repeats what Playwright disables and these tests need.
WITHOUT = [
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PreconnectToSearch",
]
FLAGS = [
    f"--disable-features={','.join(WITHOUT)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a file of tests: other tests need the event loop that it takes."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=60_000)
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


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
