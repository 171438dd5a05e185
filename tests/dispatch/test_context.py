"""All steps of a call run in one context, that of nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterator,
    Iterator,
)
from contextvars import copy_context

import anyio
import anyio.lowlevel
import pytest

from tests.dispatch.running import (
    AwaitableColours,
    Handler,
    arun,
    astream,
    async_colours,
    asyncio_only,
    collect,
    colour,
    coroutine_colours,
    generator_coroutine_colours,
    run,
    set_colour,
    stream,
    sync_colours,
)


@pytest.fixture
def blue() -> Iterator[None]:
    """The caller's context: blue before, and blue after."""
    token = colour.set("blue")
    yield
    assert colour.get() == "blue"
    colour.reset(token)


@pytest.mark.usefixtures("blue")
def test_the_callers_context_is_copied_and_stays_as_it_is() -> None:
    for _ in range(2):
        assert run(set_colour) == "blue"
        assert list(stream(set_colour)) == ["blue"]
        assert run(sync_colours) == "green"
        assert colour.get() == "blue"


@pytest.mark.usefixtures("blue")
def test_what_was_set_before_a_yield_is_there_after_it() -> None:
    seen = []
    for step in stream(sync_colours):
        seen.append(step)
        assert colour.get() == "blue"
    assert seen == ["blue", "red"]


@pytest.mark.usefixtures("blue")
def test_the_callers_later_changes_are_not_seen() -> None:
    steps = stream(sync_colours)
    assert next(steps) == "blue"
    colour.set("yellow")
    assert next(steps) == "red"
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == "green"
    colour.set("blue")


def test_a_step_may_be_taken_from_any_context() -> None:
    steps = stream(sync_colours)
    assert copy_context().run(next, steps) == "none"
    assert copy_context().run(next, steps) == "red"
    assert colour.get() == "none"


@pytest.mark.anyio
@pytest.mark.parametrize("handler", [async_colours, sync_colours])
async def test_what_was_set_before_a_yield_is_there_after_it_in_async(
    handler: Handler,
) -> None:
    colour.set("blue")
    seen = []
    async for step in astream(handler):
        seen.append(step)
        assert colour.get() == "blue"
    assert seen[:2] == ["blue", "red"]
    assert await arun(handler) == (None if handler is async_colours else "green")
    assert colour.get() == "blue"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "handler", [coroutine_colours, generator_coroutine_colours, AwaitableColours]
)
async def test_what_was_set_before_an_await_is_there_after_it(handler: Handler) -> None:
    colour.set("blue")
    assert await arun(handler) == ["blue", "red", "green"]
    assert await collect(astream(handler)) == [["blue", "red", "green"]]
    assert colour.get() == "blue"


@pytest.mark.anyio
async def test_a_plain_handler_has_its_own_context_in_async_too() -> None:
    colour.set("blue")
    assert await arun(set_colour) == "blue"
    assert await collect(astream(set_colour)) == ["blue"]
    assert colour.get() == "blue"


# Timeouts and task groups inside a handler


@pytest.mark.anyio
async def test_a_timeout_inside_a_handler() -> None:
    async def handler() -> AsyncIterator[str]:
        for new in ("red", "green"):
            colour.set(new)
            try:
                with anyio.fail_after(0):
                    await anyio.sleep_forever()
            except TimeoutError:
                yield colour.get()

    assert await collect(astream(handler)) == ["red", "green"]
    assert await arun(handler) is None


@pytest.mark.anyio
@asyncio_only
async def test_asyncios_timeout_inside_a_handler() -> None:
    async def handler() -> str:
        colour.set("red")
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            pass
        return colour.get()

    assert await arun(handler) == "red"


@pytest.mark.anyio
async def test_a_task_group_inside_a_handler() -> None:
    async def handler() -> list[str]:
        colour.set("red")
        seen: list[str] = []

        async def child(name: str) -> None:
            await anyio.lowlevel.checkpoint()
            seen.append(f"{name} {colour.get()}")
            colour.set("green")

        async with anyio.create_task_group() as group:
            group.start_soon(child, "a")
            group.start_soon(child, "b")
        return [*sorted(seen), colour.get()]

    assert await arun(handler) == ["a red", "b red", "red"]


@pytest.mark.anyio
@asyncio_only
async def test_asyncios_task_group_inside_a_handler() -> None:
    async def handler() -> AsyncIterator[object]:
        colour.set("red")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine_colours()) for _ in range(2)]
        for task in tasks:
            yield task.result()
        yield colour.get()

    expected = [["red", "red", "green"]] * 2
    assert await collect(astream(handler)) == [*expected, "red"]


@pytest.mark.anyio
async def test_calls_side_by_side_keep_their_own_context() -> None:
    seen: list[list[str]] = []

    async def one(own: str) -> None:
        async def handler() -> AsyncIterator[str]:
            colour.set(own)
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
                yield colour.get()

        seen.append([str(step) for step in await collect(astream(handler))])

    async with anyio.create_task_group() as group:
        for own in ("red", "green", "blue"):
            group.start_soon(one, own)
    assert sorted(seen) == [["blue"] * 3, ["green"] * 3, ["red"] * 3]


# A handler that runs another


def test_a_handler_may_run_another() -> None:
    def outer() -> Iterator[object]:
        colour.set("red")
        yield run(sync_colours)
        yield from stream(sync_colours)
        yield colour.get()

    assert list(stream(outer)) == ["green", "red", "red", "red"]
    assert run(outer) is None


@pytest.mark.anyio
async def test_an_async_handler_may_run_another() -> None:
    async def outer() -> AsyncIterator[object]:
        colour.set("red")
        yield await arun(coroutine_colours)
        async for step in astream(async_colours):
            yield step
        yield run(set_colour)
        yield colour.get()

    assert await collect(astream(outer)) == [
        ["red", "red", "green"],
        *["red", "red", "green"],
        "red",
        "red",
    ]
