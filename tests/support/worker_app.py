"""An application whose handlers run in worker processes, each with its own registry."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handlerid import (
    ClickEvent,
    Dispatcher,
    Event,
    Identity,
    Registry,
    Tokens,
    current_event,
    rerender,
)

KEY = b"both sides hold it"

registry = Registry()


@dataclass(kw_only=True, slots=True)
class ResizeEvent(Event, name="worker_app_resize"):
    width: int


class Refusal(Exception):
    """The application's own; it has data, and survives pickling."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@registry.handler
def where(event: ClickEvent) -> tuple[int, str, float, str]:
    """Which process ran it, with what."""
    return os.getpid(), event.key, event.client_x, current_event().key


@registry.handler
def another(event: ClickEvent) -> str:
    """Answers differently each time."""
    return uuid.uuid4().hex


@registry.handler
def wide(event: ResizeEvent) -> int:
    return event.width * 2


@registry.handler
def fails(event: ClickEvent) -> None:
    raise Refusal(7)


@registry.handler
async def later(event: ClickEvent) -> str:
    await asyncio.sleep(0)
    return event.key


@registry.handler
def steps(event: ClickEvent) -> Iterator[int]:
    yield 1


def page(scope: Registry) -> str:
    word = "rendered"

    def on_click(event: ClickEvent) -> str:
        return f"{word} {event.key}"

    return scope.register(on_click)


dispatcher = Dispatcher(
    registry,
    resolvers=[rerender(page)],
    # Of the host's request, which a worker does not have.
    authorize=lambda call: os.environ.get("IS_WORKER") is None,
    worker="tests.support.worker_app:dispatcher",
    worker_key=KEY,
)
other_key = Dispatcher(registry, worker_key=b"another key, as long")
no_key = Dispatcher(registry)
other_ids = Dispatcher(Registry(identity=Identity(key=b"other")), worker_key=KEY)
knows_nothing = Dispatcher(Registry())

used: set[bytes] = set()


def first_use(nonce: bytes, _: int | None) -> bool:
    """Says no to a second use, and in a worker to every one."""
    fresh = nonce not in used and os.environ.get("IS_WORKER") is None
    used.add(nonce)
    return fresh


def link(url: str) -> Callable[[ClickEvent], tuple[int, str]]:
    def follow(event: ClickEvent) -> tuple[int, str]:
        return os.getpid(), url + event.key

    return follow


def carrying() -> Dispatcher:
    """Knows what is scanned, and answers tokens only."""
    registry = Registry(captures="carry")
    registry.scan(__name__)
    return Dispatcher(
        registry,
        tokens=Tokens(KEY, max_age=3600, replay=first_use),
        worker="tests.support.worker_app:carries",
        worker_key=KEY,
    )


carries = carrying()
no_dispatcher = object()
