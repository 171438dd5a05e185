"""References in pages: tokens in the place of ids, and what they carry."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    HandlerId,
    Identity,
    Observer,
    Registry,
    Tokens,
)
from handlerid.errors import (
    ExpiredToken,
    HandlerIdError,
    MalformedPayload,
    NotAllowed,
    OtherAudience,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
)
from handlerid.testing import Recorder
from tests.support.forms import as_form

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


def server(
    *, identity: Identity | None = None, unstable: Any = "refuse", **options: Any
) -> Dispatcher:
    """A server that scanned this module and rendered nothing."""
    registry = Registry(captures="carry", identity=identity, unstable=unstable)
    registry.scan(__name__)
    return Dispatcher(registry, **{"tokens": Tokens(KEY), **options})


def offer(
    app: Dispatcher,
    fn: Callable[..., object],
    event: type[ClickEvent] | None = None,
    audience: str | None = None,
) -> str:
    with app.scope(audience=audience) as scope:
        return scope.offer(fn, event)


def answer(app: Dispatcher, text: str, **fields: Any) -> object:
    return app.dispatch({"handler": text, **fields}, audience=None)


@pytest.fixture
def signed() -> Dispatcher:
    app = Dispatcher(Registry(), tokens=Tokens(KEY))
    app.registry.register(on_click)
    return app


# Tokens for ids.


def test_a_token_stands_for_the_id(signed: Dispatcher) -> None:
    text = offer(signed, on_click)
    handler_id = signed.registry.register(on_click)
    assert text.startswith("t1.")
    assert Tokens(KEY).verify(text).handler_id == handler_id
    payload = {"handler": text, "key": "k"}
    body = json.dumps(payload)
    form = as_form(payload)
    sent: Any
    for sent in (payload, body, body.encode(), memoryview(body.encode()), form):
        assert signed.dispatch(sent, audience=None) == "k"


@pytest.mark.anyio
async def test_every_way_in_verifies_the_audience(signed: Dispatcher) -> None:
    payload = {"handler": offer(signed, on_click, audience=ALICE), "key": "k"}
    assert signed.prepare(payload, audience=ALICE).run() == "k"
    assert (await signed.aprepare(payload, audience=ALICE)).run() == "k"
    assert signed.dispatch(payload, audience=ALICE) == "k"
    assert await signed.adispatch(payload, audience=ALICE) == "k"
    for other in (BOB, None):
        for way in (signed.prepare, signed.dispatch):
            with pytest.raises(OtherAudience, match="another audience"):
                way(payload, audience=other)
        for later in (signed.aprepare, signed.adispatch):
            with pytest.raises(OtherAudience, match="another audience"):
                await later(payload, audience=other)


def test_an_id_alone_was_offered_to_nobody(signed: Dispatcher) -> None:
    handler_id = signed.registry.register(on_click)
    with pytest.raises(ExpiredToken) as caught:
        answer(signed, str(handler_id))
    assert str(caught.value) == "an id: the page was rendered without tokens"
    assert not caught.value.aged


def test_a_token_where_ids_are_used_is_an_old_page(signed: Dispatcher) -> None:
    with pytest.raises(ExpiredToken) as caught:
        answer(Dispatcher(signed.registry), offer(signed, on_click))
    assert str(caught.value) == "not an h1 id: the page was rendered with tokens"
    assert not caught.value.aged


@pytest.mark.parametrize("reference", ["h2-of-a-later-release", "h10-x.click", "h0-"])
def test_an_id_of_another_format_is_of_a_page_of_another_release(
    signed: Dispatcher, reference: str
) -> None:
    observed = Recorder()
    app = Dispatcher(signed.registry, observer=observed)
    with pytest.raises(ExpiredToken) as caught:
        answer(app, reference)
    assert str(caught.value) == (
        "not an h1 id: the page was rendered with ids of another format"
    )
    assert caught.value.reload
    assert observed.refusals == [caught.value]


@pytest.mark.parametrize(
    "reference", ["h1-", "h1-x", "h2", "h-2", "xh2-", "ha2-", "t2"]
)
def test_what_only_begins_like_an_id_cannot_be_read(
    signed: Dispatcher, reference: str
) -> None:
    with pytest.raises(MalformedPayload):
        answer(Dispatcher(signed.registry), reference)


def test_a_refused_token_is_told_to_the_observer(signed: Dispatcher) -> None:
    refused: list[HandlerIdError] = []

    class Seeing(Observer):
        def refused(self, error: HandlerIdError) -> None:
            refused.append(error)

    app = Dispatcher(signed.registry, tokens=Tokens(KEY), observer=Seeing())
    text = offer(app, on_click, audience=ALICE)
    with pytest.raises(OtherAudience):
        app.dispatch({"handler": text}, audience=BOB)
    assert [type(one) for one in refused] == [OtherAudience]


def test_authorize_is_asked_after_the_token_and_before_the_event() -> None:
    asked: list[HandlerId] = []

    def nobody(call: Any) -> bool:
        asked.append(call.handler.id)
        assert (call.event, call.audience) == (None, ALICE)
        return False

    app = Dispatcher(Registry(), tokens=Tokens(KEY), authorize=nobody)
    app.registry.register(on_click)
    text = offer(app, on_click, audience=ALICE)
    with pytest.raises(OtherAudience, match="another audience"):
        app.dispatch({"handler": text, "key": 7}, audience=BOB)
    assert asked == []
    with pytest.raises(NotAllowed, match="authorize refused"):
        app.dispatch({"handler": text, "key": 7}, audience=ALICE)
    assert len(asked) == 1


# What tokens carry.


def test_carrying_needs_a_signature() -> None:
    with pytest.raises(ValueError, match="have to be signed"):
        Dispatcher(Registry(captures="carry"))


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (link("/tea"), "/tea"),
        (link("/coffee"), "/coffee"),
        (on_click, "k"),
        (Cart("alice").add, "alice k"),
        (partial_(append, "bound "), "bound k"),
    ],
)
def test_a_server_that_rendered_nothing_answers(
    fn: Callable[..., object], expected: str
) -> None:
    renders, answers = server(), server()
    text = offer(renders, fn, ClickEvent, ALICE)
    before = len(answers.registry)
    payload = {"handler": text, "key": "k"}
    assert answers.dispatch(payload, audience=ALICE) == expected
    assert len(answers.registry) == before, "what was rebuilt is kept by nobody"


def test_what_is_registered_is_not_rebuilt() -> None:
    app = server()
    fn = link("/tea")
    app.registry.register(fn)
    call = app.prepare({"handler": offer(app, fn)}, audience=None)
    assert (call.handler.fn, call.source) == (fn, "registry")


def test_what_is_rebuilt_has_the_id_of_the_token() -> None:
    text = offer(server(), link("/tea"))
    call = server().prepare({"handler": text}, audience=None)
    assert call.handler.id == Tokens(KEY).verify(text).handler_id
    assert (call.handler.event, call.handler.kind) == (ClickEvent, "plain")


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (link("/tea"), "link.<locals>.follow"),
        (Cart("alice").add, "Cart.add"),
        (partial_(append, "bound "), "append"),
    ],
)
def test_what_is_rebuilt_is_named_in_its_repr(
    fn: Callable[..., object], name: str
) -> None:
    text = offer(server(), fn, ClickEvent)
    call = server().prepare({"handler": text}, audience=None)
    assert repr(call) == f"<Call of {__name__}.{name} from token>"
    handler_id = call.handler.id
    assert (handler_id.module, handler_id.qualname) == (__name__, name)
    expected = f"<RegisteredHandler {__name__}.{name}: plain, {handler_id}>"
    assert repr(call.handler) == expected


def test_a_page_of_other_code_is_stale() -> None:
    text = offer(server(), link("/tea"))
    tokens = Tokens(KEY)
    verified = tokens.verify(text)
    other = str(verified.handler_id).replace(
        verified.handler_id.fingerprint, "aaaaaaaaaaaaaaaaaaaa"
    )
    text = tokens.issue(other, captures=verified.captures)
    with pytest.raises(StaleHandler):
        answer(server(), text)


def test_an_event_type_that_nobody_here_defines() -> None:
    """A server that lacks the module of a host's own event says so."""
    text = offer(server(), link("/tea"))
    tokens = Tokens(KEY)
    verified = tokens.verify(text)
    other = verified.handler_id.replace(".click", ".nobody_defines_this")
    text = tokens.issue(other, captures=verified.captures)
    with pytest.raises(UnknownHandler) as caught:
        answer(server(), text)
    assert str(caught.value) == (
        f"no event type has the wire name of {other}: is the module that defines it "
        "imported here?"
    )


def test_a_token_ends() -> None:
    text = offer(server(tokens=Tokens(KEY)), link("/tea"))
    with pytest.raises(ExpiredToken):
        answer(server(tokens=Tokens(KEY, max_age=60)), text)


def test_an_object_of_the_hosts_is_carried_as_the_host_says() -> None:
    def both() -> Identity:
        return Identity(encoders={Row: lambda row: row.number}, decoders={Row: Row})

    text = offer(server(identity=both()), open_row(Row(7)))
    assert answer(server(identity=both()), text) == 7
    one_way = Identity(encoders={Row: lambda row: row.number})
    for identity in (one_way, None):
        with pytest.raises(UnstableCapture, match="row"):
            offer(server(identity=identity), open_row(Row(7)))


def test_what_was_left_out_of_the_id_is_carried_by_no_token() -> None:
    app = server(unstable="omit")
    text = offer(app, open_row(Row(7)))
    assert Tokens(KEY).verify(text).captures == b""
    with pytest.raises(UnknownHandler):
        answer(app, text)

    def render(scope: Any) -> None:
        scope.offer(open_row(Row(8)))

    assert app.dispatch({"handler": text}, audience=None, rerender=render) == 8


def test_a_named_handler_is_carried_under_its_name() -> None:
    def named() -> Dispatcher:
        app = server()
        app.registry.handler(name="visit")(link("/anything"))
        return app

    text = offer(named(), link("/tea"))
    assert answer(named(), text) == "/tea"


def test_what_is_carried_can_be_hidden_from_the_browser() -> None:
    def hiding() -> Dispatcher:
        return server(tokens=Tokens(KEY, encrypt=True))

    def read(text: str) -> bytes:
        body = text.split(".")[-2]
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))

    text = offer(hiding(), link("/a-secret-path"))
    assert b"a-secret-path" in read(offer(server(), link("/a-secret-path")))
    assert b"a-secret-path" not in read(text)
    assert answer(hiding(), text) == "/a-secret-path"
    with pytest.raises(ExpiredToken):
        answer(server(), text)


# The hook against replay.


def test_a_click_that_is_refused_later_has_used_its_token() -> None:
    used: set[bytes] = set()

    def first_use(nonce: bytes, expires: int | None) -> bool:
        first = nonce not in used
        used.add(nonce)
        return first

    app = Dispatcher(
        Registry(),
        tokens=Tokens(KEY, replay=first_use),
        authorize=lambda call: False,
    )
    app.registry.register(on_click)
    text = offer(app, on_click)
    with pytest.raises(NotAllowed):
        answer(app, text)
    with pytest.raises(ExpiredToken):
        answer(app, text)


def test_what_the_hook_against_replay_raises_passes_through() -> None:
    def down(nonce: bytes, expires: int | None) -> bool:
        raise ConnectionError("no store")

    app = Dispatcher(Registry(), tokens=Tokens(KEY, replay=down))
    with pytest.raises(ConnectionError):
        answer(app, offer(app, on_click))
