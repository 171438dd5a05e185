"""Variables that travel as cells, numbers and names: from one server to another.

Each test offers on one dispatcher and clicks on another, which only scanned the module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from handlerid import (
    Call,
    ClickEvent,
    Dispatcher,
    Identity,
    Registry,
    Scope,
    Tokens,
)
from handlerid.errors import CapturesReplaced, StaleHandler, UnstableCapture

Handler = Callable[..., object]
KEY = bytes(range(32))
ADVICE = "Define the function before offering one that calls it."


def server(identity: Identity | None = None, **options: Any) -> Dispatcher:
    registry = Registry(captures="carry", identity=identity)
    registry.scan(sys.modules[__name__])
    return Dispatcher(registry, tokens=Tokens(KEY), **options)


def offer(*handlers: Handler, identity: Identity | None = None) -> list[str]:
    with server(identity).scope(audience=None) as scope:
        return [scope.offer(handler) for handler in handlers]


def prepare(token: str, identity: Identity | None = None, **more: Any) -> Call:
    return server(identity, **more).prepare({"handler": token}, audience=None)


def click(token: str, identity: Identity | None = None, **more: Any) -> Any:
    return prepare(token, identity, **more).run()


# Cells that functions share.


def counter(start: int) -> tuple[Handler, Handler, Handler]:
    count = start

    def increment(event: ClickEvent) -> None:
        nonlocal count
        count += 1

    def show(event: ClickEvent) -> int:
        return count

    def show_later(event: ClickEvent) -> int:
        return -count

    def both(event: ClickEvent) -> tuple[Handler, Handler, int]:
        return show, show_later, count

    return increment, show, both


def test_functions_that_share_a_variable_share_it_again() -> None:
    (token,) = offer(counter(3)[2])
    show, show_later, count = click(token)
    assert (show(None), show_later(None), count) == (3, -3, 3)
    assert show.__closure__[0] is show_later.__closure__[0]
    show.__closure__[0].cell_contents = 4
    assert show_later(None) == -4
    # Another click has a copy of its own.
    assert click(token)[2] == 3


def two_counters() -> Handler:
    _, first, _ = counter(1)
    _, second, _ = counter(1)

    def shows(event: ClickEvent) -> tuple[Handler, Handler]:
        return first, second

    return shows


def test_two_cells_with_equal_contents_are_two() -> None:
    (token,) = offer(two_counters())
    first, second = click(token)
    assert first(None) == second(None) == 1
    assert first.__closure__[0] is not second.__closure__[0]


def recursive() -> Handler:
    def down(event: ClickEvent, left: int = 2) -> list[Handler]:
        return [down, *down(event, left - 1)] if left else []

    def replace() -> None:
        nonlocal down
        down = replace  # type: ignore[assignment]

    return down


def test_a_function_in_its_own_cell_which_another_assigns() -> None:
    (token,) = offer(recursive())
    call = prepare(token)
    both: Any = call.run()
    assert both[0] is both[1] is call.handler.fn


def mutual() -> Handler:
    def ping(event: ClickEvent, left: int = 3) -> str:
        return "ping " + pong(event, left - 1) if left else "out"

    def pong(event: ClickEvent, left: int) -> str:
        return "pong " + ping(event, left - 1) if left else "out"

    def stop() -> None:
        nonlocal ping, pong
        ping = pong = stop  # type: ignore[assignment]

    return ping


def test_two_functions_in_cells_of_each_other() -> None:
    assert click(offer(mutual())[0]) == "ping pong ping out"


def test_a_copy_of_a_shared_variable_answers_last() -> None:
    """What another handler assigns is not in the copy: whoever renders knows it."""
    (token,) = offer(counter(1)[1])
    assert prepare(token).source == "token"

    def render(scope: Scope) -> None:
        scope.offer(counter(7)[1])

    app = server()
    asked = app.prepare({"handler": token}, audience=None, rerender=render)
    assert asked.source == "token"  # another count is another handler

    def render_again(scope: Scope) -> None:
        scope.offer(counter(1)[1])

    asked = app.prepare({"handler": token}, audience=None, rerender=render_again)
    assert asked.source == "rerender"


def test_a_variable_that_nobody_assigns_answers_before_a_rendering() -> None:
    def render(scope: Scope) -> None:
        raise AssertionError

    (token,) = offer(link("/tea"))
    call = server().prepare({"handler": token}, audience=None, rerender=render)
    assert (call.source, call.run()) == ("token", "/tea")


def link(url: object) -> Handler:
    def on_click(event: ClickEvent) -> object:
        return url

    return on_click


def test_a_handler_that_assigns_is_refused_also_where_it_is_captured() -> None:
    increment = counter(0)[0]
    lost = (
        "count cannot be carried: a handler assigns this variable, and what it "
        "assigns on another server is lost. Keep the value in your application's state."
    )
    with pytest.raises(UnstableCapture) as caught:
        offer(increment)
    handler = f"{__name__}.counter.<locals>.increment"
    assert str(caught.value) == f"{handler}: {lost}"
    assert caught.value.where == "count"
    with pytest.raises(UnstableCapture) as caught:
        offer(link(increment))
    handler = f"{__name__}.link.<locals>.on_click"
    assert str(caught.value) == f"{handler}: url -> {lost}"
    assert caught.value.where == "url -> count"


# Cells that are empty.


def saves(scope: Scope) -> str:
    def save(event: ClickEvent) -> str:
        return later()

    token = scope.offer(save)

    def later() -> str:
        return "saved"

    return token


def saves_by_another(scope: Scope) -> str:
    def save() -> str:
        return later()

    def on_click(event: ClickEvent) -> str:
        return save()

    token = scope.offer(on_click)

    def later() -> str:
        return "saved"

    return token


def saves_in_order(scope: Scope) -> str:
    def save(event: ClickEvent) -> str:
        return later()

    def later() -> str:
        return "saved"

    return scope.offer(save)


@pytest.mark.parametrize(
    ("page", "handler", "path"),
    [
        (saves, "saves.<locals>.save", "later"),
        (saves_by_another, "saves_by_another.<locals>.on_click", "save -> later"),
    ],
)
def test_a_variable_that_is_empty_is_refused(
    page: Callable[[Scope], str], handler: str, path: str
) -> None:
    with server().scope(audience=None) as scope, pytest.raises(UnstableCapture) as it:
        page(scope)
    text = f"{__name__}.{handler}: {path} cannot be carried: it holds nothing yet. "
    assert str(it.value) == text + ADVICE
    assert it.value.where == path


def test_a_function_that_is_defined_before_the_offer_is_carried() -> None:
    with server().scope(audience=None) as scope:
        token = saves_in_order(scope)
    assert click(token) == "saved"


# Variables that only annotations name.


class Unwritable:
    """Has no canonical form."""


def annotated(kind: Any, value: object) -> Handler:
    def on_click(event: ClickEvent, more: kind | None = None) -> object:
        again: kind = value
        return again

    return on_click


def test_what_only_annotations_name_travels_as_an_empty_cell() -> None:
    first, second = offer(annotated(Unwritable(), "x"), annotated(int, "x"))
    assert first == second
    call = prepare(first)
    assert (call.source, call.run()) == ("token", "x")


# Objects with keys.


class Component:
    def __init__(self, key: int | None) -> None:
        self.key = key

    def __handler_key__(self) -> int | None:
        return self.key

    def on_click(self, event: ClickEvent) -> object:
        return type(self).__name__, self.key


class Card(Component):
    pass


def find(key: int) -> Component:
    return {1: Component, 2: Card}[key](key)


FIND: dict[type, Callable[[Any], object]] = {Component: find}


@pytest.mark.parametrize("component", [Component(1), Card(2)])
def test_the_decoder_of_a_base_makes_the_object(component: Component) -> None:
    identity = Identity(decoders=FIND)
    (token,) = offer(component.on_click, identity=identity)
    expected = type(component).__name__, component.key
    assert click(token, identity) == expected
    (token,) = offer(link(component), identity=identity)
    assert type(click(token, identity)) is type(component)


def test_the_decoder_of_the_nearest_class_makes_the_object() -> None:
    identity = Identity(decoders={**FIND, Card: lambda key: Card(10 * key)})
    (token,) = offer(Card(2).on_click, identity=identity)
    assert click(token, identity) == ("Card", 20)


def test_an_object_whose_key_leads_back_to_it_is_refused() -> None:
    component: Any = Component(None)
    component.key = [component.on_click]
    with pytest.raises(UnstableCapture, match="refers to itself"):
        offer(link(component), identity=Identity(decoders=FIND))


def test_a_server_without_the_decoder_says_so() -> None:
    (token,) = offer(Card(2).on_click, identity=Identity(decoders=FIND))
    with pytest.raises(StaleHandler):
        click(token)


def local_card() -> Component:
    class Local(Component):
        pass

    return Local(1)


@pytest.mark.parametrize(
    ("component", "decoders", "reason"),
    [
        (
            Card(None),
            FIND,
            (
                f"the key of this {__name__}.Card is None. Give it a key before you "
                "offer the handler."
            ),
        ),
        (
            Card(2),
            None,
            (
                f"the key of a {__name__}.Card has no decoder: "
                "Identity(decoders={Card: function})."
            ),
        ),
        (
            local_card(),
            FIND,
            (
                f"no scanned module holds {__name__}.local_card.<locals>.Local. Define "
                "it in a module, and scan that."
            ),
        ),
    ],
)
def test_an_object_without_a_way_back_is_refused(
    component: Component, decoders: Any, reason: str
) -> None:
    with pytest.raises(UnstableCapture) as caught:
        offer(component.on_click, identity=Identity(decoders=decoders))
    handler = f"{__name__}.Component.on_click"
    assert str(caught.value) == f"{handler}: self cannot be carried: {reason}"


def test_a_decoder_for_a_class_of_a_function_is_enough() -> None:
    """The host named the class: no module has to hold it."""
    local = local_card()
    identity = Identity(decoders={type(local): type(local)})
    (token,) = offer(local.on_click, identity=identity)
    assert click(token, identity) == ("Local", 1)


# Numbers and names.


def row_of(row: dict[str, bool]) -> Handler:
    def on_click(event: ClickEvent) -> dict[str, bool]:
        return row

    return on_click


def test_equal_rows_have_tokens_of_their_own() -> None:
    tokens = offer(*[row_of({"done": False}) for _ in range(3)])
    assert len(set(tokens)) == 3
    calls = [prepare(token) for token in tokens]
    assert len({call.handler.id for call in calls}) == 3
    assert [call.run() for call in calls] == [{"done": False}] * 3
    assert offer(*[row_of({"done": False}) for _ in range(3)]) == tokens


def test_the_number_is_in_the_bytes() -> None:
    rows = offer(*[row_of({}) for _ in range(2)])
    first, second = [Tokens(KEY).verify(token).captures for token in rows]
    assert second == b'a["n",null,1,' + first.removeprefix(b"a") + b"]"


def test_the_key_of_a_part_is_in_the_id_alone() -> None:
    with server().scope(audience=None) as scope:
        one, two = [scope.part(key).offer(link("/tea")) for key in "ab"]
    assert one != two
    assert [click(one), click(two)] == ["/tea", "/tea"]
    verified = [Tokens(KEY).verify(token) for token in (one, two)]
    assert verified[0].captures == verified[1].captures


def test_a_variable_that_changes_after_the_offer_is_refused() -> None:
    def page(scope: Scope) -> None:
        for row in range(2):
            scope.offer(lambda row=row: row)
            scope.offer(lambda: row)  # noqa: B023 - that is the mistake

    with pytest.raises(CapturesReplaced), server().scope(audience=None) as scope:
        page(scope)


def named(name: str, url: object) -> tuple[Registry, Handler]:
    app = Registry(captures="carry")
    return app, app.handler(name=name)(link(url))


def offer_named(name: str, url: object) -> str:
    registry, handler = named(name, url)
    registry.scan(sys.modules[__name__])
    with Dispatcher(registry, tokens=Tokens(KEY)).scope(audience=None) as scope:
        return scope.offer(handler)


def test_a_name_travels_in_the_token() -> None:
    for url in ("/tea", ["/tea"]):
        token = offer_named("pay", url)
        assert token != offer(link(url))[0]
        call = prepare(token)
        assert (call.source, call.run()) == ("token", url)
        assert b'["n","pay",0,' in Tokens(KEY).verify(token).captures


@dataclass
class Cart:
    items: list[str]

    def add(self, event: ClickEvent) -> list[str]:
        return self.items


# In another process.


def page() -> dict[str, Handler]:
    cart = Cart(["x"])
    return {
        "shares a variable": counter(3)[2],
        "recursive": recursive(),
        "mutual": mutual(),
        "annotated": annotated(Unwritable(), "x"),
        "component": Card(2).on_click,
        "cart": cart.add,
        "equal cart": Cart(["x"]).add,
        "link": link("/tea"),
    }


RENDER = f"""
import json, {__name__} as page
from handlerid import Identity
handlers = page.page()
tokens = page.offer(*handlers.values(), identity=Identity(decoders=page.FIND))
tokens.append(page.offer_named("pay", ["/tea"]))
print(json.dumps(dict(zip([*handlers, "named"], tokens, strict=True))))
"""
ANSWER = f"""
import json, sys, {__name__} as page
from handlerid import Identity
identity = Identity(decoders=page.FIND)
answers = {{}}
for name, token in json.loads(sys.argv[1]).items():
    answers[name] = page.click(token, identity)
show, show_later, count = answers.pop("shares a variable")
assert show.__closure__[0] is show_later.__closure__[0]
assert (show(None), show_later(None), count) == (3, -3, 3)
first, second = answers.pop("recursive")
assert first is second
print(json.dumps(answers))
"""
EXPECTED = {
    "mutual": "ping pong ping out",
    "annotated": "x",
    "component": ["Card", 2],
    "cart": ["x"],
    "equal cart": ["x"],
    "link": "/tea",
    "named": ["/tea"],
}
