"""CPython 3.14 and 3.15 on wasm32: the npm package ``pyodide`` under Node.

The other side is ``tests/promises/corpus/pyodide_run.mjs``.

To install it: ``npm install --no-save pyodide``, at the root of the repository or in
any folder that ``HANDLERID_PYODIDE`` then names. The candidate of Python 3.15 is
``pyodide@315.0.0-alpha.2``, in a folder ``315`` of such a folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typing_extensions

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests" / "promises" / "corpus" / "pyodide_run.mjs"
# Where the library's own dependencies are: they are pure Python, so they run there too.
SITE_PACKAGES = Path(typing_extensions.__file__).resolve().parent


@cache
def find_pyodide(version: str = "3.14") -> Path | None:
    """Finds the folder of the npm package, or None without it or without Node."""
    named = os.environ.get("HANDLERID_PYODIDE")
    places = [Path(named)] if named else [ROOT, ROOT / ".cache"]
    if version != "3.14":
        places = [place / version.replace(".", "") for place in places]
    packages = (place.resolve() / "node_modules" / "pyodide" for place in places)
    found = next((path for path in packages if (path / "pyodide.mjs").exists()), None)
    return found if shutil.which("node") else None


def require_pyodide(version: str = "3.14") -> Path:
    """Returns the folder of the npm package, or skips the test that asked."""
    package = find_pyodide(version)
    if package is None and version != "3.14":
        pytest.skip(f"Python {version} is not on this machine")
    if package is None:
        pytest.skip(
            "needs Node and the npm package pyodide: npm install --no-save pyodide, "
            "here or in the folder that HANDLERID_PYODIDE names"
        )
    return package


def run_pyodide(
    script: Path,
    *args: str,
    folders: Iterable[Path] = (),
    path: Iterable[Path] = (),
    seed: str = "1",
    version: str = "3.14",
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Runs a Python file with this repository's ``src`` importable.

    Args:
        script: the file; other files in its folder can be read.
        args: what ``sys.argv`` holds after the script.
        folders: more folders of this machine that are seen under the same names, to
            read and to write.
        path: folders to add to ``sys.path``.
        seed: of hashes.
        version: ``"3.14"`` or ``"3.15"``.
        check: raise when the exit code is not 0; standard error is then printed.
    """
    script = script.resolve()
    added = [ROOT / "src", SITE_PACKAGES, *(Path(folder).resolve() for folder in path)]
    seen = [*added, script.parent, *(Path(folder).resolve() for folder in folders)]
    job = {
        "package": str(require_pyodide(version)),
        "script": str(script),
        "args": args,
        "folders": [str(folder) for folder in dict.fromkeys(seen)],
        "path": [str(folder) for folder in added],
        "seed": seed,
    }
    result = subprocess.run(
        ["node", RUNNER, json.dumps(job)], capture_output=True, text=True, check=False
    )
    if check and result.returncode:
        print(result.stderr)
        result.check_returncode()
    return result
