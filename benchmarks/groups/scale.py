"""How cost grows with the work: handlers in a registry, in a page, threads, modules.

Each figure is the cost of one handler, or of one module: where that stays level, the
cost grows as the work does. A line that does not is named in the notes.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.groups.identity import fresh, fresh_code
from benchmarks.harness.interleaved import Contender, Run, measure, no_collection, same
from benchmarks.harness.results import Bar, Figure, Group, Line, Plot
from handlerid import ClickEvent, Dispatcher, RegisteredHandler, Registry

__all__ = ["run"]

BATCHES = 16
FASTER = 1.5
"""The growth of a cost, from which on it is said to grow faster than the work."""

CACHES = (
    "A look-up is one look-up in a dictionary. A million entries do not fit into the "
    "processor's caches, so an id that nobody asked for lately is fetched from memory: "
    "the line d[id] of the plot grows alike. Only fewer objects would help."
)


def grown(sizes: Sequence[int], run: Run) -> tuple[list[Registry], Plot]:
    """A registry of each size, and what registering took at the last of them."""
    handlers = fresh_code(sizes[-1])
    line, registries = Line("register, first time"), []
    for size in sizes:
        registry = Registry()
        registry.register(handlers[0], ClickEvent)
        samples = []
        batch = max(1, size // BATCHES)
        with no_collection():
            for begin in range(0, size, batch):
                some = handlers[begin : min(begin + batch, size)]
                start = time.perf_counter()
                for fn in some:
                    registry.register(fn, ClickEvent)
                samples.append((time.perf_counter() - start) / len(some) * 1e6)
                run.tick()
        assert len(registry) == size
        line.add(size, samples)
        registries.append(registry)
    plot = Plot(
        "scale-register",
        "Registering a handler",
        "handlers in the registry",
        "µs a handler",
        [line],
    )
    return registries, plot


def looked_up(
    registries: list[Registry], run: Run
) -> tuple[Plot, dict[tuple[str, int], Figure]]:
    """Looking ids up in registries of each size, in the same rounds.

    Any id at random is the worst case of the processor's caches; a hundred that come
    again and again are what a server has whose users do the same things.
    """
    contenders, names = [], {}
    for registry in registries:
        size = len(registry)
        ids = [str(one) for one in registry]
        plain = {one: registry.resolve(one) for one in ids}
        often = random.Random(size).sample(ids, 100)
        for label, call, asked in (
            ("d[id], any id", plain.__getitem__, ids),
            ("resolve, any id", registry.resolve, ids),
            ("d[id], of a hundred", plain.__getitem__, often),
            ("resolve, of a hundred", registry.resolve, often),
        ):
            name = f"{label}, {size:,}"
            names[name] = label, size
            contenders.append(
                Contender(name, call, _asked_for(asked, name), _is_handler)
            )
        name = f"a scope with ten handlers, {size:,}"
        names[name] = "a scope with ten handlers", size
        some = [registry.resolve(one).fn for one in ids[:10]]
        page = _page(Dispatcher(registry), some)
        contenders.append(
            Contender(name, page, same(None), lambda _, n: n == 10, slow=100)
        )
    # So many that the first of each, which no cache holds, do not count.
    figures = measure(contenders, run, calls=10_000)
    lines: dict[str, Line] = {}
    look_ups = {}
    for figure in figures:
        label, size = names[figure.name]
        lines.setdefault(label, Line(label)).add(size, figure.samples)
        look_ups[label, size] = figure
    plot = Plot(
        "scale-look-up",
        "Looking an id up",
        "handlers in the registry",
        "µs",
        list(lines.values()),
        log_y=True,
    )
    return plot, look_ups


def _asked_for(ids: list[str], seed: str) -> Callable[[int], list[str]]:
    """Ids as payloads bring them: equal texts, other objects, in any order."""
    chance = random.Random(seed)  # another for each: they share no warm entries
    return lambda count: [(one + " ")[:-1] for one in chance.choices(ids, k=count)]


def _is_handler(_: object, found: Any) -> bool:
    return isinstance(found, RegisteredHandler)


def _page(app: Dispatcher, handlers: Sequence[Any]) -> Callable[[object], int]:
    """Render in a scope, and return how many handlers were offered."""

    def render(_: object) -> int:
        with app.scope() as scope:
            return sum(bool(scope.offer(fn, ClickEvent)) for fn in handlers)

    return render


def _is_so_many(count: int) -> Callable[[object, object], bool]:
    return lambda _, found: found == count


def rendered(run: Run) -> Plot:
    """A page with so many handlers, each offered in the page's own scope."""
    sizes = [10, 100, 1_000] if run.quick else [10, 100, 1_000, 10_000, 100_000]
    handlers = fresh_code(sizes[-1])
    known = Dispatcher(Registry())
    for fn in handlers:
        known.registry.register(fn, ClickEvent)
    kinds: dict[str, tuple[Sequence[Any], Dispatcher]] = {
        "handlers of modules": (handlers, known),
        "closures of one function, compared": (
            fresh(sizes[-1]),
            Dispatcher(Registry()),
        ),
        "closures of one function, distinct": (
            fresh(sizes[-1]),
            Dispatcher(Registry(captures="distinct")),
        ),
    }
    contenders, names = [], {}
    for label, (some, app) in kinds.items():
        for size in sizes:
            name = f"{label}, {size:,}"
            names[name] = label, size
            contenders.append(
                Contender(
                    name,
                    _page(app, some[:size]),
                    same(None),
                    _is_so_many(size),
                    slow=size // sizes[0],
                )
            )
    lines: dict[str, Line] = {}
    for figure in measure(contenders, run, calls=100, rounds=7):
        label, size = names[figure.name]
        line = lines.setdefault(label, Line(label))
        line.add(size, [one / size for one in figure.samples])
    return Plot(
        "scale-page",
        "Rendering a page",
        "handlers in the page",
        "µs a handler",
        list(lines.values()),
    )


def threaded(run: Run) -> Plot:
    """Clicks that threads dispatch at the same time, all of one application."""
    count = 2_000 if run.quick else 20_000
    app = Dispatcher(Registry())
    (handler,) = fresh(1)

    def on_click(event: ClickEvent) -> None: ...

    payload = {"handler": str(app.registry.register(on_click)), "key": "a"}

    def dispatching() -> None:
        for _ in range(count):
            app.dispatch(payload)

    def offering() -> None:
        for _ in range(count // 20):
            with app.scope() as scope:
                scope.offer(handler, ClickEvent)

    lines = []
    for label, work, each in (
        ("dispatching a mapping", dispatching, count),
        ("offering in a scope of its own", offering, count // 20),
    ):
        line = Line(label)
        for threads in (1, 2, 4, 8):
            line.add(threads, [_together(threads, work, each) for _ in range(5)])
            run.tick()
        lines.append(line)
    title = "Threads that use one application at the same time"
    return Plot("scale-threads", title, "threads", "calls a second, of all", lines)


def _together(threads: int, work: Callable[[], None], each: int) -> float:
    running = [threading.Thread(target=work) for _ in range(threads)]
    start = time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return threads * each / (time.perf_counter() - start)


IN_MODULE = 5
"""Handlers in a module, two thirds of the functions in it."""

MODULE = """
from handlerid import ClickEvent, InputBlurEvent
TITLE = {number}
def helper_a(x): return x + {number}
def helper_b(x): return x - {number}
def on_a(event: ClickEvent): return helper_a({number}), event.key
def on_b(event: ClickEvent): return helper_b({number}), event.key
def on_c(event: InputBlurEvent): return event.value, {number}
def on_d(event: InputBlurEvent): return event.value * {number}
async def on_e(event: ClickEvent): return event.key, {number}, None
"""

TIMED = """
import importlib, pkgutil, sys, time
from handlerid import ClickEvent, InputBlurEvent, Registry
registry = Registry()
start = time.perf_counter()
import application
for one in pkgutil.iter_modules(application.__path__):
    importlib.import_module("application." + one.name)
imported = time.perf_counter()
registry.scan(application)
print(imported - start, time.perf_counter() - imported, len(registry))
"""


def scanned(run: Run) -> Plot:
    """Milliseconds a module, of importing and of scanning what is imported.

    Each sample is a fresh process, since a module is imported once.
    """
    importing, scanning = Line("importing alone"), Line("scanning what is imported")
    sizes = [10, 100] if run.quick else [10, 100, 500, 2_000]
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _make(Path(folder, "application"), size)
            samples = [_sample(folder, size) for _ in range(2 if run.quick else 4)]
            run.tick()
        # The first writes the bytecode.
        importing.add(size, [first / size * 1e3 for first, _ in samples[1:]])
        scanning.add(size, [second / size * 1e3 for _, second in samples[1:]])
    title = f"Scanning a package, {IN_MODULE} handlers a module"
    label = "ms a module"
    return Plot("scale-scan", title, "modules", label, [importing, scanning])


def _make(package: Path, modules: int) -> None:
    package.mkdir()
    package.joinpath("__init__.py").touch()
    for number in range(modules):
        file = package / f"page_{number}.py"
        file.write_text(MODULE.format(number=number), "utf-8")


def _sample(folder: str, modules: int) -> tuple[float, float]:
    environment = {
        k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"
    }
    environment["PYTHONPATH"] = os.pathsep.join([folder, *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", TIMED],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    importing, scan, found = done.stdout.split()
    assert int(found) == modules * IN_MODULE
    return float(importing), float(scan)


def run(run: Run) -> Group:
    """Measure this group."""
    group = Group("scale")
    group.plots = [rendered(run), threaded(run), scanned(run)]
    sizes = [10**power for power in range(2, 5 if run.quick else 7)]
    registries, registering = grown(sizes, run)
    looking_up, figures = looked_up(registries, run)
    group.plots += [registering, looking_up]
    for label in ("resolve, of a hundred", "resolve, any id"):
        ratio = figures[label, sizes[-1]].over(figures[label, sizes[0]])
        name = f"{label}, among {sizes[-1]:,} / among {sizes[0]:,}"
        group.bars.append(Bar(name, ratio, "<=", 1.5, why=CACHES))
    group.notes = [
        f"{plot.title}, {line.name}: one costs {line.growth:.1f} times as much among "
        f"{line.x[-1]:,.0f} as among {line.x[0]:,.0f}."
        for plot in group.plots
        for line in plot.lines
        if line.growth > FASTER and "second" not in plot.y_label
    ]
    return group
