"""How thoroughly a run measures, and where.

Each group is measured in a fresh process. CPython adapts a function to what it was
called with before, so that after other groups the same calls may take longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from typing import Any

from benchmarks.harness.results import Group

__all__ = ["Run", "run_alone"]


@dataclass
class Run:
    """One run of the suite.

    Attributes:
        quick: a first look: fewer rounds, smaller sizes, fewer conditions.
        tick: is called often, and shows that time passes.
    """

    quick: bool = False
    tick: Callable[[], object] = lambda: None

    @property
    def rounds(self) -> int:
        return 7 if self.quick else 61


def run_alone(module: str, quick: bool, tick: Callable[[], object]) -> Group:
    """Measures a group in a process of its own.

    Args:
        module: has the group's ``run``.
        quick: as for ``Run``.
        tick: is called meanwhile, several times a second.

    Raises:
        Exception: what the group raised.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        future = pool.submit(_run, module, quick)
        while wait([future], timeout=0.2).not_done:
            tick()
        return future.result()


def _run(module: str, quick: bool) -> Group:
    start = time.monotonic()
    measured: Any = import_module(module)
    group: Group = measured.run(Run(quick))
    group.seconds = time.monotonic() - start
    return group
