"""``msgspec.Struct`` classes as events, and the dispatcher that reads with msgspec."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import pytest

from handlerid import ClickEvent, Dispatcher, Form, Registry
from handlerid._decoding import json_decoder
from handlerid.errors import (
    FieldError,
    InvalidEvent,
    MalformedPayload,
    NameTaken,
    SignatureError,
    UnknownHandler,
    UnsupportedHandler,
)
from handlerid.events import event_type
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


class OpenEvent(msgspec.Struct):
    value: Any


class BoxesEvent(msgspec.Struct):
    name: str
    ticked: bool
    age: int
    chosen: list[int]
    more: list[int] | None = None


def on_order(event: PurchaseEvent) -> int:
    return event.count


def on_named(event: NamedStruct) -> str:
    return event.value


def on_closed(event: ClosedEvent) -> tuple[str, int]:
    return event.value, event.renamed


def on_checked(event: CheckedEvent) -> None: ...


def on_open(event: OpenEvent) -> int:
    return len(event.value)


def on_boxes(event: BoxesEvent) -> BoxesEvent:
    return event


def on_click(event: ClickEvent) -> str:
    return event.key


def on_anything(event: object) -> object:
    return event


READERS: Any = ["standard", "msgspec"]


@pytest.fixture(params=READERS)
def dispatcher(request: pytest.FixtureRequest) -> Dispatcher:
    return Dispatcher(Registry(), json=request.param)


def ways(payload: dict[str, Any]) -> list[Any]:
    text = json.dumps(payload)
    return [payload, text, text.encode(), bytearray(text.encode())]


def test_a_struct_is_an_event(dispatcher: Dispatcher) -> None:
    handler = dispatcher.offer(on_order)
    assert handler.rpartition(".")[2] == "purchase"
    payload = {
        "handler": handler,
        "count": 2,
        "items": [{"name": "tea", "price": 3}],
        "day": "2024-02-29",
        "more": 1,
    }
    for sent in ways(payload):
        call = dispatcher.prepare(sent)
        event: object = call.event
        assert event == PurchaseEvent(
            count=2, items=[Item("tea", 3.0)], day=dt.date(2024, 2, 29)
        )
        assert call.run() == 2


def test_a_struct_and_a_dataclass_side_by_side(dispatcher: Dispatcher) -> None:
    order, click = dispatcher.offer(on_order), dispatcher.offer(on_click)
    for sent in ways({"handler": order, "count": 1}):
        assert dispatcher.dispatch(sent) == 1
    for sent in ways({"handler": click, "key": "k"}):
        assert dispatcher.dispatch(sent) == "k"


def test_an_event_type_may_be_named_where_no_annotation_does(
    dispatcher: Dispatcher,
) -> None:
    handler = dispatcher.offer(on_anything, PurchaseEvent)  # type: ignore[arg-type]
    assert dispatcher.dispatch({"handler": handler, "count": 1}) == PurchaseEvent(
        count=1
    )
    with pytest.raises(SignatureError):
        dispatcher.offer(on_click, PurchaseEvent)  # type: ignore[arg-type]
    with pytest.raises(SignatureError):
        dispatcher.offer(on_order, ClickEvent)


def test_the_wire_name_of_a_struct(dispatcher: Dispatcher) -> None:
    handler = dispatcher.offer(on_named)
    assert handler.rpartition(".")[2] == "struct_by_name"
    found: type = event_type("struct_by_name")
    assert found is NamedStruct
    assert dispatcher.dispatch({"handler": handler, "value": "v"}) == "v"

    class Inherits(NamedStruct):
        pass

    inherited = dispatcher.offer(on_named, Inherits)  # type: ignore[arg-type]
    assert inherited.rpartition(".")[2] == "inherits"

    class RightClickEvent(msgspec.Struct):
        pass

    with pytest.raises(NameTaken, match="the wire name 'right_click'"):
        dispatcher.offer(on_anything, RightClickEvent)  # type: ignore[arg-type]


def test_every_bad_field_of_a_struct_is_named_and_no_value(
    dispatcher: Dispatcher,
) -> None:
    handler = dispatcher.offer(on_order)
    payload = {
        "handler": handler,
        "key": 7351,
        "count": 0,
        "items": [{"name": "tea"}, {"name": "a", "price": M}],
        "day": M,
        "colour": M,
    }
    for sent in ways(payload):
        with pytest.raises(InvalidEvent) as caught:
            dispatcher.prepare(sent)
        assert caught.value.fields == (
            FieldError("key", "str"),
            FieldError("count", "int >= 1"),
            FieldError("items[1].price", "float"),
            FieldError("day", "a value for datetime.date | None"),
            FieldError("colour", "a value for Literal"),
        )
        assert caught.value.event_type == "PurchaseEvent"
        assert M not in str(caught.value)
        assert "7351" not in str(caught.value)
        assert caught.value.__context__ is None
    for sent in ways({"handler": handler}):
        with pytest.raises(InvalidEvent) as caught:
            dispatcher.prepare(sent)
        assert str(caught.value) == (
            "the payload does not fit PurchaseEvent: count: expected a value; it is "
            "missing"
        )


def test_what_a_struct_refuses_itself(dispatcher: Dispatcher) -> None:
    for sent in ways({"handler": dispatcher.offer(on_checked), "low": 2, "high": 1}):
        with pytest.raises(InvalidEvent) as caught:
            dispatcher.prepare(sent)
        assert str(caught.value) == (
            "the payload does not fit CheckedEvent: expected values that CheckedEvent "
            "takes together"
        )


def test_what_a_struct_says_itself(dispatcher: Dispatcher) -> None:
    handler = dispatcher.offer(on_anything, SaidEvent)  # type: ignore[arg-type]
    start = "the payload does not fit SaidEvent: "
    for low, text in [
        (7351, "low: expected more than nothing"),
        (0, "expected values that SaidEvent takes together"),
    ]:
        for sent in ways({"handler": handler, "low": low}):
            for start_call in (dispatcher.prepare, dispatcher.dispatch):
                with pytest.raises(InvalidEvent) as caught:
                    start_call(sent)
                assert str(caught.value) == start + text
                assert caught.value.event_type == "SaidEvent"


def test_what_a_struct_within_says_is_not_repeated(dispatcher: Dispatcher) -> None:
    handler = dispatcher.offer(on_anything, TreeEvent)  # type: ignore[arg-type]
    for size in (7351, 73):
        leaves = [{"size": 1}, {"size": size}]
        payload = {"handler": handler, "leaf": {"size": size}, "leaves": leaves}
        for sent in ways(payload):
            with pytest.raises(InvalidEvent) as caught:
                dispatcher.dispatch(sent)
            assert [path for path, _ in caught.value.fields] == ["leaf", "leaves"]
            assert str(size) not in str(caught.value)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("extra", ["ignore", "refuse"])
def test_the_tag_of_a_struct_is_one_of_its_names(reader: Any, extra: Any) -> None:
    dispatcher = Dispatcher(Registry(), extra=extra, json=reader)
    handler = dispatcher.offer(on_anything, TreeEvent)  # type: ignore[arg-type]
    payload = {"handler": handler, "leaf": {"size": 1}}
    for tag in ({}, {"kind": "oak"}):
        for sent in ways(payload | tag):
            assert dispatcher.dispatch(sent) == TreeEvent(Leaf(1))
    for sent in ways(payload | {"kind": "elm", "leaf": {"size": "1"}}):
        with pytest.raises(InvalidEvent) as caught:
            dispatcher.dispatch(sent)
        assert caught.value.fields == (
            FieldError("kind", "'oak'"),
            FieldError("leaf.size", "int"),
        )
    form = Form({**payload, "kind": "oak", "leaf": Leaf(2)})
    assert dispatcher.dispatch(form) == TreeEvent(Leaf(2))


def test_a_struct_may_forbid_what_it_does_not_know(dispatcher: Dispatcher) -> None:
    assert json_decoder(ClosedEvent) is None  # from bytes, it would forbid the id
    handler = dispatcher.offer(on_closed)
    for sent in ways({"handler": handler, "value": "v", "otherName": 3}):
        assert dispatcher.dispatch(sent) == ("v", 3)
    for sent in ways({"handler": handler, "value": "v", "renamed": 3}):
        with pytest.raises(InvalidEvent) as caught:
            dispatcher.prepare(sent)
        assert caught.value.fields == (FieldError("renamed", "nothing of that name"),)


@pytest.mark.parametrize("reader", READERS)
def test_extra_names_are_refused_for_structs_too(reader: Any) -> None:
    strict = Dispatcher(Registry(), extra="refuse", json=reader)
    handler = strict.offer(on_order)
    for sent in ways({"handler": handler, "count": 1}):
        assert strict.dispatch(sent) == 1
    for sent in ways({"handler": handler, "count": 1, "more": 2}):
        with pytest.raises(InvalidEvent) as caught:
            strict.prepare(sent)
        assert caught.value.fields == (FieldError("more", "nothing of that name"),)


def test_a_struct_from_a_form(dispatcher: Dispatcher) -> None:
    handler = dispatcher.offer(on_boxes)
    pairs = [("handler", handler), ("name", "Ada"), ("age", "36")]
    event = BoxesEvent("Ada", ticked=False, age=36, chosen=[])
    assert dispatcher.dispatch(Form(pairs)) == event
    more = [("ticked", "true"), ("chosen", "1"), ("chosen", "2"), ("more", "3")]
    event = BoxesEvent("Ada", ticked=True, age=36, chosen=[1, 2], more=[3])
    assert dispatcher.dispatch(Form(pairs + more)) == event
    for text, ticked in [("on", True), ("ON", True), ("yes", True), ("off", False)]:
        event = BoxesEvent("Ada", ticked=ticked, age=36, chosen=[])
        assert dispatcher.dispatch(Form([*pairs, ("ticked", text)])) == event
    with pytest.raises(InvalidEvent) as caught:
        dispatcher.prepare(
            Form([*pairs, ("name", "Eve"), ("chosen", "x"), ("ticked", "maybe")])
        )
    assert caught.value.fields == (
        FieldError("name", "str"),
        FieldError("ticked", "bool"),
        FieldError("chosen[0]", "int"),
    )


def test_annotated_and_abstract_lists_of_a_struct_from_a_form(
    dispatcher: Dispatcher,
) -> None:
    handler = dispatcher.offer(on_anything, RowsEvent)  # type: ignore[arg-type]
    form = Form({"handler": handler})
    assert dispatcher.dispatch(form) == RowsEvent([], ticked=False)
    form = Form({"handler": handler, "numbers": "1", "few": "2", "ticked": "on"})
    assert dispatcher.dispatch(form) == RowsEvent([1], ticked=True, few=[2])


class ReadFromAList(msgspec.Struct, array_like=True):
    value: str


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
        (Handled, "has a field handler, and that is the name of the id"),
        (HandledByAlias, "has a field handler, and that is the name of the id"),
        (HandledByTag, "has a field handler, and that is the name of the id"),
        (ReadFromAList, "is array_like, so msgspec reads it from a list"),
    ],
)
def test_a_struct_that_cannot_be_an_event(event: Any, text: str) -> None:
    for _ in range(2):
        with pytest.raises(UnsupportedHandler, match=text):
            Registry().register(on_anything, event)


# Who reads


def test_another_reader_is_refused() -> None:
    with pytest.raises(ValueError, match='json must be "standard" or "msgspec"'):
        Dispatcher(Registry(), json="orjson")  # type: ignore[arg-type]


def test_msgspec_is_imported_when_a_dispatcher_is_told_and_not_before() -> None:
    told = run_fresh(
        "-c",
        "import sys; from handlerid import Dispatcher, Registry, ClickEvent\n"
        "sys.modules['msgspec'] = None  # as if it were not installed\n"
        "def on_click(event: ClickEvent): return event.key\n"
        "host = Dispatcher(Registry())\n"
        "print(host.dispatch({'handler': host.offer(on_click), 'key': 'k'}))\n"
        "try: Dispatcher(Registry(), json='msgspec')\n"
        "except ImportError as error: print(error)",
    )
    assert told.split("\n")[:2] == [
        "k",
        'json="msgspec" needs msgspec, the extra handlerid[msgspec]',
    ]


# What a Struct made from bytes does not have: docs/how-to/use-msgspec.md names these.


def test_of_a_key_that_comes_twice_a_struct_from_bytes_gets_the_last() -> None:
    fast, slow = (Dispatcher(Registry(), json=reader) for reader in READERS[::-1])
    handler = fast.offer(on_named)
    slow.offer(on_named)
    text = f'{{"handler": "{handler}", "value": "a", "value": "b"}}'
    assert fast.dispatch(text) == "b"
    with pytest.raises(MalformedPayload, match="a key twice"):
        slow.prepare(text)
    text = f'{{"handler": "h1-a", "handler": "{handler}", "value": "a"}}'
    assert fast.dispatch(text) == "a"
    with pytest.raises(MalformedPayload, match="a key twice"):
        slow.prepare(text)


def test_a_struct_from_bytes_holds_what_nests_too_deep_where_anything_fits() -> None:
    fast, slow = (Dispatcher(Registry(), json=reader) for reader in READERS[::-1])
    handler = fast.offer(on_open)
    slow.offer(on_open)
    text = f'{{"handler": "{handler}", "value": {"[" * 32}{"]" * 32}}}'
    assert fast.dispatch(text) == 1
    with pytest.raises(MalformedPayload, match="nests deeper"):
        slow.prepare(text)


@pytest.mark.parametrize("rest", [b'"x": "\xff"', b'"\xff": 1', b'"x": 1e999'])
def test_a_struct_from_bytes_skips_what_is_broken_where_it_has_no_field(
    rest: bytes,
) -> None:
    fast, slow = (Dispatcher(Registry(), json=reader) for reader in READERS[::-1])
    handler = fast.offer(on_named).encode()
    slow.offer(on_named)
    data = b'{"handler": "%b", "value": "a", %b}' % (handler, rest)
    assert fast.dispatch(data) == "a"
    with pytest.raises(MalformedPayload):
        slow.prepare(data)


def test_a_struct_from_bytes_skips_what_nests_too_deep_where_it_has_no_field() -> None:
    fast, slow = (Dispatcher(Registry(), json=reader) for reader in READERS[::-1])
    handler = fast.offer(on_named)
    slow.offer(on_named)
    text = f'{{"handler": "{handler}", "value": "a", "x": {"[" * 40}{"]" * 40}}}'
    assert fast.dispatch(text) == "a"
    with pytest.raises(MalformedPayload, match="nests deeper"):
        slow.prepare(text)
    text = f'{{"handler": "{handler}", "value": "a", "x": {"[" * 9999}{"]" * 9999}}}'
    with pytest.raises(MalformedPayload, match="nests deeper"):
        fast.prepare(text)


BAD = {
    "too large": (b" " * 70_000, "larger than"),
    "no JSON": (b'{"handler": "HANDLER", "value": }', "not JSON"),
    "trailing": (b'{"handler": "HANDLER", "value": "a"} x', "not JSON"),
    "cut off": (b'{"handler": "HANDLER", "value": "a', "not JSON"),
    "mark": (b'\xef\xbb\xbf{"handler": "HANDLER", "value": "a"}', "not JSON"),
    "not UTF-8": (b'{"handler": "HANDLER", "value": "\xff"}', "not UTF-8"),
    "half": (b'{"handler": "HANDLER", "value": "\\ud800"}', "half a surrogate"),
    "a list": (b'["HANDLER"]', "not a JSON object"),
    "NaN": (b'{"handler": "HANDLER", "value": NaN}', "that JSON does not have"),
    "1e999": (b'{"handler": "HANDLER", "value": 1e999}', "that no float holds"),
    "no id": (b'{"value": "a"}', "names no handler"),
    "null for an id": (b'{"handler": null, "value": "a"}', "names no handler"),
    "a list for an id": (b'{"handler": ["HANDLER"]}', "names no handler"),
    "no text": (7351, "not a JSON object"),
}


@pytest.mark.parametrize(("payload", "text"), BAD.values(), ids=BAD)
def test_all_other_guards_hold_for_a_struct_from_bytes(payload: Any, text: str) -> None:
    fast = Dispatcher(Registry(), json="msgspec")
    handler = fast.offer(on_named).encode()
    if isinstance(payload, bytes):
        payload = payload.replace(b"HANDLER", handler)
    with pytest.raises(MalformedPayload, match=text):
        fast.prepare(payload)


def test_an_unknown_handler_is_unknown_before_its_event_is_looked_at() -> None:
    fast = Dispatcher(Registry(), json="msgspec")
    fast.offer(on_named)
    with pytest.raises(UnknownHandler):
        fast.prepare(f'{{"handler": "h1-{"a" * 13}-{"a" * 20}", "value": 1}}')
