"""No error that a payload causes leads to the payload: causes, contexts, locals."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Event, Form, Registry, Tokens
from handlerid.errors import HandlerIdError, UnsupportedHandler
from handlerid.executors import PickledHandler, Worker, submit

SECRET = "S3CRET-value"
KEY = b"a-secret-of-sender-and-worker"


class Colour(Enum):
    RED = "red"


@dataclass(kw_only=True)
class Order(Event):
    count: int = 0
    share: float = 0.0
    day: date | None = None
    colour: Colour = Colour.RED
    data: bytes = b""

    def __post_init__(self) -> None:
        if self.count > 1:
            raise ValueError(f"{SECRET} is too much")


def on_order(event: Order) -> None: ...


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
    payloads: list[Any] = [fields, json.dumps(fields), Form(fields)]
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
    frames = [one for one in found.stack if "handlerid/executors" in one.filename]
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
    with pytest.raises(HandlerIdError) as caught:
        worker.call(PickledHandler("h1-x 1 1", b"", b""))
    assert KEY.decode() not in shown(caught.value) + repr(worker)
