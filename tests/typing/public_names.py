"""A user's program: every public name, with its type held still.

mypy and pyright read the ``assert_type`` lines; ``test_public_names.py`` runs them, so
that they are true as well.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, assert_type

from anyio import to_thread

import handlerid
from handlerid import (
    Call,
    Captures,
    ChangeEvent,
    ClickEvent,
    Difference,
    Dispatcher,
    Event,
    Explanation,
    Form,
    HandlerId,
    HandlerIdError,
    Identity,
    InputBlurEvent,
    InputEnterEvent,
    InputEvent,
    LoggingObserver,
    Observer,
    Payload,
    RegisteredHandler,
    Registry,
    Resolver,
    Scan,
    Scope,
    Stale,
    SubmitEvent,
    Tokens,
    Unstable,
    Verified,
    explain,
    handler_id,
    preload,
)
from handlerid.check import Finding, add_arguments, check_paths, main, run
from handlerid.errors import (
    CapturesReplaced,
    FieldError,
    InvalidEvent,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
)
from handlerid.events import KeyDownEvent, SliderValueChangeEvent, event_type
from handlerid.executors import submit
from handlerid.manifest import (
    UNKNOWN,
    ClickCounter,
    Diff,
    EventShape,
    Function,
    History,
    Manifest,
    Row,
    Seen,
    build,
    count,
    diff,
    history,
    read_seen,
)
from handlerid.testing import Recorder, assert_stable
from handlerid.web import (
    HTML,
    Answer,
    BodyTooLarge,
    CrossOrigin,
    Endpoint,
    HandlerFailed,
    MethodNotAllowed,
    OtherWire,
    Request,
    UnsupportedBody,
    step_bytes,
)

KEY = bytes(range(32))


@dataclass(kw_only=True, slots=True)
class CartChangeEvent(Event, name="typed_cart"):
    quantity: int


def on_click(event: ClickEvent) -> str:
    return event.key


async def on_cart(event: CartChangeEvent) -> int:
    return event.quantity


def ids() -> None:
    identity = Identity(
        keys=[KEY, b"the key before"],
        fingerprint="source",
        module_name=lambda name: None,
        encoders={CartChangeEvent: lambda event: event.quantity},
        decoders={CartChangeEvent: lambda number: CartChangeEvent(quantity=1)},
    )
    hid = assert_type(handler_id(on_click), HandlerId)
    loads: Callable[[], None] = preload
    assert_type(loads, Callable[[], None])
    assert_type(handler_id(on_click, ClickEvent), HandlerId)
    assert_type(identity.handler_id(on_click, "click", captures=True), HandlerId)
    parsed = assert_type(HandlerId.parse(hid), HandlerId)
    assert_type(hid.module, str | None)
    assert_type(hid.qualname, str | None)
    assert_type(hid.location, str)
    assert_type(hid.fingerprint, str)
    assert_type(hid.captures, str)
    assert_type(hid.event, str)
    explanation = assert_type(explain(on_click), Explanation)
    assert_type(explanation.parts, Mapping[str, tuple[str, ...]])
    difference = assert_type(explain(on_click, ids), Difference)
    assert_type(difference.ids, tuple[HandlerId, HandlerId])
    as_text: str = hid
    assert parsed == as_text
    assert_type(handlerid.__version__, str)


def tokens() -> None:
    tokens = Tokens([KEY], max_age=60, replay=lambda nonce, expires: bool(nonce))
    token = assert_type(tokens.issue(handler_id(on_click), audience="anna"), str)
    verified = assert_type(tokens.verify(token, audience="anna"), Verified)
    assert_type(verified.handler_id, HandlerId)
    assert_type(verified.captures, bytes)
    assert_type(verified.expires, int | None)


def registry() -> None:
    captures: Captures = "allow"
    stale: Stale = "accept"
    unstable: Unstable = "refuse"
    registry = Registry(
        identity=Identity(), captures=captures, stale=stale, unstable=unstable
    )
    hid = assert_type(registry.register(on_click), HandlerId)
    assert_type(registry.register(on_click, ClickEvent), HandlerId)
    assert_type(list(registry), list[HandlerId])
    assert_type(len(registry), int)
    assert_type(hid in registry, bool)
    handler = assert_type(registry.resolve(hid), RegisteredHandler)
    assert_type(handler.id, HandlerId)
    assert_type(handler.fn, Callable[..., object])
    assert handler.kind == "plain"
    scan = assert_type(registry.scan(__name__), Scan)
    assert_type(list(scan), list[HandlerId])
    assert_type(registry.forget(__name__), tuple[HandlerId, ...])

    # The decorator keeps the type of what it decorates.

    @registry.handler
    def bare(event: ClickEvent) -> int:
        return 1

    @registry.handler(event=InputEvent, name="field")
    def called(event: Event) -> str:
        return "a"

    assert_type(bare(ClickEvent()), int)
    assert_type(called(InputEvent(value="a")), str)


class Counting(Observer):
    steps = 0

    def step(self, call: Call, value: object) -> None:
        self.steps += 1

    def after(self, call: Call, result: object, seconds: float) -> None:
        assert_type(call.source, str)


def render(state: dict[str, int], scope: Scope) -> str:
    def add(event: ClickEvent) -> None:
        state["count"] += 1

    return scope.offer(add)


def dispatching() -> None:
    def find(wanted: HandlerId, scope: Scope) -> None:
        scope.offer(on_click)

    def may(call: Call) -> bool:
        return call.event is None and call.audience is None

    resolver: Resolver = find
    app = Dispatcher(
        Registry(),
        resolvers=(resolver,),
        authorize=may,
        observer=Counting(),
        max_bytes=1000,
        extra="refuse",
    )
    assert_type(app.registry, Registry)
    with app.scope() as scope:
        assert_type(scope, Scope)
        reference = assert_type(scope.offer(on_click, ClickEvent), str)
        assert_type(scope.part("row 1").offer(on_cart), str)
        assert_type(scope.register(on_click), HandlerId)
        assert_type(scope.audience, str | None)
        assert_type(list(scope), list[HandlerId])
    body = f'{{"handler": "{reference}", "key": "a"}}'.encode()
    payload = assert_type(app.read(body), dict[str, Any])
    call = assert_type(app.prepare(payload, scope=scope), Call)
    assert_type(call.handler, RegisteredHandler)
    assert_type(call.context, Context)
    assert_type(call.audience, str | None)
    assert_type(call.run(), object)
    assert_type(call.stream(), Generator[object, None, object])
    assert_type(call.astream(), AsyncGenerator[object, None])
    steps = call.astream(thread=asyncio.to_thread)
    assert_type(steps, AsyncGenerator[object, None])
    assert_type(call.astream(thread=to_thread.run_sync), AsyncGenerator[object, None])
    bodies: list[Payload] = [body, bytearray(body), body.decode()]
    bodies.append(Form({"_handler": reference, "_key": "a"}))
    for one in bodies:
        assert app.dispatch(one, scope=[scope]) == "a"
    state = {"count": 0}
    again = partial(render, state)
    with app.scope() as scope:
        click = {"handler": again(scope)}
    app.dispatch(click, rerender=again)
    assert state == {"count": 1}
    assert_type(app.call(call.handler, ClickEvent(key="b")).run(), object)

    async def both() -> tuple[object, object]:
        prepared = assert_type(await app.aprepare(payload), Call)
        return await prepared.arun(), await app.adispatch(body)

    assert asyncio.run(both()) == ("a", "a")
    with ThreadPoolExecutor(1) as pool:
        future = submit(app.prepare(body), pool, worker="shop:app")
        assert_type(future, Future[Any])
        assert future.result() == "a"


def with_tokens() -> None:
    app = Dispatcher(
        Registry(captures="distinct"), tokens=Tokens(KEY), observer=LoggingObserver()
    )
    with app.scope(audience="anna") as scope:
        reference = scope.offer(on_click)
    payload = {"handler": reference, "key": "a"}
    assert app.dispatch(payload, audience="anna", scope=scope) == "a"


def events() -> None:
    assert_type(Event().key, str)
    click = ClickEvent(key="a", client_x=1)
    assert_type(click.is_target, bool)
    assert_type(click.client_x, float)
    for kind in (InputEvent, InputBlurEvent, InputEnterEvent):
        assert_type(kind(value="a").value, str)
    assert_type(ChangeEvent.wire_name, str)
    assert_type(SubmitEvent().key, str)
    assert_type(SliderValueChangeEvent(value=1).value, float)
    assert_type(KeyDownEvent.wire_name, str)
    assert_type(event_type("click"), type[Event])
    own = assert_type(CartChangeEvent(key="a", quantity=1), CartChangeEvent)
    assert_type(own.quantity, int)


def errors() -> None:
    error = HandlerIdError("a")
    assert_type(error.status, int)
    assert_type(error.public, str)
    assert_type(error.reload, bool)
    assert_type(UnknownHandler("a").handler_id, str)
    assert_type(StaleHandler("a").current, tuple[str, ...])
    assert_type(InvalidEvent("a").event_type, str)
    assert_type(InvalidEvent("a").fields, tuple[FieldError, ...])
    assert_type(FieldError("a", "b").path, str)
    assert_type(UnstableCapture("a").where, str)
    replaced = CapturesReplaced("a")
    assert_type(replaced.names, tuple[str, ...])
    as_warning: UserWarning = replaced
    as_error: HandlerIdError = replaced
    assert str(as_warning) == str(as_error) == "a"
    # The modules are known without being imported.
    assert handlerid.errors.HandlerIdError is HandlerIdError
    assert handlerid.events.ClickEvent is ClickEvent


def testing() -> None:
    recorder = Recorder()
    app = Dispatcher(Registry(), observer=recorder)
    app.dispatch({"handler": app.registry.register(on_click)})
    assert len(recorder.calls) == 1
    assert_stable(__name__, directory=False)


def web() -> None:
    end = Endpoint(
        path="/events",
        release="r1",
        hosts=["http://intranet:8000"],
        origins={"https://partner.example"},
        allow_no_browser=True,
        max_json=1000,
        max_form=2000,
        prefix="data-x-",
    )
    assert_type(end.release, str | None)
    assert_type((end.path, end.url, end.prefix), tuple[str, str, str])
    app = Dispatcher(Registry())
    with app.scope() as scope:
        tags = assert_type(end.attributes(scope, on_click, busy="latest"), HTML)
        assert_type(end.inputs(scope, on_click, ClickEvent, key="a"), HTML)
        assert_type(end.script(audience=scope.audience, busy="queue"), HTML)
        assert_type(tags.__html__(), str)
    headers = [(b"content-type", b"application/json")]
    request = assert_type(end.request("POST", headers, "r1"), Request)
    assert_type(request.release, str | None)
    assert_type((request.media_type, request.back), tuple[str, str])
    assert_type((request.max_bytes, request.navigation), tuple[int, bool])
    request.check()
    assert_type(request.count(b""), bytes)
    request.feed(b"{}")
    assert_type(request.payload(), bytes | Form)
    assert_type(request.form([("_handler", "h1")], {"a": ["b"]}), Form)
    for error in (
        *(BodyTooLarge(), CrossOrigin(), MethodNotAllowed()),
        *(HandlerFailed(), OtherWire(), UnsupportedBody()),
    ):
        assert_type(end.refuse(error, request), Answer)
        assert_type(end.refuse_step(error, request), bytes)
    for answer in (end.html("a"), end.json([1]), end.back(request), end.client("a")):
        assert_type(answer.status, int)
        assert_type(answer.headers, list[tuple[str, str]])
        assert_type(answer.body, bytes)
    assert_type(end.answer("<p>"), Answer)
    assert_type(end.helpers(scope, root="/shop"), dict[str, Any])
    assert_type(end.max_json, int)
    assert_type(end.headers(), list[tuple[str, str]])
    assert_type(end.stream_headers(), list[tuple[str, str]])
    assert_type(step_bytes("end"), bytes)


def checks() -> None:
    found = assert_type(check_paths([__file__], captures="warn"), list[Finding])
    assert_type([one.github() for one in found], list[str])
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert_type(run(parser.parse_args([__file__])), int)
    assert_type(main([__file__]), int)


def manifests() -> None:
    registry = Registry()
    handler_id = registry.register(on_click)
    met = assert_type(registry.manifest(release="r2"), Manifest)
    built = assert_type(build("json", fingerprint="source", release="r1"), Manifest)
    assert_type(build("json", identity=Identity(keys=KEY)), Manifest)
    assert_type(built.to_bytes(), bytes)
    assert_type(Manifest.read(built.to_bytes()), Manifest)
    assert_type((built.python, built.release), tuple[str | None, str | None])
    assert_type(built.fingerprint, Literal["bytecode", "source"])
    assert_type(built.failed, Mapping[str, str])
    assert_type(built.not_seen, Mapping[str, str])
    assert_type(built.events, Mapping[str, EventShape])
    place = str(handler_id.module), str(handler_id.qualname)
    function = assert_type(met.functions[place][0], Function)
    assert_type((function.code, function.body), tuple[str, str])
    assert_type(function.events, tuple[str, ...])
    assert UNKNOWN not in function.events
    shape = assert_type(met.events["click"], EventShape)
    assert_type(shape.fields, Mapping[str, str])
    changes = assert_type(diff(met, met), Diff)
    assert_type(changes.rows, tuple[Row, ...])
    assert_type(changes.rows[0].why, str)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        met.write(path / "r2.json")
        known = assert_type(history(path, current=met, identity=None), History)
        assert_type(known(handler_id), HandlerIdError | None)
        Dispatcher(registry, history=known)
        assert_type(count(path / "clicks"), ClickCounter)
        seen = assert_type(read_seen([b"click", handler_id.encode()]), Seen)
        assert_type(diff(met, met, seen=seen).clicks, int | None)
