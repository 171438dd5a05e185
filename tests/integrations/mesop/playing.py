"""Plays the whole table: servers, a browser, and every row in every mode."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from playwright.sync_api import sync_playwright

from tests.integrations.mesop.rows import LONG, ROWS, Player
from tests.integrations.mesop.running import (
    ALONE,
    INSTALLED,
    Address,
    next_release,
    release,
    running_mesop,
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

OF_CAPTURES = (
    "method",
    "method_of_new",
    "callable_object",
    "wrappers",
    "loop",
    "partial_object",
)
"""Rows that are also played with ``captures="warn"``."""


DEAD_ALONE = (
    "method",
    "method_of_new",
    "frozenset",
    "directory",
    "comment",
    "code",
    "unknown",
)
"""Rows whose clicks do nothing with Mesop alone."""


class Mode(NamedTuple):
    """How the servers of a column run, which rows are played, and which do nothing."""

    command: tuple[str, ...]
    rows: tuple[str, ...]
    dead: tuple[str, ...] = ()


MODES = {
    "alone": Mode(ALONE, tuple(row.name for row in ROWS), DEAD_ALONE),
    "installed": Mode(INSTALLED, tuple(row.name for row in ROWS)),
    "warn": Mode((*INSTALLED, "--captures=warn"), OF_CAPTURES),
}


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


def play_all(browser: Browser, folder: Path) -> dict[str, dict[str, str]]:
    """Play the rows of each mode, and return what came of them."""
    app = release(folder)
    changed = next_release(app, folder)
    results = {}
    for column, mode in MODES.items():
        command = (*mode.command, "--prod")
        with ExitStack() as running:
            servers = {
                name: running.enter_context(
                    running_mesop(folder, *command, name=name, hash_seed=seed)
                )
                for seed, (name, folder) in enumerate(
                    {"first": app, "second": app, "next": changed}.items(), 1
                )
            }
            address = running.enter_context(Address(list(servers.values())))
            page = running.enter_context(browser.new_page())
            page.set_default_timeout(LONG * 1_000)
            player = Player(
                page,
                address,
                servers,
                installed=column != "alone",
                dead=mode.dead,
            )
            results[column] = {
                row.name: player.play(row) for row in ROWS if row.name in mode.rows
            }
    return results
