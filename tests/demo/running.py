"""A running demo, as a person has it: the command, its output, its processes.

What belongs here: starting and stopping it, and waiting for what it prints. What the
page does is asked by the tests.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

import handlerid

if TYPE_CHECKING:
    from types import TracebackType

COMMAND = [sys.executable, "-m", "handlerid", "demo"]


class Demo:
    """The demo on a free port; a context manager that leaves nothing behind.

    Args:
        log: where the standard error goes.
        source: a folder to import handlerid from; where this one is, if not given.
    """

    def __init__(self, log: Path, source: Path | None = None) -> None:
        self._log = log
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [*COMMAND, "--port", "0"],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment(source),
            )
        self.address = self._wait_for(r"handlerid demo: (http://\S+)")
        servers = self._wait_for(r"servers: (\d+, \d+)")
        self.servers = [int(pid) for pid in servers.split(", ")]
        self._wait_for("(Ctrl-C)")

    @property
    def log(self) -> str:
        """What was written to the standard error so far."""
        return self._log.read_text("utf-8")

    def replaced(self) -> int:
        """Waits until a server took the place of one that ended; returns its pid."""
        return int(self._wait_for(r"a server ended; (\d+) took its place"))

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Sends a signal and returns the exit code."""
        self.process.send_signal(how)
        return self.process.wait(10)

    def _wait_for(self, pattern: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if match := re.search(pattern, line):
                return match[1]
        raise AssertionError(f"the demo ended before it printed {pattern}: {self.log}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Watch:
    """Watches processes, to see that they end; their ids may be used again.

    One that ended but was not yet waited for counts as ended.
    """

    def __init__(self, *pids: int) -> None:
        self._descriptors = [os.pidfd_open(pid) for pid in pids]

    def ended(self, within: float = 10.0) -> bool:
        """Waits until all have ended, or some seconds have passed."""
        done = [select.select([one], [], [], within)[0] for one in self._descriptors]
        for descriptor in self._descriptors:
            os.close(descriptor)
        return all(done)


def environment(source: Path | None = None) -> dict[str, str]:
    """The environment of a demo that imports handlerid from a folder."""
    package = Path(handlerid.__file__).parents[1] if source is None else source
    return {**os.environ, "PYTHONPATH": str(package)}


def copy_package(folder: Path) -> Path:
    """Copies handlerid, for a test to edit it, and returns the demo's own folder."""
    copied = folder / "handlerid"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(handlerid.__file__).parent, copied, ignore=ignored)
    return copied / "_demo"


def edit(file: Path, old: str, new: str) -> None:
    """Replaces a text that stands in a file once."""
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")
