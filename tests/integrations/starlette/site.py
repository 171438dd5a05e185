"""An application of the tests: handlers of every kind, in several applications.

``/`` is the main one, ``/grouped/`` a page of it below a ``Mount``. ``/sub/`` and
``/fast/`` are applications of their own, mounted, and each has its own ``Handlers``.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import jinja2
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Mount, Route
from starlette.templating import Jinja2Templates

from handlerid import Call, ClickEvent, Dispatcher, Event, Registry, SubmitEvent, Tokens
from handlerid.errors import ExpiredToken, NotAllowed
from handlerid.events import UploadEvent
from handlerid.integrations.starlette import Handlers, current_request
from handlerid.web import HTML, Endpoint

KEY = os.environ["APP_KEY"]
PAGE = """{{ script() }}
{% for fn in offered %}<p id="{{ fn.__name__ }}" {{ on(fn) }}></p>
{% endfor %}
<form method="post" action="{{ action }}">{{ inputs(offered[0]) }}</form>
"""
environment = jinja2.Environment(
    autoescape=True, loader=jinja2.DictLoader({"page.html": PAGE})
)
templates = Jinja2Templates(env=environment)
mood: ContextVar[str] = ContextVar("mood", default="calm")


# Kinds of handlers, and what they return.


def where() -> dict[str, str]:
    return {"thread": threading.current_thread().name}


async def where_async() -> dict[str, str]:
    return where()


def text() -> str:
    return '<p id="a">é</p>'


def html() -> HTML:
    return HTML("<b>")


def listed() -> list[int]:
    return [1, 2]


def nothing() -> None:
    """Return nothing."""


def response() -> Response:
    headers = {"Cache-Control": "max-age=60", "X-Own": "1"}
    return PlainTextResponse("made", 201, headers)


def unknown_value() -> object:
    return object()


def clicked(event: ClickEvent) -> dict[str, object]:
    return {"key": event.key, "x": event.client_x}


def asked() -> dict[str, object]:
    request = current_request.get()
    return {"path": request.url.path, "agent": request.headers["user-agent"]}


# Failures.


def fail() -> None:
    raise RuntimeError("a secret of the server")


async def fail_async() -> None:
    fail()


def deny() -> None:
    raise NotAllowed("not this row")


def expire() -> None:
    raise ExpiredToken("of something else")


class Domain(Exception):
    """Has an exception handler of the application."""


def of_the_domain() -> None:
    raise Domain


def teapot() -> None:
    raise HTTPException(418, "a teapot")


# Streams.


def steps() -> Iterator[object]:
    yield '<p id="a">1\n2</p>'
    yield {"done": 1, "thread": threading.current_thread().name}
    yield None
    yield HTMLResponse("<p>of a response</p>")
    yield JSONResponse({"of": "a response"})


async def steps_async() -> AsyncIterator[object]:
    for step in steps():
        await asyncio.sleep(0)
        yield step


def fail_later() -> Iterator[str]:
    yield "<p>"
    fail()


async def deny_later() -> AsyncIterator[str]:
    yield "<p>"
    deny()


ended: list[str] = []


def brew() -> Iterator[str]:
    """Stream for ever, in a thread."""
    try:
        while True:
            yield "<p>"
            time.sleep(0.01)
    finally:
        ended.append("brew")


async def brew_async() -> AsyncIterator[str]:
    """Stream until it is closed; what cleans up awaits something."""
    try:
        yield "<p>"
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        ended.append("brew_async")


async def flood() -> AsyncIterator[str]:
    """Stream faster than a client reads, so that it is left while it sends."""
    try:
        while True:
            yield "<p>" + "x" * 65_536
    finally:
        await asyncio.sleep(0)
        ended.append("flood")


def endings() -> list[str]:
    return ended


# Forms.


def submitted(event: SubmitEvent) -> dict[str, object]:
    return {"fields": event.fields, "key": event.key}


def uploaded(event: UploadEvent) -> list[list[object]]:
    return [[x.name, x.mime_type, len(x.contents)] for x in event.files]


@dataclass(kw_only=True, slots=True)
class PictureEvent(Event, decoder=lambda value, kind: value):
    """A form of the application, whose file is Starlette's."""

    title: str
    picture: UploadFile


async def pictured(event: PictureEvent) -> dict[str, object]:
    start = await event.picture.read(3)
    return {
        "title": event.title,
        "name": event.picture.filename,
        "start": start.decode(),
        "size": event.picture.size,
    }


def moved() -> Response:
    return RedirectResponse("/elsewhere", 303)


def moved_away() -> Response:
    """Lead to another site, with a cookie and a task."""
    task = BackgroundTask(ended.append, "told elsewhere")
    away = RedirectResponse("https://pay.test/?item=té", background=task)
    away.set_cookie("flash", "hello")
    return away


def moved_by_hand() -> Response:
    return PlainTextResponse("Moved.", 302, {"Location": "/elsewhere"})


def moved_to_a_script() -> Response:
    return RedirectResponse("JavaScript:alert(1)")


def log_in(event: SubmitEvent) -> None:
    request = current_request.get()
    request.session.clear()
    request.session["user"] = event.value("user")
    handlers.new_audience(request)


def whoami() -> dict[str, object]:
    return {"user": current_request.get().session.get("user")}


OFFERED: list[Callable[..., object]] = [
    *(where, where_async, text, html, listed, nothing, response, unknown_value),
    *(clicked, asked, fail, fail_async, deny, expire, of_the_domain, teapot),
    *(steps, steps_async, fail_later, deny_later, brew, brew_async, flood, endings),
    *(submitted, uploaded, pictured, moved, moved_away, moved_by_hand),
    *(moved_to_a_script, log_in, whoami),
]


def page(request: Request) -> Response:
    return handlers.page(request, "page.html", offered=OFFERED)


def log_out(request: Request) -> Response:
    request.session.pop("user", None)
    handlers.new_audience(request)
    return RedirectResponse("/", 303)


def domain(request: Request, error: Exception) -> Response:
    return PlainTextResponse("of the domain", 422)


handlers = Handlers(
    __name__,
    key=[KEY, b"the key before the last rotation"],
    endpoint=Endpoint(release="r1", max_json=1000, max_form=5000),
    templates=templates,
)


# The application with another way of answering, and one that asks for permission.


def set_mood() -> None:
    mood.set("happy")


async def set_mood_async() -> None:
    mood.set("glad")


def set_mood_away() -> None:
    mood.set("away")


def moods() -> Iterator[None]:
    for one in ("tired", "awake"):
        mood.set(one)
        yield
    mood.set("happy")


def told() -> Iterator[str]:
    mood.set("told")
    yield "<p>"


def silent() -> Iterator[str]:
    mood.set("silent")
    yield from ()


def forbidden() -> None:
    """``authorize`` says no."""


async def broken() -> None:
    """``authorize`` fails."""


SUB: list[Callable[..., object]] = [
    *(set_mood, set_mood_async, set_mood_away, moods, told, silent),
    *(forbidden, broken),
]


async def allow(call: Call) -> bool:
    await asyncio.sleep(0)
    assert current_request.get().url.path.endswith("/_events")
    if call.handler.fn is broken:
        raise HTTPException(401, "log in")
    return call.handler.fn is not forbidden


def sub_page(request: Request) -> Response:
    return sub.page(request, "page.html", offered=SUB)


async def show_mood(request: Request) -> str | Response:
    await asyncio.sleep(0)
    if mood.get() == "away":
        return RedirectResponse("/login")
    return f'<p id="mood">{mood.get()} at {request.url.path}</p>'


sub = Handlers(
    __name__,
    dispatcher=Dispatcher(
        Registry(captures="carry"), tokens=Tokens(KEY.encode()), authorize=allow
    ),
    endpoint=Endpoint(path="/_events"),
    templates=templates,
    render=show_mood,
)


# FastAPI.

fast = FastAPI()


@fast.get("/")
def fast_page(request: Request) -> Any:
    return fast_handlers.page(request, "page.html", offered=[nothing, whoami])


def show_fast(request: Request) -> Response:
    return HTMLResponse("<p>fast</p>")


fast_handlers = Handlers(
    __name__, key=KEY, templates=templates, render=show_fast, endpoint=Endpoint()
)
fast.add_middleware(SessionMiddleware, secret_key=KEY, session_cookie="fast")
fast.router.routes.extend(fast_handlers.routes)

sessions = Middleware(SessionMiddleware, secret_key=KEY)
app = Starlette(
    routes=[
        Route("/", page),
        Route("/logout", log_out),
        Mount("/grouped", routes=[Route("/", page)]),
        Mount(
            "/sub",
            Starlette(
                routes=[Route("/", sub_page), *sub.routes],
                exception_handlers={Domain: domain},
            ),
        ),
        Mount("/fast", fast),
        *handlers.routes,
    ],
    middleware=[sessions],
    exception_handlers={Domain: domain},
)
without_sessions = Starlette(routes=[Route("/", page), *handlers.routes])
without_routes = Starlette(routes=[Route("/", page)], middleware=[sessions])
