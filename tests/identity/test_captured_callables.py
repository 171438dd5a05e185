"""Captured callables of all kinds: taken by handler_id, so taken as a capture."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Identity, Registry, Scope, handler_id
from handlerid._identity import take_apart
from handlerid.errors import CapturesReplaced, UnstableCapture
from tests.support.fresh import run_fresh

PAGE = '''
import datetime, functools, itertools, json, math, operator, os.path, re, time
from dataclasses import dataclass
from handlerid import ClickEvent, Dispatcher, Registry


@functools.cache
def fetch(x):
    return x


class Logged:
    def __init__(self, fn):
        functools.update_wrapper(self, fn)
        self.fn = fn

    def __call__(self, *args):
        return self.fn(*args)


@Logged
def save(event): ...


def logged(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        return fn(*args)

    return wrapper


@logged
def plain(event): ...


@dataclass(frozen=True)
class Row:
    number: int

    def delete(self, event, to=""): ...
    move = functools.partialmethod(delete, to="archive")
    archive = staticmethod(plain)

    @classmethod
    def new(cls, event): ...

    @logged
    @staticmethod
    def log(event): ...


def of_page(number):
    """Callables that are made at each rendering."""

    @functools.cache
    def cached(x=number):
        return x

    @logged
    @functools.cache
    def checked(x):
        return number

    def on_save(event):
        return number

    async def on_async(event):
        return number

    return {
        "nested cached": cached,
        "partial of a nested cached": functools.partial(cached, number),
        "decorated cached": checked,
        "nested": on_save,
        "nested async": on_async,
        "decorated nested": logged(on_save),
        "lambda": lambda event: number,
        "partial": functools.partial(on_save, number),
        "partial of a builtin method": functools.partial("{}".format, number),
        "partial of a builtin": functools.partial(print, number),
        "partial of a class": functools.partial(Row, number),
        "method of an object": Row(number).delete,
        "partialmethod": Row(number).move,
        "method of a pattern": re.compile(str(number)).match,
        "method of a text": str(number).join,
        "method wrapper": str(number).__add__,
        "staticmethod object": staticmethod(on_save),
        "method of a list": [number].append,
    }


HELD = {
    "len": len,
    "str.upper": str.upper,
    "str.__add__": str.__add__,
    "dict.fromkeys": dict.fromkeys,
    "its descriptor": vars(dict)["fromkeys"],
    "datetime.now": datetime.datetime.now,
    "operator.add": operator.add,
    "math.sqrt": math.sqrt,
    "time.time": time.time,
    "functools.reduce": functools.reduce,
    "json.dumps": json.dumps,
    "os.path.join": os.path.join,
    "itertools.chain": itertools.chain,
    "its method": itertools.chain.from_iterable,
    "cached": fetch,
    "class-decorated": save,
    "partial of it": functools.partial(save),
    "int": int,
    "function": save.fn,
    "decorated": plain,
    "staticmethod": Row.archive,
    "decorated staticmethod": Row.log,
    "classmethod": Row.new,
    "function of a class": Row.delete,
    "partial of int": functools.partial(int, base=2),
}


def make(fn):
    def on_click(event: ClickEvent):
        return fn(event.key)

    return on_click
'''

SHOW = """
from page import *
seen = {}
for number in (1, 2):
    for name, fn in {**HELD, **of_page(number)}.items():
        with Dispatcher(Registry(captures="distinct")).scope() as scope:
            print(f"{name}:{scope.offer(make(fn))}")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page")
    (path / "page.py").write_text(PAGE)
    return path


def test_they_are_captures_and_have_the_same_ids_everywhere(folder: Path) -> None:
    lines = run_fresh("-c", SHOW, path=folder, seed="1").splitlines()
    assert run_fresh("-c", SHOW, path=folder, seed="2").splitlines() == lines
    ids: dict[str, list[str]] = {}
    for line in lines:
        name, _, found = line.rpartition(":")
        ids.setdefault(name, []).append(found)
    held = {name for name, (one, other) in ids.items() if one == other}
    # What a module holds has one id; what carries a number has two.
    assert len(held) == 25
    assert len(ids) == 43
    same = {"staticmethod": "decorated", "staticmethod object": "nested"}
    for one, other in same.items():  # one function by two names
        assert ids.pop(one) == ids[other]
    texts = [text for found in ids.values() for text in dict.fromkeys(found)]
    assert len(set(texts)) == len(texts)


# What is refused, and what helps.


def make(fn: Any) -> Any:
    def on_click(event: ClickEvent) -> object:
        return fn(event.key)

    return on_click


REFUSED = {
    "random.random": "fn -> self cannot be part of an id: random.Random",
    "random.choice": "fn -> self cannot be part of an id: random.Random",
    "functools.singledispatch": "fn cannot be part of an id: builtins.function",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_the_variable_and_the_cure(name: str) -> None:
    text = f"from {name.rpartition('.')[0]} import {name.rpartition('.')[2]} as found"
    names: dict[str, Any] = {}
    exec(text, names)
    fn = names["found"]
    if name.startswith("operator"):
        fn = fn("key")
    if "single" in name:
        fn = fn(lambda event: None)
    with pytest.raises(UnstableCapture) as caught:
        Registry(captures="distinct").register(make(fn))
    error = str(caught.value)
    assert error.startswith(f"{__name__}.make.<locals>.on_click: {REFUSED[name]} ")
    assert "__handler_key__(self), or Identity(encoders={Class: function})." in error


# What is the same.


differing = Identity().difference


def test_a_cached_function_made_again_is_another() -> None:
    """It keeps what it returned."""

    def page() -> Any:
        @functools.cache
        def fetch(key: str) -> object:
            return object()

        return make(fetch)

    one, other = page(), page()
    assert handler_id(one, captures=True) == handler_id(other, captures=True)
    assert differing(one, other) == ("fn -> cache",)
    with Dispatcher(Registry(captures="distinct")).scope() as scope:
        assert len({scope.offer(fn) for fn in (one, other, one)}) == 2


def test_a_variable_of_a_cached_function_may_be_late() -> None:

    def page(scope: Scope) -> None:
        for row in ("a", "b"):

            @functools.cache
            def fetch(key: str) -> str:
                return row  # noqa: B023

            scope.offer(make(fetch))

    assert late_names(page) == ("fn -> row",)


def late_names(page: Callable[[Scope], None]) -> tuple[str, ...]:
    scope = Dispatcher(Registry(captures="distinct")).scope()
    page(scope)
    with pytest.raises(CapturesReplaced) as caught:
        scope.__exit__(None, None, None)
    return caught.value.names


def wrapper_of(fn: Any) -> Any:
    def wrapper(*args: object) -> object:
        return fn(*args)

    return functools.wraps(fn)(wrapper)


def test_a_late_variable_is_named_as_the_author_named_it() -> None:
    """Not by way of the variable of a decorator."""

    def page(scope: Scope) -> None:
        for row in ("a", "b"):

            @wrapper_of
            def on_click(event: ClickEvent) -> str:
                return row  # noqa: B023

            scope.offer(on_click)

    assert late_names(page) == ("row",)


# Attributes.


def on_module(event: ClickEvent) -> None: ...


def at(url: object) -> Any:
    def decorate(fn: Any) -> Any:
        fn.url = url
        return fn

    return decorate


def link(url: object) -> Any:
    def on_link(event: ClickEvent) -> object:
        return on_link.url  # type: ignore[attr-defined]

    return at(url)(on_link)


def test_attributes_of_functions_made_in_functions_are_captures() -> None:
    one, other = link("/a"), link("/b")
    assert handler_id(one) == handler_id(other)
    assert handler_id(one, captures=True) != handler_id(other, captures=True)
    assert handler_id(one, captures=True) == handler_id(link("/a"), captures=True)
    assert ".url" in differing(one, other)
    assert ".url" in differing(link([]), link([]))
    assert differing(link("/a"), link("/a")) == ()
    with pytest.raises(UnstableCapture):
        handler_id(link(object()), captures=True)


def test_attributes_that_wraps_copies_count_once() -> None:
    one, other = wrapper_of(link("/a")), wrapper_of(link("/b"))
    assert handler_id(one, captures=True) != handler_id(other, captures=True)
    again = wrapper_of(link("/a"))
    assert handler_id(one, captures=True) == handler_id(again, captures=True)
    names = [name for _, name, _ in take_apart(one).captures]
    assert names.count(".url") == 1
    one.url = "/c"
    assert handler_id(one, captures=True) != handler_id(again, captures=True)


def test_attributes_of_a_function_of_a_module_are_no_part_of_its_id() -> None:
    """A decorator registers it before its module holds it, and decorates it on."""
    names: dict[str, Any] = {"__name__": __name__, "at": at, "wrapper_of": wrapper_of}
    seen: list[str] = []

    def see(fn: Any) -> Any:
        seen.append(handler_id(fn, captures=True))
        return fn

    names["seen"] = see
    exec(
        "@seen\n@at(object())\ndef on_late(event): pass\n"
        "@wrapper_of\n@at(object())\ndef on_odd(event): pass",
        names,
    )
    assert seen == [handler_id(names["on_late"], captures=True)]
    on_late, before = names["on_late"], seen[0]
    on_late.url = "/b"
    assert handler_id(on_late, captures=True) == before
    assert handler_id(names["on_odd"], captures=True)


def test_attributes_tell_functions_of_a_module_apart() -> None:
    """A loop of a module makes a function again, under one name."""
    made = []
    for url in ("/a", "/b"):
        names: dict[str, Any] = globals()
        exec("def on_again(event): pass", names)
        made.append(at(url)(names["on_again"]))
    one, other = made
    assert handler_id(one, captures=True) == handler_id(other, captures=True)
    assert differing(one, other) == (".url",)
    del other.url
    assert differing(one, other) == differing(other, one) == (".url",)
    one.url = other.url = "/c"
    assert differing(one, other) == ()
    with Dispatcher(Registry(captures="distinct")).scope() as scope:
        assert scope.offer(one) == scope.offer(other)
        other.url = "/d"
        assert scope.offer(one) != scope.offer(
            at("/e")(made[0].__class__(one.__code__, globals(), "on_again"))
        )


def test_what_wraps_sets_is_no_attribute() -> None:
    def page() -> Any:
        def on_save(event: ClickEvent) -> None: ...

        return wrapper_of(on_save)

    fn = page()
    assert differing(fn, page()) == ()
    fn.__signature__ = fn.__wrapped__ = None
    assert ".__signature__" not in differing(fn, page())


def test_one_with_its_enclosing_code_and_one_without() -> None:
    """Of the same code twice, one is the same only as a cell."""
    text = "def make(x):\n def on(event): return x\n return on"
    made: list[Any] = []
    for _ in range(2):
        names: dict[str, Any] = {"__name__": __name__}
        exec(text, names)
        made.append(names.pop("make")(1) if made else names["make"](1))
    identity = Identity()
    for pair in (made, made[::-1]):
        assert identity.difference(*pair) == ("__globals__", "x")
