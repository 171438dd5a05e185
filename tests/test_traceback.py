"""Tracebacks as a host shows them: its own frames and the handler's."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import pytest

from handlerid import ClickEvent, Dispatcher, Observer, Registry, trim_traceback
from handlerid.errors import MalformedPayload
from handlerid.testing import RecordingDispatcher


class Boom(Exception): ...


def plain(event: ClickEvent) -> None:
    helper()


def helper() -> None:
    raise Boom


def generator(event: ClickEvent) -> Iterator[int]:
    yield 1
    helper()


async def coroutine(event: ClickEvent) -> None:
    helper()


async def coroutine_later(event: ClickEvent) -> None:
    await anyio.lowlevel.checkpoint()
    helper()


async def async_generator(event: ClickEvent) -> AsyncIterator[int]:
    yield 1
    await anyio.lowlevel.checkpoint()
    helper()


class Awaiting:
    def __await__(self) -> Iterator[Any]:
        yield from anyio.lowlevel.checkpoint().__await__()
        helper()


def awaitable(event: ClickEvent) -> Awaiting:
    return Awaiting()


def names(error: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def raised_by(way: Callable[[], object]) -> Boom:
    try:
        way()
    except Boom as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.fixture(params=["plain", "observed", "recording"])
def dispatcher(request: pytest.FixtureRequest) -> Dispatcher:
    if request.param == "recording":
        return RecordingDispatcher(Registry())
    observer = Observer() if request.param == "observed" else None
    return Dispatcher(Registry(), observer=observer)


@pytest.mark.parametrize("handler", [plain, generator])
@pytest.mark.parametrize("how", ["dispatch", "prepare", "stream"])
def test_frames_of_the_library_are_taken_out(
    dispatcher: Dispatcher, handler: Callable[..., object], how: str
) -> None:
    payload = {"handler": dispatcher.offer(handler)}

    def host() -> None:
        if how == "stream":
            list(dispatcher.stream(payload))
        elif how == "prepare":
            dispatcher.prepare(payload).run()
        else:
            dispatcher.dispatch(payload)

    error = raised_by(host)
    assert len(names(error)) > 4
    assert trim_traceback(error) is error
    assert names(error) == ["raised_by", "host", handler.__name__, "helper"]


ASYNC = [coroutine, coroutine_later, async_generator, awaitable, generator, plain]


@pytest.mark.anyio
@pytest.mark.parametrize("handler", ASYNC)
@pytest.mark.parametrize("stream", [False, True])
async def test_frames_between_coroutines_are_taken_out(
    dispatcher: Dispatcher, handler: Callable[..., object], *, stream: bool
) -> None:
    payload = {"handler": dispatcher.offer(handler)}

    async def host() -> None:
        if stream:
            async for _ in dispatcher.astream(payload):
                pass
        else:
            await dispatcher.adispatch(payload)

    with pytest.raises(Boom) as caught:
        await host()
    own = "__await__" if handler is awaitable else handler.__name__
    found = names(trim_traceback(caught.value))
    assert found[1:] == ["host", own, "helper"]


def test_frames_of_a_runner_stay() -> None:
    dispatcher = Dispatcher(Registry())
    payload = {"handler": dispatcher.offer(coroutine)}
    error = raised_by(lambda: dispatcher.dispatch(payload, runner=asyncio.run))
    found = names(trim_traceback(error))
    assert found[-2:] == ["coroutine", "helper"]
    assert "run_until_complete" in found
    assert "afinish" not in found


def test_a_handler_that_dispatches_another(dispatcher: Dispatcher) -> None:
    inner: dict[str, object] = {"handler": str(dispatcher.offer(plain))}

    def outer(event: ClickEvent) -> None:
        dispatcher.dispatch(inner)

    payload = {"handler": dispatcher.offer(outer)}
    error = raised_by(lambda: dispatcher.dispatch(payload))
    found = names(trim_traceback(error))
    assert found == ["raised_by", "<lambda>", "outer", "plain", "helper"]


def test_what_led_to_an_error_is_trimmed_too(dispatcher: Dispatcher) -> None:
    payload = {"handler": str(dispatcher.offer(plain))}

    def cause(event: ClickEvent) -> None:
        try:
            dispatcher.dispatch(payload)
        except Boom as error:
            raise ExceptionGroup("several", [error]) from error

    call = dispatcher.prepare({"handler": dispatcher.offer(cause)})
    with pytest.raises(ExceptionGroup) as caught:
        call.run()
    error = trim_traceback(caught.value)
    boom = error.__cause__
    assert boom is error.exceptions[0] is error.__context__
    assert boom is not None
    assert names(boom) == ["cause", "plain", "helper"]


def test_so_is_what_was_handled_before_and_what_a_group_holds(
    dispatcher: Dispatcher,
) -> None:
    payload = {"handler": str(dispatcher.offer(plain))}

    def handler(event: ClickEvent) -> None:
        held = raised_by(lambda: dispatcher.dispatch(payload))
        try:
            dispatcher.dispatch(payload)
        except Boom:
            raise ExceptionGroup("several", [held])  # noqa: B904 - the context alone

    call = dispatcher.prepare({"handler": dispatcher.offer(handler)})
    with pytest.raises(ExceptionGroup) as caught:
        call.run()
    error = trim_traceback(caught.value)
    assert error.__cause__ is None
    assert error.__context__ is not None
    assert names(error.__context__) == ["handler", "plain", "helper"]
    assert names(error.exceptions[0]) == ["raised_by", "<lambda>", "plain", "helper"]


def test_lines_are_those_of_the_error(dispatcher: Dispatcher) -> None:
    payload = {"handler": dispatcher.offer(plain)}
    error = raised_by(lambda: dispatcher.dispatch(payload))
    before = traceback.extract_tb(error.__traceback__)
    after = traceback.extract_tb(trim_traceback(error).__traceback__)
    assert [frame for frame in before if frame in after] == list(after)
    assert after[-1].line == "raise Boom"


def test_code_that_says_no_line_has_none_afterwards() -> None:
    def handler(event: ClickEvent) -> None:
        raise Boom

    handler.__code__ = handler.__code__.replace(co_linetable=b"")
    dispatcher = Dispatcher(Registry())
    payload = {"handler": dispatcher.offer(handler)}
    error = trim_traceback(raised_by(lambda: dispatcher.dispatch(payload)))
    lines: list[int | None] = [n for _, n in traceback.walk_tb(error.__traceback__)]
    assert len(lines) == 3
    assert lines[-1] is None


def test_an_error_without_a_traceback_stays_as_it_is() -> None:
    error = Boom()
    assert trim_traceback(error).__traceback__ is None


def test_a_refusal_shows_where_the_host_asked_and_who_refused() -> None:
    with pytest.raises(MalformedPayload) as caught:
        Dispatcher(Registry()).dispatch({})
    first, *rest = names(trim_traceback(caught.value))
    assert first == "test_a_refusal_shows_where_the_host_asked_and_who_refused"
    assert rest == ["read"]
