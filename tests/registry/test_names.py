"""Explicit names, and handlers that were renamed or moved: their ids are answered."""

from __future__ import annotations

import functools
import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from textwrap import dedent
from threading import Barrier
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Identity, InputEvent, Registry
from handlerid.errors import NameTaken, StaleHandler, UnknownHandler
from tests.support.fresh import run_fresh

HERE = __name__


def load(source: str, module: str = "app", **names: object) -> dict[str, Any]:
    """Runs the source of a module and returns its names."""
    found: dict[str, Any] = {"__name__": module, "ClickEvent": ClickEvent, **names}
    exec(dedent(source), found)
    return found


OLD = "def on_add(event: ClickEvent): return total(event.key)"
RENAMED = "def add_item(event: ClickEvent): return total(event.key)"
EDITED = "def add_item(event: ClickEvent): return sum(event.key)"


def test_a_name_stands_for_the_location() -> None:
    registry, elsewhere = Registry(), Registry()
    registry.handler(name="cart.add")(load(OLD)["on_add"])
    elsewhere.handler(name="cart.add")(load(RENAMED, "shop.cart")["add_item"])
    (one,), (other,) = registry, elsewhere
    assert one == other
    assert (one.module, one.qualname) == ("app", "on_add")
    assert (other.module, other.qualname) == ("shop.cart", "add_item")


def test_other_code_under_the_name_is_stale() -> None:
    one, other = Registry(), Registry()
    one.handler(name="cart.add")(load(OLD)["on_add"])
    other.handler(name="cart.add")(load(EDITED)["add_item"])
    with pytest.raises(StaleHandler):
        other.resolve(next(iter(one)))


def test_a_name_is_no_location() -> None:
    """A module and a function may together read like a name."""
    fn = load(OLD, "")["on_add"]
    fn.__module__, fn.__qualname__ = "", "x"
    registry = Registry()
    registry.handler(name="0-x")(fn)
    assert next(iter(registry)).location != Registry().register(fn).location


def test_a_function_made_again_has_a_name_if_it_is_given_one() -> None:
    registry = Registry(captures="allow")

    def make(value: object) -> Callable[[ClickEvent], object]:
        def on_click(event: ClickEvent) -> object:
            return value

        return on_click

    registry.handler(name="row")(make(1))
    (handler_id,) = registry
    assert registry.register(make(2)).location != handler_id.location
    registry.handler(name="row")(again := make(3))
    scope = registry.entries.child()
    assert scope.add(again).id == handler_id
    assert registry.resolve(handler_id).fn(ClickEvent()) == 3


def test_naming_a_handler_loses_no_open_page() -> None:
    fn = load(OLD)["on_add"]
    before = Registry().register(fn)
    registry = Registry()
    registry.handler(name="cart.add")(fn)
    assert registry.resolve(before).fn is fn
    assert before in registry
    assert before not in list(registry)
    assert len(registry) == 1


@pytest.mark.parametrize("fingerprint", ["bytecode", "source"])
def test_a_renamed_and_moved_handler_is_found(fingerprint: Any, tmp_path: Path) -> None:
    identity = Identity(fingerprint=fingerprint)

    def defined(source: str, module: str) -> Any:
        path = tmp_path / f"{module}.py"
        path.write_text(source)
        names: dict[str, Any] = {"__name__": module, "ClickEvent": ClickEvent}
        exec(compile(source, str(path), "exec"), names)
        return names[source.partition("(")[0].removeprefix("def ")]

    old_id = Registry(identity=identity).register(defined(OLD, "app"))
    registry = Registry(identity=identity)
    fn = defined(RENAMED, "cart")
    registry.handler(moved_from="app:on_add")(fn)
    assert registry.resolve(old_id).fn is fn
    edited = Registry(identity=identity)
    edited.handler(moved_from=["gone:x", "app:on_add"])(defined(EDITED, "shop"))
    with pytest.raises(StaleHandler) as caught:
        edited.resolve(old_id)
    assert caught.value.current[-1].qualname == "add_item"  # type: ignore[attr-defined]


def test_a_handler_that_had_another_name_is_found() -> None:
    registry, later = Registry(), Registry()
    registry.handler(name="add")(load(OLD)["on_add"])
    later.handler(name="cart.add", moved_from="add")(load(RENAMED)["add_item"])
    (old_id,) = registry
    assert later.resolve(old_id).fn.__name__ == "add_item"


def test_a_moved_partial_and_a_moved_wrapper_are_found() -> None:
    source = """
        import functools
        def plain(fn):
            @functools.wraps(fn)
            def wrapper(*args):
                return fn(*args)
            return wrapper
        @plain
        def {name}(unit, event=None): return unit
    """
    old = load(source.format(name="on_add"))["on_add"]
    new = load(source.format(name="add_item"), "shop")["add_item"]
    registry = Registry()
    registry.handler(moved_from="app:on_add")(partial(new, 2))
    old_id = Registry().register(partial(old, 2))
    assert registry.resolve(old_id).fn(None) == 2
    with pytest.raises(StaleHandler):
        registry.resolve(Registry().register(partial(old, 3)))


def test_a_moved_handler_is_called_through_the_old_id() -> None:
    registry = Registry()
    registry.handler(moved_from="app:on_add")(load(RENAMED, total=len)["add_item"])
    old_id = Registry().register(load(OLD)["on_add"])
    assert Dispatcher(registry).dispatch({"handler": old_id, "key": "abc"}) == 3


def test_an_old_location_is_written_as_the_source_was() -> None:
    """Python normalises identifiers: the micro sign becomes a Greek letter."""
    micro = "\N{MICRO SIGN}"
    old = load(f"def {micro}_add(event): return 1")["\N{GREEK SMALL LETTER MU}_add"]
    old_id = Registry().register(old, ClickEvent)
    for place in (f"app:{micro}_add", f"app:{old.__qualname__}"):
        for moved_from in (place, [place], ("other:x", place)):
            registry = Registry(stale="accept")
            decorated = registry.handler(moved_from=moved_from, event=ClickEvent)
            decorated(load("def moved(event): return 2")["moved"])
            assert Dispatcher(registry).dispatch({"handler": old_id}) == 2


def test_an_explicit_name_is_compared_as_it_was_written() -> None:
    registry = Registry()
    named = Registry()
    named.handler(name="\N{MICRO SIGN}")(load(OLD)["on_add"])
    (named_id,) = named
    registry.handler(moved_from="\N{GREEK SMALL LETTER MU}")(load(RENAMED)["add_item"])
    with pytest.raises(UnknownHandler):
        registry.resolve(named_id)


def test_two_handlers_that_claim_one_name() -> None:
    registry = Registry()
    registry.handler(name="cart.add")(load(OLD)["on_add"])
    with pytest.raises(NameTaken) as caught:
        registry.handler(name="cart.add")(load(RENAMED, "shop")["add_item"])
    assert str(caught.value) == (
        "two handlers have the name 'cart.add': app.on_add and shop.add_item; "
        "give one of them another"
    )
    assert len(registry) == 1


def test_a_reloaded_module_may_claim_its_name_again() -> None:
    registry = Registry(captures="refuse")
    module = load(OLD)
    registry.handler(name="cart.add")(module["on_add"])
    for code in (OLD, OLD.replace("return", "x = 1; return")):
        exec(code, module)
        registry.handler(name="cart.add")(module["on_add"])
    found = [registry.resolve(one).fn for one in registry]
    assert found[-1] is module["on_add"]
    assert len({one.location for one in registry}) == 1


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a" * 201, "<x>", "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a handler's name"):
        Registry().handler(name=name)(load(OLD)["on_add"])


@pytest.mark.parametrize("place", ["", "a:b:c", ":b", "a:", "a b"])
def test_what_is_no_location_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="is not a location: write module:qualname"):
        Registry().handler(moved_from=[place])(load(OLD)["on_add"])


def test_named_ids_are_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        dedent("""
        from handlerid import Registry
        registry = Registry()
        @registry.handler(name="cart.add", moved_from="old:on_add")
        def add_item(event): return {"a", "b", event.key}
        print(*registry.entries.ids(add_item, None)[0])
        """)
    )
    first = run_fresh("-c", "import shop", path=tmp_path, seed="1")
    assert run_fresh("-c", "import shop", path=tmp_path, seed="2") == first
    assert len(first.split()) == 3


def test_a_function_has_one_name() -> None:
    def on_one(event: ClickEvent) -> None: ...

    registry = Registry()
    registry.handler(name="first")(on_one)
    registry.handler(name="first", moved_from="shop:old")(on_one)
    with pytest.raises(NameTaken) as caught:
        registry.handler(name="second")(on_one)
    assert "has the name 'first'" in str(caught.value)
    registry.handler(moved_from="shop:older")(on_one)  # it keeps its name
    assert [one.location for one in registry] == [registry.register(on_one).location]


def test_a_name_is_free_when_its_function_is_gone() -> None:
    registry = Registry()

    def make(name: str) -> None:
        def on_one(event: ClickEvent) -> None: ...

        registry.entries.child()
        registry.handler(name=name)(on_one)

    def on_other(event: ClickEvent) -> None: ...

    make("first")
    with pytest.raises(NameTaken):
        registry.handler(name="first")(on_other)
    registry.forget(__name__)
    gc.collect()
    registry.handler(name="first")(on_other)


def test_a_factory_gives_one_code_several_names() -> None:
    registry = Registry()

    def link(label: str) -> Any:
        @registry.handler(name=label)
        def follow(event: ClickEvent) -> str:
            return label

        return follow

    made = {label: link(label) for label in ("tea", "coffee")}
    found = [registry.resolve(one).fn for one in registry]
    assert [fn(ClickEvent()) for fn in found] == ["tea", "coffee"]
    assert [registry.register(fn) for fn in made.values()] == list(registry)
    again = link("tea")  # rendered again: the last one answers
    assert len(registry) == 2
    assert registry.resolve(registry.register(again)).fn is again


def test_a_name_leads_through_wrappers_partials_and_methods() -> None:
    registry = Registry()

    @registry.handler(name="save")
    def save(event: ClickEvent) -> str:
        return "saved"

    @functools.wraps(save)
    def wrapper(event: ClickEvent) -> str:
        return save(event)

    class Page:
        def on_save(self, event: ClickEvent) -> str:
            return "page"

    location = registry.register(save).location
    assert registry.register(wrapper).location == location
    assert registry.register(functools.partial(wrapper)).location == location
    page = Page()
    registry.handler(name="page.save")(page.on_save)
    method = registry.register(page.on_save)
    assert (
        method.location == registry.register(functools.partial(page.on_save)).location
    )
    assert method.location != location


def test_two_functions_at_one_location_have_their_own_names(tmp_path: Path) -> None:
    """As views under ``@route``; another server answers each."""
    (tmp_path / "shop.py").write_text(
        dedent("""
        from handlerid import ClickEvent, Dispatcher, Registry
        registry, routes = Registry(), {}
        def route(path, **how):
            def decorate(fn):
                routes[path] = registry.handler(event=ClickEvent, **how)(fn)
                return fn
            return decorate
        @route("/pay", name="pay", stale="refuse")
        def post(event): return "paid"
        @route("/note", name="note", stale="accept")
        def post(event): return "noted"
        app = Dispatcher(registry)
        """)
    )
    show = "import shop as s; print(*[s.app.scope().offer(x, s.ClickEvent) for x in "
    show += "s.routes.values()])"
    pay, note = run_fresh("-c", show, path=tmp_path).split()
    click = "import shop, sys; print(shop.app.dispatch({'handler': sys.argv[1]}))"
    assert run_fresh("-c", click, pay, path=tmp_path).strip() == "paid"
    assert run_fresh("-c", click, note, path=tmp_path).strip() == "noted"


def test_names_given_at_each_rendering_do_not_add_up() -> None:
    registry = Registry(captures="allow")
    made: list[weakref.ref[Any]] = []

    def render(number: int) -> None:
        @registry.handler(name="row", moved_from="app:row")
        def on_row(event: ClickEvent) -> int:
            return number

        made.append(weakref.ref(on_row))

    for number in range(1000):
        render(number)
    assert len(registry) == 1
    (handler_id,) = registry
    assert registry.resolve(handler_id).fn(ClickEvent()) == 999
    gc.collect()
    assert [one() is None for one in made] == [True] * 999 + [False]
    naming = weakref.ref(registry.entries.names.of(registry.resolve(handler_id).fn))
    registry.forget(__name__)
    gc.collect()
    assert naming() is None


def test_decorated_twice_for_two_events_nothing_is_lost() -> None:
    for first, last in ((0, 1), (1, 0)):
        registry = Registry()
        events = (ClickEvent, InputEvent)
        said: list[dict[str, Any]] = [{"moved_from": "app:old", "stale": "accept"}, {}]

        def save(event: ClickEvent | InputEvent) -> None: ...

        for one in (first, last):
            registry.handler(event=events[one], name="save", **said[one])(save)
        naming = registry.entries.names.of(save)
        assert naming is not None
        assert (naming.name, naming.stale) == ("save", "accept")
        assert "app:old" in naming.before
        assert len({one.location for one in registry}) == 1


def plain_wrapper(fn: Any) -> Any:
    def inner(event: ClickEvent) -> object:
        return fn(event)

    return inner


def with_wraps(fn: Any) -> Any:
    return functools.wraps(fn)(plain_wrapper(fn))


class Shop:
    def save(self, event: ClickEvent) -> str:
        return "method"

    @classmethod
    def of_class(cls, event: ClickEvent) -> str:
        return "class"

    @staticmethod
    def static(event: ClickEvent) -> str:
        return "static"

    def __call__(self, event: ClickEvent) -> str:
        return "call"


def saves(event: ClickEvent) -> str:
    return "function"


def same(fn: Any) -> Any:
    return fn


FORMS: list[Callable[[Any], Any]] = [same, with_wraps, partial]
FORMS += [lambda fn: with_wraps(with_wraps(fn)), lambda fn: partial(with_wraps(fn))]


@pytest.mark.parametrize("offered", range(len(FORMS)))
@pytest.mark.parametrize("named", range(len(FORMS)))
@pytest.mark.parametrize(
    "fn",
    [saves, Shop().save, Shop.of_class, Shop.static, Shop()],
    ids=["function", "method", "of_class", "static", "object"],
)
def test_a_name_is_that_of_all_that_lead_to_its_function(
    fn: Any, named: int, offered: int
) -> None:
    """The decorator stands above the wrapper, or the wrapper above the decorator."""
    registry = Registry()
    registry.handler(name="shop.save")(FORMS[named](fn))
    handler_id = registry.register(FORMS[offered](fn))
    assert handler_id.location == next(iter(registry)).location
    assert handler_id.location != Registry().register(FORMS[offered](fn)).location
    assert registry.resolve(handler_id).fn(ClickEvent()) == fn(ClickEvent())
    with pytest.raises(NameTaken, match="and a function has one"):
        registry.handler(name="other")(FORMS[offered](fn))


def test_a_wrapper_without_wraps_is_a_function_of_its_own() -> None:
    registry = Registry()
    registry.handler(name="save")(saves)
    wrapped = plain_wrapper(saves)
    assert registry.entries.names.of(wrapped) is None
    registry.handler(name="guarded")(wrapped)
    assert [registry.register(fn) for fn in (saves, wrapped)] == list(registry)


def test_wraps_of_attributes_copies_no_name() -> None:
    """``wraps`` copies ``__dict__``, so no name stands there."""
    registry = Registry()
    before = dict(vars(saves))
    registry.handler(name="save", stale="accept")(saves)
    assert vars(saves) == before


def test_stale_belongs_to_the_function() -> None:
    """Of two at one location, only the one that said it answers stale ids."""
    registry = Registry()
    posts: dict[str, Any] = {}
    for name, stale in (("pay", "refuse"), ("note", "accept")):
        posts[name] = load(f"def post(event): return {name!r}")["post"]
        how: Any = stale
        registry.handler(name=name, stale=how)(posts[name])
    old = Registry()
    for name in posts:
        old.handler(name=name)(load(f"def post(event): return 'old', {name!r}")["post"])
    pay, note = old
    with pytest.raises(StaleHandler):
        registry.resolve(pay)
    assert registry.resolve(note).fn is posts["note"]


def test_a_module_is_forgotten_by_the_name_that_ids_have() -> None:
    registry = Registry(identity=Identity(module_name={"page_1": "page"}.get))
    old = load(OLD, "page_1")["on_add"]
    registry.handler(name="cart.add")(old)
    (gone,) = registry.forget("page_1")
    assert gone.module == "page"
    registry.handler(name="cart.add")(load(RENAMED, "shop")["add_item"])
    registry.handler(name="other")(old)


def test_a_name_is_free_again_without_forget() -> None:
    """A scope that is gone takes its functions with it."""
    registry = Registry()
    names = registry.entries.names

    def claim(fn: Any) -> None:
        names.claim(fn, registry.identity.handler_id(fn), "page", (), None)

    claim(first := load(OLD)["on_add"])
    other = load(RENAMED, "shop")["add_item"]
    with pytest.raises(NameTaken):
        claim(other)
    del first
    gc.collect()
    claim(other)


def test_a_name_that_was_refused_is_not_kept() -> None:
    registry = Registry()
    registry.handler(name="cart.add")(load(OLD)["on_add"])
    other = load(RENAMED, "shop")["add_item"]
    with pytest.raises(NameTaken):
        registry.handler(name="cart.add")(other)
    assert registry.entries.names.of(other) is None
    registry.handler(name="cart.more")(other)


def test_a_name_is_taken_while_any_of_its_functions_lives() -> None:
    registry = Registry()

    def make(value: int) -> Any:
        def on_row(event: ClickEvent) -> int:
            return value

        return on_row

    first = make(1)
    for fn in (first, make(2)):  # the second is gone at once
        here = registry.identity.handler_id(fn)
        registry.entries.names.claim(fn, here, "row", (), None)
    del fn
    gc.collect()
    with pytest.raises(NameTaken):
        registry.handler(name="row")(load(OLD)["on_add"])


@pytest.fixture
def often() -> Iterator[None]:
    """Threads change after few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("often")
def test_threads_that_name_handlers_at_once() -> None:
    registry = Registry(captures="allow")
    start, labels = Barrier(8), [*map(str, range(50))]

    def make(label: str) -> Any:
        def on_row(event: ClickEvent) -> str:
            return label

        return on_row

    def render(number: int) -> list[str]:
        others = [load(OLD, f"module_{number}")["on_add"] for _ in labels]
        claimed = []
        for label, other in zip(labels, others, strict=True):
            start.wait()
            registry.handler(name=f"row.{label}")(make(label))
            try:
                registry.handler(name=f"one.{label}")(other)
            except NameTaken:
                continue
            claimed.append(label)
        return claimed

    with ThreadPoolExecutor(8) as threads:
        claimed = [*threads.map(render, range(8))]
    assert sorted(label for found in claimed for label in found) == sorted(labels)
    for one in registry:
        fn: Any = registry.resolve(one).fn
        naming = registry.entries.names.of(fn)
        assert naming is not None
        if one.qualname != "on_add":
            assert naming.name == f"row.{fn(ClickEvent())}"
    assert len(registry) == 100
