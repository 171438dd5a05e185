"""Plays the demo's page without a browser: ``make demo CHECK=1``, a line a section.

Every event goes through the front, and every answer must come from a process that did
not render the page.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from handlerid.errors import (
    ExpiredToken,
    HandlerIdError,
    InvalidEvent,
    InvalidToken,
    MalformedPayload,
    NotAllowed,
    OtherAudience,
    StaleHandler,
    UnknownHandler,
)
from tests.demo.running import DEMO, running_demo
from tests.demo.visit import Visit, Wrong

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tests.demo.visit import Control, Page

__all__ = ["altered", "main"]

FIELDS = ("name", "email", "city")
LINKS = {"docs": "https://example.org/docs", "news": "https://example.org/news"}
MODES = ("warn", "key", "distinct", "carry")


def main(demo: Path = DEMO) -> int:
    """Run a demo, play its page, and return 0 if all went well, else 1."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder) / "log", demo) as running,
    ):
        return 0 if asyncio.run(play(running.address)) else 1


async def play(address: str) -> bool:
    """Play all sections and refusals, print a line for each; False if one failed."""
    width = max(map(len, PLAYS))
    well = True
    for name, one in PLAYS.items():
        # Each has its own client, and so its own connections.
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            visit = Visit(client)
            why = await _why_not(visit, one)
        print(
            f"{name:<{width}}   rendered by {visit.rendered_by}   "
            f"answered by {visit.answered_by}   {why or 'ok'}",
            flush=True,
        )
        well = well and not why
    return well


async def _why_not(visit: Visit, one: Callable[[Visit], Awaitable[None]]) -> str:
    try:
        await visit.open()
        await one(visit)
    except Wrong as wrong:
        return f"FAILED: {wrong}"
    except httpx.HTTPError as error:
        return f"FAILED: {type(error).__name__}: {error}"
    return ""


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Wrong(f"{what} is {found!r}, not {expected!r}")


# The sections.


async def counter(visit: Visit) -> None:
    """Two clicks make two."""
    for count in ("1", "2"):
        page = await visit.act(_button(visit), client_x=10.5, client_y=20)
        _expect("the count", page.result("counter"), count)


async def enter(visit: Visit) -> None:
    """Enter in the field sends its text."""
    (label,) = visit.page.controls_of("send", "input_enter")
    page = await visit.act(label, value="by Enter")
    _expect("the list of messages", page.result("send"), "by Enter")


async def button(visit: Visit) -> None:
    """Leaving the field keeps its text, and the button sends it: the same function."""
    (label,) = visit.page.controls_of("send", "input_enter")
    (field,) = visit.page.controls_of("send", "input_blur")
    (send,) = visit.page.controls_of("send", "click")
    _expect("what the button's id begins with", send.handler[:37], label.handler[:37])
    await visit.act(field, value="by button")
    page = await visit.act(send)
    _expect("the list of messages", page.result("send"), "by button")


async def form(visit: Visit) -> None:
    """One handler sets each field, by its key."""
    fields = visit.page.controls_of("form", "input_blur")
    _expect("the keys of the form", [field.key for field in fields], list(FIELDS))
    _expect("the number of handlers", len({field.handler for field in fields}), 1)
    values = dict(zip(FIELDS, ("Ada", "ada@example.org", "London"), strict=True))
    shown = dict.fromkeys(FIELDS, "none")
    for field in fields:
        page = await visit.act(field, value=values[field.key])
        shown[field.key] = values[field.key]
        text = " ".join(f"{name.capitalize()} {value}" for name, value in shown.items())
        _expect("the form", page.result("form"), text)


async def streaming(visit: Visit) -> None:
    """Three steps arrive one after the other."""
    (start,) = visit.page.controls_of("brew", "click")
    page = await visit.act(start)
    _expect("the steps that had come with each chunk", set(visit.arrivals), {1, 2, 3})
    steps = "Grind the beans Pour the water Serve"
    _expect("the list of steps", page.result("brew"), steps)


async def awaiting(visit: Visit) -> None:
    """An async handler is awaited."""
    (ask,) = visit.page.controls_of("greet", "click")
    page = await visit.act(ask)
    greetings = "Hello from Ada Hello from Grace"
    _expect("the list of greetings", page.result("greet"), greetings)


async def mistaken(visit: Visit) -> None:
    """Both links lead to the last url, and the page shows a warning."""
    page = await _choose(visit, "warn")
    warned = "CapturesReplaced" in page.texts["links-ways"]
    _expect("that the page warns", warned, True)
    *_, last = LINKS.values()
    await _follow(visit, page, dict.fromkeys(LINKS, last), handlers=1)


async def by_key(visit: Visit) -> None:
    """One handler leads each link to its own url, by its key."""
    await _follow(visit, await _choose(visit, "key"), LINKS, handlers=1)


async def distinct(visit: Visit) -> None:
    """Each closure has its own id."""
    await _follow(visit, await _choose(visit, "distinct"), LINKS, handlers=2)


async def carried(visit: Visit) -> None:
    """Each closure travels in its own token."""
    page = await _choose(visit, "carry")
    tokens = all(link.handler.startswith("t1.") for link in _links(page))
    _expect("that the links have tokens", tokens, True)
    await _follow(visit, page, LINKS, handlers=2)


async def _choose(visit: Visit, mode: str) -> Page:
    controls = visit.page.controls_of("links", "click")
    modes = {control.key: control for control in controls if control.key in MODES}
    _expect("the modes", list(modes), list(MODES))
    page = await visit.act(modes[mode])
    warned = "CapturesReplaced" in page.texts["links-ways"]
    _expect("that the page warns", warned, mode == "warn")
    return page


async def _follow(
    visit: Visit, page: Page, leads_to: Mapping[str, str], handlers: int
) -> None:
    links = _links(page)
    _expect("the links", [link.text for link in links], list(leads_to))
    _expect("the number of ids", len({link.handler for link in links}), handlers)
    for link in links:
        shown = await visit.act(link)
        _expect(link.text, shown.result("links"), f"Leads to {leads_to[link.text]}")


def _links(page: Page) -> list[Control]:
    controls = page.controls_of("links", "click")
    return [control for control in controls if control.key not in MODES]


# The refusals. After each of them the page works as before.


async def not_json(visit: Visit) -> None:
    """400."""
    await _refused(visit, "{not json", _button(visit), MalformedPayload)


async def unknown(visit: Visit) -> None:
    """404: no handler has such a location."""
    button = _button(visit)
    body = _body(altered(button.handler, at=3))
    await _refused(visit, body, button, UnknownHandler)


async def stale(visit: Visit) -> None:
    """409: the location is known, and the code differs."""
    button = _button(visit)
    body = _body(altered(button.handler, at=17))
    await _refused(visit, body, button, StaleHandler)


async def wrong_type(visit: Visit) -> None:
    """422: a number where a text belongs."""
    field, *_ = visit.page.controls_of("form", "input_blur")
    body = _body(field.handler, key=field.key, value=7)
    await _refused(visit, body, field, InvalidEvent)


async def forged_key(visit: Visit) -> None:
    """403: the form's handler sets the form's fields, not the count."""
    field, *_ = visit.page.controls_of("form", "input_blur")
    body = _body(field.handler, key="count", value="1000")
    await _refused(visit, body, field, NotAllowed)


async def forged_state(visit: Visit) -> None:
    """403: somebody changed the signed state."""
    signed, visit.state = visit.state, "W" + visit.state
    button = _button(visit)
    answer = await visit.post(_body(button.handler), button)
    _expect("the refusal", answer.refusal, (403, "ForgedState", False))
    visit.state = signed
    await counter(visit)


async def forged_token(visit: Visit) -> None:
    """403: a token with a wrong signature."""
    link = await _token(visit)
    forged = altered(link.handler, at=link.handler.rindex(".") + 1)
    await _refused(visit, _body(forged), link, InvalidToken)


async def foreign_audience(visit: Visit) -> None:
    """403: a token of this page, sent from another session."""
    link = await _token(visit)
    own, other = visit.state, Visit(visit.client)
    await other.open()
    visit.state = other.state
    answer = await visit.post(_body(link.handler), link)
    visit.state = own
    _expect("the refusal", answer.refusal, (403, OtherAudience.__name__, True))
    await visit.act(link)


async def old_token(visit: Visit) -> None:
    """410: a token in an older version of the format."""
    link = await _token(visit)
    await _refused(visit, _body("t0" + link.handler[2:]), link, ExpiredToken)


def _button(visit: Visit) -> Control:
    (button,) = visit.page.controls_of("counter", "click")
    return button


def _body(handler: str, **fields: object) -> str:
    return json.dumps({"handler": handler, **fields})


async def _token(visit: Visit) -> Control:
    return _links(await _choose(visit, "carry"))[0]


async def _refused(
    visit: Visit, body: str, control: Control, error: type[HandlerIdError]
) -> None:
    answer = await visit.post(body, control)
    # The page is of the server's release, so to load it again does not help.
    _expect("the refusal", answer.refusal, (error.status, error.__name__, False))
    await counter(visit)


def altered(handler_id: str, at: int) -> str:
    """Change one character of an id: 3 is in the location, 17 in the fingerprint."""
    other = "b" if handler_id[at] == "a" else "a"
    return handler_id[:at] + other + handler_id[at + 1 :]


PLAYS: dict[str, Callable[[Visit], Awaitable[None]]] = {
    "counter": counter,
    "enter": enter,
    "button": button,
    "form": form,
    "streaming": streaming,
    "async": awaiting,
    "closure, warn": mistaken,
    "closure, key": by_key,
    "closure, distinct": distinct,
    "closure, carry": carried,
    "400 not JSON": not_json,
    "404 unknown id": unknown,
    "409 stale id": stale,
    "422 wrong type": wrong_type,
    "403 forged key": forged_key,
    "403 forged state": forged_state,
    "403 forged token": forged_token,
    "403 foreign audience": foreign_audience,
    "410 old token": old_token,
}


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
