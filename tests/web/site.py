"""A site for the browser's tests: ``main`` serves it and prints its address.

``/r/<room>/...`` is what the browser sees; ``/rooms/<room>`` is for the test.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from contextlib import suppress
from itertools import count

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.web.rooms import Room, as_response, user_of

DEADLINE = 60  # seconds that a test waits for what has to happen

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
