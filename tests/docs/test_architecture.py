"""The page about the architecture is true: floors, rooms, sizes, what to edit."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "contributing" / "architecture.md").read_text("utf-8")
PACKAGE = ROOT / "src" / "handlerid"

ROOMS: dict[str, tuple[int, int | None]] = {
    name: (int(floor), int(lines) if lines else None)
    for floor, name, lines in re.findall(
        r"^\| (\d) \| `(\w+)` \| (\d*) ?\|", PAGE, re.MULTILINE
    )
}
"""Floor and lines at most of every room, as the page has them."""

CORE = ("_identity", "_registry", "_dispatch")
# The web's own bound is in the page; the others are for deploys and for checks.
LAYERS = (
    *("integrations", "web", "manifest", "_manifest"),
    *("__main__", "_cli", "check"),
)


def files_of(room: str) -> list[Path]:
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


def lines_of(files: list[Path]) -> int:
    return sum(len(file.read_text("utf-8").splitlines()) for file in files)


def test_the_floors_are_those_of_the_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    contract = {
        name: floor
        for floor, rooms in enumerate(reversed(layers))
        for name in re.findall(r"\w+", rooms)
    }
    assert {name: floor for name, (floor, _) in ROOMS.items()} == contract


def test_the_rooms_are_those_on_disk() -> None:
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(ROOMS) == files | packages


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_no_larger_than_the_page_says(room: str) -> None:
    most = ROOMS[room][1]
    assert most is None or lines_of(files_of(room)) <= most


def test_the_core_reads_in_an_hour() -> None:
    files = [file for room in CORE for file in files_of(room)]
    assert lines_of([file for file in files if file.name != "scan.py"]) <= 2_900
    everything = [
        file for room in ROOMS if room not in LAYERS for file in files_of(room)
    ]
    assert lines_of([*everything, PACKAGE / "__init__.py"]) <= 10_000


def test_no_module_imports_from_the_door_of_its_own_room() -> None:
    found = [
        f"{file.relative_to(PACKAGE)}:{node.lineno}"
        for room in ROOMS
        for file in files_of(room)
        if file.parent != PACKAGE and not file.name.startswith("__")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module
        == ".".join(("handlerid", *file.parent.relative_to(PACKAGE).parts))
    ]
    assert found == []


def test_what_is_to_be_edited_is_there() -> None:
    table = PAGE.partition("## To change X")[2]
    for name in re.findall(r"`([\w/.-]+)`", table):
        if name.startswith("docs/"):
            assert (ROOT / name).exists(), name
        else:
            assert (PACKAGE / name).exists() or (PACKAGE / f"{name}.py").exists(), name
