"""Render the page of orders in this process, and tell its ids and answers.

The folder of this file is on the path, as that of a host: ``import orders``.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import orders  # type: ignore[import-not-found, unused-ignore]

from handlerid import Dispatcher, Identity, Registry


def row(item: str, price: str, *tags: str, **extra: object) -> dict[str, Any]:
    status, client = ("PAID", ADA) if tags else ("OPEN", None)
    stored = {"item": item, "price": price, "status": status, "tags": tags}
    return {**stored, "extra": extra, "customer": client}


ADA = {
    "name": "Ada Lovelace",
    "langs": ["en", "fr", "it"],
    "address": "12 St James's Square, London",
}
# No two objects are one: what went through JSON has as many as before.
STATE: dict[str, Any] = {
    "rows": [
        row("tea", "4.50", "hot", "new", "b", by=None, at=[1, {"y": -0.0, "x": True}]),
        row("", "0"),
        row("tea", "4.50", "b", "new", "hot", at=[1, {"x": True, "y": -0.0}], by=None),
        row("", "0"),
        row("milk", "1"),
    ],
    "filters": {"status": ["OPEN", "PAID"], "by": ["x", "yy", "zzz"]},
    "page": 3,
}


def load(stored: Any) -> orders.State:
    rows = [
        orders.Row(
            row["item"],
            Decimal(row["price"]),
            orders.Status[row["status"]],
            set(row["tags"]),
            dict(row["extra"]),
            customer(row["customer"]),
        )
        for row in stored["rows"]
    ]
    filters = {key: set(values) for key, values in stored["filters"].items()}
    return orders.State(rows, filters, stored["page"])


def customer(stored: Any) -> orders.Customer | None:
    if stored is None:
        return None
    langs = frozenset(stored["langs"])
    return orders.Customer(stored["name"], langs, stored["address"])


def reordered(value: Any, key: Any) -> Any:
    """Order the keys of dicts, as a store does; lists that become sets are shuffled."""
    if isinstance(value, dict):
        return {name: reordered(value[name], key) for name in sorted(value, key=key)}
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(one, str) for one in value):
            return random.sample(value, len(value))
        return [reordered(one, key) for one in value]
    return value


def warm(state: orders.State) -> orders.State:
    """Fill every ``cached_property``."""
    _ = state.total, [row.label for row in state.rows]
    _ = [row.customer.initials for row in state.rows if row.customer]
    return state


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


WAYS: dict[str, Callable[[], orders.State]] = {
    "made": lambda: load(STATE),
    "warm": lambda: warm(load(STATE)),
    "json": lambda: load(through_json(STATE)),
    "json, warm": lambda: warm(load(through_json(STATE))),
    "sorted": lambda: load(reordered(STATE, key=str)),
    "jsonb": lambda: load(reordered(STATE, key=lambda name: (len(name), name))),
    "shuffled, warm": lambda: warm(load(reordered(STATE, lambda _: random.random()))),
}


def told(value: Any, state: orders.State) -> Any:
    """Say which row an answer is about, and nothing else."""
    for number, row in enumerate(state.rows):
        if any(value is one for one in (row, row.tags, row.extra)):
            return f"row {number}"
    if isinstance(value, tuple):
        return [told(one, state) for one in value]
    return sorted(value) if isinstance(value, (set, dict)) else str(value)


Fingerprint = Literal["source", "bytecode"]


def app_of(fingerprint: Fingerprint) -> Dispatcher:
    identity = Identity(fingerprint=fingerprint)
    return Dispatcher(Registry(captures="distinct", identity=identity))


def main(fingerprint: Fingerprint, times: int) -> None:
    """Render several times; print a rendering for each way that the state came."""
    for _ in range(times - 1):  # so that what is hashed is warm
        answers(app_of(fingerprint), load(STATE))
    app = app_of(fingerprint)
    json.dump({name: answers(app, way()) for name, way in WAYS.items()}, sys.stdout)


def answers(app: Dispatcher, state: orders.State) -> dict[str, Any]:
    """Render; return the id of each handler, and what a click on it answers."""
    with app.scope() as scope:
        shown = orders.page(scope, state)
    payload = {"value": "", "text": ""}
    return {
        name: (
            reference,
            told(app.dispatch({**payload, "handler": reference}, scope=scope), state),
        )
        for name, reference in shown.items()
    }
