"""Pages that are right: nothing is to be said of them, in any of the modes given."""

# mypy: disable-error-code="no-redef, func-returns-value, var-annotated, no-any-return"
from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from handlerid import ClickEvent

Offer = Callable[..., Any]
ALL = ("warn", "refuse", "distinct")
CALM: dict[str, tuple[Callable[[Offer], object], tuple[str, ...]]] = {}


def page_in(*modes: str) -> Callable[[Any], Any]:
    def keep(page: Callable[[Offer], object]) -> Callable[[Offer], object]:
        CALM[page.__name__] = page, modes
        return page

    return keep


page = page_in(*ALL)
distinct = page_in("distinct", "carry")


# State.


@dataclass
class State:
    count: int = 0
    name: str = ""


STATE = State()
ROWS = ({"id": 1}, {"id": 2})


@page
def a_counter(offer: Offer) -> None:
    def add(event: ClickEvent) -> int:
        STATE.count += 1
        return 0

    offer(add, 0)


@page
def a_state_that_all_share(offer: Offer) -> None:
    state = State()

    def add(event: ClickEvent) -> int:
        state.count += 1
        return 1

    def reset(event: ClickEvent) -> int:
        state.count = 0
        return 2

    offer(add, 1)
    offer(reset, 2)


@page
def siblings_with_a_variable(offer: Offer) -> None:
    n = 0

    def inc(event: ClickEvent) -> int:
        nonlocal n
        n += 1
        return n

    def show(event: ClickEvent) -> int:
        return n

    offer(inc, 1)
    offer(show, 1)


@page
def a_counter_used_while_rendering(offer: Offer) -> None:
    n = 0

    def number() -> int:
        nonlocal n
        n += 1
        return n

    for _ in "abc":
        number()
    offer(lambda event: "clicked", "clicked")
    number()


@page
def a_captured_counter_used_while_rendering(offer: Offer) -> None:
    n = 0

    def number() -> int:
        nonlocal n
        n += 1
        return n

    def on_click(event: ClickEvent) -> bool:
        return number() > 0

    offer(on_click, True)
    for _ in "abc":
        number()


@page
def an_iterator_used_while_rendering(offer: Offer) -> None:
    numbers = itertools.count()
    next(numbers)
    offer(lambda event: 1, 1)
    next(numbers)


@page
def a_list_that_grows_while_rendering(offer: Offer) -> None:
    shown: list[str] = []

    def on_click(event: ClickEvent) -> int:
        return len(shown)

    offer(on_click, 2)
    shown.append("a")
    shown.append("b")


# The same again.


@page
def one_function_for_two_events(offer: Offer) -> None:
    def save(event: ClickEvent) -> str:
        return "saved"

    offer(save, "saved")
    offer(save, "saved")


@page
def a_closure_offered_twice(offer: Offer) -> None:
    items: list[int] = []

    def add(event: ClickEvent) -> str:
        items.append(1)
        return "added"

    offer(add, "added")
    items.append(0)
    offer(add, "added")


def link(url: str) -> Any:
    def follow(event: ClickEvent) -> str:
        return url

    return follow


@page
def one_url_twice(offer: Offer) -> None:
    offer(link("/tea"), "/tea")
    offer(link("/tea"), "/tea")


@page
def equal_tuples(offer: Offer) -> None:
    for _ in "ab":
        offer(
            functools.partial(lambda row, event: row, ("a", (1, None))),
            ("a", (1, None)),
        )


@page
def equal_defaults(offer: Offer) -> None:
    for _ in "ab":
        offer(lambda event, row=("a", 1): row, ("a", 1))


@dataclass(frozen=True)
class Key:
    id: int


@page
def equal_frozen_rows(offer: Offer) -> None:
    for _ in "ab":

        def on_row(event: ClickEvent, row: Key = Key(1)) -> int:
            return row.id

        offer(on_row, 1)


@page
def one_list_in_two_closures(offer: Offer) -> None:
    def adds(items: list[int]) -> Any:
        return lambda event: id(items)

    items: list[int] = []
    offer(adds(items), id(items))
    offer(adds(items), id(items))


@page
def methods_read_twice(offer: Offer) -> None:
    class Page:
        def save(self, event: ClickEvent) -> str:
            return "saved"

    one = Page()
    Page.__handler_key__ = lambda self: "page"  # type: ignore[attr-defined]
    offer(one.save, "saved")
    offer(one.save, "saved")


MEMO: dict[str, Any] = {}


@page
def a_memoised_handler(offer: Offer) -> None:
    if "handler" not in MEMO:
        MEMO["handler"] = link("/memo")
    offer(MEMO["handler"], "/memo")
    offer(MEMO["handler"], "/memo")


@functools.cache
def memoised(url: str) -> Any:
    return link(url)


@page
def a_memoised_component(offer: Offer) -> None:
    offer(memoised("/tea"), "/tea")
    offer(link("/tea"), "/tea")


@page
def a_callback_made_anew(offer: Offer) -> None:
    def child(on_save: Any) -> None:
        def on_click(event: ClickEvent) -> str:
            return on_save()

        offer(on_click, "saved")

    def save() -> str:
        return "saved"

    child(save)
    child(save)


@page
def equal_callbacks_made_anew(offer: Offer) -> None:
    def saves(number: int) -> Any:
        def save() -> int:
            return number

        return save

    def child(on_save: Any) -> None:
        def on_click(event: ClickEvent) -> int:
            return on_save()

        offer(on_click, 1)

    child(saves(1))
    child(saves(1))


@page
def equal_partials_made_anew(offer: Offer) -> None:
    for _ in "ab":
        offer(functools.partial(functools.partial(pow_of, 2), 3), 8)


def pow_of(base: int, exponent: int, event: ClickEvent) -> int:
    return base**exponent


@page
def a_captured_partial_made_anew(offer: Offer) -> None:
    def child(callback: Any) -> None:
        offer(lambda event: callback(event), 8)

    for _ in "ab":
        child(functools.partial(pow_of, 2, 3))


def on_module(event: ClickEvent) -> str:
    return "module"


@page
def a_function_of_the_module(offer: Offer) -> None:
    for _ in "ab":
        offer(on_module, "module")
    offer(functools.partial(on_module), "module")


@page
def a_captured_function_of_the_module(offer: Offer) -> None:
    def child(callback: Any) -> None:
        offer(lambda event: callback(event), "module")

    child(on_module)
    child(on_module)


@page
def a_wrapper_with_wraps(offer: Offer) -> None:
    def logged(fn: Any) -> Any:
        @functools.wraps(fn)
        def wrapper(event: ClickEvent) -> object:
            return fn(event)

        return wrapper

    offer(logged(on_module), "module")
    offer(logged(on_module), "module")


@page
def a_handler_with_wraps_and_attributes(offer: Offer) -> None:
    def marked(fn: Any) -> Any:
        @functools.wraps(fn)
        def wrapper(event: ClickEvent) -> object:
            return fn(event)

        wrapper.role = "admin"  # type: ignore[attr-defined]
        return wrapper

    offer(marked(on_module), "module")
    offer(marked(on_module), "module")


# Forward references, and variables that are assigned once.


@page
def a_function_defined_below(offer: Offer) -> None:
    def on_click(event: ClickEvent) -> str:
        return later()

    offer(on_click, "later")

    def later() -> str:
        return "later"


@page
def functions_that_call_each_other(offer: Offer) -> None:
    def even(event: Any, n: int = 2) -> bool:
        return n == 0 or odd(event, n - 1)

    def odd(event: Any, n: int = 1) -> bool:
        return n != 0 and even(event, n - 1)

    offer(even, True)
    offer(odd, True)


@page
def a_recursive_function(offer: Offer) -> None:
    def down(event: Any, n: int = 3) -> int:
        return 0 if n == 0 else down(event, n - 1)

    offer(down, 0)


@page
def a_variable_assigned_below(offer: Offer) -> None:
    def on_click(event: ClickEvent) -> str:
        return label

    offer(on_click, "below")
    label = "below"


@page
def a_branch(offer: Offer) -> None:
    if STATE.name:
        label = "named"
    else:
        label = "nameless"
    offer(lambda event: label, "nameless")


@page
def a_try_statement(offer: Offer) -> None:
    try:
        label = "read"
    except OSError:
        label = "failed"
    offer(lambda event: label, "read")


@page
def a_default_value_for_none(offer: Offer, label: str | None = None) -> None:
    label = label or "default"
    offer(lambda event: label, "default")


@page
def a_loop_of_one_turn(offer: Offer) -> None:
    for row in (1,):
        offer(lambda event: row, 1)


@page
def a_loop_before_the_handler(offer: Offer) -> None:
    total = 0
    for row in (1, 2, 3):
        total += row
    offer(lambda event: total, 6)


@page
def a_loop_around_other_code(offer: Offer) -> None:
    label = "once"
    for _ in (1, 2):
        offer(lambda event: label, "once")


@page
def the_same_value_again(offer: Offer) -> None:
    label = "same"
    offer(lambda event: label, "same")
    label = "".join(["sa", "me"])


@page
def a_with_statement(offer: Offer) -> None:
    with contextlib.nullcontext("inside") as label:
        offer(lambda event: label, "inside")


@page
def a_generator_that_renders(offer: Offer) -> None:
    def parts() -> Iterator[str]:
        label = "part"
        offer(lambda event: label, "part")
        yield label

    list(parts())


@page
def a_class_in_the_page(offer: Offer) -> None:
    class Page:
        label = "page"

    offer(lambda event: 1, 1)
    assert Page.label


@page
def a_method_with_super(offer: Offer) -> None:
    class Base:
        def __handler_key__(self) -> str:
            return "k"

        def on_click(self, event: ClickEvent) -> str:
            return "base"

    class Page(Base):
        def on_click(self, event: ClickEvent) -> str:
            return super().on_click(event)

    offer(Page().on_click, "base")


@page
def an_annotation_alone(offer: Offer) -> None:
    for kind in (int, str):

        def on_click(event: ClickEvent) -> int:
            value: kind = 1  # type: ignore[valid-type]
            return value

        offer(on_click, 1)


@page
def a_generator_handler(offer: Offer) -> None:
    def steps(event: ClickEvent) -> Iterator[int]:
        yield 1
        yield 2

    offer(steps, [1, 2])


# With captures in ids: rows that differ, or are equal.


@distinct
def a_factory_in_a_loop(offer: Offer) -> None:
    for url in ("/tea", "/coffee"):
        offer(link(url), url)


@distinct
def a_default_in_a_loop(offer: Offer) -> None:
    for row in (1, 2):
        offer(lambda event, row=row: row, row)


@distinct
def a_partial_in_a_loop(offer: Offer) -> None:
    for row in (1, 2):
        offer(functools.partial(pow_of, row, 2), row * row)


@distinct
def rows_of_a_state(offer: Offer) -> None:
    for row in ROWS:
        offer(functools.partial(lambda row, event: row["id"], row), row["id"])


@distinct
def blank_rows(offer: Offer) -> None:
    for row in ({}, {}, {}):  # type: dict[str, int]
        offer(functools.partial(lambda row, event: len(row), row), 0)


@distinct
def callbacks_with_their_rows(offer: Offer) -> None:
    def child(callback: Any, expected: int) -> None:
        def on_click(event: ClickEvent) -> int:
            return callback()

        offer(on_click, expected)

    for row in (1, 2):
        child(functools.partial(double_of, row), row * 2)


def double_of(row: int) -> int:
    return row * 2


class Component:
    def __init__(self, key: str) -> None:
        self.key, self.connection = key, object()

    def __handler_key__(self) -> str:
        return self.key

    def on_click(self, event: ClickEvent) -> str:
        return self.key


@page_in("distinct")
def components_with_keys(offer: Offer) -> None:
    for key in ("a", "b"):
        offer(Component(key).on_click, key)


@page
def components_of_one_key(offer: Offer) -> None:
    for _ in "ab":
        offer(Component("a").on_click, "a")
