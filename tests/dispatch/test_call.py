"""A call that is ready to be made: its context, and the ways to run it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import anyio.lowlevel
import pytest

from handlerid import Call, ClickEvent, Dispatcher, Event, Observer, Registry

colour: ContextVar[str] = ContextVar("colour", default="none")

registry = Registry(captures="allow")
OBSERVERS = {"plain": None, "observed": Observer()}


@pytest.fixture(params=OBSERVERS)
def prepare(request: pytest.FixtureRequest) -> Callable[..., Call]:
    app = Dispatcher(registry, observer=OBSERVERS[request.param])

    def prepared(fn: Callable[..., object]) -> Call:
        return app.prepare({"handler": registry.register(fn), "key": "k"})

    return prepared


def test_what_the_handler_sets_is_seen_in_the_context_of_the_call(
    prepare: Callable[..., Call],
) -> None:
    def handler(event: ClickEvent) -> None:
        colour.set(event.key)

    call = prepare(handler)
    call.run()
    assert call.context.run(colour.get) == "k"
    assert colour.get() == "none"


@pytest.mark.anyio
async def test_the_context_is_that_of_prepare(prepare: Callable[..., Call]) -> None:
    def handler(event: Event) -> Iterator[str]:
        yield colour.get()

    colour.set("red")
    call, later = prepare(handler), prepare(handler)
    steps, asteps = call.stream(), later.astream()
    colour.set("blue")
    assert list(steps) == ["red"]
    assert [step async for step in asteps] == ["red"]


@pytest.mark.anyio
async def test_every_way_to_run_it(prepare: Callable[..., Call]) -> None:
    def steps(event: ClickEvent) -> Iterator[str]:
        yield "one"
        yield event.key

    async def once(event: ClickEvent) -> str:
        await anyio.lowlevel.checkpoint()
        return event.key

    async def asteps(event: ClickEvent) -> AsyncIterator[str]:
        yield "one"
        yield event.key

    assert list(prepare(steps).stream()) == ["one", "k"]
    assert prepare(steps).run() is None
    assert await prepare(once).arun() == "k"
    assert [step async for step in prepare(once).astream()] == ["k"]
    assert [step async for step in prepare(asteps).astream()] == ["one", "k"]
    assert await prepare(asteps).arun() is None


def test_a_host_without_a_loop_steps_by_a_runner(prepare: Callable[..., Call]) -> None:
    async def asteps(event: ClickEvent) -> AsyncIterator[str]:
        yield "one"
        await asyncio.sleep(0)
        yield event.key

    with asyncio.Runner() as runner:
        assert list(prepare(asteps).stream(runner=runner.run)) == ["one", "k"]


def test_calls_within_calls(prepare: Callable[..., Call]) -> None:
    def inner(event: Event) -> str:
        before = colour.get()
        colour.set("inner")
        return before

    def outer(event: Event) -> list[Any]:
        colour.set("outer")
        return [prepare(inner).run(), colour.get()]

    assert prepare(outer).run() == ["outer", "outer"]


def test_a_call_may_run_twice_in_its_context(prepare: Callable[..., Call]) -> None:
    def count(event: Event) -> str:
        colour.set(colour.get() + "+")
        return colour.get()

    call = prepare(count)
    assert (call.run(), call.run()) == ("none+", "none++")


def test_a_loop_that_ends_closes_a_stream_as_its_host_would(
    prepare: Callable[..., Call], caplog: pytest.LogCaptureFixture
) -> None:
    log, left_open = [], []

    async def handler(event: Event) -> AsyncIterator[int]:
        colour.set(event.key)
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            log.append(colour.get())

    async def main() -> None:
        for _ in range(8):  # the loop closes what is left in no order
            steps = prepare(handler).astream()
            left_open.append(steps)
            await anext(steps)

    asyncio.run(main())
    assert log == ["k"] * 8
    assert caplog.records == []
