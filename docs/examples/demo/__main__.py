"""The demo: two server processes, one address, and a page that either can answer.

``make demo`` runs it, and installs what it needs; so does ``python docs/examples/demo``
where that is installed.

    page.py      what an application author writes: the handlers and the page
    server.py    what a framework author writes: routes around a Dispatcher
    state.py     the page's state, which travels in the page, signed
    front.py     the address in front of the servers

This file starts the servers and stops them. A server that ends is started again, as any
supervisor would do.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import socket
import sys
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from front import create_front

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Iterator


class CannotStart(Exception):
    """The demo cannot start; the text says why."""


class Server:
    """One server process.

    Attributes:
        pid: the process that runs now.
        url: its address.
    """

    pid = 0
    url = ""

    def __init__(self, secret: str) -> None:
        self._environment = {**os.environ, "HANDLERID_DEMO_SECRET": secret}
        self._process: Process | None = None

    async def start(self) -> None:
        """Start the process and wait until it listens.

        Raises:
            CannotStart: it ended before that.
        """
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("server.py")),
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,  # the server ends when this closes
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches this process alone
        )
        assert self._process.stdout is not None
        port = (await self._process.stdout.readline()).decode().strip()
        if not port:
            raise CannotStart("a server process ended before it listened")
        self.pid = self._process.pid
        self.url = f"http://127.0.0.1:{port}"

    async def keep(self) -> None:
        """Start the process again whenever it ends."""
        assert self._process is not None
        while True:
            await self._process.wait()
            try:
                await self.start()
            except CannotStart:
                await asyncio.sleep(1)  # somebody may be editing its source
            else:
                print(f"  a server ended; {self.pid} took its place", flush=True)

    async def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()


class FrontServer(uvicorn.Server):
    """Leaves signals to this file."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(port: int) -> None:
    """Serve until the task is cancelled."""
    async with AsyncExitStack() as stack:
        try:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        except (OSError, OverflowError) as error:
            raise CannotStart(
                f"port {port} cannot be used ({error}); name another one: --port"
            ) from error
        secret = secrets.token_urlsafe()
        servers = [Server(secret) for _ in range(2)]
        for server in servers:
            stack.push_async_callback(server.stop)
        await asyncio.gather(*(server.start() for server in servers))
        for server in servers:
            stack.push_async_callback(cancel, asyncio.create_task(server.keep()))
        front = FrontServer(
            uvicorn.Config(
                create_front(servers),
                log_config=None,
                access_log=False,
                date_header=False,  # the answers of the servers have these
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        serving = asyncio.create_task(front.serve(sockets=[listener]))
        stack.push_async_callback(finish, front, serving)
        print(f"handlerid demo: http://127.0.0.1:{listener.getsockname()[1]}/")
        print("  servers:", ", ".join(str(server.pid) for server in servers))
        print("  Ctrl-C stops them", flush=True)
        await asyncio.Event().wait()


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def finish(front: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    front.should_exit = True
    await serving


def main() -> int:
    """Run the demo until Ctrl-C or SIGTERM, which are its normal end."""
    parser = argparse.ArgumentParser(
        prog="python docs/examples/demo",
        description="Serve a page whose events are answered by a process that did not "
        "render it, until Ctrl-C.",
    )
    parser.add_argument(
        "--port", type=int, default=8000, help="port of the address; 0 for a free one"
    )
    port = parser.parse_args().port
    # A shell starts background commands with Ctrl-C ignored, and asyncio leaves it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        asyncio.run(run(port))
    except KeyboardInterrupt:
        return 0
    except CannotStart as error:
        print(f"handlerid demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
