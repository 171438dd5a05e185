"""A site for the browser's tests: ``main`` serves it and prints its address.

A test asks for a room: a page, what its handlers do, and the releases that serve it.
The releases of a room stand behind one address and take turns as the test says. A room
keeps what its handlers got, and what was sent to it, refused or not.

``/r/<room>/...`` is what the browser sees; ``/rooms/<room>`` is for the test.
"""

from __future__ import annotations

import asyncio
import base64
import pickle
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import count, cycle
from typing import Any

import uvicorn
from jinja2 import Environment, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from handlerid import Call, Dispatcher, Event, Form, HandlerIdError, Registry, Tokens
from handlerid.events import UploadedFile, event_type
from handlerid.web import Answer, Endpoint, HandlerFailed, step_bytes
from handlerid.web import Request as Checked

templates = Environment(autoescape=True, undefined=StrictUndefined)
current_user: ContextVar[str] = ContextVar("current_user")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A page</title>
{head}
</head>
{body}
</html>
"""

DEADLINE = 60  # seconds that a test waits for what has to happen

# Real functions: their ids are made as those of an application. The edition is part of
# the code, so that a release with another one answers that the handler is stale.
PLAIN = """async def {name}(event):
    return await run({name!r}, event, {edition!r})
"""
STEPS = """async def {name}(event):
    async for step in run_steps({name!r}, event, {edition!r}):
        yield step
"""


@dataclass(kw_only=True, slots=True)
class PhotoEvent(Event):
    """A form of the host, with a file."""

    title: str
    photo: UploadedFile


class Cut(Exception):
    """The connection ends in the middle of an answer."""


class Room:
    """What one test asked for, and what happened to it.

    Args:
        name: its name in addresses.
        spec: see ``tests.web.visit.Site.room``, which writes it.
    """

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        self.root = f"/r/{name}"
        self.spec = spec
        self.tokens = Tokens(secrets.token_bytes(32), max_age=3600)
        self.pages: list[dict[str, Any]] = []
        self.posts: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []
        self.instead: dict[str, Any] | None = None
        self.opened: set[str] = set()
        self.changed = asyncio.Condition()
        self.releases: dict[str, Release] = {}
        self.serve(**spec["serve"])

    def serve(self, pages: list[str], events: list[str] | None = None) -> None:
        """Let releases take turns: at all requests, or at pages and events apart."""
        for name in (*pages, *(events or ())):
            if name not in self.releases:
                self.releases[name] = Release(self, name)
        self.page_turns = cycle(pages)
        self.event_turns = self.page_turns if events is None else cycle(events)

    async def keep(self, entries: list[dict[str, Any]], **entry: Any) -> None:
        async with self.changed:
            entries.append(entry)
            self.changed.notify_all()

    async def open(self, gate: str) -> None:
        async with self.changed:
            self.opened.add(gate)
            self.changed.notify_all()

    async def pass_gate(self, gate: str) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: gate in self.opened)

    async def run(self, name: str, event: Event, edition: str) -> dict[str, Any]:
        """Do what the test wants the handler to do."""
        does = self.spec["does"].get(name, {})
        n = await self.begin(name, event, edition)
        if "wait" in does:
            await self.pass_gate(does["wait"].format(n=n))
        if "fail" in does:
            raise RuntimeError("the test asked for it")
        return {**does, "n": n}

    async def run_steps(
        self, name: str, event: Event, edition: str
    ) -> AsyncIterator[dict[str, Any]]:
        n = await self.begin(name, event, edition)
        for step in self.spec["does"][name]["steps"]:
            if "wait" in step:
                await self.pass_gate(step["wait"])
            elif "fail" in step:
                raise RuntimeError("the test asked for it")
            else:
                yield {**step, "n": n}

    async def begin(self, name: str, event: Event, edition: str) -> int:
        pickled = base64.b64encode(pickle.dumps(event)).decode()
        user = current_user.get()
        await self.keep(
            self.runs, handler=name, event=pickled, user=user, edition=edition
        )
        return sum(run["handler"] == name for run in self.runs)


class Release:
    """One deployed version of a room's application; ``""`` names none."""

    def __init__(self, room: Room, name: str) -> None:
        self.room = room
        self.name = name
        self.endpoint = Endpoint(release=name or None, **room.spec["endpoint"])
        self.registry = Registry()
        self.dispatcher = Dispatcher(self.registry, tokens=room.tokens)
        self.functions: dict[str, Callable[..., object]] = {}
        self.page("nobody")  # registers the handlers that it offers
        for does in room.spec["does"].values():
            for part in (does, *does.get("steps", ())):
                self.render(part.get("html", ""), "nobody", n=0)

    def function(self, name: str) -> Callable[..., object]:
        """Return the handler of a name, which is its location."""
        if name not in self.functions:
            spec = self.room.spec
            code = STEPS if "steps" in spec["does"].get(name, {}) else PLAIN
            edition = self.name if name in spec["edited"] else ""
            known: dict[str, Any] = {
                "__name__": "tests.web.shop",
                "run": self.room.run,
                "run_steps": self.room.run_steps,
            }
            exec(code.format(name=name, edition=edition), known)
            self.functions[name] = known[name]
        return self.functions[name]

    def render(self, text: str, user: str, **more: object) -> str:
        """Render a template of the test: handlers are offered by their names."""
        endpoint, root = self.endpoint, self.room.root
        with self.dispatcher.scope(audience=user) as scope:

            def offering(write: Callable[..., str]) -> Callable[..., str]:
                def offer(event: str, name: str = "note", **options: Any) -> str:
                    handler = self.function(name), event_type(event)
                    self.registry.register(*handler)
                    return write(scope, *handler, **options)

                return offer

            return templates.from_string(text).render(
                on=offering(endpoint.attributes),
                reference=offering(type(scope).offer),
                inputs=offering(endpoint.inputs),
                script=partial(endpoint.script, audience=user, root=root),
                release=self.name,
                root=root,
                url=root + endpoint.url,
                user=user,
                **more,
            )

    def page(self, user: str, nonce: str = "", path: str = "") -> str:
        spec = self.room.spec
        text = PAGE.format(head=spec["head"], body=spec["body"])
        return self.render(text, user, nonce=nonce, path=path, n=0)

    async def answer(self, request: Request, path: str) -> Response:
        """Answer an event, as an integration does."""
        checked = self.endpoint.request(request.method, request.headers.raw, path)
        user = user_of(request)
        current_user.set(user)
        try:
            payload = await read(request, checked)
            call = await self.dispatcher.aprepare(payload, audience=user)
            if call.handler.kind == "async generator":
                return StreamingResponse(
                    self.steps(call, checked, user),
                    headers=dict(self.endpoint.stream_headers()),
                    media_type="text/event-stream",
                )
            does: Any = await call.arun()
        except HandlerIdError as error:
            return as_response(self.endpoint.refuse(error, checked))
        except RuntimeError:
            return as_response(self.endpoint.refuse(HandlerFailed(), checked))
        if "redirect" in does:
            return RedirectResponse(self.room.root + does["redirect"], 303)
        if checked.navigation:
            return as_response(self.endpoint.back(checked))
        if "json" in does:
            return as_response(self.endpoint.json(does["json"]))
        html = self.render(does.get("html", ""), user, n=does["n"])
        return as_response(self.endpoint.html(html))

    async def steps(
        self, call: Call, checked: Checked, user: str
    ) -> AsyncIterator[bytes]:
        try:
            async with aclosing(call.astream()) as steps:
                step: Any
                async for step in steps:
                    if "cut" in step:
                        raise Cut
                    if "html" in step:
                        html = self.render(step["html"], user, n=step["n"])
                        yield step_bytes("html", html)
                    else:
                        body = self.endpoint.json(step["json"]).body
                        yield step_bytes("json", body.decode())
            if "unfinished" not in step:
                yield step_bytes("end")
        except RuntimeError:
            yield self.endpoint.refuse_step(HandlerFailed(), checked)


def user_of(request: Request) -> str:
    return request.cookies.get("user", "guest")


def as_response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    for name, value in answer.headers:
        response.headers.append(name, value)
    return response


async def read(request: Request, checked: Checked) -> bytes | Form:
    checked.check()
    if checked.media_type == "multipart/form-data":
        return checked.form(await request.form())
    checked.feed(await request.body())
    return checked.payload()


# What the browser sees.


async def visit(request: Request) -> Response:
    """Answer whatever a page asks for below its room."""
    room = rooms[request.path_params["room"]]
    path: str = request.path_params["path"]
    first, _, rest = path.partition("/")
    if first == "_handlerid" and request.method == "POST":
        return await receive(room, request, rest)
    if first == "_handlerid":
        return as_response(
            room.releases[room.spec["serve"]["pages"][0]].endpoint.client(rest)
        )
    if first == "mark":
        return Response(status_code=204)
    if first == "login":
        response: Response = RedirectResponse(f"{room.root}/", 303)
        response.set_cookie("user", rest, path=room.root, httponly=True)
        return response
    if first == "logout":
        response = HTMLResponse("<title>Bye</title><h1>Bye</h1>")
        response.delete_cookie("user", path=room.root)
        return response
    release = room.releases[next(room.page_turns)]
    await room.keep(room.pages, path=f"/{path}", release=release.name)
    nonce = secrets.token_urlsafe()
    headers = {"Cache-Control": "private, no-store", **room.spec["headers"]}
    headers = {name: value.format(nonce=nonce) for name, value in headers.items()}
    return HTMLResponse(
        release.page(user_of(request), nonce, f"/{path}"), headers=headers
    )


async def favicon(request: Request) -> Response:
    """Answer what every browser asks for, so that its console stays empty."""
    return Response(status_code=204)


async def receive(room: Room, request: Request, path: str) -> Response:
    headers = dict(request.headers)
    body = (await request.body()).decode("latin-1")
    if room.instead is not None:  # a proxy answers, or a route of the host
        await room.keep(room.posts, path=path, headers=headers, body=body, release=None)
        return Response(**room.instead)
    release = room.releases[next(room.event_turns)]
    await room.keep(
        room.posts, path=path, headers=headers, body=body, release=release.name
    )
    return await release.answer(request, path)


# What the test drives a room by.

rooms: dict[str, Room] = {}
names = count(1)


async def make(request: Request) -> Response:
    name = str(next(names))
    rooms[name] = Room(name, await request.json())
    return JSONResponse(name)


async def drive(request: Request) -> Response:
    room = rooms[request.path_params["room"]]
    for name, value in (await request.json()).items():
        if name == "open":
            await room.open(value)
        elif name == "serve":
            room.serve(**value)
        else:
            room.instead = value
    return Response(status_code=204)


async def look(request: Request) -> Response:
    """Wait until there are so many pages, posts or runs; return those that are."""
    room = rooms[request.path_params["room"]]
    wanted = {name: int(value) for name, value in request.query_params.items()}
    with suppress(TimeoutError):
        async with asyncio.timeout(DEADLINE), room.changed:
            await room.changed.wait_for(
                lambda: all(len(getattr(room, name)) >= n for name, n in wanted.items())
            )
    return JSONResponse({"pages": room.pages, "posts": room.posts, "runs": room.runs})


app = Starlette(
    routes=[
        Route("/r/{room}/{path:path}", visit, methods=["GET", "POST"]),
        Route("/favicon.ico", favicon),
        Route("/rooms", make, methods=["POST"]),
        Route("/rooms/{room}", drive, methods=["POST"]),
        Route("/rooms/{room}", look),
    ]
)


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"site: http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(app, access_log=False, timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[listener])
