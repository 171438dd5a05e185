"""A law: the checker finds a handler if and only if rendering it warns."""

from __future__ import annotations

import importlib
from pathlib import Path

from handlerid.check import check_paths
from tests.check import rendering

FOLDER = Path(__file__).parent / "patterns"
FILES = sorted(FOLDER.glob("[a-z]*.py"))
RULES = {"HID001": "captures", "HID002": "annotation", "HID003": "captures"}


def exceptions(kind: str) -> set[tuple[str, int]]:
    """Return the lines that say in a comment why they are an exception."""
    return {
        (str(path), number)
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if f"# {kind}: " in line
    }


def test_what_is_found_is_what_rendering_warns_of() -> None:
    rendering.PAGES.clear()
    for path in FILES:
        importlib.reload(importlib.import_module(f"tests.check.patterns.{path.stem}"))
    warned = rendering.warned_of(rendering.PAGES)
    found = {(x.path, x.line): RULES[x.code] for x in check_paths([str(FOLDER)])}
    assert len(rendering.PAGES) > 90
    assert warned.keys() - found.keys() == exceptions("missed")
    assert found.keys() - warned.keys() == exceptions("wrong")
    both = warned.keys() & found.keys()
    assert {one: warned[one] for one in both} == {one: found[one] for one in both}
