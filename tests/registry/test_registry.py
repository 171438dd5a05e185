"""Registries: who answers for an id, what a scope sees, what is said of a loss."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import pytest

from handlerid import ClickEvent, Event, HandlerId, Identity, InputEvent, Registry
from handlerid.errors import (
    CapturesReplaced,
    MalformedPayload,
    SignatureError,
    StaleHandler,
    UnknownHandler,
    UnsupportedHandler,
)

HERE = __name__


def on_click(event: ClickEvent) -> None: ...


def on_event(event: Any) -> None: ...


def on_nothing() -> None: ...


def on_either(event: ClickEvent | InputEvent) -> None: ...


def link(url: object) -> Callable[[ClickEvent], object]:
    def on_link(event: ClickEvent) -> object:
        return url

    return on_link


def version(number: int) -> Callable[[], object]:
    """A handler at one location whose code is another for each number."""
    names: dict[str, Any] = {"__name__": "app"}
    exec(f"def save(): return {number}", names)
    save: Callable[[], object] = names["save"]
    return save


@pytest.fixture
def registry() -> Registry:
    return Registry()


# Registering and looking up.


def test_a_registered_handler_is_found_by_its_id(registry: Registry) -> None:
    handler_id = registry.register(on_click)
    bound = registry.resolve(str(handler_id))
    assert bound.fn is on_click
    assert bound.id == handler_id
    assert bound.event is ClickEvent
    assert bound.takes_event
    assert handler_id in registry
    assert list(registry) == [handler_id]
    assert len(registry) == 1


def test_registering_again_changes_nothing(registry: Registry) -> None:
    assert registry.register(on_click) == registry.register(on_click)
    assert len(registry) == 1


def test_registering_again_sees_what_was_changed_since(registry: Registry) -> None:
    def handler(event: object) -> None: ...

    handler.__defaults__ = (None,)
    with_default = registry.register(handler, ClickEvent)
    assert not registry.resolve(with_default).takes_event
    handler.__defaults__ = None
    assert registry.register(handler, ClickEvent) == with_default
    assert registry.resolve(with_default).takes_event


def test_registering_again_sees_a_class_made_again(registry: Registry) -> None:
    def made() -> type[Event]:
        @dataclass(kw_only=True, slots=True)
        class RemadeEvent(Event): ...

        return RemadeEvent

    first, second = made(), made()
    handler_id = registry.register(on_event, first)
    assert registry.register(on_event, second) == handler_id
    assert registry.resolve(handler_id).event is second


@pytest.mark.parametrize(
    ("fn", "event", "expected"),
    [
        (on_click, None, ClickEvent),
        (on_click, ClickEvent, ClickEvent),
        (on_event, None, Event),
        (on_event, InputEvent, InputEvent),
        (on_nothing, None, Event),
        (on_nothing, ClickEvent, ClickEvent),
        (on_either, InputEvent, InputEvent),
    ],
)
def test_the_annotation_or_the_argument_chooses_the_event(
    registry: Registry, fn: Any, event: Any, expected: type[Event]
) -> None:
    handler_id = registry.register(fn, event)
    assert registry.resolve(handler_id).event is expected
    assert handler_id.event == expected.wire_name


def test_an_event_type_derived_from_the_annotated_one_will_do(
    registry: Registry,
) -> None:
    @dataclass(kw_only=True, slots=True)
    class DoubleClickEvent(ClickEvent):
        interval: float = 0.0

    handler_id = registry.register(on_click, DoubleClickEvent)
    assert handler_id.event == "double_click"


def test_one_function_for_two_events_is_two_entries(registry: Registry) -> None:
    click, typed = (
        registry.register(on_either, ClickEvent),
        registry.register(on_either, InputEvent),
    )
    assert len(registry) == 2
    assert registry.resolve(click).event is ClickEvent
    assert registry.resolve(typed).event is InputEvent


def test_a_union_needs_to_be_told_which(registry: Registry) -> None:
    with pytest.raises(SignatureError) as caught:
        registry.register(on_either)
    assert str(caught.value) == (
        f"{HERE}.on_either takes ClickEvent or InputEvent; say which one it is "
        "registered for: register(fn, event=...)"
    )


def test_a_contradiction_shows_both(registry: Registry) -> None:
    with pytest.raises(SignatureError) as caught:
        registry.register(on_click, InputEvent)
    assert str(caught.value) == (
        f"{HERE}.on_click takes handlerid.events.ClickEvent and cannot be registered "
        "for handlerid.events.InputEvent"
    )


def test_a_contradiction_of_one_class_before_and_after_a_reload_says_so(
    registry: Registry,
) -> None:
    def load() -> type[Event]:
        @dataclass(kw_only=True, slots=True)
        class LoadedAgainEvent(Event):
            pass

        return LoadedAgainEvent

    before, after = load(), load()

    def handler(event: object) -> None: ...

    handler.__annotations__["event"] = before
    with pytest.raises(SignatureError, match="another class of that name"):
        registry.register(handler, after)


@pytest.mark.parametrize("event", ["click", int, ClickEvent()])
def test_what_is_no_event_type_is_refused(registry: Registry, event: Any) -> None:
    with pytest.raises(SignatureError) as caught:
        registry.register(on_click, event)
    assert str(caught.value) == (
        f"{HERE}.on_click cannot be registered for an event that is no event type; "
        "pass a class that derives from handlerid.Event"
    )


def test_an_event_type_that_cannot_be_decoded_is_said_at_registration(
    registry: Registry,
) -> None:
    @dataclass(kw_only=True, slots=True)
    class OddEvent(Event):
        thread: threading.Thread

    with pytest.raises(UnsupportedHandler, match="the field thread of the event type"):
        registry.register(on_event, OddEvent)
    assert len(registry) == 0


def test_the_decorator_registers_and_returns_the_function(registry: Registry) -> None:
    @registry.handler
    def bare(event: ClickEvent) -> None: ...

    @registry.handler(event=InputEvent)
    def told(event: Any) -> None: ...

    assert [handler_id.event for handler_id in registry] == ["click", "input"]
    assert [registry.resolve(i).fn for i in registry] == [bare, told]


def test_the_decorator_is_told_an_event_type_by_name(registry: Registry) -> None:
    with pytest.raises(UnsupportedHandler, match=r"an event type is said by event=$"):
        registry.handler(ClickEvent)


def test_what_is_wrong_with_the_setting_is_said() -> None:
    with pytest.raises(ValueError, match=r"^captures must be one of warn, allow, "):
        Registry(captures="distinkt")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^stale must be one of refuse, accept$"):
        Registry(stale="reload")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^stale must be one of refuse, accept$"):
        Registry().handler(stale="reload")  # type: ignore[call-overload]


def test_the_identity_computes_the_ids() -> None:
    identity = Identity(key=b"secret")
    assert Registry(identity=identity).register(on_click) == identity.handler_id(
        on_click, ClickEvent
    )


# What is not there.


def test_an_unknown_location(registry: Registry) -> None:
    handler_id = Registry().register(on_click)
    with pytest.raises(UnknownHandler) as caught:
        registry.resolve(handler_id)
    assert caught.value.handler_id == handler_id
    assert str(caught.value) == (
        f"no handler is registered at the location of {handler_id}; is the module "
        "that defines it imported, or the page that makes it rendered here?"
    )


def test_other_code_at_the_location_is_stale(registry: Registry) -> None:
    current = registry.register(version(2))
    old = Registry().register(version(1))
    with pytest.raises(StaleHandler) as caught:
        registry.resolve(old)
    assert caught.value.handler_id == old
    assert caught.value.current == (current,)
    assert caught.value.location == "app.save"
    assert str(caught.value) == (
        f"the code of app.save differs from the one that {old} was made of: the page "
        "is older or newer than this server"
    )


def test_registrations_after_the_first_miss_are_seen(registry: Registry) -> None:
    old = Registry().register(version(1))
    with pytest.raises(UnknownHandler):
        registry.resolve(old)
    second, third = registry.register(version(2)), registry.register(version(3))
    registry.register(version(2))
    with pytest.raises(StaleHandler) as caught:
        registry.resolve(old)
    assert caught.value.current == (third, second)


def test_other_events_or_bound_arguments_are_unknown_not_stale(
    registry: Registry,
) -> None:
    registry.register(on_event, ClickEvent)
    registry.register(partial(link, 1))
    elsewhere = Registry()
    for missing, name in (
        (elsewhere.register(on_event, InputEvent), "on_event"),
        (elsewhere.register(partial(link, 2)), "link"),
    ):
        with pytest.raises(UnknownHandler) as caught:
            registry.resolve(missing)
        assert str(caught.value) == (
            f"{HERE}.{name} is registered here, but not for what {missing} names: its "
            "event, its bound arguments or its captures differ"
        )


@pytest.mark.parametrize("text", ["", "on_click", "os.system", "h1-x", "__class__"])
def test_what_is_not_an_id_is_refused(registry: Registry, text: str) -> None:
    assert text not in registry
    with pytest.raises(MalformedPayload):
        registry.resolve(text)


def test_only_a_text_is_in_a_registry(registry: Registry) -> None:
    assert 1 not in registry
    assert on_click not in registry


# Scopes.


def test_a_scope_reads_through_and_writes_to_itself(registry: Registry) -> None:
    above = registry.register(on_click)
    with registry.scope() as scope:
        own = scope.register(on_nothing)
        assert scope.resolve(above).fn is on_click
        assert scope.resolve(own).fn is on_nothing
        assert own not in registry
        assert set(scope) == {above, own}
        assert len(scope) == 2
        with scope.scope() as inner:
            assert inner.resolve(above).fn is on_click
            assert inner.resolve(own).fn is on_nothing
    assert list(registry) == [above]


def test_a_scope_registers_what_its_parent_holds_too(registry: Registry) -> None:
    registry.register(link("a"))
    with registry.scope(captures="refuse") as scope:
        handler_id = scope.register(link("b"))
        assert scope.resolve(handler_id).fn(ClickEvent()) == "b"
        assert registry.resolve(handler_id).fn(ClickEvent()) == "a"
        assert len(scope) == 1


def test_a_closed_scope_lets_go_of_everything(registry: Registry) -> None:
    class Held: ...

    held = Held()
    reference = weakref.ref(held)
    with registry.scope() as scope:
        scope.register(link(held))
    del held
    gc.collect()
    assert reference() is None
    assert len(scope) == 0


def test_a_closed_scope_takes_no_more(registry: Registry) -> None:
    scope = registry.scope()
    scope.close()
    scope.close()
    with pytest.raises(RuntimeError) as caught:
        scope.register(on_click)
    assert str(caught.value) == (
        f"the scope is closed; {HERE}.on_click cannot be registered in it any more"
    )


def test_a_scope_knows_the_locations_of_its_parents(registry: Registry) -> None:
    current = registry.register(version(2))
    old = Registry().register(version(1))
    with registry.scope() as scope:
        newer = scope.register(version(3))
        with pytest.raises(StaleHandler) as caught:
            scope.resolve(old)
    assert caught.value.current == (current, newer)


def test_a_scope_takes_its_settings_from_its_parent_or_its_arguments() -> None:
    registry = Registry(captures="refuse")
    assert registry.scope().captures == "refuse"
    assert registry.scope(captures="allow").captures == "allow"
    assert registry.scope().identity is registry.identity


# Last write wins, and nobody is surprised by it.


def test_the_last_write_wins(registry: Registry) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CapturesReplaced)
        first, second = registry.register(link("a")), registry.register(link("b"))
    assert first == second
    assert registry.resolve(first).fn(ClickEvent()) == "b"


def test_a_lost_capture_is_said_once_an_id(registry: Registry) -> None:
    registry.register(link("secret-a"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        handler_id = registry.register(link("secret-b"))
        registry.register(link("secret-c"))
        with registry.scope() as scope:
            scope.register(link("secret-d"))
            scope.register(link("secret-e"))
    (warning,) = caught
    assert isinstance(warning.message, CapturesReplaced)
    assert warning.message.handler_id == handler_id
    assert warning.message.names == ("url",)
    code = link("").__code__
    file, line = code.co_filename, code.co_firstlineno
    assert str(warning.message) == (
        f"two handlers at {HERE}.link.<locals>.on_link ({file}:{line}) have one id and "
        "differ in what they captured (url): the one registered last answers for both. "
        "Give each component a key and read event.key instead, or make each its own "
        'entry with captures="distinct" or "carry" on the registry or the scope; '
        '"refuse" makes this an error, "allow" says that it is meant'
    )
    assert "secret" not in str(warning.message)
    assert (warning.filename, warning.lineno) == (file, line)
    assert (warning.message.filename, warning.message.line) == (file, line)


def test_rendering_again_loses_nothing() -> None:
    lost: list[CapturesReplaced] = []
    registry = Registry(on_replace=lost.append)

    def page() -> None:
        registry.register(link("a"))
        registry.register(on_click)
        registry.register(partial(link, "b"))

    page()
    page()
    assert len(registry) == 3
    assert lost == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a", "a"),
        (1, 1),
        (("a", [1]), ("a", [1])),
        (("a", ("b", 2)), ("a", ("b", 2))),
        (("a" * 99, 10**9), ("a" * 99, 10**9)),
        (None, None),
    ],
)
def test_equal_captures_are_not_lost(old: Any, new: Any) -> None:
    lost: list[CapturesReplaced] = []
    registry = Registry(on_replace=lost.append)
    registry.register(link(old))
    registry.register(link(new))
    assert lost == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a", "b"),
        (1, True),
        (0.0, -0.0),
        ([], ()),
        (object(), object()),
        (("a", 1), ("a", True)),
        (("a", 0.0), ("a", -0.0)),
        (("a",), ("a", "b")),
        ((("a",),), (("b",),)),
    ],
)
def test_other_captures_are_lost(registry: Registry, old: Any, new: Any) -> None:
    registry.register(link(old))
    with pytest.warns(CapturesReplaced):
        registry.register(link(new))


def test_a_value_that_fails_to_compare_is_never_asked(registry: Registry) -> None:
    class Hostile:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            raise AssertionError

        def __repr__(self) -> str:
            raise AssertionError

        def __getattr__(self, name: str) -> object:
            raise AssertionError

    one = Hostile()
    registry.register(link(one))
    registry.register(link(one))
    with pytest.warns(CapturesReplaced):
        registry.register(link(Hostile()))


class Row:
    def on_row(self, event: ClickEvent) -> None: ...


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (*[lambda i=i: i for i in range(2)], "i"),
        (*[lambda *, i=i: i for i in range(2)], "i"),
        (Row().on_row, Row().on_row, "self"),
    ],
    ids=["default", "keyword default", "bound object"],
)
def test_defaults_and_bound_objects_are_captures_too(
    registry: Registry, first: Any, second: Any, name: str
) -> None:
    registry.register(first)
    with pytest.warns(CapturesReplaced) as caught:
        registry.register(second)
    message = caught[0].message
    assert isinstance(message, CapturesReplaced)
    assert message.names == (name,)


def test_refuse_keeps_the_old_one() -> None:
    registry = Registry(captures="refuse")
    handler_id = registry.register(link("a"))
    registry.register(link("a"))
    with pytest.raises(CapturesReplaced) as caught:
        registry.register(link("b"))
    assert caught.value.names == ("url",)
    assert registry.resolve(handler_id).fn(ClickEvent()) == "a"


def test_allow_is_silent() -> None:
    registry = Registry(captures="allow")
    handler_id = registry.register(link("a"))
    registry.register(link("b"))
    assert registry.resolve(handler_id).fn(ClickEvent()) == "b"


@pytest.mark.parametrize("captures", ["warn", "allow", "refuse"])
def test_on_replace_is_told_each_time(captures: Any) -> None:
    told: list[CapturesReplaced] = []
    registry = Registry(captures=captures, on_replace=told.append)
    registry.register(link("a"))
    for url in ("b", "b", "c"):
        with warnings.catch_warnings(), suppress(CapturesReplaced):
            warnings.simplefilter("ignore", CapturesReplaced)
            registry.register(link(url))
    assert len(told) == (3 if captures == "refuse" else 2)
    assert {one.names for one in told} == {("url",)}


# Threads.


def test_many_threads_lose_nothing() -> None:
    registry = Registry(captures="allow")
    handlers = [version(number) for number in range(400)]
    wrong: list[object] = []
    start = threading.Barrier(8)

    def work(offset: int) -> None:
        start.wait()
        for step in range(800):
            fn = handlers[(step + offset * 50) % 400]
            handler_id = registry.register(fn)
            if registry.resolve(handler_id).fn is not fn:
                wrong.append(handler_id)
            with registry.scope() as scope:
                scope.register(link(step))
            try:
                registry.resolve(HandlerId(handler_id[:17] + "a" * 20))
            except StaleHandler:
                pass
            except Exception as error:  # noqa: BLE001 - any other is the finding
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(registry) == 400
    location = next(iter(registry)).location
    assert len(registry.at_location(location)) == 400


def test_captures_are_compared_outside_of_the_lock() -> None:
    """What the host's hook registers must not wait for who called the hook."""
    depth = count()
    registry = Registry(captures="allow")

    def hook(_: CapturesReplaced) -> None:
        if next(depth) < 3:
            registry.register(link(object()))

    registry.on_replace = hook
    registry.register(link(object()))
    handler_id = registry.register(link("last"))
    assert registry.resolve(handler_id).fn(ClickEvent()) == "last"


class Collected(list[CapturesReplaced]):
    """A list that can be called, and is false as long as it is empty."""

    def __call__(self, replaced: CapturesReplaced) -> None:
        self.append(replaced)


def test_a_scope_takes_a_hook_that_is_false() -> None:
    above, own = Collected(), Collected()
    with Registry(captures="allow", on_replace=above).scope(on_replace=own) as scope:
        scope.register(link("/tea"))
        scope.register(link("/coffee"))
    assert (len(above), len(own)) == (0, 1)


@pytest.mark.parametrize("option", ["captures", "stale"])
def test_a_scope_refuses_an_empty_mode(option: str) -> None:
    wrong: dict[str, Any] = {option: ""}
    with pytest.raises(ValueError, match=option):
        Registry().scope(**wrong)
