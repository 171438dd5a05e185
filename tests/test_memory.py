"""Handlers that are gone leave nothing behind: a sample of ``tests/corpus/memory.py``.

What belongs here: what is measured in a process of its own, where nothing else
allocates. The measurement in full is ``python -m tests.corpus.memory``.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import Any

import pytest

from handlerid import ClickEvent, Identity, Registry
from tests.corpus import memory
from tests.support.fresh import run_fresh
from tests.support.pyodide import ROOT

USES = [
    f"{kind}, {use}" for kind in memory.KINDS for use in ("identified", "in scopes")
]
RELOADS = ["reloaded, identified", "reloaded, in scopes"]


@pytest.fixture(scope="module")
def measured() -> dict[str, memory.Growth]:
    arguments = ("--json", "--count", "50000", "--reloads", "200")
    text = run_fresh("-m", "tests.corpus.memory", *arguments, path=ROOT)
    return {line["use"]: memory.Growth(**line) for line in json.loads(text)}


@pytest.mark.parametrize("use", USES + RELOADS)
def test_memory_is_back_to_where_it_was(
    measured: dict[str, memory.Growth], use: str
) -> None:
    growth = measured[use]
    assert growth.count >= 200
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
def test_a_scope_holds_its_handlers_until_it_closes(kind: str) -> None:
    registry = Registry(captures="allow")
    make = memory.KINDS[kind]
    with registry.scope() as scope:
        hid = scope.register(make(0), ClickEvent)
        assert memory.Held.alive == 1
        assert scope.resolve(hid).event is ClickEvent
    gc.collect()
    assert memory.Held.alive == 0
    assert hid not in registry


def test_what_is_known_of_reloaded_code_is_what_is_there() -> None:
    """An identity knows the code of the last version alone."""
    identity = Identity()

    def load(number: int) -> list[Callable[..., object]]:
        names: dict[str, Any] = {"__name__": "app"}
        exec(memory.RELOADED.format(number=number), names)
        for handler in names["HANDLERS"]:
            identity.handler_id(handler)
        handlers: list[Callable[..., object]] = names["HANDLERS"]
        return handlers

    handlers = load(0)
    known = len(identity._known)
    for number in range(1, 50):
        handlers = load(number)
    gc.collect()
    assert handlers
    assert len(identity._known) == known
