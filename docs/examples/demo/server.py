"""One server process: what a framework author writes to embed handlerid.

One route renders the page. Another one takes an event, dispatches it and answers with
the part of the page that it changed: as HTML, or, if the handler is a generator, as a
stream with that part at every step. The server keeps nothing between two requests.

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
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from handlerid import Dispatcher, Form, HandlerId, HandlerIdError, Registry, Tokens
from handlerid.web import HandlerFailed, UnsupportedBody, step_bytes
from page import endpoint, offer_links, page, registry
from state import SECRET, State, current

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from handlerid import Call, Scope
    from handlerid.web import HTML, Answer
    from handlerid.web import Request as Received

__all__ = ["PID", "create_app", "render", "respond"]

PID = str(os.getpid())

logger = logging.getLogger("handlerid.demo")

app = Dispatcher(registry)

# An application has one Dispatcher. This page shows three ways to treat captures, and
# each is a setting of a registry; the references to the links tell which one made them.
distinct = Dispatcher(Registry(captures="distinct"))
carry = Dispatcher(
    Registry(captures="carry"),
    tokens=Tokens(SECRET.encode(), max_age=3600, purpose="handlerid demo"),
)
carry.registry.scan("page")  # closures of this module may be rebuilt from tokens


def render(state: State, scope: Scope, **shown: str) -> str:
    """Render the page or a section of it, and offer its handlers in ``scope``."""

    def links() -> dict[str, HTML]:
        if state.mode == "distinct":
            with distinct.scope() as own:
                return offer_links(state, own)
        if state.mode == "carry":
            with carry.scope(audience=state.session) as own:
                return offer_links(state, own)
        return offer_links(state, scope)

    return page(state, scope, links, **shown)


async def show(request: Request) -> Response:
    """Render the page; one that reloads itself brings its state along."""
    saved = request.query_params.get("state")
    state = State.verify(saved) if saved else State()
    with app.scope() as scope:
        html = render(state, scope, rendered_by=PID, answered_by="")
    return HTMLResponse(html, headers=dict(endpoint.headers()))


async def answer(request: Request) -> Response:
    """Dispatch an event. Whatever is refused is refused before the response begins."""
    received = read_headers(request)
    async for chunk in request.stream():
        received.feed(chunk)
    body = received.payload()
    if isinstance(body, Form):
        raise UnsupportedBody("the page has no form")
    payload = app.read(body)
    state = State.verify(request.headers.get("page-state", ""))
    current.set(state)
    reference = str(payload.get("handler"))
    if reference.startswith("t"):
        call = carry.prepare(payload, audience=state.session)
    else:
        own = distinct if HandlerId.parse(reference).captures else app
        call = own.prepare(payload, rerender=partial(offer_links, state))

    def rendered() -> str:
        section = request.headers.get("section", "")
        rendered_by = request.headers.get("rendered-by", "")
        shown = {"section": section, "rendered_by": rendered_by, "answered_by": PID}
        with app.scope() as scope:
            return render(state, scope, **shown)

    match call.handler.kind:
        case "plain":
            await run_in_threadpool(call.run)
        case "coroutine":
            await call.arun()
        case _:
            response = StreamingResponse(steps(call, rendered, received))
            response.headers.update(dict(endpoint.stream_headers()))
            return response
    return respond(endpoint.html(rendered()))


async def steps(
    call: Call, rendered: Callable[[], str], received: Received
) -> AsyncIterator[bytes]:
    """Render at every step of the handler, and at its end."""
    try:
        async with aclosing(call.astream(thread=run_in_threadpool)) as stream:
            async for _ in stream:
                yield step_bytes("html", rendered())
        yield step_bytes("html", rendered())
        yield step_bytes("end")
    except HandlerIdError as error:
        yield endpoint.refuse_step(error, received)
    except Exception:
        logger.exception("a step failed")
        yield endpoint.refuse_step(HandlerFailed(), received)


def read_headers(request: Request) -> Received:
    release = request.path_params.get("release", "")
    return endpoint.request(request.method, request.headers.raw, release)


def respond(answer: Answer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))


# The developer's text of a refusal goes to the log.


def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HandlerIdError)
    logger.warning("refused, %s: %s", type(error).__name__, error)
    return respond(endpoint.refuse(error, read_headers(request)))


def failed(request: Request, error: Exception) -> Response:
    return respond(endpoint.refuse(HandlerFailed(), read_headers(request)))


async def client(request: Request) -> Response:
    return respond(endpoint.client(request.path_params["name"]))


def create_app() -> Starlette:
    """Return the web application."""
    static = Path(__file__).parent / "static"
    return Starlette(
        routes=[
            Route("/", show),
            Route(endpoint.path + "/{name}", client),
            Route(endpoint.path + "/{release}", answer, methods=["POST"]),
            Mount("/static", StaticFiles(directory=static)),
        ],
        exception_handlers={HandlerIdError: refused, Exception: failed},
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
