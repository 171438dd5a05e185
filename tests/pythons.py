"""The other Pythons of this machine, for tests that compare releases.

What belongs here: finding an interpreter, and the skip when it is not there. The
reason's wording is shared with ``conftest.py``, which lets no other skip pass in CI.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

ABSENT = re.compile(r"Python (3\.\d+) is not on this machine")


@cache
def find_python(version: str) -> Path | None:
    """Finds an interpreter of a release such as ``"3.12"``, the newest under pyenv."""
    pyenv = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    named = shutil.which(f"python{version}")
    candidates = sorted(pyenv, key=_patch_release, reverse=True)
    candidates += [Path(named)] if named else []
    return next((path for path in candidates if _is_python(path, version)), None)


def require_python(version: str) -> Path:
    """Returns the interpreter of this release, or skips the test that asked."""
    # Here, so that the benchmarks find Pythons without pytest.
    import pytest

    path = find_python(version)
    if path is None:
        pytest.skip(f"Python {version} is not on this machine")
    return path


def _patch_release(python: Path) -> int:
    """The last number of ``.../versions/3.12.1/bin/python``; -1 for 3.15-dev."""
    last = python.parents[1].name.rpartition(".")[2]
    return int(last) if last.isdecimal() else -1


def _is_python(path: Path, version: str) -> bool:
    # pyenv's shims carry the name of every release and refuse to run most of them.
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    result = subprocess.run(
        [path, "-c", code], capture_output=True, text=True, check=False
    )
    return result.returncode == 0 and result.stdout.strip() == version
