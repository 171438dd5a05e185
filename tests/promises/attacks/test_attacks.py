"""What a client may try, and what it gets: nothing runs, nothing leaks.

The attempts are from outside, by a client that holds a page and no key. Every attempt
is made under an audit hook: a server that answers it imports nothing, evaluates nothing
and unpickles nothing.
"""

from __future__ import annotations

import base64
import json
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, InputEvent, Registry, Tokens, handler_id
from handlerid.errors import (
    ExpiredToken,
    GoneHandler,
    HandlerIdError,
    InvalidEvent,
    InvalidToken,
    MalformedPayload,
    OtherAudience,
    StaleHandler,
    UnknownHandler,
)
from tests.promises.attacks import app

KEY = b"the key of the servers, 32 bytes"
OTHER_KEY = b"the key of whoever attacks, here"
SENT = "a value that the client sent"
"""Stands in each payload, and must not come back."""

FORBIDDEN = {
    "compile",
    "exec",
    "import",
    "marshal.loads",
    "open",
    "os.system",
    "pickle.find_class",
    "subprocess.Popen",
}
watched: list[str] | None = None


def watch(event: str, _: object) -> None:
    if watched is not None and event in FORBIDDEN:
        watched.append(event)


sys.addaudithook(watch)


class Bomb:
    """Runs code where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return app.seen.append, ("boom",)


@dataclass
class Servers:
    """A page that one server rendered, and the other that gets what is sent."""

    ids: Dispatcher
    tokens: Dispatcher
    id: str
    token: str
    row_token: str


@pytest.fixture(scope="module")
def servers() -> Servers:
    used: set[bytes] = set()

    def first_use(nonce: bytes, _: object) -> bool:
        fresh = nonce not in used
        used.add(nonce)
        return fresh

    def dispatcher() -> Dispatcher:
        registry = Registry(captures="carry")
        registry.scan(app)
        return Dispatcher(registry, tokens=Tokens(KEY, max_age=3600, replay=first_use))

    page, other = dispatcher(), dispatcher()

    def offered(fn: Callable[[ClickEvent], None]) -> str:
        with page.scope(audience="alice") as scope:
            return scope.offer(fn)

    registry = Registry()
    registry.register(app.on_click)
    servers = Servers(
        ids=Dispatcher(registry),
        tokens=other,
        id=str(registry.register(app.on_click)),
        token=offered(app.link(app.SECRET)),
        row_token=offered(app.row_link(app.Row(7, app.SECRET))),
    )
    # What is not an attack works. This also does all that is done once.
    servers.ids.dispatch({"handler": servers.id})
    for fn in (app.link(app.SECRET), app.row_link(app.Row(7, app.SECRET))):
        text = offered(fn)
        servers.tokens.dispatch({"handler": text}, audience="alice")
    assert app.seen == [
        ("on_click", ClickEvent, ""),
        ("follow", app.SECRET),
        ("open_row", app.Row(7, app.SECRET)),
    ]
    return servers


@contextmanager
def nothing_happens(refusal: type[HandlerIdError]) -> Iterator[None]:
    """Checks that an attempt is refused, so, and that nothing else comes of it."""
    global watched  # noqa: PLW0603 - the hook stays for the whole process
    app.seen.clear()
    watched = []
    try:
        with pytest.raises(HandlerIdError) as caught:
            yield
    finally:
        events, watched = watched, None
    error = caught.value
    assert type(error) is refusal
    assert events == []
    assert app.seen == []
    for text in (str(error), error.public):
        assert app.SECRET not in text
        assert SENT not in text
        assert KEY.decode() not in text
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__


def other_id(fn: Callable[..., object], event: Any = ClickEvent) -> str:
    return str(handler_id(fn, event))


# Whatever stands for a handler, where ids do.

LETTER = "h1-aaaaaaaaaaaaa-aaaaaaaaaaaaaaaaaaaa"

TEXTS: dict[str, object] = {
    "nothing": "",
    "null": None,
    "a number": 7,
    "a list": [LETTER],
    "an object": {"handler": LETTER},
    "a dunder name": "__class__",
    "a dunder path": "on_click.__globals__",
    "a function of a module": "os:system",
    "the handler's own name": "tests.promises.attacks.app.on_click",
    "an expression": "__import__('os').system('true')",
    "a format string": "{0.__class__.__init__.__globals__}",
    "a tag of another format": "!!python/object/apply:os.system ['true']",
    "an id in upper case": LETTER.upper(),
    "an id with Cyrillic letters": LETTER.replace("a", "\u0430"),
    "an id with full-width letters": LETTER.replace("a", "\uff41"),
    "an id and a line break": LETTER + "\n",
    "an id and a null": LETTER + "\0",
    "an id and an override mark": "\u202e" + LETTER,
    "an id, escaped for a URL": LETTER.replace("-", "%2d"),
    "an id with spare bits": LETTER[:-1] + "b",
    "an id with a dunder event": LETTER + ".__class__",
    "two ids": LETTER + "," + LETTER,
    "a long text": "h1-" + "a" * 60_000,
    "a pickle": base64.b64encode(pickle.dumps(Bomb())).decode(),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_that_is_no_id(servers: Servers, text: object) -> None:
    with nothing_happens(MalformedPayload):
        servers.ids.dispatch({"handler": text, "key": SENT})


def test_an_id_of_another_format(servers: Servers) -> None:
    with nothing_happens(ExpiredToken):
        servers.ids.dispatch({"handler": "h2" + LETTER[2:], "key": SENT})


def test_a_function_that_was_never_registered(servers: Servers) -> None:
    with nothing_happens(UnknownHandler):
        servers.ids.dispatch({"handler": other_id(app.delete_all, None), "key": SENT})


def test_code_of_another_day(servers: Servers) -> None:
    text = servers.id[:17] + other_id(app.delete_all)[17:37] + ".click"
    with nothing_happens(StaleHandler):
        servers.ids.dispatch({"handler": text, "key": SENT})


def test_the_code_of_a_handler_at_the_place_of_another(servers: Servers) -> None:
    text = other_id(app.delete_all)[:17] + servers.id[17:]
    with nothing_happens(UnknownHandler):
        servers.ids.dispatch({"handler": text, "key": SENT})


def test_another_event(servers: Servers) -> None:
    text = other_id(app.on_click, InputEvent)
    with nothing_happens(UnknownHandler):
        servers.ids.dispatch({"handler": text, "key": SENT, "value": SENT})


def test_no_event(servers: Servers) -> None:
    with nothing_happens(UnknownHandler):
        servers.ids.dispatch({"handler": servers.id.partition(".")[0], "key": SENT})


def test_arguments_that_nobody_bound(servers: Servers) -> None:
    bind: Any = partial
    bound = other_id(bind(app.on_click, 1))
    with nothing_happens(StaleHandler):
        servers.ids.dispatch({"handler": bound, "key": SENT})


# Whatever else is in the payload.

BODIES: dict[str, bytes] = {
    "no JSON": SENT.encode(),
    "a pickle": pickle.dumps(Bomb()),
    "a list": b"[]",
    "a deep list": b"[" * 30_000,
    "a deep object": b'{"a":' * 10_000,
    "a large object": b'{"key":"' + b"a" * 70_000 + b'"}',
    "a key twice": b'{"handler":"%s","handler":"%s"}',
    "not a number": b'{"handler":"%s","client_x":NaN}',
    "an infinity": b'{"handler":"%s","client_x":1e999}',
    "a number of many digits": b'{"handler":"%s","client_x":' + b"9" * 5_000 + b"}",
    "no UTF-8": b'{"handler":"%s","key":"\xff"}',
    "half a pair": b'{"handler":"%s","key":"\\ud800"}',
    "something behind it": b'{"handler":"%s"}{}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read(servers: Servers, body: bytes) -> None:
    with nothing_happens(MalformedPayload):
        servers.ids.dispatch(body.replace(b"%s", servers.id.encode()))


@pytest.mark.parametrize(
    "fields",
    [
        {"key": {"__class__": SENT}},
        {"client_x": SENT},
        {"client_x": True},
        {"is_target": SENT},
        {"is_target": 1},
    ],
    ids=["an object as key", "a text", "a bool", "a text as bool", "a number as bool"],
)
def test_fields_of_other_types(servers: Servers, fields: dict[str, object]) -> None:
    with nothing_happens(InvalidEvent):
        servers.ids.dispatch({"handler": servers.id, **fields})


@pytest.mark.parametrize(
    "name", ["__class__", "__dict__", "__init__", "wire_name", "event", "type"]
)
def test_the_client_does_not_choose_what_the_event_is(
    servers: Servers, name: str
) -> None:
    """Such fields are ignored, or refused by who wants that."""
    payload = {"handler": servers.id, name: "handlerid.UploadEvent"}
    app.seen.clear()
    servers.ids.dispatch(payload)
    assert app.seen == [("on_click", ClickEvent, "")]
    strict = Dispatcher(servers.ids.registry, extra="refuse")
    strict.dispatch({"handler": servers.id})  # compiles its decoder, once
    with nothing_happens(InvalidEvent):
        strict.dispatch(payload)


# Tokens.


def _flip(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


TAMPERED: dict[str, Callable[[Servers], object]] = {
    "a text that is none": lambda s: SENT,
    "nothing": lambda s: "",
    "cut off": lambda s: s.token[:-1],
    "cut off in the middle": lambda s: s.token[: len(s.token) // 2],
    "made longer": lambda s: s.token + "A",
    "with white space": lambda s: s.token + "\n",
    "with padding": lambda s: s.token + "=",
    "one letter at the end": lambda s: _flip(s.token, len(s.token) - 3),
    "one letter in the middle": lambda s: _flip(s.token, len(s.token) // 2),
    "one letter at the start": lambda s: _flip(s.token, 5),
    "two halves of two": lambda s: s.token[:60] + s.row_token[60:],
    "the other alphabet": lambda s: "+/" + s.token[2:],
    "Cyrillic letters": lambda s: s.token.replace("a", "\u0430", 1) + "\u0430",
    "another key": lambda s: Tokens(OTHER_KEY).issue(s.id, audience="alice"),
    "a pickle": lambda s: "t1." + base64.urlsafe_b64encode(b"\x80\x04.").decode(),
    "a long text": lambda s: s.token + "A" * 40_000,
}


@pytest.mark.parametrize("make", TAMPERED.values(), ids=TAMPERED)
def test_a_token_that_was_tampered_with(
    servers: Servers, make: Callable[[Servers], object]
) -> None:
    text = make(servers)
    with nothing_happens(InvalidToken):
        servers.tokens.dispatch({"handler": text, "key": SENT}, audience="alice")


def test_an_id_where_a_token_is_required(servers: Servers) -> None:
    with nothing_happens(ExpiredToken):
        servers.tokens.dispatch({"handler": servers.id, "key": SENT}, audience="alice")


@pytest.mark.parametrize("audience", ["bob", "alic", "alicea", "Alice", "", None])
def test_a_token_of_somebody_else(servers: Servers, audience: str | None) -> None:
    with nothing_happens(OtherAudience):
        servers.tokens.dispatch({"handler": servers.token}, audience=audience)


def test_a_token_that_was_used(servers: Servers) -> None:
    with servers.tokens.scope(audience="alice") as scope:
        text = scope.offer(app.link("/once"))
    servers.tokens.dispatch({"handler": text}, audience="alice")
    with nothing_happens(ExpiredToken):
        servers.tokens.dispatch({"handler": text}, audience="alice")


def test_a_token_that_is_too_old(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    later = time.time() + 4000
    monkeypatch.setattr("handlerid._tokens.tokens.time", lambda: later)
    with nothing_happens(ExpiredToken):
        servers.tokens.dispatch({"handler": servers.token}, audience="alice")


@pytest.mark.parametrize(
    "carried",
    [
        b"\x00",
        b"\xff" * 100,
        b"{" * 10_000,
        b"[" * 10_000,
        pickle.dumps(Bomb()),
        b"cos\nsystem\n(S'true'\ntR.",
        b"acos\nsystem\n(S'true'\ntR.",
        b"bcos\nsystem\n(S'true'\ntR.",
        b"\xe3" + b"\0" * 40,
        json.dumps({"__reduce__": ["os.system", "true"]}).encode(),
    ],
)
def test_even_a_signature_makes_nothing_run(servers: Servers, carried: bytes) -> None:
    """Somebody signed what no server writes: it is read with the same care."""
    tokens = Tokens(KEY, max_age=3600, replay=lambda *_: True)
    unknown = str(Registry(captures="carry").register(app.link("/elsewhere")))
    text = tokens.issue(unknown, audience="alice", captures=carried)
    # A letter at the beginning might be a form of another release.
    other = carried[:1].isalpha() and carried[:1] not in b"ab"
    error = ExpiredToken if other else InvalidToken
    with nothing_happens(error):
        servers.tokens.dispatch({"handler": text}, audience="alice")


def test_a_signed_id_is_no_code() -> None:
    """A token names a function that nobody scanned: there is nothing to rebuild."""
    tokens = Tokens(KEY)
    page = Registry(captures="carry")
    page.scan(app)
    with Dispatcher(page, tokens=tokens).scope(audience=None) as scope:
        text = scope.offer(app.link(app.SECRET))
    server = Dispatcher(Registry(captures="carry"), tokens=tokens)
    with nothing_happens(GoneHandler):
        server.dispatch({"handler": text, "key": SENT}, audience=None)
