"""The recorder keeps calls and their outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator

import pytest

from handlerid import ClickEvent, Dispatcher, Registry
from handlerid.errors import MalformedPayload, UnknownHandler
from handlerid.testing import Recorder
from tests.support.fresh import run_fresh


def steps(event: ClickEvent) -> Generator[str, None, str]:
    yield "one"
    yield "two"
    return "done"


async def later(event: ClickEvent) -> str:
    return event.key


def fails(event: ClickEvent) -> None:
    raise KeyError(event.key)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def app(recorder: Recorder) -> Dispatcher:
    return Dispatcher(Registry(), observer=recorder)


def payload(app: Dispatcher, fn: Callable[..., object]) -> dict[str, object]:
    return {"handler": app.registry.register(fn), "key": "a"}


def test_it_keeps_calls_steps_and_results(app: Dispatcher, recorder: Recorder) -> None:
    assert app.dispatch(payload(app, steps)) == "done"
    assert list(app.prepare(payload(app, steps)).stream()) == ["one", "two"]
    assert asyncio.run(app.adispatch(payload(app, later))) == "a"
    assert [call.handler.fn for call in recorder.calls] == [steps, steps, later]
    assert recorder.calls[0].event == ClickEvent(key="a")
    assert recorder.steps == ["one", "two"] * 2
    assert recorder.results == ["done", "done", "a"]
    assert (recorder.errors, recorder.refusals) == ([], [])


def test_it_keeps_errors_and_refusals(app: Dispatcher, recorder: Recorder) -> None:
    with pytest.raises(KeyError) as caught:
        app.dispatch(payload(app, fails))
    assert recorder.errors == [caught.value]
    with pytest.raises(MalformedPayload):
        app.dispatch(b"{")
    with pytest.raises(UnknownHandler):
        app.prepare({"handler": "h1-" + "a" * 13 + "-" + "a" * 20})
    kinds = [type(error) for error in recorder.refusals]
    assert kinds == [MalformedPayload, UnknownHandler]
    assert repr(recorder) == (
        "<Recorder 1 calls, 0 steps, 0 results, 1 errors, 2 refusals>"
    )


def test_a_stream_closed_early(app: Dispatcher, recorder: Recorder) -> None:
    stream = app.prepare(payload(app, steps)).stream()
    assert next(stream) == "one"
    stream.close()
    assert (recorder.steps, recorder.results, recorder.errors) == (["one"], [None], [])


def test_it_needs_no_pytest() -> None:
    code = "import sys, handlerid.testing; print('pytest' in sys.modules)"
    assert run_fresh("-c", code) == "False\n"
