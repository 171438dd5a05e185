"""Tokens in the place of ids, and what they carry: a dispatcher's part of it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    Form,
    HandlerId,
    Identity,
    Registry,
    Tokens,
    rerender,
)
from handlerid.errors import (
    ExpiredToken,
    InvalidToken,
    MalformedPayload,
    NotAllowed,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
)
from handlerid.testing import RecordingDispatcher

KEY = b"0123456789abcdef0123456789abcdef"
ALICE, BOB = "the session of alice", "the session of bob"

partial_: Any = partial


def on_click(event: ClickEvent) -> str:
    return event.key


def append(text: str, event: ClickEvent) -> str:
    return text + event.key


def link(url: str) -> Callable[[ClickEvent], str]:
    def follow(event: ClickEvent) -> str:
        return url

    return follow


@dataclass(frozen=True)
class Cart:
    owner: str

    def add(self, event: ClickEvent) -> str:
        return f"{self.owner} {event.key}"


class Row:
    """Only the host knows how to keep it."""

    def __init__(self, number: int) -> None:
        self.number = number


def open_row(row: Row) -> Callable[[ClickEvent], int]:
    def opened(event: ClickEvent) -> int:
        return row.number

    return opened


def server(**options: Any) -> Dispatcher:
    """A server that scanned this module and rendered nothing."""
    identity = options.pop("identity", None)
    registry = Registry(captures="carry", identity=identity)
    registry.scan(__name__)
    return Dispatcher(registry, **{"tokens": Tokens(KEY), **options})


@pytest.fixture
def signed() -> Dispatcher:
    return Dispatcher(Registry(), tokens=Tokens(KEY))


# Tokens for ids.


def test_a_token_stands_for_the_id(signed: Dispatcher) -> None:
    text = signed.offer(on_click)
    handler_id = signed.registry.register(on_click)
    assert text.startswith("t1.")
    assert Tokens(KEY).verify(text).handler_id == handler_id
    payload = {"handler": text, "key": "k"}
    body = json.dumps(payload)
    form = Form({"handler": text, "key": "k"})
    for sent in (payload, body, body.encode(), memoryview(body.encode()), form):
        assert signed.dispatch(sent) == "k"


@pytest.mark.anyio
async def test_every_way_in_verifies_it(signed: Dispatcher) -> None:
    async def steps(event: ClickEvent) -> AsyncIterator[str]:
        yield event.key

    text = signed.offer(on_click, audience=ALICE)
    payload = {"handler": text, "key": "k"}
    assert signed.prepare(payload, audience=ALICE).run() == "k"
    assert await (await signed.aprepare(payload, audience=ALICE)).arun() == "k"
    assert signed.dispatch(payload, audience=ALICE) == "k"
    assert await signed.adispatch(payload, audience=ALICE) == "k"
    assert list(signed.stream(payload, audience=ALICE)) == ["k"]
    streamed = {"handler": signed.offer(steps, audience=ALICE), "key": "k"}
    assert [s async for s in signed.astream(streamed, audience=ALICE)] == ["k"]

    with pytest.raises(NotAllowed):
        signed.prepare(payload, audience=BOB)
    with pytest.raises(NotAllowed):
        await signed.aprepare(payload, audience=BOB)
    with pytest.raises(NotAllowed):
        signed.dispatch(payload, audience=BOB)
    with pytest.raises(NotAllowed):
        await signed.adispatch(payload, audience=BOB)
    with pytest.raises(NotAllowed):
        signed.stream(payload, audience=BOB)
    with pytest.raises(NotAllowed):
        signed.astream(payload, audience=BOB)
    with pytest.raises(NotAllowed):
        signed.dispatch(payload)


@pytest.mark.anyio
async def test_an_async_authorize_streams_for_the_audience() -> None:
    async def may(call: object) -> bool:
        return True

    async def steps(event: ClickEvent) -> AsyncIterator[str]:
        yield event.key

    signed = Dispatcher(Registry(), tokens=Tokens(KEY), authorize=may)
    payload = {"handler": signed.offer(steps, audience=ALICE), "key": "k"}
    assert [s async for s in signed.astream(payload, audience=ALICE)] == ["k"]
    with pytest.raises(NotAllowed):
        await anext(signed.astream(payload, audience=BOB))


def test_an_id_alone_was_offered_to_nobody(signed: Dispatcher) -> None:
    handler_id = signed.registry.register(on_click)
    with pytest.raises(InvalidToken):
        signed.dispatch({"handler": str(handler_id)})


def test_without_tokens_a_token_is_no_id(signed: Dispatcher) -> None:
    with pytest.raises(MalformedPayload):
        Dispatcher(signed.registry).dispatch({"handler": signed.offer(on_click)})


@pytest.mark.anyio
async def test_an_audience_without_tokens_would_protect_nothing() -> None:
    dispatcher = Dispatcher(Registry())
    payload = {"handler": dispatcher.offer(on_click)}
    ways: list[Callable[[], object]] = [
        lambda: dispatcher.offer(on_click, audience=ALICE),
        lambda: dispatcher.prepare(payload, audience=ALICE),
        lambda: dispatcher.dispatch(payload, audience=ALICE),
        lambda: dispatcher.stream(payload, audience=ALICE),
        lambda: dispatcher.astream(payload, audience=ALICE),
    ]
    for call in ways:
        with pytest.raises(ValueError, match="only a token can be bound to an aud"):
            call()
    with pytest.raises(ValueError, match="only a token can be bound"):
        await dispatcher.adispatch(payload, audience=ALICE)


def test_a_refused_token_is_told_to_the_recorder() -> None:
    recording = RecordingDispatcher(Registry(), tokens=Tokens(KEY))
    text = recording.offer(on_click, audience=ALICE)
    recording.dispatch({"handler": text}, audience=ALICE)
    with pytest.raises(NotAllowed):
        recording.dispatch({"handler": text}, audience=BOB)
    assert len(recording.calls) == 1
    assert [type(one) for one in recording.refusals] == [NotAllowed]


def test_authorize_is_asked_after_the_token_and_before_the_event() -> None:
    asked: list[HandlerId] = []

    def nobody(call: Any) -> bool:
        asked.append(call.handler.id)
        assert call.event is None
        return False

    signed = Dispatcher(Registry(), tokens=Tokens(KEY), authorize=nobody)
    text = signed.offer(on_click, audience=ALICE)
    with pytest.raises(NotAllowed, match="another audience"):
        signed.dispatch({"handler": text, "key": 7}, audience=BOB)
    assert asked == []
    with pytest.raises(NotAllowed, match="authorize refused"):
        signed.dispatch({"handler": text, "key": 7}, audience=ALICE)
    assert len(asked) == 1


# What tokens carry.


def test_carrying_needs_a_signature() -> None:
    with pytest.raises(ValueError, match="have to be signed"):
        Dispatcher(Registry(captures="carry"))


@pytest.mark.parametrize(
    ("fn", "answer"),
    [
        (link("/tea"), "/tea"),
        (link("/coffee"), "/coffee"),
        (on_click, "k"),
        (Cart("alice").add, "alice k"),
        (partial_(append, "bound "), "bound k"),
    ],
)
def test_a_server_that_rendered_nothing_answers(
    fn: Callable[..., object], answer: str
) -> None:
    renders, answers = server(), server()
    text = renders.offer(fn, ClickEvent, audience=ALICE)
    before = len(answers.registry)
    payload = {"handler": text, "key": "k"}
    assert answers.dispatch(payload, audience=ALICE) == answer
    assert len(answers.registry) == before, "what was rebuilt is kept by nobody"


def test_what_is_registered_is_not_rebuilt() -> None:
    dispatcher = server()
    fn = link("/tea")
    text = dispatcher.offer(fn)
    assert dispatcher.prepare({"handler": text}).handler.fn is fn


def test_what_is_rebuilt_has_the_id_of_the_token() -> None:
    text = server().offer(link("/tea"))
    call = server().prepare({"handler": text})
    assert call.handler.id == Tokens(KEY).verify(text).handler_id
    assert call.handler.event is ClickEvent


def test_captures_under_the_id_of_others_answer_nothing() -> None:
    """Somebody with a key would have to sign this; it is refused all the same."""
    tea, coffee = (server().offer(link(url)) for url in ("/tea", "/coffee"))
    tokens = Tokens(KEY)
    captures = tokens.verify(coffee).captures
    text = tokens.issue(tokens.verify(tea).handler_id, captures=captures)
    with pytest.raises((UnknownHandler, InvalidToken)):
        server().dispatch({"handler": text})


def test_a_page_that_is_rendered_here_is_asked_last() -> None:
    """Nothing was scanned, so what the token carries cannot be rebuilt."""
    rendered: list[str] = []

    def page(scope: Registry) -> None:
        rendered.append("page")
        scope.register(link("/tea"))

    text = server().offer(link("/tea"))
    registry = Registry(captures="carry")
    options: Any = {"tokens": Tokens(KEY), "resolvers": [rerender(page)]}
    assert Dispatcher(registry, **options).dispatch({"handler": text}) == "/tea"
    assert rendered == ["page"]
    assert server(**options).dispatch({"handler": text}) == "/tea"
    assert rendered == ["page"], "what a token carries comes before resolvers"


def test_a_page_of_other_code_is_stale() -> None:
    text = server().offer(link("/tea"))
    tokens = Tokens(KEY)
    verified = tokens.verify(text)
    other = str(verified.handler_id).replace(
        verified.handler_id.fingerprint, "aaaaaaaaaaaaaaaaaaaa"
    )
    text = tokens.issue(other, captures=verified.captures)
    with pytest.raises(StaleHandler):
        server().dispatch({"handler": text})


def test_an_event_type_that_nobody_here_defines() -> None:
    """A server that lacks the module of a host's own event says so."""
    text = server().offer(link("/tea"))
    tokens = Tokens(KEY)
    verified = tokens.verify(text)
    other = verified.handler_id.replace(".click", ".nobody_defines_this")
    text = tokens.issue(other, captures=verified.captures)
    with pytest.raises(UnknownHandler, match="no event type has the wire name of h1-"):
        server().dispatch({"handler": text})


def test_a_token_ends() -> None:
    text = server(tokens=Tokens(KEY)).offer(link("/tea"))
    with pytest.raises(ExpiredToken):
        server(tokens=Tokens(KEY, max_age=60)).dispatch({"handler": text})


def test_an_object_of_the_hosts_is_carried_as_the_host_says() -> None:
    identity = Identity(encoders={Row: lambda row: row.number})
    text = server(identity=identity, decoders={Row: Row}).offer(open_row(Row(7)))
    answers = server(identity=identity, decoders={Row: Row})
    assert answers.dispatch({"handler": text}) == 7
    with pytest.raises(UnstableCapture, match="row"):
        server(identity=identity).offer(open_row(Row(7)))
    with pytest.raises(UnstableCapture, match="row"):
        server().offer(open_row(Row(7)))


def test_only_what_the_host_names_is_pickled() -> None:
    identity = Identity(encoders={Row: lambda row: row.number})
    text = server(identity=identity, by_pickle=[Row]).offer(open_row(Row(7)))
    answers = server(identity=identity, by_pickle=[Row])
    assert answers.dispatch({"handler": text}) == 7
    with pytest.raises(StaleHandler):
        server(identity=identity).dispatch({"handler": text})


def test_a_named_handler_is_carried_under_its_name() -> None:
    def named() -> Dispatcher:
        dispatcher = server()
        dispatcher.registry.handler(name="visit")(link("/anything"))
        return dispatcher

    renders, answers = named(), named()
    text = renders.offer(link("/tea"))
    assert answers.dispatch({"handler": text}) == "/tea"


def test_a_scope_carries_as_its_registry_does() -> None:
    root = server().registry
    with root.scope() as scope:
        text = Dispatcher(scope, tokens=Tokens(KEY)).offer(link("/tea"))
    assert server().dispatch({"handler": text}) == "/tea"
    with root.scope() as scope:
        answers = Dispatcher(scope, tokens=Tokens(KEY))
        assert answers.dispatch({"handler": text}) == "/tea"


def test_what_is_carried_can_be_hidden_from_the_browser() -> None:
    def hiding() -> Dispatcher:
        return server(tokens=Tokens(KEY, encrypt=True))

    def read(text: str) -> bytes:
        body = text.split(".")[-2]
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))

    text = hiding().offer(link("/a-secret-place"))
    assert b"a-secret-place" in read(server().offer(link("/a-secret-place")))
    assert b"a-secret-place" not in read(text)
    assert hiding().dispatch({"handler": text}) == "/a-secret-place"
    with pytest.raises(ExpiredToken):
        server().dispatch({"handler": text})


def test_a_click_that_is_refused_later_has_used_its_token() -> None:
    used: set[bytes] = set()

    def first_use(nonce: bytes, expires: int | None) -> bool:
        first = nonce not in used
        used.add(nonce)
        return first

    dispatcher = Dispatcher(
        Registry(),
        tokens=Tokens(KEY, replay=first_use),
        authorize=lambda call: False,
    )
    text = dispatcher.offer(link("/tea"))
    with pytest.raises(NotAllowed):
        dispatcher.dispatch({"handler": text})
    with pytest.raises(ExpiredToken):
        dispatcher.dispatch({"handler": text})


def test_what_the_hook_against_replay_raises_passes_through() -> None:
    def down(nonce: bytes, expires: int | None) -> bool:
        raise ConnectionError("no store")

    dispatcher = Dispatcher(Registry(), tokens=Tokens(KEY, replay=down))
    text = dispatcher.offer(link("/tea"))
    with pytest.raises(ConnectionError):
        dispatcher.dispatch({"handler": text})
