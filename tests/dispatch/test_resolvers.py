"""For which ids a resolver is asked: a made-up id costs no rendering."""

from __future__ import annotations

import base64
import random
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    HandlerId,
    Identity,
    Registry,
    Scope,
    Tokens,
)
from handlerid.errors import StaleHandler, UnknownHandler

NUMBERS = random.Random(15)


def made_up(*, location: str = "") -> dict[str, str]:
    """Return the payload of an id that nobody has."""

    def part(count: int, size: int) -> str:
        text = base64.b32encode(NUMBERS.randbytes(count)).decode().lower()
        return text.rstrip("=")[:size]

    return {"handler": f"h1-{location or part(8, 13)}-{part(12, 20)}.click"}


def guard(fn: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fn)
    def inner(event: ClickEvent) -> Any:
        return fn(event)

    return inner


class Cart:
    def __init__(self, item: str) -> None:
        self.item = item

    def buy(self, event: ClickEvent) -> str:
        return self.item

    def __call__(self, event: ClickEvent) -> str:
        return self.item


def run(item: str, event: ClickEvent) -> str:
    return item


def page(scope: Scope) -> dict[str, str]:
    item = "tea"

    def buy(event: ClickEvent) -> str:
        return item

    @guard
    def buy_if_asked(event: ClickEvent) -> str:
        return item

    handlers: dict[str, Any] = {
        "closure": buy,
        "lambda": lambda event: item,
        "in a comprehension": next(iter([lambda event, i=one: i for one in [item]])),
        "decorated": buy_if_asked,
        "partial": partial(run, item),
        "method": Cart(item).buy,
        "object": Cart(item),
    }
    return {name: scope.offer(fn, ClickEvent) for name, fn in handlers.items()}


IDENTITIES: dict[str, dict[str, Any]] = {
    "default": {},
    "keys": {"keys": [b"new", b"old"]},
    "source": {"fingerprint": "source"},
    "module_name": {"module_name": lambda name: f"release.{name}"},
}


@pytest.fixture
def asked() -> list[HandlerId]:
    return []


def server(
    asked: list[HandlerId], *, scan: bool = True, tokens: bool = False, **of: Any
) -> Dispatcher:
    """A process that rendered nothing, and can find the page of an id."""

    def find(wanted: HandlerId, scope: Scope) -> None:
        asked.append(wanted)
        page(scope)

    registry = Registry(identity=Identity(**of))
    if scan:
        registry.scan(sys.modules[__name__])
    return Dispatcher(
        registry, resolvers=[find], tokens=Tokens(bytes(32)) if tokens else None
    )


@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES)
def test_a_made_up_id_renders_nothing(
    asked: list[HandlerId], identity: dict[str, Any]
) -> None:
    app = server(asked, **identity)
    for _ in range(100):
        with pytest.raises(UnknownHandler, match="no resolver was asked"):
            app.dispatch(made_up())
    assert not asked


@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES)
def test_an_honest_click_is_answered(
    asked: list[HandlerId], identity: dict[str, Any]
) -> None:
    with server([], **identity).scope() as scope:
        offered = page(scope)
    app = server(asked, **identity)
    for name, reference in offered.items():
        call = app.prepare({"handler": reference})
        assert (name, call.run(), call.source) == (name, "tea", "resolver")
    assert len(asked) == len(offered)


def test_a_known_location_is_asked_for(asked: list[HandlerId]) -> None:
    """Whether it is stale, only the page says: a decorated handler has several codes.

    So who copies a location from a page can still have pages rendered; tokens end that.
    """
    with server([]).scope() as scope:
        offered = page(scope)
    location = HandlerId.parse(offered["closure"]).location
    with pytest.raises(StaleHandler):
        server(asked).dispatch(made_up(location=location))
    assert len(asked) == 1


def test_what_is_registered_is_known_too(asked: list[HandlerId]) -> None:
    app = server(asked)
    app.registry.handler(name="buy", moved_from="shop:buy")(partial(run, "mint"))
    (registered,) = [one for one in app.registry if one.qualname == "run"]
    with pytest.raises(StaleHandler):
        app.dispatch(made_up(location=registered.location))
    assert len(asked) == 1


def test_without_a_scan_every_id_is_asked_for(asked: list[HandlerId]) -> None:
    """Nothing says which handlers the release has; an honest click comes first."""
    with server([], scan=False).scope() as scope:
        offered = page(scope)
    app = server(asked, scan=False)
    assert app.dispatch({"handler": offered["closure"]}) == "tea"
    with pytest.raises(UnknownHandler):
        app.dispatch(made_up())
    assert len(asked) == 2


def test_signed_ids_are_asked_for_wherever_they_are(asked: list[HandlerId]) -> None:
    """A token cannot be made up, so nothing has to be scanned for it."""
    here = ModuleType("elsewhere")
    exec("def link(event): return 'linked'", vars(here))
    app = server([], tokens=True)
    with app.scope(audience=None) as scope:
        reference = scope.offer(here.link, ClickEvent)
    with pytest.raises(UnknownHandler):
        server(asked, tokens=True).dispatch({"handler": reference}, audience=None)
    assert len(asked) == 1


def test_rerender_is_the_requests_own(asked: list[HandlerId]) -> None:
    """The host chose the page by the session, so it runs for every id."""
    elsewhere = ModuleType("elsewhere")
    exec("def link(event): return 'linked'", vars(elsewhere))

    def render(scope: Scope) -> str:
        return scope.offer(elsewhere.link, ClickEvent)

    with server([]).scope() as scope:
        payload = {"handler": render(scope)}
    assert server(asked).dispatch(payload, rerender=render) == "linked"
    with pytest.raises(UnknownHandler, match="is the module scanned that defines it"):
        server(asked).dispatch(payload)
    assert not asked


def test_a_scan_while_the_server_runs_counts(
    asked: list[HandlerId], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = ModuleType("late_module")
    monkeypatch.setitem(sys.modules, late.__name__, late)
    exec("def make():\n    def link(event): return 1\n    return link", vars(late))
    app = server(asked)
    payload = {"handler": str(app.scope().register(late.make(), ClickEvent))}
    for scanned in (False, True, False):
        if scanned:
            app.registry.scan(late)
        elif asked:
            app.registry.forget(late)
        with pytest.raises(UnknownHandler):
            app.dispatch(payload)
        assert len(asked) == (1 if asked else 0)
    assert len(asked) == 1


FORGOTTEN = """
from handlerid import ClickEvent

def route(fn): PAGES.append(fn)

PAGES = []

@route
def page(scope):
    def buy(event: ClickEvent): return "tea"
    return scope.offer(buy)
"""


def test_code_that_only_the_loader_has_is_known(
    asked: list[HandlerId], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decorator took the page, and left nothing of it in the module."""
    (tmp_path / "forgotten_page.py").write_text(FORGOTTEN)
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry()
    registry.scan("forgotten_page")
    pages = sys.modules.pop("forgotten_page").PAGES
    app = Dispatcher(registry, resolvers=[lambda _, scope: pages[0](scope)])
    assert app.dispatch({"handler": pages[0](app.scope())}) == "tea"
