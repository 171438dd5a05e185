"""Resolvers: who is asked for a handler that is not registered, and how."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

import anyio
import pytest

from handlerid import ClickEvent, Dispatcher, HandlerId, Registry, rerender
from handlerid.errors import AsyncHandler, UnknownHandler

theme: ContextVar[str] = ContextVar("theme", default="light")


def link(url: str) -> Callable[[ClickEvent], str]:
    def follow(event: ClickEvent) -> str:
        return f"{url} {theme.get()}"

    return follow


def payload_of(fn: Callable[..., object]) -> dict[str, object]:
    return {"handler": str(Registry().register(fn))}


def page(scope: Registry) -> None:
    theme.set("dark")
    scope.register(link("/tea"))


async def later(scope: Registry) -> None:
    await anyio.lowlevel.checkpoint()
    scope.register(link("/tea"))


class Page:
    async def __call__(self, scope: Registry) -> None:
        await later(scope)


class Renders:
    async def method(self, scope: Registry) -> None:
        await later(scope)


def test_what_a_page_sets_in_its_context_stays_there() -> None:
    dispatcher = Dispatcher(Registry(), resolvers=[rerender(page)])
    assert dispatcher.dispatch(payload_of(link(""))) == "/tea light"
    assert theme.get() == "light"


def test_a_page_sees_the_context_of_the_request() -> None:
    def themed(scope: Registry) -> None:
        scope.register(link(theme.get()))

    token = theme.set("dark")
    try:
        dispatcher = Dispatcher(Registry(), resolvers=[rerender(themed)])
        assert dispatcher.dispatch(payload_of(link(""))) == "dark dark"
    finally:
        theme.reset(token)


PAGES: dict[str, Any] = {
    "an async def": later,
    "a method": Renders().method,
    "an object": Page(),
    "a partial": partial(later),
    "a lambda": lambda scope: later(scope),  # noqa: PLW0108 - no async def itself
}


@pytest.mark.anyio
@pytest.mark.parametrize("asynchronous", PAGES.values(), ids=PAGES)
async def test_a_page_may_be_asynchronous(asynchronous: Any) -> None:
    dispatcher = Dispatcher(Registry(), resolvers=[rerender(asynchronous)])
    payload = payload_of(link(""))
    assert await dispatcher.adispatch(payload) == "/tea light"
    assert (await dispatcher.aprepare(payload)).run() == "/tea light"
    assert len(dispatcher.registry) == 0


@pytest.mark.parametrize("asynchronous", PAGES.values(), ids=PAGES)
def test_where_nothing_awaits_it_an_asynchronous_page_is_refused(
    asynchronous: Any,
) -> None:
    dispatcher = Dispatcher(Registry(), resolvers=[rerender(asynchronous)])
    payload = payload_of(link(""))
    for way in (dispatcher.prepare, dispatcher.dispatch, dispatcher.stream):
        with pytest.raises(AsyncHandler, match="a resolver is asynchronous"):
            way(payload)


@pytest.mark.anyio
async def test_a_stream_awaits_an_asynchronous_page_at_its_first_step() -> None:
    async def steps(event: ClickEvent) -> AsyncIterator[int]:
        yield 1
        yield 2

    asked: list[str] = []

    async def rendering(scope: Registry) -> None:
        asked.append("page")
        scope.register(steps)

    dispatcher = Dispatcher(Registry(), resolvers=[rerender(rendering)])
    stream = dispatcher.astream(payload_of(steps))
    assert asked == []
    assert [step async for step in stream] == [1, 2]
    assert asked == ["page"]


@pytest.mark.anyio
async def test_what_an_awaited_resolver_raises_is_its_answer() -> None:
    async def does_not_know(wanted: HandlerId, scope: Registry) -> None:
        await anyio.lowlevel.checkpoint()
        raise UnknownHandler("no page has it", handler_id=wanted)

    async def fails(wanted: HandlerId, scope: Registry) -> None:
        raise RuntimeError("the host's own")

    knows = rerender(page)
    payload = payload_of(link(""))
    dispatcher = Dispatcher(Registry(), resolvers=[does_not_know, knows])
    assert await dispatcher.adispatch(payload) == "/tea light"
    with pytest.raises(UnknownHandler):
        await Dispatcher(Registry(), resolvers=[does_not_know]).adispatch(payload)
    with pytest.raises(RuntimeError, match="the host's own"):
        await Dispatcher(Registry(), resolvers=[fails, knows]).adispatch(payload)


@pytest.mark.anyio
async def test_a_scope_is_closed_when_its_page_is_cancelled() -> None:
    scopes: list[Registry] = []
    begun = anyio.Event()

    async def never(_: HandlerId, scope: Registry) -> None:
        scopes.append(scope)
        scope.register(link("/tea"))
        begun.set()
        await anyio.sleep_forever()

    dispatcher = Dispatcher(Registry(), resolvers=[never])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(dispatcher.adispatch, payload_of(page))
        await begun.wait()
        assert len(scopes[0]) == 1
        tasks.cancel_scope.cancel()
    assert len(scopes[0]) == 0
