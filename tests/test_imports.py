"""What ``import handlerid`` costs: which modules it does not load."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("asyncio", "cloudpickle")
ON_TOP = ("handlerid._cli", "handlerid._demo", "handlerid.integrations")


def imported_by(statement: str) -> set[str]:
    """The modules that a fresh process imports, as ``-X importtime`` lists them."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = result.stderr.splitlines()
    rows = [line for line in lines if line.startswith("import time:")]
    return {row.rpartition("|")[2].strip() for row in rows}


def within(modules: set[str], packages: tuple[str, ...]) -> set[str]:
    """Those of the modules that are one of the packages or inside it."""
    inside = tuple(f"{package}." for package in packages)
    return {name for name in modules if name in packages or name.startswith(inside)}


def test_import_loads_nothing_heavy_and_nothing_from_the_top_floors() -> None:
    modules = imported_by("import handlerid")
    assert "handlerid.errors" in modules
    assert within(modules, HEAVY + ON_TOP) == set()


def test_the_check_above_sees_an_import() -> None:
    assert within(imported_by("import asyncio"), HEAVY) >= {"asyncio"}
