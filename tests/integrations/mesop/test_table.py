"""The table of the docs: each row with Mesop alone and with handlerid."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.integrations.mesop.playing import (
    MODES,
    Player,
    playing,
)
from tests.integrations.mesop.rows import EXPECTED, ROWS, TABLE, Row, as_page

PLAYED = [
    pytest.param(mode, row, EXPECTED[row.name][column], id=f"{mode}-{row.name}")
    for column, mode in enumerate(MODES)
    for row in ROWS
    if EXPECTED[row.name][column]
]


@pytest.fixture(scope="module")
def player(
    browser: Browser,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Player]:
    with playing(browser, tmp_path_factory.mktemp("mesop"), request.param) as found:
        yield found


@pytest.mark.parametrize(
    ("player", "row", "outcome"), PLAYED, indirect=["player"], scope="module"
)
def test_row(player: Player, row: Row, outcome: str) -> None:
    assert player.play(row) == outcome


def test_the_page_in_the_docs_shows_these_outcomes() -> None:
    assert TABLE.read_text("utf-8") == as_page(), (
        "run python -m tests.integrations.mesop"
    )
