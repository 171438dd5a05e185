"""A client that sends a refused click once more, behind three kinds of fronts.

An answer depends on the releases of page and server alone. So every click is sent to
one server of each release, and the fronts choose among the answers. What the client
does then is in ``docs/reference/wire.md``; whether a reload helps is what
``Endpoint.refuse`` said.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.promises.deploy.fleet import SIZE, Server, judge

__all__ = ["FRONTS", "RESULTS", "Answers", "Front", "ask", "click", "play"]

SETTINGS = ("distinct", "bytecode", "rerender")
FRONTS = ("round robin", "at random", "by the page's release")
TIMES = 20  # so that each server is the first, and chance has its mean
RESULTS = ("right", "reload", "reload more than once", "given up", "WRONG")

Control = tuple[str, int]
"""A control in both releases: its change, and its place among those of that change."""


class Answer(NamedTuple):
    outcome: str
    reload: bool


Answers = dict[tuple[int, int, Control], Answer]
"""By the releases of the page and of the server; a page has the controls it has."""


def ask(folders: Sequence[Path]) -> Answers:
    """Click every control of both releases at a server of each release."""
    answers: Answers = {}
    with ExitStack() as stack:
        servers = []
        for release, folder in enumerate(folders, 1):
            servers.append(Server(folder, release, sys.executable))
            stack.callback(servers[-1].stop)
        pages = {server.release: server.ask(SETTINGS) for server in servers}
        for server in servers:
            for page, controls in pages.items():
                clicks = [{"handler": x["handler"], **x["sent"]} for x in controls]
                found = server.ask(SETTINGS, clicks=clicks, page=str(page))
                for name, control, one in zip(
                    _names(controls), controls, found, strict=True
                ):
                    reload = "refusal" in one and one["refusal"]["reload"]
                    answer = Answer(judge(control, one), reload)
                    answers[page, server.release, name] = answer
    return answers


def _names(controls: list[dict[str, Any]]) -> list[Control]:
    changes = [one["change"] for one in controls]
    return [(one, changes[:place].count(one)) for place, one in enumerate(changes)]


class Front:
    """Sends each request to one of the servers."""

    def __init__(self, kind: str, number: int) -> None:
        self.servers = [1] * SIZE
        self._kind, self._turn = kind, number
        # Of a seed, random() alone is the same in every release of Python.
        self._random = Random(number)

    def route(self, page: int | None = None) -> int:
        """Return the release of the server that answers.

        Args:
            page: the release in the path of a click; None to load a page.
        """
        if self._kind == "at random":
            return self.servers[int(self._random.random() * SIZE)]
        self._turn += 1
        able = self.servers
        if self._kind == "by the page's release" and page in able:
            able = [one for one in able if one == page]
        return able[self._turn % len(able)]


def click(
    answers: Answers, front: Front, page: int, control: Control, *, resend: bool
) -> str:
    """Click a control, and after a reload again; return one of ``RESULTS``."""
    refused_by: set[int] = set()  # releases of servers; a reload for each
    while True:
        server = front.route(page)
        answer = answers[page, server, control]
        if resend and answer.reload and server != page:
            server = front.route(page)
            answer = answers[page, server, control]
        if not answer.reload:
            break
        if server in refused_by:
            return "given up"
        refused_by.add(server)
        page = front.route()
        if (page, page, control) not in answers:
            break  # the user sees that it is gone
    if answer.outcome == "WRONG":
        return "WRONG"
    assert answer.outcome == "right" or refused_by, answer
    return RESULTS[len(refused_by)]


def play(answers: Answers, kind: str, *, resend: bool) -> Counter[str]:
    """Roll the second release out and back behind a front, and count the results.

    As in ``roll``, two pages are opened at each stage, and stay open for the next.
    """
    results = Counter[str]()
    steps = [(place, release) for release in (2, 1) for place in range(SIZE)]
    for number in range(TIMES):
        front, tabs = Front(kind, number), list[int]()
        for place, release in [(0, 1), *steps]:
            front.servers[place] = release
            tabs = [*tabs, front.route(), front.route()][-4:]
            for tab in tabs:
                results.update(
                    click(answers, front, page, control, resend=resend)
                    for page, server, control in answers
                    if page == server == tab
                )
    return results
