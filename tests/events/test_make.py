"""Events that the host makes: the classes are its own, and so is what makes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from handlerid.events._host import stand_in

from handlerid import Dispatcher, Event, Form, HandlerId, Identity, Registry
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
    dispatcher = Dispatcher(Registry())
    offered = dispatcher.offer(handler, event)
    return dispatcher.dispatch({"handler": offered, "x": 1, **payload})


def on_tap(event: Tap) -> object:
    return event


@pytest.mark.parametrize("event", [HostTapEvent, LongTappedEvent])
def test_a_handler_gets_what_the_host_made(event: type[Event]) -> None:
    assert dispatch(on_tap, event) == Tap(2)


def test_the_id_names_the_event_as_any_other() -> None:
    assert HostTapEvent.wire_name == "host_tap"
    offered = Registry().register(on_tap, LongTappedEvent)
    assert offered == Identity().handler_id(on_tap, "long_tapped")


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

    dispatcher = Dispatcher(Registry())
    offered = dispatcher.offer(on_tap, FormTappedEvent)
    assert dispatcher.dispatch(Form({"handler": offered, "x": "7"})) == Tap(7)


def test_other_events_are_checked_as_before() -> None:
    class UndecoratedEvent(Event):
        pass

    with pytest.raises(UnsupportedHandler):
        dispatch(on_tap, UndecoratedEvent)  # no dataclass, and nothing that makes it


def standing_for(name: str, module: str) -> type[Event]:
    cls = type(name, (), {"__module__": module})
    return stand_in(cls, host="host", make=lambda payload: payload, module=module)


def test_a_class_of_the_hosts_is_called_after_the_host() -> None:
    assert standing_for("ClickEvent", "host.events").wire_name == "host_click"
    assert standing_for("LongPressEvent", "host").wire_name == "host_long_press"


def test_classes_of_one_name_elsewhere_are_two() -> None:
    names = [
        standing_for("PressEvent", module).wire_name
        for module in ("app.one", "app.two")
    ]
    assert names == ["host_app_one_pressevent", "host_app_two_pressevent"]


def test_a_class_made_again_has_its_name_again() -> None:
    first, second = (standing_for("AgainEvent", "app.again") for _ in range(2))
    assert first is not second
    assert first.wire_name == second.wire_name


def test_a_long_name_keeps_its_end() -> None:
    names = {
        standing_for(f"{'Very' * 20}{end}", f"{'deep.' * 20}app").wire_name
        for end in ("One", "Two")
    }
    assert len(names) == 2
    for name in names:
        assert len(name) == 64
        assert re.fullmatch(r"host_[a-z0-9_]+(one|two)", name)


def test_ids_with_such_names_are_ids() -> None:
    event = standing_for("Tapped", "app.names")
    offered = Registry().register(on_tap, event)
    assert HandlerId.parse(str(offered)).event == "host_app_names_tapped"
