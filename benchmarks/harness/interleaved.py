"""Times contenders by turns, so that all of them meet the same machine.

The speed of a shared machine drifts within seconds, so a figure of one contender says
little about another's of a minute later. Here each round times every contender once, a
ratio is taken within a round, and what is quoted is the median of the rounds.

1. A contender proves that it does the work before it is timed.
2. Garbage collection is off while the clock runs. Each sample begins with a collection
   of what the suite itself left; all that was there before is frozen.
3. The clock is ``time.perf_counter``. The loop itself is timed in each round too, and
   taken off. A first round is not counted.
4. Each group is measured in a fresh process: CPython adapts a function to what it was
   called with before, so after other groups the same calls may take longer.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Any

from benchmarks.harness.results import Figure, Group

if TYPE_CHECKING:
    from types import FrameType

__all__ = [
    "Contender",
    "DidNotDoTheWork",
    "Run",
    "called_with",
    "measure",
    "no_collection",
    "run_alone",
    "same",
]


class DidNotDoTheWork(Exception):
    """A contender's result is not what it should be; it is not timed."""


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
        return 3 if self.quick else 61


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    Attributes:
        name: what the table calls it.
        call: is timed with one item.
        items: makes so many items, outside of the timed part; fresh ones, where the
            work is to be done for the first time.
        proves: whether the work was done, given an item and its result.
        slow: how many times fewer calls a sample has.
    """

    name: str
    call: Callable[[Any], object]
    items: Callable[[int], Sequence[Any]]
    proves: Callable[[Any, Any], object]
    slow: int = 1


def same(item: Any) -> Callable[[int], list[Any]]:
    """Items that are all this one."""
    return lambda count: [item] * count


def measure(
    contenders: Sequence[Contender], run: Run, *, calls: int, rounds: int | None = None
) -> list[Figure]:
    """Times all contenders by turns, in microseconds a call.

    Args:
        contenders: what to time; the order within a round moves on by one a round.
        run: how thoroughly.
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
    """Run a call once more and return the event that its handler got.

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


def run_alone(module: str, quick: bool, tick: Callable[[], object]) -> Group:
    """Measure a group in a process of its own.

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
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start = time.monotonic()
    measured: Any = import_module(module)
    group: Group = measured.run(Run(quick))
    group.seconds = time.monotonic() - start
    return group


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


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
