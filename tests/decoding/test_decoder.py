"""From payloads to events: what fits, what does not, and what is said about it."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, make_dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypedDict, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlerid._decoding import decoder, json_reader
from handlerid.errors import (
    FieldError,
    InvalidEvent,
    MalformedPayload,
    UnsupportedHandler,
)
from handlerid.events import ClickEvent, Event, InputEvent
from tests.support.bad_payloads import (
    BAD,
    BAD_MAPPINGS,
    COUNT,
    FITS,
    FLAG,
    GONE,
    LARGE,
    MARKER,
    RATIO,
    TEXT,
    EveryEvent,
    M,
    differing,
    without,
)
from tests.support.fresh import run_fresh

if TYPE_CHECKING:
    from somewhere import Missing  # type: ignore[import-not-found]

T = TypeVar("T")

decode_every = decoder(EveryEvent, refuse_extra=False)


def decode_json(text: str | bytes) -> Any:
    return decode_every(json_reader("standard")(text, 1_000_000))


def check_refusal(error: InvalidEvent, expected: dict[str, str]) -> None:
    """The whole text, the data, and nothing of the payload in either."""
    assert type(error) is InvalidEvent
    listed = "; ".join(f"{path}: expected {what}" for path, what in expected.items())
    assert str(error) == f"the payload does not fit EveryEvent: {listed}"
    assert error.event_type == "EveryEvent"
    assert error.fields == tuple(FieldError(*one) for one in expected.items())
    told = "".join(traceback.format_exception(error)) + repr(error) + error.public
    assert MARKER not in told + repr(vars(error))
    assert "7351" not in str(error)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [*BAD.values(), *BAD_MAPPINGS.values()],
    ids=[*BAD, *BAD_MAPPINGS],
)
def test_a_bad_mapping_is_refused(
    payload: dict[str, Any], expected: dict[str, str]
) -> None:
    before = copy.deepcopy(payload)
    with pytest.raises(InvalidEvent) as caught:
        decode_every(payload)
    check_refusal(caught.value, expected)
    assert repr(payload) == repr(before)


@pytest.mark.parametrize(("payload", "expected"), BAD.values(), ids=BAD)
def test_a_bad_payload_is_refused_through_json(
    payload: dict[str, Any], expected: dict[str, str]
) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_json(json.dumps(payload))
    check_refusal(caught.value, expected)


def test_the_list_of_bad_payloads_is_long() -> None:
    assert len(BAD) >= 60


def same(left: object, right: object) -> bool:
    """Equal, and of the same types all the way down; -0.0 is not 0.0."""
    return repr(left) == repr(right)


GOOD: dict[str, tuple[dict[str, Any], dict[str, object]]] = {
    "all": (FITS, {}),
    "no key": (without("key"), {"key": ""}),
    "extra": ({**FITS, "handler": "x", "more": [1]}, {}),
    "integer for a float": (differing("ratio", 3), {"ratio": 3.0}),
    "integers in a grid": (differing("grid", [[1, -2]]), {"grid": [[1.0, -2.0]]}),
    "large integer for a float": (differing("ratio", 10**300), {"ratio": 1e300}),
    "integer where both may be": (differing("number", 3), {"number": 3}),
    "float where both may be": (differing("number", 3.5), {"number": 3.5}),
    "minus zero": (differing("ratio", -0.0), {"ratio": -0.0}),
    "the largest float": (differing("ratio", 1.7976931348623157e308), {}),
    "large integer": (differing("count", 10**300), {"count": 10**300}),
    "null where it may be": (differing("maybe", None), {"maybe": None}),
    "null for Any": (differing("anything", None), {"anything": None}),
    "false for Any": (differing("thing", False), {"thing": False}),
    "empty lists": ({**FITS, "names": [], "grid": []}, {"names": [], "grid": []}),
}


@pytest.mark.parametrize(("payload", "changed"), GOOD.values(), ids=GOOD)
def test_a_payload_that_fits_becomes_an_event(
    payload: dict[str, Any], changed: dict[str, object]
) -> None:
    values: dict[str, Any] = {name: payload.get(name) for name in FITS} | changed
    expected = EveryEvent(**values)
    assert same(decode_every(payload), expected)
    assert same(decode_every(MappingProxyType(payload)), expected)
    assert same(decode_json(json.dumps(payload)), expected)


def test_a_list_is_the_events_own() -> None:
    payload = copy.deepcopy(FITS)
    event = decode_every(payload)
    payload["names"].append("late")
    for inner in payload["grid"]:
        inner.append(9.9)
    assert event.names == FITS["names"]
    assert event.grid == FITS["grid"]


# Defaults and the fast way through


@dataclass(kw_only=True, slots=True)
class FastEvent(Event):
    """Fields of the types that the compiled decoder looks at by itself."""

    text: str
    flag: bool
    count: int
    ratio: float
    anything: Any


FAST = {name: FITS[name] for name in ("text", "flag", "count", "ratio", "anything")}
FAST_WRONG: dict[str, tuple[str, list[object]]] = {
    "text": (TEXT, [None, True, 7351, 0.5, [], {}, M.encode()]),
    "flag": (FLAG, [None, 0, 1, 1.0, M, "", []]),
    "count": (COUNT, [None, True, False, 1.0, math.nan, "7351", [], 1j]),
    "ratio": (RATIO, [None, True, False, math.nan, math.inf, LARGE, "7351", [], 1j]),
}


def test_the_fast_way_leads_to_the_same_event() -> None:
    assert same(decoder(FastEvent)(FAST), FastEvent(**FAST))
    assert same(decoder(FastEvent)({**FAST, "ratio": 2}).ratio, 2.0)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        *((name, x, what) for name, (what, xs) in FAST_WRONG.items() for x in xs),
        *((name, None, GONE) for name in FAST),
    ],
)
def test_the_fast_way_refuses_what_does_not_fit(
    name: str, value: object, expected: str
) -> None:
    payload = {**FAST, name: value}
    if expected is GONE:
        del payload[name]
    with pytest.raises(InvalidEvent) as caught:
        decoder(FastEvent)(payload)
    told = f"the payload does not fit FastEvent: {name}: expected {expected}"
    assert str(caught.value) == told
    assert caught.value.fields == (FieldError(name, expected),)


def test_defaults_stand_in_for_what_is_missing() -> None:
    assert decoder(ClickEvent)({}) == ClickEvent()
    event = decoder(ClickEvent)({"client_x": 2, "key": "a", "is_target": False})
    assert same(event, ClickEvent(client_x=2.0, key="a", is_target=False))


def test_floats_whose_sum_overflows_fit_all_the_same() -> None:
    payload: dict[str, Any] = {
        "client_x": 1.7e308,
        "client_y": 1.7e308,
        "page_x": -1.7e308,
    }
    assert same(decoder(ClickEvent)(payload), ClickEvent(**payload))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_float_that_is_not_finite_is_found_among_many(value: float) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decoder(ClickEvent)({"page_x": 1.0, "offset_y": value})
    assert str(caught.value) == (
        "the payload does not fit ClickEvent: offset_y: expected a finite number"
    )


def test_infinities_that_cancel_out_are_found() -> None:
    with pytest.raises(InvalidEvent) as caught:
        decoder(ClickEvent)({"page_x": math.inf, "page_y": -math.inf})
    assert [one.path for one in caught.value.fields] == ["page_x", "page_y"]


@dataclass(kw_only=True, slots=True)
class DefaultsEvent(Event):
    ratio: float = 1  # an integer, and the author's to choose
    names: list[str] = field(default_factory=lambda: ["a"])
    choice: Any = None
    maybe: str | None = None
    computed: str = field(init=False, default="c")
    size: int = field(default=0, kw_only=False)


def test_defaults_are_the_authors() -> None:
    event = decoder(DefaultsEvent)({})
    assert same(event, DefaultsEvent())
    assert event.names is not decoder(DefaultsEvent)({}).names
    assert same(decoder(DefaultsEvent)({"choice": 0}).choice, 0)
    full: dict[str, Any] = {
        "ratio": 2.5,
        "names": [],
        "choice": "b",
        "maybe": "m",
        "size": 3,
    }
    assert same(decoder(DefaultsEvent)(full), DefaultsEvent(**full))


def test_a_field_that_is_not_given_is_not_read() -> None:
    decode = decoder(DefaultsEvent, refuse_extra=False)
    assert decode({"computed": 1}).computed == "c"


@dataclass(frozen=True, slots=True)
class Frozen:
    """A decoder knows dataclasses, not events."""

    value: str
    doubled: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "doubled", self.doubled * 2)


@dataclass
class Unslotted:
    self: str
    payload: int = 1


@dataclass
class Empty:
    pass


def test_any_dataclass_is_decoded_through_its_own_init() -> None:
    assert same(decoder(Frozen)({"value": "a", "doubled": 1}), Frozen("a", 1.0))
    assert decoder(Frozen)({"value": "a", "doubled": 1.5}).doubled == 3.0
    assert same(decoder(Unslotted)({"self": "a", "payload": 2}), Unslotted("a", 2))
    assert same(decoder(Empty)({}), Empty())


@dataclass(kw_only=True, slots=True)
class AnnotatedEvent(Event):
    text: Annotated[str, {"unhashable": True}]
    maybe: Any | None
    several: list[Any]
    nothing: list[None]


def test_metadata_says_nothing_and_any_takes_all() -> None:
    payload = {"text": "a", "maybe": [1], "several": [1, "a"], "nothing": [None]}
    assert same(decoder(AnnotatedEvent)(payload), AnnotatedEvent(**payload))  # type: ignore[arg-type]
    with pytest.raises(InvalidEvent) as caught:
        decoder(AnnotatedEvent)({**payload, "nothing": [0]})
    assert caught.value.fields == (FieldError("nothing[0]", "null"),)


# Names that are no fields


def test_the_librarys_own_events_alone_ignore_unknown_names() -> None:
    payload = {"handler": "h", "key": "k", "value": "v", "Value": "other"}
    event = InputEvent(key="k", value="v")
    for lenient in (decoder(InputEvent), decoder(InputEvent, refuse_extra=False)):
        assert lenient(payload) == event

    class OwnInputEvent(InputEvent):
        pass

    for strict in (decoder(OwnInputEvent), decoder(InputEvent, refuse_extra=True)):
        with pytest.raises(InvalidEvent) as caught:
            strict(payload)
        assert caught.value.fields == (FieldError("Value", "no field of this name"),)
        del payload["Value"]
        assert strict(payload).value == "v"
        payload["Value"] = "other"


def test_the_id_and_the_key_are_never_refused() -> None:
    assert decoder(Empty)({"handler": "h", "key": "k"}) == Empty()
    assert decoder(Empty, form=True)({"_handler": ["h"], "_key": ["k"]}) == Empty()


# One decoder a class


def test_a_decoder_is_compiled_once() -> None:
    assert decoder(InputEvent) is decoder(InputEvent)
    assert decoder(InputEvent, form=True) is decoder(InputEvent, form=True)


def test_nothing_that_reads_is_loaded_before_it_is_needed() -> None:
    loaded = run_fresh(
        "-c",
        "import sys; from handlerid import _decoding, events; print(*sys.modules);"
        "_decoding.decoder(events.ClickEvent); print(*sys.modules)",
    )
    before, after = (set(line.split()) for line in loaded.splitlines())
    lazy = {"handlerid._decoding.compiled", "handlerid._decoding.hints"}
    assert not lazy & before
    assert lazy <= after
    assert not {"msgspec", "handlerid._decoding.json"} & after


def test_a_subclass_has_a_decoder_of_its_own() -> None:
    @dataclass(kw_only=True, slots=True)
    class ParentEvent(Event):
        value: str

    parent = decoder(ParentEvent)

    @dataclass(kw_only=True, slots=True)
    class ChildEvent(ParentEvent):
        count: int

    assert decoder(ChildEvent) is not parent
    assert same(
        decoder(ChildEvent)({"value": "a", "count": 1}), ChildEvent(value="a", count=1)
    )
    assert same(parent({"value": "a"}), ParentEvent(value="a"))


# Event types that cannot be read


@dataclass
class Nested:
    value: str


class Place(TypedDict):
    city: str


class Odd(Enum):
    MARK = object()


class NoDataclass(InputEvent):
    more: str


@dataclass(kw_only=True, slots=True)
class MissingEvent(Event):
    value: Missing


@pytest.mark.parametrize(
    "hint",
    [
        set[str],
        frozenset,
        Decimal,
        Literal[b"a", ()],
        list[Decimal],
        list[set[str]] | None,
        str | date,
        bytes | date,
        timedelta,
        Place,
        list[int] | tuple[int, ...],
        Nested | dict[str, str],
        dict[int, str],
        dict[date | int, str],
        T,
        Mapping[str, str],
        Callable[[], None],
        int | Callable[[], None],
        Odd,
        {},
    ],
    ids=str,
)
def test_a_field_of_another_type_is_the_authors_mistake(hint: Any) -> None:
    event_type = dataclasses.make_dataclass(
        "OddEvent", [("fine", str), ("odd", hint)], bases=(Event,), kw_only=True
    )
    with pytest.raises(UnsupportedHandler) as caught:
        decoder(event_type)
    assert str(caught.value) == (
        f"the field odd of the event type {event_type.__module__}.OddEvent has a type "
        "that cannot be read from a payload; use str, bool, int, float, None, Any, "
        "Literal, Enum, date, time, datetime, bytes, list, tuple, dict, a dataclass, "
        "or a union of types that JSON writes differently; or pass a decoder: class "
        "OddEvent(Event, decoder=...)"
    )


def test_a_subclass_without_fields_of_its_own_needs_no_decorator() -> None:
    class PlainSubclassEvent(InputEvent):
        pass

    event = decoder(PlainSubclassEvent)({"value": "a"})
    assert same(event, PlainSubclassEvent(value="a"))


def test_a_class_that_is_no_dataclass_is_refused() -> None:
    with pytest.raises(UnsupportedHandler) as caught:
        decoder(NoDataclass)
    assert str(caught.value) == (
        f"the event type {__name__}.NoDataclass is not a dataclass; decorate it with "
        "@dataclass(kw_only=True, slots=True)"
    )


def test_a_field_whose_type_is_for_type_checkers_only_is_refused() -> None:
    with pytest.raises(UnsupportedHandler) as caught:
        decoder(MissingEvent)
    assert str(caught.value) == (
        f"a field of the event type {__name__}.MissingEvent has a type that cannot be "
        "evaluated where the class is defined: name 'Missing' is not defined; import "
        "the types at run time, not only under TYPE_CHECKING"
    )


def test_a_refused_event_type_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(UnsupportedHandler):
            decoder(MissingEvent)


# Laws

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={name: JSON | st.just(value) for name, value in FITS.items()},
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
EVENTS = st.builds(
    EveryEvent,
    key=st.text(),
    text=st.text(),
    flag=st.booleans(),
    count=st.integers(),
    ratio=FINITE,
    anything=st.none() | st.lists(st.integers()) | st.dictionaries(st.text(), FINITE),
    thing=st.text(),
    nothing=st.none(),
    maybe=st.none() | st.text(),
    number=st.integers() | FINITE,
    either=st.none() | st.integers() | st.text(),
    names=st.lists(st.text()),
    grid=st.lists(st.lists(FINITE)),
    flags=st.lists(st.none() | st.booleans()),
)


def fits(value: object, decoded: object) -> bool:
    """Whether a decoded value is the one that was sent: a float may have been int."""
    if isinstance(value, list) and isinstance(decoded, list):
        return len(value) == len(decoded) and all(map(fits, value, decoded))
    if type(value) is int and type(decoded) is float:
        return float(value) == decoded
    return repr(value) == repr(decoded)


def check_any_payload(payload: Any, decode: Callable[[Any], Any], sent: Any) -> None:
    try:
        event = decode(sent)
    except (MalformedPayload, InvalidEvent) as error:
        told = str(error)
    else:
        assert type(event) is EveryEvent
        for name in FITS:
            assert fits(payload.get(name, ""), getattr(event, name)), name
        return
    assert re.fullmatch(r'the payload [a-zA-Z0-9 ,:;_"\[\]-]+', told)


@given(JSON | PAYLOADS)
def test_any_json_becomes_an_equal_event_or_a_documented_error(payload: Any) -> None:
    check_any_payload(payload, decode_json, json.dumps(payload))


@given(PAYLOADS)
def test_any_mapping_becomes_an_equal_event_or_a_documented_error(payload: Any) -> None:
    check_any_payload(payload, decode_every, payload)


@given(EVENTS)
def test_an_event_comes_back_as_it_was_sent(event: EveryEvent) -> None:
    fields = dataclasses.asdict(event)
    assert same(decode_every(fields), event)
    assert same(decode_json(json.dumps(fields).encode()), event)


# Making an event of values that fit: in one go, or by the class's own ``__init__``.


@dataclass(kw_only=True)
class PlainMadeEvent(Event):
    size: int = 1


@dataclass(kw_only=True, init=False)
class OwnInitMadeEvent(Event):
    size: int = 1

    def __init__(self, *, key: str = "", size: int = 1) -> None:
        self.key = key
        self.size = size + 100


@dataclass(kw_only=True, init=False)
class SwappingInitMadeEvent(Event):
    size: int = 1
    other: int = 2

    def __init__(self, *, key: str = "", other: int = 2, size: int = 1) -> None:
        self.key = key
        self.size = other
        self.other = size


@dataclass(kw_only=True, init=False)
class ElsewhereInitMadeEvent(Event):
    size: int = 1

    def __init__(self, *, key: str = "", size: int = 1) -> None:
        self.key = key
        self.kept = size


@dataclass(kw_only=True)
class CheckedMadeEvent(Event):
    size: int = 1

    def __post_init__(self) -> None:
        self.size += 10


@dataclass(kw_only=True)
class AssigningMadeEvent(Event):
    size: int = 1

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, f"{name} {value}")


@dataclass(kw_only=True)
class FactoryMadeEvent(Event):
    sizes: list[int] = field(default_factory=lambda: [7])


@dataclass(kw_only=True, init=False)
class InheritedInitMadeEvent(OwnInitMadeEvent):
    """Inherits what makes it."""


class Picky(type):
    def __call__(cls, *args: Any, **fields: Any) -> Any:
        if fields.get("size") == 7:
            raise ValueError("seven")
        event = super().__call__(*args, **fields)
        event.size += 1000
        return event


@dataclass(kw_only=True)
class MetaclassMadeEvent(Event, metaclass=Picky):
    size: int = 1


@dataclass(kw_only=True)
class NewMadeEvent(Event):
    size: int = 1

    def __new__(cls, *, key: str = "", size: int = 1) -> Self:
        if size == 7:
            raise ValueError("seven")
        return super().__new__(cls)


MADE = [
    MetaclassMadeEvent,
    NewMadeEvent,
    PlainMadeEvent,
    OwnInitMadeEvent,
    SwappingInitMadeEvent,
    ElsewhereInitMadeEvent,
    CheckedMadeEvent,
    AssigningMadeEvent,
    FactoryMadeEvent,
    InheritedInitMadeEvent,
    make_dataclass(
        "SelfMadeEvent", [("self", int, 3)], bases=(Event,), kw_only=True, slots=True
    ),
]


@pytest.mark.parametrize("event_type", MADE, ids=lambda cls: cls.__name__)
def test_an_event_is_what_calling_its_class_gives(event_type: type[Event]) -> None:
    given = {
        one.name: {int: 5, "int": 5}.get(one.type, "row")
        for one in dataclasses.fields(event_type)
        if one.name != "sizes"
    }
    for values in ({}, given, {"key": "row"}):
        event = decoder(event_type)({"handler": "h1", **values})
        assert type(event) is event_type
        assert event == event_type(**values)


@pytest.mark.parametrize("event_type", [MetaclassMadeEvent, NewMadeEvent])
def test_what_its_class_refuses_before_init_is_no_event(
    event_type: type[Event],
) -> None:
    with pytest.raises(InvalidEvent, match="takes together"):
        decoder(event_type)({"size": 7})


@dataclass(kw_only=True)
class OddDefaultsEvent(Event):
    ratio: float = math.inf
    count: int = "many"  # type: ignore[assignment]  # a default is not checked
    half: float = 1


def test_a_default_that_does_not_fit_is_used_but_not_accepted() -> None:
    event = decoder(OddDefaultsEvent)({})
    assert repr((event.ratio, event.count, event.half)) == "(inf, 'many', 1)"
    with pytest.raises(InvalidEvent) as caught:
        decoder(OddDefaultsEvent)({"ratio": math.inf, "count": "many", "half": 1})
    assert dict(caught.value.fields) == {"ratio": RATIO, "count": COUNT}


def test_a_recursion_error_of_the_class_itself_passes() -> None:
    @dataclass(kw_only=True)
    class EndlessEvent(Event):
        def __post_init__(self) -> None:
            raise RecursionError("the author's")

    with pytest.raises(RecursionError, match="the author's"):
        decoder(EndlessEvent)({"key": "a"})
