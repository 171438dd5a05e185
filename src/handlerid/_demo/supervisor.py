"""Starts the servers and the address in front of them, and stops all of it.

What belongs here: processes. Each server is one of its own; the front runs in this
one. A server that ends is started again, as any supervisor would.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import uvicorn

from handlerid._demo.front import Front
from handlerid._demo.state import SECRET

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Iterator

__all__ = ["CannotStart", "Server", "running"]

STOPPING = 3.0
"""Seconds that a server gets to finish what it is doing."""


class CannotStart(Exception):
    """The demo cannot start; the text says why."""


class Server:
    """One server process.

    Attributes:
        pid: of the process that runs now.
        url: where it listens.
    """

    pid = 0
    url = ""

    def __init__(self, secret: str, log_level: str) -> None:
        self._environment = {**os.environ, SECRET: secret}
        self._log_level = log_level
        self._process: Process | None = None

    async def start(self) -> None:
        """Starts the process and waits until it listens.

        Raises:
            CannotStart: it ended before that.
        """
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "handlerid._demo.worker", self._log_level),
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the supervisor, which tells it
        )
        assert self._process.stdout is not None
        port = (await self._process.stdout.readline()).decode().strip()
        if not port:
            raise CannotStart("a server process ended before it listened")
        self.pid = self._process.pid
        self.url = f"http://127.0.0.1:{port}"

    async def keep(self) -> None:
        """Starts the process again whenever it ends."""
        assert self._process is not None
        while True:
            await self._process.wait()
            try:
                await self.start()
            except CannotStart:
                await asyncio.sleep(1)  # its source may be about to be mended
            else:
                print(f"  a server ended; {self.pid} took its place", flush=True)

    async def stop(self) -> None:
        """Ends the process: politely first."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOPPING)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class _FrontServer(uvicorn.Server):
    """Leaves signals to the supervisor."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running(
    port: int, log_level: str = "warning"
) -> AsyncIterator[tuple[str, list[Server]]]:
    """Runs the demo: gives its address and its servers, and stops them in the end.

    Args:
        port: port of the address; 0 takes any that is free.
        log_level: from which level on the servers log.

    Raises:
        CannotStart: the port is taken, or a server ended at once.
    """
    async with AsyncExitStack() as stack:
        try:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError as error:
            raise CannotStart(
                f"port {port} cannot be used ({error.strerror}); name another one: "
                "--port"
            ) from error
        secret = secrets.token_urlsafe()
        servers = [Server(secret, log_level) for _ in range(2)]
        for server in servers:
            stack.push_async_callback(server.stop)
        await asyncio.gather(*(server.start() for server in servers))
        for server in servers:
            stack.push_async_callback(_cancel, asyncio.create_task(server.keep()))

        front = _FrontServer(
            uvicorn.Config(
                Front(servers).app(),
                log_config=None,
                access_log=False,
                date_header=False,  # the servers' answers have these
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        serving = asyncio.create_task(front.serve(sockets=[listener]))
        stack.push_async_callback(_finish, front, serving)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", servers


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _finish(front: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    front.should_exit = True
    await serving
