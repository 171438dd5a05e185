"""Ids from a place that a handler had before: the right one answers them."""

from __future__ import annotations

from functools import partial
from types import FunctionType
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Registry
from handlerid.errors import NameTaken


def act(module: str, qualname: str = "act", code: int = 0) -> Any:
    """Return a handler at a place; all have one code, unless it is another one."""
    if code:

        def other(event: ClickEvent) -> object:
            return "other", event.key, module

        other.__module__, other.__qualname__ = module, qualname
        return other

    def moved(event: ClickEvent) -> str:
        return WHO  # type: ignore[name-defined, no-any-return]  # noqa: F821

    found = FunctionType(moved.__code__.replace(), {"WHO": module}, "act")
    found.__module__, found.__qualname__ = module, qualname
    found.__annotations__ = {"event": ClickEvent}
    return found


OLD = str(Registry().register(act("old")))


@pytest.mark.parametrize("where", ["old:act", ["older:act", "old:act"]])
def test_a_place_claimed_twice_is_an_error(where: Any) -> None:
    registry = Registry()
    registry.handler(moved_from="old:act")(act("new_a"))
    with pytest.raises(NameTaken) as caught:
        registry.handler(moved_from=where)(act("new_b"))
    assert str(caught.value) == (
        "new_a.act and new_b.act are both moved_from one place and have the same code: "
        "only one of them can answer the ids from there"
    )
    assert Dispatcher(registry).dispatch({"handler": OLD}) == "new_a"
    assert [one.module for one in registry] == ["new_a"]


def test_a_name_claimed_as_an_old_place_twice() -> None:
    registry = Registry()
    registry.handler(moved_from="cart.add")(act("new_a"))
    with pytest.raises(NameTaken):
        registry.handler(name="cart.more", moved_from="cart.add")(act("new_b"))


def test_a_place_claimed_in_the_registry_and_in_a_scope() -> None:
    registry = Registry()
    registry.handler(moved_from="old:act")(act("new_a"))
    app = Dispatcher(registry)
    late = act("new_b")
    with pytest.raises(NameTaken):
        registry.handler(moved_from="old:act")(late)
    with pytest.raises(NameTaken), app.scope() as scope:
        scope.offer(late)


def test_what_is_no_second_claim() -> None:
    registry = Registry(captures="allow")
    for _ in range(2):  # rendered again, reloaded
        registry.handler(moved_from="old:act")(act("new_a"))
    registry.handler(moved_from="old:act")(act("new_b", code=1))  # another code
    registry.handler(name="row.1")(act("rows"))  # two names at one place
    registry.handler(name="row.2")(act("rows"))
    registry.forget("new_a")
    registry.handler(moved_from="old:act")(act("new_c"))
    assert Dispatcher(registry).dispatch({"handler": OLD}) == "new_c"


def test_what_is_there_answers_before_what_was_there() -> None:
    registry = Registry()
    registry.register(act("old"))
    moved = act("new")
    registry.handler(moved_from="old:act")(moved)
    app = Dispatcher(registry)
    with app.scope() as scope:
        scope.register(moved)
        again = scope.register(moved)
    for scopes in (None, scope, [scope], [app.scope(), scope]):
        assert app.dispatch({"handler": OLD}, scope=scopes) == "old"
        assert app.dispatch({"handler": again}, scope=scopes) == "new"
    assert app.dispatch({"handler": OLD}, rerender=lambda s: s.offer(moved)) == "old"
    assert OLD in scope


PRIVATE = """
class Cart:
    def on_add(self, event):
        class Line:
            def own(self):
                return self.__price
        self.__total = 1 + len([self.__secret for __x in event.key])
        return lambda: f(__key=self.__total), Line
    on_lambda = lambda self, event: self.__total
"""


@pytest.mark.parametrize("name", ["Basket", "_Basket", "__Cart_2"])
@pytest.mark.parametrize("fn", ["on_add", "<lambda>"])
def test_private_names_follow_the_class(name: str, fn: str) -> None:
    """``__total`` of a class is ``_Cart__total`` in its code, and changes with it."""
    old: dict[str, Any] = {"__name__": "shop"}
    new: dict[str, Any] = {"__name__": "shop"}
    exec(PRIVATE, old)
    exec(PRIVATE.replace("Cart", name), new)
    attribute = fn.replace("<lambda>", "on_lambda")
    before, after = getattr(old["Cart"], attribute), getattr(new[name], attribute)
    page = Registry().register(partial(before, None), ClickEvent)
    registry = Registry()
    handler = partial(after, None)
    registry.handler(event=ClickEvent, moved_from=f"shop:Cart.{fn}")(handler)
    assert registry.resolve(page).fn is handler
    named = [Registry(), Registry()]
    for one, method in zip(named, (before, after), strict=True):
        one.handler(event=ClickEvent, name="cart.add")(partial(method, None))
    assert {*named[0]} == {*named[1]}
