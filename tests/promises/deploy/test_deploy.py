"""A deploy, rolled out over four server processes and back while pages are open.

CI rolls some of the settings; ``python -m tests.promises.deploy`` rolls all of them.
The tables are in ``docs/explanation/deploys.md``, which explains what is WRONG there.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest

from tests.promises.deploy.changes import CHANGES, write_manifests, write_release
from tests.promises.deploy.fleet import (
    SERVER,
    Click,
    Settings,
    roll,
    running,
)
from tests.promises.deploy.resent import FRONTS, RESULTS, Answers, ask, play
from tests.promises.deploy.tables import (
    ALL,
    MODES,
    REMEMBERED,
    by_change,
    by_front,
    by_history,
    by_settings,
)
from tests.pythons import require_python
from tests.support.fresh import environment

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "deploys.md"

SAMPLE: list[Settings] = [
    *((mode, "bytecode", "rerender") for mode in MODES if mode != "warn, tokens"),
    ("carry", "source", "scan"),
    ("distinct", "source", "resolvers"),
    ("warn", "bytecode", "scan"),
    ("allow", "bytecode", "scan"),
    ("refuse", "bytecode", "scan"),
]

# A value has another meaning, and no code has changed: the docs name these, and a cure.
WITHOUT_CAPTURES = {"captured value", "default", "closures of a loop"}
CHANGED_MEANING = {
    "warn": {"unit of a value"} | WITHOUT_CAPTURES,
    "distinct": {"unit of a value"},
    "carry": {"unit of a value", "guard added to a closure"},
}
CHANGED_MEANING["allow"] = CHANGED_MEANING["warn, tokens"] = CHANGED_MEANING["warn"]
CHANGED_MEANING["refuse"] = CHANGED_MEANING["warn"] - {"closures of a loop"}
# The host has said that any version of a handler may answer.
CHANGED_MEANING["warn, accept"] = CHANGED_MEANING["warn"] | {
    *("body", "names swapped", "new captured variable"),
}

Rolled = Mapping[Settings, Sequence[Click]]


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("releases")
    written = [write_release(folder / "1"), write_release(folder / "2", *CHANGES)]
    write_manifests(written)
    return written


@pytest.fixture(scope="module")
def rolled(releases: list[Path]) -> Rolled:
    return roll(releases, SAMPLE)


@pytest.fixture(scope="module")
def remembered(releases: list[Path]) -> Rolled:
    return roll(releases, REMEMBERED)


@pytest.fixture(scope="module")
def answers(releases: list[Path]) -> Answers:
    return ask(releases)


def found(clicks: Sequence[Click], *outcomes: str) -> set[str]:
    return {x.control["change"] for x in clicks if x.outcome in outcomes}


@pytest.mark.parametrize("settings", SAMPLE, ids="-".join)
def test_every_click_is_right_or_refused(rolled: Rolled, settings: Settings) -> None:
    clicks, (mode, _, way) = rolled[settings], settings
    assert len(clicks) > 1000
    assert found(clicks, "lost", "error") == set()
    expected = CHANGED_MEANING[mode]
    if way == "scan" and mode != "carry":  # closures are not answered
        expected = {"unit of a value", "default"}
    assert found(clicks, "WRONG") == expected
    # Pages of the server's own release are right, but for closures that are one.
    same = [x for x in clicks if x.page == x.server and x.outcome != "unknown"]
    assert found(same, "reload", "refused by field") == set()
    assert found(same, "WRONG") == expected & {"closures of a loop"}
    if way == "rerender":
        assert not [x for x in same if x.outcome == "unknown"]


def test_every_change_is_clicked_both_ways(rolled: Rolled) -> None:
    pairs = set(product(CHANGES, [(1, 2), (2, 1)]))
    pairs -= {("new handler", (1, 2)), ("removed", (2, 1))}
    for settings, clicks in rolled.items():
        seen = {(x.control["change"], (x.page, x.server)) for x in clicks}
        assert pairs <= seen, settings
    assert len(CHANGES) >= 30


def test_whoever_is_not_answered_is_told_to_reload(rolled: Rolled) -> None:
    told: Counter[tuple[object, ...]] = Counter()
    for clicks in rolled.values():
        for one in clicks:
            if one.outcome in ("reload", "unknown"):
                told[one.answer["status"], one.answer["reload"]] += 1
    # Without a signature, an unknown id may be made up.
    assert {*told} == {(404, False), (409, True), (410, True)}


def test_closures_that_are_one_are_warned_of(rolled: Rolled) -> None:
    for (mode, _, way), clicks in rolled.items():
        warned = {x.control["change"] for x in clicks if x.control["warned"]}
        lost = mode.startswith("warn")
        assert warned == ({"closures of a loop"} if lost else set()), (mode, way)


def test_allow_and_refuse_differ_in_the_loop_alone(rolled: Rolled) -> None:
    warn, allow, refuse = (
        Counter((x.control["change"], x.page, x.server, x.outcome) for x in rolled[one])
        for one in SAMPLE[-3:]
    )
    assert allow == warn
    clicked = {change for change, *_ in refuse}
    assert {change for change, *_ in warn} == clicked
    for counted in (warn, refuse):
        for key in [key for key in counted if key[0] == "closures of a loop"]:
            del counted[key]
    # Which server is asked depends on the number of clicks before.
    assert set(refuse) == set(warn)


def test_the_docs_have_the_tables(rolled: Rolled) -> None:
    text = PAGE.read_text("utf-8")
    assert by_change(rolled) in text
    documented = {one: rolled[one] for one in SAMPLE if one in ALL}
    assert len(documented) >= 7
    for row in by_settings(documented).splitlines():
        assert row in text


def test_with_history_an_older_page_never_gets_404(remembered: Rolled) -> None:
    for without, with_history in zip(REMEMBERED[::2], REMEMBERED[1::2], strict=True):
        before, after = remembered[without], remembered[with_history]
        older = [x for x in after if x.page < x.server and x.outcome == "unknown"]
        assert older, "removed handlers are clicked"
        assert {(x.answer["status"], x.answer["reload"]) for x in older} == {
            (410, True)
        }
        assert any(x.answer.get("status") == 404 for x in before)
        # It answers nothing, and refuses nothing that was answered.
        for one, other in zip(before, after, strict=True):
            assert one.answer.get("did") == other.answer.get("did")


def test_the_reasons_of_history_are_in_the_text_alone(remembered: Rolled) -> None:
    reasons = {}
    for one in remembered["warn", "bytecode", "rerender, history"]:
        if one.page < one.server and one.outcome in ("unknown", "reload"):
            reasons[one.control["change"]] = one.answer["text"]
            shown = json.dumps(one.answer["refusal"])
            assert "store" not in shown
            assert one.control["change"] not in shown
    assert reasons["renamed"] == (
        "store.pages.on_rename, of release 1, is store.pages.on_renamed here; to "
        "answer its pages, write "
        '@registry.handler(moved_from="store.pages:on_rename")'
    )
    moved = reasons["moved to a module"]
    assert "is store.new_place.on_away here" in moved
    assert reasons["removed"].endswith(", of release 1, is not in this release")
    assert reasons["handler of another event"].endswith(
        "took click events, and takes input here"
    )


def test_the_docs_have_the_table_of_history(remembered: Rolled) -> None:
    assert by_history(remembered) in PAGE.read_text("utf-8")


def test_a_reload_helps_where_the_releases_differ(answers: Answers) -> None:
    told = {
        (page == server, one.outcome, one.reload)
        for (page, server, _), one in answers.items()
    }
    assert told == {
        (True, "right", False),
        (False, "right", False),
        (False, "WRONG", False),
        (False, "reload", True),
        (False, "unknown", True),
        (False, "refused by field", True),
    }


@pytest.mark.parametrize("front", FRONTS)
def test_a_click_that_is_resent_reloads_less(answers: Answers, front: str) -> None:
    once, twice = (play(answers, front, resend=one) for one in (False, True))
    assert {*once, *twice} <= {*RESULTS}
    if front == "by the page's release":  # where the first is not, none is
        assert once == twice
        return
    assert twice["right"] / twice.total() > once["right"] / once.total()
    for result in ("reload", "reload more than once", "given up"):
        assert twice[result] / twice.total() < once[result] / once.total()


def test_the_docs_have_what_becomes_of_resent_clicks(answers: Answers) -> None:
    assert by_front(answers) in PAGE.read_text("utf-8")


def test_a_server_ends_with_its_input(releases: list[Path]) -> None:
    command = [sys.executable, str(SERVER)]
    env = environment(releases[0])
    done = subprocess.run(command, env=env, input="", check=True, text=True)
    assert done.returncode == 0


def test_a_fleet_of_two_pythons(releases: list[Path]) -> None:
    other = str(require_python("3.12" if sys.version_info[:2] != (3, 12) else "3.11"))
    pythons = [sys.executable, other]
    with running(releases[:1], pythons) as fleet:
        clicks = {
            fingerprint: [
                click
                for _ in pythons * 2
                for click in fleet.click(settings, fleet.open(settings))
            ]
            for fingerprint in ("bytecode", "source")
            for settings in [("distinct", fingerprint, "rerender")]
        }
    assert {x.outcome for x in clicks["source"]} == {"right"}
    assert {x.outcome for x in clicks["bytecode"]} == {"right", "reload"}
    texts = {x.answer["text"] for x in clicks["bytecode"] if x.outcome == "reload"}
    named = [
        f"another Python than {platform.python_version()} rendered it" in x
        for x in texts
    ]
    assert any(named)
    assert not all(named)  # each server names its own
    assert all(x.endswith('or use Identity(fingerprint="source")') for x in texts)
