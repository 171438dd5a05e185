"""A running demo: the command, what it prints, and its processes."""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.servers import Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DEMO", "Demo", "Watch", "copy_demo", "edit", "running_demo"]

DEMO = Path(__file__).parents[2] / "docs" / "examples" / "demo"


class Demo:
    """The demo on a free port.

    Attributes:
        address: its address.
        servers: the process ids of its servers, as they were at first.
    """

    def __init__(self, server: Server, log: Path) -> None:
        self._server = server
        self._log = log
        self.pid = server.pid
        self.address = server.read(r"handlerid demo: (http://\S+)")
        servers = server.read(r"servers: (\d+, \d+)")
        self.servers = [int(pid) for pid in servers.split(", ")]
        server.read("(Ctrl-C)")

    @property
    def log(self) -> str:
        """What was written to the standard error so far."""
        return self._log.read_text("utf-8")

    def replaced(self) -> int:
        """Wait until a server took the place of one that ended; return its pid."""
        return int(self._server.read(r"a server ended; (\d+) took its place"))

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit code."""
        return self._server.stop(how)


@contextmanager
def running_demo(log: Path, demo: Path = DEMO) -> Iterator[Demo]:
    """Run the demo until the block ends.

    Args:
        log: the file for its standard error.
        demo: its folder.
    """
    with running(sys.executable, str(demo), "--port", "0", log=log) as server:
        try:
            started = Demo(server, log)
        except AssertionError as error:
            error.add_note(log.read_text("utf-8"))
            raise
        yield started


class Watch:
    """Watches processes, to see them end; their ids may be used again.

    A process that ended but was not yet waited for counts as ended.
    """

    def __init__(self, *pids: int) -> None:
        self._descriptors = [os.pidfd_open(pid) for pid in pids]

    def wait(self) -> None:
        """Wait until all have ended."""
        for descriptor in self._descriptors:
            select.select([descriptor], [], [])
            os.close(descriptor)


def copy_demo(folder: Path) -> Path:
    """Copy the demo, for a test to edit it, and return its new folder."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(DEMO, folder / "demo", ignore=ignored))


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that occurs in a file once."""
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")
