"""A host without a loop brings a runner: asyncio's, anyio's, trio's."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import closing
from contextvars import copy_context
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio
from anyio.from_thread import start_blocking_portal

from handlerid._running import run_whole
from handlerid.errors import AsyncHandler, UnsupportedHandler
from tests.running.support import (
    ITEM,
    KINDS,
    SYNC,
    Handler,
    Log,
    async_colours,
    async_item,
    async_steps,
    colour,
    coroutine_colours,
    run,
    same,
    steps_and_result,
    stream,
)

Runner = Callable[[Coroutine[Any, Any, Any]], Any]


def with_trio(work: Coroutine[Any, Any, Any]) -> Any:
    return trio.run(lambda: work)


def with_anyio(work: Coroutine[Any, Any, Any]) -> Any:
    async def main() -> Any:
        return await work

    return anyio.run(main)


def with_portal(work: Coroutine[Any, Any, Any]) -> Any:
    with start_blocking_portal() as portal:
        return portal.call(lambda: work)


def with_a_loop_elsewhere(work: Coroutine[Any, Any, Any]) -> Any:
    async def main() -> Any:
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(
            lambda: asyncio.run_coroutine_threadsafe(work, loop).result()
        )

    return asyncio.run(main())


RUNNERS: list[Runner] = [
    *(asyncio.run, with_trio, with_anyio),
    *(with_portal, with_a_loop_elsewhere),
]


@pytest.fixture
def kept_loop() -> Iterator[Runner]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize(("handler", "result", "_"), KINDS.values(), ids=KINDS)
def test_every_kind_is_run_to_its_end(
    handler: Handler, result: object, _: object, runner: Runner
) -> None:
    assert run(handler, runner=runner) is result


@pytest.mark.parametrize(("handler", "_", "steps"), KINDS.values(), ids=KINDS)
def test_every_kind_is_streamed_by_a_runner_that_keeps_its_loop(
    handler: Handler, _: object, steps: list[object], kept_loop: Runner
) -> None:
    assert same(list(stream(handler, runner=kept_loop)), steps)


@pytest.mark.parametrize(("handler", "result", "steps"), SYNC.values(), ids=SYNC)
def test_a_runner_is_not_asked_where_nothing_is_awaited(
    handler: Handler, result: object, steps: list[object]
) -> None:
    asked: list[object] = []
    assert run(handler, runner=asked.append) is result
    assert same(list(stream(handler, runner=asked.append)), steps)
    assert asked == []


def test_all_steps_run_in_one_context(kept_loop: Runner) -> None:
    token = colour.set("blue")
    try:
        steps = stream(async_colours, runner=kept_loop)
        assert list(steps) == ["blue", "red", "green"]
        assert run(coroutine_colours, runner=asyncio.run) == ["blue", "red", "green"]
        assert colour.get() == "blue"
    finally:
        colour.reset(token)


async def logged(log: Log) -> AsyncIterator[int]:
    colour.set("red")
    try:
        for i in range(3):
            yield i
    finally:
        await anyio.lowlevel.checkpoint()
        log.note("finally")


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_closing_runs_finally_before_it_returns(kept_loop: Runner, taken: int) -> None:
    log = Log()
    with closing(stream(logged, log, runner=kept_loop)) as steps:
        assert [next(steps) for _ in range(taken)] == list(range(taken))
        assert log == []
    assert log == ["finally in red"]


def test_a_loop_that_is_closed_first_runs_finally_in_the_context_of_the_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log, left_open = Log(), []
    with asyncio.Runner() as runner:
        for _ in range(8):  # it closes them in no order
            steps = stream(logged, log, runner=runner.run)
            left_open.append(steps)
            next(steps)
    assert log == ["finally in red"] * 8
    assert caplog.records == []


def test_a_runner_that_ends_its_loop_after_a_step_is_refused() -> None:
    """It closes what runs in the loop: the stream would end without a word."""
    steps = stream(async_steps, runner=asyncio.run)
    with pytest.raises(AsyncHandler) as caught:
        next(steps)
    assert str(caught.value) == (
        "the runner ended its loop after a step of tests.running.support.async_steps, "
        "and so the handler; a stream needs one that keeps its loop, such as the run "
        "of an asyncio.Runner()"
    )


class Boom(Exception): ...


async def raising() -> None:
    await anyio.lowlevel.checkpoint()
    raise Boom


async def raising_steps() -> AsyncIterator[int]:
    yield 1
    raise Boom


@pytest.mark.parametrize("handler", [raising, raising_steps])
def test_what_the_handler_raises_passes(handler: Handler, kept_loop: Runner) -> None:
    with pytest.raises(Boom) as caught:
        run(handler, runner=asyncio.run)
    assert caught.value.__cause__ is None
    with pytest.raises(Boom):
        list(stream(handler, runner=kept_loop))


@pytest.mark.parametrize("handler", [async_item, async_steps])
def test_what_the_runner_raises_passes_and_nothing_is_left_waiting(
    handler: Handler,
) -> None:
    def refuse(work: object) -> None:
        raise Boom

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for way in (run, lambda *args, **kwargs: list(stream(*args, **kwargs))):
            with pytest.raises(Boom):
                way(handler, runner=refuse)
        gc.collect()
    assert warned == []


TOO_EARLY = (
    "the runner came back before {} had come to its end; it has to run a coroutine and "
    "return what that returned, as asyncio.run does: where a loop is running already, "
    "await arun() or iterate over astream()"
)


@pytest.mark.parametrize("handler", [async_item, async_steps])
def test_a_runner_that_runs_nothing_is_refused(handler: Handler) -> None:
    text = TOO_EARLY.format(f"tests.running.support.{handler.__name__}")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for way in (run, lambda *args, **kwargs: list(stream(*args, **kwargs))):
            with pytest.raises(AsyncHandler) as caught:
                way(handler, runner=lambda work: None)
            assert str(caught.value) == text
        gc.collect()
    assert warned == []


def test_a_runner_that_makes_a_task_is_refused() -> None:
    """As who has a loop may try: the result would be the task."""

    async def main() -> None:
        with pytest.raises(AsyncHandler, match="the runner came back before"):
            run(async_item, runner=asyncio.create_task)
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})

    asyncio.run(main())


def test_inside_a_running_loop_asyncio_says_what_is_wrong() -> None:
    async def main() -> None:
        run(async_item, runner=asyncio.run)

    with pytest.raises(RuntimeError, match=r"asyncio.run\(\) cannot be called from"):
        asyncio.run(main())


# For an executor: a handler that returns.


def whole(handler: Handler, runner: Runner | None = None) -> object:
    return run_whole(copy_context(), handler, runner=runner)


def test_whole_runs_what_returns() -> None:
    assert whole(lambda: ITEM) is ITEM
    assert whole(async_item, asyncio.run) is ITEM
    with pytest.raises(AsyncHandler):
        whole(async_item)


@pytest.mark.parametrize("handler", [steps_and_result, async_steps])
def test_whole_refuses_steps(handler: Handler) -> None:
    with pytest.raises(UnsupportedHandler) as caught:
        whole(handler, asyncio.run)
    assert str(caught.value) == (
        f"tests.running.support.{handler.__name__} yields, and the steps of a handler "
        "cannot come back from an executor: submit one that returns, or use "
        "call.stream() here"
    )
