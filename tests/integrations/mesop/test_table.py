"""The table of the docs: each row with Mesop alone and with handlerid."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.integrations.mesop.playing import (
    CHROMIUM,
    OF_CAPTURES,
    open_browser,
    play_all,
)
from tests.integrations.mesop.rows import ROWS, TABLE, as_page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")

WORKS = "works"
NOTHING = "the click does nothing"
OTHER = "the first runs the second"
DEAD = "the page is dead"

EXPECTED = {
    "counter": (WORKS, WORKS),
    "shared": (WORKS, WORKS),
    "form": (WORKS, WORKS),
    "navigate": (WORKS, WORKS),
    "generator": (WORKS, WORKS),
    "coroutine": (WORKS, WORKS),
    "async_generator": (WORKS, WORKS),
    "method": (NOTHING, WORKS),
    "method_of_new": (NOTHING, WORKS),
    "callable_object": (DEAD, WORKS),
    "lambdas": (OTHER, WORKS),
    "wrappers": (OTHER, WORKS),
    "executed": (DEAD, WORKS),
    "sourceless": (DEAD, WORKS),
    "loop": (OTHER, WORKS),
    "partial": (WORKS, WORKS),
    "frozenset": (NOTHING, WORKS),
    "partial_object": ('"please contact the developer"', WORKS),
    "directory": (NOTHING, WORKS),
    "hash_seed": (WORKS, WORKS),
    "comment": (NOTHING, WORKS),
    "code": (NOTHING, "the page says that it is out of date and reloads"),
    "unknown": (
        NOTHING,
        "the user sees an error, the log says which and what is near",
    ),
    "two_types": (WORKS, WORKS),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def results(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    return play_all(browser, tmp_path_factory.mktemp("mesop"))


@pytest.mark.parametrize("name", [row.name for row in ROWS])
def test_row(results: dict[str, dict[str, str]], name: str) -> None:
    assert (results["alone"][name], results["installed"][name]) == EXPECTED[name]


def test_a_mode_that_ignores_captures_warns(
    results: dict[str, dict[str, str]],
) -> None:
    collapsed = f"{OTHER}, with a warning"
    assert results["warn"] == dict.fromkeys(OF_CAPTURES, WORKS) | {
        "loop": collapsed,
        "wrappers": collapsed,
        "partial_object": "an error that names the argument and what to do",
    }


def test_the_page_in_the_docs_shows_these_outcomes(
    results: dict[str, dict[str, str]],
) -> None:
    assert TABLE.read_text("utf-8") == as_page(results), (
        "run python -m tests.integrations.mesop"
    )
