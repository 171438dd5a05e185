"""A visit to the demo's page without a browser: reads HTML and sends events.

References, keys and state are taken from the page, as its own script does.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

__all__ = ["Control", "Page", "Visit", "Wrong"]

ANSWER_END = "\x1e"
"""Ends every page of an answer."""

VOID = {"br", "hr", "img", "input", "link", "meta"}
TRACE = re.compile(r"rendered by (\d+) · answered by (\d+|nobody)")


class Wrong(Exception):
    """The page did something else than expected; the text says what."""


@dataclass
class Control:
    """An element that calls a handler.

    Attributes:
        section: the id of the section that contains it.
        address: the path that it posts to.
        handler: the reference to its handler, an id or a token.
        event: the wire name of the event that it sends.
        key: the key of that event.
        text: the text that it shows.
    """

    section: str
    address: str
    handler: str
    event: str
    key: str
    text: str = ""


@dataclass
class Page:
    """The parts of a page.

    Attributes:
        rendered_by: the process that rendered it; ``""`` in an answer.
        state: the signed state.
        controls: the elements that call handlers, in order.
        texts: the text of every element that has an id.
    """

    rendered_by: str = ""
    state: str = ""
    controls: list[Control] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, html: str) -> Page:
        """Read a whole page, or one of an answer."""
        reader = _Reader()
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
        arrivals: how many pages of the last answer had arrived with each chunk.
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
        """Send an event of an element and return the newest page of the answer."""
        payload = {"handler": control.handler, "key": control.key, **fields}
        status, text = await self.post(json.dumps(payload), control.address)
        if status != 200:
            raise Wrong(f"status {status}: {text}")
        *pages, rest = text.split(ANSWER_END)
        if not pages or rest:
            raise Wrong("the answer is not complete")
        page = Page.read(pages[-1])
        self.state = page.state
        trace = page.trace(control.section)
        if trace != (self.rendered_by, self.answered_by):
            raise Wrong("the section names another process than those that took part")
        return page

    async def post(self, body: str, address: str = "/event") -> tuple[int, str]:
        """Send any text as a payload and return the status and the answer."""
        headers = {
            "Content-Type": "application/json",
            "Rendered-By": self.rendered_by,
            "Page-State": self.state,
        }
        self.arrivals = []
        text = ""
        async with self.client.stream(
            "POST", address, content=body, headers=headers
        ) as response:
            self.answered_by = response.headers.get("Answered-By", "nobody")
            async for chunk in response.aiter_text():
                text += chunk
                self.arrivals.append(text.count(ANSWER_END))
        if self.answered_by == self.rendered_by:
            raise Wrong("the process that rendered the page answered it, too")
        return response.status_code, text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._open: list[tuple[str, dict[str, str], Control | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if values.get("id") == "state":
            self.page.state = values["value"]
        if tag == "body":
            self.page.rendered_by = json.loads(values["hx-headers"])["Rendered-By"]
        control = None
        if "data-handler" in values:
            control = Control(
                self._section(),
                values["hx-post"],
                values["data-handler"],
                values["data-event"],
                values["data-key"],
            )
            self.page.controls.append(control)
        if tag not in VOID:
            self._open.append((tag, values, control))

    def handle_endtag(self, tag: str) -> None:
        if tag != self._open.pop()[0]:
            raise Wrong(f"the page's HTML closes <{tag}>, which is not the open one")
        self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for _, values, control in self._open:
            if control is not None:
                control.text = (control.text + data).strip()
            if "id" in values:
                texts = self.page.texts
                texts[values["id"]] = texts.get(values["id"], "") + data

    def _section(self) -> str:
        open_ids = [v.get("id", "") for tag, v, _ in self._open if tag == "section"]
        return open_ids[-1] if open_ids else ""
