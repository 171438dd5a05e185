"""The applications that are put under load, each with the same page and handler.

``demo`` is the demo's own server. ``plain`` is the same without handlerid: a route that
names its handler, and the same template, state and signature. Mesop's page stands in
``mesop_page``. What both import is in ``docs/examples/demo``.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handlerid import ClickEvent
from page import endpoint, increment, offer_links, page
from server import PID, create_app, respond
from state import State, current

__all__ = ["main", "plain"]


class Named:
    """In place of a scope: the references are a text that means nothing."""

    audience = None

    def offer(self, handler: Callable[..., object], event: Any = None) -> str:
        return f"h1-{'a' * 13}-{'a' * 20}.click"


named: Any = Named()


async def click(request: Request) -> Response:
    """The increment by hand, as the demo's own answer does all else."""
    payload = json.loads(await request.body())
    state = State.verify(request.headers.get("page-state", ""))
    current.set(state)
    await run_in_threadpool(increment, ClickEvent(key=payload["key"]))
    html = page(
        state,
        named,
        partial(offer_links, state, named),
        rendered_by=request.headers.get("rendered-by", ""),
        answered_by=PID,
    )
    return respond(endpoint.html(html))


def plain() -> Starlette:
    """Make the application without handlerid."""
    return Starlette(routes=[Route(endpoint.url, click, methods=["POST"])])


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
