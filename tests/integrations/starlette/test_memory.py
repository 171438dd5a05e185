"""What a click leaves behind: nothing that waits for the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from handlerid import ClickEvent, SubmitEvent
from handlerid.integrations.starlette import Handlers
from tests.integrations.starlette.running import KEY

CLICKS = 5


async def awaited(event: ClickEvent) -> str:
    return "<p>"


def in_a_thread(event: ClickEvent) -> dict[str, str]:
    return {"key": event.key}


def moved() -> Response:
    return RedirectResponse("/elsewhere")


def fails() -> None:
    raise RuntimeError


def submitted(event: SubmitEvent) -> None:
    """Do nothing with the form."""


def steps() -> Iterator[str]:
    yield "<p>"


async def steps_later() -> AsyncIterator[str]:
    yield "<p>"


def reference(request: Request) -> Response:
    """Answer with the reference of the handler that the query names."""
    with handlers.scope(request) as scope:
        return PlainTextResponse(scope.offer(globals()[request.url.query]))


handlers = Handlers(__name__, key=KEY)
app = Starlette(
    routes=[Route("/", reference), *handlers.routes],
    middleware=[Middleware(SessionMiddleware, secret_key=KEY)],
)


async def ask(
    method: str, path: str, query: str, headers: dict[str, str], *body: bytes
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Let the application answer a request, as a server does."""
    parts, sent, over = list(body), list[Any](), asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not parts:
            await over.wait()
            return {"type": "http.disconnect"}
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    scope: dict[str, Any] = {"type": "http", "method": method, "path": path}
    scope |= {"headers": pairs, "query_string": query.encode(), "root_path": ""}
    await app({**scope, "scheme": "http", "server": ("a", 80)}, receive, send)
    over.set()
    content = b"".join(one["body"] for one in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), content


async def click(name: str, status: int, headers: dict[str, str]) -> None:
    """Send an event in two parts, as the client does."""
    _, given, handler = await ask("GET", "/", name, {}, b"")
    wire = {"Cookie": given[b"set-cookie"].decode().partition(";")[0]}
    wire |= {"Sec-Fetch-Site": "same-origin", "Handlerid-Wire": "1"}
    wire |= {"Content-Type": "application/json", **headers}
    body = json.dumps({"handler": handler.decode()}).encode()
    if headers is MULTIPART:
        part = b'--b\r\nContent-Disposition: form-data; name="_handler"\r\n\r\n'
        body = part + handler + b"\r\n--b--\r\n"
    answer = await ask("POST", "/_handlerid", "", wire, body[:9], body[9:])
    assert answer[0] == status, answer


MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("name", "status", "headers"),
    [
        ("awaited", 200, {}),
        ("in_a_thread", 200, {}),
        ("moved", 204, {}),
        ("fails", 500, {}),
        ("submitted", 204, MULTIPART),
        ("steps", 200, {}),
        ("steps_later", 200, {}),
        ("awaited", 403, {"Sec-Fetch-Site": "cross-site"}),
        ("awaited", 403, {"Cookie": "of=another"}),
        ("awaited", 413, {"Content-Length": "99999999"}),
    ],
)
def test_a_click_leaves_no_garbage(
    name: str,
    status: int,
    headers: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("CRITICAL", "handlerid")  # or the log keeps the errors

    async def clicks() -> None:
        for _ in range(CLICKS):
            await asyncio.create_task(click(name, status, headers))

    with asyncio.Runner() as runner:
        runner.run(clicks())  # what is made once
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            runner.run(clicks())
            gc.collect()
            left = [one for one in gc.garbage if "handlerid" in type(one).__module__]
            assert left == []
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
