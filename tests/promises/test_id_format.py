"""The format of ids: the library agrees with what the page says, done by hand."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import functools
import ipaddress
import logging
import operator
import re
import sys
import types
import typing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import FunctionType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from handlerid import handler_id
from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.id_by_hand import compare, encoded, id_by_hand, marshalled
from tests.support.pyodide import run_pyodide

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contributing" / "id-format.md"

partial: Any = functools.partial

# Both agree on functions.


def test_both_agree_on_a_few_hundred_functions() -> None:
    assert compare() > 500


def test_a_nan_and_an_infinity_are_written_as_text() -> None:
    """No source makes these two constants, but an optimiser may."""
    for value in (float("nan"), float("inf"), float("-inf"), complex(0, float("nan"))):
        code = plain.__code__.replace(co_consts=(None, value))
        fn = FunctionType(code, {"__name__": "app"})
        assert handler_id(fn) == id_by_hand("app", fn.__qualname__, [code])


def plain(event: object, *rest: object, **others: object) -> None: ...


def test_both_agree_on_layers() -> None:
    def wrapping(*args: Any) -> None:
        plain(*args)

    wrapper: Any = functools.update_wrapper(wrapping, plain)
    codes = [wrapper.__code__, plain.__code__]
    place = (__name__, "plain")
    assert handler_id(wrapper) == id_by_hand(*place, codes)
    cached: Any = functools.cache(plain)
    assert handler_id(cached) == id_by_hand(*place, ["functools.cache", plain.__code__])


# Both agree on values.


class Colour(enum.Enum):
    RED = 1


class Style(enum.Flag, boundary=enum.KEEP):
    BOLD = 1
    ITALIC = 4


@dataclass
class Point:
    x: int
    y: object = None
    note: str = field(default="", compare=False)


Pair = collections.namedtuple("Pair", "a b")  # noqa: PYI024

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.binary(max_size=300)
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | st.dates()
    | st.timedeltas()
    | st.times()
    | st.datetimes(min_value=datetime.datetime(1000, 1, 1))
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([-2, 3]))
)
HASHABLE = SCALARS.filter(lambda value: value == value)  # noqa: PLR0124

VALUES = st.recursive(
    SCALARS,
    lambda inside: (
        st.lists(inside)
        | st.tuples(inside, inside)
        | st.dictionaries(HASHABLE, inside)
        | st.sets(HASHABLE)
        | st.frozensets(HASHABLE)
        | st.builds(Point, st.integers(), inside)
        | st.builds(Pair, inside, inside)
        | st.builds(slice, inside, inside)
    ),
    max_leaves=20,
)

LISTED = [
    ...,
    Colour.RED,
    Style.BOLD | Style.ITALIC,
    Style(1 | 2),
    Style(0),
    Point(1, Point(2)),
    Pair(1, [2]),
    Point,
    list[int],
    dict[str, list[Point]],
    sys,
    Path("a/b"),
    PurePosixPath("/a"),
    PureWindowsPath("c:\\a\\b"),
    ZoneInfo("Europe/Berlin"),
    datetime.UTC,
    datetime.timezone(datetime.timedelta(hours=-1), "early"),
    datetime.datetime(2024, 10, 27, 2, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
    decimal.Decimal("-1.50E+7"),
    decimal.Decimal("-Infinity"),
    decimal.Decimal("sNaN12"),
    "\ud800",
    "x" * 300,
    {"a": "x" * 250, "b": ["y" * 300]},
    plain,
    int | str,
    re.compile("a(b)", re.IGNORECASE),
    re.compile(b"a"),
    collections.OrderedDict(b=1, a=2),
    collections.Counter("ab"),
    collections.defaultdict(int, b=1, a=2),
    collections.deque([2, 1], 3),
    collections.ChainMap({"b": 1}, {"a": 2}),
    types.SimpleNamespace(b=1, a=2),
    types.MappingProxyType({"b": 1}),
    operator.itemgetter(1),
    operator.attrgetter("a.b"),
    logging.getLogger("shop"),
    ipaddress.ip_address("10.0.0.1"),
    typing.Literal["a"],
]

SIMPLE: tuple[Any, ...] = (
    *(1, 1.5, 1j, "a", b"a", (), [], set(), frozenset(), {}, range(3), slice(3)),
    datetime.date(2024, 2, 29),
    datetime.time(1),
    datetime.timedelta(1),
    Fraction(1, 3),
    UUID(int=7),
)


def agree_on(value: object) -> None:
    bound = [("args[0]", value), ("keywords[a]", 1)]
    by_hand = id_by_hand(__name__, "plain", [plain.__code__], bound)
    assert handler_id(partial(plain, value, a=1)) == by_hand


@given(VALUES)
def test_both_agree_on_any_value(value: object) -> None:
    agree_on(value)


@pytest.mark.parametrize("value", LISTED, ids=lambda value: type(value).__name__)
def test_both_agree_on_each_type(value: object) -> None:
    agree_on(value)


def test_both_agree_on_the_class_of_a_class_method() -> None:
    code = vars(Holder)["of_class"].__func__.__code__
    bound = [("cls", Holder)]
    by_hand = id_by_hand(__name__, "Holder.of_class", [code], bound)
    assert handler_id(Holder.of_class) == by_hand


class Holder:
    @classmethod
    def of_class(cls, event: object) -> None: ...


# The page.


def tags_in(lines: list[str], row: str) -> list[str]:
    return [tag for line in lines if (m := re.match(row, line)) for tag in m[1].split()]


def test_the_page_has_the_tags_of_the_library() -> None:
    page = PAGE.read_text("utf-8").partition("| tag |")[2].splitlines()
    found = tags_in(page, r"\| ((?:`\\?\S`\s?)+) \|")
    tags = [tag.strip("`").removeprefix("\\") for tag in found]
    by_hand = [encoded(value)[:1].decode() for value in (*LISTED, None, True, False)]
    by_hand += [encoded(value)[:1].decode() for value in SIMPLE]
    assert set(tags) == {*by_hand, "x"}
    assert len(tags) == len(set(tags)) > 30


def test_the_page_has_the_codes_of_marshal() -> None:
    page = PAGE.read_text("utf-8").split("| code |")[1].split("```")[0].splitlines()
    codes = [code.strip("`") for code in tags_in(page, r"\| ((?:`\S`\s?)+) \|")]
    simple: list[Any] = [None, True, False, ..., 1, 2**40, 1.0, 1j, b"", ""]
    examples = [*simple, (), [], frozenset(), {}]
    assert codes == [chr(marshalled(value)[0]) for value in examples]


# The other Pythons.


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_both_agree_on_every_python(version: str) -> None:
    """Bytecode is another one there, the bodies of classes above all."""
    python = str(require_python(version))
    compared = run_fresh("-m", "tests.support.id_by_hand", python=python, path=ROOT)
    assert int(compared) > 500


def test_both_agree_on_3_14(tmp_path: Path) -> None:
    script = tmp_path / "compare.py"
    script.write_text("from tests.support.id_by_hand import compare; print(compare())")
    done = run_pyodide(script, folders=[ROOT / "tests"], path=[ROOT])
    assert int(done.stdout) > 500
