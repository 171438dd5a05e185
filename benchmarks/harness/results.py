"""Figures with their spread, bars and the verdicts on them, and what changed.

1. A figure is the median of its samples, and its spread the quartiles around it.
2. One whose quartiles are further apart than ``WIDEST`` of the median is not quoted: it
   says that its spread is too wide.
3. A ratio is taken sample by sample, between samples of the same round.
4. A bar is judged by the median, unless that has too wide a spread: then both quartiles
   have to be on the same side, or the bar is not decided.
5. Between two runs, a figure of a table that has a floor is compared as a multiple of
   it, so that a slower machine is no regression. A change is beyond noise when the
   quartiles of the two runs do not overlap and neither spread is too wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from typing import Any, Literal

__all__ = [
    "Bar",
    "Change",
    "Figure",
    "Group",
    "Line",
    "Matrix",
    "Plot",
    "Spread",
    "Table",
    "changes",
    "number",
]

WIDEST = 0.3
"""Distance of the quartiles, as a part of the median, up to which a figure stands."""


@dataclass(frozen=True)
class Spread:
    """The lower quartile, the median and the upper quartile."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, samples: list[float]) -> Spread:
        if len(samples) == 1:
            return cls(samples[0], samples[0], samples[0])
        low, middle, high = quantiles(samples, n=4, method="inclusive")
        return cls(low, middle, high)

    @property
    def too_wide(self) -> bool:
        return self.high - self.low > WIDEST * abs(self.median)

    def __str__(self) -> str:
        if self.too_wide:
            return f"spread too wide ({number(self.low)} to {number(self.high)})"
        return number(self.median)


def number(value: float) -> str:
    """Three figures that mean something, and no exponent."""
    size = abs(value)
    if size >= 1_000:
        return f"{value:,.0f}"
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:.{digits}f}"


@dataclass
class Figure:
    """The samples of one contender, in the table's unit, one a round."""

    name: str
    samples: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def spread(self) -> Spread:
        return Spread.of(self.samples)

    @property
    def median(self) -> float:
        return median(self.samples)

    def over(self, other: Figure) -> Spread:
        """The ratios to another's samples of the same rounds."""
        if len(self.samples) != len(other.samples):
            return Spread.of([one / other.median for one in self.samples])
        pairs = zip(self.samples, other.samples, strict=True)
        return Spread.of([mine / its for mine, its in pairs])


@dataclass
class Table:
    """Figures that are compared with each other.

    Attributes:
        figures: those of one run, by turns.
        beside: names of figures that all others are given as multiples of.
        better: whether less or more of the unit is better.
    """

    title: str
    unit: str
    figures: list[Figure]
    beside: tuple[str, ...] = ()
    better: Literal["less", "more"] = "less"

    def __getitem__(self, name: str) -> Figure:
        return next(one for one in self.figures if one.name == name)

    def __contains__(self, name: str) -> bool:
        return any(one.name == name for one in self.figures)


@dataclass
class Matrix:
    """What is counted and not timed: rows of texts."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""


@dataclass
class Line:
    """One line of a plot: the size of the work, and what it cost."""

    name: str
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def add(self, x: float, samples: list[float]) -> None:
        spread = Spread.of(samples)
        self.x.append(x)
        self.y.append(spread.median)
        self.low.append(spread.low)
        self.high.append(spread.high)

    @property
    def growth(self) -> float:
        """What the largest costs, as a multiple of what the smallest does."""
        return self.y[-1] / self.y[0]


@dataclass
class Plot:
    """Lines over the size of the work; ``name`` is the file's, too."""

    name: str
    title: str
    x_label: str
    y_label: str
    lines: list[Line]
    log_y: bool = False


@dataclass
class Bar:
    """A bound that the project promises, and whether it held.

    Attributes:
        why: the reason, if it is missed, and what would help.
    """

    name: str
    value: Spread
    sense: Literal["<=", ">="]
    bound: float
    unit: str = "times"
    why: str = ""

    @property
    def verdict(self) -> str:
        def holds(value: float) -> bool:
            rounded = round(value, 2)
            at_least = self.sense == ">="
            return rounded >= self.bound if at_least else rounded <= self.bound

        sides = {holds(self.value.low), holds(self.value.high)}
        if self.value.too_wide and len(sides) == 2:
            return "not decided"
        return "met" if holds(self.value.median) else "MISSED"


@dataclass
class Group:
    """What one group of benchmarks found.

    Attributes:
        notes: what was left out and why, and what a reader has to know.
    """

    name: str
    tables: list[Table] = field(default_factory=list)
    matrices: list[Matrix] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The group as JSON has it; the verdicts are written out."""
        data = asdict(self)
        for bar, one in zip(self.bars, data["bars"], strict=True):
            one["verdict"] = bar.verdict
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Group:
        """Reads what ``as_dict`` wrote."""
        tables = [
            Table(
                one["title"],
                one["unit"],
                [Figure(**figure) for figure in one["figures"]],
                tuple(one["beside"]),
                one["better"],
            )
            for one in data["tables"]
        ]
        plots = [
            Plot(**{**one, "lines": [Line(**line) for line in one["lines"]]})
            for one in data["plots"]
        ]
        bars = []
        for one in data["bars"]:
            kept = {name: value for name, value in one.items() if name != "verdict"}
            bars.append(Bar(**{**kept, "value": Spread(**one["value"])}))
        matrices = [Matrix(**one) for one in data["matrices"]]
        notes, seconds = data["notes"], data["seconds"]
        return cls(data["name"], tables, matrices, plots, bars, notes, seconds)


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
    """Return what changed, the worst first; what only one run has is left out."""
    found = [
        change
        for group in new
        for older in old
        if older.name == group.name
        for table in group.tables
        for before in older.tables
        if before.title == table.title
        for change in _changes(group.name, before, table)
    ]
    return sorted(found, key=lambda change: -change.factor)


def _changes(group: str, before: Table, after: Table) -> Iterator[Change]:
    for figure in after.figures:
        if figure.name not in before:
            continue
        old, new = _spread(before, figure.name), _spread(after, figure.name)
        apart = old.high < new.low or new.high < old.low
        if apart and not old.too_wide and not new.too_wide and old.median:
            factor = new.median / old.median
            factor = 1 / factor if after.better == "more" else factor
            yield Change(group, after.title, figure.name, old, new, factor)


def _spread(table: Table, name: str) -> Spread:
    if not table.beside or table.beside[0] == name:
        return table[name].spread
    return table[name].over(table[table.beside[0]])
