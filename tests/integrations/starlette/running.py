"""Servers of the tests, and visitors of their pages."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.fresh import environment
from tests.support.servers import running

__all__ = ["KEY", "ROOT", "Site", "Visitor", "events_in", "serving", "until"]

ROOT = Path(__file__).parents[3]
KEY = "a key of the tests, which is no secret"
SESSION_KEY = "another key, of the sessions"
LIMIT = 60  # seconds; waited for only if something is broken


def until(condition: Any, log: Path | None = None) -> Any:
    """Wait until a condition is true, and return its value; a failure shows the log."""
    end = time.monotonic() + LIMIT
    while not (value := condition()):
        assert time.monotonic() < end, (
            f"it did not happen: {condition}\n{log.read_text('utf-8') if log else ''}"
        )
        time.sleep(0.01)
    return value


class Site:
    """A running server; ``log`` is what it wrote so far."""

    def __init__(self, log: Path) -> None:
        self._log = log
        found = until(lambda: re.search(r"running on (http://[\w.:]+)", self.log), log)
        self.url: str = found[1]
        until(lambda: "Application startup complete." in self.log, log)

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")


@contextmanager
def serving(
    app: str, log: Path, *options: str, cwd: Path = ROOT, **variables: str
) -> Iterator[Site]:
    """Run uvicorn with an application until the block ends.

    Args:
        app: as uvicorn takes it, from the folder ``cwd``.
        log: a file for what the server writes.
        options: of uvicorn.
        cwd: the folder of the application.
        variables: of the environment.
    """
    fixed = ("--port", "0", "--no-access-log", *options)
    keys = {"APP_KEY": KEY, "SESSION_KEY": SESSION_KEY}
    env = environment(cwd, **(keys | variables))
    with running("-m", "uvicorn", app, *fixed, log=log, cwd=cwd, env=env):
        yield Site(log)


def events_in(stream: str) -> list[tuple[str, str]]:
    """Return the server-sent events of a stream: their names and their data."""
    events = []
    for block in stream.split("\n\n")[:-1]:
        name, *data = block.split("\n")
        text = "\n".join(line.removeprefix("data: ") for line in data)
        events.append((name.removeprefix("event: "), text))
    return events


class Visitor(httpx.Client):
    """A browser without JavaScript: it has cookies, and sends what a page says."""

    def __init__(self, url: str, **more: Any) -> None:
        headers = {"Sec-Fetch-Site": "same-origin"}
        super().__init__(
            base_url=url, timeout=LIMIT, headers=headers, trust_env=False, **more
        )
        self.action = ""
        self.references: dict[str, str] = {}

    def visit(self, path: str = "/") -> str:
        """Load a page, and keep what its handlers are called by."""
        text = self.get(path).raise_for_status().text
        found = re.findall(r'id="([^"]+)" data-h-\w+="([^"]+)"', text)
        self.references = dict(found)
        (self.action,) = re.findall(r'data-handlerid="([^"]+)"', text)
        return text

    def payload(self, name: str, **fields: Any) -> dict[str, Any]:
        return {"handler": self.references[name], **fields}

    def fire(self, name: str, **fields: Any) -> httpx.Response:
        """Send an event as the client does."""
        return self.post_as_client(json.dumps(self.payload(name, **fields)).encode())

    def post_as_client(
        self, content: Any, kind: str = "application/json", **headers: str
    ) -> httpx.Response:
        wire = {"Content-Type": kind, "Handlerid-Wire": "1", **headers}
        return self.post(self.action, content=content, headers=wire)

    def fire_form(self, name: str, files: Any = None, **fields: Any) -> httpx.Response:
        """Send a form as the client does."""
        data = {"_handler": self.references[name], **fields}
        wire = {"Handlerid-Wire": "1"}
        return self.post(self.action, data=data, files=files, headers=wire)

    def navigate(self, name: str, back: str = "/", **fields: Any) -> httpx.Response:
        """Send a form as a browser does without JavaScript."""
        origin = f"{self.base_url.scheme}://{self.base_url.netloc.decode()}"
        data = {"_handler": self.references[name], "_wire": "1", **fields}
        headers = {"Origin": origin, "Referer": origin + back}
        return self.post(self.action, data=data, headers=headers)
