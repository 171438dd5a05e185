"""Plays rows of the table: servers of a mode, a browser, and what a row came to."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError as TookTooLong

from handlerid.integrations.mesop.seams import NOTICE
from tests.integrations.mesop.rows import (
    CONTACT,
    DEAD,
    EXPECTED,
    NAMED,
    NOTHING,
    OTHER,
    STALE,
    UNKNOWN,
    WARNED,
    WORKS,
)
from tests.integrations.mesop.running import (
    ALONE,
    INSTALLED,
    Address,
    Server,
    next_release,
    release,
    running_mesop,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.integrations.mesop.rows import Row

__all__ = ["MODES", "playing"]

LONG, SHORT = 60, 0.7
"""Seconds to wait for what should come, and for what should not."""

MODES = {
    "alone": ALONE,
    "installed": INSTALLED,
    "warn": (*INSTALLED, "--captures=warn"),
}
"""How Python runs the servers, by mode, in the order of ``EXPECTED``."""

LOCATIONS = {
    "loop": "app.entry.<locals>.on_click",
    "wrappers": "app.logged.<locals>.wrapper",
}
"""What a warning about a row's handlers names, if that is not the row's name."""


class Player:
    """Plays rows in one mode.

    Args:
        page: of a browser.
        address: in front of the servers.
        servers: by name, in the order in which they stand behind the address.
        installed: whether the servers run on handlerid.
        dead: rows whose clicks should do nothing, which is not waited for long.
    """

    def __init__(
        self,
        page: Page,
        address: Address,
        servers: dict[str, Server],
        *,
        installed: bool,
        dead: tuple[str, ...],
    ) -> None:
        page.set_default_timeout(LONG * 1_000)
        self._page = page
        self._address = address
        self._servers = servers
        self._installed = installed
        self._dead = dead

    def play(self, row: Row) -> str:
        """Open the row's page, do its steps, and describe the outcome."""
        try:
            return self._play(row)
        except (TookTooLong, Empty) as error:
            return f"it took too long: {str(error).partition(chr(10))[0]}"

    def _play(self, row: Row) -> str:
        self._render(row.path)
        if dialog := self._dialog():
            if "contact the developer" in dialog:
                return CONTACT
            told = "keywords[item]" in dialog and "Pass a key instead" in dialog
            return NAMED if told else DEAD
        self._address.turn = list(self._servers).index(row.other)
        shown = [self._step(row, *step) for step in row.steps]
        wanted = [text for _, text in row.steps]
        if shown == wanted:
            outcome = WORKS
        elif shown[0] in (NAMED, STALE, UNKNOWN):
            outcome = shown[0]
        elif len(shown) > 1 and shown[0] == wanted[1]:
            outcome = OTHER
        else:
            outcome = NOTHING if not any(shown) else f"it shows {shown}"
        return outcome + self._warned(row)

    def _render(self, path: str) -> None:
        self._address.turn = 0
        while not self._address.answered.empty():
            self._address.answered.get()
        self._page.goto(self._address.url + path)
        drawn = self._page.get_by_text(re.compile(r"^\w+="))
        drawn.or_(self._page.get_by_role("dialog")).first.wait_for()
        self._address.answered.get(timeout=LONG)

    def _step(self, row: Row, what: str, wanted: str) -> str:
        how, _, name = what.partition(" ")
        section = "counter" if name == "counter" else row.name
        before = self._text(section)
        if how == "click":
            self._page.get_by_role("button", name=name, exact=True).click()
        else:
            field = self._page.get_by_label(name)
            field.fill("Ada")
            field.press("Enter" if how == "enter" else "Tab")
        if row.name == "code" and self._installed:
            return self._reloads(row, wanted)
        self._address.answered.get(timeout=LONG)
        # The answer is here, and not yet drawn: the wanted text, another one of the
        # row, or an error.
        texts = {text for _, text in row.steps} - {before} | {wanted}
        drawn = self._page.get_by_text(re.compile(f"^{section}=({'|'.join(texts)})$"))
        patience = SHORT if row.name in self._dead else LONG
        with suppress(TookTooLong):
            shown = drawn.or_(self._page.get_by_role("dialog")).first
            shown.wait_for(timeout=patience * 1_000)
        if dialog := self._dialog():
            logged = self._servers[row.other].log
            told = (
                "does not exist here" in dialog and "no handler is registered" in logged
            )
            return UNKNOWN if told else f"an error: {dialog}"
        return self._text(section)

    def _text(self, section: str) -> str:
        texts = self._page.get_by_text(re.compile(f"^{section}=")).all_inner_texts()
        return texts[0].partition("=")[2] if texts else ""

    def _reloads(self, row: Row, wanted: str) -> str:
        """Wait until a page that is out of date has reloaded; then it has to work."""
        page = self._page
        with page.expect_event("load", timeout=LONG * 1_000):
            page.get_by_text(NOTICE).wait_for()
        button = page.get_by_role("button", name=row.name, exact=True)
        button.wait_for()
        assert page.url == self._address.url + row.path
        assert page.get_by_text(NOTICE).count() == 0
        button.click()
        page.get_by_text(f"{row.name}={wanted}", exact=True).wait_for()
        return STALE

    def _dialog(self) -> str:
        dialogs = self._page.get_by_role("dialog").all_inner_texts()
        return dialogs[0] if dialogs else ""

    def _warned(self, row: Row) -> str:
        location = LOCATIONS.get(row.name, row.name)
        lines = self._servers["first"].log.splitlines()
        found = any("CapturesReplaced" in one and location in one for one in lines)
        return WARNED if found else ""


@contextmanager
def playing(browser: Browser, folder: Path, mode: str) -> Iterator[Player]:
    """Run the servers of a mode while rows are played."""
    app = release(folder)
    command = (*MODES[mode], "--prod")
    column = [*MODES].index(mode)
    with ExitStack() as running:
        servers = {
            name: running.enter_context(
                running_mesop(copy, *command, name=name, hash_seed=seed)
            )
            for seed, name, copy in (
                (1, "first", app),
                (2, "second", app),
                (3, "next", next_release(app, folder)),
            )
        }
        address = running.enter_context(Address([*servers.values()]))
        page = running.enter_context(browser.new_page())
        dead = tuple(one for one, came in EXPECTED.items() if came[column] == NOTHING)
        yield Player(page, address, servers, installed=mode != "alone", dead=dead)
