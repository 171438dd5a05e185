"""Mesop servers, and the one address in front of them.

The sockets listen before the servers run, so nobody waits for a server to be ready.
"""

from __future__ import annotations

import py_compile
import re
import shutil
import socket
import threading
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.support.fresh import environment
from tests.support.servers import Server as Process
from tests.support.servers import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from types import TracebackType

    from starlette.requests import Request

APP = Path(__file__).parent / "app"
ALONE = ("-m", "mesop.bin.bin")
INSTALLED = ("-m", "handlerid.integrations.mesop")


def release(folder: Path) -> Path:
    """Copy the application as it is delivered: one module without its source."""
    copied = folder / "app"
    shutil.copytree(APP, copied, ignore=shutil.ignore_patterns("__pycache__"))
    source = copied / "only_pyc.py"
    py_compile.compile(str(source), cfile=str(source.with_suffix(".pyc")), doraise=True)
    source.unlink()
    return copied


def next_release(app: Path, folder: Path) -> Path:
    """Copy a release elsewhere, with another comment and other code in a handler."""
    copied = folder / "next" / "app"
    shutil.copytree(app, copied)
    for name, old, new in (
        ("commented.py", "of this release", "of the next release"),
        ("edited.py", '"old"', '"new"'),
    ):
        text = (copied / name).read_text("utf-8")
        assert old in text
        (copied / name).write_text(text.replace(old, new), "utf-8")
    return copied


class Server:
    """A running Mesop server.

    Attributes:
        process: its process.
        url: its address.
    """

    def __init__(self, process: Process, url: str, log_file: Path) -> None:
        self.process = process
        self.url = url
        self._log_file = log_file

    @property
    def log(self) -> str:
        """What the server has logged so far, without colours."""
        return re.sub(r"\x1b\[\d*m", "", self._log_file.read_text("utf-8"))


@contextmanager
def running_mesop(
    app: Path,
    *command: str,
    name: str = "first",
    hash_seed: int = 1,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run a Mesop server until the block ends.

    Args:
        app: the folder of the application.
        command: how Python runs Mesop, with flags.
        name: which server the application believes to be.
        hash_seed: of the process.
        variables: further variables of its environment.
    """
    log = app.parent / f"{name}-{hash_seed}-{len(command)}.log"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        env = environment(
            seed=str(hash_seed),
            TEST_SERVER=name,
            PYTHONUNBUFFERED="1",  # its log is read while it runs
            MESOP_HTTP_CACHE_JS_BUNDLE="true",
            # How Werkzeug takes over a socket that listens already.
            WERKZEUG_RUN_MAIN="true",
            WERKZEUG_SERVER_FD=str(listening.fileno()),
            **(variables or {}),
        )
        with running(
            *command,
            str(app / "app.py"),
            log=log,
            cwd=app,
            env=env,
            pass_fds=(listening.fileno(),),
        ) as process:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            yield Server(process, url, log)


class Address:
    """One address for several servers; the test says which of them answers.

    Attributes:
        turn: the number of the server that answers.
        turns: whether the next server answers the next event.
        answered: gets an item whenever a server has ended an answer.
    """

    turn = 0
    turns = False

    def __init__(self, servers: Sequence[Server]) -> None:
        self.answered: SimpleQueue[None] = SimpleQueue()
        self._servers = servers
        self._client = httpx.AsyncClient(timeout=None, trust_env=False)
        route = Route("/{path:path}", self._forward, methods=["GET", "POST"])
        self._front = uvicorn.Server(
            uvicorn.Config(
                Starlette(routes=[route]),
                log_level="critical",
                ws="none",
                timeout_graceful_shutdown=0,
            )
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(
            target=self._front.run, kwargs={"sockets": [self._socket]}
        )

    async def _forward(self, request: Request) -> Response:
        sent = self._client.build_request(
            request.method,
            f"{self._servers[self.turn].url}{request.url.path}?{request.url.query}",
            headers=_without_length(request.headers),
            content=await request.body(),
        )
        answer = await self._client.send(sent, stream=True)
        body = answer.aiter_raw()
        if request.url.path == "/__ui__":
            body = self._note(body)
            if self.turns:
                self.turn = 1 - self.turn
        headers = _without_length(answer.headers)
        return StreamingResponse(body, answer.status_code, headers)

    async def _note(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        # The page closes the stream when it has read the end: not an error here.
        try:
            async for chunk in body:
                yield chunk
        finally:
            self.answered.put(None)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._front.should_exit = True
        self._thread.join()
        self._socket.close()


def _without_length(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that do not belong to one of the two connections."""
    dropped = ("connection", "content-length", "keep-alive", "transfer-encoding")
    return {k: v for k, v in headers.items() if k.lower() not in dropped}
