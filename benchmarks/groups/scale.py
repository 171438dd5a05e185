"""How cost grows with the work: handlers in a registry, in a page, threads, modules.

What is shown is the cost of one handler, or of one module: where that stays level, the
cost grows as the work does. A line that does not is named in the notes.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from benchmarks.groups.identity import fresh, fresh_code
from benchmarks.groups.modules import scanning
from benchmarks.harness.interleaved import Contender, measure, no_collection
from benchmarks.harness.results import Bar, Figure, Group, Line, Plot
from benchmarks.harness.running import Run
from handlerid import BoundHandler, ClickEvent, Dispatcher, Registry

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

    Any id at random is the worst case of the processor's caches; a hundred that are
    asked for again and again are what a server has whose users do the same things.
    """
    contenders, names = [], {}
    for registry in registries:
        size = len(registry)
        ids = [str(one) for one in registry]
        plain = {one: registry.resolve(one) for one in ids}
        scope = registry.scope()
        often = random.Random(size).sample(ids, 100)
        for label, call, asked in (
            ("d[id], any id", plain.__getitem__, ids),
            ("look_up, any id", registry.look_up, ids),
            ("resolve from a scope, any id", scope.resolve, ids),
            ("d[id], of a hundred", plain.__getitem__, often),
            ("look_up, of a hundred", registry.look_up, often),
        ):
            name = f"{label}, {size:,}"
            names[name] = label, size
            contenders.append(
                Contender(name, call, _asked_for(asked, name), _is_handler)
            )
        name = f"a scope with ten handlers, {size:,}"
        names[name] = "a scope with ten handlers", size
        some = [registry.resolve(one).fn for one in ids[:10]]
        page = _page(registry, some)
        contenders.append(
            Contender(name, page, lambda n: [None] * n, lambda _, n: n == 10, slow=100)
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
    return isinstance(found, BoundHandler)


def _page(
    registry: Registry, handlers: Sequence[Any], **settings: Any
) -> Callable[[object], int]:
    """Renders in a scope, and returns how many ids its handlers have."""

    def render(_: object) -> int:
        with registry.scope(**settings) as scope:
            ids = [scope.register(fn, ClickEvent) for fn in handlers]
            return len(ids) if ids[0] != ids[-1] else 1

    return render


def _is_so_many(count: int) -> Callable[[object, object], bool]:
    return lambda _, found: found == count


def rendered(run: Run) -> Plot:
    """A page with so many handlers, each registered in the page's own scope."""
    sizes = [10, 100, 1_000] if run.quick else [10, 100, 1_000, 10_000, 100_000]
    handlers = fresh_code(sizes[-1])
    registry = Registry()
    for fn in handlers:
        registry.register(fn, ClickEvent)
    kinds: dict[str, tuple[Sequence[FunctionType], dict[str, Any]]] = {
        "handlers of modules": (handlers, {}),
        "closures of one function, compared": (fresh(sizes[-1]), {"captures": "warn"}),
        "closures of one function, allowed": (fresh(sizes[-1]), {"captures": "allow"}),
    }
    contenders, names = [], {}
    for label, (some, settings) in kinds.items():
        for size in sizes:
            name = f"{label}, {size:,}"
            names[name] = label, size
            page = _page(registry, some[:size], **settings)
            entries = size if some is handlers else 1
            contenders.append(
                Contender(
                    name,
                    page,
                    lambda n: [None] * n,
                    _is_so_many(entries),
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
    """Clicks that threads dispatch at the same time, all of one registry."""
    count = 2_000 if run.quick else 20_000
    registry = Registry()
    (handler,) = fresh(1)

    def on_click(event: ClickEvent) -> None: ...

    payload = {"handler": str(registry.register(on_click)), "key": "a"}
    dispatcher = Dispatcher(registry)

    def dispatching() -> None:
        for _ in range(count):
            dispatcher.dispatch(payload)

    def registering() -> None:
        for _ in range(count // 20):
            with registry.scope() as scope:
                scope.register(handler, ClickEvent)

    lines = []
    for label, work, each in (
        ("dispatching a mapping", dispatching, count),
        ("registering in a scope of its own", registering, count // 20),
    ):
        line = Line(label)
        for threads in (1, 2, 4, 8):
            line.add(threads, [_together(threads, work, each) for _ in range(5)])
            run.tick()
        lines.append(line)
    title = "Threads that use one registry at the same time"
    return Plot("scale-threads", title, "threads", "calls a second, of all", lines)


def _together(threads: int, work: Callable[[], None], each: int) -> float:
    running = [threading.Thread(target=work) for _ in range(threads)]
    start = time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return threads * each / (time.perf_counter() - start)


def run(run: Run) -> Group:
    """Measures this group."""
    group = Group("scale")
    group.plots = [rendered(run), threaded(run)]
    scanned, note = scanning(run)
    group.plots += [scanned] if scanned else []
    sizes = [10**power for power in range(2, 5 if run.quick else 7)]
    registries, registering = grown(sizes, run)
    looking_up, figures = looked_up(registries, run)
    group.plots += [registering, looking_up]
    for label in ("look_up, of a hundred", "look_up, any id"):
        ratio = figures[label, sizes[-1]].over(figures[label, sizes[0]])
        name = f"{label}, among {sizes[-1]:,} / among {sizes[0]:,}"
        group.bars.append(Bar(name, ratio, "<=", 1.5, why=CACHES, promised=True))
    group.notes = [
        f"{plot.title}, {line.name}: one costs {line.growth:.1f} times as much among "
        f"{line.x[-1]:,.0f} as among {line.x[0]:,.0f}."
        for plot in group.plots
        for line in plot.lines
        if line.growth > FASTER and "second" not in plot.y_label
    ]
    group.notes += [note] if note else []
    return group
