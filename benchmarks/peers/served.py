"""The applications that are put under load, each with the same page and handler.

``demo`` is the demo's own server. ``plain`` is the same without handlerid: a route that
names its handler, and the same template, state and signature. Mesop's page stands in
``mesop_page``. What both import is in ``docs/examples/demo``.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from handlerid import ClickEvent
from page import LINKS, Link, increment, page
from server import ANSWER_END, FRESH, PID, begun, create_app
from state import State, current

__all__ = ["main", "plain"]


class Named:
    """In place of a scope: the reference to a handler is its name."""

    def offer(self, handler: Callable[..., object], event: Any = ClickEvent) -> str:
        return f"{handler.__name__}.{event.wire_name}"


named: Any = Named()


async def click(request: Request) -> Response:
    """The increment by hand, as the demo's own answer does all else."""
    state = State.verify(request.headers.get("page-state", ""))
    current.set(state)
    rendered_by = request.headers.get("rendered-by", "")
    payload = json.loads(await request.body())

    def rendered() -> str:
        links = [Link(name, "on_click.click") for name in LINKS]
        html = page(
            state,
            named,
            links,
            "main.html",
            rendered_by=rendered_by,
            answered_by=PID,
        )
        return html + ANSWER_END

    async def pages() -> AsyncIterator[str]:
        increment(ClickEvent(key=payload["key"]))
        sent = state.sign()
        yield rendered()
        if state.sign() != sent:
            yield rendered()

    body = await begun(pages())
    return StreamingResponse(body, media_type="text/html", headers=FRESH)


def plain() -> Starlette:
    """Make the application without handlerid."""
    return Starlette(routes=[Route("/event", click, methods=["POST"])])


def main(name: str, fd: str) -> None:
    """Serve an application on a socket that listens; one process of several."""
    # Not uvicorn's --fd: it takes the socket for another kind, and leaves Nagle's
    # algorithm on, which holds every second packet back for 40 ms.
    listener = socket.socket(fileno=int(fd))
    application = {"demo": create_app, "plain": plain}[name]()
    config = uvicorn.Config(application, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
