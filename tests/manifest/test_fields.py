"""What a diff says of the fields of an event type is what the decoder does."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from itertools import product
from typing import Any, Literal

import pytest

from handlerid._decoding import decoder
from handlerid._manifest.document import EventShape
from handlerid._manifest.shapes import shape_of
from handlerid.errors import InvalidEvent
from handlerid.events import Event
from handlerid.manifest.fields import misfits


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Place:
    x: int
    y: int
    name: str = ""


@dataclass
class Tree:
    value: int
    inner: list[Tree] = field(default_factory=list)


# Each type with values that tell it from the others.
TYPES: dict[Any, list[object]] = {
    str: ["", "x", "small", "2024-02-29"],
    int: [0, 1, -3],
    float: [0, 1.5],
    bool: [True, False],
    None: [None],
    Any: [None, [1], "x", {"a": 1}],
    int | None: [7, None],
    str | int: ["x", 7],
    float | None: [1.5, 2, None],
    dt.date: ["2024-02-29"],
    dt.datetime: ["2024-02-29T10:00:00"],
    bytes: ["eA==", ""],
    Literal["small", "large"]: ["small", "large"],
    Literal["small", "large", "a | b = c"]: ["small", "large", "a | b = c"],
    Literal[1, 2]: [1, 2],
    Literal[True, "x"]: [True, "x"],
    Size: ["small", "large"],
    list: [[], [1, "x"]],
    list[int]: [[], [1, 2]],
    list[int | None]: [[], [1, None]],
    tuple[int, ...]: [[], [1, 2]],
    tuple[int, int]: [[1, 2]],
    tuple[int, str]: [[1, "x"]],
    list[tuple[int, str]]: [[], [[1, "x"]]],
    dict: [{}, {"a": [1]}, {"a": "x"}],
    dict[str, int]: [{}, {"a": 1}, {"c": 1}],
    dict[str, int | str]: [{}, {"a": 1, "b": "x"}],
    dict[str, list[int]]: [{}, {"a": [1]}],
    dict[Literal["a", "b"], int]: [{}, {"a": 1}, {"b": 1}],
    dict[dt.date, int]: [{}, {"2024-02-29": 1}],
    Point: [{"x": 1}, {"x": 1, "y": 2}],
    Place: [{"x": 1, "y": 2}, {"x": 1, "y": 2, "name": "n"}],
    list[Point]: [[], [{"x": 1}, {"x": 1, "y": 2}]],
    Tree: [{"value": 1}, {"value": 1, "inner": [{"value": 2}]}],
}


def event(hint: Any, **default: Any) -> type[Any]:
    fields = [("sent", hint, field(**default))]
    home = {"__module__": __name__}  # else, that of another module from 3.12 on
    return make_dataclass("Sent", fields, bases=(Event,), namespace=home)


@pytest.mark.parametrize("extra", ["refuse", "ignore"])
def test_a_type_fits_if_the_decoder_takes_all_of_its_values(extra: str) -> None:
    events = {one: event(one) for one in TYPES}
    shapes = {one: shape_of(x)._replace(extra=extra) for one, x in events.items()}
    wrong = []
    for new, after in events.items():
        decode = decoder(after, refuse_extra=extra == "refuse")
        for old, values in TYPES.items():
            taken = all(takes(decode, {"sent": one}) for one in values)
            if taken != (misfits(shapes[old], shapes[new]) == ()):
                wrong.append((old, new, taken))
    assert wrong == []


def takes(decode: Callable[..., object], payload: dict[str, object]) -> bool:
    try:
        decode(payload)
    except InvalidEvent:
        return False
    return True


FIELDS = ("", "int", "int = 1", "str")


@pytest.mark.parametrize("extra", ["refuse", "ignore"])
def test_what_is_said_of_a_field(extra: str) -> None:
    said = {}
    for old, new in product(FIELDS, FIELDS):
        before = EventShape({"a": old} if old else {}, extra)
        after = EventShape({"a": new} if new else {}, extra)
        if texts := misfits(before, after):
            (said[old, new],) = texts
    gone = "a is gone, and extra fields are refused"
    types = "a was {} and is {}".format
    expected = {
        ("", "int"): "a is new and required",
        ("", "str"): "a is new and required",
        ("int = 1", "int"): "a is required now",
        ("int = 1", "str"): "a is required now",
        ("int", "str"): types("int", "str"),
        ("str", "int"): types("str", "int"),
        ("str", "int = 1"): types("str", "int"),
    }
    if extra == "refuse":
        expected |= {(one, ""): gone for one in FIELDS[1:]}
    assert said == expected


def test_a_default_does_not_count() -> None:
    before, after = (
        EventShape({"a": f'"a | b" | "c \\u003d d"{default}'}, "refuse")
        for default in (' = "x = [y"', " = ...")
    )
    assert misfits(before, after) == ()
