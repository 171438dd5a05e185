"""Every type that a field may have: what fits, what does not, what is said of it."""

from __future__ import annotations

import datetime as dt
import json
import sys
from dataclasses import InitVar, dataclass, field
from enum import Enum, Flag, IntEnum, StrEnum
from types import MappingProxyType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    Union,
)

import pydantic
import pytest
from pydantic.dataclasses import dataclass as pydantic_dataclass
from typing_extensions import TypeAliasType

from handlerid._decoding import decoder, json_reader
from handlerid.errors import FieldError, InvalidEvent, UnsupportedHandler
from handlerid.events import Event

UTC = dt.timezone.utc  # noqa: UP017 - the name that its repr has


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Rights(Flag):
    READ = 1
    WRITE = 2
    BOTH = 3


class Word(StrEnum):
    YES = "yes"


class Mixed(Enum):
    TRUE = True
    ONE_AND_A_HALF = 1.5
    NOTHING = None


@dataclass(kw_only=True, slots=True)
class Size:
    width: float
    unit: Literal["cm", "in"] = "cm"


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)


UserId = NewType("UserId", int)
Names = TypeAliasType("Names", list[str])
DAY = dt.date(2024, 2, 29)


class Case(NamedTuple):
    """A type, what JSON has of it and what becomes of that, and what does not fit."""

    hint: Any
    good: list[tuple[Any, Any]]
    bad: list[Any]
    expected: str


DATE = "a date, YYYY-MM-DD"
TIME = "a time, HH:MM:SS"
DATETIME = "a date and time, YYYY-MM-DDTHH:MM:SS"
BASE64 = "bytes in base64"
COLOURS = "one of 'red', 'green'"

CASES = {
    "literal": Case(
        Literal["a", 1, None],  # noqa: PYI061 - one Literal, not a union
        [("a", "a"), (1, 1), (None, None)],
        ["b", True, 1.0, 2, "1", [], {}, ["a"]],
        "one of 'a', 1, None",
    ),
    "literal true": Case(Literal[True], [(True, True)], [1, False], "one of True"),
    "long literal": Case(
        Literal["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"],
        [("k", "k")],
        ["l"],
        "one of 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', ...",
    ),
    "enum": Case(
        Colour,
        [("red", Colour.RED), ("green", Colour.GREEN)],
        ["RED", "Red", 1, None, "Colour.RED", [], {}],
        COLOURS,
    ),
    "literal of enum": Case(
        Literal[Colour.RED], [("red", Colour.RED)], ["green"], "one of 'red'"
    ),
    "int enum": Case(Level, [(1, Level.LOW)], ["1", True, 1.0, 3], "one of 1, 2"),
    "str enum": Case(Word, [("yes", Word.YES)], ["no", True], "one of 'yes'"),
    "flag": Case(
        Rights,
        [(1, Rights.READ), (3, Rights.BOTH)],
        [0, 4, "1", True],
        "one of 1, 2, 3",
    ),
    "mixed enum": Case(
        Mixed,
        [(True, Mixed.TRUE), (1.5, Mixed.ONE_AND_A_HALF), (None, Mixed.NOTHING)],
        [1, "1.5", False],
        "one of True, 1.5, None",
    ),
    "date": Case(
        dt.date,
        [("2024-02-29", DAY), ("0001-01-01", dt.date.min)],
        [
            "2023-02-29",
            "20240229",
            "2024-W09-4",
            "2024-2-29",
            "2024-02-29T00:00",
            " 2024-02-29",
            "2024-02-29\n",
            "\u0662024-02-29",
            "0000-01-01",
            20240229,
            None,
        ],
        DATE,
    ),
    "time": Case(
        dt.time,
        [
            ("09:30", dt.time(9, 30)),
            ("09:30:15", dt.time(9, 30, 15)),
            ("09:30:15.250", dt.time(9, 30, 15, 250_000)),
            ("09:30:15.000001", dt.time(9, 30, 15, 1)),
            ("23:59:59Z", dt.time(23, 59, 59, tzinfo=UTC)),
        ],
        ["24:00", "9:30", "0930", "09", "09:60", "09:30:60", "09:30:15.1", "T09:30"],
        TIME,
    ),
    "datetime": Case(
        dt.datetime,
        [
            ("2024-02-29T09:30", dt.datetime(2024, 2, 29, 9, 30)),
            ("2024-02-29T09:30:15Z", dt.datetime(2024, 2, 29, 9, 30, 15, tzinfo=UTC)),
            (
                "2024-02-29T09:30:15.123+05:30",
                dt.datetime(
                    *(2024, 2, 29, 9, 30, 15, 123_000),
                    tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)),
                ),
            ),
        ],
        [
            "2024-02-29",
            "2024-02-29 09:30",
            "2024-02-29t09:30",
            "2024-02-29T24:00",
            "2024-02-29T09:30+0530",
            "2024-02-29T09:30+05:60",
            "2024-02-29T09:30z",
            1709199000,
        ],
        DATETIME,
    ),
    "bytes": Case(
        bytes,
        [("", b""), ("aGk=", b"hi"), ("+/+/", b"\xfb\xff\xbf")],
        ["aGk", "aGk==", "a", "-_-_", "aG k=", "aGk=\n", "=aGk", "hé", 1, [104]],
        BASE64,
    ),
    "any list": Case(list, [([1, "a"], [1, "a"]), ([], [])], [{}, "a"], "a list"),
    "any tuple": Case(tuple, [([1, "a"], (1, "a"))], [{}, "a"], "a list"),
    "tuple": Case(tuple[int, ...], [([1, 2], (1, 2)), ([], ())], ["a", 1], "a list"),
    "empty tuple": Case(tuple[()], [([], ())], [[1], {}], "a list of 0"),
    "pair": Case(
        tuple[int, str], [([1, "a"], (1, "a"))], [[1], [1, "a", 2], {}], "a list of 2"
    ),
    "any dict": Case(dict, [({"a": [1]}, {"a": [1]})], [[], "a"], "an object"),
    "dict": Case(dict[str, int], [({"a": 1}, {"a": 1})], [[], None], "an object"),
    "dict of any": Case(dict[Any, int], [({"a": 1}, {"a": 1})], [[]], "an object"),
    "dict by enum": Case(
        dict[Colour, int], [({"red": 1}, {Colour.RED: 1})], [[]], "an object"
    ),
    "dataclass": Case(
        Size,
        [
            ({"width": 1}, Size(width=1.0)),
            ({"width": 2.5, "unit": "in"}, Size(width=2.5, unit="in")),
        ],
        [[], "a", None],
        "an object",
    ),
    "recursive": Case(
        Tree,
        [
            ({"name": "a"}, Tree("a")),
            (
                {"name": "a", "children": [{"name": "b", "children": []}]},
                Tree("a", [Tree("b")]),
            ),
        ],
        [[], 1],
        "an object",
    ),
    "optional date": Case(
        dt.date | None, [("2024-02-29", DAY), (None, None)], ["", 1], f"{DATE} or null"
    ),
    "optional list": Case(
        Optional[list[int]],  # noqa: UP045 - the other way to write it
        [([1], [1]), (None, None)],
        [1, "a"],
        "a list or null",
    ),
    "optional text": Case(
        None | str, [("a", "a"), (None, None)], [1], "null or a string"
    ),
    "optional flag": Case(
        bool | None, [(True, True), (None, None)], [1, 0], "true or false or null"
    ),
    "by kind": Case(
        Size | list[int] | Literal["auto"] | bool,
        [
            ({"width": 1}, Size(width=1.0)),
            ([1], [1]),
            ("auto", "auto"),
            (False, False),
        ],
        [None, 1, "other"],
        "an object or a list or one of 'auto' or true or false",
    ),
    "with Any": Case(int | Any, [("a", "a")], [], ""),
    "new type": Case(UserId, [(1, 1)], ["1", True], "an integer"),
    "alias": Case(Names, [(["a"], ["a"])], ["a"], "a list"),
    "annotated": Case(Annotated[dt.date, 1], [("2024-02-29", DAY)], [1], DATE),
    "annotated inside": Case(list[Annotated[int, []]], [([1], [1])], [1], "a list"),
    "final": Case(Final[int], [(1, 1)], ["1"], "an integer"),
}


def event_of(hint: Any) -> Any:
    class OfEvent(Event, name="of"):
        pass

    OfEvent.__annotations__ = {"value": hint}
    return dataclass(kw_only=True, slots=True)(OfEvent)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("through", ["mapping", "standard", "msgspec"])
def test_a_type(case: Case, through: str) -> None:
    """What fits becomes what it should, of the right type; what does not is refused."""
    decode = decoder(event_of(case.hint))

    def read(value: object) -> Any:
        payload: Any = {"handler": "h", "value": value}
        if through != "mapping":
            payload = json_reader(through)(json.dumps(payload).encode(), 10_000)
        return decode(payload).value

    for value, becomes in case.good:
        assert repr(read(value)) == repr(becomes)
    for value in case.bad:
        with pytest.raises(InvalidEvent) as caught:
            read(value)
        assert caught.value.fields == (FieldError("value", case.expected),), value
        assert str(caught.value) == (
            f"the payload does not fit OfEvent: value: expected {case.expected}"
        )


def refused(hint: Any, value: object) -> dict[str, str]:
    with pytest.raises(InvalidEvent) as caught:
        decoder(event_of(hint))({"value": value})
    return dict(caught.value.fields)


GONE = "a value; it is missing"


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (
            list[Size],
            [{"width": 1}, {"width": "1", "unit": "ft"}, {}],
            {
                "value[1].width": "a finite number",
                "value[1].unit": "one of 'cm', 'in'",
                "value[2].width": GONE,
            },
        ),
        (Tree, {"name": "a", "children": [{}]}, {"value.children[0].name": GONE}),
        (
            dict[str, list[int]],
            {"secret": [1, "2"]},
            {"value.values()[0][1]": "an integer"},
        ),
        (
            dict[Colour, int],
            {"red": 1, "secret": 2},
            {"value.keys()[1]": COLOURS},
        ),
        (
            dict[dt.time, int],
            {"09:30": 1, "09:30:00": 2},
            {"value": "names that differ"},
        ),
        (tuple[int, Size], [1, {}], {"value[1].width": GONE}),
        (list[int] | None, [1, None], {"value[1]": "an integer"}),
        (list[int | None], ["a"], {"value[0]": "an integer or null"}),
        (dict[str, Any] | list[Size], [{}], {"value[0].width": GONE}),
    ],
)
def test_what_does_not_fit_inside_is_named_by_its_path(
    hint: Any, value: object, expected: dict[str, str]
) -> None:
    assert refused(hint, value) == expected


def test_instances_are_taken_as_they_are() -> None:
    """A mapping that the host made may hold what JSON has as text."""
    size = Size(width=1.0)
    moment = dt.datetime(2024, 1, 1, tzinfo=UTC)
    for hint, value in [
        (dt.date | None, DAY),
        (dt.datetime, moment),
        (dt.time, dt.time(1)),
        (bytes, b"a"),
        (Colour, Colour.RED),
        (Size, size),
        (list[Size | None], [size]),
    ]:
        assert decoder(event_of(hint))({"value": value}).value == value
    assert refused(dt.date, moment) == {"value": DATE}
    assert refused(Literal[Colour.RED], Colour.GREEN) == {"value": "one of 'red'"}
    assert refused(Size, Tree) == {"value": "an object"}


# Long and deep


@pytest.mark.parametrize(
    "hint", [dict, dict[str, int], dict[str, int] | None, Size, Size | None, list[Size]]
)
def test_a_mapping_of_the_host_may_hold_mappings(hint: Any) -> None:
    read = decoder(event_of(hint))
    given: Any = {"width": 3}
    mapping: Any = MappingProxyType(given)
    if hint == list[Size]:
        given, mapping = [given], [mapping]
    assert read({"value": mapping}) == read({"value": given})
    with pytest.raises(InvalidEvent, match="expected"):
        read({"value": "text"})


def test_after_fifty_errors_nobody_looks_further() -> None:
    hint = dict[str, list[list[int]]]
    for value in ({"a": [["x"] * 100_000]}, {"a": [["x"]] * 100_000}):
        with pytest.raises(InvalidEvent) as caught:
            decoder(event_of(hint))({"value": value})
        assert len(caught.value.fields) == 50
        assert str(caught.value).endswith("expected an integer; there may be more")
        assert len(str(caught.value)) < 5_000
    with pytest.raises(InvalidEvent) as caught:
        decoder(event_of(hint))({"value": {str(i): None for i in range(100_000)}})
    assert len(caught.value.fields) == 50
    with pytest.raises(InvalidEvent) as caught:
        decoder(event_of(list[Size]), refuse_extra=True)(
            {"value": [{"width": 1, **{f"{i:09000}": 1 for i in range(100)}}]}
        )
    assert len(caught.value.fields) == 50
    assert len(str(caught.value)) < 10_000


def test_the_rest_of_a_long_list_is_not_even_read() -> None:
    asked: list[object] = []

    def hook(value: object, kind: object) -> object:
        asked.append(value)
        raise ValueError

    @dataclass(kw_only=True, slots=True)
    class LongEvent(Event, decoder=hook):
        sets: list[set[int]]
        by_name: dict[str, set[int]] = field(default_factory=dict)

    with pytest.raises(InvalidEvent):
        decoder(LongEvent)({"sets": [1] * 10_000, "by_name": {}})
    assert len(asked) == 50
    with pytest.raises(InvalidEvent):
        decoder(LongEvent)({"sets": [], "by_name": dict.fromkeys(map(str, range(999)))})
    assert len(asked) == 2 * 50


def test_every_field_of_the_authors_is_named_however_many() -> None:
    names = [f"field_{number}" for number in range(60)]

    class WideEvent(Event):
        pass

    WideEvent.__annotations__ = dict.fromkeys(names, int)
    wide = dataclass(kw_only=True, slots=True)(WideEvent)
    with pytest.raises(InvalidEvent) as caught:
        decoder(wide)({"field_3": "a"})
    assert [one.path for one in caught.value.fields] == names


# What a class has of its own


@dataclass(kw_only=True, slots=True)
class RangeEvent(Event):
    """Looks at its fields together, and at one that it does not keep."""

    low: int
    high: int
    unit: InitVar[Literal["cm", "in"]] = "cm"
    width: int = field(init=False)

    def __post_init__(self, unit: str) -> None:
        if self.low > self.high:
            raise ValueError(f"{self.low} is more than {self.high}")
        self.width = (self.high - self.low) * (254 if unit == "in" else 100)


def test_what_a_class_refuses_itself_is_an_invalid_event() -> None:
    decode = decoder(RangeEvent)
    assert decode({"low": 1, "high": 3}).width == 200
    with pytest.raises(InvalidEvent) as caught:
        decode({"low": 7351, "high": 1})
    assert str(caught.value) == (
        "the payload does not fit RangeEvent: expected values that RangeEvent takes "
        "together"
    )
    assert caught.value.fields == ()
    assert caught.value.__context__ is None


@dataclass(init=False)
class UnevenEvent(Event):
    """Has an ``__init__`` of its own, which converts and refuses."""

    number: int

    def __init__(self, *, number: int, key: str = "") -> None:
        if not number % 2:
            raise ValueError(number)
        self.number = number
        self.key = key


@dataclass
class BoundedEvent(Event):
    """Refuses where an attribute is set."""

    number: int

    def __setattr__(self, name: str, value: object) -> None:
        if value == 7352:
            raise ValueError(value)
        object.__setattr__(self, name, value)


@pydantic_dataclass
class PositiveEvent(Event):
    number: Annotated[int, pydantic.Field(le=5)]


@pytest.mark.parametrize("event_type", [UnevenEvent, BoundedEvent, PositiveEvent])
def test_a_class_may_refuse_wherever_it_is_made(event_type: type[Event]) -> None:
    decode = decoder(event_type)
    assert decode({"number": 3}).number == 3
    with pytest.raises(InvalidEvent) as caught:
        decode({"number": 7352})
    assert "7352" not in str(caught.value)
    assert caught.value.__context__ is None


def test_what_only_init_takes_is_read_too() -> None:
    assert decoder(RangeEvent)({"low": 1, "high": 2, "unit": "in"}).width == 254
    with pytest.raises(InvalidEvent) as caught:
        decoder(RangeEvent)({"low": 1, "high": 2, "unit": "ft"})
    assert caught.value.fields == (FieldError("unit", "one of 'cm', 'in'"),)


@dataclass
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise InvalidEvent("odd", fields=[FieldError("number", "an even number")])
        if self.number > 100:
            raise ValueError
        if self.number < 0:
            raise InvalidEvent("negative")


def test_a_class_may_say_which_field_and_why() -> None:
    assert refused(list[Even], [{"number": 1}]) == {"value[0].number": "an even number"}
    together = {"value": "values that Even takes together"}
    assert refused(Even, {"number": 102}) == together
    assert refused(Even, {"number": -2}) == together

    @dataclass(kw_only=True, slots=True)
    class EvenEvent(Event):
        number: int

        def __post_init__(self) -> None:
            Even(self.number)

    with pytest.raises(InvalidEvent) as caught:
        decoder(EvenEvent)({"number": 3})
    assert str(caught.value) == (
        "the payload does not fit EvenEvent: number: expected an even number"
    )
    assert caught.value.event_type == "EvenEvent"


def test_another_error_of_the_class_is_its_own() -> None:
    @dataclass(kw_only=True, slots=True)
    class FailingEvent(Event):
        number: int

        def __post_init__(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        decoder(FailingEvent)({"number": 1})


def test_extra_names_are_refused_inside_too() -> None:
    strict = decoder(event_of(list[Size] | Tree), refuse_extra=True)
    with pytest.raises(InvalidEvent) as caught:
        strict({"handler": "h", "value": {"name": "a", "x": 1}, "y": 2, "key": ""})
    nothing = "no field of this name"
    assert caught.value.fields == (
        FieldError("value.x", nothing),
        FieldError("y", nothing),
    )
    assert strict({"handler": "h", "value": {"name": "a"}, "key": "k"}).key == "k"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nERROR all is lost", r"a\nERROR all is lost"),
        ("\x1b[2J\u2028", r"\x1b[2J\u2028"),
        ("\ud800", r"\ud800"),
        ("Größe", "Größe"),
        ("", '""'),
        ("x" * 33, "x" * 32),
        ("\n" * 20, r"\n" * 16),
    ],
)
def test_an_extra_name_is_shown_in_one_line(name: str, shown: str) -> None:
    """It is the client's text, and goes into logs."""
    strict = decoder(event_of(int), refuse_extra=True)
    with pytest.raises(InvalidEvent) as caught:
        strict({"handler": "h", "value": 1, name: 2})
    assert caught.value.fields == (FieldError(shown, "no field of this name"),)
    assert f" {shown}: expected" in str(caught.value)


# Mistakes of the author


def test_a_field_may_not_have_the_name_of_the_id() -> None:
    @dataclass(kw_only=True, slots=True)
    class HandledEvent(Event):
        handler: str

    with pytest.raises(UnsupportedHandler) as caught:
        decoder(HandledEvent)
    where = "test_a_field_may_not_have_the_name_of_the_id.<locals>.HandledEvent"
    assert str(caught.value) == (
        f"the event type {__name__}.{where} has a field named handler, which is the "
        "name of the id in a payload; rename the field"
    )


@dataclass
class Odd:
    fine: int
    odd: set[int]


@dataclass
class OddList:
    inner: list[Odd]


Loop: Any = set
Missing: Any = set
if sys.version_info >= (3, 12):
    exec("type Loop = list[Loop]\ntype Missing = ForTypeCheckers | None")


@pytest.mark.parametrize(
    ("hint", "path"),
    [
        (Odd, "value.odd"),
        (OddList, "value.inner.odd"),
        (dict[str, tuple[Odd, int]], "value.odd"),
        (Odd | None, "value.odd"),
        (Loop, "value"),
        (Missing, "value"),
        (Final, "value"),
        (Union, "value"),
        (list[int, str], "value"),  # type: ignore[misc]
    ],
)
def test_a_type_inside_that_cannot_be_read_is_named(hint: Any, path: str) -> None:
    for _ in range(2):
        with pytest.raises(
            UnsupportedHandler, match="has a type that cannot"
        ) as caught:
            decoder(event_of(hint))
        assert str(caught.value).startswith(f"the field {path} of the event type ")


@pytest.mark.parametrize("text", ["1 +", "int.missing", "int[0]"])
def test_an_annotation_that_cannot_be_evaluated_is_said(text: str) -> None:
    with pytest.raises(UnsupportedHandler, match="a type that cannot be evaluated"):
        decoder(event_of(text))
