"""What is remembered of a function when it is registered is true of the next one."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any

import pytest

from handlerid import ClickEvent, Event, InputEvent, Registry
from handlerid._binding import _plans, bind
from handlerid.errors import SignatureError

IDENTIFY: Any = Registry().identify


def how(fn: Callable[..., object], event: Any = None) -> tuple[type, bool]:
    found = bind(fn, event, IDENTIFY)
    return found.event, found.takes_event


def again(fn: Any, **changes: Any) -> Any:
    """A function with the same code, and something else about it."""
    names = changes.pop("names", fn.__globals__)
    made = FunctionType(fn.__code__, names, fn.__name__, None, fn.__closure__)
    made.__annotations__ = dict(fn.__annotations__)
    made.__defaults__ = fn.__defaults__
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def on_click(event: ClickEvent) -> None: ...


def test_the_same_code_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert how(on_click) == (ClickEvent, True)

    def fails(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("handlerid._binding.convention", fails)
    assert how(again(on_click)) == (ClickEvent, True)
    with pytest.raises(AssertionError):
        how(on_click, ClickEvent)  # another question


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"__annotations__": {"event": InputEvent}}, (InputEvent, True)),
        ({"__annotations__": {"event": "InputEvent"}}, (InputEvent, True)),
        ({"__annotations__": {}}, (Event, True)),
        ({"__annotations__": {}, "__defaults__": (1,)}, (Event, False)),
        ({"__defaults__": (1,)}, (ClickEvent, True)),
        (
            {"names": {"ClickEvent": InputEvent, "__name__": __name__}},
            (InputEvent, True),
        ),
        ({"names": {"__name__": __name__}}, (Event, True)),
        ({"__wrapped__": lambda event: None}, (ClickEvent, True)),
    ],
)
def test_what_differs_is_seen(changes: Any, expected: tuple[type, bool]) -> None:
    for fn in (on_click, again(on_click, **changes)):
        how(fn)
    assert how(again(on_click, **changes)) == expected
    assert how(on_click) == (ClickEvent, True)


def test_a_parameter_with_a_default_is_not_given_the_event() -> None:
    for _ in range(2):
        assert how(again(on_click, __annotations__={})) == (Event, True)
        with_default = again(on_click, __annotations__={}, __defaults__=(1,))
        assert how(with_default) == (Event, False)


def test_a_signature_that_was_set_later_counts() -> None:
    import inspect

    how(on_click)
    changed = again(on_click, __signature__=inspect.signature(lambda: None))
    assert how(changed) == (Event, False)


def test_what_all_arguments_are_said_to_be_counts() -> None:
    def on_any(*events: ClickEvent) -> None: ...

    assert how(on_any) == (ClickEvent, True)
    assert how(again(on_any, __annotations__={"events": InputEvent})) == (
        InputEvent,
        True,
    )


def test_the_event_that_is_asked_for_counts() -> None:
    def on_event(event: Any) -> None: ...

    for event in (ClickEvent, None, InputEvent, ClickEvent):
        assert how(on_event, event)[0] is (event or Event)
    with pytest.raises(SignatureError):
        how(on_click, InputEvent)
    assert how(on_click) == (ClickEvent, True)
    with pytest.raises(SignatureError):
        how(on_click, InputEvent)


def test_an_annotation_that_the_closure_says_is_read_again() -> None:
    def make(kind: type[Event]) -> Callable[..., object]:
        def on_any(event: kind) -> type[Event]:  # type: ignore[valid-type]
            return kind

        return on_any

    for kind in (ClickEvent, InputEvent, ClickEvent):
        assert how(make(kind)) == (kind, True)


def test_keyword_only_parameters_are_looked_at_each_time() -> None:
    def on_keyword(event: ClickEvent, *, limit: int = 1) -> None: ...

    how(on_keyword)
    with pytest.raises(SignatureError):
        how(again(on_keyword))  # its keyword has no default


def test_a_partial_is_not_the_function_that_it_calls() -> None:
    assert how(on_click) == (ClickEvent, True)
    assert how(partial(on_click, ClickEvent())) == (Event, False)


def test_a_local_event_type_is_not_kept_alive() -> None:
    def render() -> weakref.ref[type]:
        @dataclass(kw_only=True, slots=True)
        class LocalPlanEvent(Event): ...

        def on_local(event: Any) -> None: ...

        on_local.__annotations__["event"] = LocalPlanEvent
        assert how(on_local) == (LocalPlanEvent, True)
        how(on_local, LocalPlanEvent)
        return weakref.ref(LocalPlanEvent)

    gone = render()
    gc.collect()
    assert gone() is None


def test_what_is_remembered_goes_with_the_code() -> None:
    names: dict[str, Any] = {"__name__": "app"}
    exec("def save(event): ...", names)
    how(names["save"])
    address = id(names["save"].__code__)
    assert address in _plans
    del names["save"]
    gc.collect()
    assert address not in _plans
