"""Running what a handler returned: to the end, step by step, in one context.

Everything asynchronous runs on asyncio and on trio, through anyio's plugin, but for
what only asyncio has.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import warnings
import weakref
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
)
from contextlib import aclosing, closing, suppress
from contextvars import ContextVar, copy_context
from types import coroutine
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from handlerid._running import arun, astream, run, stream
from handlerid.errors import AsyncHandler

Handler = Callable[..., object]

colour: ContextVar[str] = ContextVar("colour", default="none")

asyncio_only = pytest.mark.parametrize("anyio_backend", ["asyncio"])


# Handlers: one for each kind of thing that a call may return


class Item:
    """A value like any other, that can be told from all others."""


ITEM = Item()
LIST = [1, 2]
ITERATOR = iter(LIST)


def nothing() -> None: ...
def item() -> Item:
    return ITEM


def two_steps() -> Iterator[int]:
    yield 1
    yield 2


def steps_and_result() -> Generator[int, None, Item]:
    yield 1
    yield 2
    return ITEM


def no_step() -> Generator[int, None, Item]:
    yield from ()
    return ITEM


async def async_item() -> Item:
    await anyio.lowlevel.checkpoint()
    return ITEM


async def async_nothing() -> None: ...


async def async_steps() -> AsyncIterator[int]:
    yield 1
    await anyio.lowlevel.checkpoint()
    yield 2


async def async_generator_of_none() -> AsyncIterator[int]:
    nobody: list[int] = []
    for step in nobody:
        yield step


async def async_returns_generator() -> Iterator[int]:
    return GENERATOR


GENERATOR = two_steps()


class AwaitableObject:
    """Has ``__await__`` and is no coroutine."""

    def __await__(self) -> Generator[Any, Any, Item]:
        yield from anyio.lowlevel.checkpoint().__await__()
        return ITEM


class AsyncCallable:
    async def __call__(self) -> Item:
        await anyio.lowlevel.checkpoint()
        return ITEM


@coroutine
def generator_coroutine() -> Generator[Any, Any, Item]:
    yield from anyio.lowlevel.checkpoint().__await__()
    return ITEM


def indirectly(handler: Handler) -> Handler:
    """A plain function that returns what the handler does."""

    def call() -> object:
        return handler()

    return call


# name: handler, what it returns at the end, its steps
SYNC: dict[str, tuple[Handler, object, list[object]]] = {
    "nothing": (nothing, None, [None]),
    "a value": (item, ITEM, [ITEM]),
    "zero": (lambda: 0, 0, [0]),
    "a list": (lambda: LIST, LIST, [LIST]),
    "a string": (lambda: "ab", "ab", ["ab"]),
    "an iterator": (lambda: ITERATOR, ITERATOR, [ITERATOR]),
    "a class": (lambda: Item, Item, [Item]),
    "a function": (lambda: two_steps, two_steps, [two_steps]),
    "a generator": (two_steps, None, [1, 2]),
    "a generator with a result": (steps_and_result, ITEM, [1, 2]),
    "a generator without steps": (no_step, ITEM, []),
    "a generator, from a function": (indirectly(steps_and_result), ITEM, [1, 2]),
    "a generator expression": (lambda: (i for i in LIST), None, [1, 2]),
}
ASYNC: dict[str, tuple[Handler, object, list[object]]] = {
    "a coroutine": (async_item, ITEM, [ITEM]),
    "a coroutine of None": (async_nothing, None, [None]),
    "a coroutine, from a function": (indirectly(async_item), ITEM, [ITEM]),
    "a coroutine of a generator": (async_returns_generator, GENERATOR, [GENERATOR]),
    "an object with async __call__": (AsyncCallable(), ITEM, [ITEM]),
    "an awaitable object": (AwaitableObject, ITEM, [ITEM]),
    "a generator-based coroutine": (generator_coroutine, ITEM, [ITEM]),
    "an async generator": (async_steps, None, [1, 2]),
    "an async generator without steps": (async_generator_of_none, None, []),
    "an async generator, from a function": (
        indirectly(async_steps),
        None,
        [1, 2],
    ),
}
KINDS = {**SYNC, **ASYNC}


def same(left: list[object], right: list[object]) -> bool:
    """The very same objects, in the same order."""
    return len(left) == len(right) and all(
        a is b for a, b in zip(left, right, strict=True)
    )


async def collect(steps: AsyncIterator[object]) -> list[object]:
    return [step async for step in steps]


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


ASYNCHRONOUS = (
    "the handler is asynchronous, and run() and stream() make no event loop; await "
    "arun() or iterate over astream() in the host's loop, or bridge with "
    "asyncio.run(call.arun())"
)


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
    assert str(caught.value) == ASYNCHRONOUS


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


# Rule 3: one context for all steps of a call, a copy of the caller's


def sync_colours() -> Generator[str, None, str]:
    for new in ("red", "green"):
        yield colour.get()
        colour.set(new)
    return colour.get()


async def async_colours() -> AsyncIterator[str]:
    for new in ("red", "green"):
        yield colour.get()
        await anyio.lowlevel.checkpoint()
        colour.set(new)
        await anyio.lowlevel.checkpoint()
    yield colour.get()


async def coroutine_colours() -> list[str]:
    seen = [colour.get()]
    for new in ("red", "green"):
        colour.set(new)
        await anyio.lowlevel.checkpoint()
        seen.append(colour.get())
    return seen


@coroutine
def generator_coroutine_colours() -> Generator[Any, Any, list[str]]:
    return (yield from coroutine_colours().__await__())


class AwaitableColours:
    def __await__(self) -> Generator[Any, Any, list[str]]:
        return coroutine_colours().__await__()


def set_colour() -> str:
    before = colour.get()
    colour.set("red")
    return before


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


# Rule 4: closing runs the handler's finally before it returns


class Log(list[str]):
    """What a handler did, and in which colour."""

    def note(self, what: str) -> None:
        self.append(f"{what} in {colour.get()}")


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


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, StopIteration])
def test_run_lets_every_exception_through(error: type[BaseException]) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(error):
        run(fail)


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
