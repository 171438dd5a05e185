"""Equal handlers of one scope: each has a number of its own, in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Identity, Registry, Scope, Tokens
from handlerid.errors import CapturesReplaced, StaleHandler, UnstableCapture

Handler = Callable[..., object]
DISTINCT = pytest.mark.parametrize("captures", ["distinct", "carry"])
KEY = b"0123456789abcdef"


def app_of(captures: Any = "distinct", **settings: Any) -> Dispatcher:
    tokens = Tokens(KEY) if captures == "carry" else None
    registry = Registry(captures=captures, **settings)
    if captures == "carry":
        registry.scan(__name__)
    return Dispatcher(registry, tokens=tokens)


def scope_of(app: Dispatcher) -> Scope:
    if app.registry.entries.captures == "carry":
        return app.scope(audience=None)
    return app.scope()


def click(app: Dispatcher, reference: str, scope: Scope) -> object:
    if app.registry.entries.captures == "carry":
        return app.dispatch({"handler": reference}, scope=scope, audience=None)
    return app.dispatch({"handler": reference}, scope=scope)


def tick(row: Any) -> Handler:
    def on_tick(event: ClickEvent) -> object:
        row["done"] = True
        return row

    return on_tick


def follow(url: object) -> Handler:
    def on_follow(event: ClickEvent) -> object:
        return url

    return on_follow


def counter() -> tuple[Handler, Handler]:
    n = 0

    def inc(event: ClickEvent) -> None:
        nonlocal n
        n += 1

    def show(event: ClickEvent) -> int:
        return n

    return inc, show


@DISTINCT
def test_equal_rows_are_two_handlers(captures: Any) -> None:
    app, rows = app_of(captures), [{"done": False} for _ in range(3)]
    with scope_of(app) as scope:
        references = [scope.offer(tick(row)) for row in rows]
    assert len({*scope}) == 3
    assert click(app, references[1], scope) is rows[1]
    assert [row["done"] for row in rows] == [False, True, False]


@DISTINCT
def test_the_numbers_are_those_of_any_other_rendering(captures: Any) -> None:
    app, pages = app_of(captures), []
    for _ in range(2):
        with scope_of(app) as scope:
            pages.append([scope.register(tick({"done": False})) for _ in range(3)])
    first, second = pages
    assert first == second
    alone = app.registry.identity.handler_id(tick({"done": False}), captures=True)
    assert first[0].captures == alone.captures, "the first has no number"


def test_of_one_object_there_is_one_handler() -> None:
    app, row = app_of(), {"done": False}
    with app.scope() as scope:
        assert scope.offer(tick(row)) == scope.offer(tick(row))
        assert scope.offer(follow("/tea")) == scope.offer(follow("/tea"))
        assert scope.offer(follow((1, "a"))) == scope.offer(follow((1, "a")))
    assert len(scope) == 3


def test_two_counters_are_two_though_one_function_only_reads() -> None:
    app = app_of()
    with app.scope() as scope:
        pairs = [[scope.offer(fn) for fn in counter()] for _ in range(2)]
    (inc, show), (_, other) = pairs
    click(app, inc, scope)
    assert (click(app, show, scope), click(app, other, scope)) == (1, 0)


def test_the_same_function_keeps_its_id_whatever_it_captured_holds() -> None:
    app, rows = app_of(), [{"done": False} for _ in range(2)]
    first, second = map(tick, rows)
    with app.scope() as scope:
        ids = [scope.register(first), scope.register(second)]
        rows[1]["done"] = True
        assert [scope.register(first), scope.register(second)] == ids
    assert len(scope) == 2


def test_a_part_has_numbers_of_its_own() -> None:
    app = app_of()
    with app.scope() as scope:
        upper, lower = scope.part("upper"), scope.part(("lower", 1))
        ids = [part.register(tick({})) for part in (upper, lower, upper, lower)]
        assert len({*ids}) == 4
    with app.scope() as scope:
        part = scope.part(("lower", 1))
        again = [part.register(tick({})) for _ in range(2)]
    assert again == [ids[1], ids[3]], "whatever else was rendered"


def test_keyed_ids_are_numbered_under_each_key() -> None:
    old, new = b"the old key", b"the new key"
    identities = [Identity(keys=keys) for keys in (old, [new, old])]
    apps = [app_of(identity=identity) for identity in identities]
    rows = [{"done": False}, {"done": False}]
    with apps[0].scope() as scope:
        references = [scope.offer(tick(row)) for row in rows]
    with apps[1].scope() as scope:
        again = [scope.offer(tick(row)) for row in rows]
    assert len({*references, *again}) == 4
    assert click(apps[1], references[1], scope) is rows[1]


def test_in_the_registry_itself_the_last_one_wins() -> None:
    registry = Registry(captures="distinct")
    first = registry.register(tick({}))
    with pytest.warns(CapturesReplaced, match=r"dispatcher\.scope") as caught:
        assert registry.register(tick({})) == first
    assert len(caught) == 1
    assert len(registry) == 1


# Order that says nothing.


def test_equals_of_another_thread_are_refused() -> None:
    app, raised = app_of(), list[BaseException]()

    def offer(scope: Scope, row: Any) -> None:
        try:
            scope.offer(tick(row))
        except UnstableCapture as error:
            raised.append(error)

    with app.scope() as scope:
        scope.offer(tick({}))
        for target in (scope, scope.part("other")):
            for row in ({"other": 1}, {}):
                thread = threading.Thread(target=offer, args=(target, row))
                thread.start()
                thread.join()
    (error,) = raised
    assert str(error).startswith(f"{__name__}.tick.<locals>.on_tick: it is offered by")
    assert "scope.part(key)" in str(error)
    assert len(scope) == 4


def test_equals_of_another_task_are_refused() -> None:
    app = app_of()

    async def child(scope: Scope) -> str:
        await asyncio.sleep(0)
        return scope.offer(tick({}))

    async def page(parts: list[Scope]) -> list[object]:
        found = await asyncio.gather(*map(child, parts), return_exceptions=True)
        return [*found]

    async def both() -> tuple[list[object], list[object]]:
        with app.scope() as scope:
            refused = await page([scope, scope])
        with app.scope() as scope:
            taken = await page([scope.part(1), scope.part(2)])
            assert await child(scope) != await child(scope)
        return refused, taken

    refused, taken = asyncio.run(both())
    assert sorted(type(one).__name__ for one in refused) == [
        "HandlerId",
        "UnstableCapture",
    ]
    assert len({*taken}) == 2


@pytest.mark.parametrize("number", [0, 1])
def test_no_equal_answers_for_a_stale_id(number: int) -> None:
    app = app_of(stale="accept")
    with app.scope() as scope:
        ids = [scope.register(tick({})) for _ in range(2)]
        alone = scope.register(follow("/tea"))
    old = "a" * 20
    stale = f"{alone[:17]}{old}{alone[37:]}"
    assert app.prepare({"handler": stale}, scope=scope).handler.id == alone
    stale = f"{ids[number][:17]}{old}{ids[number][37:]}"
    with pytest.raises(StaleHandler):
        app.prepare({"handler": stale}, scope=scope)


# What has no canonical form.


class Connection:
    def __init__(self) -> None:
        self.socket = object()


def saves(row: object, connection: object) -> Handler:
    def on_save() -> object:
        return row, connection

    return on_save


def test_what_differs_in_omitted_captures_is_not_numbered() -> None:
    app = app_of(unstable="omit")
    one, two = Connection(), Connection()
    with app.scope() as scope:
        tea = scope.offer(saves("tea", one))
        assert scope.offer(saves("coffee", one)) != tea, "the row still tells"
        assert scope.offer(saves("tea", one)) == tea
        with pytest.warns(CapturesReplaced, match=r"connection.*canonical form"):
            assert scope.offer(saves("tea", two)) == tea
    assert click(app, tea, scope) == ("tea", two)


def test_what_a_callback_captured_is_omitted_alone() -> None:
    def calls(on_save: Handler) -> Handler:
        def on_click(event: ClickEvent) -> object:
            return on_save()

        return on_click

    app, connection = app_of(unstable="omit"), Connection()
    with app.scope() as scope:
        rows = ["tea", "coffee"]
        references = [scope.offer(calls(saves(row, connection))) for row in rows]
    assert [click(app, one, scope) for one in references] == [
        (row, connection) for row in rows
    ]


def test_a_thousand_equals_take_a_look_up_each() -> None:
    """Comparing each with each would be half a million comparisons."""
    asked = 0

    class Row:
        def __handler_key__(self) -> object:
            nonlocal asked
            asked += 1
            return None

        def delete(self, event: ClickEvent) -> Row:
            return self

    app, rows = app_of(), [Row() for _ in range(1000)]
    with app.scope() as scope:
        references = [scope.offer(row.delete) for row in rows]
    assert len({*references}) == 1000
    assert asked == 1000
    assert click(app, references[500], scope) is rows[500]


def test_partials_over_equal_lists_are_two() -> None:
    def add(items: list[str], event: ClickEvent) -> list[str]:
        return items

    for app in map(app_of, ("distinct", "warn")):
        lists: list[list[str]] = [[], []]
        with app.scope() as scope:
            one = scope.offer(partial(add, lists[0]))
            if app.registry.entries.distinct:
                scope.offer(partial(add, lists[1]))
            else:
                with pytest.warns(CapturesReplaced, match=r"args\[0\]"):
                    scope.offer(partial(add, lists[1]))
                scope.offer(partial(add, lists[0]))
        assert click(app, one, scope) is lists[0]
