"""New code in a registered function, as reloads and debuggers put it there.

What was hashed is compared when a handler is found: an old page never runs new code.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    Identity,
    Registry,
    Scope,
    Tokens,
)
from handlerid.errors import StaleHandler

SOURCE = """
import functools
from handlerid import ClickEvent

def plain(event: ClickEvent): return "{0}"

def price(event: ClickEvent, of=1): return "{0}", of

def guard(fn):
    @functools.wraps(fn)
    def inner(event: ClickEvent):
        return "{1}", fn(event)
    return inner

def unmarked(fn):
    def inner(event: ClickEvent): return fn(event)
    return inner

@guard
def guarded(event: ClickEvent): return "{0}"

def row(number):
    def on_row(event: ClickEvent): return "{0}", number
    return on_row

def run(fn, event: ClickEvent): return fn(event)

class Cart:
    key = 1
    def __handler_key__(self): return self.key
    def add(self, event: ClickEvent): return "{0}"
    @classmethod
    def empty(cls, event: ClickEvent): return "{0}"
    @staticmethod
    def show(event: ClickEvent): return "{0}"
    def __call__(self, event: ClickEvent): return "{0}"
"""


def source(body: str, wrapper: str) -> str:
    return SOURCE.replace("{0}", body).replace("{1}", wrapper)


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "function": lambda m: m.plain,
    "closure": lambda m: m.row(1),
    "wrapped": lambda m: m.guarded,
    "partial": lambda m: functools.partial(m.price, of=2),
    "partial of a closure": lambda m: functools.partial(m.row(1)),
    "function in a partial": lambda m: functools.partial(m.run, m.plain),
    "method": lambda m: m.Cart().add,
    "partial of a method": lambda m: functools.partial(m.Cart().add),
    "class method": lambda m: m.Cart.empty,
    "static method": lambda m: m.Cart.show,
    "callable object": lambda m: m.Cart(),
    "cached": lambda m: functools.cache(lambda: m.plain(None)).__wrapped__,
}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module, as ``import`` makes it."""
    module = ModuleType("replaced_shop")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(source("old", "in"), "replaced_shop.py", "exec"), vars(module))
    return module


def edited(*texts: str) -> dict[str, CodeType]:
    """Return the code of all functions of the module after an edit, by name."""
    found, todo = {}, [compile(source(*texts), "replaced_shop.py", "exec")]
    for one in todo:
        todo += [x for x in one.co_consts if type(x) is CodeType]
        found[one.co_qualname] = one
    return found


def replace(
    shop: ModuleType, *extra: Any, texts: tuple[str, ...] = ("new", "in")
) -> None:
    """Put new code into all functions, as jurigged and IPython's autoreload do."""
    codes = edited(*texts)
    todo: list[Any] = [*vars(shop).values(), *vars(shop.Cart).values(), *extra]
    for one in todo:
        fn = getattr(one, "__func__", getattr(one, "func", one))
        for layer in (fn, getattr(fn, "__func__", None), getattr(fn, "__wrapped__", 0)):
            if type(layer) is FunctionType and layer.__globals__ is vars(shop):
                layer.__code__ = codes[layer.__code__.co_qualname]


@pytest.mark.parametrize("captures", ["warn", "distinct"])
@pytest.mark.parametrize("where", ["registry", "scope", "scopes"])
@pytest.mark.parametrize("kind", [x for x in HANDLERS if x != "cached"])
def test_an_old_page_does_not_run_new_code(
    shop: ModuleType, kind: str, where: str, captures: Any
) -> None:
    app, fn = Dispatcher(Registry(captures=captures)), HANDLERS[kind](shop)
    scope = app.scope()
    holder = app.registry if where == "registry" else scope
    payload = {"handler": str(holder.register(fn))}
    given: dict[str, Any] = {"scope": {"scope": scope, "scopes": [scope]}.get(where)}
    app.dispatch(payload, **given)
    replace(shop, fn)
    with pytest.raises(StaleHandler):
        app.dispatch(payload, **given)
    with pytest.raises(StaleHandler):
        app.dispatch(payload, **given, rerender=lambda page: page.offer(fn) and None)
    # A reload shows the new code, in a scope or in the registry.
    again = app.scope()
    payload = {"handler": again.offer(fn)}
    assert "new" in str(app.dispatch(payload, scope=[again, scope]))
    if where == "registry":
        assert "new" in str(app.dispatch(payload)), "no other page loads it there"
        assert len(app.registry) == 1


@pytest.mark.parametrize("kind", HANDLERS)
def test_the_same_code_again_is_no_other(shop: ModuleType, kind: str) -> None:
    """A comment was edited: no page is reloaded for it."""
    app, fn = Dispatcher(Registry()), HANDLERS[kind](shop)
    payload = {"handler": str(app.registry.register(fn, ClickEvent))}
    replace(shop, fn, texts=("old", "in"))
    for _ in range(2):
        assert "old" in str(app.dispatch(payload))
    assert [*app.registry] == [payload["handler"]]


def test_code_that_is_put_back_answers_again(shop: ModuleType) -> None:
    app = Dispatcher(Registry())
    payload = {"handler": str(app.registry.register(shop.plain))}
    replace(shop)
    with pytest.raises(StaleHandler):
        app.dispatch(payload)
    replace(shop, texts=("old", "in"))
    assert app.dispatch(payload) == "old"


def test_the_code_of_a_wrapper_counts(shop: ModuleType) -> None:
    """A guard that a developer adds while the server runs is not passed by."""
    app = Dispatcher(Registry())
    payload = {"handler": str(app.registry.register(shop.guarded))}
    shop.guarded.__code__ = edited("old", "asked")["guard.<locals>.inner"]
    with pytest.raises(StaleHandler):
        app.dispatch(payload)


def test_a_function_that_distinct_ids_cover_counts(shop: ModuleType) -> None:
    """A handler without ``wraps`` captures the function that it calls."""
    for captures, stale in (("distinct", True), ("allow", False)):
        registry = Registry(captures=captures)  # type: ignore[arg-type]
        fn = shop.unmarked(shop.plain)
        payload = {"handler": str(registry.register(fn))}
        replace(shop, texts=(captures, "in"))
        if stale:
            with pytest.raises(StaleHandler):
                Dispatcher(registry).dispatch(payload)
        else:  # as a function that it finds in its module
            assert Dispatcher(registry).dispatch(payload) == captures


def test_names_places_and_keys(shop: ModuleType) -> None:
    registry = Registry(identity=Identity(keys=[b"new", b"old"]))
    registry.handler(name="save", moved_from="shop:old")(shop.plain)
    ids, *_ = registry.entries.ids(shop.plain, ClickEvent)
    app = Dispatcher(registry)
    assert [app.dispatch({"handler": str(one)}) for one in ids] == ["old"] * 6
    replace(shop)
    for one in ids:
        with pytest.raises(StaleHandler):
            app.dispatch({"handler": str(one)})
    new, *_ = registry.entries.ids(shop.plain, ClickEvent)
    assert [app.dispatch({"handler": str(one)}) for one in new] == ["new"] * 6


def test_stale_accept_answers_with_the_new_code(shop: ModuleType) -> None:
    app = Dispatcher(Registry(stale="accept"))
    payload = {"handler": str(app.registry.register(shop.plain))}
    replace(shop)
    assert app.dispatch(payload) == "new"


@pytest.mark.parametrize("kind", ["closure", "partial", "partial of a closure"])
def test_a_token_carries_no_code_that_was_replaced(shop: ModuleType, kind: str) -> None:
    registry = Registry(captures="carry")
    registry.scan(shop)
    app = Dispatcher(registry, tokens=Tokens(bytes(32)))

    def click(reference: str, scope: Scope | None = None) -> object:
        return app.dispatch({"handler": reference}, audience=None, scope=scope)

    def page() -> str:
        with app.scope(audience=None) as scope:
            return scope.offer(HANDLERS[kind](shop))

    old = page()
    assert click(old) == click(old)
    replace(shop)
    with pytest.raises(StaleHandler):
        click(old)
    assert "new" in str(click(page()))


def test_a_function_of_source_ids_is_stale(tmp_path: Any) -> None:
    """Its new code stands in no file that was read; nothing runs."""
    (tmp_path / "sourced.py").write_text(source("old", "in"))
    sys.path.insert(0, str(tmp_path))
    try:
        import sourced  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("sourced", None)
    registry = Registry(identity=Identity(fingerprint="source"))
    payload = {"handler": str(registry.register(sourced.plain))}
    sourced.plain.__code__ = edited("new", "in")["plain"]
    for _ in range(2):
        with pytest.raises(StaleHandler):
            Dispatcher(registry).dispatch(payload)
