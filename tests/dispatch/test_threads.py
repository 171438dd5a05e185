"""Plain handlers streamed in threads: the event loop answers while they run and end."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from handlerid import (
    Call,
    ClickEvent,
    Dispatcher,
    Observer,
    Registry,
)
from handlerid.errors import AsyncHandler
from tests.dispatch.running import KINDS, SYNC, asyncio_only, call, collect, same

LIMIT = 20  # seconds; waited for only if the promise is broken

Thread = Callable[[Callable[[], object]], Awaitable[object]]

MAIN = threading.main_thread()


async def in_thread(function: Callable[[], object]) -> object:
    return await anyio.to_thread.run_sync(function)


async def happened(event: threading.Event) -> None:
    assert await anyio.to_thread.run_sync(event.wait, LIMIT)


@pytest.mark.anyio
@pytest.mark.parametrize("name", KINDS)
async def test_every_kind_has_the_steps_it_has_without_threads(name: str) -> None:
    handler, _, expected = KINDS[name]
    made = of_kind("plain" if name in SYNC else "coroutine", handler)
    assert same(await collect(made.astream(thread=in_thread)), expected)


@pytest.mark.anyio
async def test_a_plain_function_that_returns_an_awaitable_is_refused_in_threads() -> (
    None
):
    made = of_kind("plain", KINDS["a coroutine, from a function"][0])
    with pytest.raises(AsyncHandler):
        await collect(made.astream(thread=in_thread))


def of_kind(kind: Any, handler: Callable[..., object]) -> Call:
    made = call(handler)
    made.handler.kind = kind
    return made


class Gate:
    """A handler that blocks its thread until the event loop opens it."""

    def __init__(self, steps: int = 1) -> None:
        self.began, self.opened = threading.Event(), threading.Event()
        self.ended = threading.Event()
        self.threads: list[threading.Thread] = []
        self.steps = steps
        self.waited = False

    def __call__(self) -> Iterator[int]:
        try:
            yield from range(self.steps)
            self.wait()
            yield self.steps
        finally:
            self.wait()
            self.threads.append(threading.current_thread())
            self.ended.set()

    def wait(self) -> None:
        self.began.set()
        self.waited = self.opened.wait(LIMIT)


def streamed(gate: Gate, thread: Thread, observer: Observer | None = None) -> Any:
    made = of_kind("generator", gate)
    made.observer = observer
    return made.astream(thread=thread)


def open_from_loop(gate: Gate) -> None:
    """Open the gate from the event loop, once the handler waits there."""

    async def wait() -> None:
        await happened(gate.began)
        gate.opened.set()

    opening.append(asyncio.ensure_future(wait()))


opening: list[asyncio.Future[None]] = []


class Ends(Observer):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def after(self, call: Call, result: object, seconds: float) -> None:
        self.seen.append("after")

    def failed(self, call: Call, error: BaseException, seconds: float) -> None:
        self.seen.append(type(error).__name__)


def test_closing_between_two_steps_lets_the_loop_go_on() -> None:
    gate, ends = Gate(), Ends()

    async def main() -> None:
        async with aclosing(streamed(gate, asyncio.to_thread, ends)) as steps:
            assert await anext(steps) == 0
            open_from_loop(gate)
        assert gate.ended.is_set()

    asyncio.run(main())
    assert (gate.waited, ends.seen) == (True, ["after"])
    assert MAIN not in gate.threads


@pytest.mark.parametrize("times", [1, 2, 3])
def test_cancelling_within_a_step_waits_for_it_and_closes(times: int) -> None:
    """Cancelled again while it closes, it closes nevertheless."""
    gate, ends = Gate(steps=0), Ends()

    async def main() -> None:
        task = asyncio.ensure_future(collect(streamed(gate, asyncio.to_thread, ends)))
        await happened(gate.began)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        gate.opened.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await happened(gate.ended)

    asyncio.run(main())
    assert gate.waited
    assert MAIN not in gate.threads
    wait_for(lambda: ends.seen == ["after"])


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + LIMIT
    while not happened() and time.monotonic() < until:
        time.sleep(0.001)
    assert happened()


async def closed_in_a_thread(gate: Gate) -> None:
    await happened(gate.began)
    gate.opened.set()
    await happened(gate.ended)
    assert gate.waited
    assert MAIN not in gate.threads


@pytest.mark.anyio
async def test_a_scope_that_is_cancelled_closes_in_a_thread() -> None:
    """Of anyio and trio; there everything that awaits is cancelled at once."""
    gate = Gate()
    with anyio.CancelScope() as scope:
        async with aclosing(streamed(gate, in_thread)) as steps:
            assert await anext(steps) == 0
            scope.cancel()
    await closed_in_a_thread(gate)


@pytest.mark.anyio
@asyncio_only
async def test_a_stream_that_is_dropped_closes_in_a_thread() -> None:
    gate = Gate()
    steps = streamed(gate, asyncio.to_thread)
    await anext(steps)
    del steps
    gc.collect()
    await closed_in_a_thread(gate)


def test_a_pool_that_is_full_closes_all_the_same() -> None:
    """The one thread is busy when the stream is cancelled twice."""
    gate = Gate()
    busy = threading.Event()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        steps = streamed(gate, asyncio.to_thread)
        await anext(steps)
        filling = asyncio.ensure_future(asyncio.to_thread(busy.wait, LIMIT))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(steps.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with suppress(asyncio.CancelledError):
            await closing
        await happened(gate.began)
        gate.opened.set()
        busy.set()
        await filling

    asyncio.run(main())
    assert gate.ended.wait(LIMIT)
    assert gate.waited
    assert MAIN not in gate.threads


# A client that leaves a server.


class Server:
    """A page whose handler streams, in uvicorn, with a route that opens the gate."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.app = Dispatcher(Registry())

        def brew(event: ClickEvent) -> Iterator[str]:
            try:
                for step in range(10**6):
                    time.sleep(0.001)
                    yield f"{step}\n"
            finally:
                self.gate.wait()
                self.gate.threads.append(threading.current_thread())
                self.gate.ended.set()

        self.payload = {"handler": self.app.registry.register(brew)}
        routes = [Route("/stream", self.stream), Route("/open", self.open)]
        config = uvicorn.Config(
            Starlette(routes=routes), port=0, log_config=None, lifespan="off"
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    async def stream(self, request: Request) -> Response:
        made = await self.app.aprepare(self.payload)

        async def pages() -> AsyncIterator[str]:
            async with aclosing(made.astream(thread=in_thread)) as steps:
                async for step in steps:
                    yield str(step)

        return StreamingResponse(pages())

    async def open(self, request: Request) -> Response:
        self.gate.opened.set()
        return Response("open")


def test_a_client_that_leaves_does_not_stop_the_server() -> None:
    server = Server()
    server.thread.start()
    try:
        wait_for(lambda: server.server.started)
        port = server.server.servers[0].sockets[0].getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        with httpx.stream("GET", f"{address}/stream") as answer:
            assert next(answer.iter_lines()) == "0"
        assert server.gate.began.wait(LIMIT)  # in finally: the client is gone
        assert httpx.get(f"{address}/open", timeout=LIMIT).text == "open"
        assert server.gate.ended.wait(LIMIT)
        assert server.gate.waited
        assert server.thread not in server.gate.threads
    finally:
        server.server.should_exit = True
        server.thread.join(LIMIT)
