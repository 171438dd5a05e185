"""A host without an event loop brings a runner that keeps one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import anyio
import anyio.lowlevel
import pytest

from handlerid.errors import AsyncHandler
from tests.dispatch.running import (
    KINDS,
    SYNC,
    Handler,
    Log,
    Runner,
    async_colours,
    async_item,
    async_steps,
    colour,
    coroutine_colours,
    same,
    stream,
)


@pytest.fixture
def kept_loop() -> Iterator[Runner]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.mark.parametrize(("handler", "_", "steps"), KINDS.values(), ids=KINDS)
def test_every_kind_is_streamed_by_a_runner_that_keeps_its_loop(
    handler: Handler, _: object, steps: list[object], kept_loop: Runner
) -> None:
    assert same(list(stream(handler, runner=kept_loop)), steps)


@pytest.mark.parametrize(("handler", "_", "steps"), SYNC.values(), ids=SYNC)
def test_a_runner_is_not_asked_where_nothing_is_awaited(
    handler: Handler, _: object, steps: list[object]
) -> None:
    asked: list[object] = []
    assert same(list(stream(handler, runner=asked.append)), steps)
    assert asked == []


def test_all_steps_run_in_one_context(kept_loop: Runner) -> None:
    token = colour.set("blue")
    try:
        steps = stream(async_colours, runner=kept_loop)
        assert list(steps) == ["blue", "red", "green"]
        steps = stream(coroutine_colours, runner=kept_loop)
        assert list(steps) == [["blue", "red", "green"]]
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


UNFIT = (
    "the runner for tests.dispatch.running.{} has to run a coroutine to its end and "
    "keep its event loop for the next step, as the run of an asyncio.Runner() does"
)


@pytest.mark.parametrize("handler", [async_item, async_steps])
def test_a_runner_that_ends_its_loop_after_a_step_is_refused(handler: Handler) -> None:
    """It closes what runs in the loop: the stream would end without a word."""
    with pytest.raises(AsyncHandler) as caught:
        list(stream(handler, runner=asyncio.run))
    assert str(caught.value) == UNFIT.format(handler.__name__)


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
        list(stream(handler, runner=kept_loop))
    assert caught.value.__cause__ is None


def test_a_runner_that_makes_a_task_is_refused() -> None:
    """As who has a loop may try: the result would be the task."""

    async def main() -> None:
        with pytest.raises(AsyncHandler, match="has to run a coroutine to its end"):
            list(stream(async_item, runner=asyncio.create_task))
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})

    asyncio.run(main())
