"""The host: what a framework author writes to embed handlerid.

What belongs here: three routes. One renders the page; the others take what the user
did, have it dispatched, and render the page again: ``/event`` takes ids, ``/carried``
takes tokens, and nothing else. It keeps nothing between requests.

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

from handlerid import Dispatcher, Tokens, rerender
from handlerid._demo.page import page, registry
from handlerid._demo.state import SECRET, State, current
from handlerid.errors import HandlerIdError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from handlerid import Scope

__all__ = ["ANSWER_END", "create_app"]

ANSWER_END = "\x1e"
"""The ASCII record separator, which no page contains."""

PID = str(os.getpid())
FRESH = {"Cache-Control": "no-store"}

MAX_AGE = 3600
"""Seconds for which a token is good."""

logger = logging.getLogger("handlerid.demo")

registry.scan(page.__module__)  # whose closures may be rebuilt from tokens


async def show(request: Request) -> Response:
    """Renders the page; one that reloads itself brings its state along."""
    saved = request.query_params.get("state")
    state = State.verify(saved) if saved else State()
    with scope_of(state) as scope:
        html = page(
            scope,
            state,
            "page.html",
            offer=offer_of(state),
            rendered_by=PID,
            answered_by="",
        )
    return HTMLResponse(html, headers=FRESH)


async def answer(request: Request) -> Response:
    """Dispatches an event. All that can be refused is refused before the response."""
    state = State.verify(request.headers.get("page-state", ""))
    current.set(state)
    render = partial(
        page,
        state=state,
        offer=offer_of(state),
        rendered_by=request.headers.get("rendered-by", ""),
        answered_by=PID,
    )
    payload = await request.body()
    if request.url.path == "/carried":
        call = carrying().prepare(payload, audience=state.session)
    else:
        call = Dispatcher(scope_of(state), resolvers=[rerender(render)]).prepare(
            payload
        )

    def rendered() -> str:
        with scope_of(state) as scope:
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


def scope_of(state: State) -> Scope:
    """A scope for one request, in the mode that the state says."""
    return registry.scope(captures="distinct" if state.mode == "distinct" else "warn")


def carrying() -> Dispatcher:
    """What makes tokens and answers to them: it has no page to render for that."""
    key = os.environ[SECRET].encode()
    tokens = Tokens(key, max_age=MAX_AGE, purpose="handlerid demo")
    return Dispatcher(registry.scope(captures="carry"), tokens=tokens)


def offer_of(state: State) -> Callable[[Callable[..., object]], str]:
    """Offers handlers to the session of a page; what that takes is made when needed."""

    def offer(handler: Callable[..., object]) -> str:
        return carrying().offer(handler, audience=state.session)

    return offer


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
            Route("/carried", answer, methods=["POST"]),
            Mount("/static", StaticFiles(directory=static)),
            Mount("/htmx", StaticFiles(packages=[("js_lib_htmx", "static/htmx")])),
        ],
        exception_handlers={
            HandlerIdError: refused,
            BadSignature: tampered,
            Exception: failed,
        },
    )
