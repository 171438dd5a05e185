"""One server process: what a framework author writes to embed handlerid.

One route renders the page. The others take an event, dispatch it and render the page
again. The server keeps nothing between two requests.

The answer to an event is a sequence of pages, each ended by ``ANSWER_END``: one for
every step of the handler, and one more if the state changed after the last step. The
browser shows the newest.

Asynchronous handlers run in the event loop of the server. Plain ones may block, so they
run in threads.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from itsdangerous import BadSignature
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from handlerid import Dispatcher, HandlerIdError, Registry, Tokens
from page import offer_links, page, registry
from state import SECRET, State, current

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from handlerid import Scope

__all__ = ["ANSWER_END", "create_app", "render"]

ANSWER_END = "\x1e"
"""The ASCII record separator, which no page contains."""

PID = str(os.getpid())
FRESH = {"Cache-Control": "no-store"}

logger = logging.getLogger("handlerid.demo")

app = Dispatcher(registry)

# An application has one Dispatcher. This page shows three ways to treat captures, and
# each is a setting of a registry.
distinct = Dispatcher(Registry(captures="distinct"))
carry = Dispatcher(
    Registry(captures="carry"),
    tokens=Tokens(SECRET.encode(), max_age=3600, purpose="handlerid demo"),
)
carry.registry.scan("page")  # closures of this module may be rebuilt from tokens


def render(
    state: State,
    scope: Scope,
    template: str = "main.html",
    rendered_by: str = "",
    answered_by: str = "",
) -> str:
    """Render the page, and offer its handlers in ``scope``."""
    if state.mode == "distinct":
        with distinct.scope() as own:
            links = offer_links(state, own)
    elif state.mode == "carry":
        with carry.scope(audience=state.session) as own:
            links = offer_links(state, own)
    else:
        links = offer_links(state, scope)
    return page(
        state, scope, links, template, rendered_by=rendered_by, answered_by=answered_by
    )


async def show(request: Request) -> Response:
    """Render the page; one that reloads itself brings its state along."""
    saved = request.query_params.get("state")
    state = State.verify(saved) if saved else State()
    with app.scope() as scope:
        html = render(state, scope, "page.html", rendered_by=PID)
    return HTMLResponse(html, headers=FRESH)


async def answer(request: Request) -> Response:
    """Dispatch an event. Whatever is refused is refused before the response begins."""
    state = State.verify(request.headers.get("page-state", ""))
    current.set(state)
    payload = await request.body()
    match request.path_params.get("mode"):
        case "distinct":
            call = distinct.prepare(payload, rerender=partial(offer_links, state))
        case "carry":
            call = carry.prepare(payload, audience=state.session)
        case _:
            call = app.prepare(payload, rerender=partial(render, state))

    def rendered() -> str:
        rendered_by = request.headers.get("rendered-by", "")
        with app.scope() as scope:
            html = render(state, scope, rendered_by=rendered_by, answered_by=PID)
        return html + ANSWER_END

    async def pages() -> AsyncIterator[str]:
        sent = ""
        async with aclosing(call.astream(thread=run_in_threadpool)) as steps:
            async for _ in steps:
                sent = state.sign()
                yield rendered()
        if state.sign() != sent:
            yield rendered()

    body = await begun(pages())
    return StreamingResponse(body, media_type="text/html", headers=FRESH)


async def begun(pages: AsyncIterator[str]) -> AsyncIterator[str]:
    """Wait for the first page, so that a handler that fails at once is a 500."""
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
    """Return the web application."""
    static = Path(__file__).parent / "static"
    return Starlette(
        routes=[
            Route("/", show),
            Route("/event", answer, methods=["POST"]),
            Route("/event/{mode}", answer, methods=["POST"]),
            Mount("/static", StaticFiles(directory=static)),
            Mount("/htmx", StaticFiles(packages=[("js_lib_htmx", "static/htmx")])),
        ],
        exception_handlers={
            HandlerIdError: refused,
            BadSignature: tampered,
            Exception: failed,
        },
    )


def main() -> None:
    """Serve on a free port, which is printed, until the standard input ends.

    It ends when the parent process closes it, and also when the parent was killed: no
    server is left behind.
    """
    logging.basicConfig(format="%(process)d %(levelname)s %(message)s")
    logging.captureWarnings(capture=True)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(),
            log_config=None,
            access_log=False,
            headers=[("Answered-By", PID)],
            timeout_graceful_shutdown=1,
        )
    )

    def wait_for_end() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        server.should_exit = True

    threading.Thread(target=wait_for_end, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        sys.stdout = sys.stderr  # nobody reads the pipe from here on
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
