"""What handlers, scopes and the import hold, in bytes, as ``tracemalloc`` counts them.

What a handler holds is measured beyond the function itself: that is made before, and
kept. So is its event type's decoder, which is made once.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from types import FunctionType

from benchmarks.groups.identity import fresh, fresh_code
from benchmarks.harness.results import Bar, Figure, Group, Line, Plot, Table
from benchmarks.harness.running import Run
from handlerid import ClickEvent, Identity, Registry

__all__ = ["run"]

WHY = (
    "CPython keeps a copy of a code object's bytecode from when it is first read, and "
    "hashing has to read it; that copy is counted here, and has a row of its own. The "
    "rest are the id's text, the bound handler, their places in dictionaries, and what "
    "is remembered of the code: identity, calling and binding each have a weak record "
    "of it, and one for all three would be smaller."
)

IMPORTED = """
import tracemalloc
tracemalloc.start()
{statement}
print(tracemalloc.get_traced_memory()[0] / 1024)
"""
STATEMENTS = {"handlerid": "from handlerid import Dispatcher, Registry"}
"""What is imported of a module that loads its names when they are asked for."""


def held(make: Callable[[int], object], count: int) -> float:
    """Bytes that are there afterwards, by the count; what is made is kept meanwhile."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = make(count)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept is not None
    return (after - before) / count


def in_a_dictionary(handlers: list[FunctionType]) -> Callable[[int], object]:
    """The least: a dictionary of ids as texts."""
    ids = [f"{number:044}" for number in range(len(handlers))]

    def make(count: int) -> object:
        return {(one + " ")[:-1]: fn for one, fn in zip(ids, handlers, strict=True)}

    return make


def registered(handlers: list[FunctionType]) -> Callable[[int], object]:
    """Handlers that were never seen, in a new registry with an identity of its own."""

    def make(count: int) -> object:
        registry = Registry()
        for fn in handlers:
            registry.register(fn, ClickEvent)
        assert len(registry) == count
        return registry

    return make


def read(handlers: list[FunctionType]) -> Callable[[int], object]:
    """What reading ``co_code`` leaves in the code object: CPython keeps the bytes."""

    def make(count: int) -> object:
        return all(fn.__code__.co_code for fn in handlers)

    return make


def identified(handlers: list[FunctionType]) -> Callable[[int], object]:
    """What an identity remembers; the ids are not kept."""

    def make(count: int) -> object:
        identity = Identity()
        for fn in handlers:
            identity.handler_id(fn, ClickEvent)
        return identity

    return make


def in_scopes(handlers: list[FunctionType]) -> Callable[[int], object]:
    """Open scopes, each with one handler that its parent's identity knows."""
    registry = Registry()
    fn = handlers[0]
    registry.register(fn, ClickEvent)

    def make(count: int) -> object:
        scopes = [registry.scope() for _ in range(count)]
        for scope in scopes:
            scope.register(fn, ClickEvent)
        return scopes

    return make


def of_imports(run: Run, group: Group) -> Table:
    """KiB that an import leaves in a fresh process."""
    table = Table("What an import holds, in a fresh process", "KiB", [])
    modules = ["typing_extensions", "handlerid", "cloudpickle"]
    for module in modules if run.quick else [*modules, "mesop", "nicegui"]:
        statement = STATEMENTS.get(module, f"import {module}")
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED.format(statement=statement)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            group.notes.append(f"{module} is not installed: left out.")
        else:
            run.tick()
            kib = float(done.stdout.split()[-1])
            table.figures.append(Figure(module, [kib]))
    return table


def run(run: Run) -> Group:
    """Measures this group."""
    group = Group("memory")
    sizes = [100, 1_000, 10_000] if run.quick else [10**n for n in range(2, 7)]
    Registry().register(fresh(1)[0], ClickEvent)
    line, floor = Line("registered"), Line("in a dictionary")
    for size in sizes:
        # New code each time: Python keeps what was read of it once.
        handlers = fresh_code(size)
        line.add(size, [held(registered(handlers), size)])
        floor.add(size, [held(in_a_dictionary(handlers), size)])
        run.tick()
    known = [
        Figure(name, [held(make(fresh_code(1_000)), 1_000)])
        for name, make in (
            ("in a dictionary of texts", in_a_dictionary),
            ("Python's copy of the bytecode, kept once it was read", read),
            ("what an identity remembers, that copy with it", identified),
            ("registered, with both", registered),
            ("an open scope with one handler", in_scopes),
        )
    ]
    title = "What a handler holds, beyond the function itself"
    group.tables = [Table(title, "bytes", known), of_imports(run, group)]
    group.plots = [
        Plot(
            "memory-registry",
            "Memory of a registry",
            "handlers in the registry",
            "bytes a handler",
            [line, floor],
        )
    ]
    worst = Figure("bytes", [max(line.y[1:])])  # a hundred have a few things in common
    name = "a registered handler, beyond the function"
    bar = Bar(name, worst.spread, "<=", 600, "bytes", why=WHY, promised=True)
    group.bars = [bar]
    return group
