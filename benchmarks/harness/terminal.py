"""What a run shows on the terminal: how far it is, and tables of what it found."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table as RichTable

from benchmarks.harness.results import Bar, Group, Matrix, Plot, Table, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["console", "progress", "show", "show_bars"]

console = Console(highlight=False)
if not console.is_terminal:  # a file or a pipe has no width of its own
    console = Console(highlight=False, width=130)

VERDICTS = {"met": "green", "MISSED": "red", "not decided": "yellow"}


class Clock:
    """Tells how much time is left, from what the groups are expected to take.

    How much longer the groups before took than expected is expected of the rest, too.
    A group that takes longer than that has a little left until it is done.
    """

    def __init__(self, show: Callable[[str, float, float], None], total: float) -> None:
        self._show = show
        self._total = total
        self._start = self._began = time.monotonic()
        self._done = self._expected = 0.0
        self._name = ""

    def begin(self, name: str, expected: float) -> None:
        """Another group begins."""
        self._done += self._expected
        self._name, self._expected = name, expected
        self._began = time.monotonic()
        self.tick()

    def tick(self) -> None:
        """Shows that time has passed."""
        now = time.monotonic()
        slower = (self._began - self._start) / self._done if self._done else 1.0
        here = self._expected * slower
        left = max(here - (now - self._began), here / 20)
        left += (self._total - self._done - self._expected) * slower
        self._show(self._name, now - self._start, left)


@contextmanager
def progress(seconds: float) -> Iterator[Clock]:
    """Shows a bar with the time that is left.

    Args:
        seconds: that all is expected to take.
    """
    columns = (
        TextColumn("{task.description:12}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("left: {task.fields[left]}"),
    )
    shown = Console(stderr=True)
    with Progress(*columns, console=shown, transient=True) as bar:
        task = bar.add_task("", total=seconds, left="")

        def show(name: str, passed: float, left: float) -> None:
            text = f"{left // 60:.0f}:{left % 60:02.0f}"
            total = passed + left
            bar.update(task, description=name, completed=passed, total=total, left=text)

        yield Clock(show, seconds)


def show(group: Group) -> None:
    """Prints a group's tables."""
    console.rule(f"[bold]{group.name}[/] ({group.seconds:.0f} s)")
    for table in group.tables:
        _print(_table(table))
    for matrix in group.matrices:
        _print(_matrix(matrix))
    for plot in group.plots:
        _print(_plot(plot))
    for note in group.notes:
        console.print(f"- {note}", markup=False)


def show_bars(bars: list[Bar]) -> None:
    """Prints which bars were met."""
    console.rule("[bold]bars[/]")
    shown = RichTable(box=None)
    for name in ("bar", "measured", "bound", "verdict"):
        shown.add_column(name)
    for bar in bars:
        verdict = f"[{VERDICTS[bar.verdict]}]{bar.verdict}[/]"
        bound = f"{bar.sense} {bar.bound:g} {bar.unit}"
        shown.add_row(escape(bar.name), str(bar.value), bound, verdict)
    _print(shown)


def _print(table: RichTable) -> None:
    console.print(table)
    console.print()


def _table(table: Table) -> RichTable:
    shown = RichTable(title=table.title, title_justify="left", box=None)
    shown.add_column("")
    beside = (f"/ {escape(name)}" for name in table.beside)
    for name in (table.unit, "quartiles", *beside):
        shown.add_column(name, justify="right")
    shown.add_column("")
    for figure in table.figures:
        low, high = number(figure.spread.low), number(figure.spread.high)
        ratios = [str(figure.over(table[name])) for name in table.beside]
        quartiles = f"{low} to {high}"
        value = "spread too wide" if figure.spread.too_wide else str(figure.spread)
        shown.add_row(escape(figure.name), value, quartiles, *ratios, figure.note)
    return shown


def _matrix(matrix: Matrix) -> RichTable:
    shown = RichTable(title=matrix.title, title_justify="left", box=None)
    for name in matrix.columns:
        shown.add_column(name)
    for row in matrix.rows:
        shown.add_row(*row)
    return shown


def _plot(plot: Plot) -> RichTable:
    title = f"{plot.title} ({plot.y_label})"
    shown = RichTable(title=title, title_justify="left", box=None)
    sizes = sorted({x for line in plot.lines for x in line.x})
    shown.add_column(plot.x_label)
    for size in sizes:
        shown.add_column(f"{size:,.0f}", justify="right")
    for line in plot.lines:
        values = dict(zip(line.x, line.y, strict=True))
        cells = [number(values[size]) if size in values else "" for size in sizes]
        shown.add_row(escape(line.name), *cells)
    return shown
