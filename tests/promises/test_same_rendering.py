"""The same rendering of the same state has the same ids, and they mean the same rows.

Rendered in fresh processes, each with the state in seven forms: as it was made, through
JSON, through a store that sorts keys, with ``cached_property`` warm and cold.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.pythons import require_python
from tests.support.fresh import run_fresh

FOLDER = Path(__file__).parent / "rendering"
MAIN = "import render; render.main({!r}, times={times})"
OTHERS_FIRST = "import orders, unittest.mock, asyncio, handlerid.testing; "
TRACED = "import sys; sys.settrace(lambda *_: None); "
Rendering = dict[str, list[Any]]  # of each handler, its id and what it answers


class Process(NamedTuple):
    """How a process is started."""

    main: str = MAIN.format("source", times=1)
    python: str = sys.executable
    options: tuple[str, ...] = ()
    seed: str = "random"
    folder: Path = FOLDER


def renderings(*processes: Process) -> Iterator[tuple[Process, Rendering]]:
    """Yield each process with its rendering of each form of the state."""

    def run(one: Process) -> list[Rendering]:
        printed = run_fresh(
            *(*one.options, "-c", one.main),
            python=one.python,
            seed=one.seed,
            path=one.folder,
        )
        return [*json.loads(printed).values()]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for process, shown in zip(processes, pool.map(run, processes), strict=True):
            assert len(shown) == 7
            for one in shown:
                yield process, one


def differing(first: Rendering, *processes: Process) -> list[tuple[Process, str]]:
    """Return the handlers that are not the same in all renderings."""
    return [
        (process, name)
        for process, shown in renderings(*processes)
        for name in first.keys() | shown.keys()
        if first.get(name) != shown.get(name)
    ]


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    return next(shown for _, shown in renderings(Process()))


def test_in_15_processes_of_three_pythons(rendering: Rendering, tmp_path: Path) -> None:
    pythons = [str(require_python(version)) for version in ("3.11", "3.12", "3.13")]
    elsewhere, future = tmp_path / "elsewhere", tmp_path / "future"
    shutil.copytree(FOLDER, elsewhere)
    shutil.copytree(FOLDER, future)
    text = (FOLDER / "orders.py").read_text("utf-8")
    text = text.replace("\nimport", "\nfrom __future__ import annotations\nimport", 1)
    (future / "orders.py").write_text(text, "utf-8")
    ways = [
        Process(),
        Process(options=("-O", "-X", "no_debug_ranges")),
        Process(options=("-OO",), folder=future),
        Process(MAIN.format("source", times=5), folder=elsewhere),
        Process(TRACED + OTHERS_FIRST + Process().main, folder=future),
    ]
    processes = [  # 3 and 5: each way on each Python
        ways[number % 5]._replace(python=pythons[number % 3], seed=str(number))
        for number in range(15)
    ]
    assert differing(rendering, *processes) == []


def test_with_bytecode_on_one_python() -> None:
    main = MAIN.format("bytecode", times=1)
    first = next(shown for _, shown in renderings(Process(main, seed="1")))
    processes = [
        Process(main, seed="2", options=("-X", "no_debug_ranges")),
        Process(MAIN.format("bytecode", times=5)),
        Process(TRACED + OTHERS_FIRST + main),
    ]
    assert differing(first, *processes) == []


def test_each_row_is_answered_for_itself(rendering: Rendering) -> None:
    """So the renderings are not equal because all rows have one id."""
    of_rows = {name: told for name, told in rendering.items() if name[:3] == "row"}
    assert len(of_rows) == 35
    for name, (_, answer) in of_rows.items():
        assert name[: len("row 0")] in str(answer), name
    # Three functions are offered twice; five carry one of two customers, or None.
    assert len({reference for reference, _ in rendering.values()}) == 68 - 3 - 3


@pytest.mark.parametrize(
    ("file", "before", "after", "names"),
    [
        ("orders.py", 'return "remove"', 'return "removed"', {"row 3 remove"}),
        ("render.py", "at=[1, {", "at=[True, {", {"row 0 pay", "lambda 0"}),
        ("render.py", '"page": 3', '"page": 4', {"walk"}),
    ],
)
def test_a_difference_is_seen(
    rendering: Rendering,
    tmp_path: Path,
    file: str,
    before: str,
    after: str,
    names: set[str],
) -> None:
    folder = tmp_path / "rendering"
    shutil.copytree(FOLDER, folder)
    text = (folder / file).read_text("utf-8")
    (folder / file).write_text(text.replace(before, after, 1), "utf-8")
    found = {name for _, name in differing(rendering, Process(folder=folder))}
    assert names <= found
    assert not found & {"row 4 rename", "row 1 save", "show 0", "date 0"}
