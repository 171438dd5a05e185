"""The same code gives the same bytes, wherever and however it is imported."""

from __future__ import annotations

import compileall
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handlerid.manifest import Manifest
from tests.manifest.shop import BUILD, write_shop
from tests.pythons import require_python
from tests.support.fresh import environment, run_fresh
from tests.support.pyodide import require_pyodide, run_pyodide

KINDS = ("bytecode", "source")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def expected(shop: Path) -> dict[str, str]:
    return {kind: run_fresh("-c", BUILD, kind, path=shop, seed="0") for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", ["1", "2", "random"])
def test_hash_seeds(shop: Path, expected: dict[str, str], kind: str, seed: str) -> None:
    assert run_fresh("-c", BUILD, kind, path=shop, seed=seed) == expected[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_another_directory(
    shop: Path, expected: dict[str, str], kind: str, tmp_path: Path
) -> None:
    other = tmp_path / "a place with another name, and longer"
    shutil.copytree(shop, other)
    assert run_fresh("-c", BUILD, kind, path=other, cwd=tmp_path) == expected[kind]
    assert str(shop) not in expected[kind]
    for path in (tmp_path, Path.home(), Path(sys.prefix)):
        assert str(path) not in expected[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_compiled_before(
    shop: Path, expected: dict[str, str], kind: str, tmp_path: Path
) -> None:
    shutil.copytree(shop, tmp_path / "compiled")
    assert compileall.compile_dir(tmp_path / "compiled", quiet=1)
    assert run_fresh("-c", BUILD, kind, path=tmp_path / "compiled") == expected[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_zip(shop: Path, expected: dict[str, str], kind: str, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "shop"), "zip", shop))
    assert run_fresh("-c", BUILD, kind, path=archive) == expected[kind]


def without_sources(shop: Path, folder: Path) -> Path:
    shutil.copytree(shop, folder)
    assert compileall.compile_dir(folder, quiet=1, legacy=True)
    for file in folder.rglob("*.py"):
        file.unlink()
    return folder


def test_pyc_files_alone(shop: Path, expected: dict[str, str], tmp_path: Path) -> None:
    folder = without_sources(shop, tmp_path / "alone")
    assert run_fresh("-c", BUILD, "bytecode", path=folder) == expected["bytecode"]


def test_without_sources_there_is_no_source_fingerprint(
    shop: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    folder = without_sources(shop, tmp_path / "alone")
    text = run_fresh("-c", BUILD, "source", path=folder)
    manifest = Manifest.read(text.encode())
    assert manifest.functions == {}
    assert manifest.not_seen["shop.pages.on_plain"] == (
        "has no id: its source is missing or is not what was compiled, or it is one of "
        "several lambdas of a line that compile to the same code"
    )
    assert str(folder) not in text
    whole = Manifest.read(expected["source"].encode())
    assert {f"{module}.{name}" for module, name in whole.functions} <= {
        *manifest.not_seen
    }


def test_optimised_code_is_that_of_another_python(
    shop: Path, expected: dict[str, str]
) -> None:
    found = {}
    for flags in (["-O"], ["-OO"], ["-X", "utf8"]):
        done = subprocess.run(
            [sys.executable, *flags, "-c", BUILD, "bytecode"],
            env=environment(shop),
            capture_output=True,
            text=True,
            check=True,
        )
        found[flags[0]] = done.stdout
    assert found["-X"] == expected["bytecode"]
    pythons = {flag: Manifest.read(x.encode()).python for flag, x in found.items()}
    plain = pythons.pop("-X")
    assert pythons == {"-O": f"{plain} -O", "-OO": f"{plain} -OO"}


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_sources_on_every_python(
    shop: Path, expected: dict[str, str], version: str
) -> None:
    python = str(require_python(version))
    assert (
        run_fresh("-c", BUILD, "source", path=shop, python=python)
        == (expected["source"])
    )


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_bytecode_says_of_which_python_it_is(
    shop: Path, expected: dict[str, str], version: str
) -> None:
    python = str(require_python(version))
    other = Manifest.read(
        run_fresh("-c", BUILD, "bytecode", path=shop, python=python).encode()
    )
    full = subprocess.run([python, "-V"], capture_output=True, text=True, check=True)
    assert other.python == f"cpython {full.stdout.split()[1]}"
    manifest = Manifest.read(expected["bytecode"].encode())
    assert described(other) == described(manifest)
    assert other.events == manifest.events
    assert other.not_seen == manifest.not_seen


def described(manifest: Manifest) -> dict[Any, Any]:
    """What a manifest says of functions beside digests, without Python's own scopes."""
    found: dict[Any, Any] = {}
    for (module, name), several in manifest.functions.items():
        place = module, name.replace("<listcomp>.", "")
        for one in several:
            rest = one._replace(code="", body="")
            found[place] = sorted([*found.get(place, ()), rest])
    return found


@pytest.mark.parametrize("version", ["3.14"])
def test_sources_on_the_newest_pythons(
    shop: Path, expected: dict[str, str], version: str, tmp_path: Path
) -> None:
    require_pyodide(version)
    script = tmp_path / "script.py"
    script.write_text(BUILD)
    done = run_pyodide(script, "source", path=[shop], version=version)
    assert done.stdout == expected["source"]
    done = run_pyodide(script, "bytecode", path=[shop], version=version)
    other = Manifest.read(done.stdout.encode())
    assert described(other) == described(Manifest.read(expected["bytecode"].encode()))
    assert json.loads(done.stdout)["python"].startswith(f"cpython {version}.")
