"""Captured values of the library's, attrs' and msgspec's types, in every mode."""

from __future__ import annotations

import collections
import functools
import gc
import json
import logging
import operator
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handlerid import Dispatcher, Registry, Scope, Tokens
from handlerid.errors import (
    CapturesReplaced,
    HandlerIdError,
    StaleHandler,
    UnstableCapture,
)
from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.pyodide import run_pyodide
from tests.values import captured
from tests.values.captured import VALUES, link

SCRIPT = Path(captured.__file__)
# Where repr shows an address, or Python 3.14 and earlier write a union otherwise.
NO_REPR = {"Optional", "Union"}
MUTABLE = (
    *("append", "dict", "OrderedDict", "Counter", "defaultdict", "deque"),
    *("mappingproxy", "ChainMap", "SimpleNamespace", "attrs, hidden", "Struct"),
)


@pytest.fixture(scope="module")
def app() -> Dispatcher:
    registry = Registry(captures="carry")
    registry.scan(captured)
    registry.scan(sys.modules[__name__])
    return Dispatcher(registry, tokens=Tokens(bytes(32)))


def carried(app: Dispatcher, fn: Callable[..., object]) -> Any:
    """What another server's handler returns, rebuilt from its token."""
    with app.scope(audience=None) as scope:
        token = scope.offer(fn)
    del scope
    call = app.prepare({"handler": token, "key": ""}, audience=None)
    assert call.source == "token"
    return call.run()


def refused(app: Dispatcher, fn: Callable[..., object], mode: str = "carry") -> str:
    with pytest.raises(HandlerIdError) as caught:
        carried(app, fn)
    assert isinstance(caught.value, UnstableCapture)
    return str(caught.value).partition("cannot be carried: ")[2]


# The same id in every process, and another one where it behaves otherwise.


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_every_python_gives_the_same_id(version: str) -> None:
    if version in ("3.14", "3.15"):
        printed = run_pyodide(SCRIPT, version=version).stdout
    else:
        python = str(require_python(version))
        printed = run_fresh(str(SCRIPT), python=python, seed="7")
    here, there = captured.parts(), json.loads(printed)
    assert there == {name: here[name] for name in there}
    assert len(there) > 65


def test_what_behaves_otherwise_has_another_id() -> None:
    parts = captured.parts()
    assert len(set(parts.values())) == len(parts) == len(VALUES) > 75


# Carried.


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back_as_it_was(app: Dispatcher, name: str) -> None:
    value = VALUES[name]()
    back = carried(app, link(value))
    identity = app.registry.identity
    one, other = (identity.handler_id(link(x), captures=True) for x in (value, back))
    assert one == other
    if name not in NO_REPR and " at 0x" not in repr(value):
        assert (repr(back), type(back)) == (repr(value), type(value))


def test_one_object_stays_one(app: Dispatcher) -> None:
    rows = captured.Struct(1)
    counts = collections.Counter("ab")
    back = carried(app, link((rows, [rows], types.MappingProxyType(counts), counts)))
    assert back[1][0] is back[0]
    back[3]["a"] = 7
    assert back[2]["a"] == 7


def test_an_object_that_its_callback_captured_comes_back(app: Dispatcher) -> None:
    queue: collections.deque[object] = collections.deque(maxlen=3)
    cart = captured.Mutable(1, types.SimpleNamespace(queue=queue))
    queue.extend([1, link(cart)])
    back = carried(app, link(cart))
    assert back._hidden.queue[1](None) is back
    assert back._hidden.queue.maxlen == 3


def test_a_struct_that_its_callback_captured_is_refused(app: Dispatcher) -> None:
    made = captured.Struct(1)
    made.rows.append(link(made))
    assert "refers to itself" in refused(app, link(made))


def test_a_check_of_a_struct_runs_and_changes_nothing(app: Dispatcher) -> None:
    made = captured.Doubling(1, [], 3)
    assert (made.y, carried(app, link(made)).y) == (6, 6)


@pytest.mark.parametrize("fn", [eval, exec, open, __import__, getattr, gc.collect])
def test_a_function_that_could_do_anything_does_not_travel(
    app: Dispatcher, fn: Any
) -> None:
    text = "is written in C, and is no plain function of builtins, math or operator"
    assert text in refused(app, link(fn))
    # It has an id all the same.
    assert app.registry.identity.handler_id(link(fn), captures=True).captures


class Counts(collections.Counter[str]): ...


def stored() -> object:
    made = collections.Counter("a")
    made.note = "secret"  # type: ignore[attr-defined]
    return made


def not_held() -> object:
    return logging.Logger("not held")  # noqa: LOG001


NO_FORM: dict[str, tuple[Callable[[], object], str]] = {
    "subclass": (Counts, "Counts has no canonical form"),
    "stored": (stored, "collections.Counter stores more than its items"),
    "logger": (not_held, "is not what logging.getLogger returns for its name"),
    "factory": (
        lambda: collections.defaultdict([object()].copy),
        "builtins.object has no canonical form",
    ),
    "in a proxy": (lambda: types.MappingProxyType({1: object()}), "builtins.object"),
}


@pytest.mark.parametrize("name", NO_FORM)
def test_what_may_be_anything_is_refused(name: str) -> None:
    make, text = NO_FORM[name]
    scope = Dispatcher(Registry(captures="distinct")).scope()
    with pytest.raises(UnstableCapture) as caught, scope:
        scope.offer(link(make()))
    assert text in str(caught.value)
    assert "secret" not in str(caught.value)


# Warn: the same is what behaves the same.


@pytest.mark.parametrize("name", VALUES)
def test_warn_tells_what_is_the_same(name: str) -> None:
    one, other, dispatcher = VALUES[name](), VALUES[name](), Dispatcher(Registry())
    same = one is other or not (
        name.startswith(MUTABLE) or name in ("list", "attrs", "attrs, nested")
    )
    with warnings.catch_warnings(record=True) as caught, dispatcher.scope() as scope:
        warnings.simplefilter("always")
        assert scope.offer(link(one)) == scope.offer(link(other))
    kinds = [warning.category for warning in caught]
    assert kinds == ([] if same else [CapturesReplaced])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (len, max),
        ("x".upper, "y".upper),
        (operator.itemgetter(1), operator.itemgetter(True)),
        (logging.getLogger("a"), logging.getLogger("b")),
        (captured.FrozenStruct(x=1), captured.FrozenStruct(x=2)),
        (captured.InDict(x=1), captured.InDict(x=2)),
        (functools.partial(max, 1), functools.partial(max, 2)),
    ],
)
def test_warn_tells_what_differs(one: object, other: object) -> None:
    scope = Dispatcher(Registry()).scope()
    scope.offer(link(one))
    with pytest.warns(CapturesReplaced):
        scope.offer(link(other))


def offer_rows(scope: Scope) -> None:
    row = 1
    scope.offer(link(collections.deque([lambda: row])))
    row = 2


def test_a_callback_in_a_deque_may_change() -> None:
    scope = Dispatcher(Registry(captures="refuse")).scope()
    with pytest.raises(CapturesReplaced, match="row"), scope:
        offer_rows(scope)


# Two releases.

CLASSES = """
import attrs, msgspec
from handlerid import ClickEvent

CLASS

def link(value):
    def on_click(event: ClickEvent):
        return value
    return on_click
"""
STRUCT = "class Row(msgspec.Struct):\n    x: int\n"
ATTRS = "@attrs.define\nclass Row:\n    x: int = attrs.field()\n"
OTHERWISE = [
    (STRUCT, STRUCT, True),
    (STRUCT, STRUCT.replace("int", "str"), False),
    (STRUCT, STRUCT + "    def __post_init__(self): self.x += 1\n", False),
    (STRUCT, STRUCT + "    y: int = 0\n", False),
    (ATTRS, ATTRS, True),
    (ATTRS, ATTRS.replace("int", "str"), False),
    (ATTRS, ATTRS.replace("field()", "field(validator=attrs.validators.ge(0))"), False),
    (ATTRS, ATTRS.replace("field()", "field(converter=str)"), False),
    (ATTRS, ATTRS + "    def __attrs_post_init__(self): self.x += 1\n", False),
    (ATTRS, ATTRS + "    y: int = 0\n", False),
    (
        ATTRS.replace("field()", "field(validator=attrs.validators.ge(1))"),
        ATTRS.replace("field()", "field(validator=attrs.validators.ge(2))"),
        False,
    ),
]


@pytest.mark.parametrize(("before", "after", "same"), OTHERWISE)
def test_a_class_of_another_shape_is_stale(
    monkeypatch: pytest.MonkeyPatch, before: str, after: str, same: bool
) -> None:
    def release(text: str) -> tuple[Dispatcher, types.ModuleType]:
        module = types.ModuleType("shop_of_rows")
        monkeypatch.setitem(sys.modules, "shop_of_rows", module)
        code = compile(CLASSES.replace("CLASS", text), "shop_of_rows.py", "exec")
        exec(code, vars(module))
        registry = Registry(captures="carry")
        registry.scan(module)
        return Dispatcher(registry, tokens=Tokens(bytes(32))), module

    app, shop = release(before)
    with app.scope(audience=None) as scope:
        token = scope.offer(shop.link(shop.Row(5)))
    app, _ = release(after)
    if same:
        row: Any = app.dispatch({"handler": token}, audience=None)
        assert row.x == 5
    else:
        with pytest.raises(StaleHandler):
            app.dispatch({"handler": token}, audience=None)
