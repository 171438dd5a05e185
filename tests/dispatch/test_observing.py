"""What an observer is notified of, when, and in which context."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import aclosing, closing
from contextvars import ContextVar
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from handlerid import (
    Call,
    ClickEvent,
    Dispatcher,
    LoggingObserver,
    Observer,
    Registry,
)
from handlerid._dispatch import running
from handlerid.errors import (
    AsyncHandler,
    HandlerIdError,
    InvalidEvent,
    MalformedPayload,
    NotAllowed,
    SignatureError,
    UnknownHandler,
)

span: ContextVar[str] = ContextVar("span", default="none")


class Boom(Exception): ...


class Recorder(Observer):
    """Keeps what it is notified of; sets a context variable for the handler to see."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.seconds: list[float] = []

    def before(self, call: Call) -> None:
        self.seen.append("before")
        span.set("mine")

    def step(self, call: Call, value: object) -> None:
        self.seen.append(("step", value, span.get()))

    def after(self, call: Call, result: object, seconds: float) -> None:
        self.seen.append(("after", result, span.get()))
        self.seconds.append(seconds)

    def failed(self, call: Call, error: BaseException, seconds: float) -> None:
        self.seen.append(("failed", type(error), span.get()))
        self.seconds.append(seconds)

    def refused(self, error: HandlerIdError) -> None:
        self.seen.append(("refused", type(error)))


class Clock:
    """A clock that moves on by a second when it is asked to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(running, "perf_counter", clock)
    return clock


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def dispatcher(recorder: Recorder) -> Dispatcher:
    return Dispatcher(Registry(captures="allow"), observer=recorder)


def offer(dispatcher: Dispatcher, fn: Callable[..., object]) -> dict[str, object]:
    return {"handler": str(dispatcher.registry.register(fn)), "key": "k"}


def stream(dispatcher: Dispatcher, payload: Any) -> Any:
    return dispatcher.prepare(payload).stream()


def astream(dispatcher: Dispatcher, payload: Any) -> Any:
    return dispatcher.prepare(payload).astream()


# One before, a step for each value that is yielded, and one after or failed.


@pytest.mark.anyio
async def test_a_call_has_one_before_and_one_after(
    dispatcher: Dispatcher, recorder: Recorder
) -> None:
    def handler(event: ClickEvent) -> str:
        return span.get()

    payload = offer(dispatcher, handler)
    assert dispatcher.dispatch(payload) == "mine"
    assert await dispatcher.adispatch(payload) == "mine"
    assert list(stream(dispatcher, payload)) == ["mine"]
    assert [step async for step in astream(dispatcher, payload)] == ["mine"]
    assert recorder.seen == ["before", ("after", "mine", "mine")] * 4
    assert span.get() == "none"


STEPS = [("step", 1, "mine"), ("step", 2, "mine")]


@pytest.mark.anyio
async def test_a_stream_is_one_call(dispatcher: Dispatcher, recorder: Recorder) -> None:
    def steps(event: ClickEvent) -> Generator[int, None, str]:
        yield 1
        yield 2
        return "result"

    async def asteps(event: ClickEvent) -> AsyncIterator[int]:
        yield 1
        await anyio.lowlevel.checkpoint()
        yield 2

    payload = offer(dispatcher, steps)
    assert list(stream(dispatcher, payload)) == [1, 2]
    assert [step async for step in astream(dispatcher, payload)] == [1, 2]
    assert dispatcher.dispatch(payload) == "result"
    assert await dispatcher.adispatch(payload) == "result"
    assert recorder.seen == ["before", *STEPS, ("after", "result", "mine")] * 4
    recorder.seen.clear()
    payload = offer(dispatcher, asteps)
    assert [step async for step in astream(dispatcher, payload)] == [1, 2]
    assert await dispatcher.adispatch(payload) is None
    assert recorder.seen == ["before", *STEPS, ("after", None, "mine")] * 2


def test_steps_by_a_runner_are_steps(
    dispatcher: Dispatcher, recorder: Recorder
) -> None:
    async def asteps(event: ClickEvent) -> AsyncIterator[int]:
        yield 1
        yield 2

    call = dispatcher.prepare(offer(dispatcher, asteps))
    with asyncio.Runner() as runner:
        assert list(call.stream(runner=runner.run)) == [1, 2]
    assert recorder.seen == ["before", *STEPS, ("after", None, "mine")]


@pytest.mark.anyio
async def test_closing_a_stream_early_is_no_failure(
    dispatcher: Dispatcher, recorder: Recorder
) -> None:
    done: list[str] = []

    def steps(event: ClickEvent) -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            done.append("finally")

    async def asteps(event: ClickEvent) -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await anyio.lowlevel.checkpoint()
            done.append("finally")

    with closing(stream(dispatcher, offer(dispatcher, steps))) as taken:
        next(taken)
    for handler in (steps, asteps):
        async with aclosing(astream(dispatcher, offer(dispatcher, handler))) as ataken:
            await anext(ataken)
    assert done == ["finally"] * 3
    assert recorder.seen == ["before", STEPS[0], ("after", None, "mine")] * 3


@pytest.mark.anyio
async def test_a_stream_that_is_not_started_is_no_call(
    dispatcher: Dispatcher, recorder: Recorder
) -> None:
    payload = offer(dispatcher, lambda event: None)
    stream(dispatcher, payload).close()
    await astream(dispatcher, payload).aclose()
    assert recorder.seen == []


@pytest.mark.anyio
async def test_what_a_handler_raises_is_a_failure_and_passes(
    dispatcher: Dispatcher, recorder: Recorder
) -> None:
    def fails(event: ClickEvent) -> None:
        raise Boom

    def fails_later(event: ClickEvent) -> Iterator[int]:
        if event.key:
            raise Boom
        yield 1

    async def fails_async(event: ClickEvent) -> None:
        await anyio.lowlevel.checkpoint()
        raise Boom

    for handler in (fails, fails_later):
        payload = offer(dispatcher, handler)
        for way in (dispatcher.dispatch, lambda p: list(stream(dispatcher, p))):
            with pytest.raises(Boom):
                way(payload)
    with pytest.raises(Boom):
        await dispatcher.adispatch(offer(dispatcher, fails_async))
    with pytest.raises(Boom):
        await anext(astream(dispatcher, offer(dispatcher, fails_async)))
    assert recorder.seen == ["before", ("failed", Boom, "mine")] * 6


def test_cancelling_is_a_failure(dispatcher: Dispatcher, recorder: Recorder) -> None:
    async def main() -> None:
        started = asyncio.Event()

        async def waits(event: ClickEvent) -> None:
            started.set()
            await asyncio.Event().wait()

        payload = offer(dispatcher, waits)
        task = asyncio.create_task(dispatcher.adispatch(payload))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert recorder.seen == ["before", ("failed", asyncio.CancelledError, "mine")]


def test_a_missing_loop_is_a_failure(
    dispatcher: Dispatcher, recorder: Recorder
) -> None:
    async def handler(event: ClickEvent) -> None: ...

    with pytest.raises(AsyncHandler):
        dispatcher.dispatch(offer(dispatcher, handler))
    assert recorder.seen == ["before", ("failed", AsyncHandler, "mine")]


# Seconds, and refusals.


def test_the_seconds_are_those_of_all_steps(
    dispatcher: Dispatcher, recorder: Recorder, clock: Clock
) -> None:
    def steps(event: ClickEvent) -> Iterator[int]:
        clock.now += 1
        yield 1
        clock.now += 2
        yield 2
        clock.now += 4
        raise Boom

    taken = stream(dispatcher, offer(dispatcher, steps))
    for _ in range(2):
        next(taken)
        clock.now += 8
    with pytest.raises(Boom):
        next(taken)
    assert recorder.seconds == [1 + 2 + 4 + 2 * 8]


def test_the_clock_never_goes_back() -> None:
    assert vars(running)["perf_counter"] is time.perf_counter
    assert time.get_clock_info("perf_counter").monotonic


@pytest.mark.anyio
async def test_refusals(recorder: Recorder) -> None:
    registry = Registry()

    async def no_one(call: Call) -> bool:
        return False

    dispatcher = Dispatcher(registry, observer=recorder)
    payload = offer(dispatcher, lambda event: None)
    unknown = {"handler": "h1-" + "a" * 13 + "-" + "a" * 20}
    refused: list[tuple[Any, type[HandlerIdError]]] = [
        ({}, MalformedPayload),
        (unknown, UnknownHandler),
        ({**payload, "key": 1}, InvalidEvent),
    ]
    for bad, error in refused:
        for way in (dispatcher.prepare, dispatcher.dispatch):
            with pytest.raises(error):
                way(bad)
        with pytest.raises(error):
            await dispatcher.adispatch(bad)
    with pytest.raises(MalformedPayload):
        dispatcher.read(b"[")
    strict = Dispatcher(registry, observer=recorder, extra="refuse")
    with pytest.raises(InvalidEvent):
        strict.dispatch({**payload, "more": 1})
    guarded = Dispatcher(registry, observer=recorder, authorize=no_one)
    with pytest.raises(NotAllowed):
        await guarded.adispatch(payload)
    with pytest.raises(AsyncHandler):
        guarded.dispatch(payload)
    expected = [error for _, error in refused for _ in range(3)]
    expected += [MalformedPayload, InvalidEvent, NotAllowed, AsyncHandler]
    assert recorder.seen == [("refused", error) for error in expected]


# Observers that fail.


class Failing(Observer):
    def before(self, call: Call) -> None:
        raise Boom

    def step(self, call: Call, value: object) -> None:
        raise Boom

    def after(self, call: Call, result: object, seconds: float) -> None:
        raise Boom

    def failed(self, call: Call, error: BaseException, seconds: float) -> None:
        raise Boom

    def refused(self, error: HandlerIdError) -> None:
        raise Boom


@pytest.mark.anyio
async def test_an_observer_that_fails_loses_no_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dispatcher = Dispatcher(Registry(), observer=Failing())

    def fails(event: ClickEvent) -> None:
        raise ZeroDivisionError

    def one_step(event: ClickEvent) -> Iterator[int]:
        yield 1

    payload = offer(dispatcher, lambda event: event.key)
    assert dispatcher.dispatch(payload) == "k"
    assert await dispatcher.adispatch(payload) == "k"
    assert list(stream(dispatcher, payload)) == ["k"]
    assert len(caplog.records) == 6
    assert list(stream(dispatcher, offer(dispatcher, one_step))) == [1]
    assert len(caplog.records) == 6 + 3
    with pytest.raises(ZeroDivisionError):
        dispatcher.dispatch(offer(dispatcher, fails))
    with pytest.raises(MalformedPayload):
        dispatcher.dispatch({})
    assert len(caplog.records) == 9 + 2 + 1
    for record in caplog.records:
        assert (record.name, record.levelname) == ("handlerid", "ERROR")
        assert record.getMessage() == "an observer failed; the call goes on"
        assert record.exc_info is not None


def test_an_observer_may_interrupt() -> None:
    class Interrupting(Observer):
        def before(self, call: Call) -> None:
            raise KeyboardInterrupt

    dispatcher = Dispatcher(Registry(), observer=Interrupting())
    with pytest.raises(KeyboardInterrupt):
        dispatcher.dispatch(offer(dispatcher, lambda event: None))


# The observer that logs.


def on_click(event: ClickEvent) -> None:
    if event.key == "secret":
        raise Boom("secret")
    if event.key == "stop":
        raise KeyboardInterrupt
    if event.key == "mine":
        raise NotAllowed("secret")
    if event.key == "mistake":
        raise SignatureError("secret")


UNFIT = "the payload does not fit ClickEvent: client_x: expected a finite number"


def test_what_is_logged_at_which_level(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    caplog.set_level(logging.DEBUG, "handlerid")
    dispatcher = Dispatcher(Registry(), observer=LoggingObserver())
    payload = offer(dispatcher, on_click)
    dispatcher.dispatch(payload)
    with pytest.raises(Boom):
        dispatcher.dispatch(payload | {"key": "secret"})
    with pytest.raises(KeyboardInterrupt):
        dispatcher.dispatch(payload | {"key": "stop"})
    with pytest.raises(NotAllowed):
        dispatcher.dispatch(payload | {"key": "mine"})
    with pytest.raises(SignatureError):
        dispatcher.dispatch(payload | {"key": "mistake"})
    with pytest.raises(InvalidEvent) as refused:
        dispatcher.dispatch(json.dumps(payload | {"client_x": "secret"}))
    assert refused.value.logged
    name = f"{__name__}.on_click ({payload['handler']})"
    assert [(r.name, r.levelname, r.getMessage()) for r in caplog.records] == [
        ("handlerid", "DEBUG", f"{name} took 0.0 ms"),
        ("handlerid", "ERROR", f"{name} failed after 0.0 ms: Boom"),
        ("handlerid", "DEBUG", f"{name} failed after 0.0 ms: KeyboardInterrupt"),
        ("handlerid", "WARNING", f"{name} failed after 0.0 ms: NotAllowed"),
        ("handlerid", "ERROR", f"{name} failed after 0.0 ms: SignatureError"),
        (
            "handlerid",
            "WARNING",
            f"refused, InvalidEvent: {UNFIT}",
        ),
    ]
    assert "secret" not in caplog.text


def test_the_logger_may_be_another(caplog: pytest.LogCaptureFixture) -> None:
    observer = LoggingObserver(logging.getLogger("mine"))
    with pytest.raises(MalformedPayload):
        Dispatcher(Registry(), observer=observer).dispatch({})
    assert [record.name for record in caplog.records] == ["mine"]


def test_without_an_observer_nothing_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    dispatcher = Dispatcher(Registry())
    dispatcher.dispatch(offer(dispatcher, on_click))
    with pytest.raises(MalformedPayload) as refused:
        dispatcher.dispatch({})
    assert not refused.value.logged
    assert caplog.records == []
