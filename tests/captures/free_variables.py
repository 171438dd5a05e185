"""Functions with free variables, and what is known of these: a table for each Python.

``python -m tests.captures.free_variables`` prints what is found, as JSON.
"""

# Handlers as people write them.
# ruff: noqa: B018, B023, C400, E731
# ruff: noqa: F821, F841, N801, PLW0108, PLW0127, RET503, RUF015, SIM105, SIM108
# ruff: noqa: TRY300
# mypy: ignore-errors

import contextlib
import functools
import json

from handlerid._captures import FreeVariables

EXPECTED: dict[str, str] = {}
MAKERS = {}


def expect(text: str, name: str = "", call=None):
    """Say what is known of the function that another one returns."""

    def keep(fn):
        key = name or fn.__name__
        assert key not in EXPECTED, key
        EXPECTED[key], MAKERS[key] = text, call or fn
        return fn

    return keep


def known(fn, names=None) -> str:
    """Return what is known of the variables of a function, as text."""
    code = fn.__code__
    found = FreeVariables(code, fn.__globals__ if names is None else names)
    words = [
        f"{word} {' '.join(code.co_freevars[at] for at in getattr(found, word))}"
        for word in ("assigned", "shared", "late", "unused")
        if getattr(found, word)
    ]
    return ", ".join([*words, "missing"] if found.missing else words)


# Variables that cannot change.


@expect("")
def once():
    row = 1
    return lambda: row


@expect("")
def parameter(row, *rows, key=1, **more):
    return lambda: (row, rows, key, more)


@expect("")
def before_a_loop():
    row = 1
    while True:
        if row:
            break
        print(row)
    return lambda: row


@expect("")
def before_a_while(go=lambda: False):
    row = 1
    while go():
        print(row)
    return lambda: row


@expect("")
def after_a_loop():
    for _ in range(2):
        print(end="")
    row = 1
    return lambda: row


@expect("")
def between_loops():
    for _ in range(2):
        print(end="")
    row = 1
    for _ in range(2):
        print(end="")
    return lambda: row


@expect("")
def loop_that_never_goes_back():
    while True:
        row = 1
        return lambda: row


@expect("")
def after_try():
    try:
        print(end="")
    except ValueError:
        pass
    row = 1
    return lambda: row


@expect("")
def after_several_tries():
    try:
        print(end="")
    except ValueError:
        print(end="")
    row = 1
    try:
        print(end="")
    except ValueError:
        print(end="")
    else:
        print(end="")
    return lambda: row


@expect("")
def after_with():
    with contextlib.nullcontext():
        print(end="")
    row = 1
    return lambda: row


@expect("")
def by_with():
    with contextlib.nullcontext(1) as row:
        return lambda: row


@expect("")
def by_def():
    def row():
        pass

    return lambda: row


@expect("")
def by_class():
    class Row:
        pass

    return lambda: Row


@expect("")
def by_import():
    import math as row

    return lambda: row


@expect("")
def by_walrus():
    if row := 1:
        return lambda: row


@expect("")
def by_match(value=(1, 2)):
    match value:
        case (row, _):
            return lambda: row


@expect("")
def by_unpacking():
    row, (column, *rest) = 1, (2, 3)
    return lambda: (row, column, rest)


@expect("")
def forward():
    show = lambda: row
    row = 1
    return show


@expect("")
def in_a_function_called_in_a_loop():
    def child(row):
        return lambda: row

    return [child(row) for row in range(2)][0]


@expect("")
def through_two_functions():
    row = 1

    def child():
        return lambda: row

    return child()


@expect("")
def through_a_comprehension():
    row = 1
    return [lambda: row for _ in range(2)][0]


@expect("")
def through_a_class():
    row = 1

    class Child:
        def show(self):
            return row

    return Child.show


@expect("")
def of_a_class():
    class Child:
        def show(self):
            return __class__, super().__init__

    return Child.show


@expect("")
def another_variable_of_that_name():
    row = 1

    def other():
        row = 2

        def inc():
            nonlocal row
            row += 1

        return inc

    return lambda: row


# Variables that may change.


@expect("late row")
def for_loop():
    for row in range(2):
        fn = lambda: row
    return fn


@expect("late row")
def in_a_for_loop():
    for column in range(2):
        row = column
        fn = lambda: row
    return fn


@expect("late row")
def in_a_nested_loop():
    for _ in range(2):
        for column in range(2):
            row = column
            fn = lambda: row
        print(end="")
    return fn


@expect("late row")
def in_the_outer_loop():
    for column in range(2):
        row = column
        for _ in range(2):
            fn = lambda: row
    return fn


@expect("late row")
def in_a_while_loop():
    at = 0
    while at < 2:
        row = at
        fn = lambda: row
        at += 1
    return fn


@expect("late row")
def in_a_loop_until():
    at = 0
    while True:
        row = at
        fn = lambda: row
        at += 1
        if at > 2:
            return fn


@expect("late row")
def by_a_walrus_of_while():
    rows = [1, 2]
    while row := rows and rows.pop():
        fn = lambda: row
    return fn


@expect("late row")
def in_a_loop_that_tries_again():
    tries = [0]
    while True:
        try:
            tries.append(1)
            row = len(tries)
            fn = lambda: row
            1 / (len(tries) - 2)
            return fn
        except ZeroDivisionError:
            continue


@expect("late row")
def in_a_handler_in_a_loop():
    for _ in range(2):
        try:
            1 / 0
        except ZeroDivisionError:
            row = 1
            fn = lambda: row
    return fn


@expect("late row")
def in_the_second_handler_in_a_loop():
    for _ in range(2):
        try:
            1 / 0
        except ValueError as error:
            print(error)
        except ZeroDivisionError:
            row = 1
            fn = lambda: row
        print(end="")
    return fn


@expect("late row")
def by_with_in_a_loop():
    for at in range(2):
        with contextlib.nullcontext(at) as row:
            fn = lambda: row
    return fn


@expect("late row")
def twice():
    row = 1
    fn = lambda: row
    row = 2
    return fn


@expect("late row")
def in_branches(go=True):
    if go:
        row = 1
    else:
        row = 2
    return lambda: row


@expect("late row")
def parameter_again(row=None):
    if row is None:
        row = 1
    return lambda: row


@expect("late key more row rows")
def parameters_again(row=1, *rows, key=1, **more):
    row, rows, key, more = row, rows, key, more
    return lambda: (row, rows, key, more)


@expect("late row")
def augmented():
    row = 1
    row += 1
    return lambda: row


@expect("late row")
def by_except():
    try:
        1 / 0
    except ZeroDivisionError as row:
        return lambda: row


@expect("late row")
def deleted():
    row = 1
    fn = lambda: row
    del row
    return fn


@expect("late row")
def in_several_cases(value=1):
    match value:
        case [row]:
            pass
        case row:
            pass
    return lambda: row


@expect("late row")
def def_in_a_loop():
    for _ in range(2):

        def row():
            pass

        fn = lambda: row
    return fn


@expect("late row")
def in_a_generator():
    def page():
        for row in range(2):
            yield lambda: row

    return next(page())


@expect("late row")
def in_a_deeper_function():
    for row in range(2):

        def child():
            return lambda: row

        fn = child()
    return fn


# Comprehensions, which are functions of their own before 3.12.


@expect("late row")
def list_comprehension():
    return [lambda: row for row in range(2)][0]


@expect("late row")
def set_comprehension():
    return {lambda: row for row in range(2)}.pop()


@expect("late row")
def dict_comprehension():
    return {row: lambda: row for row in range(2)}[0]


@expect("late row")
def nested_comprehension():
    return [[lambda: row for _ in range(2)] for row in range(2)][0][0]


@expect("late row")
def generator_expression():
    return next(lambda: row for row in range(2))


@expect("late row")
def walrus_in_a_comprehension():
    [(row := column) for column in range(2)]
    return lambda: row


@expect("shared row, late row")
def walrus_in_a_generator_expression():
    list((row := column) for column in range(2))
    return lambda: row


@expect("shared row, late row")
def walrus_in_a_generator_expression_in_a_comprehension():
    [list((row := column) for column in range(2)) for _ in range(2)]
    return lambda: row


@expect("shared row, late row")
def hidden_by_a_comprehension():
    row = 0

    def inc():
        nonlocal row
        row += 1
        return [lambda: row for row in range(3)]

    return lambda: row


# Variables that functions assign.


@expect("shared row, late row")
def by_a_sibling():
    row = 0

    def inc():
        nonlocal row
        row += 1

    return lambda: row


@expect("assigned row, shared row")
def by_itself():
    row = 0

    def inc():
        nonlocal row
        row += 1

    return inc


@expect("assigned row, shared row")
def deleted_by_itself():
    row = 0

    def clear():
        nonlocal row
        del row

    return clear


@expect("assigned row, shared row")
def by_a_function_in_it():
    row = 0

    def outer():
        def inc():
            nonlocal row
            row += 1

        return inc

    return outer


@expect("shared row, late row")
def by_a_deeper_function_of_a_sibling():
    row = 0

    def outer():
        def inc():
            nonlocal row
            row += 1

        return inc

    return lambda: row


@expect("shared row, late row")
def by_the_function_between():
    row = 0

    def child():
        nonlocal row
        row += 1
        return lambda: row

    return child()


@expect("shared row, late row")
def by_a_class_body():
    row = 0

    class Child:
        nonlocal row
        row = 1

    return lambda: row


@expect("shared row, late row")
def by_a_method():
    row = 0

    class Child:
        def inc(self):
            nonlocal row
            row += 1

        def show(self):
            return row

    return Child.show


@expect("assigned row, shared column row, late column")
def some_of_several():
    row = column = cell = 0

    def other():
        nonlocal column
        column += 1

    def fn():
        nonlocal row
        row = column + cell

    return fn


# Asynchronous functions.


def run(make):
    """Return a function that runs a coroutine which waits for nothing."""

    def running():
        try:
            make().send(None)
        except StopIteration as done:
            return done.value

    return running


async def given(value):
    return value


async def nothing():
    pass


async def several():
    for at in range(2):
        yield at


async def _after_await():
    await nothing()
    row = 1
    await nothing()
    return lambda: row


async def _after_async_with():
    async with contextlib.AsyncExitStack():
        print(end="")
    row = 1
    return lambda: row


async def _await_in_a_loop():
    for at in range(2):
        row = await given(at)
        fn = lambda: row
    return fn


async def _async_for():
    async for row in several():
        fn = lambda: row
    return fn


async def _after_async_for_in_a_loop():
    for at in range(2):
        async for _ in several():
            print(end="")
        row = at
        fn = lambda: row
    return fn


async def _after_async_for():
    async for _ in several():
        print(end="")
    row = 1
    return lambda: row


async def _async_comprehension():
    return [lambda: row async for row in several()][0]


for _make, _text in [
    (_after_await, ""),
    (_after_async_with, ""),
    (_after_async_for, ""),
    (_await_in_a_loop, "late row"),
    (_async_for, "late row"),
    (_after_async_for_in_a_loop, "late row"),
    (_async_comprehension, "late row"),
]:
    expect(_text, _make.__name__, run(_make))(_make)


# Ways to the function around.


class Component:
    def method(self):
        return lambda: self

    @staticmethod
    def static(row):
        return lambda: row

    @classmethod
    def of_class(cls):
        return lambda: cls

    @property
    def read(self):
        return lambda: self

    @functools.cached_property
    def read_once(self):
        return lambda: self

    def __secret(self):
        return lambda: self

    def given(self, row):
        return lambda: row

    given_one = functools.partialmethod(given, 1)
    del given

    class Inner:
        def method(self):
            return lambda: self

    def late(self):
        for row in range(2):
            fn = lambda: row
        return fn


class other_property(property):
    pass


class Odd:
    @other_property
    def read(self):
        return lambda: self

    @functools.partial
    def bound(self=None):
        return lambda: self


def wrapping(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        return fn(*args)

    return wrapper


def hiding(fn):
    return lambda *args: fn(*args)


class Holding:
    def __init__(self, fn):
        self.fn = fn

    def __call__(self, *args):
        return self.fn(*args)


@wrapping
@wrapping
def wrapped(row):
    return lambda: row


@hiding
@hiding
def hidden(row):
    return lambda: row


@Holding
def held(row):
    return lambda: row


@Holding
@wrapping
def held_and_wrapped(row):
    return lambda: row


@functools.lru_cache
def cached(row):
    return lambda: row


@functools.singledispatch
def dispatched(row):
    return lambda: row


@contextlib.contextmanager
def managed(row):
    yield lambda: row


named = lambda row: lambda: row


def renamed_later(row):
    return lambda: row


other_name = renamed_later
del renamed_later


def removed(row):
    return lambda: row


kept = [removed]
del removed


def reloaded(row):
    return lambda: row


old = reloaded(1)


def reloaded(row):
    return lambda: row


def with_manager():
    with managed(1) as fn:
        return fn


for _name, _text, _call in [
    ("a method", "", lambda: Component().method()),
    ("a static method", "", lambda: Component.static(1)),
    ("a class method", "", lambda: Component.of_class()),
    ("a property", "", lambda: Component().read),
    ("a cached property", "", lambda: Component().read_once),
    ("a private method", "", lambda: Component()._Component__secret()),
    ("a partial method", "", lambda: Component().given_one()),
    ("a nested class", "", lambda: Component.Inner().method()),
    ("a loop in a method", "late row", lambda: Component().late()),
    ("a property of another class", "", lambda: Odd().read),
    ("a partial", "", lambda: Odd.bound()),
    ("wraps", "", lambda: wrapped(1)),
    ("a decorator without wraps", "", lambda: hidden(1)),
    ("a decorator object", "", lambda: held(1)),
    ("a decorator object around wraps", "", lambda: held_and_wrapped(1)),
    ("lru_cache", "", lambda: cached(1)),
    ("singledispatch", "", lambda: dispatched(1)),
    ("a context manager", "", with_manager),
    ("a lambda of a module", "", lambda: named(1)),
    ("another name", "", lambda: other_name(1)),
    ("a function in a list", "shared row, late row, missing", lambda: kept[0](1)),
    ("a function made again", "shared row, late row, missing", lambda: old),
]:
    expect(_text, _name, _call)(_call)


# Generated code.


def executed(source: str, **names):
    names["__name__"] = "generated"
    exec(source, names)
    return names


@expect("late row", "exec")
def _():
    return executed(
        "def page():\n"
        "    for row in range(2):\n"
        "        fn = lambda: row\n"
        "    return fn\n"
    )["page"]()


@expect("late v299", "many variables")
def _():
    # Their numbers do not fit into one byte.
    names = [f"v{at}" for at in range(300)]
    first = "".join(f"    {name} = {at}\n" for at, name in enumerate(names))
    used = ", ".join(names)
    source = (
        f"def page():\n{first}    fn = lambda: ({used})\n    v299 = 0\n    return fn"
    )
    return executed(source)["page"]()


@expect("assigned v299, shared v298 v299, late v298", "many nonlocals")
def _():
    names = [f"v{at}" for at in range(300)]
    first = "".join(f"    {name} = {at}\n" for at, name in enumerate(names))
    used = ", ".join(names)
    source = (
        f"def page():\n{first}"
        "    def other():\n        nonlocal v298\n        v298 = 1\n"
        f"    def fn():\n        nonlocal v299\n        v299 = ({used})\n"
        "    return fn\n"
    )
    return executed(source)["page"]()


@expect("late row", "a long loop")
def _():
    filler = "        print(1, 2, 3, end='') if row < 0 else 0\n" * 300
    source = (
        "def page():\n    for row in range(2):\n        fn = lambda: row\n"
        f"{filler}    return fn\n"
    )
    return executed(source)["page"]()


# Annotations, evaluated by the function around until 3.13.


@expect("unused Row", "an annotation of a variable")
def _():
    source = "def page(Row):\n    def fn():\n        x: Row = 1\n    return fn\n"
    return executed(source)["page"](int)


@expect("", "a variable and its annotation")
def _():
    source = "def page(Row):\n    def fn():\n        x: Row = Row()\n    return fn\n"
    return executed(source)["page"](int)


def table() -> dict[str, str]:
    """Return what is known of each function."""
    return {name: known(make(*_given(make))) for name, make in MAKERS.items()}


def _given(make):
    # One for each parameter without default.
    code = make.__code__
    return [1] * (code.co_argcount - len(make.__defaults__ or ()))


if __name__ == "__main__":
    print(json.dumps(table()))
