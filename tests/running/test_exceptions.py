"""A handler's exception passes as it is."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterator,
    Callable,
    Iterator,
)

import anyio
import anyio.lowlevel
import pytest

from tests.running.support import (
    Handler,
    arun,
    astream,
    collect,
    run,
    stream,
)

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
