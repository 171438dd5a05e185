"""The application that is attacked: handlers of each kind that a client could want.

Each notes that it ran. None may be called by a client that it was not offered to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handlerid import ClickEvent, Event

__all__ = ["SECRET", "Row", "delete_all", "link", "on_click", "row_link", "seen"]

SECRET = "the captured secret"

seen: list[object] = []
"""What the handlers noted."""


@dataclass(frozen=True)
class Row:
    """A value that closures capture."""

    number: int
    owner: str


def on_click(event: ClickEvent) -> None:
    """Is registered."""
    seen.append(("on_click", type(event), event.key))


def delete_all(event: Event) -> None:
    """Is in the same module, and was never registered or offered."""
    seen.append("delete_all")


def link(url: str) -> Callable[[ClickEvent], None]:
    """Makes a handler that carries a text."""

    def follow(event: ClickEvent) -> None:
        seen.append(("follow", url))

    return follow


def row_link(row: Row) -> Callable[[ClickEvent], None]:
    """Makes a handler that carries an object of the application's."""

    def open_row(event: ClickEvent) -> None:
        seen.append(("open_row", row))

    return open_row
