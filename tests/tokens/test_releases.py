"""Tokens of one release on a server of another: guards, classes, what is hidden."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    HandlerId,
    Identity,
    Registry,
    Tokens,
)
from handlerid.errors import GoneHandler, HandlerIdError, StaleHandler
from tests.tokens.support import KEY

COMMON = """
from dataclasses import dataclass
from enum import Flag
from functools import partial, wraps
from typing import Annotated, Any, Callable, Literal, NamedTuple, NewType
from handlerid import ClickEvent
from handlerid.errors import NotAllowed

def admin_only(fn):
    @wraps(fn)
    def guard(*_):
        raise NotAllowed("admins only")
    return guard

def admin_only_without_wraps(fn):
    def guard(event: ClickEvent):
        raise NotAllowed("admins only")
    return guard

def link(value):
    def on_click(event):
        return value
    return on_click

def calling(fn):
    def on_click(event):
        return fn(event)
    return on_click
"""

Load = Callable[[str], ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    numbers = itertools.count()

    def make(source: str) -> ModuleType:
        path = tmp_path / str(next(numbers)) / "released.py"
        path.parent.mkdir()
        path.write_text(COMMON + textwrap.dedent(source), "utf-8")
        monkeypatch.syspath_prepend(path.parent)
        monkeypatch.delitem(sys.modules, "released", raising=False)
        return __import__("released")

    return make


def server(module: ModuleType, **options: Any) -> Dispatcher:
    registry = Registry(captures=options.pop("captures", "carry"))
    registry.scan(module)
    return Dispatcher(registry, tokens=Tokens(KEY, **options))


def offer(dispatcher: Dispatcher, fn: Callable[..., object]) -> str:
    with dispatcher.scope(audience="bob") as scope:
        return scope.offer(fn, ClickEvent)


def click(dispatcher: Dispatcher, token: str) -> object:
    return dispatcher.dispatch({"handler": token}, audience="bob")


def check(
    load: Load, one: str, two: str, handler: str, error: type[Exception] | None
) -> None:
    """The old release answers its token; the new one refuses it, or answers too."""
    first = load(one)
    token = offer(server(first), eval(handler, vars(first)))
    click(server(load(one)), token)
    newer = server(load(two))
    if error is None:
        click(newer, token)
    else:
        with pytest.raises(error) as caught:
            click(newer, token)
        assert isinstance(caught.value, HandlerIdError)
        assert caught.value.reload


DELETE = "def delete(event: ClickEvent): return 'deleted'\n"
BARE = "def delete(event): return 'deleted'\n"
ORDER = """
@dataclass
class Order:
    number: int
    def confirm(self, event): return self.number
    @classmethod
    def all(cls, event): return cls.__name__
    @staticmethod
    def none(event): return 0
    def __call__(self, event): return self.number
@dataclass
class Express(Order):
    pass
"""
GUARDED = "    @admin_only\n    def confirm(self, event): return 0\n"
GUARDED_ALL = "    @classmethod\n    @admin_only\n    def all(cls, event): return 0\n"

# The release of before, the one with the guard, the handler that is offered.
GUARDS: dict[str, tuple[str, str, str, type[Exception]]] = {
    "a function": (DELETE, f"@admin_only\n{DELETE}", "delete", StaleHandler),
    "without wraps": (
        *(DELETE, f"@admin_only_without_wraps\n{DELETE}", "delete"),
        GoneHandler,
    ),
    "now a helper": (
        *(DELETE, f"{BARE}@admin_only\ndef safe(event: ClickEvent): delete(event)\n"),
        *("delete", GoneHandler),
    ),
    "removed": (DELETE, "", "delete", GoneHandler),
    "not registered": (BARE, f"@admin_only\n{BARE}", "delete", StaleHandler),
    "captured": (DELETE, f"@admin_only\n{DELETE}", "calling(delete)", StaleHandler),
    "in a partial": (
        *("def pick(row, event): return row\n",),
        *("@admin_only\ndef pick(row, event): return row\n",),
        *("partial(pick, 3)", StaleHandler),
    ),
    "held inside another object": (
        *(f"{BARE}keep = delete\ndelete = [keep]\n",),
        *(f"@admin_only\n{BARE}keep = delete.__wrapped__\n", "keep", StaleHandler),
    ),
    "a method": (
        *(ORDER, ORDER.replace("    def confirm", "    @admin_only\n    def confirm")),
        *("Order(3).confirm", StaleHandler),
    ),
    "a method that is overridden": (
        *(ORDER, ORDER.replace("    pass\n", GUARDED)),
        *("Express(3).confirm", StaleHandler),
    ),
    "a captured method that is overridden": (
        *(ORDER, ORDER.replace("    pass\n", GUARDED)),
        *("calling(Express(3).confirm)", StaleHandler),
    ),
    "a class method": (
        *(ORDER, ORDER.replace("    pass\n", GUARDED_ALL)),
        *("Express.all", StaleHandler),
    ),
    "a static method": (
        *(ORDER, ORDER.replace("def none", "@admin_only\n    def none")),
        *("Order.none", StaleHandler),
    ),
    "a callable object": (
        *(ORDER, ORDER.replace("def __call__", "@admin_only\n    def __call__")),
        *("Order(3)", StaleHandler),
    ),
}


@pytest.mark.parametrize("name", GUARDS)
def test_no_token_loses_a_guard(load: Load, name: str) -> None:
    check(load, *GUARDS[name])


# Captured values of a function that its module holds: its defaults.
DEFAULTS: dict[str, tuple[str, str]] = {
    "a function": ("def buy(event: ClickEvent, count=1): return count\n", "buy"),
    "not registered": ("def buy(event, count=1): return count\n", "buy"),
    "by keyword": ("def buy(event, *, count=1): return count\n", "buy"),
    "in a partial": ("def buy(row, event, count=1): ...\n", "partial(buy, 3)"),
    "of a method": (
        *("@dataclass\nclass Shop:\n    def buy(self, event, count=1): ...\n",),
        "Shop().buy",
    ),
    "of a static method": (
        *("class Shop:\n    @staticmethod\n    def buy(event, count=1): ...\n",),
        "Shop.buy",
    ),
    "of a wrapper": (
        """
def loud(fn):
    @wraps(fn)
    def inner(event, count=1): return fn(event)
    return inner
@loud
def buy(event): return 1
""",
        "buy",
    ),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_no_token_gets_another_default(load: Load, name: str) -> None:
    source, handler = DEFAULTS[name]
    check(load, source, source.replace("count=1", "count=2"), handler, StaleHandler)
    check(load, source, f"# another line\n{source}", handler, None)


def test_a_lambda_that_the_registry_knows_in_a_wrapper(load: Load) -> None:
    first = load("delete = lambda event: 1\n")
    token = offer(server(first), first.delete)
    newer = server(second := load("delete = admin_only(lambda event: 1)\n"))
    newer.registry.handler(event=ClickEvent)(second.delete)
    with pytest.raises(StaleHandler):
        click(newer, token)


RECORD = "@dataclass\nclass Record:\n    one: int\n    two: str = 'x'\n"
PAIR = "class Record(NamedTuple):\n    one: int\n    two: str = 'x'\n"
RIGHTS = "class Right(Flag):\n    READ = 1\n    WRITE = 2\n"
ALIAS = "Amount = int\n@dataclass\nclass Record:\n    one: 'list[Amount] | None'\n"


def typed(text: str) -> str:
    return RECORD.replace("int", text)


SHAPES: dict[str, tuple[str, str, str, type[Exception] | None]] = {
    "the same": (RECORD, RECORD, "Record(1)", None),
    "another default": (RECORD, RECORD.replace("'x'", "'y'"), "Record(1)", None),
    "another method": (RECORD, f"{RECORD}    def more(self): ...\n", "Record(1)", None),
    "another name": (RECORD, RECORD.replace("one", "uno"), "Record(1)", StaleHandler),
    "another order": (
        *("@dataclass\nclass Record:\n    one: int\n    two: int\n",),
        *("@dataclass\nclass Record:\n    two: int\n    one: int\n",),
        *("Record(1, 2)", StaleHandler),
    ),
    "another type": (RECORD, typed("float"), "Record(1)", StaleHandler),
    "an optional type": (RECORD, typed("int | None"), "Record(1)", StaleHandler),
    "members": (typed("list[int]"), typed("list[str]"), "Record([])", StaleHandler),
    "a literal": (typed("Literal[1]"), typed("Literal[2]"), "Record(1)", StaleHandler),
    "a callable": (
        *(typed("Callable[[int], Any]"), typed("Callable[[str], Any]")),
        *("Record(None)", StaleHandler),
    ),
    "metadata": (
        *(typed("Annotated[int, 1]"), typed("Annotated[int, 2]")),
        *("Record(1)", StaleHandler),
    ),
    "metadata without form": (
        *(typed("Annotated[int, object()]"), typed("Annotated[int, object()]")),
        *("Record(1)", None),
    ),
    "a new type": (
        *(
            f"U = NewType('U', int)\n{typed('U')}",
            f"U = NewType('U', str)\n{typed('U')}",
        ),
        *("Record(1)", StaleHandler),
    ),
    "an alias in a text": (
        *(ALIAS, ALIAS.replace("= int", "= float"), "Record(None)", StaleHandler),
    ),
    "an alias that names itself": (
        *((f"Json = 'list[Json] | int'\n{typed('Json')}",) * 2),
        *("Record(1)", None),
    ),
    "a text that names nothing": (
        *(typed("'Missing'"), typed("'Other'"), "Record(1)", StaleHandler),
    ),
    "a check": (
        *(RECORD, f"{RECORD}    def __post_init__(self): assert self.one < 3\n"),
        *("Record(5)", StaleHandler),
    ),
    "another check of a base": (
        *("@dataclass\nclass Base:\n    no: int\n    def __post_init__(self): ...\n",),
        *("@dataclass\nclass Base:\n    no: int\n    def __post_init__(self): 1/0\n",),
        *("Base(5)", StaleHandler),
    ),
    "an __init__": (
        *("@dataclass(init=False)\nclass Record:\n    one: int = 1\n",),
        *("@dataclass(init=False)\nclass Record:\n    one: int = 1\n",),
        *("Record()", None),
    ),
    "an __init__ that checks": (
        *("@dataclass(init=False)\nclass Record:\n    one: int = 1\n",),
        (
            "@dataclass(init=False)\nclass Record:\n    one: int = 1\n"
            "    def __init__(self): assert False\n"
        ),
        *("Record()", StaleHandler),
    ),
    "a named tuple": (PAIR, PAIR, "Record(1)", None),
    "a type of a named tuple": (
        *(PAIR, PAIR.replace("int", "float"), "Record(1)", StaleHandler),
    ),
    "a flag": (RIGHTS, f"{RIGHTS}    SHARE = 4\n", "Right.READ | Right.WRITE", None),
    "a flag of no bits": (RIGHTS, RIGHTS, "Right(0)", None),
    "other bits of a flag": (
        *(RIGHTS, RIGHTS.replace("READ = 1", "READ = 4\n    SHARE = 1")),
        *("Right.READ | Right.WRITE", StaleHandler),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_class_of_another_shape_is_stale(load: Load, name: str) -> None:
    one, two, value, error = SHAPES[name]
    check(load, one, two, f"link({value})", error)


# What encryption hides.


def guesses(identity: Identity, load: Load) -> dict[str, str]:
    module = load("")
    handlers = {f"{pin:04}": module.link(f"{pin:04}") for pin in range(0, 9999, 101)}
    return {
        identity.handler_id(fn, ClickEvent, captures=True): pin
        for pin, fn in handlers.items()
    }


@pytest.mark.parametrize("captures", ["carry", "distinct"])
def test_encrypted_captures_cannot_be_guessed(load: Load, captures: str) -> None:
    page = server(module := load(""), encrypt=True, captures=captures)
    tokens = {offer(page, module.link("0404")) for _ in range(20)}
    in_page = {HandlerId.parse(one[3:].rsplit(".", 2)[0]) for one in tokens}
    known = guesses(Identity(), load)
    assert "0404" in known.values()
    assert not in_page & known.keys()
    assert {x.captures for x in in_page} == {""}  # nor linked to each other
    if captures == "carry":
        assert {click(server(module, encrypt=True), one) for one in tokens} == {"0404"}
    for one in tokens:
        held = page.scope(audience="bob")
        held.register(module.link("0404"), ClickEvent)
        payload = {"handler": one}
        assert page.dispatch(payload, audience="bob", scope=held) == "0404"


def test_encrypted_bound_arguments_cannot_be_guessed(load: Load) -> None:
    module = load("def pick(row, event): return row\n")
    page = server(module, encrypt=True, captures="warn")
    token = offer(page, module.partial(module.pick, "0404"))
    bound = Identity().handler_id(module.partial(module.pick, "0404"), ClickEvent)
    assert bound.captures not in token
    with pytest.raises(GoneHandler):
        click(page, token)
    with page.scope(audience="bob") as scope:
        scope.offer(module.partial(module.pick, "0404"), ClickEvent)
    answered = page.dispatch({"handler": token}, audience="bob", scope=scope)
    assert answered == "0404"


# Values that come back as they were.


@pytest.mark.parametrize(
    "zone", [timezone(timedelta(0), "UTC"), timezone(timedelta(0)), UTC]
)
def test_a_zone_comes_back_as_it_was(load: Load, zone: timezone) -> None:
    page = server(module := load(""))
    when = datetime(2024, 5, 1, tzinfo=zone)
    made: Any = click(server(module), offer(page, module.link(when)))
    assert repr(made) == repr(when)
    assert (made.tzinfo is UTC) is (zone is UTC)
