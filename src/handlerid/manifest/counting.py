"""Counts clicks by id on running servers, for ``handlerid diff --seen``.

1. A line is written by one call, at the end of the file: workers may share a file.
2. After a fork, a child counts its own clicks alone.
"""

import atexit
import json
import os
import threading
from collections import Counter
from pathlib import Path
from time import monotonic
from weakref import ref

from handlerid import Call, HandlerIdError, Observer
from handlerid._peek import expect
from handlerid.manifest.seen import without_captures


class ClickCounter(Observer):
    """Counts clicks by id; ``handlerid.manifest.count`` makes one."""

    __module__ = "handlerid.manifest"

    def __init__(self, path: Path, seconds: float, clicks: int) -> None:
        self.path = path
        self._seconds, self._most = seconds, clicks
        self.clear()
        this = ref(self)  # neither list below is ever emptied

        def flush() -> None:
            if (found := this()) is not None:
                found.flush()

        def clear() -> None:
            if (found := this()) is not None:
                found.clear()

        atexit.register(flush)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=clear)

    def clear(self) -> None:
        """Forget what was counted and not written yet; done after a fork."""
        self._lock = threading.Lock()  # another thread may have held the old one
        self._begin()

    def _begin(self) -> None:
        self._counts: Counter[str] = Counter()
        self._left, self._due = self._most, monotonic() + self._seconds

    def before(self, call: Call) -> None:
        """Count a call."""
        self._count(call.handler.id)

    def refused(self, error: HandlerIdError) -> None:
        """Count a click whose handler is not here, as on a page of an older release."""
        handler_id = getattr(error, "handler_id", "")
        if handler_id:
            self._count(handler_id)

    def flush(self) -> None:
        """Write what was counted since the last time; done at exit, too."""
        with self._lock:
            counts = self._counts
            self._begin()
        if counts:
            line = json.dumps({"handlerid clicks": counts}, sort_keys=True) + "\n"
            with self.path.open("ab", buffering=0) as file:
                file.write(line.encode("ascii"))

    def _count(self, handler_id: str) -> None:
        with self._lock:
            self._counts[without_captures(handler_id)] += 1
            self._left -= 1
            due = self._left <= 0 or monotonic() >= self._due
        if due:
            self.flush()


def count(
    path: str | Path, *, seconds: float = 60, clicks: int = 1_000
) -> ClickCounter:
    """Return an observer that counts clicks by id, for ``handlerid diff --seen``.

    It counts calls, and clicks that are refused because their handler is not here. A
    line is added to the file after so many seconds or clicks, when a click comes, and
    at exit: a process that is killed loses no more than that. Ids are written without
    their captures part, and nothing else. Any number of workers may share the file.

    Args:
        path: of the file, which is made if it is missing; its folder has to exist.
        seconds: after which a line is written.
        clicks: after how many one is written, too.

    Raises:
        OSError: the file cannot be written.
    """
    expect(isinstance(path, str | Path), "path", "the path of a file", path)
    # Now, not in the middle of a click, where an error is logged alone.
    Path(path).open("ab").close()
    return ClickCounter(Path(path).absolute(), seconds, clicks)


count.__module__ = ClickCounter.__module__
