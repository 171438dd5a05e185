"""Forgetting a module: after a reload the old id no longer runs the old code."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from handlerid import ClickEvent, Dispatcher, Registry
from handlerid.errors import CapturesReplaced, NameTaken, StaleHandler, UnknownHandler
from tests.support.packages import importable, write

OLD = """
from handlerid import ClickEvent
def on_save(event: ClickEvent): return "old"
def other(event: ClickEvent): return "other"
def make(value):
    def made(event: ClickEvent): return value
    return made
"""
NEW = OLD.replace('"old"', '"new, and longer"')


def on_here(event: ClickEvent) -> None: ...


@pytest.fixture
def page(tmp_path: Path) -> Iterator[ModuleType]:
    with importable(tmp_path):
        write(tmp_path, page=OLD)
        yield importlib.import_module("page")


def test_a_reloaded_module(page: ModuleType, tmp_path: Path) -> None:
    registry = Registry()
    dispatcher = Dispatcher(registry)
    registry.scan("page")
    old, other = registry.register(page.on_save), registry.register(page.other)
    assert dispatcher.dispatch({"handler": old}) == "old"
    with pytest.raises(StaleHandler):  # which makes an index of locations
        registry.resolve(f"{old[:17]}{other.fingerprint}.click")
    assert registry.entries.index.module("page") is page
    write(tmp_path, page=NEW)
    assert set(registry.forget(page)) == {old, other}
    assert registry.entries.index.module("page") is None
    with pytest.raises(UnknownHandler):
        dispatcher.dispatch({"handler": old})
    registry.scan(importlib.reload(page))
    with pytest.raises(StaleHandler):
        dispatcher.dispatch({"handler": old})
    new = registry.register(page.on_save)
    assert new != old
    assert dispatcher.dispatch({"handler": new}) == "new, and longer"
    assert dispatcher.dispatch({"handler": other}) == "other"
    assert registry.resolve(other).fn is page.other


def test_without_it_the_old_code_would_answer(page: ModuleType, tmp_path: Path) -> None:
    registry = Registry()
    old = registry.register(page.on_save)
    write(tmp_path, page=NEW)
    registry.register(importlib.reload(page).on_save)
    assert Dispatcher(registry).dispatch({"handler": old}) == "old"


def test_a_module_by_its_name_and_one_that_is_unknown(page: ModuleType) -> None:
    registry = Registry()
    kept = registry.register(on_here)
    gone = registry.register(page.on_save)
    assert registry.forget("nowhere") == ()
    assert registry.forget("page") == (gone,)
    assert registry.forget("page") == ()
    assert list(registry) == [kept]


def test_a_submodule_is_a_module_of_its_own(tmp_path: Path) -> None:
    source = "from handlerid import ClickEvent\ndef on_x(event: ClickEvent): ..."
    with importable(tmp_path):
        write(tmp_path, shop____init__=source, shop__cart=source)
        registry = Registry()
        registry.scan("shop")
        (gone,) = registry.forget("shop")
        assert gone.module == "shop"
        assert [one.module for one in registry] == ["shop.cart"]


def test_what_was_decorated_is_forgotten_too(page: ModuleType) -> None:
    registry = Registry()
    last = [*registry.scan(page)][-1].qualname
    registry.forget(page)
    registry.handler(getattr(page, str(last)))
    assert next(iter(registry.scan(page))).qualname == last  # decorated ones are first
    registry.forget(page)
    assert [*registry.scan(page)][-1].qualname == last


def test_names_and_old_places_are_forgotten(page: ModuleType) -> None:
    registry = Registry()
    registry.handler(name="save", moved_from="page:on_old")(page.on_save)
    named = next(iter(registry))
    ids = registry.identity.bare_ids(page.on_save, ClickEvent, location="page:on_old")[
        0
    ]
    (alias,) = ids
    assert registry.resolve(alias).fn is page.on_save
    assert registry.forget(page) == (named,)
    assert alias not in registry
    with pytest.raises(UnknownHandler):
        registry.resolve(alias)
    registry.handler(name="save")(on_here)
    with pytest.raises(NameTaken):
        registry.handler(name="save")(page.on_save)


def test_what_was_lost_is_said_again(page: ModuleType) -> None:
    registry = Registry()

    def lose() -> list[warnings.WarningMessage]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            registry.register(page.make("a"))
            registry.register(page.make("b"))
        return caught

    assert [type(one.message) for one in lose()] == [CapturesReplaced]
    assert lose() == []
    registry.forget(page)
    assert [type(one.message) for one in lose()] == [CapturesReplaced]
