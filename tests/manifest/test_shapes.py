"""The texts of events: equal if the same payloads fit."""

from __future__ import annotations

from dataclasses import dataclass, field, make_dataclass
from datetime import date
from enum import Enum, IntEnum
from typing import Annotated, Any, Final, Literal, NewType, Optional

import msgspec
import pytest
import typing_extensions

from handlerid import Event
from handlerid._manifest.shapes import shape_of
from handlerid.errors import UnsupportedHandler
from handlerid.manifest import EventShape
from tests.pythons import require_python
from tests.support.fresh import run_fresh

Sku = NewType("Sku", str)
Alias = typing_extensions.TypeAliasType("Alias", list[int] | None)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1


@dataclass
class Item:
    sku: str
    amount: int = 1
    parts: list[Item] = field(default_factory=list)


class Row(msgspec.Struct, rename="camel"):
    item_name: str
    count: int = 0


class Odd:
    pass


TYPES: list[tuple[Any, str]] = [
    (str, "str"),
    (None, "None"),
    (Any, "Any"),
    (object, "Any"),
    (date, "date"),
    (bytes, "bytes"),
    (Optional[int], "int | None"),  # noqa: UP045 - the old form
    (None | str | int, "int | str | None"),
    (list, "list"),
    (list[int | str], "list[int | str]"),
    (list[int | str] | None, "list[int | str] | None"),
    (tuple[int, ...], "tuple[int, ...]"),
    (tuple[()], "tuple[]"),
    (dict[str, list[Sku]], "dict[str, list[str]]"),
    (Annotated[int, "unit"], "int"),
    (Final[int], "int"),
    (Alias, "list[int] | None"),
    (Alias | Annotated[Color, 1], '"blue" | "red" | list[int] | None'),
    (
        Literal["b", "a", 1, True, None],  # noqa: PYI061 - as people write it
        '"a" | "b" | 1 | true | None',
    ),
    (Literal["a = b | c"], r'"a \u003d b \u007c c"'),
    (Color, '"blue" | "red"'),
    (Color | None, '"blue" | "red" | None'),
    (Size, "1"),
    (Item, "{amount?: int, parts?: list[{...}], sku: str}"),
    (Row, "{count?: int, itemName: str}"),
    (Odd, "Odd"),
]


@pytest.mark.parametrize(("hint", "text"), TYPES, ids=range(len(TYPES)))
def test_a_type(hint: Any, text: str) -> None:
    made = make_dataclass(
        "ShapedEvent", [("value", hint)], bases=(Event,), kw_only=True
    )
    assert shape_of(made).fields["value"] == text


DEFAULTS: list[tuple[Any, str]] = [
    (1, "Any = 1"),
    (True, "Any = True"),
    (-0.0, "Any = -0.0"),
    ("a = b", "Any = 'a = b'"),
    (None, "Any = None"),
    (b"x", "Any = b'x'"),
    (Color.RED, "Any = ..."),
    (Odd(), "Any = ..."),
]


@pytest.mark.parametrize(("default", "text"), DEFAULTS, ids=[x for _, x in DEFAULTS])
def test_a_default(default: Any, text: str) -> None:
    made = make_dataclass(
        "ShapedEvent",
        [("value", Any, field(default_factory=lambda: default))]
        if isinstance(default, Odd)
        else [("value", Any, default)],
        bases=(Event,),
        kw_only=True,
    )
    assert shape_of(made).fields["value"] == text


def test_a_struct_is_an_event() -> None:
    assert shape_of(Row) == EventShape(
        {"itemName": "str", "count": "int = 0"}, "refuse"
    )


def test_a_type_that_cannot_be_evaluated() -> None:
    made = make_dataclass("ShapedEvent", [("value", "Absent")], bases=(Event,))
    with pytest.raises(UnsupportedHandler, match="cannot be evaluated"):
        shape_of(made)


RECURSIVE = """
from handlerid import Event
from handlerid._manifest.shapes import shape_of
from dataclasses import dataclass
type Json = dict[str, Json] | list[Json] | int
type Many[T] = list[T]
@dataclass(kw_only=True)
class JsonEvent(Event, decoder=lambda value, hint: value):
    value: Json
    many: Many[int]
print(*shape_of(JsonEvent).fields.values(), sep=", ")
"""


def test_an_alias_that_contains_itself() -> None:
    printed = run_fresh("-c", RECURSIVE, python=str(require_python("3.12")))
    assert printed == "str = '', dict[str, {...}] | int | list[{...}], ?[int]\n"
