"""A Mesop application like any other: it knows nothing of handlerid.

One section a row of the table; a page of its own where a row may kill the page.
"""

import os
from functools import partial

import commented
import edited
import mesop as me
from shared import State, put


def counter(e: me.ClickEvent):
    state = me.state(State)
    state.count += 1
    put("counter", str(state.count))


def enter_or_click(e):
    put("shared", type(e).__name__)


def by_key(e: me.InputBlurEvent):
    setattr(me.state(State), e.key, e.value)
    put("form", me.state(State).name)


def go(e: me.ClickEvent):
    me.navigate(f"/{e.key}")


def generator(e: me.ClickEvent):
    put("generator", "one")
    yield
    put("generator", "two")
    yield


async def coroutine(e: me.ClickEvent):
    put("coroutine", "done")


async def async_generator(e: me.ClickEvent):
    put("async_generator", "one")
    yield
    put("async_generator", "two")
    yield


class Basket:
    def add(self, e: me.ClickEvent):
        put("method", "added")

    def remove(self, e: me.ClickEvent):
        put("method_of_new", "removed")

    def __call__(self, e: me.ClickEvent):
        put("callable_object", "called")


BASKET = Basket()


# Both stand on one line: that is the point.
one, two = (lambda e: put("lambdas", "first")), (lambda e: put("lambdas", "second"))


def logged(handler):
    def wrapper(e):
        handler(e)

    return wrapper


def wrapped_one(e: me.ClickEvent):
    put("wrappers", "first")


def wrapped_two(e: me.ClickEvent):
    put("wrappers", "second")


WRAPPERS = logged(wrapped_one), logged(wrapped_two)


def take(e: me.ClickEvent, item):
    put("partial", item)


def take_object(e: me.ClickEvent, item):
    put("partial_object", "called")


def take_all(e: me.ClickEvent, items):
    put("frozenset", " ".join(sorted(items)))


ITEMS = frozenset({"tea", "coffee", "milk", "water", "juice", "wine"})


def hash_seed(e: me.ClickEvent):
    put("hash_seed", "known" if e.key in {"tea", "coffee", "milk", "wine"} else "new")


def two_types(e):
    put("two_types", type(e).__name__)


def only_there(e: me.ClickEvent):
    put("unknown", "called")


def section(row):
    me.text(f"{row}={me.state(State).results.get(row, '')}")


@me.page(path="/")
def rows():
    section("counter")
    me.button("counter", on_click=counter)
    section("shared")
    me.input(label="shared", on_enter=enter_or_click)
    me.button("shared", on_click=enter_or_click)
    section("form")
    me.input(label="form", key="name", on_blur=by_key)
    section("generator")
    me.button("generator", on_click=generator)
    section("coroutine")
    me.button("coroutine", on_click=coroutine)
    section("async_generator")
    me.button("async_generator", on_click=async_generator)
    section("method")
    me.button("method", on_click=BASKET.add)
    section("method_of_new")
    me.button("method_of_new", on_click=Basket().remove)
    section("lambdas")
    me.button("lambdas first", on_click=one)
    me.button("lambdas second", on_click=two)
    section("wrappers")
    me.button("wrappers first", on_click=WRAPPERS[0])
    me.button("wrappers second", on_click=WRAPPERS[1])
    section("partial")
    me.button("partial tea", on_click=partial(take, item="tea"))
    me.button("partial coffee", on_click=partial(take, item="coffee"))
    section("frozenset")
    me.button("frozenset", on_click=partial(take_all, items=ITEMS))
    section("hash_seed")
    me.button("hash_seed", key="tea", on_click=hash_seed)
    section("two_types")
    me.input(label="two_types", on_blur=two_types, on_enter=two_types)
    section("comment")
    me.button("comment", on_click=commented.on_click)
    me.text(f"release={edited.WORD}")
    section("code")
    me.button("code", on_click=edited.on_click)
    me.button("navigate", key="arrived", on_click=go)


@me.page(path="/arrived")
def arrived():
    me.text("navigate=arrived")


def entry(name):
    def on_click(e: me.ClickEvent):
        put("loop", name)

    me.button(f"loop {name}", on_click=on_click)


@me.page(path="/loop")
def loop():
    section("loop")
    for name in ("first", "second"):
        entry(name)


@me.page(path="/unknown")
def unknown():
    section("unknown")
    me.button("counter", on_click=counter)
    if os.environ["TEST_SERVER"] == "first":
        me.button("unknown", on_click=only_there)


@me.page(path="/callable_object")
def callable_object():
    section("callable_object")
    me.button("callable_object", on_click=Basket())


EXECUTED = {"__name__": __name__, "put": put}
exec("def on_click(e):\n    put('executed', 'done')\n", EXECUTED)


@me.page(path="/executed")
def executed():
    section("executed")
    me.button("executed", on_click=EXECUTED["on_click"])


@me.page(path="/sourceless")
def sourceless():
    import only_pyc

    section("sourceless")
    me.button("sourceless", on_click=only_pyc.on_click)


@me.page(path="/partial_object")
def partial_object():
    section("partial_object")
    me.button("partial_object", on_click=partial(take_object, item=object()))
