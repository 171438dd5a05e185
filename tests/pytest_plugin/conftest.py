"""Real runs of pytest with the plugin, over a package and its manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support.fresh import environment, run_fresh
from tests.support.packages import write

CART = """
from handlerid import ClickEvent, Registry
registry = Registry()

@registry.handler
def add(event: ClickEvent):
    assert event.key, "pytest rewrites this"
    return 1

@registry.handler
def drop(event: ClickEvent):
    return 2
"""

Run: TypeAlias = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs pytest with the plugin, in a folder with a package."""
    monkeypatch.delenv("HANDLERID_RELEASE", raising=False)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    # With -p alone, whether or not handlerid is installed with its entry points.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    options = "-p handlerid_pytest -p no:cacheprovider"
    pytester.makeini(f"[pytest]\naddopts = {options}")
    pytester.makepyfile(test_shop="def test_nothing(): ...")
    write(pytester.path, shop____init__="", shop__cart=CART)
    return pytester.runpytest_subprocess


@pytest.fixture
def manifest(run: Run, pytester: pytest.Pytester) -> Path:
    """Return the manifest of the package."""
    return written(pytester, "shop")


def written(pytester: pytest.Pytester, *packages: str) -> Path:
    command = "-m", "handlerid", "manifest", *packages, "-o", "shop.json"
    run_fresh(*command, cwd=pytester.path, path=pytester.path)
    return pytester.path / "shop.json"


def failure(result: pytest.RunResult) -> str:
    """Return the text under the title of the item's failure."""
    (start,) = [n for n, one in enumerate(result.outlines) if "_ ids of " in one]
    rest = result.outlines[start + 1 :]
    (end, *_) = [n for n, one in enumerate(rest) if one.startswith("=====")]
    return "\n".join(rest[:end]).strip()
