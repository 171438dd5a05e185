"""Who answers, and in which order: scopes, registry, tokens, the host's functions."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

import anyio
import pytest

from handlerid import ClickEvent, Dispatcher, HandlerId, Registry, Scope, Tokens
from handlerid.errors import (
    AsyncHandler,
    HandlerIdError,
    NotAllowed,
    StaleHandler,
    UnknownHandler,
)

KEY = b"0123456789abcdef"

theme: ContextVar[str] = ContextVar("theme", default="light")


def link(url: str) -> Callable[[ClickEvent], str]:
    def follow(event: ClickEvent) -> str:
        return f"{url} {theme.get()}"

    return follow


def on_click(event: ClickEvent) -> str:
    return event.key


def add_to(state: dict[str, int]) -> Callable[[ClickEvent], None]:
    def add(event: ClickEvent) -> None:
        state["count"] += 1

    return add


def payload_of(fn: Callable[..., object]) -> dict[str, object]:
    return {"handler": str(Registry().register(fn))}


def page(scope: Scope) -> None:
    theme.set("dark")
    scope.offer(link("/tea"))


def returns_html(scope: Scope) -> str:
    page(scope)
    return "<html>"


def resolver(wanted: HandlerId, scope: Scope) -> None:
    scope.offer(link("/resolved"))


# The order.


def test_scope_registry_resolver_rerender() -> None:
    app = Dispatcher(Registry(), resolvers=[resolver])
    payload = payload_of(link(""))
    with app.scope() as scope:
        scope.offer(link("/scope"))

    def answered(**given: Any) -> tuple[object, str]:
        call = app.prepare(payload, **given)
        return call.run(), call.source

    assert answered(rerender=page) == ("/resolved light", "resolver")
    app.registry.register(link("/registry"))
    assert answered(rerender=page) == ("/registry light", "registry")
    assert answered(rerender=page, scope=scope) == ("/scope light", "scope")
    app = Dispatcher(Registry())
    assert answered(rerender=page) == ("/tea light", "rerender")


def carrying(**options: Any) -> Dispatcher:
    """A server that has scanned this module, and rendered nothing."""
    registry = Registry(captures="carry")
    registry.scan(__name__)
    return Dispatcher(registry, tokens=Tokens(KEY), **options)


def offered(app: Dispatcher, fn: Callable[..., object]) -> dict[str, object]:
    with app.scope(audience=None) as scope:
        return {"handler": scope.offer(fn)}


def test_immutable_captures_answer_before_the_host_is_asked() -> None:
    def fails(*_: object) -> None:
        raise AssertionError

    payload = offered(carrying(), link("/tea"))
    call = carrying(resolvers=[fails]).prepare(payload, audience=None, rerender=fails)
    assert (call.run(), call.source) == ("/tea light", "token")


def test_rerender_answers_before_a_copy_of_mutable_captures() -> None:
    """What a handler changes in a copy is lost: ``state["count"] += 1``."""
    state = {"count": 0}
    payload = offered(carrying(), add_to(state))

    def render(scope: Scope) -> None:
        scope.offer(add_to(state))

    app = carrying()
    call = app.prepare(payload, audience=None, rerender=render)
    call.run()
    assert (state, call.source) == ({"count": 1}, "rerender")
    call = app.prepare(payload, audience=None, rerender=lambda scope: None)
    call.run()
    assert (state, call.source) == ({"count": 1}, "token")
    app.dispatch(payload, audience=None)
    assert state == {"count": 1}


def test_a_resolver_answers_before_a_copy_too() -> None:
    state = {"count": 0}
    payload = offered(carrying(), add_to(state))

    def find(wanted: HandlerId, scope: Scope) -> None:
        scope.offer(add_to(state))

    carrying(resolvers=[find]).dispatch(payload, audience=None)
    assert state == {"count": 1}


# Resolvers.


def test_resolvers_are_asked_in_their_order_until_one_knows() -> None:
    asked: list[str] = []

    def note(name: str, wanted: HandlerId, scope: Scope) -> None:
        asked.append(name)
        assert isinstance(wanted, HandlerId)
        if name == "knows":
            assert scope.offer(on_click) == wanted
        if name == "raises":
            raise UnknownHandler("I have no such page", handler_id=wanted)

    names = ("nothing", "raises", "knows", "never")
    app = Dispatcher(Registry(), resolvers=[partial(note, one) for one in names])
    assert app.dispatch({**payload_of(on_click), "key": "k"}) == "k"
    assert asked == ["nothing", "raises", "knows"]
    assert len(app.registry) == 0


def test_a_scope_for_the_host_offers_the_bare_id() -> None:
    """Nothing of it goes into a page; to sign there would be work for nothing."""
    seen: list[object] = []

    def render(scope: Scope) -> None:
        seen.append((scope.offer(link("/tea")), scope.audience))

    app = Dispatcher(Registry(), tokens=Tokens(KEY))
    with app.scope(audience="alice") as scope:
        token = scope.offer(link("/tea"))
    app.dispatch({"handler": token}, audience="alice", rerender=render)
    assert seen == [(next(iter(scope)), "alice")]
    with pytest.raises(NotAllowed):
        app.dispatch({"handler": token}, audience="bob", rerender=render)


# rerender, and awaiting.


async def later(scope: Scope) -> None:
    await anyio.lowlevel.checkpoint()
    page(scope)


class Page:
    async def __call__(self, scope: Scope) -> None:
        await later(scope)

    async def method(self, scope: Scope) -> None:
        await later(scope)


PAGES: dict[str, Any] = {
    "an async def": later,
    "a method": Page().method,
    "an object": Page(),
    "a partial": partial(later),
    "a function that returns an awaitable": lambda scope: later(scope),  # noqa: PLW0108
}


@pytest.mark.parametrize("plain", [page, returns_html])
def test_a_page_runs_in_a_copy_of_the_context(plain: Any) -> None:
    """It sees the context of the request; the handler sees nothing that it sets."""
    app = Dispatcher(Registry())
    assert app.dispatch(payload_of(link("")), rerender=plain) == "/tea light"
    assert theme.get() == "light"

    def themed(scope: Scope) -> None:
        scope.offer(link(theme.get()))

    token = theme.set("dark")
    try:
        assert app.dispatch(payload_of(link("")), rerender=themed) == "dark dark"
    finally:
        theme.reset(token)


@pytest.mark.anyio
@pytest.mark.parametrize("asynchronous", PAGES.values(), ids=PAGES)
async def test_a_page_may_be_asynchronous(asynchronous: Any) -> None:
    payload = payload_of(link(""))
    app = Dispatcher(Registry())
    assert await app.adispatch(payload, rerender=asynchronous) == "/tea light"
    assert theme.get() == "light", "awaited in the copy, too"
    as_resolver = Dispatcher(
        Registry(), resolvers=[lambda wanted, scope: asynchronous(scope)]
    )
    assert (await as_resolver.aprepare(payload)).source == "resolver"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("asynchronous", PAGES.values(), ids=PAGES)
def test_where_nothing_awaits_it_an_asynchronous_page_is_refused(
    asynchronous: Any,
) -> None:
    app = Dispatcher(Registry())
    for way in (app.prepare, app.dispatch):
        with pytest.raises(AsyncHandler) as caught:
            way(payload_of(link("")), rerender=asynchronous)
        assert str(caught.value) == (
            "rerender is asynchronous: use aprepare() or adispatch()"
        )


@pytest.mark.anyio
async def test_what_an_awaited_function_raises_is_its_answer() -> None:
    async def does_not_know(wanted: HandlerId, scope: Scope) -> None:
        await anyio.lowlevel.checkpoint()
        raise UnknownHandler("no page has it", handler_id=wanted)

    async def fails(scope: Scope) -> None:
        await anyio.lowlevel.checkpoint()
        raise ZeroDivisionError

    app = Dispatcher(Registry(), resolvers=[does_not_know])
    payload = payload_of(link(""))
    assert await app.adispatch(payload, rerender=later) == "/tea light"
    with pytest.raises(UnknownHandler, match="no page has it"):
        await app.adispatch(payload)
    with pytest.raises(ZeroDivisionError):
        await app.adispatch(payload, rerender=fails)


@pytest.mark.anyio
async def test_cancelling_reaches_the_page() -> None:
    done: list[str] = []

    async def never(scope: Scope) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            done.append("finally")

    app = Dispatcher(Registry())
    with anyio.move_on_after(0) as cancelled:
        await app.adispatch(payload_of(link("")), rerender=never)
    assert cancelled.cancelled_caught
    assert done == ["finally"]


def test_what_a_page_raises_passes_through() -> None:
    def fails(scope: Scope) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Dispatcher(Registry()).prepare(payload_of(link("")), rerender=fails)


# When nobody answers.


def stale(handler_id: object) -> dict[str, object]:
    text = str(handler_id)
    return {"handler": f"{text[:17]}{'a' * 20}.click"}


def test_a_page_of_other_code_makes_the_id_stale() -> None:
    """That the location is known says more than that another one is not."""
    handler_id = Registry().register(on_click)

    def renders(*arguments: Any) -> None:
        arguments[-1].offer(on_click)

    def renders_nothing(*arguments: Any) -> None: ...

    for resolvers, rerender in (
        ([renders], renders_nothing),
        ([renders_nothing], renders),
        ([], renders),
    ):
        app = Dispatcher(Registry(), resolvers=resolvers)
        with pytest.raises(StaleHandler) as caught:
            app.prepare(stale(handler_id), rerender=rerender)
        assert caught.value.current == (handler_id,)
    app = Dispatcher(Registry())
    with app.scope() as scope:
        scope.offer(on_click)
    with pytest.raises(StaleHandler):
        app.prepare(stale(handler_id), scope=scope)


@pytest.mark.parametrize("source", ["scope", "registry", "resolver", "rerender"])
def test_a_stale_id_is_accepted_when_nobody_has_the_very_handler(source: str) -> None:
    registry = Registry(stale="accept")

    def offer(wanted: HandlerId, scope: Scope) -> None:
        scope.offer(on_click)

    app = Dispatcher(registry, resolvers=[offer] if source == "resolver" else [])
    given: dict[str, Any] = {}
    if source == "registry":
        registry.register(on_click)
    if source == "rerender":
        given["rerender"] = partial(offer, HandlerId(""))
    if source == "scope":
        with app.scope() as given["scope"]:
            given["scope"].offer(on_click)
    call = app.prepare(stale(Registry().register(on_click)), **given)
    assert (call.handler.fn, call.source) == (on_click, source)


def test_of_two_that_could_answer_for_a_stale_id_none_does() -> None:
    app = Dispatcher(Registry(stale="accept"))
    handler_id = app.registry.register(on_click)

    def other(scope: Scope) -> None:
        def on_click(event: ClickEvent) -> None: ...

        on_click.__qualname__ = "on_click"
        scope.offer(on_click)

    assert app.dispatch(stale(handler_id)) == ""
    with pytest.raises(StaleHandler):
        app.dispatch(stale(handler_id), rerender=other)


@pytest.mark.parametrize("error", [UnknownHandler, StaleHandler])
def test_a_refusal_leaves_no_circle(error: type[HandlerIdError]) -> None:
    """A server refuses many payloads: the garbage collector has nothing to do."""

    def knows_nothing(wanted: HandlerId, scope: Scope) -> None:
        raise UnknownHandler("not here", handler_id=wanted)

    app = Dispatcher(Registry(), resolvers=[knows_nothing])
    payload = stale(app.registry.register(on_click))
    if error is UnknownHandler:
        app = Dispatcher(Registry(), resolvers=[knows_nothing])

    def refused() -> weakref.ref[HandlerIdError]:
        try:
            app.dispatch(payload, rerender=lambda scope: None)
        except error as caught:
            return weakref.ref(caught)
        raise AssertionError

    gc.collect()
    gc.disable()
    try:
        assert refused()() is None
    finally:
        gc.enable()
