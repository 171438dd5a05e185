"""Pages that are gone leave nothing, whatever was new in them; what is kept is bounded.

It is measured in a process of its own, where nothing else allocates; in full by
``python -m tests.promises.corpus.growth``.
"""

from __future__ import annotations

import functools
import gc
import json
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from handlerid import Captures, Dispatcher, Event, Identity, Registry
from tests.promises.corpus import growth, memory
from tests.support.fresh import run_fresh
from tests.support.pyodide import ROOT

USES = [f"{mode}, {one}" for mode in growth.MODES for one in growth.IDENTITIES]
PAGES = 30


@dataclass(kw_only=True)
class KeywordsEvent(Event):
    """An event type that no other test uses."""


def buy(event: KeywordsEvent, **more: object) -> None: ...


@pytest.fixture(scope="module")
def measured() -> dict[str, memory.Growth]:
    arguments = ("--json", "--pages", str(PAGES))
    text = run_fresh("-m", "tests.promises.corpus.growth", *arguments, path=ROOT)
    return {line["use"]: memory.Growth(**line) for line in json.loads(text)}


@pytest.mark.parametrize("use", USES)
def test_pages_leave_nothing(measured: dict[str, memory.Growth], use: str) -> None:
    assert measured[use].count == PAGES
    assert measured[use].bytes < growth.BAR
    assert measured[use].objects < PAGES


def test_nothing_else_was_measured(measured: dict[str, memory.Growth]) -> None:
    assert sorted(measured) == sorted(USES)


def test_the_id_of_one_handler_a_page_would_be_seen() -> None:
    app, numbers = growth.application("carry", Identity()), count()
    kept: list[str] = []

    def leak(pages: int) -> None:
        for _ in range(pages):
            with app.scope(audience="anna") as scope:
                kept.append(scope.register(growth.named(next(numbers))))

    assert memory.growth("kept", leak, PAGES).bytes > growth.BAR


def kept_blocks(run: Callable[[range], object], numbers: range) -> int:
    """Return how many blocks of memory a run leaves."""
    gc.collect()
    before = sys.getallocatedblocks()
    run(numbers)
    gc.collect()
    return sys.getallocatedblocks() - before


@pytest.mark.filterwarnings("ignore:.*is registered without an event type")
def test_a_thousand_warnings_are_remembered() -> None:
    app = Dispatcher(Registry())

    def warn(numbers: range) -> None:
        for number in numbers:

            def on_click(event: int) -> None: ...

            on_click.__qualname__ = f"page.row_{number}"
            with app.scope() as scope:
                scope.offer(on_click)

    # Two blocks each; garbage of an earlier test may free a few meanwhile.
    first = kept_blocks(warn, range(950))
    assert first > 1_800
    assert kept_blocks(warn, range(950, 2_750)) < first / 2


def test_a_thousand_ways_to_call_partials_are_remembered() -> None:
    app = Dispatcher(Registry())

    def offer(numbers: range) -> None:
        for number in numbers:
            with app.scope() as scope:
                keywords: dict[str, Any] = {f"key_{number}": number}
                scope.offer(functools.partial(buy, **keywords))

    first = kept_blocks(offer, range(900))
    assert first > 1_800
    assert kept_blocks(offer, range(900, 2_700)) < first / 2


@pytest.mark.parametrize("mode", growth.MODES)
def test_the_values_live_as_long_as_the_scope(mode: Captures) -> None:
    app = growth.application(mode, Identity())
    order = growth.Row("tea")
    lives = weakref.ref(order)
    with app.scope(audience="anna") as scope:
        token = scope.offer(growth.closure(order))
    del order
    assert lives() is app.dispatch({"handler": token}, audience="anna", scope=scope)
    gc.disable()
    try:
        del scope  # nothing has to be collected
        assert lives() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("mode", growth.MODES)
def test_a_scope_that_ended_keeps_no_handler_that_was_replaced(mode: Captures) -> None:
    app, rows = growth.application(mode, Identity()), ["tea"]
    replaced = growth.closure(rows)
    lives = weakref.ref(replaced)
    with app.scope(audience="anna") as scope:
        scope.offer(replaced)
        scope.offer(growth.closure(rows))
        del replaced
    assert len(scope) == 1
    assert lives() is None


@pytest.mark.filterwarnings("ignore::handlerid.errors.CapturesReplaced")
@pytest.mark.parametrize("mode", growth.MODES)
def test_a_registry_keeps_the_values_of_what_it_registered(mode: Captures) -> None:
    registry = Registry(captures=mode)
    ids = {registry.register(growth.closure(f"order {n}")) for n in range(5)}
    assert len(registry) == len(ids) == (1 if mode == "warn" else 5)
    assert {*registry.forget(growth)} == ids
    assert len(registry) == 0
