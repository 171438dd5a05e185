"""Playing the whole table: servers, a browser, and every row in every mode."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from playwright.sync_api import sync_playwright

from tests.mesop.rows import ROWS, Player
from tests.mesop.running import (
    ALONE,
    INSTALLED,
    Address,
    Server,
    next_release,
    release,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OF_CAPTURES = ("method", "method_of_new", "callable_object", "wrappers", "loop")
"""Rows that are played with ``captures="distinct"`` too."""


class Mode(NamedTuple):
    """How the servers of one column run, and which rows are played."""

    command: tuple[str, ...]
    rows: tuple[str, ...]


MODES = {
    "alone": Mode(ALONE, tuple(row.name for row in ROWS)),
    "installed": Mode(INSTALLED, tuple(row.name for row in ROWS)),
    "distinct": Mode((*INSTALLED, "--captures=distinct"), OF_CAPTURES),
}


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


def play_all(browser: Browser, folder: Path) -> dict[str, dict[str, str]]:
    """Plays the rows of each mode, and returns what came of them."""
    app = release(folder)
    changed = next_release(app, folder)
    results = {}
    for name, mode in MODES.items():
        command = (*mode.command, "--prod")
        with ExitStack() as running:
            servers = {
                "first": Server(app, *command),
                "second": Server(app, *command, name="second", hash_seed=2),
                "next": Server(changed, *command, name="next", hash_seed=3),
            }
            for server in servers.values():
                running.enter_context(server)
            address = running.enter_context(Address(list(servers.values())))
            page = running.enter_context(browser.new_page())
            page.set_default_timeout(20_000)
            player = Player(page, address, servers, installed=name != "alone")
            results[name] = {
                row.name: player.play(row) for row in ROWS if row.name in mode.rows
            }
    return results
