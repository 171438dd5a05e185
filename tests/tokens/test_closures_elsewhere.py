"""Handlers of every kind, rendered by one process and called by another.

The other one imports the module and never runs an enclosing function.
"""

from __future__ import annotations

import json
import py_compile
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.pythons import require_python
from tests.support.fresh import run_fresh

HERE = Path(__file__).parent
DRIVER = str(HERE / "driver.py")


def rendered(directory: Path) -> dict[str, list[Any]]:
    shutil.copy(HERE / "pages.py", directory)
    out = run_fresh(DRIVER, "render", path=directory, seed="1")
    (directory / "rendered.json").write_text(out, "ascii")
    page: dict[str, list[Any]] = json.loads(out)
    return page


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    directory = tmp_path_factory.mktemp("first")
    return directory / "rendered.json", rendered(directory)


def as_source(directory: Path) -> Path:
    shutil.copy(HERE / "pages.py", directory)
    return directory


def as_pyc(directory: Path) -> Path:
    py_compile.compile(
        str(HERE / "pages.py"), str(directory / "pages.pyc"), doraise=True
    )
    return directory


def as_zip(directory: Path) -> Path:
    file = directory / "app.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(HERE / "pages.py", "pages.py")
    return file


@pytest.mark.parametrize("how", [as_source, as_pyc, as_zip])
def test_another_process_rebuilds_all(
    how: Any, first: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    file, page = first
    out = run_fresh(DRIVER, "answer", str(file), path=how(tmp_path), seed="2")
    answered = json.loads(out)
    assert len(page) > 50
    for name, expected in page.items():
        assert answered[name] == expected, name


def test_bytes_do_not_depend_on_hash_seed_or_directory(
    first: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    _, page = first
    shutil.copy(HERE / "pages.py", tmp_path)
    again = json.loads(run_fresh(DRIVER, "render", path=tmp_path, seed="3"))
    assert {n: one[1] for n, one in again.items()} == {n: o[1] for n, o in page.items()}


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_other_pythons_carry_as_well(version: str, tmp_path: Path) -> None:
    python = str(require_python(version))
    shutil.copy(HERE / "pages.py", tmp_path)
    out = run_fresh(DRIVER, "render", python=python, path=tmp_path)
    file = tmp_path / "rendered.json"
    file.write_text(out, "ascii")
    answered = run_fresh(DRIVER, "answer", str(file), python=python, path=tmp_path)
    assert json.loads(answered) == json.loads(out)
