"""Handlers that the second release moves."""

from __future__ import annotations

from handlerid import ClickEvent
from store.journal import did


def on_away(event: ClickEvent) -> None:
    did("away")


def on_back(event: ClickEvent) -> None:
    did("back")
