"""The benchmarks run, and prove the work of what they time. No time is asserted."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import __main__ as suite
from benchmarks.harness import report, terminal
from benchmarks.harness.interleaved import Contender, DidNotDoTheWork, Run, measure
from benchmarks.harness.results import (
    Bar,
    Figure,
    Group,
    Line,
    Spread,
    Table,
    changes,
)
from tests.support.fresh import run_fresh
from tests.support.pyodide import ROOT

SEVERAL = ["identity", "registry"]
# The others run in processes of their own, so that no test takes long.
RUNS = [SEVERAL, *([name] for name in suite.GROUPS if name not in SEVERAL)]
KINDS = ("tables", "matrices", "plots")


@pytest.mark.parametrize("names", RUNS, ids=" ".join)
def test_every_group_prints_what_it_found(names: list[str], tmp_path: Path) -> None:
    found, page = tmp_path / "found.json", tmp_path / "page.md"
    files = ("--json", str(found), "--report", str(page))
    printed = run_fresh("-m", "benchmarks", "--quick", *names, *files, path=ROOT)
    data, text = json.loads(found.read_text("utf-8")), page.read_text("utf-8")
    assert [group["name"] for group in data["groups"]] == names
    for group in data["groups"]:
        assert f" {group['name']} (" in printed
        assert f"## {group['name'].capitalize()}\n" in text
        shown = [one["title"] for kind in KINDS for one in group[kind]]
        assert shown
        for title in shown:
            assert title in printed
            assert f"### {title}\n" in text
        assert json.loads(json.dumps(Group.from_dict(group).as_dict())) == group
    for bar in (bar for group in data["groups"] for bar in group["bars"]):
        assert f"| {bar['name']} | " in text
    # The report goes into the docs, and this machine does not.
    told = text + json.dumps(data)
    for private in (str(ROOT), str(Path.home()), f'"{platform.node()}"'):
        assert private not in told


def of(name: str, call: Any, proves: Any) -> Contender:
    return Contender(name, call, lambda count: [2] * count, proves)


def test_who_does_not_do_the_work_is_not_timed() -> None:
    called: list[int] = []
    wrong = of("wrong", called.append, lambda _, found: found == 4)
    with pytest.raises(DidNotDoTheWork, match=r"^wrong did not do the work$"):
        measure([wrong], Run(), calls=10, rounds=2)
    assert called == [2]


def test_a_group_that_fails_leaves_the_others(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = {"nobody": (1, 1), "registry": (1, 1)}
    monkeypatch.setattr(suite, "GROUPS", groups)
    assert suite.main(["--quick"]) == 1
    printed = capsys.readouterr().out
    assert (
        "- Not measured, since this failed: ModuleNotFoundError: No module" in printed
    )
    assert "Looking an id up" in printed
    assert suite.main(["--quick", "registry"]) == 0


def test_contenders_are_timed_by_turns() -> None:
    order: list[str] = []
    ticks: list[None] = []
    both = [
        of("a", lambda item: order.append("a"), lambda *_: True),
        of("b", lambda item: order.append("b"), lambda *_: True),
    ]
    run = Run(tick=lambda: ticks.append(None))
    figures = measure(both, run, calls=1, rounds=3)
    # Once for the proof, then a round that does not count and three that do.
    assert "".join(order) == "ab" + "ab" + "ba" + "ab" + "ba"
    assert [len(figure.samples) for figure in figures] == [3, 3]
    assert len(ticks) == 4


def table(**samples: list[float]) -> Table:
    figures = [Figure(name, values) for name, values in samples.items()]
    return Table("a table", "µs", figures, ("floor",))


STEADY = [1.0, 1.01, 1.02]


def test_a_wide_spread_stands_in_place_of_the_figure() -> None:
    assert str(Spread.of(STEADY)) == "1.01"
    assert str(Spread.of([1, 2, 3])) == "spread too wide (1.50 to 2.50)"


@pytest.mark.parametrize(
    ("samples", "sense", "bound", "verdict"),
    [
        (STEADY, "<=", 1.01, "met"),
        (STEADY, "<=", 1.0, "MISSED"),
        (STEADY, ">=", 1.01, "met"),
        (STEADY, ">=", 1.02, "MISSED"),
        ([1, 2, 3], "<=", 2, "not decided"),
        ([1, 2, 3], "<=", 3, "met"),
        ([1, 2, 3], ">=", 4, "MISSED"),
    ],
)
def test_a_bar_is_met_missed_or_not_decided(
    samples: list[float], sense: Any, bound: float, verdict: str
) -> None:
    assert Bar("a bar", Spread.of(samples), sense, bound).verdict == verdict


def test_what_has_a_floor_is_compared_as_a_multiple_of_it() -> None:
    twice = [2 * one for one in STEADY]
    old = [Group("g", [table(floor=STEADY, same=twice, slower=STEADY)])]
    new = [
        Group(
            "g",
            [
                # The machine takes half as long again for everything.
                table(
                    floor=[1.5 * one for one in STEADY],
                    same=[1.5 * one for one in twice],
                    slower=[3.0 * one for one in STEADY],
                )
            ],
        )
    ]
    found = {change.figure: change for change in changes(old, new)}
    assert set(found) == {"floor", "slower"}
    assert found["slower"].percent == pytest.approx(100)
    assert changes(new, new) == []


def test_where_more_is_better_less_is_a_regression() -> None:
    def served(samples: list[float]) -> list[Group]:
        shown = Table("clicks", "1/s", [Figure("ours", samples)], better="more")
        return [Group("g", [shown])]

    (change,) = changes(served([100.0]), served([50.0]))
    assert change.percent == pytest.approx(100)


def test_a_regression_beyond_the_bound_is_an_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    def found(slower: float) -> list[Group]:
        return [Group("g", [table(floor=STEADY, ours=[slower * x for x in STEADY])])]

    old = tmp_path / "old.json"
    old.write_text(json.dumps({"groups": [one.as_dict() for one in found(2)]}))
    monkeypatch.setattr(suite, "_measure", lambda *_: found(3))
    arguments = ["identity", "--compare", str(old)]
    assert suite.main([*arguments, "--bound", "49"]) == 1
    assert suite.main([*arguments, "--bound", "51"]) == 0
    assert suite.main(arguments) == 1
    assert "+50.0 % g: a table: ours (2.00 to 3.00) WORSE" in capsys.readouterr().out


def test_growth_is_the_cost_of_the_largest_by_that_of_the_smallest() -> None:
    line = Line("a line")
    line.add(10, [1.0, 2.0, 3.0])
    line.add(100, [8.0])
    assert line.growth == 4
    assert (line.low, line.high) == ([1.5, 8.0], [2.5, 8.0])


def test_the_report_names_files_of_the_command_without_their_folder() -> None:
    file = str(Path("somewhere", "found.json"))
    told = report.describe(["identity", "--json", file])["command"]
    assert told == "python -m benchmarks identity --json found.json"


def test_the_clock_expects_of_the_rest_what_it_saw(monkeypatch: Any) -> None:
    now = 0.0
    shown: list[tuple[str, float, float]] = []
    monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: now))
    clock = terminal.Clock(lambda *what: shown.append(what), 30)
    clock.begin("a", 10)
    now = 4.0
    clock.tick()
    now = 20.0  # twice as long as expected
    clock.begin("b", 20)
    now = 100.0
    clock.tick()
    assert shown == [("a", 0, 30), ("a", 4, 26), ("b", 20, 40), ("b", 100, 2)]


def test_an_unknown_group_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        suite.main(["identity", "speed"])
    assert "error: no such group: speed\n" in capsys.readouterr().err
