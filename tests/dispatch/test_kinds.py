"""What the call returned decides how it is run: every kind of result, by name."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import anyio.lowlevel
import pytest

from handlerid._identity import name_of
from handlerid.errors import AsyncHandler
from tests.dispatch.running import (
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
    assert str(caught.value) == (
        f"{name_of(handler)} is asynchronous: await adispatch() or arun() in the "
        "host's event loop; where there is none, write "
        "asyncio.run(app.adispatch(...)) or asyncio.run(call.arun())"
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


# Exceptions pass as they are


class Boom(Exception):
    pass


BOOM = Boom("boom")


def raise_at_once() -> None:
    raise BOOM


def raise_later() -> Iterator[int]:
    yield 1
    raise BOOM


def raise_in_finally() -> Iterator[int]:
    try:
        yield 1
    finally:
        raise BOOM


async def raise_in_coroutine() -> None:
    await anyio.lowlevel.checkpoint()
    raise BOOM


async def raise_in_async_steps() -> AsyncIterator[int]:
    yield 1
    raise BOOM


RAISING = [
    raise_at_once,
    raise_later,
    raise_in_finally,
    raise_in_coroutine,
    raise_in_async_steps,
]


def check_unwrapped(error: Boom) -> None:
    assert error is BOOM
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("handler", RAISING[:3])
@pytest.mark.parametrize("to_end", [run, lambda handler: list(stream(handler))])
def test_an_exception_passes_unwrapped(
    handler: Handler, to_end: Callable[[Handler], object]
) -> None:
    with pytest.raises(Boom) as caught:
        to_end(handler)
    check_unwrapped(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("handler", RAISING)
async def test_an_exception_passes_unwrapped_in_async(handler: Handler) -> None:
    for way in (arun, lambda handler: collect(astream(handler))):
        with pytest.raises(Boom) as caught:
            await way(handler)
        check_unwrapped(caught.value)


def test_an_exception_in_finally_comes_out_of_close() -> None:
    steps = stream(raise_in_finally)
    assert next(steps) == 1
    with pytest.raises(Boom):
        steps.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "error",
    [
        *(KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError),
        *(StopIteration, StopAsyncIteration),
    ],
)
async def test_every_exception_of_a_plain_handler_passes_where_python_lets_it(
    error: type[BaseException],
) -> None:
    def fail() -> None:
        raise error

    stops_any = error is StopIteration
    stops_async = issubclass(error, StopIteration | StopAsyncIteration)
    with pytest.raises(error):
        run(fail)
    with pytest.raises(RuntimeError if stops_any else error):
        next(stream(fail))
    with pytest.raises(RuntimeError if stops_any else error):
        await arun(fail)
    with pytest.raises(RuntimeError if stops_async else error):
        await anext(astream(fail))
