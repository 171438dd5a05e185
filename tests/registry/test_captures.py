"""Captures in a registry: as a part of ids, and where they outlive a request."""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Event, Registry
from handlerid.errors import CapturesReplaced, CapturesShared, UnstableCapture

HERE = __name__

Handler = Callable[..., object]


def link(url: object) -> Handler:
    def on_link(event: ClickEvent) -> object:
        return url

    return on_link


def bare(fn: Handler) -> Handler:
    """A wrapper that functools.wraps knows nothing of."""

    def wrapper(event: Event) -> object:
        return fn(event)

    return wrapper


def on_save(event: ClickEvent) -> str:
    return "save"


def on_delete(event: ClickEvent) -> str:
    return "delete"


# Distinct ids.


DISTINCT = pytest.mark.parametrize("captures", ["distinct", "carry"])


@DISTINCT
@pytest.mark.parametrize(
    ("handlers", "answers"),
    [
        ([link("/tea"), link("/coffee")], ["/tea", "/coffee"]),
        ([lambda i=i: i for i in range(2)], [0, 1]),
        ([lambda *, i=i: i for i in range(2)], [0, 1]),
        ([bare(on_save), bare(on_delete)], ["save", "delete"]),
        ([bare(link(1)), bare(link(2))], [1, 2]),
        ([partial(lambda a, e, n=n: (a, n), 1) for n in range(2)], [(1, 0), (1, 1)]),
    ],
    ids=["closures", "defaults", "keyword defaults", "wrappers", "deep", "partials"],
)
def test_each_closure_is_its_own_entry(
    captures: Any, handlers: list[Handler], answers: list[object]
) -> None:
    registry, again = Registry(captures=captures), Registry(captures=captures)
    ids = [registry.register(fn) for fn in handlers]
    assert len(registry) == 2
    bound = [registry.resolve(one) for one in ids]
    assert [
        one.fn(ClickEvent()) if one.takes_event else one.fn() for one in bound
    ] == answers
    assert [again.register(fn) for fn in handlers] == ids


@DISTINCT
def test_nothing_is_replaced_and_nobody_is_told(captures: Any) -> None:
    told: list[CapturesReplaced] = []
    registry = Registry(captures=captures, on_replace=told.append)
    for _ in range(2):  # a page that is rendered again
        for url in ("/tea", "/coffee"):
            registry.register(link(url))
    assert len(registry) == 2
    assert told == []


def test_a_handler_without_captures_has_the_same_id() -> None:
    assert Registry(captures="distinct").register(on_save) == Registry().register(
        on_save
    )


def test_a_scope_has_a_mode_of_its_own() -> None:
    registry = Registry()
    plain = registry.register(link("/tea"))
    with registry.scope(captures="distinct") as scope:
        tea, coffee = scope.register(link("/tea")), scope.register(link("/coffee"))
        assert scope.resolve(plain).fn(ClickEvent()) == "/tea"
        assert scope.resolve(coffee).fn(ClickEvent()) == "/coffee"
        with scope.scope() as inner:
            assert inner.captures == "distinct"
            assert inner.register(link("/tea")) == tea
    assert plain.captures == ""
    assert len({plain, tea, coffee}) == 3
    assert tea.with_captures(b"0" * 10) == coffee.with_captures(b"0" * 10)


def test_names_and_old_places_have_distinct_ids_too() -> None:
    def make(url: str) -> Handler:
        def on_named(event: ClickEvent) -> str:
            return url

        return on_named

    registry = Registry(captures="distinct")
    registry.handler(name="visit", moved_from=f"{HERE}:on_visit")(make("/tea"))
    registry.handler(name="visit", moved_from=f"{HERE}:on_visit")(make("/coffee"))
    identity = registry.identity
    for place in ("visit", f"{HERE}:on_visit"):
        for url in ("/tea", "/coffee"):
            there = identity.id_at(make(url), place, ClickEvent, distinct=True)
            assert registry.resolve(there).fn(ClickEvent()) == url
    assert len(registry) == 2


@DISTINCT
def test_a_capture_without_a_form_is_named(captures: Any) -> None:
    registry = Registry(captures=captures)
    with pytest.raises(UnstableCapture) as caught:
        registry.register(link(object()))
    assert caught.value.where == "url"
    assert caught.value.type_name == "builtins.object"
    text = str(caught.value)
    assert text.startswith(
        f"{HERE}.link.<locals>.on_link: url cannot be part of an id: builtins.object "
    )
    assert "Pass a key instead" in text
    assert len(registry) == 0


# Registries that outlive a request.


def request(registry: Registry, *urls: object) -> list[CapturesShared]:
    """One request as it is with one registry for all: answer, and render anew."""
    dispatcher = Dispatcher(registry)
    saved = registry.register(on_save)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dispatcher.dispatch({"handler": saved})
        for url in urls:
            registry.register(link(url))
    messages = [one.message for one in caught]
    return [one for one in messages if isinstance(one, CapturesShared)]


def test_the_leak() -> None:
    """What one user's page captured answers another user's click."""
    registry = Registry(captures="allow")
    alice = registry.register(link("alice's account"))
    registry.register(link("bob's account"))
    assert Dispatcher(registry).dispatch({"handler": alice}) == "bob's account"


def test_a_registry_that_outlives_requests_warns_once_an_id() -> None:
    registry = Registry()
    registry.register(link("secret-a"))
    assert request(registry, "secret-a") == []
    (warning,) = request(registry, "secret-b")
    assert request(registry, "secret-c", "secret-d") == []
    handler_id = registry.register(link("secret-d"))
    assert warning.handler_id == handler_id
    assert warning.names == ("url",)
    assert str(warning) == (
        f"{HERE}.link.<locals>.on_link captured url and was registered in a registry "
        "that outlives the request: a click of one user may run what was captured for "
        "another. Register it in a scope for each request or session, "
        'registry.scope(), or choose captures="distinct" together with tokens that '
        'bind an id to its audience; "refuse" makes a lost capture an error, "allow" '
        "says that it is meant"
    )


def test_it_stands_at_the_line_of_the_handler() -> None:
    registry = Registry()
    request(registry, "a")
    Dispatcher(registry).dispatch({"handler": registry.register(on_save)})
    with pytest.warns(CapturesShared) as caught:
        registry.register(link("a"))
    code = link("").__code__
    assert caught[0].filename == code.co_filename
    assert caught[0].lineno == code.co_firstlineno


def body(handler_id: str) -> bytes:
    return f'{{"handler": "{handler_id}"}}'.encode()


@pytest.mark.parametrize(
    "answer",
    [
        lambda registry, one: Dispatcher(registry).dispatch({"handler": one}),
        lambda registry, one: Dispatcher(registry).dispatch(body(one)),
        lambda registry, one: Dispatcher(registry).prepare({"handler": one}),
        lambda registry, one: registry.resolve(one),
        lambda registry, one: registry.scope().resolve(one),
    ],
    ids=["short way", "bytes", "long way", "resolve", "in a scope"],
)
def test_each_way_to_answer_is_noted(answer: Any) -> None:
    registry = Registry()
    saved = registry.register(on_save)
    answer(registry, saved)
    registry.register(link("a"))
    answer(registry, saved)
    with pytest.warns(CapturesShared):
        registry.register(link("a"))


def test_a_registry_for_one_request_does_not_warn() -> None:
    """It renders to find the handler, answers, and renders what came of it."""
    for _ in range(3):  # here and below, pytest makes an error of a warning
        registry = Registry()
        clicked = registry.register(link("a"))
        Dispatcher(registry).dispatch({"handler": clicked})
        for _ in range(3):  # a handler that yields renders after each step
            registry.register(link("a"))


def test_a_scope_for_each_request_does_not_warn() -> None:
    registry = Registry()
    saved = registry.register(on_save)
    for _ in range(3):
        with registry.scope() as scope:
            Dispatcher(scope).dispatch({"handler": saved})
            Dispatcher(scope).dispatch({"handler": scope.register(link("a"))})
            scope.register(link("a"))


@pytest.mark.parametrize("captures", ["allow", "refuse", "distinct"])
def test_who_has_chosen_is_not_warned(captures: Any) -> None:
    registry = Registry(captures=captures)
    for _ in range(3):
        assert request(registry, "a") == []


class Row:
    def on_row(self, event: ClickEvent) -> None: ...


HELD = Row()


def note(fn: Handler) -> Handler:
    @wraps(fn)
    def noted(event: ClickEvent) -> object:
        return fn(event)

    return noted


@note
def on_noted(event: ClickEvent) -> None: ...


def on_default(event: ClickEvent, limit: int = 3) -> None: ...


@pytest.mark.parametrize(
    ("fn", "names"),
    [
        (on_save, ()),
        (on_default, ()),
        (on_noted, ()),
        (HELD.on_row, ()),
        (Row().on_row, ("self",)),
        (bare(on_save), ("fn",)),
        (partial(link("a"), ClickEvent()), ("url",)),
    ],
    ids=["function", "default", "wraps", "held", "object", "wrapper", "partial"],
)
def test_what_counts_as_captured_for_somebody(
    fn: Handler, names: tuple[str, ...]
) -> None:
    registry = Registry()
    request(registry, "a")
    Dispatcher(registry).dispatch({"handler": registry.register(on_save)})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        registry.register(fn)
    assert [one.message.names for one in caught] == ([names] if names else [])  # type: ignore[union-attr]


def test_looking_up_costs_nothing_once_it_was_noted() -> None:
    registry = Registry()
    saved = registry.register(on_save)
    assert registry.look_up(saved) is not None
    assert registry.look_up == registry._handlers.get


def test_a_registry_that_nobody_needs_is_gone_at_once() -> None:
    """It holds what closures captured, so it does not wait for a garbage collection."""
    gc.disable()
    try:
        registry = Registry()
        saved = registry.register(on_save)
        gone = weakref.ref(registry)
        del registry
        assert gone() is None
        registry = Registry()
        look_up = registry.look_up
        registry.register(on_save)
        assert look_up(saved) is not None
        registry.register(link("a"))
        gone = weakref.ref(registry)
        del registry
        assert gone() is None
        assert look_up(saved) is None
    finally:
        gc.enable()


# Filters of warnings.


def shared(registry: Registry) -> None:
    """Makes a registry outlive requests."""
    request(registry, "a")
    Dispatcher(registry).dispatch({"handler": registry.register(on_save)})


def test_a_filter_names_the_module_of_the_handler() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", module=HERE.replace(".", r"\.") + "$")
        registry = Registry()
        registry.register(link("/tea"))
        registry.register(link("/coffee"))
        registry = Registry()
        shared(registry)
        registry.register(link("b"))
    assert caught == []


@pytest.mark.filterwarnings("error::handlerid.errors.CapturesReplaced")
def test_a_filter_that_raises_does_so_each_time() -> None:
    registry = Registry()
    tea = link("/tea")
    handler_id = registry.register(tea)
    for _ in range(2):
        with pytest.raises(CapturesReplaced):
            registry.register(link("/coffee"))
        assert registry.resolve(handler_id).fn is tea


@pytest.mark.filterwarnings("error::handlerid.errors.CapturesShared")
def test_a_filter_that_raises_does_so_each_time_of_shared_handlers() -> None:
    registry = Registry()
    shared(registry)
    for _ in range(2):
        with pytest.raises(CapturesShared):
            registry.register(link("a"))
