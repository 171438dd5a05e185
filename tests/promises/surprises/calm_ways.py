"""More pages that are right: how people write lists, forms, state and components."""

# mypy: disable-error-code="no-redef, func-returns-value, var-annotated"
# mypy: disable-error-code="no-any-return, truthy-function, has-type"
# mypy: disable-error-code="redundant-expr, call-arg, arg-type"
from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import enum
import functools
import itertools
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from handlerid import ClickEvent
from tests.promises.surprises.calm import (
    ROWS,
    Component,
    Key,
    Offer,
    distinct,
    link,
    on_module,
    page,
    pow_of,
)
from tests.promises.surprises.pairs_ways import finish

# Lists and loops.


@page
def a_loop_with_a_break(offer: Offer) -> None:
    for row in ROWS:
        if row["id"] == 1:
            break
    offer(lambda event: row["id"], 1)


@page
def a_loop_that_finds_the_last(offer: Offer) -> None:
    best = None
    for row in ROWS:
        if best is None or row["id"] > best["id"]:
            best = row
    offer(lambda event: best and best["id"], 2)


@page
def a_page_text_that_grows(offer: Offer) -> None:
    html = ""
    for row in ROWS:
        html += f"<li>{row['id']}"
    reference = offer(lambda event: "clicked", "clicked")
    html += f"<button data-handler={reference}>"


@page
def a_comprehension_beside_the_handler(offer: Offer) -> None:
    total = sum([row["id"] for row in ROWS])
    row = "mine"
    offer(lambda event: (row, total), ("mine", 3))
    assert [row for row in ROWS if row]


@page
def a_retry(offer: Offer) -> None:
    for attempt in range(3):
        try:
            rows = [1, 2][attempt - 1 :]
            break
        except IndexError:
            continue
    offer(lambda event: len(rows), 1)


@page
def an_empty_loop(offer: Offer) -> None:
    row = None
    for row in ():
        offer(lambda event: row, row)
    offer(lambda event: "none", "none")


@page
def a_while_loop_before(offer: Offer) -> None:
    n = 0
    while n < 3:
        n += 1
    offer(lambda event: n, 3)


@page
def a_variable_that_is_filled_in_steps(offer: Offer) -> None:
    label = None
    if offer:
        label = "few"
    label = label or "all"
    label += "!"
    offer(lambda event: label, "few!")


@page
def an_unpacking(offer: Offer) -> None:
    first, *others = 1, 2, 3
    offer(lambda event: (first, others), (1, [2, 3]))


@page
def a_swap_before(offer: Offer) -> None:
    first, last = 1, 2
    first, last = last, first
    offer(lambda event: (first, last), (2, 1))


@page
def a_walrus(offer: Offer) -> None:
    if (row := ROWS[0]) and row["id"]:
        offer(lambda event: row["id"], 1)


@page
def a_match(offer: Offer) -> None:
    match ROWS[0]:
        case {"id": number}:
            offer(lambda event: number, 1)


@page
def an_assignment_of_what_it_was(offer: Offer) -> None:
    rows = [1]
    offer(lambda event: rows, [1])
    rows = rows  # noqa: PLW0127


@page
def a_variable_that_another_variable_keeps(offer: Offer) -> None:
    for row in (1, 2):
        mine = 1
        offer(lambda event: mine, 1)
        del row


@page
def an_exception_that_is_kept(offer: Offer) -> None:
    try:
        raise ValueError("full")
    except ValueError as error:
        text = str(error)
    offer(lambda event: text, "full")


@page
def a_try_with_finally(offer: Offer) -> None:
    text = "open"
    try:
        offer(lambda event: text, "open")
    finally:
        closed = True
    assert closed


@page
def an_exit_stack(offer: Offer) -> None:
    with contextlib.ExitStack() as stack:
        text = stack.enter_context(contextlib.nullcontext("in"))
        offer(lambda event: text, "in")


@distinct
def a_default_in_a_comprehension(offer: Offer) -> None:
    [offer(lambda event, row=row: row, row) for row in (1, 2, 3)]


@distinct
def keyword_defaults_in_nested_loops(offer: Offer) -> None:
    for a in (1, 2):
        for b in "xy":

            def on_click(event: ClickEvent, *, a: int = a, b: str = b) -> object:
                return a, b

            offer(on_click, (a, b))


@distinct
def a_function_for_each_row(offer: Offer) -> None:
    def line(row: dict[str, int]) -> None:
        number = row["id"]

        def delete(event: ClickEvent) -> int:
            return number

        offer(delete, number)

    for row in ROWS:
        line(row)


@distinct
def a_tree(offer: Offer) -> None:
    def folder(depth: int, on_open: Any) -> None:
        def toggle(event: ClickEvent) -> object:
            return on_open(depth)

        offer(toggle, depth)
        if depth:
            folder(depth - 1, lambda n: on_open(n))

    folder(3, lambda n: n)


@distinct
def a_callback_for_each_row(offer: Offer) -> None:
    def child(on_save: Callable[[], int], expected: int) -> None:
        offer(lambda event: on_save(), expected)

    [child(lambda row=row: row, row) for row in (1, 2)]  # type: ignore[misc]


@distinct
def fields_of_a_form(offer: Offer) -> None:
    values: dict[str, str] = {}

    def field_of(name: str) -> None:
        def change(event: ClickEvent) -> str:
            values[name] = "changed"
            return name

        offer(change, name)

    for name in ("name", "street", "town"):
        field_of(name)


@distinct
def one_list_for_all_rows(offer: Offer) -> None:
    basket: list[int] = []

    def add(row: int, event: ClickEvent) -> int:
        basket.append(row)
        return row

    for row in (1, 2):
        offer(functools.partial(add, row), row)


@distinct
def rows_offered_by_two_buttons(offer: Offer) -> None:
    for row in ROWS:
        handler = functools.partial(lambda row, event: row["id"], row)
        offer(handler, row["id"])
        offer(handler, row["id"])


@distinct
def parts_of_a_page(offer: Offer) -> None:
    for key in ("open", "done"):
        for row in ({}, {}):  # type: dict[str, int]
            offer(functools.partial(lambda row, event: len(row), row), 0, part=key)


@distinct
def async_handlers_of_rows(offer: Offer) -> None:
    def delete(row: int) -> Any:
        async def on_click(event: ClickEvent) -> int:
            return row

        return on_click

    for row in (1, 2):
        offer(delete(row), row)


@distinct
def choices_of_an_enum(offer: Offer) -> None:
    for choice in Choice:
        offer(functools.partial(lambda choice, event: choice.name, choice), choice.name)


class Choice(enum.Enum):
    YES = 1
    NO = 2


@distinct
def several_counters(offer: Offer) -> None:
    def counter(label: str) -> None:
        def show(event: ClickEvent) -> str:
            return label

        offer(show, label)

    for label in ("a", "b"):
        counter(label)


# State and hooks.


@page
def a_state_hook(offer: Offer) -> None:
    def use_state(value: int) -> tuple[Any, Any]:
        cell = [value]

        def assign(new: int) -> int:
            cell[0] = new
            return new

        return cell[0], assign

    count, set_count = use_state(0)
    offer(lambda event: set_count(count + 1), 1)


@page
def a_state_hook_with_a_variable(offer: Offer) -> None:
    def use_state(value: int) -> tuple[Any, Any]:
        def get() -> int:
            return value

        def assign(new: int) -> int:
            nonlocal value
            value = new
            return new

        return get, assign

    get, assign = use_state(0)
    offer(lambda event: assign(get() + 1), 1)
    offer(lambda event: get() > 0, True)


@page
def siblings_that_assign(offer: Offer) -> None:
    opened, shown = False, 0

    def toggle(event: ClickEvent) -> bool:
        nonlocal opened
        opened = not opened
        return opened

    def close(event: ClickEvent) -> bool:
        nonlocal opened
        opened = False
        return opened

    def more(event: ClickEvent) -> int:
        nonlocal shown
        shown += 1
        return shown

    offer(toggle, True)
    offer(close, False)
    offer(more, 1)


@page
def a_reader_of_what_a_handler_assigns(offer: Offer) -> None:
    saved = False

    def save(event: ClickEvent) -> bool:
        nonlocal saved
        saved = True
        return saved

    def label() -> str:
        return "saved" if saved else "save"

    offer(save, True)
    offer(lambda event: label(), "saved")


@page
def a_context_variable(offer: Offer) -> None:
    token = THEME.set("dark")
    theme = THEME.get()
    offer(lambda event: theme, "dark")
    THEME.reset(token)


THEME: contextvars.ContextVar[str] = contextvars.ContextVar("theme", default="light")


@page
def ids_from_a_counter(offer: Offer) -> None:
    numbers = itertools.count()

    def element(on_click: Any, expected: object) -> str:
        return f"{next(numbers)} {offer(on_click, expected)}"

    element(lambda event: "one", "one")
    element(lambda event: "two", "two")


@page
def a_depth_while_rendering(offer: Offer) -> None:
    depth = 0

    @contextlib.contextmanager
    def nested() -> Iterator[None]:
        nonlocal depth
        depth += 1
        yield
        depth -= 1

    with nested(), nested():
        offer(lambda event: "inside", "inside")


@page
def a_dictionary_of_handlers(offer: Offer) -> None:
    handlers = {
        "save": lambda event: "save",
        "load": lambda event: "load",
    }
    for name, handler in handlers.items():
        offer(handler, name)


@page
def definitions_in_branches(offer: Offer) -> None:
    if offer:

        def on_click(event: ClickEvent) -> str:
            return "first"

    else:

        def on_click(event: ClickEvent) -> str:
            return "second"

    offer(on_click, "first")


@page
def a_class_below(offer: Offer) -> None:
    def on_click(event: ClickEvent) -> str:
        return Dialog.title

    offer(on_click, "dialog")

    class Dialog:
        title = "dialog"


@page
def a_handler_that_offers_itself(offer: Offer) -> None:
    def on_click(event: ClickEvent) -> str:
        return on_click.__name__

    offer(on_click, "on_click")
    offer(on_click, "on_click")


# Components.


@page
def a_callback_through_three_components(offer: Offer) -> None:
    def button(on_click: Any) -> None:
        offer(lambda event: on_click(), "saved")

    def bar(on_save: Any) -> None:
        button(lambda: on_save())

    def save() -> str:
        return "saved"

    for _ in "ab":
        bar(save)


@page
def a_component_that_is_called_twice(offer: Offer) -> None:
    def header(title: str) -> None:
        offer(lambda event: title, title)

    header("shop")
    header("shop")


@page
def props_that_are_equal(offer: Offer) -> None:
    for _ in "ab":
        props = Props("tea", Key(1), (1, 2))
        offer(functools.partial(lambda props, event: props.name, props), "tea")


@dataclasses.dataclass(frozen=True)
class Props:
    name: str
    key: Key
    more: tuple[int, ...] = ()


@page
def props_with_a_callback(offer: Offer) -> None:
    def button(props: Button) -> None:
        offer(lambda event: props.on_click(event), "module")

    for _ in "ab":
        button(Button("save", on_module))


@dataclasses.dataclass(frozen=True)
class Button:
    label: str
    on_click: Any


@page
def methods_of_one_component(offer: Offer) -> None:
    one = Component("a")
    for _ in "ab":
        offer(one.on_click, "a")


@page
def a_component_that_is_captured(offer: Offer) -> None:
    for _ in "ab":
        one = Component("a")
        offer(functools.partial(lambda one, event: one.key, one), "a")


@page
def a_method_as_a_callback(offer: Offer) -> None:
    def button(on_click: Any) -> None:
        offer(lambda event: on_click(event), "a")

    for _ in "ab":
        button(Component("a").on_click)


@page
def a_page_in_a_class(offer: Offer) -> None:
    class Page(Component):
        def render(self) -> None:
            title = self.key
            offer(lambda event: title, "page")
            offer(self.on_click, "page")

    Page("page").render()


@page
def a_static_method(offer: Offer) -> None:
    for _ in "ab":
        offer(Static.on_click, "static")


class Static:
    @staticmethod
    def on_click(event: ClickEvent) -> str:
        return "static"

    @classmethod
    def of_class(cls, event: ClickEvent) -> str:
        return cls.__name__


@page
def a_class_method(offer: Offer) -> None:
    for _ in "ab":
        offer(Static.of_class, "Static")


@page
def a_decorator_with_an_argument(offer: Offer) -> None:
    def times(n: int) -> Any:
        def decorate(fn: Any) -> Any:
            @functools.wraps(fn)
            def wrapper(event: ClickEvent) -> str:
                return fn(event) * n

            return wrapper

        return decorate

    for _ in "ab":
        offer(times(2)(on_module), "modulemodule")


@page
def partials_with_keywords(offer: Offer) -> None:
    for _ in "ab":
        offer(functools.partial(by_keyword, a=1, b="x"), (1, "x"))


def by_keyword(event: ClickEvent, *, a: int, b: str) -> object:
    return a, b


@page
def captured_functions_of_python(offer: Offer) -> None:
    def child(fn: Any) -> None:
        offer(lambda event: fn("ab"), 2)

    child(len)
    child(len)


@page
def a_cached_helper(offer: Offer) -> None:
    load = cached_load

    def on_click(event: ClickEvent) -> str:
        return load("a")

    offer(on_click, "loaded a")
    load("b")


@functools.lru_cache
def cached_load(name: str) -> str:
    return f"loaded {name}"


# Other ways to render.


@page
def a_coroutine_that_renders(offer: Offer) -> None:
    async def render() -> None:
        label = "async"
        offer(lambda event: label, "async")

    finish(render())


@page
def an_async_handler(offer: Offer) -> None:
    async def on_click(event: ClickEvent) -> str:
        return "clicked"

    async def steps(event: ClickEvent) -> AsyncIterator[int]:
        yield 1

    offer(on_click, "clicked")
    offer(steps, [1])


@page
def parts_that_are_gathered(offer: Offer) -> None:
    async def part(label: str) -> None:
        offer(link(label), label)

    async def render() -> None:
        await asyncio.gather(*(part("/tea") for _ in "ab"))

    if sys.platform == "emscripten":  # no event loop runs here
        for _ in "ab":
            finish(part("/tea"))
    else:
        import asyncio

        asyncio.run(render())


@distinct
def parts_that_are_gathered_with_keys(offer: Offer) -> None:
    async def part(key: str) -> None:
        for row in ({}, {}):  # type: dict[str, int]
            offer(functools.partial(lambda row, event: len(row), row), 0, part=key)

    async def render() -> None:
        await asyncio.gather(*(part(key) for key in "ab"))

    if sys.platform == "emscripten":  # no event loop runs here
        for key in "ab":
            finish(part(key))
    else:
        import asyncio

        asyncio.run(render())


@page
def a_page_by_another_name(offer: Offer) -> None:
    render = _render

    def again() -> None:
        render(offer)

    again()
    again()


def _render(offer: Offer) -> None:
    label = "rendered"
    offer(lambda event: label, "rendered")


@page
def a_wrapped_page(offer: Offer) -> None:
    for _ in "ab":
        wrapped(offer)


def tracked(render: Any) -> Any:
    def tracking(*given: Any) -> Any:
        return render(*given)

    return tracking


@tracked
def wrapped(offer: Offer) -> None:
    label = "wrapped"
    offer(lambda event: label, "wrapped")


@page
def a_page_from_a_text(offer: Offer) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    text = "def page(offer):\n label = 'text'\n offer(lambda event: label, 'text')"
    exec(text, names)
    names["page"](offer)


@page
def numbers_of_a_partial(offer: Offer) -> None:
    power = functools.partial(pow_of, 2)
    for _ in "ab":
        offer(functools.partial(power, 5), 32)
