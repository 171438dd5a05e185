"""Canonical values: the laws, the frozen bytes, the refusals, and hostile values."""

from __future__ import annotations

import datetime
import enum
import fractions
import functools
import io
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import types
import typing
import uuid
import zoneinfo
from collections import Counter, namedtuple
from collections.abc import Callable
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
from decimal import Decimal
from hashlib import blake2b
from itertools import combinations
from typing import Any, ClassVar, NamedTuple, cast

import pytest
import typing_extensions
from hypothesis import given
from hypothesis import strategies as st

from handlerid._values.codec import Codec
from handlerid.errors import UnstableCapture
from tests.pythons import require_python

SOURCE = pathlib.Path(__file__).parents[2] / "src"
UTC = datetime.UTC
ADVICE = (
    ". Pass a key instead and look the object up in the handler, use a supported type, "
    "or give its class a __handler_key__(self), or "
    "Identity(encoders={Class: function}). "
    'With captures="carry", also Identity(decoders={Class: function}).'
)


class Color(enum.Enum):
    RED = 1
    GREEN = "green"
    CRIMSON = 1  # noqa: PIE796  (an alias)


class Size(enum.IntEnum):
    SMALL = 1


class Word(str, enum.Enum):  # noqa: UP042  (the old spelling)
    YES = "yes"


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2
    ALL = 3


@dataclass
class Item:
    name: str
    count: int = 1
    seen: int = field(default=0, compare=False)
    limit: ClassVar[int] = 3
    seed: InitVar[int] = 0


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True)
class Fixed:
    name: str
    seen: int = field(default=0, compare=False)

    @functools.cached_property
    def upper(self) -> str:
        return self.name.upper()


@dataclass
class Preset:
    level: int = field(init=False, default=7)


class Pair(NamedTuple):
    first: object
    second: object


class NamedPair(namedtuple("NamedPair", "first second")):  # noqa: PYI024
    __slots__ = ()


def encode_value(
    value: object,
    where: str,
    *,
    describe: Any = None,
    omitted: list[str] | None = None,
    **options: Any,
) -> bytes:
    return Codec(**options).encode(value, where, describe=describe, omitted=omitted)


def encode(value: object) -> bytes:
    return encode_value(
        value, "value", module_name=lambda name: "app" if name == __name__ else name
    )


def refusal(value: object, where: str = "value", **options: Any) -> UnstableCapture:
    with pytest.raises(UnstableCapture) as caught:
        encode_value(value, where, **options)
    return caught.value


# The oracle: when are two values the same? Written without regard to bytes.


def normal(value: object) -> object:
    kind = type(value).__name__
    match value:
        case enum.Flag():
            return kind, value.value
        case enum.Enum():
            return kind, value.name
        case float():
            return kind, "nan" if math.isnan(value) else value.hex()
        case complex():
            return kind, normal(value.real), normal(value.imag)
        case set() | frozenset():
            return kind, frozenset(Counter(map(normal, value)).items())
        case dict():
            pairs = [(normal(key), normal(part)) for key, part in value.items()]
            return kind, frozenset(Counter(pairs).items())
        case tuple() | list():
            return kind, tuple(map(normal, value))
        case slice() | range():
            return kind, normal((value.start, value.stop, value.step))
        case Item():
            return kind, value.name, normal(value.count)
        case Point():
            return kind, normal(value.x), normal(value.y)
        case Decimal():
            return kind, value.as_tuple()
        case datetime.datetime() | datetime.time():
            return (
                kind,
                str(value.replace(tzinfo=None)),
                value.fold,
                normal(value.tzinfo),
            )
        case datetime.timezone():
            return kind, value.__reduce__()[1]
        case zoneinfo.ZoneInfo():
            return kind, value.key
        case pathlib.PurePath():
            return kind, str(value)
        case _:
            return kind, value


numbers = st.floats() | st.integers() | st.integers(-(2**200), 2**200)
offsets = st.timedeltas(datetime.timedelta(hours=-23), datetime.timedelta(hours=23))
zones = (
    st.none()
    | st.sampled_from([UTC, zoneinfo.ZoneInfo("UTC"), zoneinfo.ZoneInfo("Asia/Tokyo")])
    | st.builds(datetime.timezone, offsets)
    | st.builds(datetime.timezone, offsets, st.text(max_size=3))
)
folds = st.sampled_from([0, 1])
texts = st.text(st.characters(exclude_categories=()))
# Values that something takes for one another: ==, a printer, a careless format.
confusable: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, False, True, 0, 1, -1, 0.0, -0.0, 1.0, math.nan, -math.nan, math.inf),
        *(0j, 1 + 0j, -0j, "", "1", "i1;", "\ud800", "\ud800\udc00", "\U00010000"),
        *(b"", b"1", b"i1;", (), frozenset(), range(0), range(2, 2), range(1), "None"),
        *(Decimal(1), Decimal("1.0"), Decimal("NaN"), Decimal("-NaN")),
        *(Decimal("NaN1"), Decimal("Infinity"), Decimal(0), Decimal("-0")),
        *(fractions.Fraction(1), uuid.UUID(int=1), Size.SMALL, Color.RED, Word.YES),
        *(Access.READ, Access.ALL, Access(0), Access(5), Color.GREEN, ..., "yes"),
        *(pathlib.PurePosixPath("1"), pathlib.PureWindowsPath("1"), pathlib.Path("1")),
        *(datetime.date(1, 1, 1), datetime.datetime(1, 1, 1), datetime.time()),
        *(datetime.timedelta(), UTC, zoneinfo.ZoneInfo("UTC"), int, bool, Color, sys),
    ]
)
leaves: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        confusable
        | numbers
        | texts
        | st.binary()
        | st.complex_numbers()
        | st.dates()
        | st.timedeltas()
        | st.decimals().filter(lambda value: not value.is_snan())  # has no hash
        | st.fractions()
        | st.uuids()
        | st.builds(
            lambda value, fold: value.replace(fold=fold),
            st.datetimes(timezones=zones),
            folds,
        )
        | st.builds(
            lambda value, fold: value.replace(fold=fold),
            st.times(timezones=zones),
            folds,
        )
        | st.builds(
            range,
            st.integers(-9, 9),
            st.integers(-9, 9),
            st.sampled_from([-3, -1, 1, 2]),
        )
        | st.builds(Point, numbers, numbers)
    )
)
hashable: st.SearchStrategy[Any] = st.deferred(
    lambda: leaves | st.tuples(leaves, leaves) | st.frozensets(leaves, max_size=3)
)


def nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.sets(hashable, max_size=4)
        | st.frozensets(hashable, max_size=4)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.builds(slice, inner, inner, inner)
        | st.builds(Item, st.text(max_size=2), inner, st.integers())
        | st.builds(Pair, inner, inner)
    )


values = st.recursive(leaves, nested, max_leaves=12)
# Few leaves and small shapes, so that two draws are often the same, or nearly.
near = st.recursive(
    confusable,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(confusable, inner, max_size=2)
        | st.sets(confusable, max_size=2)
        | st.builds(Item, st.sampled_from(["", "1"]), inner)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=3,
)


def rebuilt(value: Any) -> Any:
    """The same value of other objects, where it can be, inserted in reverse order."""
    match value:
        case enum.Enum():
            return value
        case dict():
            pairs = reversed(value.items())
            return {rebuilt(key): rebuilt(part) for key, part in pairs}
        case Pair():
            return Pair(*map(rebuilt, value))
        case set() | frozenset():
            return type(value)([rebuilt(part) for part in value][::-1])
        case tuple() | list():
            return type(value)([rebuilt(part) for part in value])
        case slice():
            return slice(rebuilt(value.start), rebuilt(value.stop), rebuilt(value.step))
        case Item():
            return Item(rebuilt(value.name), rebuilt(value.count), value.seen + 1)
        case str():
            return "".join(list(value))
        case int() if type(value) is int:
            return value + 10**30 - 10**30
        case _:
            return value


@given(values)
def test_equal_values_have_equal_bytes_whatever_the_order(value: object) -> None:
    other = rebuilt(value)
    assert encode(other) == encode(value)


@given(st.lists(values | near, min_size=2, max_size=6))
def test_bytes_are_equal_exactly_where_values_are(drawn: list[object]) -> None:
    for one, other in combinations(drawn, 2):
        assert (encode(one) == encode(other)) is (normal(one) == normal(other))


@given(near, near)
def test_near_values_are_told_apart(one: object, other: object) -> None:
    assert (encode(one) == encode(other)) is (normal(one) == normal(other))


@given(values, values | near)
def test_no_form_begins_another(one: object, other: object) -> None:
    first, second = encode(one), encode(other)
    assert first == second or not second.startswith(first)


# The format: frozen. A change of these bytes is a new version of the id's format.

GOLDEN: list[tuple[str, bytes]] = [
    ("None", b"N"),
    ("...", b"."),
    ("True", b"T"),
    ("False", b"F"),
    ("0", b"i0;"),
    ("-255", b"i-ff;"),
    ("2**64", b"i10000000000000000;"),
    ("0.0", b"f\0\0\0\0\0\0\0\0"),
    ("-0.0", b"f\x80\0\0\0\0\0\0\0"),
    ("1.5", b"f?\xf8\0\0\0\0\0\0"),
    ("float('nan')", b"f\x7f\xf8\0\0\0\0\0\0"),
    ("-float('nan')", b"f\x7f\xf8\0\0\0\0\0\0"),
    ("-float('inf')", b"f\xff\xf0\0\0\0\0\0\0"),
    ("1-0j", b"c?\xf0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    ("'é'", b"s2:\xc3\xa9"),
    (r"'\ud800'", b"s3:\xed\xa0\x80"),
    ("b'ab'", b"b2:ab"),
    ("()", b"t0:"),
    ("(1, 'a')", b"t2:i1;s1:a"),
    ("[1, [None]]", b"l2:i1;l1:N"),
    ("{'b', 'a', 10, 9}", b"S4:i9;ia;s1:as1:b"),
    ("frozenset({2, 1})", b"Z2:i1;i2;"),
    ("{'b': 1, 'a': 2, 3: None}", b"d6:i3;Ns1:ai2;s1:bi1;"),
    ("range(0, 10, 3)", b"R3:i0;ia;i3;"),
    ("slice(1, None)", b"/3:i1;NN"),
    ("date(2024, 2, 29)", b"D1:s10:2024-02-29"),
    ("time(1, 2, 3, 4)", b"H3:s15:01:02:03.000004i0;N"),
    ("datetime(2024, 1, 2, 3, fold=1)", b"W3:s19:2024-01-02T03:00:00i1;N"),
    (
        "datetime(2024, 1, 2, tzinfo=timezone.utc)",
        b"W3:s19:2024-01-02T00:00:00i0;z1:L3:i0;i0;i0;",
    ),
    ("timezone(timedelta(hours=1))", b"z1:L3:i0;ie10;i0;"),
    ("ZoneInfo('Europe/Berlin')", b"k1:s13:Europe/Berlin"),
    ("timedelta(days=-1, microseconds=1)", b"L3:i-1;i0;i1;"),
    ("Decimal('-1.20')", b"M1:s5:-1.20"),
    ("Decimal('Infinity')", b"M1:s8:INFINITY"),
    ("Decimal('NaN')", b"M1:s3:NAN"),
    ("Decimal('-sNaN7')", b"M1:s6:-SNAN7"),
    ("Fraction(6, -4)", b"q2:i-3;i2;"),
    ("UUID(int=255)", b"U1:s32:000000000000000000000000000000ff"),
    ("Path('a') / 'b'", b"p1:s3:a/b"),
    ("PurePosixPath('/')", b"P1:s1:/"),
    ("PureWindowsPath('c:\\\\x')", b"Q1:s4:c:/x"),
    ("int", b"C2:s8:builtinss3:int"),
    ("Decimal", b"C2:s7:decimals7:Decimal"),
    ("PurePosixPath", b"C2:s7:pathlibs13:PurePosixPath"),
    ("list[int]", b"a2:C2:s8:builtinss4:listt1:C2:s8:builtinss3:int"),
    ("int | None", b"|2:C2:s8:builtinss3:intC2:s8:builtinss8:NoneType"),
    ("json", b"m1:s4:json"),
    (
        "[1, 'x' * 300]",
        b"l2:i1;#" + blake2b(b"s300:" + b"x" * 300, digest_size=32).digest(),
    ),
]
OURS: list[tuple[object, bytes]] = [
    (Color.RED, b"e3:s3:apps5:Colors3:RED"),
    (Color.CRIMSON, b"e3:s3:apps5:Colors3:RED"),
    (Size.SMALL, b"e3:s3:apps4:Sizes5:SMALL"),
    (Word.YES, b"e3:s3:apps4:Words3:YES"),
    (Access.READ, b"g3:s3:apps6:Accessi1;"),
    (Access.ALL, b"g3:s3:apps6:Accessi3;"),
    (Access(13), b"g3:s3:apps6:Accessid;"),
    (Access(0), b"g3:s3:apps6:Accessi0;"),
    (Item("a", 2, seen=9), b"r5:s3:apps4:Items10:name,counts1:ai2;"),
    (Point(0.0, 1), b"r5:s3:apps5:Points3:x,yf\0\0\0\0\0\0\0\0i1;"),
    (Fixed("a", 9), b"r5:s3:apps5:Fixeds9:name,seens1:ai9;"),
    (Preset(), b"r4:s3:apps6:Presets5:leveli7;"),
    (Pair(1, None), b"r5:s3:apps4:Pairs12:first,secondi1;N"),
    (NamedPair(1, 2), b"r5:s3:apps9:NamedPairs12:first,secondi1;i2;"),
    (Color, b"C2:s3:apps5:Color"),
    (sys.modules[__name__], b"m1:s3:app"),
]
NAMES = """
import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import UUID
from zoneinfo import ZoneInfo
"""


def golden_value(expression: str) -> object:
    namespace: dict[str, object] = {}
    exec(NAMES, namespace)
    return eval(expression, namespace)


@pytest.mark.parametrize(("expression", "form"), GOLDEN, ids=[e for e, _ in GOLDEN])
def test_the_bytes_are_frozen(expression: str, form: bytes) -> None:
    assert encode(golden_value(expression)) == form


@pytest.mark.parametrize(("value", "form"), OURS, ids=[str(form) for _, form in OURS])
def test_the_bytes_of_classes_with_a_name_are_frozen(
    value: object, form: bytes
) -> None:
    assert encode(value) == form


# Every process, every Python.

PROBE = (
    NAMES
    + """
import random, sys
from handlerid._values.codec import Codec

expressions = json.load(sys.stdin)
draw = random.Random(7).random
texts = ["a", "b", "ab", "key", "other key", "x" * 300, "", "z"]
def value(depth):
    kind = int(draw() * (9 if depth else 4))
    some = range(int(draw() * 6))
    if kind == 0: return texts[int(draw() * len(texts))]
    if kind == 1: return int(draw() * 1000)
    if kind == 2: return draw() - 0.5
    if kind == 3: return (None, True, b"raw", UUID(int=9), Path("a/b"))[int(draw() * 5)]
    if kind == 4: return [value(depth - 1) for _ in some]
    if kind == 5: return tuple(value(depth - 1) for _ in some)
    if kind == 6: return {value(0) for _ in some}
    if kind == 7: return frozenset(value(0) for _ in some)
    return {value(0): value(depth - 1) for _ in some}
corpus = [value(4) for _ in range(400)] + [eval(text) for text in expressions]
print(json.dumps([Codec().encode(one, "one").hex() for one in corpus]))
"""
)


def encoded_by(python: str | pathlib.Path, seed: str) -> list[str]:
    # typing_extensions is what the package needs; it is one file for every Python.
    dependencies = pathlib.Path(typing_extensions.__file__).parent
    result = subprocess.run(
        [python, "-c", PROBE],
        input=json.dumps([expression for expression, _ in GOLDEN]),
        env={
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(map(str, (SOURCE, dependencies))),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return typing.cast("list[str]", json.loads(result.stdout))


@pytest.fixture(scope="module")
def corpus() -> list[str]:
    encoded = encoded_by(sys.executable, "0")
    assert len(set(encoded)) > 300
    assert encoded[-len(GOLDEN) :] == [form.hex() for _, form in GOLDEN]
    return encoded


@pytest.mark.parametrize("seed", ["1", "random"])
def test_the_hash_seed_does_not_matter(corpus: list[str], seed: str) -> None:
    assert encoded_by(sys.executable, seed) == corpus


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_gives_the_same_bytes(corpus: list[str], version: str) -> None:
    assert encoded_by(require_python(version), "1") == corpus


def test_importing_it_imports_no_type_that_nobody_uses() -> None:
    # The package's other modules have needs of their own, so not by its __init__.
    probe = """
import sys, types
package = types.ModuleType("handlerid")
package.__path__ = [sys.argv[1]]
sys.modules["handlerid"] = package
import handlerid._values.codec
print(*sorted(sys.modules))
"""
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", probe, str(SOURCE / "handlerid")],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(result.stdout.split())
    assert "handlerid._values" in loaded
    assert not loaded & {
        *("dataclasses", "datetime", "decimal", "fractions", "inspect"),
        *("pathlib", "uuid", "zoneinfo"),
    }


# Depth, width, sharing.


def test_depth_is_no_recursion() -> None:
    deep: list[object] = []
    other: list[object] = [1]
    for _ in range(10_000):
        deep, other = [deep], [other]
    assert encode(deep) != encode(other)


def test_a_bottomless_value_is_refused() -> None:
    deep: list[object] = []
    for _ in range(30_000):
        deep = [deep]
    assert str(refusal(deep, "deep")) == (
        "deep" + "[0]" * 8 + "..." + "[0]" * 8 + " cannot be part of an id: "
        "builtins.list is nested more than 20000 levels deep" + ADVICE
    )


def test_width_is_no_limit() -> None:
    assert encode(list(range(200_000))) != encode(list(range(200_001)))


def test_shared_parts_are_looked_at_once() -> None:
    shared: object = ("leaf", "of a tree with more leaves than atoms")
    for _ in range(300):
        shared = {"left": shared, "right": [shared, shared]}
    assert len(encode(shared)) < 500


def test_sharing_is_not_part_of_the_value() -> None:
    def branch() -> list[object]:
        return ["long" * 100, {"k": "v" * 300}]

    shared = branch()
    assert encode([shared, shared, (shared,)]) == encode(
        [branch(), branch(), (branch(),)]
    )


def test_huge_numbers_are_not_stopped_by_the_limit_on_digits() -> None:
    assert encode(10**10_000) != encode(10**10_000 + 1)
    assert encode(Decimal(1).scaleb(9_999)) == b"M1:s7:1E+9999"


def test_names_of_files_that_are_no_text_are_told_apart() -> None:
    assert encode(pathlib.Path("\udcff")) != encode(pathlib.Path("\udcfe"))


def test_equal_dates_that_are_told_apart_by_fold() -> None:
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    first = datetime.datetime(2024, 10, 27, 2, 30, tzinfo=berlin)
    assert encode(first) != encode(first.replace(fold=1))


def test_a_decimal_does_not_depend_on_the_context() -> None:
    import decimal

    value = Decimal("1E+30")
    before = encode(value)
    with decimal.localcontext(prec=2, capitals=0):
        assert encode(value) == before


# Refusals: the whole text.


class Text(str):
    __slots__ = ()


class Extended(Item):
    extra = 1


class Loose(NamedPair):  # has a __dict__
    pass


@dataclass
class Failure(Exception):
    code: int = 0


@dataclass
class Computed:
    width: int

    @property  # type: ignore[no-redef]
    def width(self) -> int:
        raise AssertionError("asked")


@dataclass(slots=True)
class Unset:
    size: int = field(init=False)


@dataclass
class Missing:
    size: int = field(init=False)


class Mood(enum.Enum):
    CALM = 1


class Knob(enum.Flag):
    ON = 1


class Odd(tuple[object, ...]):
    __slots__ = ()
    _fields = ("only",)


class Unnamed(tuple[object, ...]):
    __slots__ = ()
    _fields = (1,)


class Claiming:
    __dataclass_fields__: ClassVar[dict[str, Any]] = {"x": 1}


class OnlySet:
    def __set__(self, instance: object, value: object) -> None:
        raise AssertionError("asked")


class OnlyDelete:
    def __delete__(self, instance: object) -> None:
        raise AssertionError("asked")


class OnlyGet:
    def __get__(self, instance: object, owner: object) -> int:
        if instance is None:
            raise AttributeError  # so that a dataclass does not take it for a default
        raise AssertionError("asked")


@dataclass
class Setting:
    level: object = OnlySet()


@dataclass
class Deleting:
    level: object = OnlyDelete()


@dataclass
class Getting:
    level: object = OnlyGet()


@dataclass
class Borrowing:
    level: object = vars(Unset)["size"]


class Bare:
    pass


def local_classes() -> tuple[type, object, object]:
    @dataclass
    class Row:
        x: int = 0

    class Local(enum.Enum):
        ONE = 1

    return Row, Row(), Local.ONE


def named_tuple_of_a_function() -> object:
    Row = namedtuple("Row", "x")  # noqa: PYI024
    return Row("secret")


def zone_without_key() -> zoneinfo.ZoneInfo:
    counts = struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    data = b"TZif" + bytes(16) + counts + bytes(6) + b"UTC\0"
    return zoneinfo.ZoneInfo.from_file(io.BytesIO(data))


def loose() -> Loose:
    made = Loose(1, 2)
    vars(made)["note"] = "secret"
    return made


def forged() -> object:
    made = object.__new__(Mood)
    made._name_ = "CALM"
    return made


def forged_flag() -> object:
    made = object.__new__(Knob)
    vars(made)["_value_"] = "secret"
    return made


def cycle() -> list[object]:
    made: list[object] = []
    made.append({"k": (made,)})
    return made


LOCAL = local_classes()
NOT_HELD = (
    "is a class that its module does not hold under this name (made in a function, "
    "replaced, or not assigned yet), so others may bear it"
)
HERE = __name__
REFUSED: list[tuple[object, str, str, str]] = [
    (object(), "v", "builtins.object", "has no canonical form"),
    (Bare(), "v", f"{HERE}.Bare", "has no canonical form"),
    (bytearray(b"secret"), "v", "builtins.bytearray", "has no canonical form"),
    (
        Text("secret"),
        "v",
        f"{HERE}.Text",
        "has no canonical form",
    ),
    (
        sys.version_info,
        "v",
        "sys.version_info",
        "has no canonical form",
    ),
    (
        Extended("secret"),
        "v",
        f"{HERE}.Extended",
        "has no canonical form",
    ),
    (loose(), "v", f"{HERE}.Loose", "is more than its fields"),
    (
        Failure(1),
        "v",
        f"{HERE}.Failure",
        "is more than its fields: a builtins.Exception too",
    ),
    (object.__new__(Computed), "v", f"{HERE}.Computed", "computes its field width"),
    (Unset(), "v", f"{HERE}.Unset", "has no value in its field size"),
    (Missing(), "v", f"{HERE}.Missing", "has no value in its field size"),
    (forged(), "v", f"{HERE}.Mood", "is not one of the members of its class"),
    (forged_flag(), "v", f"{HERE}.Knob", "is not one of the members of its class"),
    (Odd((1, 2)), "v", f"{HERE}.Odd", "is more than its fields"),
    (Unnamed((1,)), "v", f"{HERE}.Unnamed", "is more than its fields"),
    (
        Claiming(),
        "v",
        f"{HERE}.Claiming",
        "has no canonical form",
    ),
    (object.__new__(Setting), "v", f"{HERE}.Setting", "computes its field level"),
    (object.__new__(Deleting), "v", f"{HERE}.Deleting", "computes its field level"),
    (
        object.__new__(Getting),
        "v",
        f"{HERE}.Getting",
        "computes its field level",
    ),
    (
        object.__new__(Borrowing),
        "v",
        f"{HERE}.Borrowing",
        "has no value in its field level",
    ),
    (LOCAL[0], "v", f"{HERE}.local_classes.<locals>.Row", NOT_HELD),
    (LOCAL[1], "v", f"{HERE}.local_classes.<locals>.Row", NOT_HELD),
    (LOCAL[2], "v", f"{HERE}.local_classes.<locals>.Local", NOT_HELD),
    (
        named_tuple_of_a_function(),
        "v",
        f"{HERE}.Row",
        NOT_HELD,
    ),
    (
        len,
        "v",
        "builtins.builtin_function_or_method",
        "has no canonical form",
    ),
    (
        types.ModuleType("secret"),
        "v",
        "builtins.module",
        "is a module that sys.modules does not hold under its name",
    ),
    (
        zone_without_key(),
        "v[0]",
        "builtins.object",
        "has no canonical form",
    ),
    (cycle(), "v[0][value][0]", "builtins.list", "refers to itself"),
    ({"secret": object()}, "v[value]", "builtins.object", "has no canonical form"),
    ({object(): 1}, "v[key]", "builtins.object", "has no canonical form"),
    ([1, {object()}], "v[1][item]", "builtins.object", "has no canonical form"),
    (Item("a", [object()]), "v.count[0]", "builtins.object", "has no canonical form"),  # type: ignore[arg-type]
    (slice(1, object()), "v[1]", "builtins.object", "has no canonical form"),
    (Pair(1, object()), "v.second", "builtins.object", "has no canonical form"),
    (
        next(iter(cast("Any", list[int]))),
        "v[0]",
        "builtins.generic_alias_iterator",
        "has no canonical form",
    ),
    (list[object()], "v[1][0]", "builtins.object", "has no canonical form"),  # type: ignore[misc]
]


@pytest.mark.parametrize(
    ("value", "where", "type_name", "reason"),
    REFUSED,
    ids=[f"{type_name}-{where}" for _, where, type_name, _ in REFUSED],
)
def test_what_has_no_canonical_form_is_refused(
    value: object, where: str, type_name: str, reason: str
) -> None:
    error = refusal(value, "v")
    assert (
        str(error) == f"{where} cannot be part of an id: {type_name} {reason}{ADVICE}"
    )
    assert error.where == where
    assert error.type_name == type_name


def test_a_local_class_is_refused_where_its_module_is_unknown_too() -> None:
    # Some hosts run files that are in no sys.modules. A plain name is believed there.
    row, _, _ = local_classes()
    row.__module__ = "run.from.a.path"
    assert refusal(row).type_name == "run.from.a.path.local_classes.<locals>.Row"
    row.__qualname__ = "Row"
    assert encode(row) == b"C2:s15:run.from.a.paths3:Row"


# Hostile values: their code is never asked.

HOSTILE = """
import enum
from dataclasses import dataclass
from typing import NamedTuple

calls = []

def trap(name):
    def method(*args, **kwargs):
        calls.append(name)
        raise AssertionError(name)
    return method

class Meta(type):
    pass

class EnumMeta(enum.EnumMeta):
    pass

class Plain(metaclass=Meta):
    __class__ = property(trap("__class__"))

@dataclass
class Data(metaclass=Meta):
    x: object
    __class__ = property(trap("__class__"))

class Base(NamedTuple):
    x: object

class Row(Base, metaclass=Meta):
    __slots__ = ()

class Word(str, metaclass=Meta):
    __class__ = property(trap("__class__"))

class Mood(enum.Enum, metaclass=EnumMeta):
    CALM = 1

class Access(enum.Flag, metaclass=EnumMeta):
    READ = 1
    WRITE = 2

plain, word, both = Plain(), Word("secret"), Access.READ | Access.WRITE
data, row, calm = Data([2]), Row(1), Mood.CALM
encoded = {
    "r4:s7:hostiles4:Datas1:xl1:i2;": data,
    "r4:s7:hostiles3:Rows1:xi1;": row,
    "e3:s7:hostiles4:Moods4:CALM": calm,
    "g3:s7:hostiles6:Accessi3;": both,
    "t2:C2:s7:hostiles4:DataC2:s7:hostiles4:Meta": (Data, Meta),
}
refused = [plain, word, [plain], {"k": word}, Row(plain)]
for kind in (Plain, Data, Row, Word, Mood, Access, Meta, EnumMeta):
    for name in NAMES:
        type.__setattr__(kind, name, trap(name))
"""
TRAPS = (
    *("__eq__", "__hash__", "__repr__", "__str__", "__bool__", "__len__", "__iter__"),
    *("__getattribute__", "__getattr__", "__reduce__", "__reduce_ex__", "__lt__"),
    *("__int__", "__index__", "__format__", "__contains__", "__getitem__", "__ne__"),
    *("__instancecheck__", "__subclasscheck__", "__fspath__", "__length_hint__"),
)


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module = types.ModuleType("hostile")
    monkeypatch.setitem(sys.modules, "hostile", module)
    vars(module)["NAMES"] = TRAPS
    exec(HOSTILE, vars(module))
    return vars(module)


def test_no_code_of_a_value_runs(hostile: dict[str, Any]) -> None:
    for form, value in hostile["encoded"].items():
        assert encode_value(value, "v") == form.encode()
    assert hostile["calls"] == []


def test_no_code_of_a_refused_value_runs(hostile: dict[str, Any]) -> None:
    for value in hostile["refused"]:
        assert "secret" not in str(refusal(value))
    assert hostile["calls"] == []


class Pretender:
    """Says that it is a Decimal wherever one can say so."""

    def as_tuple(self) -> Any:
        raise AssertionError("asked")

    __class__ = Decimal  # type: ignore[assignment]


def test_a_class_that_bears_anothers_name_is_not_taken_for_it() -> None:
    Pretender.__module__, Pretender.__qualname__ = "decimal", "Decimal"
    assert str(refusal(Pretender())) == (
        "value cannot be part of an id: decimal.Decimal has no canonical form" + ADVICE
    )
    assert refusal(Pretender).type_name == "decimal.Decimal"


def test_a_class_is_not_taken_for_one_of_a_module_that_is_not_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "uuid")
    pretender = type("UUID", (), {"__module__": "uuid", "int": 1})
    assert refusal(pretender()).type_name == "uuid.UUID"


@pytest.mark.parametrize("name", ["__module__", "__qualname__"])
def test_a_class_without_a_name_is_refused(name: str) -> None:
    nameless = type("Nameless", (), {"__module__": HERE})
    setattr(nameless, name, Text("Bare"))
    assert "?" in refusal(nameless).type_name


def test_a_class_without_a_module_is_refused() -> None:
    adrift = eval("type('Adrift', (), {})", {})  # the caller's globals have no name
    assert refusal(adrift).type_name == "?.Adrift"


def test_what_a_cached_property_stored_is_no_part() -> None:
    fixed = Fixed("a")
    before = encode(fixed)
    assert fixed.upper == "A"
    assert encode(fixed) == before


def test_fields_are_read_from_where_they_are_stored() -> None:
    class Slot:
        __slots__ = ("size",)

    unset = object.__new__(Missing)
    unset.__dict__["size"] = 3
    assert encode(unset) == b"r4:s3:apps7:Missings4:sizei3;"
    stolen = object.__new__(Missing)
    stolen.__dict__["size"] = Slot.__dict__["size"]
    assert refusal(stolen).type_name == "builtins.member_descriptor"


# The host's own types.


Encoders = dict[type, Callable[[Any], object]]


class Session:
    def __init__(self, key: object) -> None:
        self.key = key


def test_an_encoder_speaks_for_a_class_and_those_that_derive_from_it() -> None:
    encoders: Encoders = {Session: lambda session: ("session", session.key)}
    here = b"%d:%b" % (len(HERE), HERE.encode())
    assert encode_value([Session(7)], "v", encoders=encoders) == (
        b"l1:x3:s%bs7:Sessiont2:s7:sessioni7;" % here
    )
    derived: Any = type("Derived", (Session,), {"__module__": HERE})
    assert encode_value(derived(7), "v", encoders=encoders) == (
        b"x3:s%bs7:Derivedt2:s7:sessioni7;" % here
    )
    encoders[derived] = lambda session: session.key
    assert encode_value(derived(7), "v", encoders=encoders).endswith(b"Derivedi7;")


def test_an_encoders_result_is_not_the_value_itself() -> None:
    encoders: Encoders = {Session: lambda session: session.key}
    assert encode_value(Session(7), "v", encoders=encoders) != encode(7)


def test_an_encoder_comes_before_the_forms_of_dataclasses_and_local_classes() -> None:
    row, instance, _ = LOCAL
    form = encode_value(instance, "v", encoders={row: lambda _: "row"})
    assert form.endswith(b".<locals>.Rows3:row")
    assert encode_value(Color.RED, "v", encoders={Color: lambda _: 1}).endswith(b"i1;")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (int, "builtins.int"),
        (type(None), "builtins.NoneType"),
        (list, "builtins.list"),
        (types.GenericAlias, "types.GenericAlias"),
        (Decimal, "decimal.Decimal"),
        (zoneinfo.ZoneInfo, "zoneinfo.ZoneInfo"),
        (datetime.timezone, "datetime.timezone"),
    ],
)
def test_an_encoder_that_would_never_be_asked_is_refused(kind: type, name: str) -> None:
    with pytest.raises(ValueError, match=name) as caught:
        Codec(encoders={Session: str, kind: trap})
    assert str(caught.value) == (
        f"encoders must not have {name}: it has a canonical form"
    )


@pytest.mark.parametrize(
    ("encoders", "shown"), [({"Session": str}, "'Session'"), ({Size: 1}, repr(Size))]
)
def test_an_encoder_is_a_function_for_a_type(encoders: Any, shown: str) -> None:
    with pytest.raises(TypeError, match="encoders must map") as caught:
        Codec(encoders=encoders)
    assert str(caught.value) == f"encoders must map types to functions, not {shown}"


def test_an_encoder_for_a_class_that_has_a_form_otherwise_will_do() -> None:
    kinds = (Session, Color, Access, Item, Pair, Text, type(local_classes))
    Codec(encoders=dict.fromkeys(kinds, str))


SOME_DAY = datetime.datetime(2024, 1, 1, tzinfo=UTC)


def trap(value: object) -> object:
    raise AssertionError("asked")


def test_what_an_encoder_raises_passes_through() -> None:
    with pytest.raises(AssertionError, match="asked"):
        encode_value(Session(1), "v", encoders={Session: trap})


def test_a_decoder_needs_an_encoder() -> None:
    with pytest.raises(
        ValueError, match="Session: it has neither encoder nor __handler_key__"
    ) as caught:
        Codec(decoders={Session: Session})
    assert str(caught.value) == (
        f"decoders must not have {HERE}.Session: it has neither encoder nor "
        "__handler_key__"
    )


def test_an_encoder_that_gives_the_object_back_is_refused() -> None:
    error = refusal(Session(1), encoders={Session: lambda session: [session]})
    assert error.where == "value[0]"
    assert " refers to itself. " in str(error)


def test_an_encoder_that_never_ends_is_refused() -> None:
    error = refusal(Session(1), encoders={Session: lambda _: Session(1)})
    assert " is nested more than 20000 levels deep. " in str(error)


def test_a_list_that_grows_meanwhile_is_encoded_as_it_was() -> None:
    growing: list[object] = [Session(1), 2]
    encoders: Encoders = {Session: lambda _: growing.append(3)}
    form = encode_value(growing, "v", encoders=encoders)
    assert form.startswith(b"l2:x")
    assert form.endswith(b"Ni2;")


def test_results_of_encoders_do_not_live_long_enough_to_be_taken_for_others() -> None:
    sessions = [Session(number) for number in range(300)]
    encoders: Encoders = {Session: lambda session: [str(session.key) * 300]}
    alone = {encode_value([one], "v", encoders=encoders) for one in sessions}
    assert len(alone) == 300
    together = encode_value(sessions, "v", encoders=encoders)
    assert together == b"l300:" + b"".join(
        encode_value([one], "v", encoders=encoders)[3:] for one in sessions
    )


def test_a_tzinfo_of_the_hosts_own_is_encoded_and_not_asked() -> None:
    class Local(datetime.tzinfo):
        utcoffset: Any = trap
        dst: Any = trap
        tzname: Any = trap

    moment = datetime.datetime(2024, 1, 1, tzinfo=Local())
    form = encode_value(moment, "v", encoders={Local: lambda _: "here"})
    assert form.startswith(b"W3:s19:2024-01-01T00:00:00i0;x3:")
    assert refusal(moment).where == "value[2]"


# Callables.


def describe(value: object) -> Any:
    """Knows functions, as an identity does."""
    if not isinstance(value, types.FunctionType):
        return None
    cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
    captures = [(1, n, cell.cell_contents) for n, cell in cells]
    return value.__code__.co_name, captures, [("__globals__", value.__globals__)]


def navigate_to(url: object, then: object = None) -> Any:
    def navigate() -> object:
        return url, then

    return navigate


def test_a_callable_is_what_describe_says() -> None:
    form = encode_value(navigate_to("/a"), "v", describe=describe)
    assert form == b"h3:s8:navigatet3:i1;s4:thenNt3:i1;s3:urls2:/a"
    assert form != encode(describe(navigate_to("/a"))[:2])
    with pytest.raises(UnstableCapture) as caught:
        encode_value([navigate_to(navigate_to(object()))], "v", describe=describe)
    assert caught.value.where == "v[0] -> url -> url"


def rate(event: object, *, factor: object = object()) -> object:
    return factor


# What is omitted.


def test_parts_without_a_form_are_omitted_and_named() -> None:
    omitted: list[str] = []
    value = [1, object(), {"k": Bare()}, navigate_to("/a", len)]
    form = encode_value(value, "v", describe=describe, omitted=omitted)
    assert form == b"l4:i1;?d2:s1:k?h3:s8:navigatet3:i1;s4:then?t3:i1;s3:urls2:/a"
    assert omitted == ["v[1]", "v[2][value]", "v[3] -> then"]
    assert encode_value(object(), "v", omitted=omitted) == b"?"
    assert omitted[-1] == "v"


def test_a_list_that_contains_itself_is_omitted_where_it_does() -> None:
    omitted: list[str] = []
    assert encode_value(cycle(), "v", omitted=omitted) == b"l1:d2:s1:kt1:?"
    assert omitted == ["v[0][value][0]"]


def test_describe_is_asked_about_callables_that_have_no_other_form() -> None:
    asked: list[object] = []
    values = [1, "a", Color.RED, Item("a"), int, Color, sys, len, print]
    for value in values:
        with suppress(UnstableCapture):
            encode_value(value, "v", describe=asked.append)
    assert asked == [len, print]
