"""Last write wins, and nobody is surprised by it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.promises import surprises
from tests.promises.surprises.calm import CALM
from tests.promises.surprises.pairs import PAIRS
from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.pyodide import ROOT, require_pyodide, run_pyodide


def test_there_are_many() -> None:
    assert len(PAIRS) >= 300
    assert len(CALM) >= 100


@pytest.mark.parametrize("page", PAIRS)
def test_no_handler_runs_for_another_without_a_word(page: str) -> None:
    found = {mode: surprises.outcome(PAIRS[page], mode) for mode in surprises.MODES}
    check_pair(page, found)


def check_pair(page: str, found: dict[str, str]) -> None:
    """Check that each handler does its own thing, or that an error or warning says."""
    assert not surprises.SILENT & {*found.values()}, (page, found)
    for mode, what in found.items():
        if what.startswith("warned"):
            assert mode in ("warn", "omit"), (page, found)
            assert what == "warned: CapturesReplaced", (page, found)


def test_allow_says_nothing_and_the_last_one_wins() -> None:
    found = {page: surprises.outcome(PAIRS[page], "allow") for page in PAIRS}
    assert not [page for page, what in found.items() if what.startswith("warned")]
    wrong = [page for page, what in found.items() if what == "wrong"]
    assert len(wrong) > 0.9 * len(PAIRS), "these pages would show no fault"


@pytest.mark.parametrize("page", CALM)
def test_a_page_that_is_right_is_told_nothing(page: str) -> None:
    handlers, modes = CALM[page]
    found = {mode: surprises.calm(handlers, mode) for mode in (*modes, "omit")}
    assert {*found.values()} == {"right"}, found


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_other_pythons_say_the_same(version: str) -> None:
    found: Any
    if version == "3.14":
        require_pyodide()
        script = ROOT / "tests/promises/surprises/__main__.py"
        found = json.loads(run_pyodide(script, path=[ROOT]).stdout)
    else:
        python = str(require_python(version))
        text = run_fresh("-m", "tests.promises.surprises", python=python, path=ROOT)
        found = json.loads(text)
    assert found["pairs"].keys() == PAIRS.keys()
    for page, outcomes in found["pairs"].items():
        check_pair(page, outcomes)
    told = {
        page: outcomes
        for page, outcomes in found["calm"].items()
        if {*outcomes.values()} != {"right"}
    }
    assert not told
