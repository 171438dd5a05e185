"""Scanning an application: so many modules, a few handlers in each.

What belongs here: making such a package, and scanning it in fresh processes, since a
module is imported once. Importing alone stands beside it: that is the application's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness.results import Line, Plot
from benchmarks.harness.running import Run
from handlerid import Registry

__all__ = ["scanning"]

HANDLERS = 5
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


def scanning(run: Run) -> tuple[Plot | None, str]:
    """Milliseconds a module, of importing and of scanning what is imported."""
    if not hasattr(Registry, "scan"):
        return None, "Registry.scan is not there: scanning is not measured."
    importing, scanned = Line("importing alone"), Line("scanning what is imported")
    sizes = [10, 100] if run.quick else [10, 100, 500, 2_000]
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _make(Path(folder, "application"), size)
            samples = [_sample(folder, size) for _ in range(2 if run.quick else 4)]
            run.tick()
        # The first writes the bytecode.
        importing.add(size, [first / size * 1e3 for first, _ in samples[1:]])
        scanned.add(size, [second / size * 1e3 for _, second in samples[1:]])
    title = f"Scanning a package, {HANDLERS} handlers a module"
    label = "ms a module"
    return Plot("scale-scan", title, "modules", label, [importing, scanned]), ""


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
    assert int(found) == modules * HANDLERS
    return float(importing), float(scan)


def main(modules: int = 1_000) -> None:
    """Prints what so many modules cost."""
    with tempfile.TemporaryDirectory() as folder:
        _make(Path(folder, "application"), modules)
        _sample(folder, modules)  # writes the bytecode
        importing, scan = _sample(folder, modules)
    print(f"{modules} modules, {modules * HANDLERS} handlers")
    print(f"importing alone             {importing * 1e3:8.1f} ms")
    print(f"scanning what is imported   {scan * 1e3:8.1f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
