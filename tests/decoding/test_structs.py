"""``msgspec.Struct`` classes as events."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import pytest

from handlerid._decoding import Form, decoder, json_reader
from handlerid.errors import (
    FieldError,
    InvalidEvent,
    NameTaken,
    UnsupportedHandler,
)
from handlerid.events import adopt, event_type, is_event_type
from tests.support.fresh import run_fresh

M = f"secret{7000 + 351}"


class Item(msgspec.Struct):
    name: str
    price: float = 0.0


class PurchaseEvent(msgspec.Struct, kw_only=True):
    key: str = ""
    count: Annotated[int, msgspec.Meta(ge=1)]
    items: list[Item] = []
    day: dt.date | None = None
    colour: Literal["red", "green"] = "red"


class NamedStruct(msgspec.Struct):
    wire_name: ClassVar[str] = "struct_by_name"

    value: str


class ClosedEvent(msgspec.Struct, forbid_unknown_fields=True):
    value: str
    renamed: int = msgspec.field(default=0, name="otherName")


class CheckedEvent(msgspec.Struct):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"{self.low} is more than {self.high}")


class SaidEvent(msgspec.Struct):
    low: int

    def __post_init__(self) -> None:
        fields = [FieldError("low", "more than nothing")] if self.low else []
        raise InvalidEvent(f"{self.low}", fields=fields)


class Leaf(msgspec.Struct):
    size: int

    def __post_init__(self) -> None:
        if self.size > 1000:
            raise ValueError(f"Expected less, not {self.size}")
        if self.size > 10:
            raise InvalidEvent(f"{self.size}")


class TreeEvent(msgspec.Struct, tag="oak", tag_field="kind"):
    leaf: Leaf
    leaves: Annotated[list[Leaf], msgspec.Meta(max_length=9)] = []


class RowsEvent(msgspec.Struct):
    numbers: Sequence[int]
    ticked: Annotated[bool, msgspec.Meta(title="Ticked")]
    few: Annotated[list[int], msgspec.Meta(max_length=3)] = []


class BoxesEvent(msgspec.Struct):
    name: str
    ticked: bool
    age: int
    chosen: list[int]
    more: list[int] | None = None


def ways(payload: dict[str, Any]) -> list[Any]:
    """A mapping as the host has it, and as each reader of JSON makes it."""
    sent = {"handler": "h", **payload}
    readers = map(json_reader, ["standard", "msgspec"])
    return [sent, *(read(json.dumps(sent).encode(), 10_000) for read in readers)]


def refused(event: Any, given: Any, **options: Any) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        decoder(event, **options)(given)
    assert caught.value.__context__ is None
    assert caught.value.event_type == event.__name__
    return caught.value


def test_a_struct_is_an_event() -> None:
    payload = {
        "count": 2,
        "items": [{"name": "tea", "price": 3}],
        "day": "2024-02-29",
    }
    for sent in ways(payload):
        assert decoder(PurchaseEvent)(sent) == PurchaseEvent(
            count=2, items=[Item("tea", 3.0)], day=dt.date(2024, 2, 29)
        )
    assert is_event_type(PurchaseEvent)
    assert decoder(PurchaseEvent) is decoder(PurchaseEvent)


def test_the_wire_name_of_a_struct() -> None:
    for _ in range(2):
        adopt(NamedStruct)
        adopt(PurchaseEvent)
    found: type = event_type("struct_by_name")
    assert found is NamedStruct
    assert event_type("purchase").__name__ == "PurchaseEvent"

    class Inherits(NamedStruct):
        pass

    adopt(Inherits)
    assert Inherits.wire_name == "inherits"

    class RightClickEvent(msgspec.Struct):
        pass

    with pytest.raises(NameTaken, match="the wire name 'right_click'"):
        adopt(RightClickEvent)


def test_every_bad_field_of_a_struct_is_named_and_no_value() -> None:
    payload = {
        "key": 7351,
        "count": 0,
        "items": [{"name": "tea"}, {"name": "a", "price": M}],
        "day": M,
        "colour": M,
    }
    for sent in ways(payload):
        error = refused(PurchaseEvent, sent)
        assert error.fields == (
            FieldError("key", "str"),
            FieldError("count", "int >= 1"),
            FieldError("items[1].price", "float"),
            FieldError("day", "a value for date | None"),
            FieldError("colour", "a value for Literal"),
        )
        assert M not in str(error)
        assert "7351" not in str(error)
    assert str(refused(PurchaseEvent, {"handler": "h"})) == (
        "the payload does not fit PurchaseEvent: count: expected a value; it is missing"
    )


@pytest.mark.parametrize(
    ("event", "payload", "text"),
    [
        (CheckedEvent, {"low": 7351, "high": 1}, "values that {} takes together"),
        (SaidEvent, {"low": 0}, "values that {} takes together"),
        (SaidEvent, {"low": 7351}, "more than nothing"),
    ],
)
def test_what_a_struct_refuses_itself(
    event: Any, payload: dict[str, Any], text: str
) -> None:
    name = event.__name__
    field = "low: " if "more" in text else ""
    for sent in ways(payload):
        assert str(refused(event, sent)) == (
            f"the payload does not fit {name}: {field}expected {text.format(name)}"
        )


def test_what_a_struct_within_says_is_not_repeated() -> None:
    for size in (7351, 73):
        leaves = [{"size": 1}, {"size": size}]
        for sent in ways({"leaf": {"size": size}, "leaves": leaves}):
            error = refused(TreeEvent, sent)
            assert [path for path, _ in error.fields] == ["leaf", "leaves"]
            assert str(size) not in str(error)


@pytest.mark.parametrize("refuse_extra", [False, True])
def test_the_tag_of_a_struct_is_one_of_its_names(*, refuse_extra: bool) -> None:
    decode = decoder(TreeEvent, refuse_extra=refuse_extra)
    for tag in ({}, {"kind": "oak"}):
        for sent in ways({"leaf": {"size": 1}} | tag):
            assert decode(sent) == TreeEvent(Leaf(1))
    error = refused(TreeEvent, {"kind": "elm", "leaf": {"size": 1}})
    assert str(error) == (
        "the payload does not fit TreeEvent: expected values that TreeEvent takes "
        "together"
    )
    form = Form({"_handler": "h", "kind": "oak", "leaf": Leaf(2)})
    assert decoder(TreeEvent, form=True)(form.fields) == TreeEvent(Leaf(2))


def test_names_that_a_struct_does_not_have() -> None:
    nothing = "no field of this name"
    for sent in ways({"key": "k", "count": 1}):
        assert decoder(PurchaseEvent)(sent).count == 1
    for sent in ways({"count": "1", "more": 2}):
        error = refused(PurchaseEvent, sent)
        assert error.fields == (FieldError("count", "int"), FieldError("more", nothing))
        lenient = decoder(PurchaseEvent, refuse_extra=False)
        assert lenient({**sent, "count": 1}).count == 1
    # This one forbids them itself, whatever the dispatcher says.
    for sent in ways({"key": "k", "value": "v", "otherName": 3}):
        assert decoder(ClosedEvent)(sent) == ClosedEvent("v", 3)
    for sent in ways({"value": "v", "renamed": 3}):
        error = refused(ClosedEvent, sent, refuse_extra=False)
        assert error.fields == (FieldError("renamed", nothing),)


def test_a_struct_from_a_form() -> None:
    def read(*pairs: tuple[str, str]) -> Any:
        sent = [("_handler", "h"), ("name", "Ada"), ("age", "36"), *pairs]
        return decoder(BoxesEvent, form=True)(Form(sent).fields)

    assert read() == BoxesEvent("Ada", ticked=False, age=36, chosen=[])
    more = [("ticked", "true"), ("chosen", "1"), ("chosen", "2"), ("more", "3")]
    assert read(*more) == BoxesEvent(
        "Ada", ticked=True, age=36, chosen=[1, 2], more=[3]
    )
    for text, ticked in [("on", True), ("ON", True), ("yes", True), ("off", False)]:
        assert read(("ticked", text)).ticked is ticked
    with pytest.raises(InvalidEvent) as caught:
        read(("name", "Eve"), ("chosen", "x"), ("ticked", "maybe"))
    assert caught.value.fields == (
        FieldError("name", "str"),
        FieldError("ticked", "bool"),
        FieldError("chosen[0]", "int"),
    )


def test_annotated_and_abstract_lists_of_a_struct_from_a_form() -> None:
    decode = decoder(RowsEvent, form=True)
    assert decode({"_handler": ["h"]}) == RowsEvent([], ticked=False)
    form = Form({"_handler": "h", "numbers": "1", "few": "2", "ticked": "on"})
    assert decode(form.fields) == RowsEvent([1], ticked=True, few=[2])


class HandledByTag(msgspec.Struct, tag_field="handler"):
    value: str


class Unreadable(msgspec.Struct):
    value: str | bytes


class Handled(msgspec.Struct):
    handler: str


class HandledByAlias(msgspec.Struct):
    value: str = msgspec.field(name="handler")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Unreadable, "msgspec cannot read a field of the event type"),
        (Handled, "has a field named handler, which is the name of the id"),
        (HandledByAlias, "has a field named handler, which is the name of the id"),
        (HandledByTag, "has a field named handler, which is the name of the id"),
    ],
)
def test_a_struct_that_cannot_be_an_event(event: Any, text: str) -> None:
    for _ in range(2):
        with pytest.raises(UnsupportedHandler, match=text):
            decoder(event)


def test_msgspec_is_imported_when_it_is_asked_for_and_not_before() -> None:
    told = run_fresh(
        "-c",
        "import sys\n"
        "from handlerid._decoding import decoder, json_reader\n"
        "from handlerid.events import ClickEvent, is_event_type\n"
        "sys.modules['msgspec'] = None  # as if it were not installed\n"
        "print(is_event_type(int), decoder(ClickEvent)({'key': 'k'}).key)\n"
        "try: json_reader('msgspec')\n"
        "except ImportError as error: print(error)",
    )
    assert told.splitlines() == [
        "False k",
        """json="msgspec" needs msgspec: pip install 'handlerid[msgspec]'""",
    ]
