"""The report page of the docs, written from what a run found; never typed.

What belongs here: Markdown. How to run the suite and how to read it is in
``docs/explanation/benchmarks.md``, which people write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness.results import Bar, Group, Matrix, Plot, Table, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["write"]

HEAD = """\
# Benchmark report

This page is written by `make bench`; nobody edits it. How it was measured, and how to
read it, is told in [](../explanation/benchmarks.md).
"""


def write(
    groups: list[Group],
    machine: dict[str, str],
    versions: dict[str, str],
    plots: str | None,
) -> str:
    """Returns the page.

    Args:
        groups: what was found.
        machine: where, by name.
        versions: of packages, by name.
        plots: the folder of the plots, seen from the page; None when there are none.
    """
    parts = [HEAD, "## The run\n", _rows(("", ""), machine.items())]
    parts.append(_rows(("package", "version"), versions.items()))
    bars = [bar for group in groups for bar in group.bars]
    for title, promised in (("what is promised", True), ("further ones", False)):
        some = [bar for bar in bars if bar.promised == promised]
        if some:
            parts += [f"## Bars: {title}\n", _bars(some), *_reasons(some)]
    for group in groups:
        parts.append(f"## {group.name.capitalize()}\n")
        parts += [_table(one) for one in group.tables]
        parts += [_matrix(one) for one in group.matrices]
        parts += [_plot(one, plots) for one in group.plots]
        parts += [_list(group.notes)] if group.notes else []
    return "\n".join(parts)


def _bars(bars: list[Bar]) -> str:
    rows = [
        (bar.name, str(bar.value), f"{bar.sense} {bar.bound:g} {bar.unit}", bar.verdict)
        for bar in bars
    ]
    return _rows(("bar", "measured", "bound", "verdict"), rows)


def _reasons(bars: list[Bar]) -> Iterable[str]:
    missed = [bar for bar in bars if bar.verdict == "MISSED" and bar.why]
    if missed:
        yield "Why a bar was missed, and what would be needed:\n"
        yield _list([f"**{bar.name}**: {bar.why}" for bar in missed])


def _table(table: Table) -> str:
    heads = ["", table.unit, "quartiles", *(f"times {name}" for name in table.beside)]
    noted = any(figure.note for figure in table.figures)
    rows = []
    for figure in table.figures:
        spread = figure.spread
        value = "spread too wide" if spread.too_wide else str(spread)
        row = [figure.name, value, f"{number(spread.low)} to {number(spread.high)}"]
        row += [str(figure.over(table[name])) for name in table.beside]
        rows.append([*row, figure.note] if noted else row)
    heads += [""] if noted else []
    return f"### {table.title}\n\n{_rows(heads, rows)}"


def _matrix(matrix: Matrix) -> str:
    note = f"\n{matrix.note}\n" if matrix.note else ""
    return f"### {matrix.title}\n\n{_rows(matrix.columns, matrix.rows)}{note}"


def _plot(plot: Plot, folder: str | None) -> str:
    sizes = sorted({x for line in plot.lines for x in line.x})
    rows = []
    for line in plot.lines:
        values = dict(zip(line.x, line.y, strict=True))
        rows.append(
            [line.name, *(number(values[x]) if x in values else "" for x in sizes)]
        )
    heads = [f"{plot.y_label}, by {plot.x_label}", *(f"{x:,.0f}" for x in sizes)]
    text = f"### {plot.title}\n\n{_rows(heads, rows)}"
    if folder is not None:
        alt = f"{plot.title}: {plot.y_label} by {plot.x_label}"
        text += f"\n![{alt}]({folder}/{plot.name}.svg)\n"
    return text


def _rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(heads), _row(["---"] * len(heads)), *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _list(texts: list[str]) -> str:
    return "\n".join(f"- {text}" for text in texts) + "\n"
