"""The rows of the table: the clicks of each, and how their outcome is described.

A row's page is rendered by one server, and its clicks are answered by another.
``test_table`` says which outcome is expected.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError as TookTooLong

from handlerid.integrations.mesop.seams import NOTICE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.integrations.mesop.running import Address, Server

__all__ = ["ROWS", "TABLE", "Player", "Row", "as_page"]

WORKS = "works"
NOTHING = "the click does nothing"
OTHER = "the first runs the second"
DEAD = "the page is dead"
CONTACT = '"please contact the developer"'
NAMED = "an error that names the argument and what to do"
UNKNOWN = "the user sees an error, the log says which and what is near"
STALE = "the page says that it is out of date and reloads"


LONG, SHORT = 60, 0.7
"""Seconds to wait for what should come, and for what should not."""


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        name: of the section of the page, and of its test.
        handler: what stands in the table.
        steps: what is done, and what the section shows then: a button is clicked, or
            a field is left (``blur``) or entered (``enter``).
        path: the page.
        other: which server answers: ``second``, or ``next``, which has the next
            release, in another directory.
    """

    name: str
    handler: str
    steps: tuple[tuple[str, str], ...]
    path: str = "/"
    other: str = "second"


def _clicks(*labels: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"click {one}", one.split()[-1]) for one in labels)


ROWS = (
    Row("counter", "counter", (("click counter", "1"),)),
    Row(
        "shared",
        "shared function behind enter and click",
        (("enter shared", "InputEnterEvent"), ("click shared", "ClickEvent")),
    ),
    Row("form", "form by key and `setattr`", (("blur form", "Ada"),)),
    Row("navigate", "navigate by key", (("click navigate", "arrived"),)),
    Row("generator", "generator", (("click generator", "two"),)),
    Row("coroutine", "async", (("click coroutine", "done"),)),
    Row("async_generator", "async generator", (("click async_generator", "two"),)),
    Row(
        "method", "bound method of a module-level object", (("click method", "added"),)
    ),
    Row(
        "method_of_new",
        "bound method of an object made at each render",
        (("click method_of_new", "removed"),),
    ),
    Row(
        "callable_object",
        "callable object",
        (("click callable_object", "called"),),
        "/callable_object",
    ),
    Row(
        "lambdas",
        "two lambdas on one line",
        _clicks("lambdas first", "lambdas second"),
    ),
    Row(
        "wrappers",
        "wrappers without `functools.wraps`",
        _clicks("wrappers first", "wrappers second"),
    ),
    Row("executed", "`exec`-defined", (("click executed", "done"),), "/executed"),
    Row(
        "sourceless", "from `.pyc` only", (("click sourceless", "done"),), "/sourceless"
    ),
    Row("loop", "closures in a loop", _clicks("loop first", "loop second"), "/loop"),
    Row("partial", "partial with arguments", _clicks("partial tea", "partial coffee")),
    Row(
        "frozenset",
        "partial with a frozenset, under another hash seed",
        (("click frozenset", "coffee juice milk tea water wine"),),
    ),
    Row(
        "partial_object",
        "partial with an object",
        (("click partial_object", "called"),),
        "/partial_object",
    ),
    Row(
        "directory",
        "the other server started from another release directory",
        (("click counter", "1"),),
        other="next",
    ),
    Row(
        "hash_seed",
        "the other server under another hash seed",
        (("click hash_seed", "known"),),
    ),
    Row(
        "comment",
        "a comment edited between render and click",
        (("click comment", "done"),),
        other="next",
    ),
    Row(
        "code",
        "the handler's code edited between render and click",
        (("click code", "new"),),
        other="next",
    ),
    Row("unknown", "unknown id", (("click unknown", "called"),), "/unknown"),
    Row(
        "two_types",
        "one handler for two event types",
        (("blur two_types", "InputBlurEvent"), ("enter two_types", "InputEnterEvent")),
    ),
)


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
        dead: rows whose clicks should do nothing; nobody waits long for these.
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
            told = "does not exist here" in dialog and "near: app.counter" in logged
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
        return ", with a warning" if found else ""


TABLE = Path(__file__).parents[3] / "docs/reference/mesop-table.md"

_PAGE = """\
# Mesop alone and with handlerid

Two Mesop server processes stand behind one address; a page comes from one of them, and
its events are answered by the other, in a real browser. Where a row speaks of an edit
or of another directory, the other server runs a copy of the application elsewhere. The
last column was played for handlers that capture something.

This page is generated: `python -m tests.integrations.mesop` plays the rows and writes
it.

"""


def as_page(results: dict[str, dict[str, str]]) -> str:
    """Return the page with the table.

    Args:
        results: by mode, the outcome of each row.
    """
    lines = [("handler", "Mesop alone", "with handlerid", '`captures="warn"`')]
    lines.append(("---",) * 4)
    for row in ROWS:
        found = [results[mode].get(row.name, "") for mode in results]
        lines.append((row.handler, found[0], found[1], found[2]))
    return _PAGE + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
