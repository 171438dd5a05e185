"""Event types: their wire names, their fields, and a host's own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Generic, TypeVar

import pytest

from handlerid import Registry
from handlerid.errors import UnsupportedHandler
from handlerid.events import (
    ClickEvent,
    Event,
    InputBlurEvent,
    InputEnterEvent,
    InputEvent,
)

T = TypeVar("T")
A_65 = "a" * 65


@dataclass(kw_only=True, slots=True)
class CartChangeEvent(Event):
    quantity: int


@dataclass(kw_only=True, slots=True)
class RenamedEvent(Event, name="cart_2"):
    quantity: int


@dataclass(kw_only=True, slots=True)
class LargeCartChangeEvent(CartChangeEvent):
    limit: int = 10


def on_event(event: Event) -> None: ...


STANDARD = {
    Event: ("", {"key": ""}),
    ClickEvent: (
        "click",
        {
            "key": "",
            "is_target": True,
            "client_x": 0.0,
            "client_y": 0.0,
            "page_x": 0.0,
            "page_y": 0.0,
            "offset_x": 0.0,
            "offset_y": 0.0,
        },
    ),
    InputEvent: ("input", {"key": "", "value": dataclasses.MISSING}),
    InputBlurEvent: ("input_blur", {"key": "", "value": dataclasses.MISSING}),
    InputEnterEvent: ("input_enter", {"key": "", "value": dataclasses.MISSING}),
}


@pytest.mark.parametrize(
    ("event_type", "wire_name", "defaults"),
    [(one, *rest) for one, rest in STANDARD.items()],
)
def test_the_standard_events(
    event_type: type[Event], wire_name: str, defaults: dict[str, object]
) -> None:
    assert event_type.wire_name == wire_name
    fields = dataclasses.fields(event_type)
    assert {field.name: field.default for field in fields} == defaults
    assert all(field.kw_only for field in fields)
    with pytest.raises(TypeError):
        event_type("a key")  # type: ignore[call-arg]


def test_events_hold_their_fields_and_no_others() -> None:
    event = InputEvent(key="name", value="Ada")
    assert (event.key, event.value) == ("name", "Ada")
    assert event == InputEvent(key="name", value="Ada")
    other: Event = InputBlurEvent(key="name", value="Ada")
    assert event != other
    assert not hasattr(event, "__dict__")
    with pytest.raises(AttributeError):
        event.valeu = "a misspelt field"  # type: ignore[attr-defined]


DERIVED = {
    "ClickEvent": "click",
    "CartChangeEvent": "cart_change",
    "HTMLPasteEvent": "html_paste",
    "PasteHTMLEvent": "paste_html",
    "X2Event": "x2",
    "Upload2FilesEvent": "upload2_files",
    "ABTestEvent": "ab_test",
    "Scrolled": "scrolled",
    "EventDropped": "event_dropped",
    "MyEventEvent": "my_event",
    "_PrivateEvent": "private",
    "Snake_Case_Event": "snake_case",
    "lowerEvent": "lower",
    "A" * 64: "a" * 64,
}


@pytest.mark.parametrize(("class_name", "wire_name"), DERIVED.items())
@pytest.mark.parametrize("slots", [True, False])
def test_a_wire_name_is_derived_from_the_class(
    class_name: str, wire_name: str, *, slots: bool
) -> None:
    event_type: type[Event] = type(class_name, (Event,), {})
    assert event_type.wire_name == wire_name
    assert dataclass(slots=slots)(event_type).wire_name == wire_name


@pytest.mark.parametrize(
    ("class_name", "wire_name"),
    [
        ("Event", ""),
        ("_Event", ""),
        ("_2Event", "2"),
        ("ÄnderungEvent", "änderung"),
        (A_65.upper(), A_65),
    ],
)
def test_a_class_without_a_wire_name_of_its_own_is_refused(
    class_name: str, wire_name: str
) -> None:
    with pytest.raises(ValueError, match="wire name") as caught:
        type(class_name, (Event,), {"__module__": "app"})
    assert str(caught.value) == refusal(f"app.{class_name}", wire_name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Cart",
        "cart-change",
        "cart.b",
        "2cart",
        "_cart",
        " cart",
        "cart\n",
        "ä",
        A_65,
    ],
)
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="wire name") as caught:

        class BadEvent(Event, name=name):
            pass

    where = "test_a_bad_name_is_refused.<locals>.BadEvent"
    assert str(caught.value) == refusal(f"{__name__}.{where}", name)


def refusal(where: str, name: str) -> str:
    return (
        f"the event type {where} has the wire name {name!r}; a wire name is a "
        "lower-case letter, then up to 63 lower-case letters, digits and underscores: "
        "pass name="
    )


def test_name_is_kept_though_a_class_with_slots_is_made_twice() -> None:
    assert RenamedEvent.wire_name == "cart_2"
    assert RenamedEvent(quantity=1).quantity == 1
    assert "__dict__" not in dir(RenamedEvent(quantity=1))


def test_a_wire_name_is_of_the_class_and_not_a_field() -> None:
    assert "wire_name" not in {f.name for f in dataclasses.fields(CartChangeEvent)}
    assert CartChangeEvent(quantity=1).wire_name == "cart_change"


def test_a_subclass_of_a_subclass_has_a_name_of_its_own_and_all_fields() -> None:
    assert LargeCartChangeEvent.wire_name == "large_cart_change"
    event = LargeCartChangeEvent(key="a", quantity=2)
    assert (event.key, event.quantity, event.limit) == ("a", 2, 10)
    assert isinstance(event, CartChangeEvent)

    @dataclass(kw_only=True, slots=True)
    class SmallerEvent(RenamedEvent):
        pass

    assert SmallerEvent.wire_name == "smaller"


def test_a_dataclass_without_kw_only_or_slots_is_an_event_too() -> None:
    @dataclass
    class LooseEvent(Event):
        quantity: int

    assert LooseEvent(3) == LooseEvent(quantity=3, key="")
    assert LooseEvent.wire_name == "loose"


def test_other_bases_are_asked_too() -> None:
    asked: list[type] = []

    class Mixin:
        def __init_subclass__(cls, *, colour: str = "none") -> None:
            asked.append(cls)
            cls.colour = colour

        colour: str

    class ColouredEvent(Event, Mixin, name="coloured", colour="red"):
        pass

    assert asked == [ColouredEvent]
    assert (ColouredEvent.wire_name, ColouredEvent.colour) == ("coloured", "red")


def test_an_event_may_be_generic() -> None:
    @dataclass(kw_only=True, slots=True)
    class PickedEvent(Event, Generic[T]):
        value: T

    assert PickedEvent[int](value=1).value == 1
    assert PickedEvent.wire_name == "picked"


def test_a_class_that_is_no_dataclass_is_refused_at_registration() -> None:
    class ForgottenEvent(CartChangeEvent):
        colour: str

    name = (
        "test_a_class_that_is_no_dataclass_is_refused_at_registration.<locals>."
        "ForgottenEvent"
    )
    with pytest.raises(UnsupportedHandler) as caught:
        Registry().register(on_event, ForgottenEvent)
    assert str(caught.value) == (
        f"the event type {__name__}.{name} is no dataclass; decorate it with"
        "  @dataclass(kw_only=True, slots=True)"
    )
