"""The page about the architecture names every module, on the floor of the contract."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "architecture.md"


def floors_of_the_page() -> dict[str, int]:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: int(floor) for floor, name in rows}


def floors_of_the_contract() -> dict[str, int]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    return {
        name: floor
        for floor, modules in enumerate(reversed(contract["layers"]))
        for name in re.findall(r"\w+", modules)
    }


def modules_on_disk() -> set[str]:
    package = ROOT / "src" / "handlerid"
    files = {path.stem for path in package.glob("*.py")}
    packages = {path.parent.name for path in package.glob("*/__init__.py")}
    return (files | packages) - {"__init__", "__main__"}


def test_the_page_has_the_floors_of_the_contract() -> None:
    page, contract = floors_of_the_page(), floors_of_the_contract()
    assert page == {name: contract[name] for name in page}


def test_the_page_names_the_modules_there_are() -> None:
    assert set(floors_of_the_page()) == modules_on_disk()
