"""Stale ids that are accepted: the handler at the location, never the wrong one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, HandlerId, InputEvent, Registry, Scope
from handlerid.errors import HandlerIdError, StaleHandler, UnknownHandler
from tests.support.packages import importable, write


def load(source: str, **names: object) -> Any:
    """Runs the source of a module ``app`` and returns what it calls ``save``."""
    found: dict[str, Any] = {"__name__": "app", "ClickEvent": ClickEvent, **names}
    exec(dedent(source), found)
    return found["save"]


def save(number: int) -> Any:
    return load(f"def save(event): return {number}")


def old(fn: Any, event: Any = None, **settings: Any) -> HandlerId:
    return Registry(**settings).register(fn, event)


@pytest.fixture
def registry() -> Registry:
    return Registry(stale="accept")


def refused(registry: Registry, handler_id: str) -> type[HandlerIdError]:
    with pytest.raises(HandlerIdError) as caught:
        registry.resolve(handler_id)
    return caught.type


def test_the_handler_at_the_location_answers(registry: Registry) -> None:
    registry.register(save(2))
    payload = {"handler": str(old(save(1)))}
    assert Dispatcher(registry).dispatch(payload) == 2


def test_it_is_refused_unless_asked_for() -> None:
    registry = Registry()
    registry.register(save(2))
    assert refused(registry, old(save(1))) is StaleHandler


def test_one_handler_alone() -> None:
    registry = Registry()
    registry.handler(stale="accept")(save(2))
    other = load("def other(event): return 2\nsave = other")
    registry.register(other)
    assert registry.resolve(old(save(1))).fn(ClickEvent()) == 2
    stale = old(load("def other(event): return 1\nsave = other"))
    assert refused(registry, stale) is StaleHandler


def test_all_but_one_handler(registry: Registry) -> None:
    registry.handler(stale="refuse")(save(2))
    assert refused(registry, old(save(1))) is StaleHandler


def test_of_two_at_the_location_none_is_chosen(registry: Registry) -> None:
    registry.register(save(2))
    registry.register(save(3))
    assert refused(registry, old(save(1))) is StaleHandler


def test_the_event_is_the_same(registry: Registry) -> None:
    registry.register(save(2), InputEvent)
    assert refused(registry, old(save(1), ClickEvent)) is StaleHandler
    clicked = registry.register(save(2), ClickEvent)
    assert registry.resolve(old(save(1), ClickEvent)).id == clicked


def test_the_bound_arguments_are_the_same(registry: Registry) -> None:
    def step(text: str) -> Any:
        return load(f"def save(step, event): return {text}")

    registry.register(partial(step("2, step"), "up"))
    assert refused(registry, old(partial(step("1, step"), "down"))) is StaleHandler
    found = registry.resolve(old(partial(step("1, step"), "up")))
    assert found.fn(ClickEvent()) == (2, "up")


def test_distinct_captures_are_the_same() -> None:
    def link(text: str, url: str) -> Any:
        source = f"def save(url):\n  def on(event): return {text}\n  return on"
        return load(source)(url)

    registry = Registry(stale="accept", captures="distinct")
    registry.register(link("2, url", "/tea"))
    registry.register(link("2, url", "/coffee"))
    tea = old(link("1, url", "/tea"), captures="distinct")
    assert registry.resolve(tea).fn(ClickEvent()) == (2, "/tea")
    cake = old(link("1, url", "/cake"), captures="distinct")
    assert refused(registry, cake) is StaleHandler


def test_code_that_is_known_is_not_stale(registry: Registry) -> None:
    """It has another event here; the handler for this event is another one."""
    registry.register(save(1), InputEvent)
    registry.register(save(2), ClickEvent)
    assert refused(registry, old(save(1), ClickEvent)) is UnknownHandler


def test_a_lambda_has_no_name_of_its_own(registry: Registry) -> None:
    """What was <lambda> when the page was rendered may be another lambda now."""
    one, other = load("save = lambda event: 1"), load("save = lambda event: 2")
    registry.register(other)
    assert refused(registry, old(one)) is StaleHandler
    named, elsewhere = Registry(stale="accept"), Registry()
    named.handler(name="save")(other)
    elsewhere.handler(name="save")(one)
    assert named.resolve(next(iter(elsewhere))).fn is other


def test_old_places_and_names(registry: Registry) -> None:
    """An id from an old place, of code that was changed since then, too."""
    renamed = load("def keep(event): return 2\nsave = keep")
    registry.handler(name="keep", moved_from=["app:save", "store"])(renamed)
    assert registry.resolve(old(save(1))).fn is renamed
    elsewhere = Registry()
    elsewhere.handler(name="store")(save(1))
    assert registry.resolve(next(iter(elsewhere))).fn is renamed
    assert refused(registry, old(load("def x(event): ...\nsave = x"))) is UnknownHandler


def test_a_scope_accepts_as_its_registry(registry: Registry) -> None:
    registry.register(save(2))
    stale = old(save(1))
    scope = registry.entries.child()
    assert scope.resolve(stale).fn(ClickEvent()) == 2
    scope.add(save(3))  # the registry's is at the location, too
    with pytest.raises(StaleHandler):
        scope.resolve(stale)


# Where a dispatcher has resolvers.


def test_the_very_handler_comes_first(registry: Registry) -> None:
    """A resolver may know the code that the page was made of."""
    registry.register(save(2))

    def resolver(_: HandlerId, scope: Scope) -> None:
        scope.register(save(1))

    payload = {"handler": old(save(1))}
    assert Dispatcher(registry, resolvers=[resolver]).dispatch(payload) == 1
    assert Dispatcher(registry).dispatch(payload) == 2


def test_a_page_that_is_rendered_again_may_accept(registry: Registry) -> None:
    payload = {"handler": old(save(1))}

    def rerender(scope: Scope) -> None:
        scope.register(save(2))

    assert Dispatcher(registry).dispatch(payload, rerender=rerender) == 2
    with pytest.raises(StaleHandler):
        Dispatcher(Registry()).dispatch(payload, rerender=rerender)
    registry.register(save(3))  # of two at the location, none is chosen
    with pytest.raises(StaleHandler):
        Dispatcher(registry).dispatch(payload, rerender=rerender)


def test_of_two_in_the_source_none_is_chosen(tmp_path: Path) -> None:
    """Only one of them is registered: the page may have meant the other."""
    with importable(tmp_path):
        write(
            tmp_path,
            twice="""
            def render(new):
                if new:
                    def save(event): return 2
                else:
                    def save(event): return 3
                return save
            def once():
                def save(event): return 2
                return save
            """,
        )
        twice = __import__("twice")
    registry = Registry(stale="accept")
    registry.entries.index.add(twice)
    one, of_two = registry.register(twice.once()), registry.register(twice.render(1))
    other_code = old(save(1)).fingerprint
    assert registry.resolve(f"{one[:17]}{other_code}").id == one
    assert refused(registry, f"{of_two[:17]}{other_code}") is StaleHandler
