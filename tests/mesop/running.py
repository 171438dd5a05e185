"""Mesop servers, and the one address in front of them.

What belongs here: starting and stopping. The sockets listen before the servers run, so
nobody waits for one to be ready: who connects waits for it.
"""

from __future__ import annotations

import os
import py_compile
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Self

import uvicorn
from starlette.responses import StreamingResponse

from handlerid._demo.front import Front

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
    from types import TracebackType

    from starlette.requests import Request
    from starlette.responses import Response

APP = Path(__file__).parent / "app"
ALONE = ("-m", "mesop.bin.bin")
INSTALLED = ("-m", "handlerid.integrations.mesop")


def release(folder: Path) -> Path:
    """Copies the application, as it is delivered: one module without its source."""
    copied = folder / "app"
    shutil.copytree(APP, copied, ignore=shutil.ignore_patterns("__pycache__"))
    source = copied / "only_pyc.py"
    py_compile.compile(str(source), cfile=str(source.with_suffix(".pyc")), doraise=True)
    source.unlink()
    return copied


def next_release(app: Path, folder: Path) -> Path:
    """Copies a release elsewhere, with another comment and other code in a handler."""
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
    """A Mesop server process; a context manager that leaves nothing behind.

    Args:
        app: the folder of the application.
        command: how Python is told to run Mesop, with flags.
        name: what the application is told to be.
        hash_seed: of the process.
        environment: variables besides.
    """

    pid = 0  # of a front's backend

    def __init__(
        self,
        app: Path,
        *command: str,
        name: str = "first",
        hash_seed: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.log_file = app.parent / f"{name}-{hash_seed}-{len(command)}.log"
        with (
            socket.create_server(("127.0.0.1", 0)) as listening,
            self.log_file.open("w") as log,
        ):
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            self.process = subprocess.Popen(
                [sys.executable, *command, str(app / "app.py")],
                stdout=log,
                stderr=log,
                pass_fds=[listening.fileno()],
                cwd=app,
                env={
                    **os.environ,
                    "TEST_SERVER": name,
                    "PYTHONHASHSEED": str(hash_seed),
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONUNBUFFERED": "1",  # what it prints is read while it runs
                    "MESOP_HTTP_CACHE_JS_BUNDLE": "true",
                    # How Werkzeug is handed a socket that listens already.
                    "WERKZEUG_RUN_MAIN": "true",
                    "WERKZEUG_SERVER_FD": str(listening.fileno()),
                    **(environment or {}),
                },
            )

    @property
    def log(self) -> str:
        """What the server has written so far, without colours."""
        return re.sub(r"\x1b\[\d*m", "", self.log_file.read_text("utf-8"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait(10)


class Address(Front):
    """One address for several servers; who is behind it is said between two requests.

    Attributes:
        turn: the number of the server that answers; with ``turns`` the next answers
            the next event.
        turns: whether the servers take turns.
        answered: gets an item whenever a server has said all that it has to say.
    """

    turn = 0
    turns = False

    def __init__(self, backends: Sequence[Server]) -> None:
        super().__init__(backends)
        self.answered: SimpleQueue[None] = SimpleQueue()
        config = uvicorn.Config(
            self.app(), log_level="critical", ws="none", timeout_graceful_shutdown=0
        )
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}
        )
        self._thread.start()

    async def forward(self, request: Request) -> Response:
        answer = await super().forward(request)
        if request.url.path == "/__ui__":
            assert isinstance(answer, StreamingResponse)
            answer.body_iterator = self._note(answer.body_iterator)
            if self.turns:
                self.turn = 1 - self.turn
        return answer

    async def _note(self, body: AsyncIterable[Any]) -> AsyncIterator[Any]:
        # The page closes the stream when it has read the end: not an error here.
        try:
            async for chunk in body:
                yield chunk
        finally:
            self.answered.put(None)

    def _order(self, rendered_by: str) -> list[Server]:  # type: ignore[override]
        return [self._backends[self.turn]]  # type: ignore[list-item]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
