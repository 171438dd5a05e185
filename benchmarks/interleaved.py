"""Times contenders in turn, so that all of them meet the same machine.

What belongs here: sampling and ratios; what is timed stands beside. The speed of a
shared machine drifts within seconds, so a figure of one contender says little about
another's of a minute later. Here each round times every contender once, a ratio is
taken within a round, and what is quoted is the median of the rounds.

Garbage collection is off while the clock runs, and each round begins with a
collection. The clock is ``time.perf_counter``. The loop itself is timed in each round
too, and taken off.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Contender", "Result", "measure"]


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    Attributes:
        name: what the table calls it.
        call: is timed with one item.
        items: makes so many items, outside of the timed part; fresh ones, where the
            work is to be done for the first time.
    """

    name: str
    call: Callable[[Any], object]
    items: Callable[[int], Sequence[Any]]


@dataclass
class Result:
    """The samples of one contender, in seconds a call, one a round."""

    name: str
    samples: list[float] = field(default_factory=list)

    @property
    def microseconds(self) -> float:
        return median(self.samples) * 1e6

    def over(self, floor: Result) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile of the ratios to another's."""
        pairs = zip(self.samples, floor.samples, strict=True)
        low, middle, high = quantiles([mine / its for mine, its in pairs], n=4)
        return low, middle, high


def measure(
    contenders: Sequence[Contender], *, calls: int, rounds: int
) -> dict[str, Result]:
    """Times all contenders in turn.

    Args:
        contenders: what to time; the order within a round moves on by one a round.
        calls: items a sample.
        rounds: samples a contender; a first round is not counted.
    """
    results = {one.name: Result(one.name) for one in contenders}
    for number in range(rounds + 1):
        turn = number % len(contenders)
        loop = _loop(calls)
        for one in (*contenders[turn:], *contenders[:turn]):
            seconds = _sample(one, calls) - loop
            if number:
                results[one.name].samples.append(seconds)
    return results


def _loop(calls: int) -> float:
    items = range(calls)
    start = time.perf_counter()
    for _ in items:
        pass
    return (time.perf_counter() - start) / calls


def _sample(contender: Contender, calls: int) -> float:
    items = contender.items(calls)
    call = contender.call
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        for item in items:
            call(item)
        return (time.perf_counter() - start) / calls
    finally:
        gc.enable()
