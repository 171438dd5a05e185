"""Clicks by id: counted on running servers, or found in any text.

1. A line that a ``ClickCounter`` wrote has the number of clicks by id. In every other
   line, each id or token is one click.
2. Captures are no part of what is counted: all closures of a handler are one.
3. A line is written by one call, at the end of the file: workers may share a file.
4. After a fork, a child counts its own clicks alone.
"""

import atexit
import json
import os
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import NamedTuple
from weakref import WeakSet

from handlerid import Call, HandlerId, HandlerIdError, Observer
from handlerid._identity import GRAMMAR
from handlerid._peek import expect
from handlerid.errors import MalformedPayload

_TITLE = "handlerid clicks"
_COUNTED = f'{{"{_TITLE}": '.encode()
# In a token, a part in base64 comes after the id, and may look like an event.
_REFERENCE = re.compile(
    rf"(?<![\w-])(?:t1\.({GRAMMAR})\.([\w-]+)\.[\w-]{{22}}|({GRAMMAR}))(?![\w-])".encode()
)


@dataclass(frozen=True)
class Seen:
    """How often handlers were clicked; ``handlerid.manifest.read_seen`` makes one.

    Attributes:
        counts: clicks by id, without its captures part.
        damaged: lines that were cut off while they were written.
    """

    __module__ = "handlerid.manifest"

    counts: Mapping[str, int]
    damaged: int = 0

    @property
    def total(self) -> int:
        """The number of all clicks."""
        return sum(self.counts.values())


def read_seen(source: str | Path | Iterable[bytes]) -> Seen:
    """Read clicks from a file, or from lines.

    Args:
        source: what ``count`` wrote, or any text that has the ids or tokens of clicks,
            such as a log: each is one click.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(source, str | Path):
        with Path(source).open("rb") as lines:
            return read_seen(lines)
    counts: Counter[str] = Counter()
    damaged = 0
    for line in source:
        if not line.startswith(_COUNTED):
            counts.update(without_captures(x.handler_id) for x in references_in(line))
            continue
        try:
            for one, number in json.loads(line)[_TITLE].items():
                counts[HandlerId.parse(one)] += int(number)
        except (AttributeError, MalformedPayload, TypeError, ValueError):
            damaged += 1
    return Seen(counts, damaged)


class Reference(NamedTuple):
    """An id or a token in a text.

    Attributes:
        handler_id: the id, or that in the token.
        body: of a token, what is encoded between id and signature; else empty.
    """

    handler_id: HandlerId
    body: str


def references_in(text: bytes) -> Iterator[Reference]:
    """Yield the ids and tokens in a text."""
    for in_token, body, alone in _REFERENCE.findall(text):
        handler_id = (in_token or alone).decode("ascii")
        yield Reference(HandlerId(handler_id), body.decode("ascii"))


def without_captures(handler_id: str) -> str:
    """Return an id without its captures part."""
    bare, dot, event = handler_id.partition(".")
    return bare[:37] + dot + event


class ClickCounter(Observer):
    """Counts clicks by id; ``handlerid.manifest.count`` makes one."""

    __module__ = "handlerid.manifest"

    def __init__(self, path: Path, seconds: float, clicks: int) -> None:
        self.path = path
        self._seconds, self._most = seconds, clicks
        self.clear()
        _counters.add(self)

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
            line = json.dumps({_TITLE: counts}, sort_keys=True) + "\n"
            with self.path.open("ab", buffering=0) as file:
                file.write(line.encode("ascii"))

    def _count(self, handler_id: str) -> None:
        with self._lock:
            self._counts[without_captures(handler_id)] += 1
            self._left -= 1
            due = self._left <= 0 or monotonic() >= self._due
        if due:
            self.flush()


_counters: WeakSet[ClickCounter] = WeakSet()


def _flush() -> None:
    for one in [*_counters]:
        one.flush()


def _clear() -> None:
    for one in [*_counters]:
        one.clear()


atexit.register(_flush)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_clear)


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
