"""The client as it is served: its size, its lint, its types, and its tests in Node.

In a real browser it is tested by the files ``test_browser_*.py``. What this needs:
``npm install --no-save eslint@^10 @eslint/js@^10 typescript@^7``, in ``.cache``.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "src" / "handlerid" / "web" / "client.js"
CHECKS = Path(__file__).parent / "client"
PACKAGES = ROOT / ".cache" / "node_modules"


def run_node(*command: str | Path) -> None:
    """Run a script in Node; what it prints is the failure."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node")
    result = subprocess.run(
        [node, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def command_of(package: str, script: str) -> Path:
    found = PACKAGES / package / script
    if not found.exists():
        pytest.skip(f"needs the npm package {package} in .cache")
    return found


def test_it_has_at_most_8000_bytes_as_it_is_served() -> None:
    assert len(gzip.compress(CLIENT.read_bytes(), 9, mtime=0)) <= 8_000


def test_eslint_has_nothing_to_say() -> None:
    eslint = command_of("eslint", "bin/eslint.js")
    command_of("@eslint/js", "package.json")
    run_node(eslint, "-c", CHECKS / "eslint.config.mjs", CLIENT, CHECKS)


def test_its_types_are_right() -> None:
    tsc = command_of("typescript", "bin/tsc")
    run_node(tsc, "-p", CHECKS / "tsconfig.json")


def test_it_does_in_node_what_needs_no_browser() -> None:
    tests = sorted(CHECKS.glob("*.test.mjs"))
    assert tests
    run_node("--test", *tests)
