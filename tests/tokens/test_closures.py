"""Closures as bytes within one process: values come back, limits hold, errors tell."""

from __future__ import annotations

import dataclasses
import functools
import gc
import math
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, Optional

import pytest

from handlerid import ClickEvent, Dispatcher, Identity, Registry, Tokens
from handlerid._registry.scan import CodeIndex
from handlerid._tokens import Closures
from handlerid.errors import (
    InvalidToken,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
    UnsupportedHandler,
)


def make_closures(identity: Identity | None = None, *modules: ModuleType) -> Closures:
    identity = identity or Identity()
    index = CodeIndex(identity)
    for module in modules or (sys.modules[__name__],):
        index.add(module)
    return Closures(identity, index)


def index_of(closures: Closures) -> CodeIndex:
    assert isinstance(closures.index, CodeIndex)
    return closures.index


def again(closures: Closures, fn: Callable[..., Any]) -> Any:
    handler_id = closures.identity.handler_id(fn, "click", captures=True)
    return closures.rebuild(handler_id, closures.pack(fn)).fn


def link(url: object) -> Callable[..., Any]:
    def on_click(event: object) -> object:
        return url

    return on_click


HANDLER = f"{__name__}.link.<locals>.on_click"


class Account:
    def __init__(self, number: int) -> None:
        self.number = number

    def open(self) -> None: ...


@dataclass
class Odd:
    number: int

    @functools.cached_property
    def double(self) -> int:
        return 2 * self.number


@dataclass
class Computed:
    number: int

    def __post_init__(self) -> None:
        self.square = self.number**2


@dataclass
class Unset:
    number: int = field(init=False)


class Plain:
    __slots__ = ("hidden",)


@dataclass(slots=True)
class Slotted(Plain):
    number: int


class Derived(Odd):
    pass


@dataclass
class Large:
    value: object

    def on_click(self, event: object) -> object:
        return self.value


class Text(str):
    __slots__ = ()


@dataclass(frozen=True)
class Frozen:
    number: int
    parts: tuple[object, ...] = ()


class Base:
    pass


@dataclass(frozen=True)
class FrozenOverPlain(Base):
    number: int


class Pair(NamedTuple):
    number: int


class WithAttributes(Pair):
    pass


# There and back.


@pytest.mark.parametrize("url", ["/a", 1, None, True, 1.5, [1], (1, "x"), -(2**63)])
def test_a_closure_comes_back_with_what_it_captured(url: object) -> None:
    fn = again(make_closures(), link(url))
    assert fn(None) == url
    assert type(fn(None)) is type(url)
    assert fn.__globals__ is globals()
    assert fn.__code__ is link("").__code__


@pytest.mark.parametrize(
    ("value", "check"),
    [
        (math.nan, math.isnan),
        ([math.nan], lambda held: math.isnan(held[0])),
        (-0.0, lambda held: math.copysign(1, held) == -1),
        (complex(0.0, -0.0), lambda held: math.copysign(1, held.imag) == -1),
        (1.0, lambda held: type(held) is float),
        (True, lambda held: held is True),
        pytest.param(10**5000, lambda held: held == 10**5000, id="huge"),
        ("\ud83d\ude00", lambda held: len(held) == 2),
        ({"b": 1, "a": 2}, lambda held: list(held) == ["b", "a"]),
    ],
)
def test_values_are_exact(value: object, check: Callable[[Any], bool]) -> None:
    assert check(again(make_closures(), link(value))(None))


def test_equal_handlers_have_equal_bytes() -> None:
    closures = make_closures()
    for value in ("/a", {"x", "y", 3}, [1, {"a": (Odd(1), link("x"))}]):
        assert closures.pack(link(value)) == closures.pack(link(value))


def test_a_handler_rebuilt_is_packed_alike() -> None:
    closures = make_closures()
    fn = functools.partial(link([Odd(1)]), "event")
    assert closures.pack(again(closures, fn)) == closures.pack(fn)


def test_a_cached_property_is_computed_anew() -> None:
    odd = Odd(2)
    assert odd.double == 4
    there = again(make_closures(), link(odd))(None)
    assert vars(there) == {"number": 2}
    assert there.double == 4


def test_a_list_that_holds_its_closure() -> None:
    ring: list[Any] = []

    def on_click(event: object) -> object:
        return ring

    ring.append(on_click)
    fn = again(make_closures(), on_click)
    assert fn(None)[0] is fn


def test_what_was_set_on_a_plain_function() -> None:
    def on_click(event: object, *, unit: str = "kg") -> str:
        return unit

    assert again(make_closures(), on_click)(None) == "kg"
    fn = link("x")
    fn.__qualname__ = "other.name"
    assert again(make_closures(), fn).__qualname__ == "other.name"
    fn = link("x")
    fn.__module__ = "shop.elsewhere"
    assert again(make_closures(), fn).__module__ == "shop.elsewhere"


def test_code_belongs_to_its_module() -> None:
    """The same code with other globals is another handler."""
    closures = make_closures()
    fn: Any = link("x")
    closures.pack(fn)
    elsewhere: dict[str, Any] = {"__name__": "elsewhere"}
    other = FunctionType(fn.__code__, elsewhere, None, None, fn.__closure__)
    with pytest.raises(UnsupportedHandler, match="no scanned module has the code of"):
        closures.pack(other)


def test_equal_objects_are_two_and_one_object_is_one() -> None:
    row = Odd(1)
    first, second, third = again(make_closures(), link([row, row, Odd(1)]))(None)
    assert first is second is not third


@pytest.mark.parametrize(
    ("value", "mutable"),
    [
        *[("x", False), ((1, (2.5, None)), False), (frozenset({1}), False)],
        *[(Frozen(1), False), (Frozen(1, ([],)), True), (Odd(1), True), ([], True)],
        *[({}, True), (set(), True), (link("x"), False), (link([]), True)],
        *[(functools.partial(link, 1), False), (Account(1), True)],
        # Frozen, and yet they may get attributes: so they are no equals either.
        *[(FrozenOverPlain(1), True), (WithAttributes(1), True), (Pair(1), False)],
    ],
)
def test_it_says_whether_something_mutable_was_made(
    value: object, *, mutable: bool
) -> None:
    identity = Identity(encoders={Account: vars}, decoders={Account: lambda _: None})
    closures = make_closures(identity)
    handler_id = identity.handler_id(link(value), captures=True)
    assert closures.rebuild(handler_id, closures.pack(link(value))).mutable is mutable


# How a handler is called.


@pytest.mark.parametrize("takes_event", [True, False])
def test_it_is_called_as_before(takes_event: bool) -> None:
    closures, fn = make_closures(), link("x")
    data = closures.pack(fn, takes_event=takes_event)
    there = closures.rebuild(closures.identity.handler_id(fn), data)
    assert there.takes_event is takes_event


def optional(url: str) -> list[Callable[..., Any]]:
    def asks(event: ClickEvent | None = None) -> object:
        return url, event is not None

    def older(event: Optional[ClickEvent] = None) -> object:  # noqa: UP045
        return url, event is not None

    return [asks, older, lambda event=None, url=url: (url, event is not None)]


@pytest.mark.parametrize(("number", "gets"), [(0, True), (1, True), (2, False)])
def test_an_optional_event_is_given_on_another_server(number: int, gets: bool) -> None:
    def server() -> Dispatcher:
        registry = Registry(captures="carry")
        registry.scan(sys.modules[__name__])
        return Dispatcher(registry, tokens=Tokens(bytes(32)))

    with server().scope(audience=None) as scope:
        token = scope.offer(optional("/a")[number], ClickEvent)
    assert server().dispatch({"handler": token}, audience=None) == ("/a", gets)


# What is refused at render.


def local_class() -> type:
    class Local(Enum):
        ONE = 1

    return Local


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "has no canonical form"),
        (Account(1), "has no canonical form"),
        (Text("x"), "has no canonical form"),
        (Derived(1), "has no canonical form"),
        (Computed(1), "stores more than its fields: square"),
        (Unset(), "has no value in its field number"),
        (Slotted(1), "stores more than its fields: hidden"),
        (local_class(), "is a class that its module does not hold"),
        (local_class()(1), "is a class that its module does not hold"),
        (dataclasses, "it is a module. Import it in the handler"),
        (dataclasses.Field, "no scanned module holds dataclasses.Field. Define it in"),
        (open, "open is written in C, and is no plain function"),
        (functools.cache(link), "has no canonical form"),
    ],
)
def test_what_cannot_be_carried_is_named(value: object, reason: str) -> None:
    with pytest.raises(UnstableCapture, match=reason) as caught:
        make_closures().pack(link({"key": [value]}))
    assert caught.value.where == "url[value][0]"
    assert str(caught.value).startswith(f"{HANDLER}: url[value][0] cannot be carried: ")


def test_the_whole_text_of_a_refusal() -> None:
    with pytest.raises(UnstableCapture) as caught:
        make_closures().pack(link(Account(1)))
    assert str(caught.value) == (
        f"{HANDLER}: url cannot be carried: {__name__}.Account has no canonical form. "
        "Capture a key instead, or give its class a __handler_key__(self) and a "
        "decoder: Identity(decoders={Class: function})."
    )
    assert caught.value.type_name == f"{__name__}.Account"


def test_a_method_cannot_capture_a_key_instead() -> None:
    with pytest.raises(UnstableCapture) as caught:
        make_closures().pack(Account(1).open)
    assert str(caught.value) == (
        f"{__name__}.Account.open: self cannot be carried: {__name__}.Account has no "
        "canonical form. Give its class a __handler_key__(self) and a decoder: "
        "Identity(decoders={Class: function})."
    )


def counter() -> tuple[Callable[..., Any], Callable[..., Any]]:
    count = 0

    def increment(event: object) -> None:
        nonlocal count
        count += 1

    def show(event: object) -> int:
        return count

    return increment, show


def deeper() -> Callable[..., Any]:
    count = 0

    def on_click(event: object) -> None:
        def inside() -> None:
            nonlocal count
            del count

        inside()

    return on_click


def test_a_variable_that_a_handler_assigns_is_refused() -> None:
    increment, show = counter()
    with pytest.raises(UnstableCapture) as caught:
        make_closures().pack(increment)
    assert caught.value.where == "count"
    assert str(caught.value) == (
        f"{__name__}.counter.<locals>.increment: count cannot be carried: a handler "
        "assigns this variable, and what it assigns on another server is lost. Keep "
        "the value in your application's state."
    )
    with pytest.raises(UnstableCapture, match=r"click: url -> count cannot be carried"):
        make_closures().pack(link(increment))
    with pytest.raises(UnstableCapture, match=r"click: count cannot be carried"):
        make_closures().pack(deeper())
    assert again(make_closures(), show)(None) == 0


def shadowing(value: object) -> Callable[..., Any]:
    def on_click(event: object) -> object:
        def inside() -> object:
            value = event

            def deepest() -> None:
                nonlocal value
                value = 1

            deepest()
            return value

        return inside(), value

    return on_click


def test_a_variable_of_the_same_name_may_be_assigned() -> None:
    assert again(make_closures(), shadowing("x"))(None) == (1, "x")


def test_depth_has_a_limit() -> None:
    value: object = None
    for _ in range(40):
        value = [value]
    assert again(make_closures(), link(value))(None) == value
    for _ in range(20):
        value = [value]
    with pytest.raises(UnstableCapture, match="nested too deep"):
        make_closures().pack(link(value))


def test_parts_that_are_shared_do_not_take_forever() -> None:
    value: object = ()
    for _ in range(45):
        value = (value, value)
    with pytest.raises(UnstableCapture, match="too many parts"):
        make_closures().pack(link(value))
    with pytest.raises(UnstableCapture, match="too many parts"):
        make_closures().pack(Large(value).on_click)


def test_code_that_no_scanned_module_has_is_refused() -> None:
    closures = make_closures()
    made: dict[str, Any] = {"__name__": __name__}
    exec("def made(event): return 1", made)
    with pytest.raises(UnsupportedHandler, match="no scanned module has the code of"):
        closures.pack(made["made"])
    exec("def made(event): return 1", globals(), made)
    with pytest.raises(UnsupportedHandler, match="no scanned module has the code of"):
        closures.pack(made["made"])


def test_a_module_that_was_forgotten_cannot_be_carried() -> None:
    closures = make_closures()
    closures.pack(link("/a"))
    index_of(closures).forget(__name__)
    with pytest.raises(UnsupportedHandler) as caught:
        closures.pack(link("/a"))
    assert str(caught.value) == (
        f"{HANDLER}: the handler cannot be carried: no scanned module has the code of "
        f"{HANDLER}. Scan the module that defines it."
    )


# Types of the host's.


def test_the_code_of_a_captured_function_is_named() -> None:
    with pytest.raises(UnsupportedHandler) as caught:
        make_closures().pack(link(link(textwrap.dedent)))
    assert str(caught.value) == (
        f"{HANDLER}: url -> url cannot be carried: no scanned module has the code of "
        "textwrap.dedent. Scan the module that defines it."
    )


def with_accounts(decode: Callable[[Any], Any]) -> Closures:
    return make_closures(
        Identity(encoders={Account: lambda a: a.number}, decoders={Account: decode})
    )


def test_a_decoder_is_the_way_back() -> None:
    account = Account(7)
    first, second = again(with_accounts(Account), link([account, account]))(None)
    assert type(first) is Account
    assert first.number == 7
    assert first is second


def test_what_a_decoder_raises_passes_through() -> None:
    def gone(number: int) -> Account:
        raise LookupError("no such account")

    with pytest.raises(LookupError, match="no such account"):
        again(with_accounts(gone), link(Account(7)))


def test_an_encoder_alone_is_not_enough() -> None:
    identity = Identity(encoders={Account: lambda account: account.number})
    with pytest.raises(UnstableCapture, match="the key of a") as caught:
        make_closures(identity).pack(link(Account(7)))
    assert str(caught.value) == (
        f"{HANDLER}: url cannot be carried: the key of a {__name__}.Account has no "
        "decoder: Identity(decoders={Account: function})."
    )


def test_a_decoder_that_a_deploy_took_away_is_no_attack() -> None:
    closures, fn = with_accounts(Account), link(Account(7))
    handler_id, data = closures.identity.handler_id(fn), closures.pack(fn)
    with pytest.raises(StaleHandler) as caught:
        make_closures(closures.identity.__class__()).rebuild(handler_id, data)
    assert caught.value.handler_id == handler_id
    assert str(caught.value) == (
        f"{handler_id}: it carries {__name__}.Account, which no scanned module has as "
        "it was: the page is older, or newer, than this server"
    )


# Servers that have other code.


SHOP = """
import dataclasses
import enum
def helper(): return 1
class Right(enum.Flag): READ = 1; TEN = 4
@dataclasses.dataclass
class Cart:
    items: int
class Sort: pass
def link(*values):
    def on_click(event):
        return 1, values
    return on_click
def plain(value):
    def on_click(event):
        return value
    return on_click
"""


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(old: str = "", new: str = "") -> ModuleType:
        module = ModuleType("carried_shop")
        monkeypatch.setitem(sys.modules, "carried_shop", module)
        assert old in SHOP
        exec(SHOP.replace(old, new) if old else SHOP, vars(module))
        return module

    return make


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("return 1, values", "return 2, values", StaleHandler),
        ("def link", "def relink", UnknownHandler),
        ("items: int", "items: int; more: int = 1", StaleHandler),
        ("items: int", "item: int", StaleHandler),
        ("class Cart", "class Carts", StaleHandler),
        ("def helper", "def helpers", StaleHandler),
        ("class Sort", "class Sorts", StaleHandler),
        ("; TEN = 4", "", StaleHandler),
        ("def helper(): return 1", "def helper(): return 2", StaleHandler),
        ("class Sort: pass", "class Sort: pass\nCart.items = 3", None),
    ],
)
def test_other_code_is_noticed(
    shop: Any, old: str, new: str, error: type[Exception] | None
) -> None:
    module = shop()
    closures = make_closures(None, module)
    fn = module.link(module.helper, module.Cart(3), module.Sort, module.Right(5))
    handler_id, data = (
        closures.identity.handler_id(fn, captures=True),
        closures.pack(fn),
    )
    other = make_closures(None, shop(old, new))
    if error is None:
        there: Any = other.rebuild(handler_id, data).fn
        assert there(None)[1][1].items == 3
        return
    with pytest.raises(error) as caught:
        other.rebuild(handler_id, data)
    assert getattr(caught.value, "handler_id", None) == handler_id


def test_other_code_of_a_plain_handler_is_noticed(shop: Any) -> None:
    module = shop()
    closures = make_closures(None, module)
    fn = module.plain("x")
    handler_id, data = (
        closures.identity.handler_id(fn, captures=True),
        closures.pack(fn),
    )
    assert closures.rebuild(handler_id, data).fn(None) == "x"
    other = make_closures(None, shop("return value", "return value + value"))
    carried = f"{handler_id}: it carries carried_shop.plain.<locals>.on_click, which"
    with pytest.raises(StaleHandler) as changed:
        other.rebuild(handler_id, data)
    assert str(changed.value) == (
        f"{carried} no scanned module has as it was: the page is older, or newer, than "
        "this server"
    )
    unscanned = make_closures()
    with pytest.raises(UnknownHandler) as unknown:
        unscanned.rebuild(handler_id, data)
    assert str(unknown.value) == (
        f"{carried} no scanned module has; does every server scan the same modules, "
        "under one name: Identity(module_name=...)?"
    )
    with pytest.raises(UnknownHandler):
        make_closures(None, shop("def plain", "def plane")).rebuild(handler_id, data)


@pytest.mark.parametrize("value", ["x", ["x"]])
def test_after_a_reload_the_old_code_does_not_run(shop: Any, value: Any) -> None:
    module = shop()
    closures = make_closures(None, module)
    fn = module.plain(value)
    handler_id, data = (
        closures.identity.handler_id(fn, captures=True),
        closures.pack(fn),
    )
    closures.rebuild(handler_id, data)
    index_of(closures).add(shop("return value", "return value + value"))
    with pytest.raises(StaleHandler):
        closures.rebuild(handler_id, data)


def test_ids_with_explicit_names_are_compared_as_the_registry_says() -> None:
    identity = Identity()
    index = CodeIndex(identity)
    index.add(sys.modules[__name__])

    closures = Closures(identity, index)
    for value in ("x", ["x"]):
        data = closures.pack(link(value), name="named")
        (handler_id,) = identity.bare_ids(link(value), "click", location="named")[0]
        for _ in "12":
            assert closures.rebuild(handler_id, data).fn(None) == value
            with pytest.raises(InvalidToken):
                closures.rebuild(identity.handler_id(link(value), "click"), data)


@pytest.mark.parametrize("options", [{"keys": b"secret"}, {"fingerprint": "source"}])
def test_identities_of_all_kinds(options: Any) -> None:
    closures = make_closures(Identity(**options))
    for value in ("x", [link("x")], tax):
        assert again(closures, link(value))(None) is not None


def tax() -> int:
    return 1


def test_a_key_may_be_rotated() -> None:
    old, new = (Identity(keys=keys) for keys in (b"old", [b"new", b"old"]))
    for value in ("x", [link("x"), tax]):
        data = make_closures(old).pack(link(value))
        handler_id = old.handler_id(link(value), "click", captures=True)
        assert make_closures(new).rebuild(handler_id, data).fn(None) is not None
        with pytest.raises(StaleHandler):
            make_closures(Identity(keys=b"new")).rebuild(handler_id, data)


# Memory and threads.


def test_nothing_keeps_a_handler_alive() -> None:
    closures = make_closures()
    fn = link([1])
    there = again(closures, fn)
    watched = weakref.ref(fn), weakref.ref(there)
    del fn, there
    gc.collect()
    assert [one() for one in watched] == [None, None]


def test_code_is_forgotten_with_its_module(shop: Any) -> None:
    module = shop()
    closures = make_closures(None, module)
    closures.pack(module.plain("x"))
    code = weakref.ref(module.plain("x").__code__)
    index_of(closures).forget("carried_shop")
    vars(module).clear()
    del module
    with pytest.raises(UnsupportedHandler):  # at the next use
        closures.pack(link("x"))
    gc.collect()
    assert code() is None


def test_threads_share_a_closures() -> None:
    closures = make_closures()
    failures: list[object] = []
    ready = threading.Barrier(8)

    def work(number: int) -> None:
        ready.wait()
        for turn in range(50):
            for value in (f"{number}/{turn}", [number, turn]):
                there: object = again(closures, link(value))(None)
                failures.extend([value] * (there != value))
            if number == 0:
                index_of(closures).add(sys.modules[__name__])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
