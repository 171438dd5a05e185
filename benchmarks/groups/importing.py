"""What ``import handlerid`` costs beyond its dependencies.

Each sample is a fresh process. What counts is the time inside of the process, between
two statements: starting Python is not the library's. The dependency that the import
loads is typing_extensions; cloudpickle is loaded when it is first needed.
"""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.harness.results import Bar, Figure, Group, Spread, Table
from benchmarks.harness.running import Run

__all__ = ["run"]

STATEMENTS = {
    "typing_extensions": "import typing_extensions",
    "handlerid": "import handlerid",
    "cloudpickle": "import cloudpickle",
    "msgspec": "import msgspec",
    "handlerid, up to a first dispatch": (
        "from handlerid import ClickEvent, Dispatcher, Registry\n"
        "registry = Registry()\n"
        "@registry.handler\n"
        "def f(event: ClickEvent): done.append(event)\n"
        "Dispatcher(registry).dispatch({'handler': next(iter(registry))})"
    ),
}
"""What is timed, and in which order within a round."""

TIMED = """
import sys, time
done, before = [], len(sys.modules)
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
print(seconds * 1e3, len(sys.modules) - before, {module!r} in sys.modules)
"""

PEERS = {"Mesop": "mesop", "NiceGUI": "nicegui", "pydantic": "pydantic"}


def sample(name: str, statement: str) -> tuple[float, int]:
    """Milliseconds, and modules that were loaded."""
    module = statement.split()[1]
    code = TIMED.format(statement=statement, module=module)
    # An installed package has its bytecode; whoever runs this may have forbidden it.
    writing = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=writing,
        capture_output=True,
        text=True,
        check=True,
    )
    milliseconds, modules, loaded = done.stdout.split()[-3:]
    assert loaded == "True", name
    return float(milliseconds), int(modules)


def run(run: Run) -> Group:
    """Measures this group."""
    group = Group("import")
    figures = {name: Figure(name) for name in STATEMENTS}
    for number in range(5 if run.quick else 25):
        for name, statement in STATEMENTS.items():
            milliseconds, modules = sample(name, statement)
            if number:  # the first may have had to write bytecode
                figures[name].samples.append(milliseconds)
                figures[name].note = f"{modules} modules"
            run.tick()
    group.tables = [
        Table("Importing, in a fresh process", "ms", list(figures.values()))
    ]
    for name, module in PEERS.items() if not run.quick else ():
        try:
            taken = [sample(name, f"import {module}") for _ in range(4)][1:]
        except subprocess.CalledProcessError:
            group.notes.append(f"{name} is not installed: left out.")
            continue
        figure = Figure(name, [one for one, _ in taken], f"{taken[0][1]} modules")
        group.tables[0].figures.append(figure)
        run.tick()
    beyond = [
        ours - theirs
        for ours, theirs in zip(
            figures["handlerid"].samples,
            figures["typing_extensions"].samples,
            strict=True,
        )
    ]
    group.bars = [
        Bar(
            "import, beyond the dependencies",
            Spread.of(beyond),
            "<=",
            5.0,
            "ms",
            why="What is beyond them is handlerid's own modules and what they take "
            "from the standard library; `python -X importtime -c 'import handlerid'` "
            "tells them apart.",
            promised=True,
        )
    ]
    return group
