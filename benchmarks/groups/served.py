"""A click on a served page: the demo's server under load, and what is beside it.

Each application runs in two processes; wrk clicks. Rounds go from one to the next, so
that all of them meet the same machine; the others wait without work meanwhile. What
identity and dispatch cost of a click is measured apart, in this process: the same
offers and the same call as the demo's server makes for one click, against the processor
time that one click takes of the server.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import warnings
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from typing import Any

from benchmarks.harness.interleaved import Contender, Run, measure
from benchmarks.harness.results import Bar, Figure, Group, Spread, Table
from benchmarks.peers import load as peers
from benchmarks.peers.load import DEMO, Load, Server, serving, under_load
from handlerid.errors import CapturesReplaced

__all__ = ["run"]

KIND = {
    "demo": "handlerid's demo",
    "plain": "the same, a plain Starlette route",
    "mesop": "Mesop, the same page",
}
CLOSED = (
    "The load is closed: sixteen connections, each of which waits for its answer and "
    "asks again at once. The servers and wrk share the processors. The demo's front, a "
    "reverse proxy of its own, is left out."
)
OTHER = (
    "Mesop's server renders the page twice for a click, and sends a tree of components "
    "that the browser draws; the others send HTML. So its figures are those of its way "
    "as a whole. It is served by gunicorn, with threads, as its documentation says."
)
PERCENTILES = {"p50": "half", "p99": "99 %", "p99.9": "99.9 %"}


def prepared(name: str, server: Server) -> Load:
    """The click, after it was seen to do its work."""
    import httpx

    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        if name == "mesop":
            origin = {"Origin": server.url}
            first = client.post("/__ui__", content=peers.mesop_init(), headers=origin)
            load = Load("/__ui__", peers.mesop_click(first.text), origin)
            answer = client.post(load.path, content=load.body, headers=load.headers)
            assert peers.mesop_has_counted(answer.text), answer.text
            return load
        from page import endpoint

        # No section is named, so the answer is the whole page, as Mesop's is.
        headers = {"Content-Type": "application/json", "Rendered-By": "1"}
        headers["Page-State"] = _state()
        load = Load(endpoint.url, json.dumps(_click()).encode(), headers)
        answer = client.post(load.path, content=load.body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert _count(answer.text) == "1", answer.text
        return load


def _state() -> str:
    from state import State

    return State().sign()


def _click() -> dict[str, object]:
    from handlerid import ClickEvent
    from page import increment, registry

    handler = registry.register(increment, ClickEvent)
    return {"handler": handler, "key": "", "client_x": 10.5, "client_y": 20}


def _count(html: str) -> str:
    from tests.demo.visit import Page

    return Page.read(html).result("counter")


def loaded(run: Run, names: list[str]) -> dict[str, dict[str, Figure]]:
    """Figures of every application, by what is measured."""
    rounds, seconds = (2, 1) if run.quick else (7, 5)
    found: dict[str, dict[str, Figure]] = {
        what: {name: Figure(KIND[name]) for name in names}
        for what in ("clicks", "processor", *PERCENTILES)
    }
    secret = {SECRET_NAME: os.environ[SECRET_NAME]}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(name, secret)) for name in names}
        loads = {name: prepared(name, server) for name, server in servers.items()}
        for number in range(rounds + 1):
            for name, server in servers.items():
                one = under_load(server, loads[name], seconds)
                run.tick()
                if not number:  # a first round warms up
                    continue
                clicks = one["requests"]
                per_second = clicks / one["microseconds"] * 1e6
                found["clicks"][name].samples.append(per_second)
                cost = one["processor"] / clicks * 1e6
                found["processor"][name].samples.append(cost)
                for key in PERCENTILES:
                    found[key][name].samples.append(one[key] / 1e3)
    return found


SECRET_NAME = "HANDLERID_DEMO_SECRET"


def own_part(run: Run) -> Figure:
    """Microseconds of identity and dispatch in one click of the demo."""
    import server
    from handlerid import Scope
    from page import offer_links
    from state import State, current

    asked: list[tuple[Any, Any]] = []

    class Recording(Scope):
        def offer(self, fn: Any, event: Any = None) -> str:
            asked.append((fn, event))
            return super().offer(fn, event)

    state = State()
    with server.app.scope() as scope:
        scope.__class__ = Recording
        server.render(state, scope, rendered_by="", answered_by="")
    links = partial(offer_links, state)
    body = json.dumps(_click()).encode()
    current.set(state)

    def click(_: object) -> int:
        state.count = 0
        server.app.prepare(body, rerender=links).run()
        with server.app.scope() as scope:
            for fn, event in asked:
                scope.offer(fn, event)
        return state.count

    contender = Contender("a click", click, lambda n: [0] * n, lambda _, n: n == 1)
    (figure,) = measure([contender], run, calls=200)
    figure.note = f"{len(asked)} handlers offered, one called"
    return figure


def run(run: Run) -> Group:
    """Measure this group."""
    group = Group("served")
    os.environ.setdefault(SECRET_NAME, secrets.token_urlsafe())
    sys.path.insert(0, str(DEMO))
    missing = [one for one in ("starlette", "uvicorn", "httpx") if not find_spec(one)]
    if missing:
        group.notes.append(f"{', '.join(missing)} not installed: nothing is served.")
        return group
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CapturesReplaced)  # the demo shows the mistake
        part = own_part(run)
    part.name = "identity and dispatch of a click, in the demo"
    group.tables.append(Table("What handlerid does for a click", "µs", [part]))
    if shutil.which("wrk") is None:
        group.notes.append(
            "wrk is not installed (apt-get install wrk): nothing is put under load."
        )
        return group
    names = ["demo", "plain"]
    if find_spec("mesop") and find_spec("gunicorn"):
        names.append("mesop")
    else:
        group.notes.append("Mesop or gunicorn is not installed: left out.")
    group.notes += [CLOSED, OTHER] if "mesop" in names else [CLOSED]
    found = loaded(run, names)
    beside = (KIND["plain"],)

    def table(title: str, unit: str, what: str, better: Any = "less") -> Table:
        return Table(title, unit, list(found[what].values()), beside, better)

    group.tables += [
        table("Clicks a second, two processes", "1/s", "clicks", "more"),
        table("Processor time of a click", "µs", "processor"),
        *(
            table(f"Answered within, {share} of the clicks", "ms", key)
            for key, share in PERCENTILES.items()
        ),
    ]
    cost = found["processor"]["demo"].spread
    own = part.spread
    low, middle, high = (
        own.low / cost.high * 100,
        own.median / cost.median * 100,
        own.high / cost.low * 100,
    )
    group.bars.append(
        Bar(
            "identity and dispatch, of a served click",
            Spread(low, middle, high),
            "<=",
            5,
            "%",
            why="The demo offers every handler of its page at each render, and this "
            "page takes little time to render: the smaller the page's own work, the "
            "larger this part of it.",
        )
    )
    return group
