"""Runs the benchmark suite: ``python -m benchmarks [group ...] [--quick]``."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from pathlib import Path

from benchmarks.harness import report
from benchmarks.harness.interleaved import run_alone
from benchmarks.harness.results import Group, changes
from benchmarks.harness.terminal import console, progress, show, show_bars

GROUPS = {
    # Seconds that each takes on two cores: a first look, and in full.
    "identity": (4, 20),
    "registry": (2, 8),
    "captures": (3, 15),
    "decoding": (3, 10),
    "dispatch": (5, 15),
    "endpoint": (2, 25),
    "mesop": (3, 16),
    "footprint": (4, 60),
    "correctness": (9, 45),
    "served": (17, 140),
    "scale": (3, 170),
}
"""The modules in ``groups``, in the order in which they run."""

FAILED = "Not measured, since this failed:"

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "reference" / "benchmarks.md"


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line, runs the groups, and shows what they found."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _options(arguments)
    old = _read(options.compare) if options.compare else None
    described = report.describe(arguments)
    groups = _measure(options.groups or list(GROUPS), options.quick)
    for group in groups:
        show(group)
    bars = [bar for group in groups for bar in group.bars]
    if bars:
        show_bars(bars)
    if options.json:
        data = {
            "machine": described,
            "versions": report.versions(),
            "groups": [group.as_dict() for group in groups],
        }
        options.json.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    if options.report:
        _report(groups, described, options.report)
    failed = any(note.startswith(FAILED) for group in groups for note in group.notes)
    worse = old is not None and _compare(old, groups, options.bound)
    return int(failed or worse)


def _options(arguments: list[str]) -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all")
    parser.add_argument("--quick", action="store_true", help="a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all samples, too")
    parser.add_argument(
        "--report",
        type=Path,
        nargs="?",
        const=PAGE,
        metavar="FILE",
        help="write the report page and its plots (default: the one in docs/)",
    )
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="a --json of another run"
    )
    parser.add_argument(
        "--bound",
        type=float,
        default=20.0,
        metavar="PERCENT",
        help="--compare fails when something is worse by more (default: %(default)g)",
    )
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.groups) - set(GROUPS))
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}")
    return options


def _measure(names: list[str], quick: bool) -> list[Group]:
    found = []
    expected = {
        name: first if quick else full
        for name, (first, full) in GROUPS.items()
        if name in names
    }
    with progress(sum(expected.values())) as clock:
        for name in names:
            clock.begin(name, expected[name])
            try:
                group = run_alone(f"benchmarks.groups.{name}", quick, clock.tick)
            except Exception as error:  # noqa: BLE001 - the other groups are kept
                traceback.print_exception(error)
                group = Group(name, notes=[f"{FAILED} {type(error).__name__}: {error}"])
            found.append(group)
    return found


def _report(groups: list[Group], described: dict[str, str], file: Path) -> None:
    """Writes the page and its plots beside it."""
    folder = file.parent / "benchmarks"
    drawn = [plot for group in groups for plot in group.plots]
    try:
        report.draw(drawn, folder)
    except ImportError:
        console.print("matplotlib is not installed: no plots")
        where = None
    else:
        where = folder.name
    text = report.write(groups, described, report.versions(), where)
    file.write_text(text, "utf-8")
    console.print(f"report: {file.name}", markup=False)


def _read(file: Path) -> list[Group]:
    data = json.loads(file.read_text("utf-8"))
    return [Group.from_dict(one) for one in data["groups"]]


def _compare(old: list[Group], new: list[Group], bound: float) -> bool:
    """Prints what changed beyond noise; whether something is worse than the bound."""
    console.rule("[bold]changes beyond noise[/]")
    found = changes(old, new)
    for change in found:
        worse = "WORSE" if change.percent > bound else ""
        console.print(
            f"{change.percent:+7.1f} % {change.group}: {change.table}: {change.figure} "
            f"({change.old} to {change.new}) {worse}",
            markup=False,
        )
    if not found:
        console.print("nothing")
    return any(change.percent > bound for change in found)


if __name__ == "__main__":
    sys.exit(main())
