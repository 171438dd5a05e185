"""Which values are the same: bytes and marks together, and ``difference`` alone."""

from __future__ import annotations

import datetime
import enum
import functools
import json
import pathlib
import re
import sys
import types
import uuid
import zoneinfo
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlerid import ClickEvent, Identity, Registry
from handlerid._values.codec import Codec
from handlerid.errors import UnstableCapture

IDENTITY = Identity()
NAN = float("nan")


class Model:
    def __init__(self, key: object) -> None:
        self.key = key


class Book(Model):
    pass


@dataclass
class Mutable:
    name: str
    count: int = field(default=0, compare=False)

    def delete(self, event: ClickEvent) -> object:
        return self.count


@dataclass(frozen=True)
class Row:
    name: str
    more: object = None

    @functools.cached_property
    def label(self) -> str:
        return self.name.upper()


@dataclass(frozen=True)
class Hidden:
    name: str
    count: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Late:
    name: str
    later: int = field(default=0, init=False)  # stays on the class


@dataclass(frozen=True, slots=True)
class Slotted:
    name: str
    more: object = None


@dataclass(frozen=True)
class Wider(Slotted):
    width: int = 0


@dataclass(frozen=True)
class Cached:
    __slots__ = ("_cache", "name")
    name: str


@dataclass(frozen=True)
class OfPlain(Model):
    name: str


class Empty:
    __slots__ = ()


@dataclass(frozen=True)
class Mixed(Empty):
    name: str


class Undecorated(Row):
    pass


class Pair(NamedTuple):
    first: object
    second: object = None


class LoosePair(Pair):
    pass


class Text(str):
    __slots__ = ()


class Color(enum.Enum):
    RED = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class ByKey:
    def __init__(self, key: object) -> None:
        self.key = key

    def __handler_key__(self) -> object:
        return self.key


class Derived(ByKey):
    pass


def with_more(value: Any, name: str = "extra") -> Any:
    object.__setattr__(value, name, 1)
    return value


def warm(row: Row) -> Row:
    assert row.label
    return row


def closure(*captured: Any) -> Callable[[], object]:
    def run() -> object:
        return captured

    return run


def counter() -> tuple[Callable[[], None], Callable[[], int]]:
    n = 0

    def inc() -> None:
        nonlocal n
        n += 1

    def show() -> int:
        return n

    return inc, show


def saving(conn: object) -> Callable[[], object]:
    def save() -> object:
        return conn

    return save


def clicking(save: object, then: object = 0) -> Callable[[], object]:
    def click() -> object:
        return save, then

    return click


def ping_pong(last: object) -> Callable[[], object]:
    def ping() -> object:
        return pong, (ping, pong)

    def pong() -> object:
        return ping, last

    return ping


def exec_class(source: str) -> Any:
    """Make a class of a module that sys.modules does not hold."""
    names: dict[str, Any] = {"__name__": "page", "dataclass": dataclass}
    exec(compile(source, "page.py", "exec", dont_inherit=True), names)
    return names["Card"]


CARD = "@dataclass(frozen=True)\nclass Card:\n    name: str\n"


def written(value: object, codec: Codec = IDENTITY.codec) -> tuple[bytes, list[int]]:
    marks: list[int] = []
    data = codec.encode(value, "value", IDENTITY.describe, marks=marks)
    return data, marks


def differ(value: object, other: object, codec: Codec = IDENTITY.codec) -> str | None:
    return codec.difference(value, other, IDENTITY.describe)


def zone(name: str) -> datetime.timezone:
    return datetime.timezone(datetime.timedelta(0), name)


SHARED: list[object] = []

# Each is called twice; the values are the same if their contents are immutable.
SAME: dict[str, Callable[[], object]] = {
    "text": lambda: str(10**30),
    "number": lambda: int("9" * 30),
    "float": lambda: float("1.5"),
    "nan": lambda: float("nan"),
    "complex": lambda: complex("1+2j"),
    "bytes": lambda: bytes([1, 2]),
    "tuple": lambda: (1, ("AB".lower(), float("2.5")), None),
    "frozenset": lambda: frozenset([("a", 1), "b", float("2.5")]),
    "range": lambda: range(int("3")),
    "slice": lambda: slice(int("300"), None),
    "date": lambda: datetime.date(2024, 1, 2),
    "time": lambda: datetime.time(1, 2, fold=1),
    "datetime": lambda: datetime.datetime(2024, 1, 2, tzinfo=zone("A")),
    "timedelta": lambda: datetime.timedelta(1),
    "zone": lambda: zoneinfo.ZoneInfo.no_cache("Europe/Berlin"),
    "decimal": lambda: Decimal("1.0"),
    "fraction": lambda: Fraction(1, 3),
    "uuid": lambda: uuid.UUID(int=5),
    "path": lambda: pathlib.PurePosixPath("a/b"),
    "pattern": lambda: copied_pattern("a+", re.IGNORECASE),
    "alias": lambda: list[int],
    "union": lambda: int | None,
    "member": lambda: Color.RED,
    "flag": lambda: Access(3),
    "named tuple": lambda: Pair(1, "ab".upper()),
    "frozen": lambda: Row("ab".upper(), (1,)),
    "warm and cold": iter([Row("a"), warm(Row("a"))]).__next__,
    "default on the class": lambda: Late("a"),
    "slots": lambda: Slotted("ab".upper(), 2.5),
    "slots and more": lambda: Wider("ab".upper(), 1, 2),
    "empty base": lambda: Mixed("a"),
    "closure": lambda: closure("ab".upper(), Row("a")),
    "partial": lambda: functools.partial(saving, conn="ab".upper()),
    "method": lambda: Row("a").__eq__,
    "circle": lambda: ping_pong(5),
    "key": lambda: ByKey([1, {"a": 2}]),
    "the same list": lambda: (1, SHARED),
    "the same class": lambda: [Model][0],
    "held": lambda: saving,
}

# Pairs that are not the same, though many are equal.
OTHER: dict[str, tuple[object, object]] = {
    "1 and True": (1, True),
    "1 and 1.0": ((1,), (1.0,)),
    "zeros": (0.0, -0.0),
    "complex zeros": (complex(0.0, 0.0), complex(0.0, -0.0)),
    "digits": (Decimal("1.0"), Decimal("1.00")),
    "names of zones": (zone("A"), zone("B")),
    "fold": (datetime.time(1), datetime.time(1, fold=1)),
    "lengths": ((1, 2), (1, 2, 3)),
    "nothing and something": ((), (1,)),
    "members": (frozenset({1}), frozenset({True})),
    "flags of patterns": (re.compile("a"), re.compile("a", re.IGNORECASE)),
    "lists": ([], []),
    "lists inside": ((1, []), (1, [])),
    "dicts": ({"a": 1}, {"a": 1}),
    "sets": ({1}, {1}),
    "bytearrays": (bytearray(b""), bytearray(b"")),
    "mappings": (types.MappingProxyType({}), types.MappingProxyType({})),
    "texts of a class": (Text("a"), Text("a")),
    "ordered": (OrderedDict(a=1), OrderedDict(a=1)),
    "objects": (object(), object()),
    "classes": (Model, Book),
    "modules": (sys, json),
    "mutable objects": (Mutable("a"), Mutable("a")),
    "not compared": (Hidden("a", 1), Hidden("a", 2)),
    "in a frozen one": (Row("a", []), Row("a", [])),
    "in slots": (Slotted("a", []), Slotted("a", [])),
    "more than fields": (with_more(Row("a")), with_more(Row("a"))),
    "more, a default": (with_more(Late("a")), with_more(Late("a"))),
    "more, as many": (with_more(Wider("a", 1, 2)), with_more(Wider("a", 1, 2))),
    "more in a slot": (
        with_more(Cached("a"), "_cache"),
        with_more(Cached("a"), "_cache"),
    ),
    "more in one": (Row("a"), with_more(Row("a"))),
    "a base not frozen": (OfPlain("a"), OfPlain("a")),
    "not decorated": (Undecorated("a"), Undecorated("a")),
    "may get attributes": (LoosePair(1), LoosePair(1)),
    "another class": (Row("a"), Slotted("a")),
    "another tuple": (Pair(1, 2), (1, 2)),
    "of a list": ([].append, [].append),
    "exec'd twice": (exec_class(CARD)("a"), exec_class(CARD)("a")),
    "no key yet": (ByKey(None), ByKey(None)),
    "other keys": (ByKey(1), ByKey(True)),
    "key of another class": (ByKey(1), Derived(1)),
    "closures": (closure(1), closure(True)),
    "counters": counter(),
    "readers": (counter()[1], counter()[1]),
    "in a closure": (closure([]), closure([])),
    "functions": (saving(1), clicking(1)),
    "circles": (ping_pong(1), ping_pong(2)),
    "partials": (functools.partial(saving, 1), functools.partial(saving, True)),
    "unions": (int | None, int | str),
}


def copied_pattern(text: str, flags: int) -> re.Pattern[str]:
    re.purge()
    return re.compile(text, flags)


@pytest.mark.parametrize("make", SAME.values(), ids=SAME)
def test_equal_and_immutable_is_the_same(make: Callable[[], object]) -> None:
    one, other = make(), make()
    assert differ(one, other) is None
    assert differ((1, closure(one)), (1, closure(other))) is None
    assert written(one) == written(other)


@pytest.mark.parametrize("pair", OTHER.values(), ids=OTHER)
def test_what_can_be_told_apart_is_not_the_same(pair: tuple[object, object]) -> None:
    one, other = pair
    path = differ(one, other)
    assert path is not None
    assert differ((1, (one,)), (1, (other,))) == path
    assert differ(Row("a", one), Row("a", other)) == path
    for value in pair:
        assert differ(value, value) is None
    try:
        both = [written(value) for value in pair]
    except UnstableCapture:  # without form: the same only as an object
        return
    assert both[0] != both[1]


# Every value of the law: texts and numbers that are easily confused, what may change,
# and what holds them. A number stands for an object that several values share.
leaves = st.one_of(
    st.sampled_from(["", "a", "x" * 300, 0, 1, True, 1.0, 0.0, -0.0, None]),
    st.just("nan"),
    st.tuples(st.just("list"), st.integers(0, 2)),
    st.tuples(st.just("key"), st.sampled_from([None, 1, True])),
)
plans = st.recursive(
    leaves,
    lambda inner: st.tuples(
        st.sampled_from(
            ["tuple", "row", "slots", "pair", "set", "closure", "partial", "more"]
        ),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)
LISTS: list[list[object]] = [[], [], [1]]


def made(plan: Any) -> Any:
    """Make a value anew."""
    if plan == "nan":
        return float("nan")
    if type(plan) is not tuple:
        return plan
    what, given = plan
    if what == "list":
        return LISTS[given]
    if what == "key":
        return ByKey(given)
    parts = [made(one) for one in given]
    if what == "set":
        return frozenset([closure(one) for one in parts])
    whole = tuple(parts)
    makers: dict[str, Callable[[], object]] = {
        "tuple": lambda: whole,
        "row": lambda: Row("a", whole),
        "slots": lambda: Slotted("a", whole),
        "pair": lambda: Pair(whole, 1),
        "closure": lambda: closure(*parts),
        "partial": lambda: functools.partial(saving, *parts),
        "more": lambda: with_more(Row("a", whole)),
    }
    return makers[what]()


def agree(one: object, other: object) -> None:
    same = written(one) == written(other)
    assert (differ(one, other) is None) is same


@given(plans, plans)
def test_bytes_and_marks_are_equal_exactly_if_nothing_differs(
    plan: object, other: object
) -> None:
    one = made(plan)
    agree(one, made(plan))
    agree(one, made(other))
    agree((one, made(other), one), (made(plan), made(other), made(plan)))
    agree((one, made(other), one), (one, made(other), made(other)))
    agree(closure(one, made(plan)), closure(one, one))


def test_sharing_is_no_difference() -> None:
    row = Row("x" * 300, SHARED)
    for one, other in (
        ((row, row), (row, Row("x" * 300, SHARED))),
        ((SHARED, row, row), (SHARED, row, Row("x" * 300, SHARED))),
    ):
        assert differ(one, other) is None
        assert written(one) == written(other)


def test_whose_mark_it_is_counts_where_parts_are_shared() -> None:
    one, other = Row("x" * 300, []), Row("x" * 300, [])
    assert written((one, other, one)) != written((one, other, other))
    assert differ((one, other, one), (one, other, other)) == ""


def test_whose_mark_it_is_counts_in_a_frozenset() -> None:
    first: list[object] = []
    second: list[object] = []
    straight = frozenset([closure("a", first), closure("b", second)])
    crossed = frozenset([closure("a", second), closure("b", first)])
    again = frozenset([closure("b", second), closure("a", first)])
    assert written(straight) == written(again) != written(crossed)
    assert differ(straight, again) is None
    assert differ(straight, crossed) == ""


def test_shared_parts_are_compared_and_marked_once() -> None:
    def doubled(depth: int) -> object:
        value: object = ("x" * 300, SHARED)
        for number in range(depth):
            value = (value, value) if number % 2 else closure(value, value)
        return value

    assert differ(doubled(60), doubled(60)) is None
    assert written(doubled(60)) == written(doubled(60)) != written(doubled(58))


def test_depth_is_no_recursion() -> None:
    def deep(last: object) -> object:
        value: object = (last,)
        for _ in range(10_000):
            value = (value,)
        return value

    assert differ(deep(1), deep(1)) is None
    assert differ(deep(1), deep(2)) == ""


@pytest.mark.parametrize("row", [Row, Slotted, Pair, lambda *parts: parts])
def test_rows_made_anew_are_the_same_until_one_differs(
    row: Callable[..., object],
) -> None:
    def rows(last: object) -> tuple[object, ...]:
        return tuple([row("n", number) for number in [*range(300, 400), last]])

    assert differ(rows(1), rows(1)) is None
    others: list[object] = [True, 1.0, "1", [], None]
    for last in others:
        assert differ(rows(1), rows(last)) == ""
    assert differ(rows(1), rows(1)[:-1]) == ""


def test_the_path_leads_through_variables_to_the_first_difference() -> None:
    one, other = saving([]), saving([])
    assert differ(clicking(one), clicking(other)) == " -> save -> conn"
    assert differ([one], [other]) == "", "a list is the same as itself alone"
    assert differ((0, (one,)), (0, (other,))) == " -> conn"
    assert differ(clicking(one, 1), clicking(other, 2)) == " -> save -> conn"
    assert differ(clicking(one, 1), clicking(one, 2)) == " -> then"
    assert differ((one, clicking(1)), (other, clicking(2))) == " -> conn"
    assert differ(clicking(one), clicking(saving)) == " -> save"
    assert differ(Mutable("a").delete, Mutable("a").delete) == " -> self"
    first, second = counter()[1], counter()[1]
    assert differ(clicking(first), clicking(second)) == " -> save -> n"
    here, there = functools.partial(saving, [1]), functools.partial(saving, [1])
    assert differ(here, there) == " -> args[0]"


def test_functions_of_two_namespaces_are_two() -> None:
    names: list[dict[str, Any]] = [{"__name__": "page"}, {"__name__": "page"}]
    for each in names:
        exec("def make():\n    def run(): return x\n    return run\n", each)
    one, again, other = names[0]["make"](), names[0]["make"](), names[1]["make"]()
    assert written(one) == written(again) != written(other)
    assert differ(one, again) is None
    assert differ(clicking(one), clicking(other)) == " -> save -> __globals__"


def test_without_a_form_only_an_object_is_the_same_and_nothing_is_raised() -> None:
    def fail(value: object) -> object:
        raise LookupError

    codec = Codec(encoders={Model: fail})
    for make in (lambda: Model(1), lambda: print, object):
        value: object = make()
        assert differ((value,), (value,), codec) is None
    assert differ((Model(1),), (Model(1),), codec) == ""
    assert differ(object(), object(), codec) == ""
    assert codec.difference(saving(1), saving(1)) == "", "nobody describes it"


def test_objects_inside_a_mark_or_a_key_are_no_marks() -> None:
    inner = Model(1)
    outer: list[object] = [Mutable("a"), [], ByKey([])]
    key = ByKey([[], {"a": closure([])}])
    nothing = ByKey(None)
    assert written((outer, key, nothing))[1] == [id(outer), id(nothing)]
    codec = Codec(encoders={Model: lambda model: [model.key]})
    assert written((inner,), codec)[1] == []


def test_what_is_omitted_is_no_mark() -> None:
    marks: list[int] = []
    omitted: list[str] = []
    codec = IDENTITY.codec
    options: Any = {"omitted": omitted, "marks": marks}
    form = codec.encode((1, object(), SHARED), "v", IDENTITY.describe, **options)
    assert form == b"t3:i1;?l0:"
    assert (omitted, marks) == (["v[1]"], [id(SHARED)])


def test_collecting_marks_changes_no_bytes() -> None:
    for make in SAME.values():
        value = make() if make is not SAME["warm and cold"] else Row("a")
        form = IDENTITY.codec.encode(value, "value", IDENTITY.describe)
        assert written(value)[0] == form


# Ids write a tree: what stands in it, and not how it came there.


def test_the_history_of_a_state_is_no_part_of_its_bytes() -> None:
    state = {"b": [1, {"x": None, "a": "t"}], "a": (2.5, True)}
    through_json = json.loads(json.dumps({**state, "a": [2.5, True]}))
    stored = json.loads(json.dumps(through_json, sort_keys=True))
    forms = [written(one)[0] for one in ({**state, "a": [2.5, True]}, stored)]
    assert forms[0] == forms[1] == written(through_json)[0] != written(state)[0]


def test_two_mutable_objects_have_one_tree_and_are_two() -> None:
    tree: object = ([], [])
    shared: list[object] = []
    assert written(tree)[0] == written((shared, shared))[0]
    assert written(tree)[1] != written((shared, shared))[1]


def test_which_fields_count() -> None:
    assert written(Mutable("a", 1))[0] == written(Mutable("a", 2))[0]
    assert written(Hidden("a", 1))[0] != written(Hidden("a", 2))[0]
    assert written(warm(Row("a"))) == written(Row("a"))
    assert written(with_more(Row("a")))[0] == written(Row("a"))[0]


def test_a_held_function_is_its_name_and_no_mark() -> None:
    form, marks = written(saving)
    assert re.fullmatch(rb"h1:s37:h1-[a-z2-7]{13}-[a-z2-7]{20}", form)
    assert marks == []


def test_what_is_imported_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    card = exec_class(CARD)("a")
    before = written(card)[0]
    holder = types.ModuleType("page")
    vars(holder)["Card"] = type(card)
    monkeypatch.setitem(sys.modules, "page", holder)
    assert written(card)[0] == before


def test_a_pattern_is_its_text_and_its_flags() -> None:
    assert written(re.compile("a", re.IGNORECASE))[0] == b"~2:s1:ai22;"
    assert written(re.compile(b"a"))[0] == b"~2:b1:ai0;"


# Encoders and keys, along the classes that a class derives from.


def keys_of(*kinds: type) -> dict[type, Callable[[Any], object]]:
    def key_of(name: str) -> Callable[[Any], object]:
        return lambda _: name

    return {kind: key_of(kind.__name__) for kind in kinds}


class Own(ByKey):
    def __handler_key__(self) -> object:
        return "own"


class Opted(ByKey):
    __handler_key__: Any = None


class Second(Opted, ByKey):
    pass


@pytest.mark.parametrize(
    ("value", "encoders", "key"),
    [
        (Book(1), [Model], "Model"),
        (Book(1), [Model, Book], "Book"),
        (ByKey("k"), [], "k"),
        (Derived("k"), [], "k"),
        (Derived("k"), [ByKey], "ByKey"),
        (Own("k"), [ByKey], "own"),
        (Own("k"), [ByKey, Own], "Own"),
        (Derived("k"), [Derived], "Derived"),
    ],
)
def test_the_most_specific_class_says_the_key(
    value: object, encoders: list[type], key: str
) -> None:
    codec = Codec(encoders=keys_of(*encoders))
    module, name = __name__, type(value).__name__
    parts = [b"s%d:%b" % (len(x), x.encode()) for x in (module, name, key)]
    assert written(value, codec) == (b"x3:" + b"".join(parts), [])


@pytest.mark.parametrize("value", [Opted("k"), Second("k")])
def test_a_class_may_say_that_it_has_no_key(value: object) -> None:
    with pytest.raises(UnstableCapture, match="has no canonical form"):
        written(value, Codec(encoders=keys_of(ByKey)))


def test_a_key_is_looked_up_in_classes_alone() -> None:
    class Meta(type):
        def __handler_key__(cls) -> object:
            raise AssertionError("asked")

    class Loud(metaclass=Meta):
        def __getattr__(self, name: str) -> object:
            raise AssertionError(name)

    value = Loud()
    vars(value)["__handler_key__"] = lambda: 1
    with pytest.raises(UnstableCapture, match="has no canonical form"):
        written(value)


@pytest.mark.parametrize("stored", [property(str), "key", classmethod(str), 5])
def test_a_key_that_is_no_method_is_refused(stored: object) -> None:
    kind = type("Odd", (), {"__handler_key__": stored, "__module__": __name__})
    with pytest.raises(UnstableCapture) as caught:
        written([kind()])
    assert str(caught.value).startswith(
        f"value[0] cannot be part of an id: {__name__}.Odd has a __handler_key__ that "
        "is not a method. "
    )
    assert differ((kind(),), (kind(),)) == ""


def test_keys_of_two_classes_of_one_name_are_not_the_same() -> None:
    """The methods of the classes may be different ones."""

    def local(key: object) -> object:
        class Local(ByKey):
            pass

        return Local(key)

    one, other = local(1), local(1)
    assert written(one)[0] == written(other)[0] != written(local(2))[0]
    assert written(one) != written(other)
    assert differ(one, other) == ""
    again: Any = type(one)
    assert differ(one, again(1)) is None


def test_a_key_may_hold_functions_and_lead_back() -> None:
    class Component(ByKey):
        def run(self) -> None: ...

    makers: list[Callable[[], object]] = [
        lambda: ByKey(closure([1])),
        lambda: with_key(Component(1)),
    ]
    for make in makers:
        one, other = make(), make()
        assert written(one) == written(other)
        assert differ(one, other) is None


def with_key(component: Any) -> object:
    component.key = component.run
    return component


def test_each_key_is_asked_for_once_when_values_are_compared() -> None:
    asked: list[object] = []
    codec = Codec(encoders={Model: asked.append})
    assert differ((Model(1),), (Model(1),), codec) == ""
    assert len(asked) == 2


def test_an_encoder_of_every_object_is_refused() -> None:
    with pytest.raises(ValueError, match="every class derives from it") as caught:
        Codec(encoders={object: str})
    assert str(caught.value) == (
        "encoders must not have builtins.object: every class derives from it"
    )


def test_a_decoder_is_found_as_an_encoder_is() -> None:
    decoders: Any = {Model: Model, ByKey: ByKey, Own: Own}
    codec = Codec(encoders={Model: lambda model: model.key}, decoders=decoders)
    assert codec.decoder_of(Book) is Model
    assert codec.decoder_of(Derived) is ByKey
    assert codec.decoder_of(Own) is Own
    assert codec.decoder_of(Row) is None
    for kind in (Book, Derived):  # of a base that has a key
        Codec(encoders={Model: str}, decoders={kind: kind})


# What people meet.


def registered(fn: Callable[..., object], **options: Any) -> object:
    return Registry(captures="distinct", **options).register(fn)


def test_an_encoder_of_a_base_is_asked_for_what_a_handler_captured() -> None:
    def make(book: Model) -> Callable[[ClickEvent], object]:
        def on_click(event: ClickEvent) -> object:
            return book.key

        return on_click

    identity = Identity(encoders={Model: lambda model: model.key})
    ids = {registered(make(Book(key)), identity=identity) for key in (3, 3, 4)}
    assert len(ids) == 2


def test_the_error_names_the_variable_in_the_captured_function() -> None:
    def page(conn: object) -> Callable[[ClickEvent], object]:
        def save() -> object:
            return conn

        def on_click(event: ClickEvent) -> object:
            return save()

        return on_click

    with pytest.raises(UnstableCapture) as caught:
        registered(page(Model(1)))
    assert caught.value.where == "save -> conn"
    assert str(caught.value) == (
        f"{__name__}.test_the_error_names_the_variable_in_the_captured_function."
        "<locals>.page.<locals>.on_click: save -> conn cannot be part of an id: "
        f"{__name__}.Model has no canonical form. Pass a key instead and look the "
        "object up in the handler, use a supported type, or give its class a "
        "__handler_key__(self), or Identity(encoders={Class: function}). "
        'With captures="carry", also Identity(decoders={Class: function}).'
    )


class Page:
    def click(self, event: ClickEvent) -> None: ...

    def opened(self) -> Callable[[ClickEvent], object]:
        def on_click(event: ClickEvent) -> object:
            return self

        return on_click


@pytest.mark.parametrize(
    ("fn", "where"),
    [
        (Page().click, "self"),
        (Page().opened(), "self"),
        (functools.partial(lambda run, event: None, Page().click), "args[0] -> self"),
    ],
)
def test_the_cure_for_a_component_is_a_key(
    fn: Callable[..., object], where: str
) -> None:
    with pytest.raises(UnstableCapture) as caught:
        IDENTITY.handler_id(fn, captures=True)
    assert caught.value.where == where
    assert str(caught.value) == (
        f"{where} cannot be part of an id: {__name__}.Page has no canonical form. Give "
        "its class a __handler_key__(self), or Identity(encoders={Class: function}). "
        'With captures="carry", also Identity(decoders={Class: function}).'
    )


def make_deleter(row: Mutable) -> Callable[[ClickEvent], object]:
    def on_click(event: ClickEvent) -> object:
        return row.count

    return on_click


@pytest.mark.parametrize("make", [make_deleter, lambda row: row.delete])
def test_fields_that_are_not_compared_are_not_lost(make: Callable[..., Any]) -> None:
    # The two have equal bytes: the objects tell them apart.
    one, other = make(Mutable("tea", 1)), make(Mutable("tea", 2))
    assert written(one)[0] == written(other)[0]
    assert written(one)[1] != written(other)[1]
    assert differ(one, other) in (" -> row", " -> self")


def todo() -> Callable[[ClickEvent], object]:
    items: list[object] = []

    def add(event: ClickEvent) -> object:
        items.append(event)
        return items

    return add


@pytest.mark.parametrize(
    "make",
    [todo, lambda: counter()[0], lambda: counter()[1], lambda: Mutable("").delete],
)
def test_two_equal_components_are_two(make: Callable[[], Any]) -> None:
    one, other = make(), make()
    assert written(one)[0] == written(other)[0]
    assert written(one)[1] != written(other)[1]
    assert differ(one, other) is not None
    assert written(one) == written(one)
