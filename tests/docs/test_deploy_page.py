"""What the page about open tabs says of a click without any setting, and of moves."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from handlerid import Captures, ClickEvent, Dispatcher, Registry, Tokens
from handlerid.errors import HandlerIdError
from handlerid.web import Endpoint
from tests.support.packages import importable, write

PAGE = Path(__file__).parents[2] / "docs/production/deploy.md"
TEXT = PAGE.read_text("utf-8")

OLD = """
from dataclasses import dataclass
from handlerid import ClickEvent, Event

@dataclass(kw_only=True, slots=True)
class LoadedEvent(Event):
    grams: int = 0

def helper(): return 1

def on_same(event: ClickEvent): return helper()

def on_code(event: ClickEvent): return 1

def on_renamed(event: ClickEvent): return 1

def on_moved(event: ClickEvent): return 1

def on_removed(event: ClickEvent): return 1

def on_bare(): return 1

def on_field(event: LoadedEvent): return 1

def page(scope, url):
    def on_captures(event: ClickEvent): return url
    scope.offer(on_captures)
    return on_captures
"""

NEW = """
# A comment.
from dataclasses import dataclass
from handlerid import ClickEvent, Event

@dataclass(kw_only=True, slots=True)
class LoadedEvent(Event):
    weight: int = 0

def helper(): return 2

def on_same(event: ClickEvent): return helper()

def on_code(event: ClickEvent): return 2

def on_other(event: ClickEvent): return 1

def on_field(event: LoadedEvent): return 1

def page(scope, url, price=1):
    def on_captures(event: ClickEvent): return (url, price)
    scope.offer(on_captures)
"""

Release: TypeAlias = Callable[..., Any]
Answer: TypeAlias = tuple[int, bool]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Return what imports a module of a release, and scans it."""

    def imported(name: str, source: str, registry: Registry | None = None) -> Any:
        folder = tmp_path / name
        write(folder, shop____init__="", shop__cart=source)
        with importable(folder):
            module = importlib.import_module("shop.cart")
            if registry is not None:
                registry.scan("shop.cart")
            return module

    return imported


@pytest.mark.parametrize(
    ("captures", "tokens", "gone", "bare"),
    [
        ("warn", None, (404, False), (404, False)),
        ("warn", Tokens(b"secret" * 6), (410, True), (410, True)),
        ("carry", Tokens(b"secret" * 6), (410, True), (409, True)),  # Handlers(key=)
    ],
)
def test_a_click_without_any_setting(
    release: Release,
    captures: Captures,
    tokens: Tokens | None,
    gone: Answer,
    bare: Answer,
) -> None:
    registry = Registry(captures=captures)
    old, app = release("old", OLD, registry), Dispatcher(registry, tokens=tokens)
    with app.scope(audience=None) as scope:
        old.page(scope, "/tea")
        several = [x for name, x in vars(old).items() if name.startswith("on_")]
        events = {"on_bare": ClickEvent}  # the others name theirs
        offered = {x.__name__: scope.offer(x, events.get(x.__name__)) for x in several}
        offered["on_captures"] = scope.offer(old.page(scope, "/tea"))
    registry = Registry(captures=captures)
    new, app = release("new", NEW, registry), Dispatcher(registry, tokens=tokens)
    with app.scope(audience=None) as scope:
        new.page(scope, "/tea")
    if captures != "carry":  # which finds functions by the scan
        for one in (new.on_same, new.on_code, new.on_other, new.on_field):
            registry.register(one)

    found = {}
    for name, reference in offered.items():
        payload = {"handler": reference} | ({"grams": 1} if name == "on_field" else {})
        try:
            app.dispatch(payload, audience=None, scope=scope)
            found[name] = (200, False)
        except HandlerIdError as error:
            request = Endpoint().request("POST", [(b"handlerid-wire", b"1")])
            answer = Endpoint().refuse(error, request)
            found[name] = (answer.status, json.loads(answer.body)["reload"])
    assert found == {
        "on_same": (200, False),
        "on_code": (409, True),
        "on_captures": (409, True),
        "on_renamed": gone,
        "on_moved": gone,
        "on_removed": gone,
        "on_bare": bare,
        "on_field": (422, False),
    }
    statuses = re.findall(r"\| (?:is answered|(\d+)[^|]*) \|$", TEXT, re.MULTILINE)
    assert statuses == ["", "409", "404", "422"]
    assert (
        "| 404, without a reload; with tokens 410, or 409 if the page [carries]" in TEXT
    )


def test_a_second_move_needs_both_places(release: Release) -> None:
    written = '`moved_from=["shop.cart:drop", "shop.cart:remove"]`'
    assert written in TEXT
    source = "from handlerid import ClickEvent\ndef {}(event: ClickEvent): return 1"
    ids = [
        Registry().register(getattr(release(name, source.format(name)), name))
        for name in ("drop", "remove")
    ]
    registry = Registry()
    put = release("put", source.format("put")).put
    registry.handler(moved_from=["shop.cart:drop", "shop.cart:remove"])(put)
    app = Dispatcher(registry)
    assert [app.dispatch({"handler": str(one)}) for one in ids] == [1, 1]


def test_the_number_of_changes_is_that_of_the_measurement() -> None:
    page = (PAGE.parents[1] / "explanation" / "deploys.md").read_text("utf-8")
    rows = page.partition("| change |")[2].partition("\n\n")[0].splitlines()[2:]
    assert f"{len(rows)} kinds of changes" in TEXT
    settings = page.partition("## All settings")[2]
    for answers in ("scan", "resolvers"):
        row = rf"^\| warn(?:, accept)? \| bytecode \| {answers} (\| .*)"
        outcomes = [
            [int(one) for one in re.findall(r"\d+", found)]
            for found in re.findall(row, settings, re.MULTILINE)
        ]
        (*_, refusing, _, _), (*_, accepting, _, _) = outcomes
        text = rf"\b{accepting - refusing}\b.* of {sum(outcomes[0]):,}\b"
        assert re.search(text, TEXT.replace("\n", " "))
