"""A run driven by hand: what passes between a handler and its loop."""

from __future__ import annotations

import gc
import weakref
from collections.abc import (
    AsyncIterator,
    Generator,
)
from contextlib import suppress
from types import coroutine
from typing import Any

import pytest

from tests.running.support import (
    Handler,
    Log,
    arun,
    astream,
    collect,
    colour,
)


class Boom(Exception):
    pass


BOOM = Boom("boom")


# Driven by hand, without any loop


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
