"""The times of a run as pyperf keeps them, for its own tools: ``pyperf stats FILE``.

What belongs here: the translation. Samples that pyperf takes itself would each be of
another minute; these were taken by turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.harness.results import Group

__all__ = ["write"]

SECONDS = {"µs": 1e-6, "ms": 1e-3}
"""A unit in seconds; what is no time is left out."""


def write(groups: list[Group], file: Path) -> None:
    """Writes a suite with a benchmark for every figure that is a time."""
    import pyperf

    benchmarks = []
    for group in groups:
        for table in group.tables:
            if table.unit not in SECONDS:
                continue
            for figure in table.figures:
                values = [
                    max(one * SECONDS[table.unit], 1e-12) for one in figure.samples
                ]
                name = f"{group.name}: {table.title}: {figure.name}"
                metadata = {"name": name, "unit": "second"}
                run = pyperf.Run(values, metadata=metadata, collect_metadata=False)
                benchmarks.append(pyperf.Benchmark([run]))
    pyperf.BenchmarkSuite(benchmarks).dump(str(file), replace=True)
