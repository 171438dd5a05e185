"""A visit to the demo's page without a browser: reads HTML and sends events.

References, keys and state are taken from the page, as the client does.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "Control", "Page", "Visit", "Wrong"]

VOID = {"br", "hr", "img", "input", "link", "meta"}
TRACE = re.compile(r"rendered by (\d+) · answered by (\d+|nobody)")


class Wrong(Exception):
    """The page did something else than expected; the text says what."""


@dataclass
class Control:
    """An element that calls a handler; one that calls two is two of these.

    Attributes:
        section: the id of the section that contains it.
        handler: the reference to its handler, an id or a token.
        event: the wire name of the event that it sends.
        key: the key of that event.
        text: the text that it shows.
    """

    section: str
    handler: str
    event: str
    key: str
    text: str = ""


@dataclass
class Page:
    """The parts of a page, or of an answer.

    Attributes:
        address: the path that events are posted to; ``""`` in an answer.
        release: the release of the page; ``""`` in an answer.
        rendered_by: the process that rendered it; ``""`` in an answer.
        state: the signed state.
        controls: the elements that call handlers, in order.
        texts: the text of every element that has an id.
    """

    address: str = ""
    release: str = ""
    rendered_by: str = ""
    state: str = ""
    controls: list[Control] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, html: str, section: str = "") -> Page:
        """Read a whole page, or the answer to an event of a section."""
        reader = _Reader(section)
        reader.feed(html)
        reader.close()
        return reader.page

    def controls_of(self, section: str, event: str) -> list[Control]:
        """Return the elements of a section that send such events, in order."""
        return [c for c in self.controls if (c.section, c.event) == (section, event)]

    def result(self, section: str) -> str:
        """Return what a section shows as its result."""
        return TRACE.sub("", self._shown(section)).strip()

    def trace(self, section: str) -> tuple[str, str]:
        """Return which process rendered a section, and which one answered in it."""
        found = TRACE.search(self._shown(section))
        if found is None:
            raise Wrong(f"the section {section} does not say who rendered it")
        return found[1], found[2]

    def _shown(self, section: str) -> str:
        return " ".join(self.texts.get(f"{section}-result", "").split())


class Answer(NamedTuple):
    """An answer to an event: its status, media type and text."""

    status: int
    kind: str
    text: str

    @property
    def html(self) -> list[str]:
        """The HTML; of a stream, that of each step."""
        if self.status == 200 and self.kind == "text/html":
            return [self.text]
        *steps, last, rest = self.text.split("\n\n")
        if (self.kind, last, rest) != ("text/event-stream", "event: end\ndata: ", ""):
            raise Wrong(f"status {self.status}, {self.kind}: {self.text}")
        return [
            step.removeprefix("event: html\n").replace("data: ", "") for step in steps
        ]

    @property
    def refusal(self) -> tuple[int, str, bool]:
        """Status, name of the error, and whether a reload helps."""
        if self.kind != "application/problem+json":
            raise Wrong(f"status {self.status}, {self.kind}: {self.text}")
        problem = json.loads(self.text)
        return self.status, problem["error"], problem["reload"]


class Visit:
    """An open page.

    Args:
        client: sends the requests; its base is the demo's address.

    Attributes:
        client: the same.
        page: the page as it was rendered at first.
        state: the signed state of the last answer.
        rendered_by: the process that rendered the page.
        answered_by: the process that answered last.
        arrivals: how many steps of the last answer had arrived with each chunk.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = Page()
        self.state = ""
        self.rendered_by = self.answered_by = "-"
        self.arrivals: list[int] = []

    async def open(self) -> None:
        """Load the page."""
        response = await self.client.get("/")
        if response.status_code != 200:
            raise Wrong(f"the page came with status {response.status_code}")
        self.page = Page.read(response.text)
        self.state = self.page.state
        self.rendered_by = self.page.rendered_by

    async def act(self, control: Control, **fields: object) -> Page:
        """Send an event of an element and return the newest part of the answer."""
        payload = {"handler": control.handler, "key": control.key, **fields}
        answer = await self.post(json.dumps(payload), control)
        page = Page.read(answer.html[-1], control.section)
        self.state = page.state
        trace = page.trace(control.section)
        if trace != (self.rendered_by, self.answered_by):
            raise Wrong("the section names another process than those that took part")
        return page

    async def post(self, body: str, control: Control) -> Answer:
        """Send any text as a payload of an element, and return the answer."""
        headers = {
            "Content-Type": "application/json",
            "Handlerid-Wire": "1",
            "Handlerid-Release": self.page.release,
            "Page-State": self.state,
            "Rendered-By": self.rendered_by,
            "Section": control.section,
        }
        self.arrivals = []
        text = ""
        async with self.client.stream(
            "POST", self.page.address, content=body, headers=headers
        ) as response:
            self.answered_by = response.headers.get("Answered-By", "nobody")
            async for chunk in response.aiter_text():
                text += chunk
                self.arrivals.append(text.count("event: html"))
        if self.answered_by == self.rendered_by:
            raise Wrong("the process that rendered the page answered it, too")
        kind, _, _ = response.headers["Content-Type"].partition(";")
        return Answer(response.status_code, kind, text)


class _Reader(HTMLParser):
    def __init__(self, section: str) -> None:
        super().__init__()
        self.page = Page()
        self._section = section
        self._open: list[tuple[str, dict[str, str], list[Control]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if values.get("id") == "state":
            self.page.state = values["value"]
        if tag == "body":
            self.page.rendered_by = values["data-rendered-by"]
        if "data-handlerid" in values:
            self.page.address = values["data-handlerid"]
            self.page.release = values["data-release"]
        if tag == "section":
            self._section = values["id"]
        controls = [
            Control(
                self._section,
                handler,
                name.removeprefix("data-h-"),
                values.get("data-key", ""),
            )
            for name, handler in values.items()
            if name.startswith("data-h-")
        ]
        self.page.controls += controls
        if tag not in VOID:
            self._open.append((tag, values, controls))

    def handle_endtag(self, tag: str) -> None:
        if tag != self._open.pop()[0]:
            raise Wrong(f"the page's HTML closes <{tag}>, which is not the open one")
        self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for _, values, controls in self._open:
            for control in controls:
                control.text = (control.text + data).strip()
            if "id" in values:
                texts = self.page.texts
                texts[values["id"]] = texts.get(values["id"], "") + data
