"""Closing, cancelling and throwing: the handler's finally runs before it returns."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import weakref
from collections.abc import (
    AsyncIterator,
    Generator,
    Iterator,
)
from contextlib import aclosing, closing, suppress
from types import coroutine
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tests.dispatch.running import (
    Handler,
    Log,
    arun,
    astream,
    asyncio_only,
    collect,
    colour,
    stream,
)

# Rule 4: closing runs the handler's finally before it returns


def logged_steps(log: Log) -> Iterator[int]:
    colour.set("red")
    try:
        for i in range(3):
            yield i
            log.note(f"after {i}")
    except BaseException as error:
        log.note(type(error).__name__)
        raise
    finally:
        log.note("finally")


async def async_logged_steps(log: Log) -> AsyncIterator[int]:
    colour.set("red")
    try:
        for i in range(3):
            yield i
            await anyio.lowlevel.checkpoint()
            log.note(f"after {i}")
    except BaseException as error:
        log.note(type(error).__name__)
        raise
    finally:
        await anyio.lowlevel.checkpoint()
        log.note("finally")


def expected_log(taken: int) -> list[str]:
    return [
        *(f"after {i} in red" for i in range(taken - 1)),
        *(["GeneratorExit in red", "finally in red"] if taken else []),
    ]


@pytest.mark.parametrize("taken", range(4))
def test_closing_runs_finally_at_every_step(taken: int) -> None:
    log = Log()
    with closing(stream(logged_steps, log)) as steps:
        assert list(itertools.islice(steps, taken)) == list(range(taken))
    assert log == expected_log(taken)


@pytest.mark.anyio
@pytest.mark.parametrize("taken", range(4))
@pytest.mark.parametrize("handler", [logged_steps, async_logged_steps])
async def test_closing_runs_finally_at_every_step_in_async(
    handler: Handler, taken: int
) -> None:
    log = Log()
    async with aclosing(astream(handler, log)) as steps:
        for i in range(taken):
            assert await anext(steps) == i
    assert log == expected_log(taken)


def test_what_is_thrown_into_a_stream_comes_out_after_finally() -> None:
    log, error = Log(), ValueError("thrown")
    steps = stream(logged_steps, log)
    assert next(steps) == 0
    with pytest.raises(ValueError, match="thrown") as caught:
        steps.throw(error)
    assert caught.value is error
    assert log == expected_log(1)


@pytest.mark.anyio
@pytest.mark.parametrize("handler", [logged_steps, async_logged_steps])
async def test_what_is_thrown_into_an_async_stream_comes_out_after_finally(
    handler: Handler,
) -> None:
    log, error = Log(), ValueError("thrown")
    steps = astream(handler, log)
    assert await anext(steps) == 0
    with pytest.raises(ValueError, match="thrown") as caught:
        await steps.athrow(error)
    assert caught.value is error
    assert log == expected_log(1)


async def cancelled_coroutine(log: Log, scope: anyio.CancelScope) -> None:
    colour.set("red")
    try:
        scope.cancel()
        await anyio.sleep_forever()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()
        log.note("finally")


async def cancelled_steps(
    log: Log, scope: anyio.CancelScope, at: int = 0
) -> AsyncIterator[int]:
    colour.set("red")
    try:
        for i in range(3):
            if i == at:
                scope.cancel()
                await anyio.sleep_forever()
            yield i
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()
        log.note("finally")


class CancelledObject:
    def __init__(self, log: Log, scope: anyio.CancelScope) -> None:
        self.work = cancelled_coroutine(log, scope)

    def __await__(self) -> Generator[Any, Any, None]:
        return self.work.__await__()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "handler", [cancelled_coroutine, cancelled_steps, CancelledObject]
)
async def test_cancelling_runs_finally_before_the_scope_is_left(
    handler: Handler,
) -> None:
    for way in (arun, lambda *args: collect(astream(*args))):
        log = Log()
        with anyio.CancelScope() as scope:
            await way(handler, log, scope)
        assert scope.cancelled_caught
        assert log == ["finally in red"]


@pytest.mark.anyio
@pytest.mark.parametrize("at", range(3))
async def test_cancelling_runs_finally_at_every_step(at: int) -> None:
    log, seen = Log(), []
    with anyio.CancelScope() as scope:
        async for step in astream(cancelled_steps, log, scope, at):
            seen.append(step)
            assert log == []
    assert scope.cancelled_caught
    assert seen == list(range(at))
    assert log == ["finally in red"]


@pytest.mark.anyio
@asyncio_only
@pytest.mark.parametrize("in_steps", [False, True])
async def test_cancelling_a_task_runs_finally_before_the_task_ends(
    *, in_steps: bool
) -> None:
    log, started = Log(), asyncio.Event()

    async def wait() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            await anyio.lowlevel.checkpoint()
            log.note("finally")

    async def steps() -> AsyncIterator[None]:
        await wait()
        yield

    task = asyncio.create_task(collect(astream(steps if in_steps else wait)))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["finally in none"]


# A loop ends: it closes what nobody has closed


async def left_open(log: Log) -> AsyncIterator[int]:
    colour.set("red")
    try:
        yield 1
    finally:
        log.note("finally")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_loop_that_ends_runs_finally_in_the_context_of_the_call(
    backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    log, open_ones = Log(), []

    async def main() -> None:
        for _ in range(8):  # it closes them in no order
            steps = astream(left_open, log)
            open_ones.append(steps)
            await anext(steps)

    anyio.run(main, backend=backend)
    assert log == ["finally in red"] * 8
    assert caplog.records == []


@pytest.mark.anyio
async def test_the_loop_may_close_what_the_handler_began() -> None:
    """What keeps the handler's own from the loop is undone before it is called."""
    hooks = []

    async def steps() -> AsyncIterator[int]:
        hooks.append(sys.get_asyncgen_hooks())
        yield 1

    await collect(astream(steps))
    assert hooks == [sys.get_asyncgen_hooks()]
    assert hooks[0].finalizer is not None


@pytest.mark.anyio
async def test_a_handler_may_recover_from_what_is_thrown_at_it() -> None:
    async def recover() -> str:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anyio.sleep_forever()
        colour.set("red")
        await anyio.lowlevel.checkpoint()
        return colour.get()

    assert await arun(recover) == "red"


# Driven by hand: what passes between a handler and its loop.


class Boom(Exception):
    pass


BOOM = Boom("boom")


@coroutine
def ask(question: object) -> Generator[object, object, object]:
    return (yield question)


def drive(work: Any, *answers: object) -> list[object]:
    """Plays the event loop: sends answers, and returns what it was asked."""
    asked = [work.send(None)]
    for answer in answers:
        try:
            asked.append(work.send(answer))
        except StopIteration as stop:
            asked.append(stop.value)
    return asked


async def asking() -> list[object]:
    return [await ask("a"), await ask("b")]


def test_what_a_handler_asks_its_loop_is_passed_on_and_so_is_the_answer() -> None:
    assert drive(arun(asking), 1, 2) == ["a", "b", [1, 2]]


async def asking_coroutine(log: Log) -> None:
    colour.set("red")
    try:
        await ask("a")
    finally:
        log.note("finally")


async def asking_steps(log: Log) -> AsyncIterator[int]:
    colour.set("red")
    try:
        yield 1
        await ask("a")
    finally:
        log.note("finally")


@pytest.mark.parametrize("handler", [asking_coroutine, asking_steps])
def test_closing_a_run_while_it_waits_runs_finally_before_it_returns(
    handler: Handler,
) -> None:
    log = Log()
    work = arun(handler, log)
    assert drive(work) == ["a"]
    work.close()
    assert log == ["finally in red"]


@pytest.mark.parametrize("handler", [asking_coroutine, asking_steps])
def test_dropping_a_stream_while_it_waits_runs_finally(handler: Handler) -> None:
    """Without a loop to do it later, Python closes it; nothing goes wrong then."""
    log = Log()
    work = collect(astream(handler, log))
    assert drive(work) == ["a"]
    work.close()
    del work
    gc.collect()
    assert log == ["finally in red"]


def test_an_error_thrown_at_a_handler_leaves_no_circle() -> None:
    def throw() -> weakref.ref[Boom]:
        work, error = arun(asking), Boom()
        thrown = weakref.ref(error)
        drive(work)
        with suppress(Boom):  # pytest.raises would keep it
            work.throw(error)
        del error  # or this frame would be the circle
        return thrown

    gc.collect()
    gc.disable()
    try:
        assert throw()() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("handler", [asking_coroutine, asking_steps])
def test_a_run_that_fails_runs_finally(handler: Handler) -> None:
    log, error = Log(), Boom()
    work = arun(handler, log)
    assert drive(work) == ["a"]
    with pytest.raises(Boom) as caught:
        work.throw(error)
    assert caught.value is error
    assert log == ["finally in red"]
