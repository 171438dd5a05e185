"""An application whose handlers run in worker processes, each with its own registry."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Generator
from dataclasses import dataclass

from handlerid import ClickEvent, Dispatcher, Event, Registry
from handlerid.executors import Worker

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
def where(event: ClickEvent) -> tuple[int, str, float]:
    """Which process ran it, with what."""
    return os.getpid(), event.key, event.client_x


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
def steps(event: ClickEvent) -> Generator[int, None, str]:
    yield 1
    return event.key


# Authorize belongs to the host's request, which a worker does not have.
dispatcher = Dispatcher(
    registry, authorize=lambda call: os.environ.get("IS_WORKER") is None
)
worker = Worker(dispatcher, key=KEY)
other_key = Worker(dispatcher, key=b"another key, as long")
knows_nothing = Dispatcher(Registry())
no_dispatcher = object()
