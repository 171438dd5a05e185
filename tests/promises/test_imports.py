"""What ``import handlerid`` costs: which modules it does not load."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import handlerid
from tests.support.fresh import run_fresh

HEAVY = ("asyncio", "cloudpickle", "cryptography")
ON_DEMAND = ("handlerid._dispatcher", "handlerid._identity", "handlerid._registry")
ON_TOP = ("handlerid._cli", "handlerid._demo", "handlerid.integrations")


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh process has loaded after a statement."""
    return set(run_fresh("-c", f"import sys; {statement}; print(*sys.modules)").split())


def within(modules: set[str], packages: tuple[str, ...]) -> set[str]:
    """Those of the modules that are one of the packages or inside it."""
    inside = tuple(f"{package}." for package in packages)
    return {name for name in modules if name in packages or name.startswith(inside)}


def test_no_name_loads_anything_heavy_or_from_the_top_floors() -> None:
    modules = loaded_by("from handlerid import *")
    assert modules > {"handlerid.errors", *ON_DEMAND}
    assert within(modules, HEAVY + ON_TOP) == set()


def test_names_are_loaded_when_they_are_asked_for() -> None:
    modules = loaded_by("import handlerid")
    assert "handlerid.events" in modules
    assert within(modules, ON_DEMAND) == set()


def test_a_name_loads_its_own_module_and_what_that_needs() -> None:
    modules = loaded_by("from handlerid import Registry")
    assert "handlerid._registry" in modules
    assert within(modules, ("handlerid._dispatcher", "handlerid._tokens")) == set()


def test_type_checkers_read_the_names_that_are_loaded() -> None:
    tree = ast.parse(Path(handlerid.__file__).read_text())
    said = {
        (node.module.removeprefix("handlerid."), name.name)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for name in node.names
    }
    loaded = {
        (module, "*" if module == "events" else name)
        for module, names in handlerid._MODULES.items()
        for name in names
    }
    assert said == loaded
    names = {name for names in handlerid._MODULES.values() for name in names}
    assert names == set(handlerid.__all__)


def test_every_name_is_there() -> None:
    for name in handlerid.__all__:
        assert getattr(handlerid, name) is not None
        assert name in dir(handlerid)
    with pytest.raises(AttributeError, match="'handlerid' has no attribute 'nobody'"):
        handlerid.nobody  # type: ignore[attr-defined]  # noqa: B018


def test_these_checks_see_an_import() -> None:
    assert within(loaded_by("import asyncio"), HEAVY) >= {"asyncio", "asyncio.events"}
