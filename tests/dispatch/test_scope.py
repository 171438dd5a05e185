"""A scope: what one rendering offers, and how long it lives."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, HandlerId, Registry, Scope, Tokens
from handlerid.errors import CapturesReplaced, UnknownHandler

KEY = b"0123456789abcdef"


@pytest.fixture
def app() -> Dispatcher:
    return Dispatcher(Registry())


def on_click(event: ClickEvent) -> str:
    return event.key


def link(url: str) -> Callable[[ClickEvent], str]:
    def follow(event: ClickEvent) -> str:
        return url

    return follow


def test_what_is_offered_is_in_the_scope_alone(app: Dispatcher) -> None:
    with app.scope() as scope:
        reference = scope.offer(on_click)
        handler_id = scope.register(on_click)
    assert reference == handler_id
    assert isinstance(handler_id, HandlerId)
    assert (list(scope), len(scope), handler_id in scope) == ([handler_id], 1, True)
    assert len(app.registry) == 0
    payload = {"handler": reference, "key": "k"}
    call = app.prepare(payload, scope=scope)
    assert (call.run(), call.source) == ("k", "scope")
    with pytest.raises(UnknownHandler):
        app.prepare(payload)


def test_what_the_registry_holds_adds_nothing(app: Dispatcher) -> None:
    app.registry.register(on_click)
    with app.scope() as scope:
        reference = scope.offer(on_click)
    assert (len(scope), reference in scope) == (0, True)
    assert app.prepare({"handler": reference}, scope=scope).source == "registry"


def test_a_closure_of_a_scope_answers_before_that_of_the_registry(
    app: Dispatcher,
) -> None:
    app.registry.register(link("/registry"))
    with app.scope() as scope:
        payload = {"handler": scope.offer(link("/scope"))}
    assert app.dispatch(payload, scope=scope) == "/scope"
    assert app.dispatch(payload) == "/registry"


def test_of_several_scopes_the_first_given_answers(app: Dispatcher) -> None:
    """A host whose pages stay connected keeps the last renderings of each part."""
    kept: deque[Scope] = deque(maxlen=2)
    reference = ""
    for url in ("/one", "/two", "/three"):
        with app.scope() as scope:
            reference = scope.offer(link(url))
            if url != "/three":
                scope.offer(lambda event: "only in the older ones")
        kept.appendleft(scope)
    assert app.dispatch({"handler": reference}, scope=kept) == "/three"
    older = next(one for one in kept[1] if one != reference)
    call = app.prepare({"handler": older}, scope=kept)
    assert (call.run(), call.source) == ("only in the older ones", "scope")
    assert app.dispatch({"handler": app.registry.register(on_click)}, scope=[]) == ""
    with pytest.raises(UnknownHandler):
        app.dispatch({"handler": reference}, scope=())


def test_a_scope_of_another_registry_does_not_hide_this_one(app: Dispatcher) -> None:
    other = Dispatcher(Registry()).scope()
    payload = {"handler": app.registry.register(on_click), "key": "k"}
    call = app.prepare(payload, scope=other)
    assert (call.run(), call.source) == ("k", "registry")


def test_offering_after_the_rendering_is_refused(app: Dispatcher) -> None:
    with app.scope() as scope:
        scope.offer(on_click)
        part = scope.part("row 1")
    for late in (scope.offer, scope.register, part.offer, part.part(2).register):
        with pytest.raises(RuntimeError) as caught:
            late(link("/late"))
        assert str(caught.value) == (
            f"{__name__}.link.<locals>.follow is offered after the rendering ended, "
            "which is when the scope's with block is left; make a scope for each "
            "rendering"
        )
    assert repr(scope) == "<Scope of 1 handler, ended>"
    assert repr(app.scope()) == "<Scope of 0 handlers, rendering>"


def test_a_rendering_that_fails_has_ended(app: Dispatcher) -> None:
    with pytest.raises(ZeroDivisionError), app.scope() as scope:
        raise ZeroDivisionError
    with pytest.raises(RuntimeError):
        scope.offer(on_click)


def test_entries_live_as_long_as_somebody_holds_the_scope(app: Dispatcher) -> None:
    def offered() -> tuple[Scope, weakref.ref[Any]]:
        handler = link("/tea")
        with app.scope() as scope:
            scope.offer(handler)
        return scope, weakref.ref(handler)

    scope, handler = offered()
    gc.collect()
    assert handler() is not None
    del scope
    assert handler() is None, "without the garbage collector"


# Parts.


def test_equal_handlers_of_two_parts_are_two(app: Dispatcher) -> None:
    with warnings.catch_warnings(), app.scope() as scope:
        warnings.simplefilter("error", CapturesReplaced)
        rows = {
            url: scope.part(number).offer(link(url))
            for number, url in enumerate(("/a", "/b"))
        }
    assert len(set(rows.values())) == 2
    for url, reference in rows.items():
        assert app.dispatch({"handler": reference}, scope=scope) == url
    again = app.scope().part(0).offer(link("/a"))
    assert again == rows["/a"], "the key is the same on every server"


def test_parts_nest_and_share_all_else(app: Dispatcher) -> None:
    with app.scope() as scope:
        table = scope.part("table")
        ids = {
            *(scope.offer(on_click), table.offer(on_click)),
            *(table.part(1).offer(on_click), scope.part(1).offer(on_click)),
            scope.part("other").part(1).offer(on_click),
        }
    assert len(ids) == len(scope) == len(table) == 5
    assert set(table) == set(scope) == ids


# The audience.


def test_the_audience_of_a_scope_is_that_of_its_tokens() -> None:
    app = Dispatcher(Registry(), tokens=Tokens(KEY))
    for audience in ("alice", None):
        with app.scope(audience=audience) as scope:
            token = scope.part(1).offer(on_click)
        assert (scope.audience, scope.part(1).audience) == (audience, audience)
        verified = Tokens(KEY).verify(token, audience=audience)
        assert [verified.handler_id] == list(scope)


def test_without_tokens_an_audience_would_protect_nothing(app: Dispatcher) -> None:
    assert app.scope(audience=None).audience is None
    with pytest.raises(ValueError, match="an audience needs a token"):
        app.scope(audience="alice")


def test_any_thread_may_read_while_one_offers(app: Dispatcher) -> None:
    with app.scope() as scope:
        payload = {"handler": scope.offer(on_click), "key": "k"}
        failures: list[BaseException] = []
        done = threading.Event()

        def read() -> None:
            try:
                while not done.is_set():
                    assert app.dispatch(payload, scope=scope) == "k"
                    list(scope)
            except BaseException as error:  # noqa: BLE001 - reported by the test
                failures.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(300):
            scope.part(number).offer(on_click)
        done.set()
        for reader in readers:
            reader.join()
    assert failures == []
