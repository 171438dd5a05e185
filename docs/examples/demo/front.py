"""The address in front of the servers: a small reverse proxy.

1. The servers render pages in turn. A page's events go to a server that did not render
   it, if one is alive: the page says in ``Rendered-By`` which server did. Nobody needs
   this opposite of sticky sessions; it shows that nobody needs those.
2. A server that does not answer is passed over, and the request goes to the next one.
   That is safe here although two servers may get one event: servers keep nothing.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["create_front"]

PER_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te"}


class Backend(Protocol):
    """A server; both attributes change when it is started again."""

    pid: int
    url: str


def create_front(backends: Sequence[Backend]) -> Starlette:
    """Return the web application that passes requests on."""
    turns = itertools.count()
    # trust_env: this is the loopback, never reached through a proxy.
    client = httpx.AsyncClient(timeout=30, trust_env=False)

    def in_order(rendered_by: str) -> list[Backend]:
        if rendered_by:
            return sorted(backends, key=lambda one: str(one.pid) == rendered_by)
        first = next(turns) % len(backends)
        return [*backends[first:], *backends[:first]]

    async def forward(request: Request) -> Response:
        body = await request.body()
        target = request.url.path + "?" + request.url.query
        for backend in in_order(request.headers.get("rendered-by", "")):
            sent = client.build_request(
                request.method,
                backend.url + target,
                headers=end_to_end(request.headers),
                content=body,
            )
            try:
                answer = await client.send(sent, stream=True)
            except httpx.TransportError:
                continue
            return StreamingResponse(
                relay(answer),
                answer.status_code,
                end_to_end(answer.headers),
            )
        return PlainTextResponse("No server answers. Try again in a moment.", 503)

    return Starlette(routes=[Route("/{path:path}", forward, methods=["GET", "POST"])])


async def relay(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Pass an answer on; a client that leaves closes it."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in headers.items() if k.lower() not in PER_CONNECTION}
