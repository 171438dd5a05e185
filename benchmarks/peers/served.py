"""The applications that are put under load, each with the same page and handler.

What belongs here: what a server process runs. ``demo`` is ``handlerid demo``'s own
server. ``plain`` is the same without handlerid: a route that names its handler, and the
same template, state and signature; what it lacks is what handlerid costs. Mesop's page
stands in ``mesop_page``.
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

from handlerid import ClickEvent, HandlerId, Registry
from handlerid._demo.page import increment, page
from handlerid._demo.server import ANSWER_END as END
from handlerid._demo.server import FRESH, PID, begun, create_app
from handlerid._demo.state import State, current
from handlerid.errors import CapturesReplaced

__all__ = ["demo", "plain"]

demo = create_app


class Named:
    """Stands for a scope: gives a handler a text made of its name, once.

    The page shows what handlerid warned of; here it shows the same, found out once.
    """

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], HandlerId] = {}
        self.warned: list[CapturesReplaced] = []

    def register(self, handler: Callable[..., object], event: Any = None) -> HandlerId:
        wire = event.wire_name if event is not None else EVENTS.get(handler.__name__)
        known = handler.__name__, wire or "click"
        if known not in self._texts:
            self._texts[known] = HandlerId(f"{known[0]}.{known[1]}")
        return self._texts[known]

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "on_replace":
            for one in self.warned:
                value(one)


class Recorded(Registry):
    """Keeps what the page would show."""

    def __init__(self) -> None:
        super().__init__(captures="allow")
        self.warned: list[CapturesReplaced] = []

    def _compare(self, old: Any, new: Any) -> None:
        self.on_replace, shown = self.warned.append, self.on_replace
        super()._compare(old, new)
        self.on_replace = shown


EVENTS = {"keep_draft": "input_blur", "set_field": "input_blur"}
"""What the demo's handlers take, where that is no click."""

named: Any = Named()


def shown(state: State, rendered_by: str) -> str:
    """The page as a click finds it."""
    return page(named, state, rendered_by=rendered_by, answered_by=PID)


async def click(request: Request) -> Response:
    """The increment by hand, as the demo's own answer does all else."""
    state = State.verify(request.headers.get("page-state", ""))
    current.set(state)
    rendered_by = request.headers.get("rendered-by", "")
    payload = json.loads(await request.body())

    async def pages() -> AsyncIterator[str]:
        increment(ClickEvent(key=payload["key"]))
        sent = state.sign()
        yield shown(state, rendered_by) + END
        if state.sign() != sent:
            yield shown(state, rendered_by) + END

    body = await begun(pages())
    return StreamingResponse(body, media_type="text/html", headers=FRESH)


def plain() -> Starlette:
    """Makes the application without handlerid."""
    replaced: Any = Recorded()
    page(replaced, State(), rendered_by="", answered_by="")
    named.warned = replaced.warned
    return Starlette(routes=[Route("/event", click, methods=["POST"])])


def main(name: str, fd: str) -> None:
    """Serves an application on a socket that listens; one process of several."""
    # Not uvicorn's --fd: it takes the socket for another kind, and leaves Nagle's
    # algorithm on, which holds every second packet back for 40 ms.
    listener = socket.socket(fileno=int(fd))
    application = {"demo": demo, "plain": plain}[name]()
    config = uvicorn.Config(application, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
