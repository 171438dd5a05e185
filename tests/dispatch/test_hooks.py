"""``decoder=``: types that other libraries read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import cattrs
import msgspec
import pydantic
import pytest

from handlerid import Dispatcher, Event, Registry
from handlerid._decoding import decoder
from handlerid.errors import FieldError, InvalidEvent
from tests.support.forms import as_form


def with_pydantic(value: Any, kind: Any) -> object:
    return pydantic.TypeAdapter(kind).validate_python(value)


CATTRS = cattrs.Converter(forbid_extra_keys=True)
CATTRS.register_structure_hook(Decimal, lambda value, _: Decimal(value))
CATTRS.register_structure_hook(UUID, lambda value, _: UUID(value))

ID = "12345678-1234-5678-1234-567812345678"


@dataclass
class Line:
    """A dataclass within reads its own fields; those of odd types go to the hook."""

    price: Decimal
    count: int = 1


@pytest.mark.parametrize(
    "hook",
    [msgspec.convert, with_pydantic, CATTRS.structure],
    ids=["msgspec", "pydantic", "cattrs"],
)
def test_a_hook_reads_the_types_that_the_library_does_not(hook: Any) -> None:
    @dataclass(kw_only=True, slots=True)
    class QuoteEvent(Event, decoder=hook):
        price: Decimal
        order: UUID | None = None
        prices: list[Decimal] = field(default_factory=list)
        lines: dict[str, Line] = field(default_factory=dict)
        count: int = 0

    def on_price(event: Event) -> None: ...

    dispatcher = Dispatcher(Registry())
    handler = dispatcher.registry.register(on_price, QuoteEvent)
    payload = {
        "handler": str(handler),
        "price": "1.50",
        "order": ID,
        "prices": ["1", "2"],
        "lines": {"a": {"price": "3"}},
    }
    for sent in (payload, msgspec.json.encode(payload), as_form(payload)):
        event = dispatcher.prepare(sent).event
        assert event == QuoteEvent(
            price=Decimal("1.50"),
            order=UUID(ID),
            prices=[Decimal(1), Decimal(2)],
            lines={"a": Line(Decimal(3))},
        )
    bad: dict[str, Any] = {
        **payload,
        "price": "secret",
        "order": "secret",
        "prices": ["1", "secret"],
        "lines": {"a": {"price": "secret"}},
        "count": "1",
    }
    with pytest.raises(InvalidEvent) as caught:
        dispatcher.prepare(bad)
    assert caught.value.fields == (
        FieldError("price", "a value for Decimal"),
        FieldError("order", "a value for UUID | None"),
        FieldError("prices[1]", "a value for Decimal"),
        FieldError("lines.values()[0].price", "a value for Decimal"),
        FieldError("count", "an integer"),
    )
    assert caught.value.__context__ is None
    assert "secret" not in str(caught.value)


def test_a_hook_is_asked_for_nothing_that_the_library_reads() -> None:
    asked: list[tuple[object, object]] = []

    def hook(value: object, kind: object) -> object:
        asked.append((value, kind))
        return value

    @dataclass(kw_only=True, slots=True)
    class SeenEvent(Event, decoder=hook):
        number: Fraction
        pattern: list[re.Pattern[str]]
        names: list[str]
        either: str | int | None

    @dataclass(kw_only=True, slots=True)
    class ChildEvent(SeenEvent, name="seen_child"):
        more: Fraction

    payload = {"names": ["a"], "either": 1, "number": [1, 2], "pattern": ["x"]}
    decoder(SeenEvent)(payload)
    assert asked == [([1, 2], Fraction), ("x", re.Pattern[str])]
    asked.clear()
    assert decoder(ChildEvent)({**payload, "more": "m"}).more == "m"
    assert asked[-1] == ("m", Fraction)
    with pytest.raises(InvalidEvent) as caught:
        decoder(SeenEvent)({**payload, "names": "a", "either": 1.5})
    assert [one.path for one in caught.value.fields] == ["names", "either"]


def test_an_event_without_a_hook_does_not_get_its_parents_parents() -> None:
    @dataclass(kw_only=True, slots=True)
    class FirstEvent(Event, name="first_hook", decoder=lambda value, kind: 1):
        value: Fraction

    @dataclass(kw_only=True, slots=True)
    class SecondEvent(FirstEvent, name="second_hook", decoder=lambda value, kind: 2):
        pass

    assert decoder(FirstEvent)({"value": 0}).value == 1
    assert decoder(SecondEvent)({"value": 0}).value == 2
