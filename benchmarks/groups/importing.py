"""What ``import handlerid`` costs beyond its dependencies.

Each sample is a fresh process. What counts is the time inside of the process, between
two statements: starting Python is not the library's. Names are loaded when they are
asked for, so what a host imports to begin with is timed, too.
"""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.harness.results import Bar, Figure, Group, Table
from benchmarks.harness.running import Run

__all__ = ["run"]

NOTHING = "pass"
BOTH = "import typing_extensions, cloudpickle"
FIRST_DISPATCH = """from handlerid import ClickEvent, Dispatcher, Registry
registry = Registry()
@registry.handler
def f(event: ClickEvent): done.append(event)
Dispatcher(registry).dispatch({'handler': next(iter(registry))})
"""
STATEMENTS = {
    "typing_extensions": (NOTHING, "import typing_extensions"),
    "cloudpickle, beyond that": ("import typing_extensions", "import cloudpickle"),
    "handlerid, beyond both": (BOTH, "import handlerid"),
    "Registry and Dispatcher, beyond both": (
        BOTH,
        "from handlerid import Dispatcher, Registry",
    ),
    "up to a first dispatch, beyond both": (BOTH, FIRST_DISPATCH),
    "Registry and Dispatcher, alone": (
        NOTHING,
        "from handlerid import Dispatcher, Registry",
    ),
}
"""What is loaded before and what is timed, in the order within a round."""

TIMED = """
import sys, time
{before}
done, loaded = [], len(sys.modules)
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
print(seconds * 1e3, len(sys.modules) - loaded, {module!r} in sys.modules)
"""

PEERS = {"Mesop": "mesop", "NiceGUI": "nicegui", "pydantic": "pydantic"}


def sample(name: str, before: str, statement: str) -> tuple[float, int]:
    """Milliseconds, and modules that were loaded."""
    module = statement.split()[1]
    code = TIMED.format(before=before, statement=statement, module=module)
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
        for name, (before, statement) in STATEMENTS.items():
            milliseconds, modules = sample(name, before, statement)
            if number:  # the first may have had to write bytecode
                figures[name].samples.append(milliseconds)
                figures[name].note = f"{modules} modules"
            run.tick()
    group.tables = [
        Table("Importing, in a fresh process", "ms", list(figures.values()))
    ]
    for name, module in PEERS.items() if not run.quick else ():
        try:
            taken = [sample(name, NOTHING, f"import {module}") for _ in range(4)][1:]
        except subprocess.CalledProcessError:
            group.notes.append(f"{name} is not installed: left out.")
            continue
        figure = Figure(name, [one for one, _ in taken], f"{taken[0][1]} modules")
        group.tables[0].figures.append(figure)
        run.tick()
    group.bars = [
        Bar(
            "import, beyond the dependencies",
            figures["handlerid, beyond both"].spread,
            "<=",
            5.0,
            "ms",
            promised=True,
        )
    ]
    return group
