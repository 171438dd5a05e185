"""The page: what an application author writes, its handlers and how it is rendered."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from functools import partial
from hashlib import blake2b
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handlerid import ClickEvent, InputBlurEvent, InputEnterEvent, Registry, Scope
from handlerid.errors import NotAllowed
from handlerid.web import HTML, Endpoint
from state import State, current

__all__ = ["endpoint", "offer_links", "page", "registry"]

registry = Registry()
"""The handlers that every server knows as soon as it has started."""

HERE = Path(__file__).parent
FILES = sorted([*HERE.glob("*.py"), *HERE.glob("templates/*")])
RELEASE = blake2b(b"".join(map(Path.read_bytes, FILES)), digest_size=8).hexdigest()

endpoint = Endpoint(release=RELEASE)
"""Where pages send their events. After an edit it is another release."""

FIELDS = ("name", "email", "city")
LINKS = {"docs": "https://example.org/docs", "news": "https://example.org/news"}
MESSAGES = 4

MODES = {
    "warn": (
        "Last write wins",
        (
            "Both closures have the same code, so they have one id. The last one "
            "answers for both, and the registry warns."
        ),
    ),
    "key": (
        "event.key",
        (
            "One handler for all links. Each link sends its key, and the handler looks "
            "up the url."
        ),
    ),
    "distinct": (
        "distinct",
        (
            "What a closure captured is part of its id. The other server renders the "
            "links again to find it."
        ),
    ),
    "carry": (
        "carry",
        (
            "The url travels in a signed token that only this session may use. The "
            "other server rebuilds the closure from it and renders nothing first."
        ),
    ),
}
"""Ways to offer the links: the name of each, and what it does."""


# The counter.


@registry.handler
def increment(event: ClickEvent) -> None:
    current.get().count += 1


# One function behind Enter and a button.


@registry.handler
def keep_draft(event: InputBlurEvent) -> None:
    current.get().draft = event.value


@registry.handler(event=InputEnterEvent)
@registry.handler(event=ClickEvent)
def send(event: InputEnterEvent | ClickEvent) -> None:
    state = current.get()
    text = event.value if isinstance(event, InputEnterEvent) else state.draft
    if text:
        state.messages = [*state.messages, text][-MESSAGES:]
    state.draft = ""


# One handler for every field of a form.


@registry.handler
def set_field(event: InputBlurEvent) -> None:
    allow(event.key, FIELDS)
    setattr(current.get(), event.key, event.value)


def allow(key: str, keys: Collection[str]) -> None:
    """Keys come from the client: without this, it could set ``count`` as well."""
    if key not in keys:
        raise NotAllowed("the page offers no such key")


# Closures in a loop: the mistake, and three cures.


@registry.handler
def choose_mode(event: ClickEvent) -> None:
    allow(event.key, MODES)
    state = current.get()
    state.mode, state.url = event.key, ""


def link(url: str) -> Callable[[ClickEvent], None]:
    def on_click(event: ClickEvent) -> None:
        navigate(url)  # all links have this code, and each has its own url

    return on_click


@registry.handler
def open_link(event: ClickEvent) -> None:
    allow(event.key, LINKS)
    navigate(LINKS[event.key])


def navigate(url: str) -> None:
    current.get().url = url


def offer_links(state: State, scope: Scope) -> dict[str, HTML]:
    """Offer a handler for each link, in the mode of the state; return attributes."""
    on = partial(endpoint.attributes, scope)
    if state.mode == "key":
        return {name: on(open_link, key=name) for name in LINKS}
    return {name: on(link(url)) for name, url in LINKS.items()}


# A generator: the page is rendered again at every yield, and at the end.


@registry.handler
async def brew(event: ClickEvent) -> AsyncIterator[None]:
    state = current.get()
    state.steps = ["Grind the beans"]
    yield
    await asyncio.sleep(0.5)
    state.steps.append("Pour the water")
    yield
    await asyncio.sleep(0.5)
    state.steps.append("Serve")


# An async handler: two slow questions at once.


@registry.handler
async def greet(event: ClickEvent) -> None:
    current.get().greetings = [*await asyncio.gather(ask("Ada"), ask("Grace"))]


async def ask(name: str) -> str:
    await asyncio.sleep(0.3)
    return f"Hello from {name}"


# The page.

templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.globals.update(
    increment=increment,
    keep_draft=keep_draft,
    send=send,
    set_field=set_field,
    choose_mode=choose_mode,
    brew=brew,
    greet=greet,
    ClickEvent=ClickEvent,
    InputEnterEvent=InputEnterEvent,
    FIELDS=FIELDS,
    MODES=MODES,
)


def page(
    state: State,
    scope: Scope,
    links: Callable[[], dict[str, HTML]],
    section: str = "",
    **trace: str,
) -> str:
    """Render the page, or what the answer to an event of a section has.

    Args:
        state: what the page shows.
        scope: of this rendering; the page offers its handlers there.
        links: offers the links.
        section: the id of the section; ``""`` for the whole page.
        trace: which process rendered the page and which one answered.
    """
    return templates.get_template("main.html" if section else "page.html").render(
        state=state, links=links, section=section, **endpoint.helpers(scope), **trace
    )
