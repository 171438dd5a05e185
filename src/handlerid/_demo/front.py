"""The address in front of the servers: a small reverse proxy.

What belongs here: which server gets a request, and what happens when it does not
answer.

The rules:

1. Pages are rendered by the servers in turn. A page's events go to a server that did
   not render it whenever one is alive: the page says in ``Rendered-By`` who did. This
   is the opposite of sticky sessions. Nobody needs it; it shows that nobody needs
   those.
2. A server that cannot be reached, or that is gone before it answered, is passed
   over, and the request goes to the next. That is safe here although an event may
   reach two servers: they keep nothing, so all that an event does is in its answer.
3. Once an answer has begun it is passed on as it comes, and never asked for again.
"""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Backend", "Front"]

# These belong to one connection, and here there are two.
PER_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te"}


class Backend(Protocol):
    """A server, as far as the front is concerned."""

    pid: int
    url: str


class Front:
    """Passes requests on to servers.

    Args:
        backends: the servers; what they say of themselves is read at each request.
    """

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = backends
        self._turns = itertools.count()
        # Never through a proxy that the environment names: this is the loopback.
        self._client = httpx.AsyncClient(timeout=30, trust_env=False)

    def app(self) -> Starlette:
        """Makes the application; its end closes the connections to the servers."""

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            async with self._client:
                yield

        route = Route("/{path:path}", self.forward, methods=["GET", "POST"])
        return Starlette(routes=[route], lifespan=lifespan)

    async def forward(self, request: Request) -> Response:
        """Answers with what the first server says that says anything."""
        body = await request.body()
        target = request.url.path
        if request.url.query:
            target += "?" + request.url.query
        for backend in self._order(request.headers.get("rendered-by", "")):
            question = self._client.build_request(
                request.method,
                backend.url + target,
                headers=_end_to_end(request.headers),
                content=body,
            )
            try:
                answer = await self._client.send(question, stream=True)
            except httpx.TransportError:
                continue
            return StreamingResponse(
                _relay(answer), answer.status_code, _end_to_end(answer.headers)
            )
        return PlainTextResponse("No server answers. Try again in a moment.", 503)

    def _order(self, rendered_by: str) -> list[Backend]:
        """The servers, the one to ask first at the head."""
        if rendered_by:
            return sorted(self._backends, key=lambda one: str(one.pid) == rendered_by)
        first = next(self._turns) % len(self._backends)
        return [*self._backends[first:], *self._backends[:first]]


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in headers.items() if k.lower() not in PER_CONNECTION}


async def _relay(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()
