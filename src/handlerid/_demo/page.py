"""The page: what an application author writes.

What belongs here: the handlers, and the function that renders the page. HTTP is the
server's business; what the page looks like is in ``templates/``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from handlerid import ClickEvent, Event, InputBlurEvent, InputEnterEvent, Registry
from handlerid._demo.state import State, current
from handlerid.errors import CapturesReplaced, NotAllowed

__all__ = ["page", "registry"]

registry = Registry()
"""What every server knows as soon as it has started."""

FIELDS = ("name", "email", "city")
LINKS = {"docs": "https://example.org/docs", "news": "https://example.org/news"}
MESSAGES = 4

MODES = {
    "warn": (
        "Last write wins",
        (
            "Both closures have one code, so one id. The last one answers for both, "
            "and the registry warns."
        ),
    ),
    "key": (
        "event.key",
        (
            "One handler for all links. Each link sends its key, and the handler looks "
            "its url up."
        ),
    ),
    "distinct": (
        "distinct",
        (
            "What a closure captured is part of its id. The other server renders the "
            "page again to find it."
        ),
    ),
    "carry": (
        "carry",
        (
            "The url travels in a signed token that only this session may use. The "
            "other server rebuilds the closure from it, and need not render the page."
        ),
    ),
}
"""Ways to offer the links: what each is called, and what it does."""


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


# The closure mistake, and three cures.


@registry.handler
def choose_mode(event: ClickEvent) -> None:
    allow(event.key, MODES)
    state = current.get()
    state.mode, state.url = event.key, ""


def link(url: str) -> Callable[[ClickEvent], None]:
    def on_click(event: ClickEvent) -> None:
        navigate(url)  # every link has this code, and a url of its own

    return on_click


@registry.handler
def open_link(event: ClickEvent) -> None:
    allow(event.key, LINKS)
    navigate(LINKS[event.key])


def navigate(url: str) -> None:
    current.get().url = url


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
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
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

TRIGGERS = {
    "click": "click",
    "input_blur": "blur",
    "input_enter": "keydown[key=='Enter' && !isComposing]",
}


def page(
    scope: Registry,
    state: State,
    template: str = "main.html",
    *,
    offer: Callable[[Callable[..., object]], str] | None = None,
    **trace: str,
) -> str:
    """Renders the page, and registers in ``scope`` the handlers that it offers.

    Args:
        scope: for this rendering.
        state: what the page shows.
        template: which one.
        offer: returns a token for a handler that carries what it captured; needed in
            the mode ``carry``.
        trace: who rendered the page and who answered.
    """

    def on(
        handler: Callable[..., object],
        event: type[Event] | None = None,
        key: str = "",
    ) -> Markup:
        """The attributes that make an element call a handler."""
        handler_id = scope.register(handler, event)
        return attributes(handler_id, handler_id.event, key)

    def links() -> Iterator[tuple[str, Markup, str]]:
        """Of each link: its name, its attributes, and what stands for its handler."""
        for name, url in LINKS.items():
            text, key = "", ""
            if state.mode == "key":
                text, key = scope.register(open_link), name
            elif state.mode == "carry":
                assert offer is not None
                text = offer(link(url))
            else:
                text = scope.register(link(url))
            yield name, attributes(text, "click", key), text

    replaced: list[CapturesReplaced] = []
    scope.on_replace = replaced.append  # the page shows what the log says once
    return templates.get_template(template).render(
        on=on, links=links, state=state, replaced=replaced, **trace
    )


def attributes(handler: str, event: str, key: str) -> Markup:
    """What page.js reads of an element."""
    return Markup(
        'data-handler="{}" data-event="{}" data-key="{}" hx-trigger="{}"'
    ).format(handler, event, key, TRIGGERS[event])
