"""Event types: their wire names, their fields, and a host's own."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import dataclass
from typing import Generic, TypeVar

import pytest

import handlerid
from handlerid import events
from handlerid._decoding import decoder
from handlerid.errors import NameTaken
from handlerid.events import (
    ButtonToggleChangeEvent,
    ClickEvent,
    DropEvent,
    Event,
    InputBlurEvent,
    InputEvent,
    SelectSelectionChangeEvent,
    SubmitEvent,
    UploadedFile,
    UploadEvent,
    ValueEvent,
    event_type,
    is_event_type,
)
from tests.support.fresh import run_fresh

T = TypeVar("T")
A_65 = "a" * 65


@dataclass(kw_only=True, slots=True)
class TrolleyChangeEvent(Event):
    quantity: int


@dataclass(kw_only=True, slots=True)
class RenamedEvent(Event, name="cart_2"):
    quantity: int


@dataclass(kw_only=True, slots=True)
class LargeTrolleyChangeEvent(TrolleyChangeEvent):
    limit: int = 10


REQUIRED: object = dataclasses.MISSING
POINTER: dict[str, object] = {"is_target": True} | dict.fromkeys(
    ["client_x", "client_y", "page_x", "page_y", "offset_x", "offset_y"], 0.0
)
HELD: dict[str, object] = dict.fromkeys(["shift", "ctrl", "alt", "meta"], False)
VALUE: dict[str, object] = {"value": REQUIRED}
SCROLL = ["scroll_left", "scroll_top", "scroll_width", "scroll_height"]

# Wire name and fields beyond the key; what has no default is required.
STANDARD: dict[str, tuple[str, dict[str, object]]] = {
    "AutocompleteEnterEvent": ("autocomplete_enter", VALUE),
    "AutocompleteSelectionChangeEvent": ("autocomplete_selection_change", VALUE),
    "BlurEvent": ("blur", {}),
    "ButtonToggleChangeEvent": ("button_toggle_change", {"values": REQUIRED}),
    "ChangeEvent": ("change", VALUE),
    "CheckboxChangeEvent": ("checkbox_change", {"checked": REQUIRED}),
    "CheckboxIndeterminateChangeEvent": (
        "checkbox_indeterminate_change",
        {"indeterminate": REQUIRED},
    ),
    "ClickEvent": ("click", POINTER),
    "CustomEvent": ("custom", {"name": REQUIRED, "detail": None}),
    "DatePickerChangeEvent": ("date_picker_change", {"date": REQUIRED}),
    "DateRangePickerChangeEvent": (
        "date_range_picker_change",
        {"start_date": REQUIRED, "end_date": REQUIRED},
    ),
    "DropEvent": ("drop", {"source_key": "", "data": {}, "files": [], **POINTER}),
    "ExpansionPanelToggleEvent": ("expansion_panel_toggle", {"opened": REQUIRED}),
    "FocusEvent": ("focus", {}),
    "InputBlurEvent": ("input_blur", VALUE),
    "InputEnterEvent": ("input_enter", VALUE),
    "InputEvent": ("input", VALUE),
    "KeyDownEvent": (
        "key_down",
        {"pressed": REQUIRED, "code": "", **HELD, "repeat": False},
    ),
    "LoadEvent": ("load", {"path": REQUIRED}),
    "PointerEvent": ("pointer", POINTER),
    "ProgressBarAnimationEndEvent": ("progress_bar_animation_end", VALUE),
    "RadioChangeEvent": ("radio_change", VALUE),
    "ResizeEvent": ("resize", {"width": REQUIRED, "height": REQUIRED}),
    "RightClickEvent": ("right_click", POINTER),
    "ScrollEvent": (
        "scroll",
        dict.fromkeys([*SCROLL, "client_width", "client_height"], 0.0),
    ),
    "SelectOpenedChangeEvent": ("select_opened_change", {"opened": REQUIRED}),
    "SelectSelectionChangeEvent": ("select_selection_change", {"values": REQUIRED}),
    "SidenavOpenedChangedEvent": ("sidenav_opened_changed", {"opened": REQUIRED}),
    "SlideToggleChangeEvent": ("slide_toggle_change", {}),
    "SliderValueChangeEvent": ("slider_value_change", VALUE),
    "SubmitEvent": ("submit", {"fields": {}}),
    "TableClickEvent": ("table_click", {"row_index": REQUIRED, "col_index": REQUIRED}),
    "TextareaShortcutEvent": (
        "textarea_shortcut",
        {"value": REQUIRED, "shortcut": REQUIRED},
    ),
    "UploadEvent": ("upload", {"files": REQUIRED}),
    "ValueEvent": ("value", VALUE),
    "ValuesEvent": ("values", {"values": REQUIRED}),
    "WebEvent": ("web", VALUE),
}
NESTED: dict[str, dict[str, object]] = {
    "Shortcut": {"key": REQUIRED, **HELD},
    "UploadedFile": {"name": REQUIRED, "mime_type": "", "contents": b""},
}


def defaults_of(cls: type) -> dict[str, object]:
    return {
        field.name: field.default
        if field.default_factory is dataclasses.MISSING
        else field.default_factory()
        for field in dataclasses.fields(cls)
    }


@pytest.mark.parametrize(
    ("name", "wire_name", "fields"), [(one, *rest) for one, rest in STANDARD.items()]
)
def test_the_standard_events(
    name: str, wire_name: str, fields: dict[str, object]
) -> None:
    standard: type[Event] = getattr(events, name)
    assert standard.wire_name == wire_name
    assert event_type(wire_name) is standard
    assert defaults_of(standard) == {"key": ""} | fields
    assert all(field.kw_only for field in dataclasses.fields(standard))
    assert not hasattr(standard(**dict.fromkeys(defaults_of(standard), "")), "__dict__")
    with pytest.raises(TypeError):
        standard("a key")  # type: ignore[call-arg]


@pytest.mark.parametrize(("name", "fields"), NESTED.items())
def test_what_the_standard_events_hold(name: str, fields: dict[str, object]) -> None:
    assert defaults_of(getattr(events, name)) == fields


@pytest.mark.parametrize("name", STANDARD)
def test_every_field_of_a_standard_event_can_be_read(name: str) -> None:
    for form in (False, True):
        assert callable(decoder(getattr(events, name), form=form))


def test_the_event_of_which_all_are() -> None:
    assert Event.wire_name == ""
    assert defaults_of(Event) == {"key": ""}


def test_every_name_is_there_and_documented() -> None:
    names = {"Event", "event_type", *STANDARD, *NESTED}
    assert set(events.__all__) == names
    assert len(events.__all__) == len(names)
    assert names <= set(dir(events))
    for name in names:
        named = getattr(events, name)
        assert named.__doc__
        if isinstance(named, type):
            assert named.__module__ == "handlerid.events"
            assert pickle.loads(pickle.dumps(named)) is named
    with pytest.raises(AttributeError) as caught:
        getattr(events, "TapEvent")  # noqa: B009 - the attribute is not there
    assert str(caught.value) == "module 'handlerid.events' has no attribute 'TapEvent'"
    assert handlerid.ClickEvent is events.ClickEvent


def test_events_of_the_same_fields_share_a_base() -> None:
    event = InputEvent(value="a")
    assert isinstance(event, ValueEvent)
    assert not isinstance(DropEvent(), ClickEvent)
    assert repr(event) == "InputEvent(key='', value='a')"


def test_what_is_an_event_type() -> None:
    assert all(map(is_event_type, (Event, InputEvent, TrolleyChangeEvent)))
    assert not any(map(is_event_type, (None, object, str, InputEvent(value=""))))


def test_the_first_of_several() -> None:
    for several in (SelectSelectionChangeEvent, ButtonToggleChangeEvent):
        assert several(values=["a", "b"]).value == "a"
        assert several(values=[]).value == ""
    first, second = UploadedFile(name="a.txt"), UploadedFile(name="b.txt")
    assert UploadEvent(files=[first, second]).file is first
    assert UploadEvent(files=[]).file is None
    sent = SubmitEvent(fields={"a": ["1", "2"], "b": []})
    assert [sent.value("a"), sent.value("b"), sent.value("c", "-")] == ["1", "", "-"]


# Who has which wire name


def test_most_events_are_made_when_they_are_asked_for() -> None:
    """Making them all would take most of the time that the import takes."""
    loaded = run_fresh(
        "-c",
        "import sys\n"
        "from handlerid.events import ClickEvent, event_type\n"
        "first = [m for m in sys.modules if m.startswith('handlerid.events.')]\n"
        "assert event_type('click') is ClickEvent\n"
        "from handlerid.events import SliderValueChangeEvent\n"
        "assert event_type('slider_value_change') is SliderValueChangeEvent\n"
        "print(*first)",
    )
    names = [one.rpartition(".")[2] for one in loaded.split()]
    assert sorted(names) == ["annotations", "base"]


@pytest.mark.parametrize("name", ["", "click2", "Click", "ClickEvent"])
def test_a_wire_name_that_nobody_has(name: str) -> None:
    with pytest.raises(LookupError) as caught:
        event_type(name)
    assert str(caught.value) == f"no event type has the wire name {name!r}"


def test_a_host_finds_its_own_by_wire_name() -> None:
    assert event_type("trolley_change") is TrolleyChangeEvent
    assert event_type("cart_2") is RenamedEvent


def taken(name: str, owner: str, other: str) -> str:
    return (
        f"two event types have the wire name {name!r}: {owner} and {other}; give one "
        "of them another: class ...(Event, name=...)"
    )


def test_two_classes_with_one_wire_name_are_refused() -> None:
    with pytest.raises(NameTaken) as caught:

        class OtherEvent(Event, name="trolley_change"):
            pass

    here = "test_two_classes_with_one_wire_name_are_refused.<locals>.OtherEvent"
    told = taken(
        "trolley_change", f"{__name__}.TrolleyChangeEvent", f"{__name__}.{here}"
    )
    assert str(caught.value) == told
    assert event_type("trolley_change") is TrolleyChangeEvent


def test_a_standard_name_is_taken_whether_it_was_asked_for_or_not() -> None:
    told = run_fresh(
        "-c",
        "from handlerid.events import Event\n"
        "from handlerid.errors import NameTaken\n"
        "for name in ('SubmitEvent', 'DropEvent', 'TableClickEvent'):\n"
        "    try: type(name, (Event,), {'__module__': 'app'})\n"
        "    except NameTaken as error: print(error)",
    )
    assert told.splitlines() == [
        taken(wire_name, f"handlerid.events.{name}", f"app.{name}")
        for wire_name, name in [
            ("submit", "SubmitEvent"),
            ("drop", "DropEvent"),
            ("table_click", "TableClickEvent"),
        ]
    ]


@pytest.mark.parametrize("slots", [True, False])
def test_a_class_that_is_defined_again_takes_the_place_of_the_old(
    *, slots: bool
) -> None:
    def define() -> type[Event]:
        class ReloadedEvent(Event):
            value: str

        return dataclass(slots=slots)(ReloadedEvent)

    old, new = define(), define()
    assert old is not new
    assert event_type("reloaded") is new


@pytest.mark.parametrize("slots", [True, False])
def test_a_class_that_is_gone_leaves_its_name_free(*, slots: bool) -> None:
    def define(class_name: str) -> type[Event]:
        made: type[Event] = type(class_name, (Event,), {}, name="passing")
        return dataclass(slots=slots)(made)

    define("FirstEvent")
    second = define("SecondEvent")
    assert event_type("passing") is second
    with pytest.raises(NameTaken):
        define("ThirdEvent")


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
    "TapEvent": "tap",
    "BasketChangeEvent": "basket_change",
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
    assert "wire_name" not in {f.name for f in dataclasses.fields(TrolleyChangeEvent)}
    assert TrolleyChangeEvent(quantity=1).wire_name == "trolley_change"


def test_a_subclass_of_a_subclass_has_a_name_of_its_own_and_all_fields() -> None:
    assert LargeTrolleyChangeEvent.wire_name == "large_trolley_change"
    event = LargeTrolleyChangeEvent(key="a", quantity=2)
    assert (event.key, event.quantity, event.limit) == ("a", 2, 10)
    assert isinstance(event, TrolleyChangeEvent)

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
