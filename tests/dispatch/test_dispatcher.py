"""From a payload to a call: the order of refusals, resolvers, and all that runs."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from handlerid import (
    Call,
    ClickEvent,
    Dispatcher,
    Event,
    InputBlurEvent,
    InputEnterEvent,
    Registry,
    rerender,
)
from handlerid.errors import (
    AsyncHandler,
    CapturesReplaced,
    FieldError,
    HandlerIdError,
    InvalidEvent,
    MalformedPayload,
    NotAllowed,
    StaleHandler,
    UnknownHandler,
)

HERE = __name__


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(Registry())


# The uses that the library exists for.


def test_a_counter(dispatcher: Dispatcher) -> None:
    clicks: list[str] = []

    def on_click(event: ClickEvent) -> None:
        clicks.append(event.key)

    handler_id = dispatcher.offer(on_click)
    for payload in (
        {"handler": handler_id, "key": "one"},
        json.dumps({"handler": handler_id, "key": "two"}),
        json.dumps({"handler": handler_id}).encode(),
        bytearray(json.dumps({"handler": handler_id, "client_x": 3}).encode()),
    ):
        dispatcher.dispatch(payload)
    assert clicks == ["one", "two", "", ""]


def test_one_function_behind_enter_and_click(dispatcher: Dispatcher) -> None:
    seen: list[object] = []

    def send(event: InputEnterEvent | ClickEvent) -> None:
        seen.append(event)

    enter = dispatcher.offer(send, InputEnterEvent)
    click = dispatcher.offer(send, ClickEvent)
    dispatcher.dispatch({"handler": enter, "value": "hello"})
    dispatcher.dispatch({"handler": click, "client_x": 1})
    assert seen == [InputEnterEvent(value="hello"), ClickEvent(client_x=1.0)]


def test_one_handler_for_every_field_of_a_form(dispatcher: Dispatcher) -> None:
    @dataclass
    class State:
        name: str = ""
        street: str = ""

    state = State()

    def on_blur(event: InputBlurEvent) -> None:
        setattr(state, event.key, event.value)

    handler_id = dispatcher.offer(on_blur)
    dispatcher.dispatch({"handler": handler_id, "key": "name", "value": "Ada"})
    dispatcher.dispatch({"handler": handler_id, "key": "street", "value": "Main"})
    assert state == State("Ada", "Main")


def test_the_closure_mistake_and_its_cure(dispatcher: Dispatcher) -> None:
    visited: list[str] = []

    def mistaken(url: str) -> str:
        def on_click(event: ClickEvent) -> None:
            visited.append(url)

        return dispatcher.offer(on_click)

    def cured(event: ClickEvent) -> None:
        visited.append(event.key)

    with pytest.warns(CapturesReplaced, match=r"on_click .* \(url\)"):
        links = [mistaken("/a"), mistaken("/b")]
    assert links[0] == links[1]
    dispatcher.dispatch({"handler": links[0], "key": "/a"})
    dispatcher.dispatch({"handler": dispatcher.offer(cured), "key": "/a"})
    assert visited == ["/b", "/a"]


def test_a_streaming_handler(dispatcher: Dispatcher) -> None:
    def steps(event: ClickEvent) -> Iterator[str]:
        yield "one"
        yield event.key

    payload = {"handler": dispatcher.offer(steps), "key": "two"}
    assert list(dispatcher.stream(payload)) == ["one", "two"]


@pytest.mark.anyio
async def test_async_handlers(dispatcher: Dispatcher) -> None:
    async def once(event: ClickEvent) -> str:
        return event.key

    async def steps(event: ClickEvent) -> AsyncIterator[str]:
        yield "one"
        yield event.key

    payload = {"handler": dispatcher.offer(once), "key": "k"}
    assert await dispatcher.adispatch(payload) == "k"
    assert [step async for step in dispatcher.astream(payload)] == ["k"]
    payload = {"handler": dispatcher.offer(steps), "key": "k"}
    assert [step async for step in dispatcher.astream(payload)] == ["one", "k"]
    assert await dispatcher.adispatch(payload) is None


def test_a_page_rendered_by_one_server_and_answered_by_another() -> None:
    def page(registry: Registry) -> list[str]:
        def on_click(event: ClickEvent) -> str:
            return f"clicked {event.key}"

        return [Dispatcher(registry).offer(on_click)]

    (handler_id,) = page(Registry())
    answering = Dispatcher(Registry(), resolvers=[rerender(page)])
    assert answering.dispatch({"handler": handler_id, "key": "k"}) == "clicked k"
    assert len(answering.registry) == 0


# Refusals, in their order.


def on_click(event: ClickEvent) -> str:
    return event.key


def on_blur(event: InputBlurEvent) -> str:
    return event.value


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"handler": None},
        {"handler": 1},
        {"handler": ["h1"]},
        {"handler": {"id": "h1"}},
        {"Handler": "h1"},
        b"{}",
        '{"handler": true}',
    ],
)
def test_a_payload_without_an_id(dispatcher: Dispatcher, payload: Any) -> None:
    with pytest.raises(MalformedPayload) as caught:
        dispatcher.prepare(payload)
    assert str(caught.value) == ('the payload names no handler: "handler" is the id')


@pytest.mark.parametrize(
    "text", ["", "os.system", "__main__.on_click", "on_click", "h1-" + "a" * 34]
)
def test_an_id_that_is_none_is_never_looked_up_elsewhere(
    dispatcher: Dispatcher, text: str
) -> None:
    with pytest.raises(MalformedPayload):
        dispatcher.prepare({"handler": text})


@pytest.mark.parametrize("payload", [1, None, [("handler", "x")], object()])
def test_what_is_no_object_is_malformed(dispatcher: Dispatcher, payload: Any) -> None:
    """A host may pass on what it read from JSON, and that may be a list."""
    with pytest.raises(MalformedPayload) as caught:
        dispatcher.prepare(payload)
    assert str(caught.value) == "the payload is not a JSON object"


def test_an_unknown_and_a_stale_handler(dispatcher: Dispatcher) -> None:
    handler_id = dispatcher.offer(on_click)
    other_code = f"{handler_id[:17]}{'a' * 20}.click"
    elsewhere = f"h1-{'a' * 13}{handler_id[16:]}"
    with pytest.raises(StaleHandler):
        dispatcher.prepare({"handler": other_code})
    with pytest.raises(UnknownHandler):
        dispatcher.prepare({"handler": elsewhere})


def test_an_event_that_does_not_fit_names_every_bad_field(
    dispatcher: Dispatcher,
) -> None:
    payload = {"handler": dispatcher.offer(on_click), "key": 7, "client_x": "secret"}
    with pytest.raises(InvalidEvent) as caught:
        dispatcher.prepare(payload)
    assert caught.value.event_type == "ClickEvent"
    assert caught.value.fields == (
        FieldError("key", "a string"),
        FieldError("client_x", "a finite number"),
    )
    assert str(caught.value) == (
        "the payload does not fit ClickEvent: key: expected a string; "
        "client_x: expected a finite number"
    )


def test_the_clients_word_on_the_event_is_not_asked(dispatcher: Dispatcher) -> None:
    handler_id = dispatcher.offer(on_blur)
    call = dispatcher.prepare(
        {"handler": handler_id, "value": "x", "event": "click", "type": "ClickEvent"}
    )
    assert call.event == InputBlurEvent(value="x")
    with pytest.raises(UnknownHandler):
        dispatcher.prepare({"handler": handler_id.replace("input_blur", "click")})


def test_extra_fields_are_ignored_or_refused() -> None:
    registry = Registry()
    payload: dict[Any, Any] = {
        "handler": registry.register(on_blur),
        "value": "x",
        "state": "s",
        "__class__": "y",
        7: "z",
    }
    assert Dispatcher(registry).dispatch(payload) == "x"
    with pytest.raises(InvalidEvent) as caught:
        Dispatcher(registry, extra="refuse").prepare(payload)
    assert caught.value.fields == (
        FieldError("state", "nothing of that name"),
        FieldError("__class__", "nothing of that name"),
        FieldError("7", "nothing of that name"),
    )
    with pytest.raises(InvalidEvent):
        Dispatcher(registry, extra="refuse").dispatch(payload)
    with pytest.raises(ValueError, match='extra must be "ignore" or "refuse"'):
        Dispatcher(registry, extra="drop")  # type: ignore[arg-type]


def test_the_limit_of_size_is_in_bytes() -> None:
    registry = Registry()
    handler_id = registry.register(on_blur)
    payload = json.dumps({"handler": handler_id, "value": "é" * 10}, ensure_ascii=False)
    size = len(payload.encode())
    assert Dispatcher(registry, max_bytes=size).dispatch(payload) == "é" * 10
    with pytest.raises(MalformedPayload) as caught:
        Dispatcher(registry, max_bytes=size - 1).prepare(payload)
    assert str(caught.value) == (
        f"the payload is larger than {size - 1} bytes, the limit of this dispatcher"
    )


def test_authorize_is_asked_before_decoding() -> None:
    registry = Registry()
    asked: list[Call] = []

    def authorize(call: Call) -> bool:
        asked.append(call)
        assert call.event is None
        return False

    dispatcher = Dispatcher(registry, authorize=authorize)
    handler_id = dispatcher.offer(on_click)
    with pytest.raises(NotAllowed) as caught:
        dispatcher.prepare({"handler": handler_id, "key": ["does not fit"]})
    assert str(caught.value) == f"authorize refused {HERE}.on_click"
    assert [call.handler.fn for call in asked] == [on_click]
    with pytest.raises(UnknownHandler):
        dispatcher.prepare({"handler": "h1-" + "a" * 13 + "-" + "a" * 20})
    assert len(asked) == 1


def test_authorize_may_say_yes() -> None:
    dispatcher = Dispatcher(Registry(), authorize=lambda call: True)
    assert (
        dispatcher.dispatch({"handler": dispatcher.offer(on_click), "key": "k"}) == "k"
    )


@pytest.mark.parametrize("method", ["dispatch", "stream", "astream", "prepare"])
def test_what_can_be_refused_is_refused_before_anything_runs(
    dispatcher: Dispatcher, method: str
) -> None:
    """Also by the methods that return a generator: it would refuse too late."""
    with pytest.raises(HandlerIdError):
        getattr(dispatcher, method)({"handler": "h1-" + "a" * 13 + "-" + "a" * 20})


def test_what_the_handler_raises_passes_through(dispatcher: Dispatcher) -> None:
    class Mine(Exception): ...

    def fails(event: ClickEvent) -> None:
        raise Mine

    with pytest.raises(Mine):
        dispatcher.dispatch({"handler": dispatcher.offer(fails)})


# Calls.


def test_a_call_runs_as_often_as_it_is_told_to(dispatcher: Dispatcher) -> None:
    runs: list[Event] = []

    def on_event(event: Event) -> None:
        runs.append(event)

    prepared = dispatcher.prepare({"handler": dispatcher.offer(on_event), "key": "k"})
    prepared.run()
    prepared.run()
    assert runs == [Event(key="k"), Event(key="k")]


def test_a_handler_that_takes_nothing_gets_nothing(dispatcher: Dispatcher) -> None:
    def on_nothing() -> str:
        return "called"

    call = dispatcher.prepare({"handler": dispatcher.offer(on_nothing), "key": "k"})
    assert call.run() == "called"
    assert call.event == Event(key="k")


# Resolvers.


def test_resolvers_are_asked_in_their_order_until_one_knows() -> None:
    asked: list[str] = []

    def knows_nothing(handler_id: str, scope: Registry) -> None:
        asked.append("nothing")

    def knows(handler_id: str, scope: Registry) -> None:
        asked.append("knows")
        scope.register(on_click)

    def never(handler_id: str, scope: Registry) -> None:
        asked.append("never")

    dispatcher = Dispatcher(Registry(), resolvers=[knows_nothing, knows, never])
    handler_id = Registry().register(on_click)
    assert dispatcher.dispatch({"handler": handler_id, "key": "k"}) == "k"
    assert asked == ["nothing", "knows"]


def test_a_registered_handler_needs_no_resolver() -> None:
    def fails(handler_id: str, scope: Registry) -> None:
        raise AssertionError

    dispatcher = Dispatcher(Registry(), resolvers=[fails])
    assert dispatcher.dispatch({"handler": dispatcher.offer(on_click)}) == ""


def test_what_is_not_an_id_reaches_no_resolver() -> None:
    def fails(handler_id: str, scope: Registry) -> None:
        raise AssertionError

    with pytest.raises(MalformedPayload):
        Dispatcher(Registry(), resolvers=[fails]).prepare({"handler": "x"})


def test_a_page_that_renders_other_code_makes_the_id_stale() -> None:
    handler_id = Registry().register(on_click)
    other_code = f"{handler_id[:17]}{'a' * 20}.click"

    def renders_nothing(scope: Registry) -> None: ...

    def renders(scope: Registry) -> None:
        scope.register(on_click)

    for pages in ([renders, renders_nothing], [renders_nothing, renders]):
        dispatcher = Dispatcher(Registry(), resolvers=map(rerender, pages))
        with pytest.raises(StaleHandler) as caught:
            dispatcher.prepare({"handler": other_code})
        assert caught.value.current == (handler_id,)


def test_what_a_page_raises_passes_through() -> None:
    def page(scope: Registry) -> None:
        raise ZeroDivisionError

    handler_id = Registry().register(on_click)
    with pytest.raises(ZeroDivisionError):
        Dispatcher(Registry(), resolvers=[rerender(page)]).prepare(
            {"handler": handler_id}
        )


# An authorize that has to be awaited.


async def ask_later(call: Call) -> bool:
    await anyio.lowlevel.checkpoint()
    assert call.event is None
    return call.handler.fn is on_click


def returns_awaitable(call: Call) -> Awaitable[bool]:
    return ask_later(call)


class AskLater:
    async def __call__(self, call: Call) -> bool:
        return await ask_later(call)


ASYNC_AUTHORIZE = {
    "async def": ask_later,
    "object with async __call__": AskLater(),
    "plain function that returns an awaitable": returns_awaitable,
}
by_kind = pytest.mark.parametrize(
    "authorize", ASYNC_AUTHORIZE.values(), ids=ASYNC_AUTHORIZE
)


@pytest.mark.anyio
@by_kind
async def test_an_async_authorize_is_awaited(authorize: Any) -> None:
    dispatcher = Dispatcher(Registry(), authorize=authorize)
    allowed = {"handler": dispatcher.offer(on_click), "key": "k"}
    refused = {"handler": dispatcher.offer(on_blur), "value": ["does not fit"]}
    assert await dispatcher.adispatch(allowed) == "k"
    call = await dispatcher.aprepare(allowed)
    assert [step async for step in call.astream()] == ["k"]
    for method in (dispatcher.aprepare, dispatcher.adispatch):
        with pytest.raises(NotAllowed) as caught:
            await method(refused)
        assert str(caught.value) == f"authorize refused {HERE}.on_blur"


@pytest.mark.anyio
@pytest.mark.parametrize("authorize", [ask_later, AskLater()])
async def test_a_stream_awaits_an_async_authorize_at_its_first_step(
    authorize: Any,
) -> None:
    dispatcher = Dispatcher(Registry(), authorize=authorize)
    allowed = {"handler": dispatcher.offer(on_click), "key": "k"}
    refused = {"handler": dispatcher.offer(on_blur), "value": ""}
    assert [step async for step in dispatcher.astream(allowed)] == ["k"]
    steps = dispatcher.astream(refused)
    with pytest.raises(NotAllowed):
        await anext(steps)


@pytest.mark.anyio
async def test_closing_such_a_stream_runs_finally() -> None:
    done: list[str] = []

    async def may(call: Call) -> bool:
        return True

    async def steps(event: ClickEvent) -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await anyio.lowlevel.checkpoint()
            done.append("finally")

    dispatcher = Dispatcher(Registry(), authorize=may)
    stream = dispatcher.astream({"handler": dispatcher.offer(steps)})
    async with aclosing(stream):
        assert await anext(stream) == 1
    assert done == ["finally"]


@by_kind
def test_where_nothing_awaits_it_an_async_authorize_is_no_yes(authorize: Any) -> None:
    """A coroutine is true: taken as it is, it would let everybody in."""
    dispatcher = Dispatcher(Registry(), authorize=authorize)
    payload = {"handler": dispatcher.offer(on_click)}
    for method in (dispatcher.prepare, dispatcher.dispatch, dispatcher.stream):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with pytest.raises(AsyncHandler) as caught:
                method(payload)
            gc.collect()
        assert warned == []
        assert str(caught.value) == (
            f"authorize is asynchronous, and was asked about {HERE}.on_click where "
            "nothing awaits it; use aprepare() or adispatch()"
        )


async def forgets_to_await(call: Call) -> object:
    return ask_later(call)


def yields(call: Call) -> Iterator[bool]:
    yield False


async def yields_later(call: Call) -> AsyncIterator[bool]:
    yield False


@pytest.mark.anyio
@pytest.mark.parametrize("authorize", [forgets_to_await, yields, yields_later])
async def test_what_would_have_to_be_awaited_or_iterated_over_is_no_yes(
    authorize: Any,
) -> None:
    dispatcher = Dispatcher(Registry(), authorize=authorize)
    payload = {"handler": dispatcher.offer(on_click)}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(NotAllowed) as caught:
            await dispatcher.adispatch(payload)
        if authorize is not forgets_to_await:
            with pytest.raises(NotAllowed):
                dispatcher.dispatch(payload)
        gc.collect()
    assert warned == []
    assert str(caught.value) == (
        f"authorize gave no answer about {HERE}.on_click: what it returned would have "
        "to be awaited, or iterated over"
    )


@pytest.mark.anyio
async def test_a_plain_authorize_is_asked_by_the_async_ways_too() -> None:
    dispatcher = Dispatcher(Registry(), authorize=lambda call: False)
    payload = {"handler": dispatcher.offer(on_click)}
    with pytest.raises(NotAllowed):
        await dispatcher.adispatch(payload)
    with pytest.raises(NotAllowed):
        dispatcher.astream(payload)


# The short way of dispatch: a dict, and nothing special told to the dispatcher.


@pytest.mark.anyio
@pytest.mark.parametrize("given", ["dict", "another mapping", "JSON", "authorized"])
async def test_the_short_way_and_the_long_one_do_the_same(given: str) -> None:
    authorize = (lambda call: True) if given == "authorized" else None
    dispatcher = Dispatcher(Registry(), authorize=authorize)

    def steps(event: ClickEvent) -> Iterator[str]:
        yield event.key

    async def later(event: ClickEvent) -> str:
        await anyio.lowlevel.checkpoint()
        return event.key

    def made(fn: Any) -> Any:
        fields = {"handler": str(dispatcher.offer(fn)), "key": "k"}
        if given == "another mapping":
            return MappingProxyType(fields)
        return json.dumps(fields) if given == "JSON" else fields

    assert dispatcher.dispatch(made(on_click)) == "k"
    assert await dispatcher.adispatch(made(on_click)) == "k"
    assert dispatcher.dispatch(made(steps)) is None
    assert await dispatcher.adispatch(made(steps)) is None
    assert await dispatcher.adispatch(made(later)) == "k"
    with pytest.raises(AsyncHandler):
        dispatcher.dispatch(made(later))


@pytest.mark.anyio
@pytest.mark.parametrize("handler_id", [None, 1, ["h1"], {}, "h1", "x"])
async def test_the_short_way_refuses_as_the_long_one_does(handler_id: object) -> None:
    dispatcher = Dispatcher(Registry())
    for payload in ({"handler": handler_id}, {}):
        with pytest.raises(MalformedPayload):
            dispatcher.dispatch(payload)
        with pytest.raises(MalformedPayload):
            await dispatcher.adispatch(payload)


def test_a_closed_scope_is_found_empty_by_its_dispatcher() -> None:
    with Registry().scope() as scope:
        dispatcher = Dispatcher(scope)
        payload: dict[str, object] = {"handler": str(dispatcher.offer(on_click))}
        assert dispatcher.dispatch(payload) == ""
    with pytest.raises(UnknownHandler):
        dispatcher.dispatch(payload)


def test_the_short_way_finds_what_the_parents_of_a_scope_hold() -> None:
    registry = Registry()
    payload: dict[str, object] = {"handler": str(registry.register(on_click))}
    with registry.scope() as scope:
        assert Dispatcher(scope).dispatch(payload) == ""


@pytest.mark.anyio
async def test_a_dispatcher_that_prepares_in_its_own_way_does_so_everywhere() -> None:
    prepared: list[str] = []

    class Mine(Dispatcher):
        def prepare(self, payload: Any, **kwargs: Any) -> Call:
            prepared.append("prepare")
            return super().prepare(payload, **kwargs)

    class MineToo(Dispatcher):
        async def aprepare(self, payload: Any, **kwargs: Any) -> Call:
            prepared.append("aprepare")
            return await super().aprepare(payload, **kwargs)

    for dispatcher in (Mine(Registry()), MineToo(Registry())):
        payload: dict[str, object] = {"handler": str(dispatcher.offer(on_click))}
        dispatcher.dispatch(payload)
        await dispatcher.adispatch(payload)
        list(dispatcher.stream(payload))
        dispatcher.astream(payload)
    assert prepared == ["prepare"] * 3 + ["aprepare"]
