"""Handlers that are gone leave nothing behind, and those that are there are small.

It is measured in a process of its own, where nothing else allocates; in full by
``python -m tests.promises.corpus.memory``.
"""

from __future__ import annotations

import gc
import json

import pytest

from handlerid import ClickEvent, Dispatcher, Registry
from tests.promises.corpus import memory
from tests.support.fresh import run_fresh
from tests.support.pyodide import ROOT

USES = [
    f"{kind}, {use}" for kind in memory.KINDS for use in ("identified", "in scopes")
]
RELOADS = ["reloaded, identified", "reloaded, in scopes"]


@pytest.fixture(scope="module")
def measured() -> dict[str, memory.Growth]:
    arguments = ("--json", "--count", "5000", "--reloads", "50")
    text = run_fresh("-m", "tests.promises.corpus.memory", *arguments, path=ROOT)
    return {line["use"]: memory.Growth(**line) for line in json.loads(text)}


@pytest.mark.parametrize("use", USES + RELOADS)
def test_memory_is_back_to_where_it_was(
    measured: dict[str, memory.Growth], use: str
) -> None:
    growth = measured[use]
    assert growth.count >= 50
    assert growth.alive == 0
    assert growth.objects < 50
    assert growth.bytes < memory.BAR


def test_nothing_else_was_measured(measured: dict[str, memory.Growth]) -> None:
    assert sorted(measured) == sorted(USES + RELOADS)


def test_a_leak_would_be_seen() -> None:
    kept: list[object] = []

    def leak(count: int) -> None:
        kept.extend(memory.closure(memory.Held()) for _ in range(count))

    growth = memory.growth("kept", leak, 1_000)
    assert growth.alive == 2_000
    assert growth.objects >= 1_000
    assert growth.bytes > memory.BAR
    assert not growth.passed
    kept.clear()
    gc.collect()
    assert memory.Held.alive == 0


@pytest.mark.parametrize("kind", memory.KINDS)
def test_a_scope_holds_its_handlers_as_long_as_it_lives(kind: str) -> None:
    app = Dispatcher(Registry(captures="allow"))
    with app.scope() as scope:
        reference = scope.offer(memory.KINDS[kind](0), ClickEvent)
    assert memory.Held.alive == 1
    assert app.prepare({"handler": reference}, scope=scope).event == ClickEvent()
    del scope
    gc.collect()
    assert memory.Held.alive == 0
    assert reference not in app.registry


A_HANDLER = 720
"""Bytes that a registered handler may take, beyond the function itself; the code that
was hashed is among them."""

REGISTERED = """
from benchmarks.groups.footprint import fresh_code, held, registered
registered(fresh_code(1))
print(held(registered, 5_000))
"""


def test_a_registered_handler_is_small() -> None:
    assert float(run_fresh("-c", REGISTERED, path=ROOT)) <= A_HANDLER
