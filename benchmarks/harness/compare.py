"""What changed since an older run, beyond noise.

The rules:

1. A figure of a table that has a floor is compared as a multiple of it: the floor was
   timed in the same rounds, so that a slower machine makes no regression. Others are
   compared as they are.
2. A change is beyond noise when the quartiles of the two runs do not overlap, and
   neither spread is too wide. pyperf's test, of which the means differ, says so of
   nearly every pair of runs of a shared machine.
3. A regression is a change for the worse by more than the bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.harness.results import Group, Spread, Table

__all__ = ["Change", "changes"]


@dataclass(frozen=True)
class Change:
    """A figure that changed beyond noise.

    Attributes:
        factor: the new by the old; above 1 is worse, whatever the unit.
    """

    group: str
    table: str
    figure: str
    old: Spread
    new: Spread
    factor: float

    @property
    def percent(self) -> float:
        return (self.factor - 1) * 100


def changes(old: list[Group], new: list[Group]) -> list[Change]:
    """Returns what changed, the worst first; what only one run has is left out."""
    found = [
        change
        for group in new
        for older in old
        if older.name == group.name
        for table in group.tables
        for before in older.tables
        if before.title == table.title
        for change in _of_tables(group.name, before, table)
    ]
    return sorted(found, key=lambda change: -change.factor)


def _of_tables(group: str, before: Table, after: Table) -> Iterator[Change]:
    for figure in after.figures:
        if figure.name not in before:
            continue
        old, new = _spread(before, figure.name), _spread(after, figure.name)
        apart = old.high < new.low or new.high < old.low
        if not apart or old.too_wide or new.too_wide or not old.median:
            continue
        factor = new.median / old.median
        factor = 1 / factor if after.better == "more" else factor
        yield Change(group, after.title, figure.name, old, new, factor)


def _spread(table: Table, name: str) -> Spread:
    if not table.beside or table.beside[0] == name:
        return table[name].spread
    return table[name].over(table[table.beside[0]])
