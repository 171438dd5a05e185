"""The types of the public names, held still.

mypy reads the ``assert_type`` lines; pytest runs them, so that they are true as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import assert_type

import pytest

from handlerid import (
    BoundHandler,
    Call,
    ClickEvent,
    Difference,
    Dispatcher,
    Event,
    Explanation,
    HandlerId,
    Identity,
    InputBlurEvent,
    InputEnterEvent,
    InputEvent,
    Registry,
    Scope,
    Tokens,
    Verified,
    explain,
    handler_id,
    rerender,
)
from handlerid.errors import (
    CapturesReplaced,
    FieldError,
    HandlerIdError,
    InvalidEvent,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
)


@dataclass(kw_only=True, slots=True)
class CartChangeEvent(Event, name="cart"):
    quantity: int


def on_click(event: ClickEvent) -> str:
    return event.key


def test_ids() -> None:
    hid = assert_type(handler_id(on_click), HandlerId)
    assert_type(handler_id(on_click, ClickEvent), HandlerId)
    assert_type(Identity().handler_id(on_click), HandlerId)
    parsed = assert_type(HandlerId.parse(hid), HandlerId)
    assert_type(hid.module, str | None)
    assert_type(hid.qualname, str | None)
    assert_type(hid.location, str)
    assert_type(hid.fingerprint, str)
    assert_type(hid.captures, str)
    assert_type(hid.event, str)
    assert_type(explain(on_click), Explanation)
    assert_type(explain(on_click, test_ids), Difference)
    as_text: str = hid
    assert parsed == as_text


def test_tokens() -> None:
    tokens = Tokens([b"x" * 16], max_age=60, replay=lambda nonce, expires: bool(nonce))
    token = assert_type(tokens.issue(handler_id(on_click), audience="anna"), str)
    verified = assert_type(tokens.verify(token, audience="anna"), Verified)
    assert_type(verified.handler_id, HandlerId)
    assert_type(verified.captures, bytes)
    assert_type(verified.expires, int | None)


def test_registry() -> None:
    registry = Registry(identity=Identity(), captures="allow")
    hid = assert_type(registry.register(on_click), HandlerId)
    assert_type(registry.register(on_click, event=ClickEvent), HandlerId)
    assert_type(list(registry), list[HandlerId])
    assert_type(len(registry), int)
    assert_type(hid in registry, bool)
    bound = assert_type(registry.resolve(hid), BoundHandler)
    assert_type(bound.id, HandlerId)
    assert_type(bound.fn, Callable[..., object])
    assert_type(bound.event, type[Event])
    with registry.scope(captures="warn") as scope:
        inner: Registry = assert_type(scope, Scope)
        assert_type(inner.register(on_click), HandlerId)
        assert_type(scope.resolve(hid), BoundHandler)


def test_the_decorator_keeps_the_type_of_what_it_decorates() -> None:
    registry = Registry()

    @registry.handler
    def bare(event: ClickEvent) -> int:
        return 1

    @registry.handler(event=InputEvent)
    def called(event: Event) -> str:
        return "a"

    assert_type(bare(ClickEvent()), int)
    assert_type(called(InputEvent(value="a")), str)


def test_dispatcher() -> None:
    registry = Registry()

    def may(call: Call) -> bool:
        return call.event is None

    def page(scope: Registry) -> None:
        scope.register(on_click)

    dispatcher = Dispatcher(
        registry,
        resolvers=(rerender(page),),
        authorize=may,
        max_bytes=1000,
        extra="refuse",
    )
    text = assert_type(dispatcher.offer(on_click, ClickEvent), str)
    payload: dict[str, object] = {"handler": text, "key": "a"}
    call = assert_type(dispatcher.prepare(payload), Call)
    assert_type(call.event, Event | None)
    assert_type(call.handler, BoundHandler)
    assert_type(call.run(), object)
    assert_type(call.stream(), Generator[object, None, object])
    assert_type(call.astream(), AsyncGenerator[object, None])
    assert_type(dispatcher.dispatch(payload), object)
    assert_type(dispatcher.stream(payload), Generator[object, None, object])
    assert_type(dispatcher.astream(payload), AsyncGenerator[object, None])
    arun: Awaitable[object] = call.arun()
    adispatch: Awaitable[object] = dispatcher.adispatch(payload)

    async def both() -> tuple[object, object]:
        return assert_type(await arun, object), assert_type(await adispatch, object)

    assert asyncio.run(both()) == ("a", "a")


@pytest.mark.parametrize("as_type", [bytes, bytearray, memoryview, bytes.decode])
def test_payloads_may_be_bytes_and_text(
    as_type: Callable[[bytes], bytes | bytearray | memoryview | str],
) -> None:
    dispatcher = Dispatcher(Registry())
    text = dispatcher.offer(on_click)
    payload = as_type(f'{{"handler": "{text}", "key": "a"}}'.encode())
    assert_type(dispatcher.prepare(payload), Call)
    assert dispatcher.dispatch(payload) == "a"


def test_events() -> None:
    assert_type(Event().key, str)
    click = ClickEvent(key="a", client_x=1)
    assert_type(click.is_target, bool)
    assert_type(click.client_x, float)
    assert_type(InputEvent(value="a").value, str)
    assert_type(InputBlurEvent(value="a").value, str)
    assert_type(InputEnterEvent(value="a").value, str)
    own = assert_type(CartChangeEvent(key="a", quantity=1), CartChangeEvent)
    assert_type(own.quantity, int)
    assert_type(CartChangeEvent.wire_name, str)
    with pytest.raises(TypeError):
        CartChangeEvent()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        CartChangeEvent("a", 1)  # type: ignore[call-arg]


def test_errors() -> None:
    error = HandlerIdError("a")
    assert_type(error.status, int)
    assert_type(error.public, str)
    assert_type(UnknownHandler("a").handler_id, str)
    assert_type(StaleHandler("a").current, tuple[str, ...])
    assert_type(InvalidEvent("a").event_type, str)
    assert_type(InvalidEvent("a").fields, tuple[FieldError, ...])
    assert_type(FieldError("a", "b").path, str)
    assert_type(FieldError("a", "b").expected, str)
    assert_type(UnstableCapture("a").where, str)
    assert_type(UnstableCapture("a").type_name, str)
    replaced = CapturesReplaced("a")
    assert_type(replaced.names, tuple[str, ...])
    assert_type(replaced.handler_id, str)
    as_warning: UserWarning = replaced
    as_error: HandlerIdError = replaced
    assert str(as_warning) == str(as_error) == "a"


def test_a_literal_is_checked() -> None:
    with pytest.raises(ValueError, match="captures must be"):
        Registry(captures="ignore")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="extra must be"):
        Dispatcher(Registry(), extra="warn")  # type: ignore[arg-type]


def test_a_misspelt_name_is_no_name() -> None:
    """The comments are unused, which mypy reports, where it takes any name."""
    with pytest.raises(ImportError):
        from handlerid import Regstry  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(ImportError):
        from handlerid.events import ClikEvent  # type: ignore[attr-defined]  # noqa: F401
