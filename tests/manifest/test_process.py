"""What a running server met: ``Registry.manifest``."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import pytest

from handlerid import ClickEvent, Dispatcher, Identity, InputEvent, Registry
from handlerid.manifest import Manifest, build
from tests.manifest.shop import write_shop
from tests.support.packages import importable


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with importable(write_shop(tmp_path_factory.mktemp("shop"))):
        __import__("shop.pages")
        yield sys.modules["shop.pages"]


def names(manifest: Manifest) -> set[str]:
    return {name for _, name in manifest.functions}


@pytest.mark.parametrize("fingerprint", ["bytecode", "source"])
@pytest.mark.parametrize("keys", [None, b"secret", [b"first", b"second"]])
def test_what_was_met_is_what_is_built(pages: Any, fingerprint: Any, keys: Any) -> None:
    identity = Identity(fingerprint=fingerprint, keys=keys)
    registry = Registry(identity=identity, captures="allow")
    registry.scan("shop")
    with Dispatcher(registry).scope() as scope:
        pages.page(scope, "url", [1], lambda: None)
    met = registry.manifest(release="r1")
    built = build("shop", identity=identity, release="r1")
    assert (met.fingerprint, met.python, met.release) == (
        built.fingerprint,
        built.python,
        "r1",
    )
    assert names(met) > {"on_plain", "on_admin", "Cart.check", "page.<locals>.<lambda>"}
    assert "page" not in names(met)
    for place, functions in met.functions.items():
        known = {one.code: one for one in built.functions[place]}
        for one in functions:
            assert one.body == known[one.code].body
            assert one.trivial == known[one.code].trivial
            assert {*one.captures} <= {*known[one.code].captures}
    for name, shape in met.events.items():
        assert shape == built.events[name]


def test_what_was_put_on_at_run_time(pages: Any) -> None:
    registry = Registry()

    def logged(fn: Callable[[ClickEvent], object]) -> Callable[[ClickEvent], object]:
        @functools.wraps(fn)
        def wrapper(event: ClickEvent) -> object:
            return fn(event)

        return wrapper

    wrapped = logged(pages.on_plain)
    registry.handler(name="plain", moved_from="shop.old:plain")(wrapped)
    (function,) = registry.manifest().functions["shop.pages", "on_plain"]
    assert function.code == Identity().handler_id(wrapped).fingerprint
    assert (function.name, function.moved_from) == ("plain", ("shop.old:plain",))
    assert function.body == next(iter(registry)).fingerprint
    assert function.events == ("click",)


def test_events_of_registrations() -> None:
    registry = Registry()

    def on_any(event: object, tries: int = 3) -> object:
        return event, tries

    registry.register(on_any, ClickEvent)
    registry.register(on_any, InputEvent)
    ((place, (function,)),) = registry.manifest().functions.items()
    assert place[1].endswith("on_any")
    assert (function.events, function.captures) == (("click", "input"), ("tries",))
    assert {*registry.manifest().events} == {"click", "input"}


def test_a_handler_without_an_event() -> None:
    registry = Registry()
    registry.register(lambda: None)
    manifest = registry.manifest()
    ((function,),) = manifest.functions.values()
    assert (function.events, function.trivial, manifest.events) == ((), True, {})


def test_nothing_was_met() -> None:
    manifest = Registry().manifest()
    assert (manifest.functions, manifest.failed, manifest.not_seen) == ({}, {}, {})


def test_it_is_loaded_when_it_is_asked_for() -> None:
    assert get_type_hints(Registry.manifest)["return"] is Manifest
