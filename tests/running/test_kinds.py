"""What the call returned decides how it is run: every kind of result, by name."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import (
    Awaitable,
    Callable,
)
from typing import Any

import pytest

from handlerid._anatomy import take_apart
from handlerid.errors import AsyncHandler
from tests.running.support import (
    ASYNC,
    GENERATOR,
    ITEM,
    ITERATOR,
    KINDS,
    SYNC,
    Handler,
    Item,
    arun,
    astream,
    async_item,
    asyncio_only,
    collect,
    item,
    run,
    same,
    steps_and_result,
    stream,
    two_steps,
)

# Rules 1 and 2: what the call returned decides


@pytest.mark.parametrize(("handler", "result", "steps"), SYNC.values(), ids=SYNC)
def test_run_and_stream(handler: Handler, result: object, steps: list[object]) -> None:
    assert run(handler) is result
    assert same(list(stream(handler)), steps)


@pytest.mark.anyio
@pytest.mark.parametrize(("handler", "result", "steps"), KINDS.values(), ids=KINDS)
async def test_arun_and_astream(
    handler: Handler, result: object, steps: list[object]
) -> None:
    assert await arun(handler) is result
    assert same(await collect(astream(handler)), steps)


def test_an_iterator_that_is_passed_through_is_not_touched() -> None:
    assert next(ITERATOR) == 1
    assert next(GENERATOR) == 1


@pytest.mark.parametrize("steps", [stream, lambda *args: run(stream, *args)])
def test_arguments_are_passed_on(steps: Any) -> None:
    assert run(lambda *args: args, 1, 2) == (1, 2)
    assert list(stream(lambda *args: args, 1, 2)) == [(1, 2)]


@pytest.mark.anyio
async def test_arguments_are_passed_on_in_async() -> None:
    assert await arun(lambda *args: args, 1, 2) == (1, 2)
    assert await collect(astream(lambda *args: args, 1, 2)) == [(1, 2)]


@pytest.mark.parametrize(
    ("handler", "result"), [(steps_and_result, ITEM), (item, ITEM), (two_steps, None)]
)
def test_a_stream_returns_what_the_handler_returned(
    handler: Handler, result: object
) -> None:
    steps = stream(handler)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            assert stop.value is result  # noqa: PT017 - not an error, the result
            break


@pytest.mark.anyio
@asyncio_only
async def test_a_future_is_awaited() -> None:
    loop = asyncio.get_running_loop()

    def promise() -> Awaitable[Item]:
        future: asyncio.Future[Item] = loop.create_future()
        loop.call_soon(future.set_result, ITEM)
        return future

    assert await arun(promise) is ITEM
    assert await collect(astream(promise)) == [ITEM]
    with pytest.raises(AsyncHandler):
        run(promise)


@pytest.mark.anyio
@asyncio_only
async def test_a_task_is_awaited() -> None:
    assert await arun(lambda: asyncio.create_task(async_item())) is ITEM


@pytest.mark.parametrize("to_end", [run, lambda handler: list(stream(handler))])
@pytest.mark.parametrize("handler", [one for one, *_ in ASYNC.values()], ids=ASYNC)
def test_an_async_handler_needs_a_loop(
    handler: Handler, to_end: Callable[[Handler], object]
) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(AsyncHandler) as caught:
            to_end(handler)
        gc.collect()
    assert warned == []
    anatomy = take_apart(handler)
    assert str(caught.value) == (
        f"{anatomy.module}.{anatomy.qualname} is asynchronous, and run() and stream() "
        "make no event loop: await arun() or iterate over astream() in the host's "
        "loop; where there is none, bridge with asyncio.run(call.arun()) or pass "
        "runner=asyncio.run"
    )


def test_the_bridge_that_the_error_names() -> None:
    assert asyncio.run(arun(async_item)) is ITEM


# A stream that was never started


def test_a_stream_that_is_not_started_calls_nothing() -> None:
    called: list[int] = []
    steps = stream(called.append, 1)
    steps.close()
    assert list(steps) == []
    assert called == []


@pytest.mark.anyio
async def test_an_async_stream_that_is_not_started_calls_nothing() -> None:
    called: list[int] = []
    steps = astream(called.append, 1)
    await steps.aclose()
    assert await collect(steps) == []
    assert called == []
