"""A call that is ready to be made, and the one that is running here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar, copy_context
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from handlerid import (
    Call,
    ClickEvent,
    Dispatcher,
    Event,
    Observer,
    Registry,
    current_call,
    current_event,
)
from handlerid.testing import RecordingDispatcher
from tests.support.fresh import run_fresh

NOWHERE = (
    "no handler is running here: current_call() and current_event() work in a "
    "handler, and in tasks and threads that have its context"
)

registry = Registry(captures="allow")
colour: ContextVar[str] = ContextVar("colour", default="none")


@pytest.fixture(params=["dispatch", "prepare", "observed"])
def answer(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Answers a payload to the end; each way sets the running call on its own."""
    observer = Observer() if request.param == "observed" else None
    dispatcher = Dispatcher(registry, observer=observer)

    def way(payload: Any) -> object:
        if request.param == "prepare":
            return dispatcher.prepare(payload).run()
        return dispatcher.dispatch(payload)

    return way


def payload_for(fn: Callable[..., object], key: str = "k") -> dict[str, object]:
    return {"handler": str(registry.register(fn)), "key": key}


def keys() -> str:
    return current_event().key


def test_a_handler_and_what_it_calls_know_their_call(
    answer: Callable[[Any], Any],
) -> None:
    def handler(event: ClickEvent) -> object:
        assert current_event() is event
        assert current_call() is current_call()
        return current_call(), keys()

    call, key = answer(payload_for(handler))
    assert isinstance(call, Call)
    assert call.handler.fn is handler
    assert call.event == ClickEvent(key="k")
    assert key == "k"
    assert call.run() == (call, "k")


def test_there_is_an_event_for_a_handler_that_takes_none(
    answer: Callable[[Any], Any],
) -> None:
    def handler() -> Event:
        return current_event()

    assert answer(payload_for(handler)) == Event(key="k")


@pytest.mark.parametrize("ask", [current_call, current_event])
def test_where_no_handler_runs_there_is_no_call(ask: Callable[[], object]) -> None:
    Dispatcher(registry).dispatch(payload_for(lambda event: keys()))
    with pytest.raises(LookupError) as caught:
        ask()
    assert str(caught.value) == NOWHERE


def test_a_call_within_a_call_has_its_own(answer: Callable[[Any], Any]) -> None:
    def inner(event: Event) -> str:
        return keys()

    def outer(event: Event) -> list[object]:
        return [keys(), answer(payload_for(inner, "inner")), keys()]

    assert answer(payload_for(outer, "outer")) == ["outer", "inner", "outer"]


def test_it_is_right_at_every_step() -> None:
    def handler(event: Event) -> Iterator[str]:
        yield keys()
        yield keys()

    dispatcher = Dispatcher(registry)
    first = dispatcher.stream(payload_for(handler, "a"))
    second = dispatcher.stream(payload_for(handler, "b"))
    pairs = zip(first, second, strict=True)
    assert list(pairs) == [("a", "b"), ("a", "b")]


@pytest.mark.anyio
async def test_it_is_right_at_every_step_in_async() -> None:
    async def handler(event: Event) -> AsyncIterator[str]:
        yield keys()
        await anyio.lowlevel.checkpoint()
        yield keys()

    async def once(event: Event) -> str:
        await anyio.lowlevel.checkpoint()
        return keys()

    dispatcher = Dispatcher(registry)
    steps = dispatcher.astream(payload_for(handler))
    assert [step async for step in steps] == ["k", "k"]
    assert await dispatcher.adispatch(payload_for(once)) == "k"
    call = await dispatcher.aprepare(payload_for(once))
    assert await call.arun() == "k"


def test_tasks_and_threads_that_copy_the_context_have_it() -> None:
    seen: list[str] = []

    async def in_tasks(event: Event) -> None:
        async def child() -> None:
            await asyncio.sleep(0)
            seen.append(f"task {keys()}")

        await asyncio.gather(child(), asyncio.to_thread(lambda: seen.append(keys())))

    def in_a_thread(event: Event) -> None:
        context = copy_context()
        thread = threading.Thread(target=lambda: seen.append(context.run(keys)))
        thread.start()
        thread.join()

    dispatcher = Dispatcher(registry)
    asyncio.run(dispatcher.adispatch(payload_for(in_tasks)))
    dispatcher.dispatch(payload_for(in_a_thread, "thread"))
    assert sorted(seen) == ["k", "task k", "thread"]


LATE = """
import asyncio, sys
from handlerid import ClickEvent, Dispatcher, Registry, rerender

dispatcher = Dispatcher(Registry())

def inner(event: ClickEvent):
    from handlerid import current_event
    return current_event().key

def outer(event: ClickEvent):
    assert "handlerid._current" not in sys.modules
    payload = {"handler": dispatcher.offer(inner), "key": "inner"}
    seen = dispatcher.prepare(payload).run() if INNER else dispatcher.dispatch(payload)
    from handlerid import current_event
    return [seen, current_event().key]

async def waiting(event: ClickEvent):
    begun.set_result(None)
    await imported
    from handlerid import current_event
    return current_event().key

async def main():
    global begun, imported
    begun, imported = (asyncio.get_running_loop().create_future() for _ in "12")
    payload = {"handler": dispatcher.offer(waiting), "key": "waiting"}
    task = asyncio.create_task(dispatcher.adispatch(payload))
    await begun
    outer_payload = {"handler": dispatcher.offer(outer), "key": "outer"}
    if OUTER:
        first = dispatcher.prepare(outer_payload).run()
    else:
        first = dispatcher.dispatch(outer_payload)
    imported.set_result(None)
    print(*first, await task)

asyncio.run(main())
"""


@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize("inner", [False, True])
def test_an_import_inside_of_a_handler_finds_the_calls_on_their_way(
    *, outer: bool, inner: bool
) -> None:
    """The first to ask imports what is asked: calls made before it count, too.

    Each of the two is prepared first, or dispatched in one.
    """
    printed = run_fresh("-c", f"OUTER = {outer}\nINNER = {inner}\n{LATE}")
    assert printed == "inner outer waiting\n"


def test_who_never_asks_does_not_import_what_answers() -> None:
    program = (
        "import sys, handlerid; from handlerid import _call; "
        "print('handlerid._current' in sys.modules, _call.running.wanted)"
    )
    assert run_fresh("-c", program) == "False False\n"


# How a call is run.


async def allow(_: Call) -> bool:
    return True


DISPATCHERS = {
    "plain": Dispatcher(registry),
    "observed": Dispatcher(registry, observer=Observer()),
    "recording": RecordingDispatcher(registry),
}
AWAITING = {"awaiting": Dispatcher(registry, authorize=allow)}


@pytest.mark.anyio
@pytest.mark.parametrize("dispatcher", DISPATCHERS.values(), ids=DISPATCHERS)
async def test_a_stream_runs_in_the_context_in_which_it_was_made(
    dispatcher: Dispatcher,
) -> None:
    def handler(event: Event) -> Iterator[str]:
        yield colour.get()

    call = dispatcher.prepare(payload_for(handler))
    colour.set("red")
    steps, later_steps = call.stream(), call.astream()
    colour.set("blue")
    assert list(steps) == ["red"]
    assert [step async for step in later_steps] == ["red"]


@pytest.mark.parametrize(
    "dispatcher",
    [*DISPATCHERS.values(), *AWAITING.values()],
    ids=DISPATCHERS | AWAITING,
)
def test_a_loop_that_ends_closes_a_stream_as_its_host_would(
    dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture
) -> None:
    log, left_open = [], []

    async def handler(event: Event) -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            log.append(current_event().key)

    async def main() -> None:
        for _ in range(8):  # the loop closes what is left in no order
            steps = dispatcher.astream(payload_for(handler, "a"))
            left_open.append(steps)
            await anext(steps)

    asyncio.run(main())
    assert log == ["a"] * 8
    assert caplog.records == []


async def later(event: Event) -> str:
    await asyncio.sleep(0)
    return event.key


def test_a_runner_runs_what_is_asynchronous() -> None:
    dispatcher = Dispatcher(registry)
    payload = payload_for(later)
    assert dispatcher.dispatch(payload, runner=asyncio.run) == "k"
    assert dispatcher.prepare(payload).run(runner=asyncio.run) == "k"
    assert list(dispatcher.stream(payload, runner=asyncio.run)) == ["k"]
    assert list(dispatcher.prepare(payload).stream(runner=asyncio.run)) == ["k"]
