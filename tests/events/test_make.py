"""Events that the host makes: the classes are its own, and so is what makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from handlerid import Dispatcher, Event, Form, Registry, handler_id
from handlerid.errors import SignatureError, UnsupportedHandler


@dataclass
class Tap:
    x: int


@dataclass
class Slide:
    x: int


def tap(payload: Any) -> Tap:
    return Tap(payload["x"] + 1)


class HostTapEvent(Event, make=tap):
    """Stands for the host's class."""


class LongTappedEvent(HostTapEvent):
    """Is made in the same way."""


def dispatch(
    handler: Any, event: type[Event] = HostTapEvent, **payload: object
) -> object:
    registry = Registry()
    registered = registry.register(handler, event)
    return Dispatcher(registry).dispatch({"handler": registered, "x": 1, **payload})


def on_tap(event: Tap) -> object:
    return event


@pytest.mark.parametrize("event", [HostTapEvent, LongTappedEvent])
def test_a_handler_gets_what_the_host_made(event: type[Event]) -> None:
    assert dispatch(on_tap, event) == Tap(2)


def test_the_id_names_the_event_as_any_other() -> None:
    assert HostTapEvent.wire_name == "host_tap"
    registered = Registry().register(on_tap, LongTappedEvent)
    assert registered == handler_id(on_tap, LongTappedEvent)
    assert registered.event == "long_tapped"


def test_annotations_are_not_compared() -> None:
    def other_annotation(event: Slide) -> object:
        return event

    def evaluated_nowhere(event: Missing) -> object:  # type: ignore[name-defined] # noqa: F821
        return event

    def with_default(event: Missing = None) -> object:  # type: ignore[name-defined] # noqa: F821
        return event

    def of_handlerid(event: LongTappedEvent) -> object:
        return event

    for handler in (other_annotation, evaluated_nowhere, with_default, of_handlerid):
        assert dispatch(handler) == Tap(2)


def test_whatever_takes_an_argument_gets_the_event() -> None:
    assert dispatch(lambda event=None: event) == Tap(2)
    assert dispatch(lambda event, other=3: (event, other)) == (Tap(2), 3)
    assert dispatch(lambda *events: events) == (Tap(2),)
    assert dispatch(lambda: "nothing") == "nothing"


def test_what_cannot_be_called_with_it_is_refused() -> None:
    with pytest.raises(SignatureError):
        dispatch(lambda event, other: event)


def test_what_makes_it_may_raise_what_it_likes() -> None:
    with pytest.raises(TypeError, match=r"concatenate|unsupported operand"):
        dispatch(on_tap, x="text")


def test_it_makes_events_of_forms_too() -> None:
    def of_form(fields: Any) -> Tap:
        return Tap(int(fields["x"][0]))

    class FormTappedEvent(Event, make=of_form):
        pass

    registry = Registry()
    form = Form({"_handler": registry.register(on_tap, FormTappedEvent), "x": "7"})
    assert Dispatcher(registry).dispatch(form) == Tap(7)


def test_other_events_are_checked_as_before() -> None:
    class UndecoratedEvent(Event):
        x: int

    with pytest.raises(UnsupportedHandler):
        dispatch(on_tap, UndecoratedEvent)  # no dataclass, and nothing that makes it
