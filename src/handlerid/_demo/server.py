"""The host: what a framework author writes to embed handlerid.

What belongs here: two routes. One renders the page; the other takes what the user
did, has it dispatched, and renders the page again. It keeps nothing between requests.

The answer to an event is a sequence of pages, each ended by ``ANSWER_END``: one for
every step of the handler, and one more if it changed the state after its last step.
The browser shows the newest.

Handlers run in the server's event loop, so one that waits is asynchronous. A host
whose handlers may block runs its plain ones in threads, with ``call.stream()``.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from itsdangerous import BadSignature
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from handlerid import Dispatcher, rerender
from handlerid._demo.page import page, registry
from handlerid._demo.state import State, current
from handlerid.errors import HandlerIdError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["ANSWER_END", "create_app"]

ANSWER_END = "\x1e"
"""The ASCII record separator, which no page contains."""

PID = str(os.getpid())
FRESH = {"Cache-Control": "no-store"}

logger = logging.getLogger("handlerid.demo")


async def show(request: Request) -> Response:
    """Renders the page; one that reloads itself brings its state along."""
    saved = request.query_params.get("state")
    state = State.verify(saved) if saved else State()
    with registry.scope() as scope:
        html = page(scope, state, "page.html", rendered_by=PID, answered_by="")
    return HTMLResponse(html, headers=FRESH)


async def answer(request: Request) -> Response:
    """Dispatches an event. All that can be refused is refused before the response."""
    state = State.verify(request.headers.get("page-state", ""))
    current.set(state)
    rendered_by = request.headers.get("rendered-by", "")
    render = partial(page, state=state, rendered_by=rendered_by, answered_by=PID)

    dispatcher = Dispatcher(registry, resolvers=[rerender(render)])
    call = dispatcher.prepare(await request.body())

    def rendered() -> str:
        with registry.scope() as scope:
            return render(scope) + ANSWER_END

    async def pages() -> AsyncIterator[str]:
        sent = ""
        async for _ in call.astream():
            sent = state.sign()
            yield rendered()
        if state.sign() != sent:
            yield rendered()

    body = await begun(pages())
    return StreamingResponse(body, media_type="text/html", headers=FRESH)


async def begun(pages: AsyncIterator[str]) -> AsyncIterator[str]:
    """Waits for the first page, so that a handler that fails at once is a 500."""
    first = await anext(pages)

    async def all_pages() -> AsyncIterator[str]:
        yield first
        async for following in pages:
            yield following

    return all_pages()


# What the page shows when there is no answer. The developer's text goes to the log.


def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HandlerIdError)
    logger.warning("refused, %s: %s", type(error).__name__, error)
    return PlainTextResponse(error.public, error.status)


def tampered(request: Request, error: Exception) -> Response:
    logger.warning("refused, the state was not signed here: %s", error)
    return PlainTextResponse("This page was not made here. Open it anew.", 403)


def failed(request: Request, error: Exception) -> Response:
    return PlainTextResponse("This action failed on the server.", 500)


def create_app() -> Starlette:
    """Makes the host."""
    static = Path(__file__).parent / "static"
    return Starlette(
        routes=[
            Route("/", show),
            Route("/event", answer, methods=["POST"]),
            Mount("/static", StaticFiles(directory=static)),
            Mount("/htmx", StaticFiles(packages=[("js_lib_htmx", "static/htmx")])),
        ],
        exception_handlers={
            HandlerIdError: refused,
            BadSignature: tampered,
            Exception: failed,
        },
    )
