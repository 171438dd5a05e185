"""Explicit names, and handlers that were renamed or moved: their ids are answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Identity, Registry
from handlerid.errors import NameTaken, StaleHandler, UnknownHandler
from tests.support.fresh import run_fresh

HERE = __name__


def load(source: str, module: str = "app", **names: object) -> dict[str, Any]:
    """Runs the source of a module and returns its names."""
    found: dict[str, Any] = {"__name__": module, "ClickEvent": ClickEvent, **names}
    exec(dedent(source), found)
    return found


OLD = "def on_add(event: ClickEvent): return total(event.key)"
RENAMED = "def add_item(event: ClickEvent): return total(event.key)"
EDITED = "def add_item(event: ClickEvent): return sum(event.key)"


def test_a_name_stands_for_the_location() -> None:
    registry, elsewhere = Registry(), Registry()
    registry.handler(name="cart.add")(load(OLD)["on_add"])
    elsewhere.handler(name="cart.add")(load(RENAMED, "shop.cart")["add_item"])
    (one,), (other,) = registry, elsewhere
    assert one == other
    assert (one.module, one.qualname) == ("app", "on_add")
    assert (other.module, other.qualname) == ("shop.cart", "add_item")


def test_other_code_under_the_name_is_stale() -> None:
    one, other = Registry(), Registry()
    one.handler(name="cart.add")(load(OLD)["on_add"])
    other.handler(name="cart.add")(load(EDITED)["add_item"])
    with pytest.raises(StaleHandler):
        other.resolve(next(iter(one)))


def test_a_name_is_no_location() -> None:
    """A module and a function may together read like a name."""
    fn = load(OLD, "")["on_add"]
    fn.__module__, fn.__qualname__ = "", "x"
    registry = Registry()
    registry.handler(name="0-x")(fn)
    assert next(iter(registry)).location != Registry().register(fn).location


def test_a_function_registered_later_at_the_location_has_the_name_too() -> None:
    registry = Registry(captures="allow")

    def make(value: object) -> Callable[[ClickEvent], object]:
        def on_click(event: ClickEvent) -> object:
            return value

        return on_click

    registry.handler(name="row")(make(1))
    (handler_id,) = registry
    assert registry.register(make(2)) == handler_id
    scope = registry.entries.child()
    assert scope.add(make(3)).id == handler_id
    assert scope.resolve(handler_id).fn(ClickEvent()) == 3
    assert registry.resolve(handler_id).fn(ClickEvent()) == 2


def test_naming_a_handler_loses_no_open_page() -> None:
    fn = load(OLD)["on_add"]
    before = Registry().register(fn)
    registry = Registry()
    registry.handler(name="cart.add")(fn)
    assert registry.resolve(before).fn is fn
    assert before in registry
    assert before not in list(registry)
    assert len(registry) == 1


@pytest.mark.parametrize("fingerprint", ["bytecode", "source"])
def test_a_renamed_and_moved_handler_is_found(fingerprint: Any, tmp_path: Path) -> None:
    identity = Identity(fingerprint=fingerprint)

    def defined(source: str, module: str) -> Any:
        path = tmp_path / f"{module}.py"
        path.write_text(source)
        names: dict[str, Any] = {"__name__": module, "ClickEvent": ClickEvent}
        exec(compile(source, str(path), "exec"), names)
        return names[source.partition("(")[0].removeprefix("def ")]

    old_id = Registry(identity=identity).register(defined(OLD, "app"))
    registry = Registry(identity=identity)
    fn = defined(RENAMED, "cart")
    registry.handler(moved_from="app:on_add")(fn)
    assert registry.resolve(old_id).fn is fn
    edited = Registry(identity=identity)
    edited.handler(moved_from=["gone:x", "app:on_add"])(defined(EDITED, "shop"))
    with pytest.raises(StaleHandler) as caught:
        edited.resolve(old_id)
    assert caught.value.current[-1].qualname == "add_item"  # type: ignore[attr-defined]


def test_a_handler_that_had_another_name_is_found() -> None:
    registry, later = Registry(), Registry()
    registry.handler(name="add")(load(OLD)["on_add"])
    later.handler(name="cart.add", moved_from="add")(load(RENAMED)["add_item"])
    (old_id,) = registry
    assert later.resolve(old_id).fn.__name__ == "add_item"


def test_a_moved_partial_and_a_moved_wrapper_are_found() -> None:
    source = """
        import functools
        def plain(fn):
            @functools.wraps(fn)
            def wrapper(*args):
                return fn(*args)
            return wrapper
        @plain
        def {name}(unit, event=None): return unit
    """
    old = load(source.format(name="on_add"))["on_add"]
    new = load(source.format(name="add_item"), "shop")["add_item"]
    registry = Registry()
    registry.handler(moved_from="app:on_add")(partial(new, 2))
    old_id = Registry().register(partial(old, 2))
    assert registry.resolve(old_id).fn(None) == 2
    with pytest.raises(UnknownHandler):
        registry.resolve(Registry().register(partial(old, 3)))


def test_a_moved_handler_is_called_through_the_old_id() -> None:
    registry = Registry()
    registry.handler(moved_from="app:on_add")(load(RENAMED, total=len)["add_item"])
    old_id = Registry().register(load(OLD)["on_add"])
    assert Dispatcher(registry).dispatch({"handler": old_id, "key": "abc"}) == 3


def test_two_handlers_that_claim_one_name() -> None:
    registry = Registry()
    registry.handler(name="cart.add")(load(OLD)["on_add"])
    with pytest.raises(NameTaken) as caught:
        registry.handler(name="cart.add")(load(RENAMED, "shop")["add_item"])
    assert str(caught.value) == (
        "two handlers have the name 'cart.add': app.on_add and shop.add_item; "
        "give one of them another"
    )
    assert len(registry) == 1


def test_a_reloaded_module_may_claim_its_name_again() -> None:
    registry = Registry(captures="refuse")
    registry.handler(name="cart.add")(load(OLD)["on_add"])
    again = load(OLD)["on_add"]
    registry.handler(name="cart.add")(again)
    assert [registry.resolve(one).fn for one in registry] == [again]


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a" * 201, "<x>", "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a handler's name"):
        Registry().handler(name=name)(load(OLD)["on_add"])


@pytest.mark.parametrize("place", ["", "a:b:c", ":b", "a:", "a b"])
def test_what_is_no_location_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="is not a location: write module:qualname"):
        Registry().handler(moved_from=[place])(load(OLD)["on_add"])


def test_named_ids_are_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        dedent("""
        from handlerid import Registry
        registry = Registry()
        @registry.handler(name="cart.add", moved_from="old:on_add")
        def add_item(event): return {"a", "b", event.key}
        print(*registry.entries.ids(add_item, None))
        """)
    )
    first = run_fresh("-c", "import shop", path=tmp_path, seed="1")
    assert run_fresh("-c", "import shop", path=tmp_path, seed="2") == first
    assert len(first.split()) == 3


def test_a_name_that_its_location_gave_up_is_free() -> None:
    def on_one(event: ClickEvent) -> None: ...
    def on_other(event: ClickEvent) -> None: ...

    registry = Registry()
    registry.handler(name="first")(on_one)
    registry.handler(name="second")(on_one)
    registry.handler(name="first")(on_other)  # so it is not held for ever
    with pytest.raises(NameTaken):
        registry.handler(name="second")(on_other)
