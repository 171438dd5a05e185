"""Handlers that behave differently, offered in one scope.

Each page offers two or more of them, and says what each returns when it does its own
thing. Some are written as people write them by mistake: what they mean is expected.
"""

# mypy: disable-error-code="no-redef, func-returns-value, var-annotated, no-any-return"
from __future__ import annotations

import array
import collections
import contextvars
import datetime
import decimal
import enum
import fractions
import functools
import itertools
import operator
import pathlib
import re
import sys
import threading
import types
import uuid
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handlerid import ClickEvent

Offer = Callable[..., Any]
PAIRS: dict[str, Callable[[Offer], object]] = {}
ROWS = (1, 2, 3)


def pair(page: Callable[[Offer], object]) -> Callable[[Offer], object]:
    PAIRS[page.__name__] = page
    return page


# A variable that changes after the offer.


@pair
def a_def_in_a_loop(offer: Offer) -> None:
    for row in ROWS:

        def delete(event: ClickEvent) -> int:
            return row

        offer(delete, row)


@pair
def a_lambda_in_a_loop(offer: Offer) -> None:
    for row in ROWS:
        offer(lambda event: row, row)


@pair
def a_comprehension(offer: Offer) -> None:
    [offer(lambda event: row, row) for row in ROWS]


@pair
def a_set_comprehension(offer: Offer) -> None:
    {offer(lambda event: row, row) for row in ROWS}


@pair
def a_dict_comprehension(offer: Offer) -> None:
    {row: offer(lambda event: row, row) for row in ROWS}


@pair
def a_generator_expression(offer: Offer) -> None:
    list(offer(lambda event: row, row) for row in ROWS)


@pair
def nested_loops(offer: Offer) -> None:
    for row in ROWS:
        for column in ROWS:
            offer(lambda event: (row, column), (row, column))


@pair
def the_outer_loop_alone(offer: Offer) -> None:
    for row in ROWS:
        for _ in "ab":
            offer(lambda event: row, row)


@pair
def a_while_loop(offer: Offer) -> None:
    row = 0
    while row < 3:
        offer(lambda event: row, row)
        row += 1


@pair
def two_variables_of_a_loop(offer: Offer) -> None:
    for number, name in enumerate("abc"):
        offer(lambda event: (number, name), (number, name))


@pair
def a_value_made_in_a_loop(offer: Offer) -> None:
    for row in ROWS:
        double = row * 2
        offer(lambda event: double, double)


@pair
def a_walrus_in_a_loop(offer: Offer) -> None:
    rows = iter(ROWS)
    while (row := next(rows, None)) is not None:
        offer(lambda event: row, row)


@pair
def a_walrus_in_a_comprehension(offer: Offer) -> None:
    [offer(lambda event: last, row) for row in ROWS if (last := row)]


@pair
def an_unpacked_variable(offer: Offer) -> None:
    for first, *others in ((1, 2), (3, 4)):
        offer(lambda event: (first, others), (first, list(others)))


@pair
def a_match(offer: Offer) -> None:
    for row in ({"id": 1}, {"id": 2}):
        match row:
            case {"id": number}:
                offer(lambda event: number, row["id"])


@pair
def a_with_statement(offer: Offer) -> None:
    class Row:
        def __init__(self, number: int) -> None:
            self.number = number

        def __enter__(self) -> int:
            return self.number

        def __exit__(self, *_: object) -> None: ...

    for number in ROWS:
        with Row(number) as row:
            offer(lambda event: row, number)


@pair
def an_import_in_a_loop(offer: Offer) -> None:
    for number in (1, 2):
        if number == 1:
            import json as module
        else:
            import string as module
        offer(lambda event: module.__name__, module.__name__)


@pair
def a_class_in_a_loop(offer: Offer) -> None:
    for row in ROWS:

        class Row:
            number = row

        offer(lambda event: Row.number, row)


@pair
def a_function_in_a_loop(offer: Offer) -> None:
    for row in ROWS:

        def load(row: int = row) -> int:
            return row

        offer(lambda event: load(), row)


@pair
def a_callback_in_a_loop(offer: Offer) -> None:
    def child(callback: Callable[[], int], expected: int) -> None:
        offer(lambda event: callback(), expected)

    for row in ROWS:
        child(lambda: row, row)


@pair
def a_callback_in_a_comprehension(offer: Offer) -> None:
    def child(callback: Callable[[], int], expected: int) -> None:
        def on_click(event: ClickEvent) -> int:
            return callback()

        offer(on_click, expected)

    [child(lambda: row, row) for row in ROWS]


@pair
def a_callback_of_a_callback(offer: Offer) -> None:
    def child(callback: Callable[[], int], expected: int) -> None:
        def inner() -> int:
            return callback()

        offer(lambda event: inner(), expected)

    for row in ROWS:
        child(lambda: row, row)


def run(callback: Callable[[], object], event: ClickEvent) -> object:
    return callback()


@pair
def a_partial_over_a_callback(offer: Offer) -> None:
    for row in ROWS:
        offer(functools.partial(run, lambda: row), row)


@pair
def a_partial_by_keyword_over_a_callback(offer: Offer) -> None:
    def handle(event: ClickEvent, *, callback: Callable[[], object]) -> object:
        return callback()

    for row in ROWS:
        offer(functools.partial(handle, callback=lambda: row), row)


@pair
def a_default_that_is_a_callback(offer: Offer) -> None:
    for row in ROWS:
        offer(lambda event, callback=lambda: row: callback(), row)


@pair
def an_assignment_after_the_offer(offer: Offer) -> None:
    row = 1
    offer(lambda event: row, 1)
    row = 2
    offer(lambda event: (row, "other"), (2, "other"))


@pair
def an_augmented_assignment(offer: Offer) -> None:
    row = 1
    for _ in "ab":
        offer(lambda event: row, row)
        row += 1


@pair
def a_parameter_that_is_assigned(offer: Offer, row: int = 1) -> None:
    offer(lambda event: row, 1)
    row = 2
    offer(lambda event: (0, row), (0, 2))


@pair
def a_nested_function_that_assigns(offer: Offer) -> None:
    row = 0

    def each(number: int) -> None:
        nonlocal row
        row = number
        offer(lambda event: row, number)

    for number in ROWS:
        each(number)


@pair
def a_try_statement(offer: Offer) -> None:
    for number in ROWS:
        try:
            raise ValueError(number)
        except ValueError as error:
            text = str(error)
            offer(lambda event: text, str(number))


@pair
def an_async_handler_in_a_loop(offer: Offer) -> None:
    for row in ROWS:

        def on_click(event: ClickEvent) -> Iterator[int]:
            yield row

        offer(on_click, [row])


# Equal values that are two objects.


def ticks(row: Any) -> Any:
    def tick(event: ClickEvent) -> Any:
        return id(row)

    return tick


def twice(make: Callable[[], object]) -> Callable[[Offer], None]:
    def page(offer: Offer) -> None:
        kept = [make(), make()]
        for one in kept:
            offer(ticks(one), id(one))

    return page


def in_scope(name: str, make: Callable[[], object]) -> None:
    PAIRS[name] = twice(make)


class Plain:
    pass


@dataclass
class Count:
    n: int = 0

    def inc(self, event: ClickEvent) -> int:
        return id(self)


@dataclass
class Hidden:
    name: str
    id: int = field(default=0, compare=False)

    def delete(self, event: ClickEvent) -> int:
        return self.id


@dataclass(frozen=True)
class Frozen:
    items: list[int]


@dataclass(frozen=True)
class FrozenHidden:
    name: str
    id: int = field(default=0, compare=False)


@dataclass(slots=True)
class Slotted:
    n: int = 0

    def inc(self, event: ClickEvent) -> int:
        return id(self)


class Point(NamedTuple):
    items: list[int]


class Loose(namedtuple("Loose", "x")):
    pass


class Text(str):
    pass


class Number(int):
    pass


class Keyless:
    """Not saved yet: there is no key."""

    def __handler_key__(self) -> None:
        return None

    def delete(self, event: ClickEvent) -> int:
        return id(self)


in_scope("two_lists", list)
in_scope("two_full_lists", lambda: [1, {"a": 2}])
in_scope("two_dicts", dict)
in_scope("two_rows", lambda: {"done": False})
in_scope("two_sets", lambda: {1, 2})
in_scope("two_objects", Plain)
in_scope("two_dataclasses", Count)
in_scope("two_slotted_dataclasses", Slotted)
in_scope("two_bytearrays", lambda: bytearray(b"a"))
in_scope("two_deques", collections.deque)
in_scope("two_defaultdicts", lambda: collections.defaultdict(list))
in_scope("two_ordered_dicts", collections.OrderedDict)
in_scope("two_counters", lambda: collections.Counter("ab"))
in_scope("two_chain_maps", lambda: collections.ChainMap({}))
in_scope("two_arrays", lambda: array.array("i", [1]))
in_scope("two_namespaces", lambda: types.SimpleNamespace(n=0))
in_scope("two_mapping_proxies", lambda: types.MappingProxyType({"a": 1}))
in_scope("two_locks", threading.Lock)
in_scope("two_events", threading.Event)
in_scope("two_iterators", lambda: iter([1, 2]))
in_scope("two_counts", itertools.count)
in_scope("two_context_variables", lambda: contextvars.ContextVar("v"))
in_scope("two_keyless_objects", Keyless)
in_scope("two_texts_of_a_class", lambda: Text("a"))
in_scope("two_numbers_of_a_class", lambda: Number(1))
in_scope("two_tuples_of_lists", lambda: ([],))
in_scope("two_frozen_with_lists", lambda: Frozen([]))
in_scope("two_named_tuples_with_lists", lambda: Point([]))
in_scope("two_loose_named_tuples", lambda: Loose(1))
in_scope("two_memory_views", lambda: memoryview(b"a"))
in_scope("two_partials_over_lists", lambda: functools.partial(ticks, []))
in_scope("two_exceptions", lambda: ValueError("a"))
in_scope("two_modules_of_one_name", lambda: types.ModuleType("shop"))
in_scope("two_bound_methods", lambda: Count().inc)
in_scope("two_methods_of_lists", lambda: [].append)


@pair
def a_list_by_default(offer: Offer) -> None:
    for row in ([], []):

        def on_row(event: ClickEvent, row: list[int] = row) -> int:
            row.append(1)
            return id(row)

        offer(on_row, id(row))


@pair
def a_list_by_keyword_default(offer: Offer) -> None:
    for row in ([], []):

        def on_row(event: ClickEvent, *, row: list[int] = row) -> int:
            return id(row)

        offer(on_row, id(row))


def add(items: list[int], event: ClickEvent) -> int:
    return id(items)


KEPT: list[list[int]] = [[], [], []]


@pair
def partials_over_equal_lists(offer: Offer) -> None:
    for items in KEPT:
        offer(functools.partial(add, items), id(items))


@pair
def partials_of_partials(offer: Offer) -> None:
    def two(first: int, items: list[int], event: ClickEvent) -> int:
        return id(items)

    for items in KEPT:
        offer(functools.partial(functools.partial(two, 1), items), id(items))


@pair
def methods_of_equal_dataclasses(offer: Offer) -> None:
    for one in (rows := [Count(), Count()]):
        offer(one.inc, id(one))
    KEPT_ALIVE.append(rows)


@pair
def methods_of_equal_slotted_dataclasses(offer: Offer) -> None:
    for one in (rows := [Slotted(), Slotted()]):
        offer(one.inc, id(one))
    KEPT_ALIVE.append(rows)


@pair
def methods_of_keyless_rows(offer: Offer) -> None:
    for one in (rows := [Keyless(), Keyless()]):
        offer(one.delete, id(one))
    KEPT_ALIVE.append(rows)


KEPT_ALIVE: list[object] = []


@pair
def fields_that_are_not_compared(offer: Offer) -> None:
    for number in ROWS:
        offer(Hidden("tea", number).delete, number)


@pair
def frozen_fields_that_are_not_compared(offer: Offer) -> None:
    for number in ROWS:
        row = FrozenHidden("tea", number)
        offer(functools.partial(lambda row, event: row.id, row), number)


@pair
def attributes_beyond_the_fields(offer: Offer) -> None:
    for number in ROWS:
        row = Count()
        row.more = number  # type: ignore[attr-defined]
        offer(functools.partial(lambda row, event: row.more, row), number)


@pair
def attributes_of_a_frozen_object(offer: Offer) -> None:
    for number in ROWS:
        row = FrozenHidden("tea")
        object.__setattr__(row, "more", number)
        offer(functools.partial(lambda row, event: row.more, row), number)


@pair
def attributes_of_a_function(offer: Offer) -> None:
    def make(number: int) -> Any:
        def on_click(event: ClickEvent) -> object:
            return on_click.number  # type: ignore[attr-defined]

        on_click.number = number  # type: ignore[attr-defined]
        return on_click

    for number in ROWS:
        offer(make(number), number)


# Counters: functions that share a variable.


def counter() -> tuple[Any, Any]:
    n = 0

    def inc(event: ClickEvent) -> str:
        nonlocal n
        n += 1
        return "inc"

    def show(event: ClickEvent) -> int:
        return n

    return inc, show


@pair
def two_counters(offer: Offer) -> None:
    for clicks in (2, 5):
        inc, show = counter()
        offer(
            show, clicks, before=lambda inc=inc, n=clicks: [inc(None) for _ in "x" * n]
        )


@pair
def two_deep_counters(offer: Offer) -> None:
    def make() -> tuple[Any, Any]:
        inc, show = counter()
        return inc, lambda event: show(event)

    for clicks in (2, 5):
        inc, show = make()
        offer(
            show, clicks, before=lambda inc=inc, n=clicks: [inc(None) for _ in "x" * n]
        )


# Values that Python calls equal, or that look alike.


def alike(name: str, *values: object) -> None:
    def page(offer: Offer) -> None:
        for value in values:
            offer(functools.partial(_value, value), _shown(value))
        for value in values:
            offer(_captured(value), _shown(value))

    PAIRS[name] = page


def _shown(value: Any) -> str:
    if hasattr(value, "__self__"):  # its text has an address
        return f"{value.__name__} of {value.__self__!r}"
    return f"{type(value).__name__} {value!r}"


def _value(value: object, event: ClickEvent) -> str:
    return _shown(value)


def _captured(value: object) -> Any:
    def on_click(event: ClickEvent) -> str:
        return _shown(value)

    return on_click


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Mark(enum.Flag):
    A = 1
    B = 2


alike("one_and_true", 1, True, 1.0, 1 + 0j)
alike("zeros", 0.0, -0.0, 0, False)
alike("complex_zeros", 0j, -0j, complex(-0.0, 0))
alike("decimals", decimal.Decimal("1.0"), decimal.Decimal("1.00"), decimal.Decimal(1))
alike("decimal_zeros", decimal.Decimal("0"), decimal.Decimal("-0"))
alike("fractions", fractions.Fraction(1, 2), fractions.Fraction(1, 3))
alike("texts_and_bytes", "a", b"a", ("a",))
alike("texts_of_other_forms", "\u00e9", "e\u0301")
alike("tuples_and_more", (1,), (True,), (1.0,), ((1,),))
alike("empty_things", "", b"", (), frozenset(), None)
alike("frozen_sets", frozenset([1]), frozenset([True]), frozenset([1, 2]))
alike(
    "timezones",
    *[datetime.timezone(datetime.timedelta(0), name) for name in ("A", "B")],
)
alike(
    "moments",
    datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC),
    datetime.datetime(
        2026, 1, 1, 13, tzinfo=datetime.timezone(datetime.timedelta(hours=1))
    ),
    datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC, fold=1),
)
alike("dates", datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1))
alike("ranges", range(0), range(1, 1), range(0, 0, 2))
alike("slices", slice(1), slice(0, 1), slice(None))
alike("patterns", re.compile("a"), re.compile("a", re.IGNORECASE), re.compile(b"a"))
alike("enums", Color.RED, Color.BLUE, Color.RED.value)
alike("flags", Mark.A, Mark.B, Mark.A | Mark.B)
alike("uuids", uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=1).hex)
alike("paths", pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a"), "a")
alike("classes", int, bool, Count, Slotted)
alike("aliases", list[int], list[str], dict[str, int])
alike("unions", int | str, str | int, int | None)
alike("functions_of_python", len, repr, str.upper, str.lower)
alike("operators", operator.add, operator.sub)


@pair
def dicts_in_another_order(offer: Offer) -> None:
    for spec in ({"name": 1, "age": -1}, {"age": -1, "name": 1}):
        offer(functools.partial(lambda spec, event: list(spec), spec), list(spec))


@pair
def not_a_number(offer: Offer) -> None:
    for value in (float("nan"), float("inf"), float("-inf")):
        offer(functools.partial(lambda value, event: str(value), value), str(value))


# Code and places.


@pair
def functions_in_two_namespaces(offer: Offer) -> None:
    for table in ("orders", "users"):
        names: dict[str, Any] = {"__name__": "page", "TABLE": table}
        exec("def delete(event): return TABLE", names)
        offer(names["delete"], table)


@pair
def callbacks_in_two_namespaces(offer: Offer) -> None:
    def child(callback: Any, expected: str) -> None:
        offer(lambda event: callback(), expected)

    for table in ("orders", "users"):
        names: dict[str, Any] = {"__name__": "page", "TABLE": table}
        exec("def load(): return TABLE", names)
        child(names["load"], table)


@pair
def wrappers_without_wraps(offer: Offer) -> None:
    def logged(fn: Any) -> Any:
        def wrapper(event: ClickEvent) -> object:
            return fn(event)

        return wrapper

    def save(event: ClickEvent) -> str:
        return "save"

    def delete(event: ClickEvent) -> str:
        return "delete"

    for fn in (save, delete):
        offer(logged(fn), fn.__name__)


@pair
def wrappers_with_wraps(offer: Offer) -> None:
    def times(number: int) -> Any:
        def decorate(fn: Any) -> Any:
            @functools.wraps(fn)
            def wrapper(event: ClickEvent) -> object:
                return fn(event) * number

            return wrapper

        return decorate

    def one(event: ClickEvent) -> int:
        return 1

    for number in ROWS:
        offer(times(number)(one), number)


@pair
def lambdas_on_one_line(offer: Offer) -> None:
    for fn, expected in ((lambda event: 1, 1), (lambda event: 2, 2)):
        offer(fn, expected)


@pair
def functions_of_one_name(offer: Offer) -> None:
    def on_click(event: ClickEvent) -> int:
        return 1

    first = on_click

    def on_click(event: ClickEvent) -> int:
        return 2

    offer(first, 1)
    offer(on_click, 2)


@pair
def factories(offer: Offer) -> None:
    def follow(url: str) -> Any:
        def on_click(event: ClickEvent) -> str:
            return url

        return on_click

    for url in ("/tea", "/coffee"):
        offer(follow(url), url)


@pair
def factories_three_deep(offer: Offer) -> None:
    def outer(first: int) -> Any:
        def middle(second: int) -> Any:
            def inner(event: ClickEvent) -> tuple[int, int]:
                return first, second

            return inner

        return middle

    for first, second in ((1, 2), (1, 3), (2, 3)):
        offer(outer(first)(second), (first, second))


@pair
def defaults(offer: Offer) -> None:
    for row in ROWS:
        offer(lambda event, row=row: row, row)


@pair
def keyword_defaults(offer: Offer) -> None:
    for row in ROWS:
        offer(lambda event, *, row=row: row, row)


@pair
def bound_arguments(offer: Offer) -> None:
    def handle(row: int, event: ClickEvent) -> int:
        return row

    for row in ROWS:
        offer(functools.partial(handle, row), row)


@pair
def bound_arguments_in_another_place(offer: Offer) -> None:
    def handle(first: int, event: ClickEvent = ..., second: int = 0) -> object:  # type: ignore[assignment]
        return first, second

    offer(functools.partial(handle, 1), (1, 0))
    offer(functools.partial(handle, 1, second=1), (1, 1))
    offer(functools.partial(handle, 0, second=1), (0, 1))


class Component:
    def __init__(self, key: str) -> None:
        self.key = key

    def __handler_key__(self) -> str:
        return self.key

    def on_click(self, event: ClickEvent) -> str:
        return self.key

    @staticmethod
    def twice(event: ClickEvent) -> str:
        return "twice"

    @classmethod
    def name(cls, event: ClickEvent) -> str:
        return cls.__name__

    def scale(self, by: int, event: ClickEvent) -> str:
        return self.key * by

    double = functools.partialmethod(scale, 2)
    triple = functools.partialmethod(scale, 3)

    def __call__(self, event: ClickEvent) -> str:
        return f"call {self.key}"


class Derived(Component):
    pass


@pair
def methods_of_components(offer: Offer) -> None:
    for key in ("a", "b"):
        offer(Component(key).on_click, key)


@pair
def methods_of_derived_components(offer: Offer) -> None:
    for kind in (Component, Derived):
        one = kind("a")
        offer(
            functools.partial(lambda one, event: type(one).__name__, one), kind.__name__
        )


@pair
def class_methods(offer: Offer) -> None:
    for kind in (Component, Derived):
        offer(kind.name, kind.__name__)


@pair
def partial_methods(offer: Offer) -> None:
    offer(Component("a").double, "aa")
    offer(Component("a").triple, "aaa")
    offer(Component("b").double, "bb")


@pair
def callable_components(offer: Offer) -> None:
    for key in ("a", "b"):
        offer(Component(key), f"call {key}")


@pair
def callable_objects(offer: Offer) -> None:
    class Runs:
        def __init__(self, number: int) -> None:
            self.number = number

        def __call__(self, event: ClickEvent) -> int:
            return self.number

    for number in ROWS:
        offer(Runs(number), number)


@pair
def captured_methods(offer: Offer) -> None:
    def child(callback: Any, expected: int) -> None:
        offer(lambda event: callback(event), expected)

    for one in (rows := [Count(), Count()]):
        child(one.inc, id(one))
    KEPT_ALIVE.append(rows)


@pair
def captured_partials(offer: Offer) -> None:
    def child(callback: Any, expected: object) -> None:
        offer(lambda event: callback(event), expected)

    for items in KEPT:
        child(functools.partial(add, items), id(items))


@pair
def captured_functions(offer: Offer) -> None:
    def child(callback: Any, expected: object) -> None:
        offer(lambda event: callback(), expected)

    def make(row: int) -> Any:
        return lambda: row

    for row in ROWS:
        child(make(row), row)


@pair
def captured_functions_in_a_list(offer: Offer) -> None:
    def make(row: int) -> Any:
        def load() -> int:
            return row

        return load

    for row in ROWS:
        offer(functools.partial(lambda every, event: every[0](), (make(row),)), row)


@pair
def classes_made_by_one_function(offer: Offer) -> None:
    def make(number: int) -> Any:
        class Row:
            def on_click(self, event: ClickEvent) -> int:
                return number

        return Row()

    for number in ROWS:
        offer(make(number).on_click, number)


@pair
def static_methods_of_classes_made_by_one_function(offer: Offer) -> None:
    def make(number: int) -> Any:
        class Row:
            n = number

            @staticmethod
            def on_click(event: ClickEvent) -> int:
                return __class__.n  # type: ignore[name-defined]

        return Row

    for number in ROWS:
        offer(make(number).on_click, number)


@pair
def captured_classes_of_one_name(offer: Offer) -> None:
    def make(n: int) -> type:
        return type("Row", (), {"n": n})

    for number in ROWS:
        offer(functools.partial(lambda kind, event: kind.n, make(number)), number)


@pair
def cached_functions(offer: Offer) -> None:
    def make(row: int) -> Any:
        @functools.cache
        def load() -> int:
            return row

        return load

    for row in ROWS:
        offer(make(row), row)


@pair
def decorated_by_a_class(offer: Offer) -> None:
    class Logged:
        def __init__(self, fn: Any, row: int) -> None:
            functools.update_wrapper(self, fn)
            self.fn, self.row = fn, row

        def __call__(self, event: ClickEvent) -> int:
            return self.row

    def save(event: ClickEvent) -> int:
        return 0

    for row in ROWS:
        offer(Logged(save, row), row)


@pair
def generators(offer: Offer) -> None:
    def make(row: int) -> Any:
        def steps(event: ClickEvent) -> Iterator[int]:
            yield row

        return steps

    for row in ROWS:
        offer(make(row), [row])


@pair
def swapped_rows(offer: Offer) -> None:
    """Of equal rows, which is first is what the handler does."""
    one, two = KEPT[:2]
    for rows in ((one, two), (two, one)):
        offer(functools.partial(lambda rows, event: id(rows[0]), rows), id(rows[0]))


@pair
def one_row_twice_or_two(offer: Offer) -> None:
    one, two = KEPT[:2]
    for rows in ((one, one), (one, two)):
        expected = rows[0] is rows[1]
        offer(functools.partial(lambda r, event: r[0] is r[1], rows), expected)


LONG = [{"name": "x" * 300}, {"name": "x" * 300}]


@pair
def one_of_equal_rows_beside_all(offer: Offer) -> None:
    for row in LONG:

        def load(rows: Any = LONG, row: Any = row) -> int:
            return id(row)

        offer(functools.partial(lambda load, event: load(), load), id(row))


def in_a_thread(work: Callable[[], object]) -> None:
    """Run something in another thread, and raise here what it raises."""
    if sys.platform == "emscripten":  # it has no threads
        work()
        return
    raised: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - raised where the page can see it
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


@pair
def two_threads(offer: Offer) -> None:
    for row in KEPT[:2]:
        in_a_thread(functools.partial(offer, ticks(row), id(row)))
