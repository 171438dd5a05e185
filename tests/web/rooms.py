"""Rooms of the site: a page, its handlers, and the releases that serve them.

A test asks for a room. Its releases stand behind one address and take turns as the test
says. It keeps what its handlers got, and what was sent to it, refused or not.
"""

from __future__ import annotations

import asyncio
import base64
import pickle
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any

from jinja2 import Environment, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

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
class SnapEvent(Event):
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
