"""How thoroughly a run measures, and who is told how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Run"]


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
