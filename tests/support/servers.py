"""Server processes of tests: they end with the test that started them, or without it.

A server runs in a process group of its own, behind a small process that reads from a
pipe. The tests hold the other end: it closes when they are done, and also when they are
killed. Then the whole group ends.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from tests.support.fresh import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Server", "running"]

WATCHER = """
import os, signal, subprocess, sys, threading
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, close_fds=False)
print(server.pid, flush=True)
os.close(1)
over = threading.Event()
def follow():
    code = server.wait()
    if over.is_set():
        os.killpg(0, signal.SIGKILL)
    os._exit(code if code >= 0 else 128 - code)
threading.Thread(target=follow, daemon=True).start()
sys.stdin.buffer.read()
over.set()
signal.signal(signal.SIGTERM, lambda *_: None)
os.killpg(0, signal.SIGTERM)
try:
    server.wait(10)
finally:
    os.killpg(0, signal.SIGKILL)
"""


class Server:
    """A running server.

    Attributes:
        pid: its process.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._process = process
        self._output = process.stdout
        self.pid = int(self._output.readline())

    def read(self, pattern: str) -> str:
        """Return the first group of the next printed line that has the pattern.

        Raises:
            AssertionError: the server ended before it printed such a line.
        """
        seen = []
        for line in self._output:
            if match := re.search(pattern, line):
                return match[1]
            seen.append(line)
        raise AssertionError(f"ended before it printed {pattern!r}: {''.join(seen)}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, wait for the end, and return the exit code.

        128 and the number of the signal, if the signal killed it.
        """
        os.kill(self.pid, how)
        return self._process.wait()


@contextmanager
def running(
    *command: str,
    log: Path | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
) -> Iterator[Server]:
    """Run a server until the block ends.

    Args:
        command: the program and its arguments; what starts with ``-`` or ends with
            ``.py`` is run by this Python.
        log: a file for its standard error, which is the tests' otherwise.
        cwd: the directory it runs in.
        env: its whole environment; that of a fresh process by default.
        pass_fds: open files to hand on, such as a socket that listens already.
    """
    if command[0].startswith("-") or command[0].endswith(".py"):
        command = (sys.executable, *command)
    errors: IO[bytes] | None = None if log is None else log.open("wb")
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", WATCHER, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=cwd,
        env=dict(env if env is not None else environment()),
        pass_fds=pass_fds,
        start_new_session=True,
    )
    if errors is not None:
        errors.close()
    try:
        yield Server(process)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait()
        process.stdout.close()
