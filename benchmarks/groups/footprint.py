"""What the library costs beside time: its import, its memory, the files a call enters.

Each sample is a fresh process. What counts is the time inside of the process, between
two statements: starting Python is not the library's.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from types import FunctionType

from benchmarks.groups.identity import fresh, fresh_code
from benchmarks.harness.interleaved import Run
from benchmarks.harness.results import (
    Bar,
    Figure,
    Group,
    Line,
    Matrix,
    Plot,
    Spread,
    Table,
)
from handlerid import ClickEvent, Dispatcher, Identity, Registry

__all__ = ["fresh_code", "held", "registered", "run"]

BOTH = "import typing_extensions, cloudpickle"
NAMES = "from handlerid import ClickEvent, Dispatcher, Registry"
FIRST_CLICK = f"""{NAMES}
registry = Registry()
@registry.handler
def f(event: ClickEvent): done.append(event)
body = '{{"handler": "%s", "key": "a"}}' % next(iter(registry))
Dispatcher(registry).dispatch(body.encode())
assert done[0].key == "a"
"""
STATEMENTS = {
    "typing_extensions": ("pass", "import typing_extensions"),
    "cloudpickle, beyond that": ("import typing_extensions", "import cloudpickle"),
    "Registry, Dispatcher, ClickEvent, beyond both": (f"{BOTH}, json", NAMES),
    "up to a first JSON click, beyond both": (f"{BOTH}, json", FIRST_CLICK),
    "Registry, Dispatcher, ClickEvent, alone": ("pass", NAMES),
}
"""What is loaded before and what is timed, in the order within a round."""

TIMED = """
import sys, time
{before}
done, loaded = [], len(sys.modules)
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
print(seconds * 1e3, len(sys.modules) - loaded)
"""

PEERS = {"Mesop": "mesop", "NiceGUI": "nicegui", "pydantic": "pydantic"}

WHY = (
    "CPython keeps a copy of a code object's bytecode from when it is first read, and "
    "hashing has to read it; that copy is counted here, and has a row of its own."
)


def fresh_process(code: str) -> list[str]:
    """Run code in a process of its own, and return the words that it prints."""
    # An installed package has its bytecode; this process may be forbidden to write it.
    writing = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=writing,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout.split()


def sample(before: str, statement: str) -> tuple[float, int]:
    """Milliseconds, and modules that were loaded."""
    milliseconds, modules = fresh_process(
        TIMED.format(before=before, statement=statement)
    )[-2:]
    return float(milliseconds), int(modules)


def importing(run: Run, group: Group) -> None:
    figures = {name: Figure(name) for name in STATEMENTS}
    for number in range(3 if run.quick else 25):
        for name, (before, statement) in STATEMENTS.items():
            milliseconds, modules = sample(before, statement)
            if number:  # the first may have had to write bytecode
                figures[name].samples.append(milliseconds)
                figures[name].note = f"{modules} modules"
            run.tick()
    table = Table("Importing, in a fresh process", "ms", list(figures.values()))
    for name, module in PEERS.items() if not run.quick else ():
        try:
            taken = [sample("pass", f"import {module}") for _ in range(4)][1:]
        except RuntimeError:
            group.notes.append(f"{name} is not installed: left out.")
            continue
        figure = Figure(name, [one for one, _ in taken], f"{taken[0][1]} modules")
        table.figures.append(figure)
        run.tick()
    group.tables.append(table)
    for name, bound in (
        ("Registry, Dispatcher, ClickEvent, beyond both", 7),
        ("up to a first JSON click, beyond both", 11),
    ):
        title = f"import: {name}"
        group.bars.append(Bar(title, table[name].spread, "<=", bound, "ms"))


# Memory, as tracemalloc counts it, beyond the function itself.


def held(make: Callable[[list[FunctionType]], object], count: int) -> float:
    """Bytes a handler that are there afterwards, while what was made is kept."""
    handlers = fresh_code(count)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = make(handlers)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept is not None
    return (after - before) / count


def in_a_dictionary(handlers: list[FunctionType]) -> object:
    """The least: a dictionary of ids as texts."""
    return {f"{number:044}": fn for number, fn in enumerate(handlers)}


def registered(handlers: list[FunctionType]) -> object:
    """Handlers that were never seen, in a new registry with an identity of its own."""
    registry = Registry()
    for fn in handlers:
        registry.register(fn, ClickEvent)
    assert len(registry) == len(handlers)
    return registry


def read(handlers: list[FunctionType]) -> object:
    """What reading ``co_code`` leaves in the code object: CPython keeps the bytes."""
    return all(fn.__code__.co_code for fn in handlers)


def identified(handlers: list[FunctionType]) -> object:
    """What an identity remembers; the ids are not kept."""
    identity = Identity()
    for fn in handlers:
        identity.handler_id(fn, ClickEvent)
    return identity


def in_scopes(handlers: list[FunctionType]) -> object:
    """Scopes that are kept, each with one closure of code that is known."""
    app = Dispatcher(Registry())
    scopes = []
    for fn in fresh(len(handlers)):
        with app.scope() as scope:
            scope.offer(fn, ClickEvent)
        scopes.append(scope)
    return scopes


def memory(run: Run, group: Group) -> None:
    sizes = [100, 1_000, 10_000] if run.quick else [10**n for n in range(2, 7)]
    registered(fresh(1))
    line, floor = Line("registered"), Line("in a dictionary")
    for size in sizes:
        line.add(size, [held(registered, size)])
        floor.add(size, [held(in_a_dictionary, size)])
        run.tick()
    kinds = {
        "in a dictionary of texts": in_a_dictionary,
        "Python's copy of the bytecode, kept once it was read": read,
        "what an identity remembers, that copy with it": identified,
        "registered, with both": registered,
        "a scope with one closure": in_scopes,
    }
    figures = [Figure(name, [held(make, 1_000)]) for name, make in kinds.items()]
    title = "What a handler holds, beyond the function itself"
    group.tables.append(Table(title, "bytes", figures))
    group.plots.append(
        Plot(
            "memory-registry",
            "Memory of a registry",
            "handlers in the registry",
            "bytes a handler",
            [line, floor],
        )
    )
    # A hundred have a few things in common.
    worst = Spread.of([max(line.y[1:])])
    name = "memory of a registered handler"
    group.bars.append(Bar(name, worst, "<=", 700, "bytes", WHY))


# The files that a call enters, in a fresh process.

ENTERED = """
import json, sys
from functools import partial
from pathlib import Path
import handlerid
from handlerid import ClickEvent, Dispatcher, Registry, Tokens
HERE = str(Path(handlerid.__file__).parent)

def count(name, call):
    files = []
    def watch(frame, what, _):
        if what == "call" and frame.f_code.co_filename.startswith(HERE):
            files.append(frame.f_code.co_filename)
    sys.setprofile(watch)
    result = call()
    sys.setprofile(None)
    moves = 1 + sum(one != other for one, other in zip(files, files[1:]))
    found[name] = [len(set(files)), moves]
    return result

def add(state):
    def on_click(event: ClickEvent): state["count"] += 1
    return on_click

def render(state, scope):
    return scope.offer(add(state))

def answer(state, app, payload):
    app.dispatch(payload, rerender=partial(render, state))
    with app.scope() as scope:
        return render(state, scope)

def link(url):
    def on_click(event: ClickEvent): return url
    return on_click

def body(reference):
    return json.dumps({"handler": reference, "key": "a"}).encode()

found = {}
app = Dispatcher(Registry())
with app.scope() as scope:
    scope.offer(lambda event: 1, ClickEvent)
    count("a first offer", lambda: scope.offer(link("a")))
state = {"count": 0}
with app.scope() as scope:
    reference = render(state, scope)
data = body(app.registry.register(lambda event: 2, ClickEvent))
app.prepare(data)
count("prepare, of bytes", lambda: app.prepare(data))
count("a click with rerender", lambda: answer(state, app, body(reference)))
assert state == {"count": 1}

def server():
    registry = Registry(captures="carry")
    registry.scan("__main__")
    return Dispatcher(registry, tokens=Tokens(b"k" * 32))

with server().scope(audience=None) as scope:
    reference = scope.offer(link("b"))
carrying = server()
call = lambda: carrying.dispatch(body(reference), audience=None)
assert count("a carried click, the first time", call) == "b"
print(json.dumps(found))
"""

MOST = {
    "a first offer": (7, 12),
    "prepare, of bytes": (5, 6),
    "a click with rerender": (10, 25),
    "a carried click, the first time": (16, 50),
}


def entered(group: Group) -> None:
    """How many files a call enters, and how often it moves from one to another."""
    found = json.loads(" ".join(fresh_process(ENTERED)))
    rows = []
    for name, (files, moves) in found.items():
        most_files, most_moves = MOST[name]
        rows.append([name, str(files), str(moves)])
        for what, value, most in (
            ("files entered", files, most_files),
            ("moves between files", moves, most_moves),
        ):
            spread = Spread.of([value])
            group.bars.append(Bar(f"{name}: {what}", spread, "<=", most, ""))
    columns = ["call", "files entered", "moves between files"]
    title = "The way through the library's files"
    group.matrices.append(Matrix(title, columns, rows, "By sys.setprofile."))


def run(run: Run) -> Group:
    """Measure this group."""
    group = Group("footprint")
    importing(run, group)
    memory(run, group)
    entered(group)
    return group
