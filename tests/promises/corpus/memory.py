"""Measures that handlers which are gone leave nothing behind.

    python -m tests.promises.corpus.memory [--count 1000000]

``tests/promises/test_memory.py`` runs a sample. Each line is one kind of handler in one
use; bytes are what ``tracemalloc`` says is there that was not there before, objects
what the garbage collector knows. The exit status is 1 when a line is over the bar.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib
import json
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import handlerid
from handlerid import ClickEvent, Dispatcher, Identity, Registry

BAR = 16 * 1024
"""Bytes that may be there afterwards, however many handlers there were."""

RENDER = 20
"""Handlers registered in one scope."""

_LIBRARY = Path(handlerid.__file__).parent
_FRAMES = 10


class Held:
    """What handlers capture, and how many of it are alive."""

    alive: ClassVar[int] = 0

    def __init__(self) -> None:
        Held.alive += 1

    def __del__(self) -> None:
        Held.alive -= 1

    def on_click(self, event: ClickEvent) -> None: ...


class Button(Held):
    def __call__(self, event: ClickEvent) -> None: ...


def closure(held: Held) -> Callable[[ClickEvent], object]:
    def on_click(event: ClickEvent) -> object:
        return held

    return on_click


def decorated(fn: Callable[[ClickEvent], object]) -> Callable[[ClickEvent], object]:
    @functools.wraps(fn)
    def wrapper(event: ClickEvent) -> object:
        return fn(event)

    return wrapper


def bound(number: int, held: Held) -> Callable[[ClickEvent], object]:
    def on_click(number: int, event: ClickEvent) -> object:
        return held

    return functools.partial(on_click, number)


def named(number: int) -> Callable[[ClickEvent], object]:
    """Return a handler of one code, with a name that was made while rendering."""
    on_click = closure(Held())
    on_click.__qualname__ = f"page.row_{number}"
    return on_click


KINDS: dict[str, Callable[[int], Callable[[ClickEvent], object]]] = {
    "closure": lambda number: closure(Held()),
    "decorated closure": lambda number: decorated(closure(Held())),
    "partial of a closure": lambda number: bound(number, Held()),
    "bound method": lambda number: Held().on_click,
    "callable object": lambda number: Button(),
    "computed name": named,
}
"""Makes a handler of each kind; no two are the same object."""


def identify(kind: str, identity: Identity, count: int) -> None:
    make = KINDS[kind]
    for number in range(count):
        identity.handler_id(make(number), ClickEvent)


def render(kind: str, app: Dispatcher, count: int) -> None:
    """Offers handlers as a page does: some in a scope, then the page is gone."""
    make = KINDS[kind]
    for start in range(0, count, RENDER):
        with app.scope() as scope:
            for number in range(start, min(count, start + RENDER)):
                scope.offer(make(number), ClickEvent)


@dataclass(frozen=True)
class Growth:
    """What is there that was not there before.

    Attributes:
        use: which kind of handler, and what was done with it.
        count: how often.
        bytes: of memory, as ``tracemalloc`` counts.
        objects: that the garbage collector knows.
        alive: captured objects that something still holds.
        seconds: what it took.
    """

    use: str
    count: int
    bytes: int
    objects: int
    alive: int
    seconds: float

    @property
    def passed(self) -> bool:
        return self.bytes < BAR and self.alive == 0


def growth(
    use: str, run: Callable[[int], object], count: int, *, warm: int = 1_000
) -> Growth:
    """Measures what ``run(count)`` leaves, after a first run that may leave something.

    What is learnt of the code itself stays: that is there after the first run.
    """
    run(min(count, warm))
    gc.collect()
    tracemalloc.start()
    began = time.perf_counter()
    before, known = tracemalloc.get_traced_memory()[0], len(gc.get_objects())
    run(count)
    gc.collect()
    after, knows = tracemalloc.get_traced_memory()[0], len(gc.get_objects())
    tracemalloc.stop()
    seconds = time.perf_counter() - began
    return Growth(use, count, after - before, knows - known, Held.alive, seconds)


def growth_of_ours(use: str, run: Callable[[int], object], count: int) -> Growth:
    """The same, but of bytes only those that the library has allocated.

    Importing leaves something of its own in Python: a table of strings that grows.
    """
    run(count)
    gc.collect()
    tracemalloc.start(_FRAMES)
    began = time.perf_counter()
    known = len(gc.get_objects())
    run(count)
    gc.collect()
    knows = len(gc.get_objects())
    ours = tracemalloc.Filter(True, f"{_LIBRARY}/*", all_frames=True)
    taken = tracemalloc.take_snapshot().filter_traces([ours])
    tracemalloc.stop()
    bytes_ = sum(trace.size for trace in taken.traces)
    seconds = time.perf_counter() - began
    return Growth(use, count, bytes_, knows - known, Held.alive, seconds)


def of_kinds(count: int) -> list[Growth]:
    """Every kind, identified and registered. Closures come in full number."""
    measured = []
    for kind in KINDS:
        number = count if kind == "closure" else count // 10
        identity, app = Identity(), Dispatcher(Registry(captures="allow"))
        for use, run in (
            (f"{kind}, identified", functools.partial(identify, kind, identity)),
            (f"{kind}, in scopes", functools.partial(render, kind, app)),
        ):
            measured.append(growth(use, run, number))
    return measured


RELOADED = """
import functools

def on_click(event): return {number}

def reset(): return {number}

def make():
    def inner(event): return {number} + 1
    return inner

class Panel:
    def method(self, event): return {number} + 2

def plain(fn):
    @functools.wraps(fn)
    def wrapper(event): return fn(event), {number}
    return wrapper

HANDLERS = [
    on_click, make(), Panel().method, plain(on_click),
    functools.partial(on_click, {number}), functools.cache(reset),
]
"""


def of_reloads(count: int) -> list[Growth]:
    """A module that is edited and reloaded, its handlers identified each time."""
    identity, app = Identity(), Dispatcher(Registry(captures="allow"))

    def versions(count: int) -> Iterator[list[Callable[..., object]]]:
        for number in range(count):
            file.write_text(RELOADED.format(number=number), "utf-8")
            importlib.invalidate_caches()
            module: Any = importlib.import_module("memory_reloaded")
            yield importlib.reload(module).HANDLERS

    def identified(count: int) -> None:
        for handlers in versions(count):
            for handler in handlers:
                identity.handler_id(handler)

    def in_scopes(count: int) -> None:
        for handlers in versions(count):
            with app.scope() as scope:
                for handler in handlers:
                    scope.offer(handler)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "memory_reloaded.py")
        sys.path.insert(0, folder)
        sys.dont_write_bytecode = True  # an edit within a second is an edit
        return [
            growth_of_ours("reloaded, identified", identified, count),
            growth_of_ours("reloaded, in scopes", in_scopes, count),
        ]


def main() -> int:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="python -m tests.promises.corpus.memory",
        description=__doc__.splitlines()[0],
    )
    parser.add_argument(
        "--count", type=int, default=1_000_000, help="closures (default: %(default)s)"
    )
    parser.add_argument(
        "--reloads", type=int, default=200, help="reloads (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON list, no table")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    measured = of_kinds(arguments.count) + of_reloads(arguments.reloads)
    if arguments.json:
        print(json.dumps([asdict(line) for line in measured]))
    else:
        print(f"{'':32}{'count':>10}{'bytes':>8}{'objects':>9}{'alive':>7}{'s':>6}")
        for line in measured:
            print(
                f"{line.use:32}{line.count:10,}{line.bytes:8,}{line.objects:9}"
                f"{line.alive:7}{line.seconds:6.0f}{'' if line.passed else '  FAILED'}"
            )
    return int(not all(line.passed for line in measured))


if __name__ == "__main__":
    sys.exit(main())
