"""A fleet of server processes behind a round-robin front, and the judge of answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from tests.support.fresh import environment

__all__ = [
    "OUTCOMES",
    "SERVER",
    "SIZE",
    "Click",
    "Fleet",
    "Server",
    "Settings",
    "judge",
    "roll",
    "running",
]

SERVER = Path(__file__).with_name("server.py")
SIZE = 4

Settings = tuple[str, str, str]
"""Mode, fingerprint, and who answers for what no scan finds."""

GOOD = ("right", "reload", "unknown", "refused by field")
OUTCOMES = (*GOOD, "WRONG", "lost", "error")


class Server:
    """A process that has imported one release."""

    def __init__(self, folder: Path, release: int, python: str) -> None:
        self.release = release
        self._process = subprocess.Popen(
            [python, str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(folder, HANDLERID_RELEASE=str(release)),
        )

    def ask(self, settings: Settings, **what: object) -> Any:
        """Send a request and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(
            json.dumps({"settings": settings, **what}),
            file=self._process.stdin,
            flush=True,
        )
        line = self._process.stdout.readline()
        assert line, "the server process has ended"
        return json.loads(line)

    def stop(self) -> None:
        with self._process as process:
            process.kill()


@dataclass
class Page:
    """A page in a browser: the release that rendered it, and its controls."""

    release: int
    controls: list[dict[str, Any]] = field(repr=False)


@dataclass
class Click:
    """A click, and what became of it."""

    control: dict[str, Any]
    page: int
    server: int
    answer: dict[str, Any]
    outcome: str


class Fleet:
    """Server processes; clicks and renderings go to each in turn."""

    def __init__(self, releases: Sequence[Path], pythons: Sequence[str] = ()) -> None:
        self._folders = releases
        self._pythons = pythons or [sys.executable] * SIZE
        self.servers = [Server(releases[0], 1, python) for python in self._pythons]
        self._turn: Counter[Settings] = Counter()

    def deploy(self, place: int, release: int) -> None:
        """Replace a process by one of a release."""
        if self.servers[place].release != release:
            self.servers[place].stop()
            folder, python = self._folders[release - 1], self._pythons[place]
            self.servers[place] = Server(folder, release, python)

    def stop(self) -> None:
        for server in self.servers:
            server.stop()

    def open(self, settings: Settings) -> Page:
        """Let the next server render the page."""
        server = self._next(settings)
        return Page(server.release, server.ask(settings))

    def click(self, settings: Settings, page: Page) -> Iterator[Click]:
        """Click every control, each at the next server."""
        sent: dict[int, list[dict[str, Any]]] = {}
        self._next(settings)  # or a page as long as the fleet meets one server only
        for control in page.controls:
            if "handler" in control:
                place = self.servers.index(self._next(settings))
                sent.setdefault(place, []).append(control)
        for place, controls in sent.items():
            server = self.servers[place]
            payloads = [{"handler": x["handler"], **x["sent"]} for x in controls]
            answers = server.ask(settings, clicks=payloads, page=str(page.release))
            for control, answer in zip(controls, answers, strict=True):
                outcome = judge(control, answer)
                yield Click(control, page.release, server.release, answer, outcome)

    def _next(self, settings: Settings) -> Server:
        self._turn[settings] += 1
        return self.servers[self._turn[settings] % len(self.servers)]


def judge(control: dict[str, Any], answer: dict[str, Any]) -> str:
    """Compare what a handler did with what the author of the page meant.

    Nothing of the library is asked: a handler writes what it did.
    """
    if "error" not in answer:
        did = [one for one in answer["did"] if one != ["guard"]]
        if not did:
            return "lost"
        guarded = control["does"][0] in answer["guarded"]
        if did != [control["does"]] or guarded != (["guard"] in answer["did"]):
            return "WRONG"
        return "right"
    known = {
        "StaleHandler": "reload",
        "ExpiredToken": "reload",
        "UnknownHandler": "unknown",
        "GoneHandler": "unknown",
        "InvalidEvent": "refused by field",
    }
    return known.get(answer["error"], "error")


def roll(
    folders: Sequence[Path], all_settings: Sequence[Settings]
) -> dict[Settings, list[Click]]:
    """Roll the second release out, one process at a time, and back; click all the way.

    Two pages are opened at each stage, and stay open for the next.
    """
    clicks: dict[Settings, list[Click]] = {one: [] for one in all_settings}
    tabs: dict[Settings, list[Page]] = {one: [] for one in all_settings}
    steps = [None, *((place, 2) for place in range(SIZE))]
    steps += [(place, 1) for place in range(SIZE)]
    with running(folders) as fleet:
        for step in steps:
            if step is not None:
                fleet.deploy(*step)
            for one in all_settings:
                opened = [fleet.open(one), fleet.open(one)]
                tabs[one] = [*tabs[one], *opened][-4:]
                clicked = chain.from_iterable(fleet.click(one, x) for x in tabs[one])
                clicks[one] += clicked
    return clicks


@contextmanager
def running(folders: Sequence[Path], pythons: Sequence[str] = ()) -> Iterator[Fleet]:
    """Run a fleet of the first release until the block ends."""
    with ExitStack() as stack:
        fleet = Fleet(folders, pythons)
        stack.callback(fleet.stop)
        yield fleet
