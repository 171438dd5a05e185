"""Clients that leave streams, and what a plain route feels of it, over loopback.

``python -m tests.integrations.starlette.leaving`` takes a minute. Phases without and
with 200 clients take turns. The clients begin streams of asynchronous and plain
generators, and leave them; meanwhile a plain route of the same server is asked, one
request after the other. It prints the 99th percentile of the route for both kinds of
phases (bar: up by at most 50 ms), and the longest time from when a client left until
the ``finally`` of its handler ran (bar: 1 s).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import httpx
import jinja2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from handlerid import ClickEvent
from handlerid.integrations.starlette import Handlers
from tests.integrations.starlette.running import ROOT, Visitor, serving, until
from tests.support.fresh import environment

STEP = 0.1  # seconds between two steps of a stream
PHASE = 2  # seconds that clients stay at most, and of a phase without them
KEY = os.environ.get("APP_KEY", "of a process that is no server")


# The server.

ended: dict[str, float] = {}


async def brew_async(event: ClickEvent) -> AsyncIterator[str]:
    try:
        while True:
            yield "<p>"
            await asyncio.sleep(STEP)
    finally:
        ended[event.key] = time.monotonic()


def brew(event: ClickEvent) -> Iterator[str]:
    try:
        while True:
            yield "<p>"
            time.sleep(STEP)
    finally:
        ended[event.key] = time.monotonic()


def page(request: Request) -> Response:
    return handlers.page(request, "page.html", brews=[brew_async, brew])


def plain(request: Request) -> Response:
    return PlainTextResponse("plain")


def show_ended(request: Request) -> Response:
    return JSONResponse(ended)


TEXT = """{{ script() }}
{% for brew in brews %}<p id="{{ brew.__name__ }}" {{ on(brew) }}></p>
{% endfor %}
"""
loader = jinja2.DictLoader({"page.html": TEXT})
handlers = Handlers(
    __name__,
    key=KEY,
    templates=Jinja2Templates(env=jinja2.Environment(autoescape=True, loader=loader)),
)
app = Starlette(
    routes=[
        Route("/", page),
        Route("/plain", plain),
        Route("/ended", show_ended),
        *handlers.routes,
    ],
    middleware=[Middleware(SessionMiddleware, secret_key=KEY)],
)


# The clients, in a process of their own.


async def leave(host: str, port: int, request: str, stay: float) -> float:
    """Begin a stream, leave it, and return when that was."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request.encode())
    await reader.readuntil(b"event: html")
    await asyncio.sleep(stay)
    writer.close()
    return time.monotonic()


async def leave_all(host: str, port: int, requests: dict[str, str]) -> dict[str, float]:
    stays = [random.uniform(0, PHASE) for _ in requests]
    leaving = map(
        leave, [host] * len(stays), [port] * len(stays), requests.values(), stays
    )
    return dict(zip(requests, await asyncio.gather(*leaving), strict=True))


def clients() -> None:
    """Do what each line of the input asks for, and print when each client left."""
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(asyncio.run(leave_all(**json.loads(line)))), flush=True)


# What is measured.


class Measured(NamedTuple):
    """Seconds: of requests without and with clients that leave; until ``finally``."""

    without: list[float]
    during: list[float]
    finally_after: list[float]


def requests_of(visitor: Visitor, phase: int, count: int) -> dict[str, str]:
    """Return requests by the keys of their events; half are for a plain generator."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    found = {}
    for number in range(count):
        key = f"{phase} {number}"
        name = ("brew_async", "brew")[number % 2]
        body = json.dumps(visitor.payload(name, key=key))
        found[key] = (
            f"POST {visitor.action} HTTP/1.1\r\nHost: {visitor.base_url.host}\r\n"
            "Sec-Fetch-Site: same-origin\r\nHandlerid-Wire: 1\r\n"
            f"Cookie: {cookies}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
    return found


def ask(visitor: Visitor, going_on: Any) -> list[float]:
    """Ask the plain route as long as something goes on; return the seconds it took."""
    taken = []
    while going_on():
        begun = time.perf_counter()
        assert visitor.get("/plain").text == "plain"
        taken.append(time.perf_counter() - begun)
        time.sleep(0.002)
    return taken


def measure(folder: Path, *, pairs: int, count: int) -> Measured:
    """Run pairs of phases, with so many clients."""
    measured = Measured([], [], [])
    left: dict[str, float] = {}
    name = "tests.integrations.starlette.leaving"
    with (
        serving(f"{name}:app", folder / "log") as site,
        Visitor(site.url) as visitor,
        subprocess.Popen(
            [sys.executable, "-c", f"import {name} as it; it.clients()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(ROOT),
        ) as process,
    ):
        asking, answers = process.stdin, process.stdout
        assert asking is not None
        assert answers is not None
        assert answers.readline() == "ready\n"
        visitor.visit()
        url = httpx.URL(site.url)
        for phase in range(pairs):
            end = time.perf_counter() + PHASE
            measured.without.extend(
                ask(visitor, lambda end=end: time.perf_counter() < end)
            )
            requests = requests_of(visitor, phase, count)
            asked = {"host": url.host, "port": url.port, "requests": requests}
            print(json.dumps(asked), file=asking, flush=True)
            measured.during.extend(
                ask(visitor, lambda: not select.select([answers], [], [], 0)[0])
            )
            left |= json.loads(answers.readline())
        asking.close()

        def all_ended() -> dict[str, float]:
            found: dict[str, float] = visitor.get("/ended").json()
            return found if left.keys() <= found.keys() else {}

        ends = until(all_ended)
        measured.finally_after.extend(ends[key] - left[key] for key in left)
        assert "Traceback" not in site.log, site.log
    return measured


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Path(folder), pairs=10, count=200)
    without, during = [
        1000 * quantiles(one, n=100)[-1] for one in (measured.without, measured.during)
    ]
    longest = max(measured.finally_after)
    counts = [len(one) for one in measured]
    print(f"plain route, p99 without: {without:6.1f} ms  ({counts[0]} requests)")
    print(f"plain route, p99 during:  {during:6.1f} ms  ({counts[1]} requests)")
    print(f"up by {during - without:.1f} ms; bar: 50 ms")
    print(
        f"longest time until finally: {longest:.3f} s; bar: 1 s  ({counts[2]} clients)"
    )
    return 0 if during - without <= 50 and longest <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
