"""The events of the application."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from handlerid import Event


def values(event: Event) -> list[object]:
    """The values of all fields, without a name of one: but for the key."""
    return [*dataclasses.astuple(event)][1:]


@dataclass
class Retitle(Event):
    title: str


@dataclass
class Order(Event):
    amount: int = 1


@dataclass
class Size(Event):
    size: str


@dataclass
class Buy(Event):
    item: str
