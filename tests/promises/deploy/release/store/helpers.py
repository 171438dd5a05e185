"""What handlers use."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from handlerid import ClickEvent
from store.journal import did

Handler = Callable[[ClickEvent], None]


@dataclass(frozen=True)
class Row:
    name: str


def shout(text: str) -> str:
    return text.upper()


def logged(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(event: ClickEvent) -> None:
        fn(event)

    return wrapper


def admin_only(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def guard(event: ClickEvent) -> None:
        did("guard")
        fn(event)

    return guard
