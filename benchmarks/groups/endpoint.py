"""A click at the endpoint of ``handlerid.web``, beside the same click at a plain route.

Each click is one request to a Starlette application in this process, as an ASGI server
hands it over; server and network are left out. What is compared is the whole click:
both sides change the same state and render the same forty rows.
"""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from logging import getLogger
from typing import Any

from benchmarks.harness.interleaved import (
    Contender,
    DidNotDoTheWork,
    Run,
    measure,
    same,
)
from benchmarks.harness.results import Bar, Group, Table

__all__ = ["run"]

BATCH = 4  # clicks a sample: few, so that both sides of a ratio meet one machine
ROUNDS = 801
NEEDED = ("starlette", "itsdangerous", "jinja2")
FLOOR = "a plain route"

CHECKED = (
    "The plain route reads the session and the JSON, and checks nothing. The endpoint "
    "checks method, origin, version, media type and length, and verifies the token for "
    "the session's audience; the JSON is read with every guard, and the event is typed."
)
OFFERED = (
    "In the last table, the answer has a handler in each of its forty rows, which is "
    "offered again: forty tokens are signed. The plain route writes names and keys."
)
SMALL = (
    "The checks cost the same for every click: the smaller the page that its answer "
    "renders, the larger this part of it."
)


def run(run: Run) -> Group:
    """Measure this group."""
    group = Group("endpoint")
    missing = [one for one in NEEDED if not find_spec(one)]
    if missing:
        group.notes.append(f"{', '.join(missing)} not installed: left out.")
        return group
    with asyncio.Runner() as runner:
        _measure(run, group, runner.get_loop())
    group.notes += [CHECKED, OFFERED]
    return group


def _measure(run: Run, group: Group, loop: asyncio.AbstractEventLoop) -> None:
    from benchmarks.peers import clicked

    plain, endpoint = clicked.plain(), clicked.endpoint()

    def contender(name: str, side: Any, path: str, handler: str) -> Contender:
        request = clicked.click(path, handler)

        async def clicks() -> list[tuple[int, bytes]]:
            return [await clicked.send(side, *request) for _ in range(BATCH)]

        return Contender(
            name,
            lambda _: loop.run_until_complete(clicks()),
            same(None),
            lambda _, answers: clicked.has_toggled(answers),
        )

    def beside(title: str, path: str, *handlers: Any) -> Table:
        figures = measure(
            [
                contender(FLOOR, plain, path, "toggle"),
                *(
                    contender(name, endpoint, clicked.URL, clicked.token(handler))
                    for name, handler in handlers
                ),
            ],
            run,
            calls=1,
            rounds=run.rounds if run.quick else ROUNDS,
        )
        for figure in figures:
            figure.samples = [one / BATCH for one in figure.samples]
        return Table(title, "µs", figures, (FLOOR,))

    getLogger("handlerid").setLevel("ERROR")  # no warnings of the clicks refused here
    statuses = loop.run_until_complete(clicked.refused(endpoint))
    if statuses != [403, 403, 403]:
        raise DidNotDoTheWork(f"forged clicks were answered with {statuses}")
    one = "the endpoint"
    threads = beside("A click, handled in a thread", "/thread", (one, clicked.on_click))
    later = beside("A click, awaited", "/async", (one, clicked.on_click_later))
    offering = beside(
        "A click whose answer offers forty handlers",
        "/async",
        ("the endpoint, one handler and forty keys", clicked.offering_keys),
        ("the endpoint, forty closures", clicked.offering_closures),
    )
    group.tables += [threads, later, offering]
    for table, kind in ((threads, "in a thread"), (later, "awaited")):
        ratio = table[one].over(table[FLOOR])
        name = f"{one} / {FLOOR}, {kind}"
        group.bars.append(Bar(name, ratio, "<=", 1.1, why=SMALL))
