"""One page. Each control says which change it is for, and what its author meant."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from handlerid import ClickEvent, InputEvent
from store import old_place
from store.events import Buy, Order, Retitle, Size, values
from store.helpers import Row, logged, shout
from store.journal import did, named

Show = Callable[..., object]
"""``show(change, handler, *what it does, **fields that the browser sends)``."""

UNIT = "grams"


def on_comment(event: ClickEvent) -> None:
    did("comment", event.key)


def on_layout(event: ClickEvent) -> None:
    did("layout", event.key)


def on_annotation(event: ClickEvent, note: str = "n") -> None:
    did("annotation", event.key)


def on_docstring(event: ClickEvent) -> None:
    """Do it."""
    did("docstring")


def on_body(event: ClickEvent) -> None:
    did("body")


def on_helper(event: ClickEvent) -> None:
    did(shout("helper"))


def on_rename(event: ClickEvent) -> None:
    did("rename")


def on_moved(event: ClickEvent) -> None:
    did("moved")


@named(name="keep")
def on_keep(event: ClickEvent) -> None:
    did("keep")


def on_removed(event: ClickEvent) -> None:
    did("removed")


def on_default(event: ClickEvent, count: int = 1) -> None:
    did("default", count)


def on_retitle(event: Retitle) -> None:
    did("retitle", *values(event))


def on_order(event: Order) -> None:
    did("order", *values(event))


def on_size(event: Size) -> None:
    did("size", *values(event))


def on_buy(event: Buy) -> None:
    did("buy", *values(event))


def on_other_event(event: ClickEvent) -> None:
    did("other event")


def on_save(event: ClickEvent) -> None:
    did("save")


def on_delete(event: ClickEvent) -> None:
    did("delete")


def on_plain(event: ClickEvent) -> None:
    did("plain")


@logged
def on_logged(event: ClickEvent) -> None:
    did("logged")


def on_admin(event: ClickEvent) -> None:
    did("admin")


def on_step(step: int, event: ClickEvent) -> None:
    did("step", step)


def on_weight(event: InputEvent) -> None:
    did("weight", event.value, UNIT)


def closures(show: Show) -> None:
    def on_first(event: ClickEvent) -> None:
        did("first")

    def on_second(event: ClickEvent) -> None:
        did("second")

    show("order of closures", on_first, "first")
    show("order of closures", on_second, "second")
    show("order of lambdas", lambda event: did("third"), "third")
    show("order of lambdas", lambda event: did("fourth"), "fourth")


def capturing(show: Show) -> None:
    word, price, row = "captured", 10, Row("tea")

    def on_captured(event: ClickEvent) -> None:
        did(word)

    def on_price(event: ClickEvent) -> None:
        did("price", price)

    def on_row(event: ClickEvent) -> None:
        did("row", row.name)

    def on_nested_admin(event: ClickEvent) -> None:
        did("nested admin", word)

    show("new captured variable", on_captured, word)
    show("captured value", on_price, "price", price)
    show("field of a captured dataclass", on_row, "row", row.name)
    show("guard added to a closure", on_nested_admin, "nested admin", word)


def loop(show: Show) -> None:
    for item in ("tea", "milk"):

        def on_item(event: ClickEvent, item: str = item) -> None:
            did("item", item)

        show("closures of a loop", on_item, "item", item)


def page(show: Show) -> None:
    show("comment", on_comment, "comment", "k", key="k")
    show("layout", on_layout, "layout", "k", key="k")
    show("annotation", on_annotation, "annotation", "k", key="k")
    show("docstring", on_docstring, "docstring")
    show("body", on_body, "body")
    show("body of a function it calls", on_helper, "HELPER")
    show("renamed", on_rename, "rename")
    show("renamed, with moved_from", on_moved, "moved")
    show("renamed, with name", on_keep, "keep")
    show("moved to a module", old_place.on_away, "away")
    show("moved to a module, with moved_from", old_place.on_back, "back")
    show("removed", on_removed, "removed")
    show("default", on_default, "default", 1)
    show("event field renamed", on_retitle, "retitle", "new", title="new")
    show("event field required", on_order, "order", 1)
    show("event field of another type", on_size, "size", "large", size="large")
    show("event class renamed", on_buy, "buy", "tea", item="tea")
    show("handler of another event", on_other_event, "other event")
    show("names swapped", on_save, "save")
    show("names swapped", on_delete, "delete")
    show("decorator added", on_plain, "plain")
    show("decorator removed", on_logged, "logged")
    show("guard added", on_admin, "admin")
    show("bound argument", partial(on_step, 3), "step", 3)
    show("unit of a value", on_weight, "weight", "250", UNIT, value="250")
    closures(show)
    capturing(show)
    loop(show)
