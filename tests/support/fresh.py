"""Runs Python in a fresh process, as another server or another day would.

What belongs here: the one helper for tests that need a process of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import typing_extensions

import handlerid

SOURCES = [Path(handlerid.__file__).parents[1], Path(typing_extensions.__file__).parent]
"""Where ``handlerid`` and what it needs are imported from, by any Python."""


def run_fresh(
    *arguments: str,
    python: str = sys.executable,
    seed: str = "random",
    path: Path | None = None,
    cwd: Path | None = None,
) -> str:
    """Runs Python with these arguments and returns what it printed.

    Args:
        arguments: as on the command line: ``"-c", "print(1)"`` or ``"-O", "app.py"``.
        python: which Python.
        seed: its hash seed.
        path: a further directory to import from.
        cwd: the directory it runs in.

    Raises:
        AssertionError: it failed; the text is what it printed.
    """
    paths = SOURCES if path is None else [path, *SOURCES]
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [python, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
