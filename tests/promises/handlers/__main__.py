"""Prints what ``captures="distinct"`` takes of the handlers of real examples.

    python -m tests.promises.handlers

The examples of NiceGUI, Flet, Gradio, Solara and Mesop are downloaded once, run with
stand-ins for their frameworks in two processes, and their ids are compared.
"""

from __future__ import annotations

import json
import operator
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.promises.handlers.packages import PACKAGES
from tests.promises.handlers.worker import WAYS
from tests.support.fresh import environment

ROOT = Path(__file__).resolve().parents[3]


def run(examples: list[tuple[str, str]], seed: str) -> list[dict[str, Any]]:
    """Return each example's name, errors and handlers, from a fresh process.

    Raises:
        subprocess.SubprocessError: the process failed, or ran for too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.promises.handlers.worker"],
            input=json.dumps(examples),
            cwd=folder,
            env=environment(ROOT, seed=seed),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=900,
        )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def shares(handlers: list[dict[str, str]]) -> list[float]:
    """Return for each way how many of a hundred handlers have an id."""
    taken = [[one[way].startswith("h1-") for one in handlers] for way in WAYS]
    return [100 * sum(row) / len(row) for row in taken]


def main() -> int:
    examples: dict[tuple[str, str], str] = {}  # the framework of each
    for package in PACKAGES:
        try:
            found = package.examples(package.fetch())
        except subprocess.CalledProcessError as error:
            print(f"left out: {package.name} {package.release}: {error}")
        else:
            examples.update(dict.fromkeys(found, package.framework))
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda seed: run([*examples], seed), ("1", "2"))

    # A framework's examples stand together, so both keep the order of the examples.
    by_framework: dict[str, list[dict[str, str]]] = {}
    definitions: dict[tuple[int, str], dict[str, str]] = {}
    for number, framework in enumerate(examples.values()):
        for one in first[number]["handlers"]:
            by_framework.setdefault(framework, []).append(one)
            definitions.setdefault((number, one["code"]), one)
    every = [one for handlers in by_framework.values() for one in handlers]
    failed = sum(bool(example["errors"]) for example in first)
    print(f"{len(first)} examples run, {failed} of them not to the end")
    print("handlers".rjust(21), *(way.rjust(16) for way in WAYS))
    rows = {**by_framework, "all": every, "each code once": [*definitions.values()]}
    for name, handlers in rows.items():
        figures = (f"{share:.1f} %".rjust(16) for share in shares(handlers))
        print(f"{name:14}{len(handlers):7}", *figures)
    again = [one for example in second for one in example["handlers"]]
    same = sum(map(operator.eq, every, again))
    print(f"the same ids in another process, in every way: {same} of {len(every)}")
    return int(same < max(len(every), len(again)) or shares(every)[-1] < 100)


if __name__ == "__main__":
    raise SystemExit(main())
