"""What ``import handlerid`` costs: which modules it does not load."""

from __future__ import annotations

from tests.support.fresh import run_fresh

HEAVY = ("asyncio", "cloudpickle", "cryptography")
ON_DEMAND = ("handlerid._current", "handlerid._tokens")
ON_TOP = ("handlerid._cli", "handlerid._demo", "handlerid.integrations")


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh process has loaded after a statement."""
    return set(run_fresh("-c", f"import sys; {statement}; print(*sys.modules)").split())


def within(modules: set[str], packages: tuple[str, ...]) -> set[str]:
    """Those of the modules that are one of the packages or inside it."""
    inside = tuple(f"{package}." for package in packages)
    return {name for name in modules if name in packages or name.startswith(inside)}


def test_import_loads_nothing_heavy_and_nothing_from_the_top_floors() -> None:
    modules = loaded_by("import handlerid")
    assert "handlerid.errors" in modules
    assert within(modules, HEAVY + ON_TOP + ON_DEMAND) == set()


def test_the_check_above_sees_an_import() -> None:
    assert within(loaded_by("import asyncio"), HEAVY) >= {"asyncio", "asyncio.events"}
