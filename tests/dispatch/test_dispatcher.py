"""From a payload to a call: uses, refusals and their order, mistakes of the host."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

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
    Scope,
    Tokens,
)
from handlerid.errors import (
    AsyncHandler,
    CapturesReplaced,
    FieldError,
    InvalidEvent,
    MalformedPayload,
    NoDecision,
    NotAllowed,
    StaleHandler,
    UnknownHandler,
)
from tests.support.forms import as_form

HERE = __name__
ELSEWHERE = f"h1-{'a' * 13}-{'a' * 20}"


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def app(registry: Registry) -> Dispatcher:
    return Dispatcher(registry)


def on_click(event: ClickEvent) -> str:
    return event.key


def on_blur(event: InputBlurEvent) -> str:
    return event.value


# The uses that the library exists for.


def test_the_ten_lines_of_the_design() -> None:
    app = Dispatcher(Registry())

    def render(state: dict[str, int], scope: Scope) -> str:
        def add(event: ClickEvent) -> None:
            state["count"] += 1

        return f'<button data-handler="{scope.offer(add)}">{state["count"]}</button>'

    def answer(state: dict[str, int], payload: Any) -> str:
        app.dispatch(payload, rerender=partial(render, state))
        with app.scope() as scope:
            return render(state, scope)

    state = {"count": 0}
    with app.scope() as scope:
        page = render(state, scope)
    body = json.dumps({"handler": page.split('"')[1]})
    assert answer(state, body).endswith(">1</button>")
    assert answer(state, body.encode()).endswith(">2</button>")
    assert len(app.registry) == 0


def test_one_function_behind_enter_and_click(app: Dispatcher) -> None:
    seen: list[object] = []

    def send(event: InputEnterEvent | ClickEvent) -> None:
        seen.append(event)

    with app.scope() as scope:
        enter, click = scope.offer(send, InputEnterEvent), scope.offer(send, ClickEvent)
    app.dispatch({"handler": enter, "value": "hello"}, scope=scope)
    app.dispatch({"handler": click, "client_x": 1}, scope=scope)
    assert seen == [InputEnterEvent(value="hello"), ClickEvent(client_x=1.0)]


def test_the_closure_mistake_and_its_cure(app: Dispatcher) -> None:
    visited: list[str] = []

    def mistaken(url: str) -> str:
        def follow(event: ClickEvent) -> None:
            visited.append(url)

        return scope.offer(follow)

    def cured(event: ClickEvent) -> None:
        visited.append(event.key)

    scope = app.scope()
    with pytest.warns(CapturesReplaced, match=r"follow .*url"):
        links = [mistaken("/a"), mistaken("/b")]
    assert links[0] == links[1]
    app.dispatch({"handler": links[0], "key": "/a"}, scope=scope)
    app.dispatch({"handler": scope.offer(cured), "key": "/a"}, scope=scope)
    assert visited == ["/b", "/a"]


# Payloads: every kind, by every way in.


@pytest.mark.anyio
async def test_every_kind_of_payload_goes_every_way(registry: Registry) -> None:
    fields = {"handler": str(registry.register(on_click)), "key": "k"}
    text = json.dumps(fields)
    payloads: list[Any] = [
        *(fields, MappingProxyType(fields), as_form(fields), text, text.encode()),
        *(bytearray(text.encode()), memoryview(text.encode())),
    ]
    for json_reader in ("standard", "msgspec"):
        app = Dispatcher(registry, json=json_reader)
        for payload in payloads:
            assert app.dispatch(payload) == "k"
            assert await app.adispatch(payload) == "k"
            assert app.prepare(payload).run() == "k"
            assert await (await app.aprepare(payload)).arun() == "k"


def test_a_host_with_fields_of_its_own_reads_first(app: Dispatcher) -> None:
    handler_id = app.registry.register(on_click)
    body = app.read(json.dumps({"handler": handler_id, "key": "k", "state": [1]}))
    assert body.pop("state") == [1]
    assert app.dispatch(body) == "k"
    with pytest.raises(MalformedPayload):
        app.read(b'{"a": 1, "a": 2}')


def test_a_host_with_its_own_event_calls_at_once(registry: Registry) -> None:
    app = Dispatcher(registry, authorize=lambda call: False)
    handler = registry.resolve(registry.register(on_click))
    call = app.call(handler, ClickEvent(key="k"), audience="alice")
    assert (call.source, call.audience, call.run()) == ("host", "alice", "k")
    with pytest.raises(TypeError) as caught:
        app.call(on_click, ClickEvent())  # type: ignore[arg-type]
    text = f"handler must be what registry.resolve(id) returns, not {HERE}.on_click"
    assert str(caught.value).startswith(text)


def test_a_handler_that_takes_nothing_gets_nothing(app: Dispatcher) -> None:
    def on_nothing() -> str:
        return "called"

    payload = {"handler": app.registry.register(on_nothing), "key": "k"}
    call = app.prepare(payload)
    assert (call.run(), call.event) == ("called", Event(key="k"))


# Refusals, in their order.


@pytest.mark.parametrize(
    "payload",
    [
        *(
            {},
            {"handler": None},
            {"handler": 1},
            {"handler": ["h1"]},
            {"Handler": "h1"},
        ),
        *({"handler": {"id": "h1"}}, b"{}", '{"handler": true}'),
    ],
)
def test_a_payload_that_names_no_handler(app: Dispatcher, payload: Any) -> None:
    with pytest.raises(MalformedPayload) as caught:
        app.prepare(payload)
    assert str(caught.value) == 'the payload names no handler in "handler"'


@pytest.mark.parametrize("payload", [1, 1.5, True, [("handler", "x")], "[]", b"1"])
def test_what_is_no_object_is_malformed(app: Dispatcher, payload: Any) -> None:
    """A host may pass on what it read from JSON, and that may be a list."""
    with pytest.raises(MalformedPayload) as caught:
        app.prepare(payload)
    assert str(caught.value) == "the payload is not a JSON object"


@pytest.mark.parametrize(
    "text", ["", "os.system", "__main__.on_click", "on_click", "h1-" + "a" * 34]
)
def test_what_is_no_id_reaches_no_function_of_the_host(
    registry: Registry, text: str
) -> None:
    def fails(*_: object) -> None:
        raise AssertionError

    app = Dispatcher(registry, resolvers=[fails])
    with pytest.raises(MalformedPayload):
        app.prepare({"handler": text}, rerender=fails)


def test_an_unknown_and_a_stale_handler(app: Dispatcher) -> None:
    handler_id = app.registry.register(on_click)
    with pytest.raises(StaleHandler):
        app.prepare({"handler": f"{handler_id[:17]}{'a' * 20}.click"})
    with pytest.raises(UnknownHandler):
        app.prepare({"handler": ELSEWHERE})


def test_the_clients_word_on_the_event_is_not_asked(app: Dispatcher) -> None:
    handler_id = app.registry.register(on_blur)
    payload = {"handler": handler_id, "value": "x", "event": "click", "type": "Click"}
    assert app.prepare(payload).event == InputBlurEvent(value="x")
    with pytest.raises(UnknownHandler):
        app.prepare({"handler": handler_id.replace("input_blur", "click")})


def test_an_event_that_does_not_fit_names_every_bad_field(app: Dispatcher) -> None:
    handler_id = app.registry.register(on_click)
    with pytest.raises(InvalidEvent) as caught:
        app.prepare({"handler": handler_id, "key": 7, "client_x": "secret"})
    assert caught.value.fields == (
        FieldError("key", "a string"),
        FieldError("client_x", "a finite number"),
    )


@dataclass(kw_only=True)
class PickEvent(Event):
    row: int = 0


def on_pick(event: PickEvent) -> int:
    return event.row


def test_extra_fields_are_ignored_or_refused(registry: Registry) -> None:
    """By default refused for the host's own events: a renamed field is not lost."""
    own = {"handler": registry.register(on_pick), "row": 1, "line": 2}
    ours: dict[Any, Any] = {"handler": registry.register(on_blur), "value": "x", 7: 8}

    def refused(app: Dispatcher, payload: Any) -> list[str]:
        with pytest.raises(InvalidEvent):
            app.prepare(as_form({k: str(v) for k, v in payload.items()}))
        with pytest.raises(InvalidEvent) as caught:
            app.prepare(payload)
        return [one.path for one in caught.value.fields]

    assert refused(Dispatcher(registry), own) == ["line"]
    assert Dispatcher(registry).dispatch(ours) == "x"
    assert Dispatcher(registry, extra="ignore").dispatch(own) == 1
    strict = Dispatcher(registry, extra="refuse")
    assert (refused(strict, own), refused(strict, ours)) == (["line"], ["7"])


def test_a_stale_id_that_is_accepted_refuses_extra_fields() -> None:
    """The page is older or newer: its fields may have had other names."""
    registry = Registry(stale="accept")
    handler_id = registry.register(on_blur)
    stale = f"{handler_id[:17]}{'a' * 20}.input_blur"
    for app in (Dispatcher(registry), Dispatcher(registry, extra="ignore")):
        assert app.dispatch({"handler": stale, "value": "x"}) == "x"
        with pytest.raises(InvalidEvent):
            app.dispatch({"handler": stale, "value": "x", "text": "y"})


def test_the_limit_of_size_is_in_bytes(registry: Registry) -> None:
    handler_id = registry.register(on_blur)
    payload = json.dumps({"handler": handler_id, "value": "é" * 10}, ensure_ascii=False)
    size = len(payload.encode())
    assert Dispatcher(registry, max_bytes=size).dispatch(payload) == "é" * 10
    with pytest.raises(MalformedPayload):
        Dispatcher(registry, max_bytes=size - 1).prepare(payload)


def test_what_the_handler_raises_passes_through(app: Dispatcher) -> None:
    class Mine(Exception): ...

    def fails(event: ClickEvent) -> None:
        raise Mine

    with pytest.raises(Mine):
        app.dispatch({"handler": app.registry.register(fails)})


# authorize.

person: ContextVar[str] = ContextVar("person", default="nobody")


def test_authorize_is_asked_before_decoding(registry: Registry) -> None:
    asked: list[Call] = []

    def authorize(call: Call) -> bool:
        asked.append(call)
        assert call.event is None
        return False

    app = Dispatcher(registry, authorize=authorize)
    payload = {"handler": registry.register(on_click), "key": ["does not fit"]}
    with pytest.raises(NotAllowed) as caught:
        app.prepare(payload, audience="alice")
    assert str(caught.value) == (
        f"authorize refused {HERE}.on_click: it returned False, not True"
    )
    assert [(one.handler.fn, one.audience) for one in asked] == [(on_click, "alice")]
    with pytest.raises(UnknownHandler):
        app.prepare({"handler": ELSEWHERE})
    assert len(asked) == 1


async def says_yes(call: Call) -> bool:
    await anyio.lowlevel.checkpoint()
    person.set("alice")
    return call.handler.fn is not on_blur


class SaysYes:
    async def __call__(self, call: Call) -> bool:
        return await says_yes(call)


ASYNC: dict[str, Callable[[Call], Awaitable[bool]]] = {
    "an async def": says_yes,
    "an object": SaysYes(),
    "a function that returns an awaitable": lambda call: says_yes(call),  # noqa: PLW0108 - no async def itself
}


def whoami() -> str:
    return person.get()


@pytest.mark.anyio
@pytest.mark.parametrize("authorize", ASYNC.values(), ids=ASYNC)
async def test_an_async_authorize_is_awaited_in_the_context_of_the_call(
    registry: Registry, authorize: Any
) -> None:
    app = Dispatcher(registry, authorize=authorize)
    assert await app.adispatch({"handler": registry.register(whoami)}) == "alice"
    assert person.get() == "nobody"
    refused = {"handler": registry.register(on_blur), "value": ["does not fit"]}
    with pytest.raises(NotAllowed):
        await app.aprepare(refused)


@pytest.mark.parametrize("authorize", ASYNC.values(), ids=ASYNC)
def test_an_async_authorize_is_no_yes_where_nothing_awaits(
    registry: Registry, authorize: Any
) -> None:
    """A coroutine is true: taken as it is, it would let everybody in."""
    app = Dispatcher(registry, authorize=authorize)
    payload = {"handler": registry.register(on_click)}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for way in (app.prepare, app.dispatch):
            with pytest.raises(AsyncHandler) as caught:
                way(payload)
            assert str(caught.value) == (
                "authorize is asynchronous: use aprepare() or adispatch()"
            )
        gc.collect()
    assert warned == []


async def returns_a_coroutine(call: Call) -> object:
    return says_yes(call)


def yields(call: Call) -> Iterator[bool]:
    yield True


def a_future() -> Future[bool]:
    future: Future[bool] = Future()
    future.set_result(True)  # of concurrent.futures: nothing awaits it
    return future


async def yields_later(call: Call) -> AsyncIterator[bool]:
    yield True


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("authorize", "what"),
    [
        *((lambda call: 1, "int"), (lambda call: "no", "str"), (yields, "generator")),
        *((lambda call: None, "NoneType"), (yields_later, "async_generator")),
        (returns_a_coroutine, "coroutine"),
        *((lambda call: (False, "no"), "tuple"), (lambda call: [True], "list")),
        *(
            (lambda call: NotImplemented, "NotImplementedType"),
            (lambda call: says_yes, "function"),
        ),
        *(
            (lambda call: PermissionError(), "PermissionError"),
            (lambda call: a_future(), "Future"),
        ),
    ],
)
async def test_only_true_is_a_yes(
    registry: Registry, authorize: Any, what: str
) -> None:
    app = Dispatcher(registry, authorize=authorize)
    payload = {"handler": registry.register(on_click)}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(NotAllowed) as caught:
            await app.adispatch(payload)
        gc.collect()
    assert warned == []
    assert isinstance(caught.value, NoDecision)
    assert isinstance(caught.value, TypeError)
    assert str(caught.value) == (
        f"authorize refused {HERE}.on_click: it returned {what}, not True"
    )


# The context: one copy, in which everything of a call runs.


def test_a_call_has_one_context(registry: Registry) -> None:
    def authorize(call: Call) -> bool:
        person.set("authorized")
        return True

    def handler() -> str:
        before = person.get()
        person.set("handled")
        return before

    app = Dispatcher(registry, authorize=authorize)
    call = app.prepare({"handler": registry.register(handler)})
    assert call.run() == "authorized"
    assert call.context.run(person.get) == "handled"
    assert person.get() == "nobody"


# Mistakes of the host: a TypeError with a text, never a 400.


async def body() -> bytes:
    return b""


TAKEN = "payload must be JSON, a mapping or a Form, not "


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (lambda: None, f"{TAKEN}NoneType"),
        (body, f"{TAKEN}coroutine; did you forget to await it?"),
        (lambda: body, f"{TAKEN}{HERE}.body; did you forget to call it?"),
        (object, f"{TAKEN}object"),
    ],
)
def test_a_payload_that_is_none(app: Dispatcher, payload: Any, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TypeError) as caught:
            app.dispatch(payload())
        gc.collect()
    assert str(caught.value) == text


SIGNED: Any = {"tokens": Tokens(b"0123456789abcdef")}


def test_the_registry_is_read_only_and_reprs_tell(app: Dispatcher) -> None:
    app.registry.register(on_click)
    with pytest.raises(AttributeError):
        app.registry = Registry()  # type: ignore[misc]
    for name in ("authorize", "tokens", "resolvers", "observer", "extra"):
        with pytest.raises(AttributeError):  # what is set too late is not ignored
            setattr(app, name, None)
    assert repr(app).startswith("<Dispatcher of <Registry")
    assert repr(Dispatcher(app.registry, **SIGNED)).endswith(", with tokens>")
    call = app.prepare({"handler": app.registry.register(on_click)})
    assert repr(call) == f"<Call of {HERE}.on_click from registry>"
