"""The table of the docs: each row with Mesop alone and with handlerid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from playwright.sync_api import Browser

from tests.integrations.mesop.playing import MODES, Player, playing
from tests.integrations.mesop.rows import EXPECTED, ROWS, TABLE, Row, as_page

PLAYED = [
    pytest.param(mode, row, EXPECTED[row.name][column], id=f"{mode}-{row.name}")
    for column, mode in enumerate(MODES)
    for row in ROWS
    if EXPECTED[row.name][column]
]


@pytest.fixture(scope="module")
def player_of(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Player]]:
    """The player of a mode; its servers run until all rows are played."""
    with ExitStack() as running:

        @cache
        def player(mode: str) -> Player:
            folder = tmp_path_factory.mktemp("mesop")
            return running.enter_context(playing(browser, folder, mode))

        yield player


@pytest.mark.parametrize(("mode", "row", "outcome"), PLAYED)
def test_row(
    player_of: Callable[[str], Player], mode: str, row: Row, outcome: str
) -> None:
    assert player_of(mode).play(row) == outcome


def test_the_page_in_the_docs_shows_these_outcomes() -> None:
    assert TABLE.read_text("utf-8") == as_page(), (
        "run python -m tests.integrations.mesop"
    )
