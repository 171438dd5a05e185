"""A page of orders: how handlers are written where people write them.

It has neither ``from __future__ import annotations`` nor a name of the tests' package,
because the test copies and changes it.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property, partial, wraps
from typing import Any

from handlerid import ClickEvent, InputEvent, Scope

Handler = Callable[..., Any]
DONE: list[object] = []


class Status(Enum):
    OPEN = "open"
    PAID = "paid"


@dataclass(frozen=True)
class Customer:
    """Who pays."""

    name: str
    langs: frozenset[str]
    address: str = field(compare=False)

    @cached_property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split())


@dataclass
class Row:
    item: str
    price: Decimal
    status: Status
    tags: set[str]
    extra: dict[str, Any]
    customer: Customer | None = None
    added: datetime = datetime(2024, 2, 29, 12, tzinfo=UTC)

    @cached_property
    def label(self) -> str:
        return f"{self.item}: {self.price}"

    def remove(self, event: ClickEvent) -> object:
        """Remove it."""
        assert isinstance(event, ClickEvent), "it is a click"
        return "remove", self

    def rename(self, event: InputEvent, *, strip: bool = True) -> object:
        text: str = self.item
        return "rename", text.strip() if strip else text, self


class Editor:
    """Has a key: which row it edits."""

    def __init__(self, row: Row, number: int) -> None:
        self.row, self.number, self.open = row, number, False

    def __handler_key__(self) -> object:
        return self.row.item, self.number

    def save(self, event: ClickEvent) -> object:
        return "save", self.number, self.row


@dataclass
class State:
    rows: list[Row]
    filters: dict[str, set[str]]
    page: int

    @cached_property
    def total(self) -> Decimal:
        return sum((row.price for row in self.rows), Decimal())


def logged(fn: Handler) -> Handler:
    @wraps(fn)
    def wrapper(event: ClickEvent, *given: Any) -> object:
        DONE.append(event)
        return fn(event, *given)

    return wrapper


def button(scope: Scope, on_click: Handler, *before: Handler) -> str:
    """Wrap what it is given, as components do."""

    def clicked(event: ClickEvent) -> object:
        """Call those before, and the handler."""
        for one in before:
            one(event)
        return on_click(event)

    return scope.offer(clicked)


def stepper(scope: Scope, step: int) -> list[str]:
    """Two handlers that share a variable, which one of them assigns."""
    n = 0

    def add(event: ClickEvent) -> object:
        nonlocal n
        n += step
        return "add", step

    def show(event: ClickEvent) -> object:
        return "show", n - n, step

    return [scope.offer(add), scope.offer(show)]


def choose(event: ClickEvent, filters: dict[str, set[str]], *, page: int = 0) -> object:
    return "choose", page, filters


def walk(scope: Scope, state: State) -> str:
    def down(event: ClickEvent, depth: int = 2) -> object:
        return up(event, depth - 1) if depth else ("walk", state.page)

    def up(event: ClickEvent, depth: int = 0) -> object:
        return down(event, depth)

    return scope.offer(down)


def line(scope: Scope, row: Row, number: int) -> Iterator[tuple[str, str]]:
    tags, extra, kind = row.tags, row.extra, type(row)

    @logged
    def pay(event: ClickEvent) -> object:
        paid: kind = row  # type: ignore[valid-type]  # only an annotation names it

        def by() -> object:
            """Say how."""
            return row.extra.get("by"), paid

        return "pay", by()

    def show_tags(event: ClickEvent) -> object:
        return "tags", sorted(extra), tags

    yield "pay", scope.offer(pay)
    yield "tags", scope.offer(show_tags)
    yield "remove", scope.offer(row.remove)
    yield "rename", scope.offer(row.rename)
    yield "save", scope.offer(Editor(row, number).save)
    yield "partial", scope.offer(partial(partial(choose, page=1), filters=extra))
    yield "button", button(scope, pay, row.remove, lambda event: tags)


def page(scope: Scope, state: State) -> dict[str, str]:
    """Render the page: the reference of every handler."""
    rows = state.rows
    shown = {
        f"row {number} {name}": reference
        for number, row in enumerate(rows)
        for name, reference in line(scope, row, number)
    }
    lambdas = [lambda event, row=row: ("lambda", row) for row in rows]
    dates = {
        row.item: lambda event, at=row.added, k=n: at for n, row in enumerate(rows)
    }
    makers = [[lambda event, i=i, j=j: (i, j) for i in range(2)] for j in range(2)]
    once = (lambda event, of=row.customer: ("of", of and of.name) for row in rows)
    several: dict[str, list[Handler]] = {
        "lambda": lambdas,
        "date": [*dates.values(), *dates.values()],
        "makers": [*itertools.chain(*makers)],
        "customer": [*once],
        "filter": [
            partial(choose, filters=state.filters),
            partial(choose, filters={}, page=1),
        ],
    }
    for name, handlers in several.items():
        for number, handler in enumerate(handlers):
            shown[f"{name} {number}"] = scope.offer(handler)
    for key in ("left", ("right", 1)):
        part = scope.part(key)
        shown[f"part {key}"] = button(part, rows[-1].remove)
        shown[f"second in part {key}"] = button(part, rows[-2].remove)
    for number, step in enumerate((1, 1, 2)):
        shown[f"add {number}"], shown[f"show {number}"] = stepper(scope, step)
    shown["walk"] = walk(scope, state)
    return shown
