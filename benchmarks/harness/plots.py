"""Plots of what grows, as SVG and PNG.

What belongs here: drawing, with matplotlib. The files are the same from run to run
where the figures are: no date, no random ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.harness.results import Plot

__all__ = ["draw"]

SETTINGS = {
    "svg.hashsalt": "handlerid",
    "figure.figsize": (7, 4.5),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


def draw(plots: list[Plot], folder: Path) -> list[str]:
    """Draws plots into a folder, two files each, and returns the names without ending.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as library

    library.use("agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    with library.rc_context(SETTINGS):
        for plot in plots:
            figure, axes = pyplot.subplots(layout="constrained")
            for line in plot.lines:
                (drawn,) = axes.plot(line.x, line.y, marker="o", ms=3, label=line.name)
                axes.fill_between(
                    line.x, line.low, line.high, alpha=0.2, color=drawn.get_color()
                )
            axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
            if plot.log_x:
                axes.set_xscale("log")
            if plot.log_y:
                axes.set_yscale("log")
            else:
                axes.set_ylim(bottom=0)
            figure.legend(frameon=False, loc="outside lower center", ncols=2)
            figure.savefig(folder / f"{plot.name}.svg", metadata={"Date": None})
            figure.savefig(folder / f"{plot.name}.png", dpi=120)
            pyplot.close(figure)
    return [plot.name for plot in plots]
