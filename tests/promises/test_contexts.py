"""No error that a payload causes leads to the payload: causes, contexts, locals."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    Event,
    Registry,
    Tokens,
    handler_id,
)
from handlerid.errors import HandlerIdError, InvalidEvent, UnsupportedHandler
from handlerid.executors import PickledHandler, Worker, _sign, _signer, submit
from tests.support.forms import as_form

SECRET = "S3CRET-value"
KEY = b"a-secret-of-sender-and-worker"


class Colour(Enum):
    RED = "red"


@dataclass(kw_only=True)
class TeaOrder(Event):
    count: int = 0
    share: float = 0.0
    day: date | None = None
    colour: Colour = Colour.RED
    data: bytes = b""

    def __post_init__(self) -> None:
        if self.count > 1:
            raise ValueError(f"{SECRET} is too much")


def on_order(event: TeaOrder) -> None: ...


BODIES = [
    SECRET,
    f'"{SECRET}"',
    f'{{"{SECRET}":',
    f'{{"{SECRET}":1,"{SECRET}":2}}',
    f'{{"a":"{SECRET}","b":NaN}}',
    f'{{"a":"{SECRET}","b":1e999}}',
    f'{{"a":"{SECRET}","b":{"9" * 5000}}}',
    f'{{"a":"{SECRET}","b":[{"9" * 5000}]}}',
    f'{{"a":"{SECRET}\\ud800"}}',
    f'{{"a":"{SECRET}\ud800"}}',
    f'["{SECRET}"]',
    " " + SECRET,
    "[" * 40 + SECRET,
]


def everything(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, its causes and its contexts, the suppressed ones too."""
    while error is not None:
        yield error
        yield from everything(error.__cause__)
        error = error.__context__


def check(error: BaseException) -> None:
    for one in everything(error):
        held = [str(one), repr(one), repr(one.args), repr(vars(one))]
        held += [repr(getattr(one, name, "")) for name in ("doc", "object")]
        assert not [text for text in held if SECRET in text], type(one)


@pytest.mark.parametrize("reader", ["standard", "msgspec"])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_cannot_be_read(reader: Any, body: str) -> None:
    app = Dispatcher(Registry(), json=reader)
    bodies: list[str | bytes] = [body, body.encode(errors="replace") + b"\xff"]
    for one in bodies:
        for read in (app.read, app.dispatch):
            with pytest.raises(HandlerIdError) as caught:
                read(one)
            check(caught.value)
            assert caught.value.__context__ is None


@pytest.mark.parametrize("field", ["count", "share", "day", "colour", "data"])
@pytest.mark.parametrize("value", [SECRET, [SECRET], {SECRET: 1}])
def test_a_field_that_does_not_fit(field: str, value: object) -> None:
    app = Dispatcher(Registry())
    fields = {"handler": str(app.registry.register(on_order)), field: value}
    payloads: list[Any] = [fields, json.dumps(fields), as_form(fields)]
    for payload in payloads:
        with pytest.raises(HandlerIdError) as caught:
            app.dispatch(payload)
        check(caught.value)


def test_a_class_that_refuses_its_values() -> None:
    app = Dispatcher(Registry())
    with pytest.raises(HandlerIdError) as caught:
        app.dispatch({"handler": app.registry.register(on_order), "count": 2})
    assert SECRET not in str(caught.value)


def greeter(greeting: str) -> Any:
    def on_click(event: ClickEvent) -> str:
        return greeting

    return on_click


def test_captures_that_are_corrupt() -> None:
    registry, tokens = Registry(captures="carry"), Tokens(b"0123456789abcdef")
    registry.scan(__name__)
    app = Dispatcher(registry, tokens=tokens)
    with app.scope(audience=None) as scope:
        token = scope.offer(greeter(SECRET))
    assert app.dispatch({"handler": token}, audience=None) == SECRET
    good = tokens.verify(token)
    for end in range(1, len(good.captures)):
        for more in (b"", b'"', b"]", b"\xff", SECRET.encode()):
            captures = good.captures[:end] + more
            if captures == good.captures:
                continue
            bad = tokens.issue(good.handler_id, captures=captures)
            with pytest.raises(HandlerIdError) as caught:
                app.dispatch({"handler": bad}, audience=None)
            check(caught.value)


# The key of a worker: in no repr, no local variable, no pickle.


class Full(Executor):
    def submit(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("the queue is full")


def shown(error: BaseException) -> str:
    """Return what tools show that collect errors, as Sentry does."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [one for one in found.stack if "src/handlerid" in one.filename]
    assert frames
    return repr([one.locals for one in frames])


@pytest.mark.parametrize("by_value", [False, True])
def test_the_key_is_in_no_traceback(by_value: bool) -> None:
    app = Dispatcher(Registry())
    lock = threading.Lock()

    def on_click(event: ClickEvent) -> None: ...

    def on_lock(event: ClickEvent) -> None:
        lock.acquire()

    for handler in (on_click, on_lock):
        with app.scope() as scope:
            reference = scope.offer(handler)
        call = app.prepare({"handler": reference}, scope=scope)
        with pytest.raises((RuntimeError, UnsupportedHandler)) as caught:
            submit(call, Full(), worker="app:app", key=KEY, by_value=by_value)
        assert KEY.decode() not in shown(caught.value)


def test_the_key_is_in_no_traceback_of_the_worker() -> None:
    worker = Worker(Dispatcher(Registry()), key=KEY)
    forged = PickledHandler("h1-x 1 1", b"", b"")
    with pytest.raises(HandlerIdError) as caught:
        worker.call(forged)
    assert KEY.decode() not in shown(caught.value) + repr(worker)
    # Nor the signature that would be right.
    right = repr(_sign(forged, _signer(KEY)))[2:-1]
    assert right not in shown(caught.value)


def test_a_forged_token_gets_no_signature() -> None:
    tokens = Tokens(KEY)
    signed, _, right = tokens.issue(handler_id(on_order)).rpartition(".")
    with pytest.raises(HandlerIdError) as caught:
        tokens.verify(f"{signed}.AAAAAAAAAAAAAAAAAAAAAA")
    assert right not in shown(caught.value)
    assert KEY.decode() not in shown(caught.value)


# Names that a client made up.


@dataclass(kw_only=True)
class Row(Event):
    inner: TeaOrder | None = None
    rows: list[TeaOrder] = field(default_factory=list)


def on_row(event: Row) -> None: ...


@pytest.mark.parametrize("reader", ["standard", "msgspec"])
@pytest.mark.parametrize("form", [False, True])
def test_of_unknown_names_one_is_quoted_short_and_escaped(
    reader: Any, *, form: bool
) -> None:
    app = Dispatcher(Registry(), json=reader, extra="refuse")
    long = f"{'n' * 20}\n\u202e\U000e0041{SECRET}"
    names = [f"{long}{number}" for number in range(80)]
    bodies: list[Any] = [
        {long: 1},
        dict.fromkeys(names, 1),
        {f"{SECRET * 9}": 1},
    ]
    if not form:
        many = dict.fromkeys(names, 1)
        bodies += [{"inner": many}, {"rows": [many] * 3}, {"rows": [{long: 1}] * 60}]
    for body in bodies:
        for handler in (on_row, on_click_only):
            sent: Any = {"handler": app.registry.register(handler), **body}
            payload = as_form({k: str(v) for k, v in sent.items()}) if form else sent
            with pytest.raises(InvalidEvent) as caught:
                app.dispatch(payload)
            text = str(caught.value)
            assert text.isprintable()
            assert len(text) < 200
            assert text.count("nnnn") <= len("n" * 20)
            assert text.count("no field of this name") == 1
            for one in caught.value.fields:
                assert len(one.path.rpartition(".")[2]) <= 32
                assert one.path.isprintable()


def on_click_only(event: ClickEvent) -> None: ...
