"""The report page of the docs and its plots, written from what a run found.

What names this one computer, its host name and its paths, is left out.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness.results import Bar, Group, Matrix, Plot, Table, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["describe", "draw", "versions", "write"]

HEAD = """\
---
nosearch: true
---
# Benchmark report

This page is written by `make bench`; nobody edits it.
[How it was measured](../production/performance.md), and how to read it.
"""

PACKAGES = (
    *("handlerid", "cloudpickle", "typing-extensions", "msgspec"),
    *("mesop", "dask", "joblib", "marimo", "prefect"),
    *("pydantic", "cattrs", "mashumaro", "dacite"),
    *("nicegui", "textual", "blinker", "psygnal", "pluggy"),
    *("itsdangerous", "jinja2", "starlette", "uvicorn", "gunicorn"),
)

PLOTTING = {
    "svg.hashsalt": "handlerid",
    "figure.figsize": (7, 4.5),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


# The machine.


def describe(arguments: list[str]) -> dict[str, str]:
    """Return the machine, Python and command of a run, by name."""
    libc = " ".join(filter(None, platform.libc_ver()))
    optimised = " with -O" if sys.flags.optimize else ""
    # Of files, the name alone.
    names = (one.rpartition(os.sep)[2] for one in arguments)
    return {
        "processor": _processor(),
        "processors": str(os.cpu_count()),
        "load before the run": f"{os.getloadavg()[0]:.1f}",
        # Not platform.platform(): a kernel's full name is that of one computer.
        "platform": f"{platform.system()}, {platform.machine()}, {libc}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}"
        f"{optimised}, {platform.python_compiler()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": " ".join(["python -m benchmarks", *names]),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(": ")[2] for line in lines if "model name" in line]
    return names[0] if names else platform.machine()


def versions() -> dict[str, str]:
    """Return the versions of ``PACKAGES`` and of wrk."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    try:
        told = subprocess.run(
            ["wrk", "-v"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        found["wrk"] = "not installed"
    else:
        found["wrk"] = told.stdout.partition("wrk ")[2].partition(" ")[0]
    return found


# The page.


def write(
    groups: list[Group],
    machine: dict[str, str],
    versions: dict[str, str],
    plots: str | None,
) -> str:
    """Return the page.

    Args:
        groups: what was found.
        machine: as ``describe`` returns it.
        versions: of packages, by name.
        plots: the folder of the plots, seen from the page; None when there are none.
    """
    parts = [HEAD, "## The run\n", _rows(("", ""), machine.items())]
    parts.append(_rows(("package", "version"), versions.items()))
    bars = [bar for group in groups for bar in group.bars]
    if bars:
        parts += ["## Bars\n", _bars(bars), *_reasons(bars)]
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
        yield "Why a bar was missed:\n"
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
        cells = (number(values[x]) if x in values else "" for x in sizes)
        rows.append([line.name, *cells])
    heads = [f"{plot.y_label}, by {plot.x_label}", *(f"{x:,.0f}" for x in sizes)]
    text = f"### {plot.title}\n\n{_rows(heads, rows)}"
    # The plots are built and not committed: the docs are complete without them.
    return text if folder is None else f"{text}\nPlot: `{folder}/{plot.name}.svg`\n"


def _rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(heads), _row(["---"] * len(heads)), *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _list(texts: list[str]) -> str:
    return "\n".join(f"- {text}" for text in texts) + "\n"


# The plots.


def draw(plots: list[Plot], folder: Path) -> None:
    """Draw plots into a folder, an SVG and a PNG each.

    Raises:
        ImportError: there are plots, and matplotlib is not installed.
    """
    if not plots:
        return
    import matplotlib as library

    library.use("agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    with library.rc_context(PLOTTING):
        for plot in plots:
            figure, axes = pyplot.subplots(layout="constrained")
            for line in plot.lines:
                (drawn,) = axes.plot(line.x, line.y, marker="o", ms=3, label=line.name)
                axes.fill_between(
                    line.x, line.low, line.high, alpha=0.2, color=drawn.get_color()
                )
            axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
            axes.set_xscale("log")
            if plot.log_y:
                axes.set_yscale("log")
            else:
                axes.set_ylim(bottom=0)
            figure.legend(frameon=False, loc="outside lower center", ncols=2)
            figure.savefig(folder / f"{plot.name}.svg", metadata={"Date": None})
            figure.savefig(folder / f"{plot.name}.png", dpi=120)
            pyplot.close(figure)
