"""Ends every process that a test run started when the run ends, killed or not.

The guard is a process of its own. It reads from a pipe whose other end the run holds,
then kills what has the run's mark in its environment. Servers stop by themselves (see
``servers``); this is for browsers, fresh processes and pytest's own workers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARK", "guarding"]

MARK = "HANDLERID_TEST_RUN"

GUARD = """
import os, select, signal, sys
from pathlib import Path
mark, run, starter = sys.argv[1].encode(), sys.argv[2], sys.argv[3]
def kill(pid):
    try:
        os.kill(int(pid), signal.SIGKILL)
    except OSError:
        pass
def starter_is_gone():
    try:
        return starter and Path("/proc", run, "stat").read_text().split()[3] != starter
    except OSError:
        return False
while not select.select([0], [], [], 1)[0]:
    if starter_is_gone():
        kill(run)
for process in Path("/proc").glob("[0-9]*"):
    try:
        marked = mark in process.joinpath("environ").read_bytes()
    except OSError:
        continue
    if marked:
        kill(process.name)
"""


@contextmanager
def guarding() -> Iterator[None]:
    """Keep a guard while the block runs; a run inside a run has the outer one's.

    A run that ``make`` started ends with ``make``, too.
    """
    if MARK in os.environ:
        yield
        return
    name = str(uuid.uuid4())
    starter = str(os.getppid()) if "MAKELEVEL" in os.environ else ""
    arguments = [f"{MARK}={name}", str(os.getpid()), starter]
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", GUARD, *arguments],
        stdin=subprocess.PIPE,
        start_new_session=True,
    ):
        os.environ[MARK] = name  # what starts from now on has it
        try:
            yield
        finally:
            del os.environ[MARK]
