"""More handlers that behave differently: other places, ways to make them, and values.

As in ``pairs``: each page says what each of its handlers returns.
"""

# mypy: disable-error-code="no-redef, func-returns-value, var-annotated"
# mypy: disable-error-code="no-any-return, truthy-function, has-type"
# mypy: disable-error-code="redundant-expr, call-arg, arg-type"
from __future__ import annotations

import contextlib
import contextvars
import datetime
import decimal
import enum
import functools
import io
import ipaddress
import itertools
import operator
import random
import string
import struct
import sys
import threading
import types
import typing
import weakref
from collections import (
    ChainMap,
    Counter,
    OrderedDict,
    UserDict,
    UserList,
    defaultdict,
    deque,
    namedtuple,
)
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import InitVar, dataclass, field, make_dataclass
from typing import Any, ClassVar, NamedTuple

from handlerid import ClickEvent
from tests.promises.surprises.pairs import (
    KEPT,
    KEPT_ALIVE,
    ROWS,
    Count,
    Offer,
    alike,
    in_a_thread,
    in_scope,
    pair,
)


def follow(row: Any) -> Any:
    return lambda event: row


def call(callback: Callable[[], object], event: ClickEvent) -> object:
    return callback()


def finish(coroutine: Any) -> None:
    """Run what waits for nothing."""
    with contextlib.suppress(StopIteration):
        coroutine.send(None)


# Where the loop stands.


class Page:
    """Renders in methods of every kind."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer

    def render(self) -> None:
        for row in ROWS:
            self.offer(lambda event: row, row)

    @classmethod
    def of_class(cls, offer: Offer) -> None:
        for row in ROWS:
            offer(lambda event: row, row)

    @staticmethod
    def static(offer: Offer) -> None:
        for row in ROWS:
            offer(lambda event: row, row)

    @property
    def shown(self) -> None:
        for row in ROWS:
            self.offer(lambda event: row, row)

    @functools.cached_property
    def cached(self) -> None:
        for row in ROWS:
            self.offer(lambda event: row, row)

    def __call__(self) -> None:
        for row in ROWS:
            self.offer(lambda event: row, row)

    class Inner:
        @staticmethod
        def render(offer: Offer) -> None:
            for row in ROWS:
                offer(lambda event: row, row)


def tracked(render: Callable[..., object]) -> Callable[..., object]:
    def tracking(*given: object) -> object:
        return render(*given)

    return tracking


@tracked
def tracked_page(offer: Offer) -> None:
    for row in ROWS:
        offer(lambda event: row, row)


class Component:
    """Makes a component of a function, as frameworks do."""

    def __init__(self, render: Callable[..., object]) -> None:
        self.render = render

    def __call__(self, *given: object) -> object:
        return self.render(*given)


@Component
def component(offer: Offer) -> None:
    for row in ROWS:
        offer(lambda event: row, row)


@contextlib.contextmanager
def opened(offer: Offer) -> Iterator[None]:
    for row in ROWS:
        offer(lambda event: row, row)
    yield


@functools.lru_cache(maxsize=0)
def cached_page(offer: Offer) -> None:
    for row in ROWS:
        offer(lambda event: row, row)


@functools.singledispatch
def shown(value: object, offer: Offer) -> None:
    raise TypeError(value)


@shown.register
def _(value: tuple, offer: Offer) -> None:  # type: ignore[type-arg]
    for row in value:
        offer(lambda event: row, row)


PAGES: dict[str, Any] = {
    "by_lambda": lambda offer: [offer(lambda event: row, row) for row in ROWS]
}


def replaced(offer: Offer) -> None:
    for row in ROWS:
        offer(lambda event: row, row)


first_page, replaced = replaced, None  # type: ignore[assignment]

PLACES: dict[str, Callable[[Offer], object]] = {
    "method": lambda offer: Page(offer).render(),
    "class_method": Page.of_class,
    "static_method": Page.static,
    "property": lambda offer: Page(offer).shown,
    "cached_property": lambda offer: Page(offer).cached,
    "call": lambda offer: Page(offer)(),
    "class_in_a_class": Page.Inner.render,
    "wrapper_without_wraps": tracked_page,
    "component_object": component,
    "context_manager": lambda offer: opened(offer).__enter__(),
    "cached_function": cached_page,
    "single_dispatch": lambda offer: shown(ROWS, offer),
    "lambda": PAGES["by_lambda"],
    "name_that_was_replaced": first_page,
}
for _name, _page in PLACES.items():

    def _place(offer: Offer, page: Any = _page) -> None:
        page(offer)

    _place.__name__ = f"a_loop_in_a_{_name}"
    pair(_place)


@pair
def a_loop_in_code_that_nobody_holds(offer: Offer) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    text = "def page(offer):\n for row in (1, 2): offer(lambda event: row, row)"
    exec(text, names)
    names.pop("page")(offer)


@pair
def a_loop_in_a_generator(offer: Offer) -> None:
    def rows() -> Iterator[int]:
        for row in ROWS:
            offer(lambda event: row, row)
            yield row

    def both() -> Iterator[int]:
        yield from rows()

    list(both())


@pair
def a_loop_in_a_coroutine(offer: Offer) -> None:
    async def render() -> None:
        for row in ROWS:
            offer(lambda event: row, row)

    finish(render())


async def later(rows: Any) -> AsyncIterator[Any]:
    for row in rows:
        yield row


@pair
def an_async_for(offer: Offer) -> None:
    async def render() -> None:
        async for row in later(ROWS):
            offer(lambda event: row, row)

    finish(render())


@pair
def an_async_comprehension(offer: Offer) -> None:
    async def render() -> None:
        [offer(lambda event: row, row) async for row in later(ROWS)]

    finish(render())


@pair
def an_async_with(offer: Offer) -> None:
    @contextlib.asynccontextmanager
    async def opening(row: int) -> AsyncIterator[int]:
        yield row

    async def render() -> None:
        for number in ROWS:
            async with opening(number) as row:
                offer(lambda event: row, number)

    finish(render())


@pair
def nested_comprehensions(offer: Offer) -> None:
    [[offer(lambda event: (a, b), (a, b)) for b in "xy"] for a in ROWS]


@pair
def two_loops_of_one_comprehension(offer: Offer) -> None:
    [offer(lambda event: (a, b), (a, b)) for a in ROWS for b in "xy"]


@pair
def a_comprehension_in_a_class_body(offer: Offer) -> None:
    class Table:
        cells: ClassVar = [offer(lambda event: row, row) for row in ROWS]


@pair
def a_comprehension_with_a_callback(offer: Offer) -> None:
    def child(callback: Any, expected: object) -> None:
        offer(functools.partial(call, callback), expected)

    [child(lambda: row, row) for row in ROWS]


@pair
def a_loop_in_a_function_of_a_function_of_a_function(offer: Offer) -> None:
    def one() -> None:
        def two() -> None:
            def three() -> None:
                for row in ROWS:
                    offer(lambda event: row, row)

            three()

        two()

    one()


@pair
def a_loop_around_the_function_that_offers(offer: Offer) -> None:
    for row in ROWS:

        def render() -> None:
            def on_click(event: ClickEvent) -> int:
                return row

            offer(on_click, row)

        render()


@pair
def a_loop_around_a_class_whose_method_offers(offer: Offer) -> None:
    for row in ROWS:

        class Line:
            def render(self) -> None:
                offer(lambda event: row, row)

        Line().render()


# How the variable gets its other value.


@pair
def an_exception_that_is_deleted(offer: Offer) -> None:
    for row in ROWS:
        try:
            raise ValueError(row)
        except ValueError as error:  # noqa: F841
            offer(lambda event: str(error), str(row))


@pair
def a_variable_that_is_deleted(offer: Offer) -> None:
    row = 1
    offer(lambda event: row, 1)
    offer(lambda event: (row, row), (1, 1))
    del row


@pair
def an_assignment_on_a_condition(offer: Offer) -> None:
    label = "all"
    offer(lambda event: label, "all")
    if offer:
        label = "few"
    offer(lambda event: label * 2, "fewfew")


@pair
def an_assignment_in_finally(offer: Offer) -> None:
    step = "read"
    try:
        offer(lambda event: step, "read")
    finally:
        step = "done"
    offer(lambda event: step * 2, "donedone")


@pair
def an_assignment_in_the_else_of_a_loop(offer: Offer) -> None:
    label = "row"
    for number in ROWS:
        offer(lambda event, number=number: (label, number), ("row", number))
    else:  # noqa: PLW0120
        label = "last"


@pair
def an_assignment_at_the_end_of_a_turn(offer: Offer) -> None:
    for row in ROWS:
        if row > 1:
            offer(lambda event: before, row - 1)
        before = row


@pair
def a_value_that_comes_back(offer: Offer) -> None:
    for row in (1, 2, 1):
        offer(lambda event: row, row)


@pair
def one_and_true_in_a_loop(offer: Offer) -> None:
    for row in (1, True, 1.0):
        offer(lambda event: row, row)


@pair
def zeros_in_a_loop(offer: Offer) -> None:
    for row in (0.0, -0.0):
        offer(lambda event: row, row)


@pair
def equal_lists_in_a_loop(offer: Offer) -> None:
    for row in KEPT:
        offer(lambda event: id(row), id(row))


@pair
def equal_rows_in_tuples_in_a_loop(offer: Offer) -> None:
    for number, row in enumerate(KEPT):
        pair_of = ("row", row)
        offer(lambda event, number=number: (number, id(pair_of[1])), (number, id(row)))


@pair
def rows_of_one_enum(offer: Offer) -> None:
    class Tea(enum.Enum):
        GREEN = 1
        BLACK = 2

    for tea in Tea:
        offer(lambda event: tea.name, tea.name)


@pair
def a_zip(offer: Offer) -> None:
    for (number, letter), more in zip(enumerate("ab"), "xy", strict=True):
        offer(lambda event: (number, letter, more), (number, letter, more))


@pair
def groups(offer: Offer) -> None:
    for key, group in itertools.groupby("aab"):
        letters = "".join(group)
        offer(lambda event: (key, letters), (key, letters))


@pair
def a_match_of_classes_and_sequences(offer: Offer) -> None:
    for given in ([1, 2, 3], ["a", "b"], 5):
        match given:
            case [first, *others]:
                offer(lambda event: (first, others), (first, list(others)))
            case int() as number:
                offer(lambda event: number, number)


@pair
def a_walrus_in_a_condition(offer: Offer) -> None:
    if (row := 1) and (first := offer(lambda event: row, 1)) is not None:
        row = 2
    offer(lambda event: (first, row)[1:], (2,))


@pair
def an_assignment_by_a_class_body(offer: Offer) -> None:
    row = 1
    offer(lambda event: row, 1)

    class Line:
        nonlocal row
        row = 2

    offer(lambda event: (row,), (2,))


@pair
def an_assignment_by_a_callback_of_a_library(offer: Offer) -> None:
    current = 0

    def each(row: int) -> None:
        nonlocal current
        current = row
        offer(lambda event: current, row)

    list(map(each, ROWS))


@pair
def an_assignment_by_a_child(offer: Offer) -> None:
    opened = False

    def child() -> None:
        nonlocal opened
        opened = True

    offer(lambda event: opened, False)
    child()
    offer(lambda event: (opened,), (True,))


@pair
def an_import_after_the_offer(offer: Offer) -> None:
    import json as tool

    offer(lambda event: tool.__name__, "json")
    import string as tool  # noqa: F811

    offer(lambda event: tool.__name__ * 2, "stringstring")


@pair
def a_function_defined_again(offer: Offer) -> None:
    def load() -> int:
        return 1

    offer(lambda event: load(), 1)

    def load() -> int:  # noqa: F811
        return 2

    offer(lambda event: (load(),), (2,))


@pair
def a_parameter_of_a_recursion(offer: Offer) -> None:
    def tree(depth: int) -> None:
        label = depth
        depth -= 1
        if depth:
            tree(depth)
        offer(lambda event: (label, depth), (label, depth))

    tree(3)


@pair
def a_keyword_of_a_child(offer: Offer) -> None:
    def child(*rows: int, **named: int) -> None:
        offer(lambda event: (rows, sorted(named)), (rows, sorted(named)))

    for row in ROWS:
        child(row, **{f"row{row}": row})


# How the handler reads it.


@pair
def a_function_in_the_handler(offer: Offer) -> None:
    for row in ROWS:

        def on_click(event: ClickEvent) -> int:
            def load() -> int:
                return row

            return load()

        offer(on_click, row)


@pair
def a_generator_in_the_handler(offer: Offer) -> None:
    for row in ROWS:
        offer(lambda event: sum(row for _ in "a"), row)


@pair
def a_class_in_the_handler(offer: Offer) -> None:
    for row in ROWS:

        def on_click(event: ClickEvent) -> int:
            class Shown:
                number = row

            return Shown.number

        offer(on_click, row)


@pair
def a_decorated_handler_in_a_loop(offer: Offer) -> None:
    def logged(fn: Any) -> Any:
        @functools.wraps(fn)
        def wrapper(event: ClickEvent) -> object:
            return fn(event)

        return wrapper

    for row in ROWS:

        @logged
        def on_click(event: ClickEvent) -> int:
            return row

        offer(on_click, row)


@pair
def a_handler_decorated_without_wraps_in_a_loop(offer: Offer) -> None:
    for row in ROWS:

        @tracked
        def on_click(event: ClickEvent) -> int:
            return row

        offer(on_click, row)


@pair
def a_method_of_a_class_in_a_loop(offer: Offer) -> None:
    for row in ROWS:

        class Line:
            def on_click(self, event: ClickEvent) -> int:
                return row

        offer(Line().on_click, row)


@pair
def a_static_method_of_a_class_in_a_loop(offer: Offer) -> None:
    for row in ROWS:

        class Line:
            @staticmethod
            def on_click(event: ClickEvent) -> int:
                return row

        offer(Line.on_click, row)


@pair
def a_callback_in_a_list_of_callbacks(offer: Offer) -> None:
    for row in ROWS:
        callbacks = (lambda: 0, lambda: row)
        offer(
            functools.partial(lambda every, event: every[1](), callbacks),
            row,
        )


@pair
def a_callback_in_a_dict(offer: Offer) -> None:
    for row in ROWS:
        callbacks = {"save": lambda: row}
        offer(functools.partial(lambda every, event: every["save"](), callbacks), row)


@pair
def a_callback_in_a_dataclass(offer: Offer) -> None:
    for row in ROWS:
        offer(
            functools.partial(lambda props, event: props.load(), Props(lambda: row)),
            row,
        )


@dataclass(frozen=True)
class Props:
    load: Any


@pair
def a_callback_in_a_set(offer: Offer) -> None:
    for row in ROWS:
        every = frozenset([lambda: row])
        offer(
            functools.partial(lambda every, event: [fn() for fn in every], every), [row]
        )


@dataclass
class Button:
    callback: Any

    def on_click(self, event: ClickEvent) -> object:
        return self.callback()


@dataclass
class KeyedButton(Button):
    key: Any

    def __handler_key__(self) -> object:
        return self.key


@pair
def a_callback_of_a_component(offer: Offer) -> None:
    for row in ROWS:
        offer(Button(lambda: row).on_click, row)


@pair
def a_callback_of_a_component_with_a_key(offer: Offer) -> None:
    for row in ROWS:
        offer(KeyedButton(lambda: row, row).on_click, row)


@pair
def a_callback_of_a_captured_component_with_a_key(offer: Offer) -> None:
    for row in ROWS:
        one = KeyedButton(lambda: row, "one key")
        offer(functools.partial(lambda one, event: one.callback(), one), row)


@pair
def a_method_of_a_captured_component_with_a_key(offer: Offer) -> None:
    for row in ROWS:

        class Line(KeyedButton):
            def load(self) -> int:
                return row

        one = Line(None, row)
        offer(functools.partial(lambda one, event: one.load(), one), row)


@pair
def a_callback_of_a_cached_function(offer: Offer) -> None:
    for row in ROWS:
        load = functools.cache(lambda: row)
        offer(functools.partial(call, load), row)


@pair
def a_callback_by_a_bound_function(offer: Offer) -> None:
    for row in ROWS:
        load = types.MethodType(lambda self: (self, row), 0)
        offer(functools.partial(call, load), (0, row))


@pair
def an_async_handler_in_a_loop_of_rows(offer: Offer) -> None:
    for row in ROWS:

        async def on_click(event: ClickEvent) -> int:
            return row

        offer(on_click, row)


@pair
def async_handlers(offer: Offer) -> None:
    def make(row: int) -> Any:
        async def on_click(event: ClickEvent) -> int:
            return row

        return on_click

    for row in ROWS:
        offer(make(row), row)


@pair
def async_generators(offer: Offer) -> None:
    def make(row: int) -> Any:
        async def on_click(event: ClickEvent) -> AsyncIterator[int]:
            yield row

        return on_click

    for row in ROWS:
        offer(make(row), [row])


@pair
def partials_of_async_handlers(offer: Offer) -> None:
    async def on_click(row: list[int], event: ClickEvent) -> int:
        return id(row)

    for row in KEPT:
        offer(functools.partial(on_click, row), id(row))


# How the handler is made.


@pair
def bound_keywords_in_another_order(offer: Offer) -> None:
    def names(event: ClickEvent, **named: int) -> list[str]:
        return list(named)

    offer(functools.partial(names, a=1, b=2), ["a", "b"])
    offer(functools.partial(names, b=2, a=1), ["b", "a"])


@pair
def keyword_arguments_that_a_partial_replaces(offer: Offer) -> None:
    def on_click(event: ClickEvent, *, row: int) -> int:
        return row

    first = functools.partial(on_click, row=1)
    offer(first, 1)
    offer(functools.partial(first, row=2), 2)


@pair
def partials_of_a_class_of_their_own(offer: Offer) -> None:
    class Twice(functools.partial):  # type: ignore[type-arg]
        def __call__(self, *given: Any) -> Any:
            return super().__call__(*given) * 2

    def on_click(row: int, event: ClickEvent) -> int:
        return row

    for kind, expected in ((functools.partial, 1), (Twice, 2)):
        offer(kind(on_click, 1), expected)


@pair
def composed_functions(offer: Offer) -> None:
    def compose(*parts: Any) -> Any:
        return lambda event: functools.reduce(lambda x, part: part(x), parts, 3)

    def double(x: int) -> int:
        return x * 2

    def more(x: int) -> int:
        return x + 1

    offer(compose(double, more), 7)
    offer(compose(more, double), 8)


@pair
def decorators_in_another_order(offer: Offer) -> None:
    def decorator(what: Any) -> Any:
        def decorate(fn: Any) -> Any:
            @functools.wraps(fn)
            def wrapper(event: ClickEvent) -> object:
                return what(fn(event))

            return wrapper

        return decorate

    double, more = decorator(lambda x: x * 2), decorator(lambda x: x + 1)

    def one(event: ClickEvent) -> int:
        return 1

    offer(more(double(one)), 3)
    offer(double(more(one)), 4)
    offer(double(one), 2)
    offer(double(double(one)), 4)


@pair
def a_wrapper_that_calls_another(offer: Offer) -> None:
    def logged(shown: Any, called: Any) -> Any:
        @functools.wraps(shown)
        def wrapper(event: ClickEvent) -> object:
            return called(event)

        return wrapper

    for row in ROWS:
        offer(logged(module_handler, follow(row)), row)


def module_handler(event: ClickEvent) -> str:
    return "module"


@pair
def context_managers_as_decorators(offer: Offer) -> None:
    class Scaled(contextlib.ContextDecorator):
        def __init__(self, by: int) -> None:
            self.by = by

        def __enter__(self) -> Any:
            SCALE.append(self.by)

        def __exit__(self, *_: object) -> None:
            SCALE.pop()

    def on_click(event: ClickEvent) -> int:
        return SCALE[-1]

    for by in ROWS:
        offer(Scaled(by)(on_click), by)


SCALE = [0]


@pair
def copies_with_other_defaults(offer: Offer) -> None:
    for row in ROWS:
        copy = types.FunctionType(
            has_a_default.__code__, globals(), "has_a_default", (row,)
        )
        copy.__qualname__ = "has_a_default"
        offer(copy, row)


def has_a_default(event: ClickEvent, row: int = 0) -> int:
    return row


@pair
def captured_copies_of_a_function_of_the_module(offer: Offer) -> None:
    def child(callback: Any, expected: int) -> None:
        offer(lambda event: callback(event), expected)

    child(has_a_default, 0)
    for row in ROWS:
        copy = types.FunctionType(
            has_a_default.__code__, globals(), "has_a_default", (row,)
        )
        child(copy, row)


@pair
def copies_with_attributes(offer: Offer) -> None:
    for row in ROWS:
        copy = types.FunctionType(reads_itself.__code__, globals(), "reads_itself")
        copy.row = row  # type: ignore[attr-defined]
        copy.__kwdefaults__ = {"of": copy}
        offer(copy, row)


def reads_itself(event: ClickEvent, *, of: Any = None) -> Any:
    return of.row


@pair
def copies_with_other_globals(offer: Offer) -> None:
    for row in ROWS:
        names = {**globals(), "SCALE": [row]}
        offer(types.FunctionType(reads_globals.__code__, names, "reads_globals"), row)


def reads_globals(event: ClickEvent) -> int:
    return SCALE[-1]


@pair
def copies_with_other_cells(offer: Offer) -> None:
    first = follow(0)
    for row in KEPT:
        cell = types.CellType(row)
        copy = types.FunctionType(first.__code__, globals(), "h", None, (cell,))
        offer(functools.partial(lambda load, event: id(load(event)), copy), id(row))


@pair
def attributes_with_underscores(offer: Offer) -> None:
    def make(row: int) -> Any:
        def on_click(event: ClickEvent) -> object:
            return on_click.__row__  # type: ignore[attr-defined]

        on_click.__row__ = row  # type: ignore[attr-defined]
        return on_click

    for row in ROWS:
        offer(make(row), row)


@pair
def attributes_of_a_callback(offer: Offer) -> None:
    def child(callback: Any, expected: int) -> None:
        offer(lambda event: callback.row, expected)

    def make(row: int) -> Any:
        def load() -> None: ...

        load.row = row  # type: ignore[attr-defined]
        return load

    for row in ROWS:
        child(make(row), row)


@pair
def attributes_of_a_wrapper(offer: Offer) -> None:
    def marked(row: int) -> Any:
        @functools.wraps(module_handler)
        def wrapper(event: ClickEvent) -> object:
            return wrapper.row  # type: ignore[attr-defined]

        wrapper.row = row  # type: ignore[attr-defined]
        return wrapper

    for row in ROWS:
        offer(marked(row), row)


@pair
def defaults_that_hold_lists(offer: Offer) -> None:
    for row in KEPT:
        offer(lambda event, given=("row", (row,)): id(given[1][0]), id(row))


@pair
def defaults_that_are_one_and_true(offer: Offer) -> None:
    for row in (1, True, 1.0):
        offer(lambda event, row=row: row, row)


@pair
def keyword_defaults_that_are_lists(offer: Offer) -> None:
    for row in KEPT:
        offer(lambda event, *, row=row, more=None: (more, id(row)), (None, id(row)))


@pair
def functions_of_an_instance(offer: Offer) -> None:
    class Line:
        def __init__(self, row: Any) -> None:
            self.on_click = lambda event: id(row)

    for row in KEPT:
        offer(Line(row).on_click, id(row))


@pair
def lambdas_of_a_class(offer: Offer) -> None:
    def make(number: int) -> Any:
        class Line:
            row = number
            on_click = lambda self, event: self.row  # noqa: E731

        return Line()

    for row in ROWS:
        offer(make(row).on_click, row)


@pair
def handlers_of_a_property(offer: Offer) -> None:
    class Line:
        def __init__(self, row: Any) -> None:
            self.row = row

        @property
        def on_click(self) -> Any:
            return lambda event: id(self.row)

    for line in (lines := [Line(row) for row in KEPT]):
        offer(line.on_click, id(line.row))
    KEPT_ALIVE.append(lines)


@pair
def handlers_of_a_descriptor(offer: Offer) -> None:
    class Bound:
        def __get__(self, one: Any, kind: Any = None) -> Any:
            return functools.partial(lambda row, event: id(row), one.row)

    class Line:
        on_click = Bound()

        def __init__(self, row: Any) -> None:
            self.row = row

    for row in KEPT:
        offer(Line(row).on_click, id(row))


@pair
def handlers_by_getattr(offer: Offer) -> None:
    class Actions:
        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            return lambda event: name

    actions = Actions()
    offer(actions.save, "save")
    offer(actions.delete, "delete")


@pair
def partial_methods_of_equal_rows(offer: Offer) -> None:
    for row in (rows := [Stepper(), Stepper()]):
        offer(row.twice, (id(row), 2))
    KEPT_ALIVE.append(rows)


@dataclass
class Stepper:
    n: int = 0

    def step(self, by: int, event: ClickEvent) -> tuple[int, int]:
        return id(self), by

    twice = functools.partialmethod(step, 2)


@pair
def single_dispatch_methods(offer: Offer) -> None:
    for row in (rows := [Dispatching(), Dispatching()]):
        offer(row.on_click, id(row))
    KEPT_ALIVE.append(rows)


class Dispatching:
    @functools.singledispatchmethod
    def on_click(self, event: ClickEvent) -> int:
        return id(self)


@pair
def single_dispatch_functions(offer: Offer) -> None:
    def make(row: int) -> Any:
        @functools.singledispatch
        def on_click(event: object) -> int:
            return 0

        @on_click.register
        def _(event: ClickEvent) -> int:
            return row

        return on_click

    for row in ROWS:
        offer(make(row), row)


@pair
def methods_of_a_base_class(offer: Offer) -> None:
    for kind in (Tea, GreenTea):
        offer(kind().on_click, kind.__name__)


class Tea:
    def __handler_key__(self) -> str:
        return "one key for all"

    def on_click(self, event: ClickEvent) -> str:
        return type(self).__name__


class GreenTea(Tea):
    pass


@pair
def methods_of_classes_of_one_name(offer: Offer) -> None:
    def make(n: int) -> Any:
        class Line:
            number = n

            def __handler_key__(self) -> str:
                return "one key for all"

            def on_click(self, event: ClickEvent) -> int:
                return self.number

        return Line()

    for row in ROWS:
        offer(make(row).on_click, row)


@pair
def captured_objects_with_keys_of_classes_of_one_name(offer: Offer) -> None:
    def make(n: int) -> Any:
        class Line:
            number = n

            def __handler_key__(self) -> str:
                return "one key for all"

        return Line()

    for row in ROWS:
        offer(functools.partial(lambda line, event: line.number, make(row)), row)


@pair
def captured_objects_of_classes_of_one_name(offer: Offer) -> None:
    def make(n: int) -> Any:
        @dataclass(frozen=True)
        class Line:
            id: int = 0

            def number(self) -> int:
                return n

        return Line()

    for row in ROWS:
        offer(functools.partial(lambda line, event: line.number(), make(row)), row)


@pair
def enums_of_one_name(offer: Offer) -> None:
    def make(n: int) -> Any:
        class Kind(enum.Enum):
            ONE = 1

            def number(self) -> int:
                return n

        return Kind.ONE

    for row in ROWS:
        offer(functools.partial(lambda kind, event: kind.number(), make(row)), row)


@pair
def named_tuples_of_one_name(offer: Offer) -> None:
    for name in ("first", "second"):
        kind = namedtuple("Row", [name])  # type: ignore[misc]
        row = kind(1)
        offer(functools.partial(lambda row, event: row._fields, row), (name,))


@pair
def dataclasses_made_by_a_call(offer: Offer) -> None:
    for name in ("first", "second"):
        row = make_dataclass("Row", [name], frozen=True)(1)
        offer(functools.partial(lambda row, event: list(vars(row)), row), [name])


@pair
def classes_that_methods_are_bound_to(offer: Offer) -> None:
    for kind in (int, bool):
        offer(functools.partial(call_with, kind.from_bytes), repr(kind(1)))


def call_with(make: Any, event: ClickEvent) -> str:
    return repr(make(b"\1", "big"))


@pair
def class_methods_of_classes_of_one_name(offer: Offer) -> None:
    def make(n: int) -> Any:
        class Line:
            number = n

            @classmethod
            def on_click(cls, event: ClickEvent) -> int:
                return cls.number

        return Line

    for row in ROWS:
        offer(make(row).on_click, row)


@pair
def methods_bound_by_hand(offer: Offer) -> None:
    for value in (1, True, 1.0):
        offer(types.MethodType(lambda self, event: self, value), value)


@pair
def two_methods_of_one_key(offer: Offer) -> None:
    class Line:
        def __handler_key__(self) -> str:
            return "row"

        def save(self, event: ClickEvent) -> str:
            return "save"

        def delete(self, event: ClickEvent) -> str:
            return "delete"

    one = Line()
    for method in (one.save, one.delete):
        offer(
            functools.partial(lambda method, event: method(event), method), method(None)
        )


@pair
def callable_dataclasses(offer: Offer) -> None:
    for row in (rows := [Runs(), Runs()]):
        offer(row, id(row))
    KEPT_ALIVE.append(rows)


@dataclass
class Runs:
    n: int = 0

    def __call__(self, event: ClickEvent) -> int:
        return id(self)


@pair
def callable_frozen_dataclasses(offer: Offer) -> None:
    for row in (1, True, 1.0):
        offer(RunsFrozen(row), row)


@dataclass(frozen=True)
class RunsFrozen:
    row: Any = field(compare=False)

    def __call__(self, event: ClickEvent) -> Any:
        return self.row


@pair
def callable_named_tuples(offer: Offer) -> None:
    for row in KEPT:
        offer(RunsTuple(row), id(row))


class RunsTuple(NamedTuple):
    row: Any

    def __call__(self, event: ClickEvent) -> int:
        return id(self.row)


@pair
def decorated_by_a_class_with_slots(offer: Offer) -> None:
    for row in KEPT:
        offer(Slots(module_handler, row), id(row))


class Slots:
    __slots__ = ("__wrapped__", "row")

    def __init__(self, fn: Any, row: Any) -> None:
        self.__wrapped__ = fn
        self.row = row

    def __call__(self, event: ClickEvent) -> int:
        return id(self.row)


@pair
def handlers_that_call_themselves(offer: Offer) -> None:
    def make(row: Any) -> Any:
        def down(event: ClickEvent, n: int = 2) -> int:
            return down(event, n - 1) if n else id(row)

        return down

    for row in KEPT:
        offer(make(row), id(row))


@pair
def handlers_that_call_each_other(offer: Offer) -> None:
    def make(row: int) -> Any:
        def even(event: ClickEvent, n: int = 2) -> int:
            return odd(event, n - 1) if n else row

        def odd(event: ClickEvent, n: int = 1) -> int:
            return even(event, n - 1)

        return even

    for row in ROWS:
        offer(make(row), row)


@pair
def explicit_names_at_one_qualified_name(offer: Offer) -> None:
    registry = offer.__self__.app.registry  # type: ignore[attr-defined]
    for name in ("pay", "note"):

        def post(event: ClickEvent, name: str = name) -> str:
            return name

        registry.handler(event=ClickEvent, name=name)(post)
        offer(post, name)


@pair
def rows_of_two_parts(offer: Offer) -> None:
    for key in ("open", "done"):
        for row in KEPT[:2]:
            offer(functools.partial(add_row, row), id(row), part=key)


def add_row(row: Any, event: ClickEvent) -> int:
    return id(row)


@pair
def parts_in_another_order(offer: Offer) -> None:
    for key, row in (("b", 0), ("a", 0), ("b", 1), ("a", 1)):
        offer(functools.partial(add_row, KEPT[row]), id(KEPT[row]), part=key)


@pair
def parts_with_keys_that_look_alike(offer: Offer) -> None:
    for key, row in zip((1, True, "1"), KEPT, strict=True):
        offer(functools.partial(add_row, row), id(row), part=key)


# Counters and their like.


@pair
def counters_with_a_class(offer: Offer) -> None:
    def make() -> tuple[Any, Any]:
        n = 0

        class Counting:
            def inc(self) -> None:
                nonlocal n
                n += 1

        def show(event: ClickEvent) -> int:
            return n

        return Counting().inc, show

    for clicks in (2, 5):
        inc, show = make()
        offer(show, clicks, lambda inc=inc, n=clicks: [inc() for _ in range(n)])


@pair
def counters_two_functions_deep(offer: Offer) -> None:
    def make() -> tuple[Any, Any]:
        n = 0

        def setter() -> Any:
            def assign(value: int) -> None:
                nonlocal n
                n = value

            return assign

        def getter() -> Any:
            def show(event: ClickEvent) -> int:
                return n

            return show

        return setter(), getter()

    for clicks in (2, 5):
        assign, show = make()
        offer(show, clicks, functools.partial(assign, clicks))


@pair
def counters_in_a_callback(offer: Offer) -> None:
    def use_state(value: int) -> tuple[Any, Any]:
        def get() -> int:
            return value

        def assign(new: int) -> None:
            nonlocal value
            value = new

        return get, assign

    def child(get: Any, expected: int, before: Any) -> None:
        offer(lambda event: get(), expected, before)

    for number in (2, 5):
        get, assign = use_state(0)
        child(get, number, functools.partial(assign, number))


@pair
def counters_that_a_decorator_keeps(offer: Offer) -> None:
    def counted(fn: Any) -> Any:
        calls = 0

        @functools.wraps(fn)
        def wrapper(event: ClickEvent) -> int:
            nonlocal calls
            calls += 1
            return calls

        return wrapper

    first, second = counted(module_handler), counted(module_handler)
    offer(first, 1)
    offer(second, 1)


@pair
def a_generator_that_assigns(offer: Offer) -> None:
    def make() -> tuple[Any, Any]:
        last = 0

        def feed() -> Iterator[None]:
            nonlocal last
            while True:
                last += 1
                yield

        return feed(), lambda event: last

    for number in (2, 5):
        feed, show = make()
        offer(show, number, lambda f=feed, n=number: [next(f) for _ in range(n)])


# Values.


class Alike:
    """Is equal to all of its kind."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return 1


@dataclass(frozen=True, eq=False)
class FrozenAlike:
    id: int

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


@dataclass(frozen=True)
class OnAlike(Alike):
    n: int = 0


@dataclass
class Mutable:
    items: Any = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FrozenSlots:
    items: Any
    hidden: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Derived:
    given: InitVar[int]
    double: int = field(init=False, compare=False)
    kind: ClassVar[str] = "derived"

    def __post_init__(self, given: int) -> None:
        object.__setattr__(self, "double", given * 2)


class Letters(enum.StrEnum):
    A = "a"


class Numbers(enum.IntEnum):
    ONE = 1


class Dict(dict):  # type: ignore[type-arg]
    pass


class List(list):  # type: ignore[type-arg]
    pass


class Moment(datetime.datetime):
    pass


class Pair(NamedTuple):
    first: Any
    second: Any = None


alike("frozen_rows_that_are_always_equal", FrozenAlike(1), FrozenAlike(2))
alike("frozen_rows_with_slots", FrozenSlots(1), FrozenSlots(True), FrozenSlots((1,)))
alike("frozen_rows_in_frozen_rows", FrozenSlots(FrozenSlots(1)), FrozenSlots(1))
alike("strings_and_enums", "a", Letters.A)
alike("numbers_and_enums", 1, Numbers.ONE)
alike("tuples_and_named_tuples", (1, None), Pair(1), Pair(True))
alike(
    "moments_and_a_class_of_theirs", Moment(2026, 1, 1), datetime.datetime(2026, 1, 1)
)
alike(
    "times",
    datetime.time(1),
    datetime.time(1, fold=1),
    datetime.time(1, tzinfo=datetime.UTC),
    datetime.timedelta(hours=1),
)
_HOUR = datetime.timedelta(hours=1)
alike("timezones_without_names", datetime.timezone(_HOUR), datetime.timezone(-_HOUR))
alike("decimal_nans", *map(decimal.Decimal, ("NaN", "sNaN", "NaN1", "NaN2", "-NaN")))
alike("exponents", decimal.Decimal("1E+2"), decimal.Decimal(100))
alike("dicts_of_like_keys", {1: "a"}, {True: "a"}, {1.0: "a"}, {"1": "a"})
alike("sets_of_like_members", {1}, {True}, {1.0}, frozenset([1]))
alike("lists_and_tuples", [1], (1,), List([1]))
alike("dicts_of_other_classes", {}, OrderedDict(), Dict(), UserDict(), Counter())
alike("dicts_with_a_factory", defaultdict(list), defaultdict(set), defaultdict(None))
alike("ordered_dicts", OrderedDict(a=1, b=2), OrderedDict(b=2, a=1))
alike("dicts_in_tuples", ({"a": 1, "b": 2},), ({"b": 2, "a": 1},))
alike("chain_maps", ChainMap({"a": 1}, {"a": 2}), ChainMap({"a": 2}, {"a": 1}))
alike("deques", deque([1]), deque([1], maxlen=1), deque([1], maxlen=2))
alike("bytes_and_more", b"a", bytearray(b"a"))
alike("bounds_of_slices", slice(1, None), slice(1, -1), slice(True, None))
alike("big_numbers", 2**64, 2.0**64, 2**64 + 1)
alike("surrogates", "\ud800", "\udc00", "\\ud800")
alike("texts_with_ends", "a", "a\0", "a ", "A")
alike("nested_tuples", ((1,), 2), (1, (2,)), (1, 2), ((1, 2),))
alike("frozen_sets_of_sets", frozenset([frozenset()]), frozenset([()]), frozenset([""]))
alike("markers", None, ..., NotImplemented, False)
alike("methods_of_texts", "a".join, "b".join, "a".split)
alike("methods_of_numbers", (1).__add__, True.__add__)
alike("methods_of_classes", dict.fromkeys, OrderedDict.fromkeys)
alike(
    "getters", operator.itemgetter(1), operator.itemgetter(True), operator.itemgetter(2)
)
alike("callers", operator.methodcaller("upper"), operator.methodcaller("lower"))
alike("modules", string, random, types)
alike("addresses", ipaddress.ip_address("::1"), ipaddress.ip_address("127.0.0.1"))
alike("structs", struct.Struct("b"), struct.Struct("h"))
alike("templates", string.Template("a").template, string.Template("b").template)
alike("generic_functions", typing.TypeVar("T"), typing.NewType("T", int))
alike("annotated_types", typing.Annotated[int, 1], typing.Annotated[int, True])
alike("literal_types", typing.Literal[1], typing.Literal[True])
alike("exceptions", ValueError("a"), ValueError("b"), TypeError("a"))


@pair
def sets_of_functions(offer: Offer) -> None:
    def one() -> int:
        return 1

    def two() -> int:
        return 2

    for group in ((one,), (two,), (one, two)):
        every = frozenset(group)
        offer(
            functools.partial(lambda every, event: sum(fn() for fn in every), every),
            sum(fn() for fn in group),
        )


@pair
def sets_of_functions_with_rows(offer: Offer) -> None:
    for row in KEPT:
        every = frozenset([follow(row)])
        offer(
            functools.partial(
                lambda every, event: [id(fn(event)) for fn in every], every
            ),
            [id(row)],
        )


@pair
def a_fields_value_that_is_not_compared(offer: Offer) -> None:
    for row in ROWS:
        offer(functools.partial(lambda row, event: row.double, Derived(row)), row * 2)


@pair
def frozen_rows_with_hidden_lists(offer: Offer) -> None:
    for row in KEPT:
        offer(
            functools.partial(
                lambda one, event: id(one.hidden), FrozenSlots(1, hidden=row)
            ),
            id(row),
        )


@pair
def objects_beside_keys(offer: Offer) -> None:
    """A key stands for its object, and for nothing beside it."""
    for row in KEPT:
        given = (Tea(), row)
        offer(functools.partial(lambda given, event: id(given[1]), given), id(row))


@pair
def lists_that_hold_themselves(offer: Offer) -> None:
    for _ in "ab":
        row: list[Any] = []
        row.append(row)
        KEPT_ALIVE.append(row)
        offer(functools.partial(add_row, row), id(row))


@pair
def lists_shared_in_other_ways(offer: Offer) -> None:
    one, two = KEPT[:2]
    for rows in (((one, two), one), ((one, two), two), ((two, one), one)):
        expected = [id(rows[0][0]), id(rows[1])]
        offer(
            functools.partial(lambda r, event: [id(r[0][0]), id(r[1])], rows), expected
        )


@pair
def lists_in_two_variables(offer: Offer) -> None:
    def make(first: Any, second: Any) -> Any:
        return lambda event: (id(first), id(second))

    one, two = KEPT[:2]
    for rows in ((one, one), (one, two), (two, one), (two, two)):
        offer(make(*rows), tuple(map(id, rows)))


@pair
def a_list_in_a_variable_and_one_by_default(offer: Offer) -> None:
    def make(first: Any, second: Any) -> Any:
        return lambda event, second=second: (id(first), id(second))

    one, two = KEPT[:2]
    for rows in ((one, two), (two, one)):
        offer(make(*rows), tuple(map(id, rows)))


@pair
def keys_that_are_lists_of_others(offer: Offer) -> None:
    class Line:
        def __init__(self, key: Any) -> None:
            self.key = key

        def __handler_key__(self) -> Any:
            return self.key

        def on_click(self, event: ClickEvent) -> str:
            return repr(self.key)

    for key in ((1, 2), [1, 2], ("1", 2), (True, 2)):
        offer(Line(key).on_click, repr(key))


class Empty:
    pass


def _generator() -> Iterator[int]:
    yield 1


in_scope("two_objects_that_are_equal", Alike)
in_scope("two_frozen_rows_on_another_base", OnAlike)
in_scope("two_rows_with_a_factory", Mutable)
in_scope("two_frozen_rows_of_rows", lambda: FrozenSlots(Count()))
in_scope("two_frozen_rows_with_hidden_rows", lambda: FrozenSlots(1, hidden=Count()))
in_scope("two_named_tuples_of_rows", lambda: Pair(1, Count()))
in_scope("two_slices_of_lists", lambda: slice([]))
in_scope("two_frozen_sets_of_objects", lambda: frozenset([Empty()]))
in_scope("two_deep_tuples", lambda: (1, (2, (3, []))))
in_scope("two_dicts_of_lists", lambda: {"a": []})
in_scope("two_dicts_of_a_class", lambda: Dict(a=1))
in_scope("two_user_lists", UserList)
in_scope("two_user_dicts", UserDict)
in_scope("two_text_files", io.StringIO)
in_scope("two_byte_files", lambda: io.BytesIO(b"a"))
in_scope("two_generators", _generator)
in_scope("two_maps", lambda: map(str, "a"))
in_scope("two_repeats", lambda: itertools.repeat(1))
in_scope("two_cycles", lambda: itertools.cycle("a"))
in_scope("two_exit_stacks", contextlib.ExitStack)
in_scope("two_conditions", threading.Condition)
in_scope("two_semaphores", threading.Semaphore)
in_scope("two_locals_of_threads", threading.local)
in_scope("two_random_numbers", lambda: random.Random(1))
in_scope("two_weak_references", lambda: weakref.ref(Empty()))
in_scope("two_weak_dicts", weakref.WeakValueDictionary)
in_scope("two_markers", object)
in_scope("two_moments_of_a_class", lambda: Moment(2026, 1, 1))
in_scope("two_templates", lambda: string.Template("a"))
in_scope("two_properties", lambda: property(None))
in_scope("two_classes_of_one_name", lambda: type("Row", (), {}))
in_scope("two_functions_with_lists", lambda: follow([]))
in_scope("two_functions_with_functions_with_lists", lambda: follow(follow(follow([]))))
in_scope("two_functions_with_partials", lambda: follow(functools.partial(follow, [])))
in_scope("two_functions_with_methods", lambda: follow(Count().inc))
in_scope(
    "two_partials_of_partials",
    lambda: functools.partial(functools.partial(add_row, [])),
)
in_scope("two_caches", lambda: functools.cache(follow([])))
in_scope("two_static_methods", lambda: staticmethod(follow([])))
in_scope("two_cells", lambda: types.CellType(1))
in_scope("two_bound_lists", lambda: types.MethodType(follow, []))
in_scope("two_contexts", contextvars.copy_context)


# Who offers.


@pair
def a_thread_after_the_first_row(offer: Offer) -> None:
    offer(functools.partial(add_row, KEPT[0]), id(KEPT[0]))
    second = functools.partial(add_row, KEPT[1])
    in_a_thread(functools.partial(offer, second, id(KEPT[1])))


@pair
def tasks_that_are_gathered(offer: Offer) -> None:
    async def render(row: Any) -> None:
        offer(functools.partial(add_row, row), id(row))

    async def page() -> None:
        await asyncio.gather(*map(render, KEPT))

    if sys.platform == "emscripten":  # no event loop runs here
        for row in KEPT:
            finish(render(row))
    else:
        import asyncio

        asyncio.run(page())


@pair
def two_contexts_that_offer(offer: Offer) -> None:
    current: contextvars.ContextVar[int] = contextvars.ContextVar("current")

    def render(row: int) -> None:
        current.set(row)
        number = current.get()
        offer(lambda event: number, row)

    for row in ROWS:
        contextvars.copy_context().run(render, row)
