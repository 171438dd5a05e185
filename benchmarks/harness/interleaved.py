"""Times contenders by turns, so that all of them meet the same machine.

What belongs here: sampling; what is timed stands with the groups. The speed of a
shared machine drifts within seconds, so a figure of one contender says little about
another's of a minute later. Here each round times every contender once, a ratio is
taken within a round, and what is quoted is the median of the rounds. pyperf, the
harness that does the rest, runs one benchmark after the other in processes of its own
and cannot do that.

The rules:

1. A contender proves that it does the work before it is timed.
2. Garbage collection is off while the clock runs. Each sample begins with a collection
   of what the suite itself left; all that was there before is frozen.
3. The clock is ``time.perf_counter``. The loop itself is timed in each round too, and
   taken off. A first round is not counted.
"""

from __future__ import annotations

import gc
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.harness.results import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from benchmarks.harness.running import Run

__all__ = ["Contender", "DidNotDoTheWork", "called_with", "measure", "no_collection"]


class DidNotDoTheWork(Exception):
    """A contender's result is not what it should be; it is not timed."""


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    Attributes:
        name: what the table calls it.
        call: is timed with one item.
        items: makes so many items, outside of the timed part; fresh ones, where the
            work is to be done for the first time.
        proves: tells of an item and its result whether the work was done.
        slow: how many times fewer calls a sample has.
    """

    name: str
    call: Callable[[Any], object]
    items: Callable[[int], Sequence[Any]]
    proves: Callable[[Any, Any], object]
    slow: int = 1


def measure(
    contenders: Sequence[Contender], run: Run, *, calls: int, rounds: int | None = None
) -> list[Figure]:
    """Times all contenders by turns, in microseconds a call.

    Args:
        contenders: what to time; the order within a round moves on by one a round.
        run: how thoroughly; is told of each round.
        calls: items a sample.
        rounds: samples a contender; by default, the run's.

    Raises:
        DidNotDoTheWork: the result of one is not what it should be.
    """
    for one in contenders:
        _prove(one)
    rounds = rounds or run.rounds
    figures = {one.name: Figure(one.name) for one in contenders}
    gc.collect()
    gc.freeze()
    try:
        for number in range(rounds + 1):
            turn = number % len(contenders)
            loop = _loop(calls)
            for one in (*contenders[turn:], *contenders[:turn]):
                seconds = _sample(one, max(1, calls // one.slow)) - loop
                if number:
                    figures[one.name].samples.append(seconds * 1e6)
            run.tick()
    finally:
        gc.unfreeze()
    return list(figures.values())


@contextmanager
def no_collection() -> Iterator[None]:
    """Keeps the garbage collector off."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def called_with(fn: Any, call: Callable[[Any], object], item: Any) -> Any:
    """Runs a call once more and returns what the handler in it got as its event.

    So a handler that does nothing, and costs nothing, still proves that it was called.

    Raises:
        DidNotDoTheWork: it was not called exactly once.
    """
    events: list[Any] = []

    def watch(frame: FrameType, what: str, _: object) -> None:
        if what == "call" and frame.f_code is fn.__code__:
            events.extend(frame.f_locals.values())

    sys.setprofile(watch)
    try:
        call(item)
    finally:
        sys.setprofile(None)
    if len(events) != 1:
        raise DidNotDoTheWork(f"{fn.__name__} was called {len(events)} times")
    return events[0]


def _prove(contender: Contender) -> None:
    (item,) = contender.items(1)
    result = contender.call(item)
    if not contender.proves(item, result):
        raise DidNotDoTheWork(f"{contender.name} did not do the work")


def _loop(calls: int) -> float:
    items = range(calls)
    start = time.perf_counter()
    for _ in items:
        pass
    return (time.perf_counter() - start) / calls


def _sample(contender: Contender, calls: int) -> float:
    items = contender.items(calls)
    call = contender.call
    with no_collection():
        start = time.perf_counter()
        for item in items:
            call(item)
        return (time.perf_counter() - start) / calls
