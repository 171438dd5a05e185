"""Runs Python in a fresh process, as another server or another day would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import typing_extensions

import handlerid

__all__ = ["SOURCES", "environment", "run_fresh"]

SOURCES = [Path(handlerid.__file__).parents[1], Path(typing_extensions.__file__).parent]
"""Where any Python imports ``handlerid`` and its dependencies from."""


def environment(*paths: Path, seed: str = "random", **variables: str) -> dict[str, str]:
    """Return the environment of a fresh Python process.

    Args:
        paths: directories to import from, before those of ``SOURCES``.
        seed: the hash seed.
        variables: further variables.
    """
    return {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join(map(str, (*paths, *SOURCES))),
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
    }


def run_fresh(
    *arguments: str,
    python: str = sys.executable,
    seed: str = "random",
    path: Path | None = None,
    cwd: Path | None = None,
) -> str:
    """Run Python with these arguments and return what it printed.

    Args:
        arguments: as on the command line: ``"-c", "print(1)"`` or ``"-O", "app.py"``.
        python: which Python.
        seed: its hash seed.
        path: a further directory to import from.
        cwd: the directory it runs in.

    Raises:
        AssertionError: it failed; the text is what it printed.
    """
    done = subprocess.run(
        [python, *arguments],
        cwd=cwd,
        env=environment(*[path] if path else [], seed=seed),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
