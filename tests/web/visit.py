"""Drive the site of the browser's tests, from the test."""

from __future__ import annotations

import base64
import pickle
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Page

from handlerid import Event

__all__ = ["Post", "Room", "Run", "Site", "forgive", "raised"]

SCRIPT = "{{ script() }}"

# Every event that the client raises, in their order, without waiting for a step of the
# test. A page without the client has an empty list.
RECORDER = """
window.raised = [];
for (const name of ["send", "answer", "refused", "failed", "newer", "missing",
                    "conflict"])
    document.addEventListener("handlerid:" + name, (event) => {
        const detail = JSON.parse(JSON.stringify(event.detail ?? null));
        window.raised.push({name, detail, id: event.target.id ?? ""});
    });
"""


def raised(page: Page, name: str, least: int = 1) -> list[Any]:
    """Wait until the client raised so many events; return the details of all."""
    known = f"raised.filter(one => one.name === {name!r}).map(one => one.detail)"
    page.wait_for_function(f"{known}.length >= {least}")
    details: list[Any] = page.evaluate(known)
    return details


def forgive(complaints: list[str], *statuses: int) -> None:
    """Remove what a browser says of every answer with such a status."""
    known = tuple(f"the server responded with a status of {one}" for one in statuses)
    rest = [text for text in complaints if not any(one in text for one in known)]
    assert len(rest) < len(complaints), "there was no such answer"
    complaints[:] = rest


@dataclass(frozen=True)
class Post:
    """What the browser sent, refused or not; ``release`` is whose server got it."""

    path: str
    headers: dict[str, str]
    body: str
    release: str | None


@dataclass(frozen=True)
class Run:
    """A handler that ran."""

    handler: str
    event: Event
    user: str
    edition: str


class Site:
    """The running site."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=90, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def room(
        self,
        body: str,
        *,
        head: str = SCRIPT,
        does: dict[str, dict[str, Any]] | None = None,
        edited: tuple[str, ...] = (),
        serve: tuple[str, ...] = ("r1",),
        events: tuple[str, ...] | None = None,
        endpoint: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Room:
        """Make a room.

        Args:
            body: a template of the page's body. In it, ``on("click", "save", key="a")``
                writes the attributes for the handler ``save``.
            head: a template of more of the page's head.
            does: what a handler does, by its name: ``html`` (a template, ``n`` counts
                its runs), ``json``, ``steps`` or ``redirect`` is its answer; ``wait``
                for a gate before; ``fail``. Nothing by default.
            edited: handlers whose code differs from release to release.
            serve: the releases that take turns; ``""`` is one without a name.
            events: those that take turns at events, if they are others.
            endpoint: further arguments of the endpoint.
            headers: of the page; ``{nonce}`` is that of its policy.
        """
        spec = {
            "body": body if body.startswith("<body") else f"<body>{body}</body>",
            "head": head,
            "does": does or {},
            "edited": edited,
            "serve": {"pages": serve, "events": events},
            "endpoint": endpoint or {},
            "headers": headers or {},
        }
        answer = self._client.post("/rooms", json=spec).raise_for_status()
        return Room(self._client, answer.json())


class Room:
    """One test's part of the site."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self._client = client
        self._path = f"/rooms/{name}"
        self.url = f"{client.base_url}/r/{name}/"

    def visit(self, page: Page, path: str = "") -> None:
        """Open the page, and wait for its client."""
        page.goto(self.url + path)

    def runs(self, least: int = 0) -> list[Run]:
        """Wait for so many runs of handlers, and return all."""
        runs = self._look("runs", least)
        for run in runs:
            run["event"] = pickle.loads(base64.b64decode(run["event"]))
        return [Run(**run) for run in runs]

    def events(self, least: int = 0) -> list[Event]:
        """Wait for so many runs of handlers, and return their events."""
        return [run.event for run in self.runs(least)]

    def settled(self, page: Page) -> list[Event]:
        """Return all events, after the browser's earlier requests came in."""
        page.evaluate("url => fetch(url).then(() => null)", f"{self.url}mark")
        return self.events()

    def posts(self, least: int = 0) -> list[Post]:
        """Wait until so many events were sent, and return all."""
        return [Post(**post) for post in self._look("posts", least)]

    def pages(self, least: int = 0) -> list[str]:
        """Wait for so many loads of the page; return the releases that rendered it."""
        return [page["release"] for page in self._look("pages", least)]

    def open(self, gate: str) -> None:
        """Let the handlers go on that wait for a gate, now or later."""
        self._drive(open=gate)

    def serve(self, *pages: str, events: tuple[str, ...] | None = None) -> None:
        """Deploy: other releases take turns from now on."""
        self._drive(serve={"pages": pages, "events": events})

    def answer_instead(
        self, status: int, body: str = "", media_type: str = "text/html"
    ) -> None:
        """Let a proxy answer all events from now on."""
        self._drive(
            instead={"status_code": status, "content": body, "media_type": media_type}
        )

    def _look(self, name: str, least: int) -> list[dict[str, Any]]:
        answer = self._client.get(self._path, params={name: least}).raise_for_status()
        entries: list[dict[str, Any]] = answer.json()[name]
        assert len(entries) >= least, f"only {len(entries)} {name}: {answer.json()}"
        return entries

    def _drive(self, **said: object) -> None:
        self._client.post(self._path, json=said).raise_for_status()
