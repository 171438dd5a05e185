"""What one process can tell of carrying: values come back, limits hold, errors tell."""

from __future__ import annotations

import dataclasses
import functools
import gc
import math
import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import FunctionType, ModuleType
from typing import Annotated, Any, Literal, Optional, Union

import pytest
import typing_extensions

from handlerid import ClickEvent, Event, HandlerId, Identity
from handlerid._calling import convention
from handlerid._carrying import Carrier
from handlerid._carrying.forms import BY_TYPE
from handlerid._carrying.reading import READERS
from handlerid._scanned import Scanned
from handlerid.errors import (
    InvalidToken,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
    UnsupportedHandler,
)
from handlerid.events import InputEvent


def make_carrier(
    identity: Identity | None = None, *modules: ModuleType, **options: Any
) -> Carrier:
    identity = identity or Identity()
    scanned = Scanned(identity.module_name)
    for module in modules or (sys.modules[__name__],):
        scanned.add(module)
    return Carrier(identity, scanned, **options)


def again(carrier: Carrier, fn: Callable[..., Any]) -> Callable[..., Any]:
    handler_id = carrier.identity.distinct_id(fn, "click")
    return carrier.unpack(handler_id, carrier.pack(fn))


def link(url: object) -> Callable[..., Any]:
    def on_click(event: object) -> object:
        return url

    return on_click


Clicked = typing_extensions.TypeAliasType("Clicked", ClickEvent)


class Account:
    def __init__(self, number: int) -> None:
        self.number = number


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


class Text(str):
    __slots__ = ()


# There and back.


@pytest.mark.parametrize("url", ["/a", 1, None, True, 1.5, [1], (1, "x"), -(2**63)])
def test_a_closure_comes_back_with_what_it_captured(url: object) -> None:
    fn = again(make_carrier(), link(url))
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
    assert check(again(make_carrier(), link(value))(None))


def test_no_two_kinds_share_a_tag() -> None:
    tags = {form.tag: form.make for form in BY_TYPE.values()}
    assert not tags.keys() & READERS.keys()
    for form in BY_TYPE.values():
        assert tags[form.tag] is form.make


def test_equal_handlers_have_equal_bytes() -> None:
    carrier = make_carrier()
    for value in ("/a", {"x", "y", 3}, [1, {"a": (Odd(1), link("x"))}]):
        assert carrier.pack(link(value)) == carrier.pack(link(value))


def test_a_handler_rebuilt_is_packed_alike() -> None:
    carrier = make_carrier()
    fn = functools.partial(link([Odd(1)]), "event")
    assert carrier.pack(again(carrier, fn)) == carrier.pack(fn)


def test_a_cached_property_is_computed_anew() -> None:
    odd = Odd(2)
    assert odd.double == 4
    there = again(make_carrier(), link(odd))(None)
    assert vars(there) == {"number": 2}
    assert there.double == 4


def test_a_list_that_holds_its_closure() -> None:
    ring: list[Any] = []

    def on_click(event: object) -> object:
        return ring

    ring.append(on_click)
    fn = again(make_carrier(), on_click)
    assert fn(None)[0] is fn


def test_what_was_set_on_a_plain_function() -> None:
    def on_click(event: object, *, unit: str = "kg") -> str:
        return unit

    assert again(make_carrier(), on_click)(None) == "kg"
    fn = link("x")
    fn.__qualname__ = "other.name"
    assert again(make_carrier(), fn).__qualname__ == "other.name"
    fn = link("x")
    fn.__module__ = "shop.elsewhere"
    assert again(make_carrier(), fn).__module__ == "shop.elsewhere"


def test_code_belongs_to_its_module() -> None:
    """The same code with other globals is another handler."""
    carrier = make_carrier()
    fn: Any = link("x")
    carrier.pack(fn)
    elsewhere: dict[str, Any] = {"__name__": "elsewhere"}
    other = FunctionType(fn.__code__, elsewhere, None, None, fn.__closure__)
    with pytest.raises(UnsupportedHandler, match="was not scanned"):
        carrier.pack(other)


# How a handler is called.


def optional_handlers() -> list[Callable[..., Any]]:
    captured = 1

    def unioned(event: ClickEvent | None = None, other: int = captured) -> None: ...
    def older(event: Optional[ClickEvent] = None) -> object:  # noqa: UP045
        return captured

    def several(event: Union[ClickEvent, InputEvent] = None) -> object:  # type: ignore[assignment]  # noqa: UP007
        return captured

    def marked(event: Annotated[ClickEvent, "why"] = None) -> object:  # type: ignore[assignment]
        return captured

    def aliased(event: Clicked = None) -> object:  # type: ignore[assignment]
        return captured

    def plain(count: Literal["ClickEvent"] | None = None) -> object:
        return captured

    handlers: list[Any] = [unioned, older, several, marked, aliased, plain]
    for fn in list(handlers):
        # As without the __future__ import: the values of the annotations.
        evaluated = FunctionType(
            fn.__code__, fn.__globals__, None, fn.__defaults__, fn.__closure__
        )
        evaluated.__annotations__ = {
            name: eval(text, globals()) for name, text in fn.__annotations__.items()
        }
        handlers.append(evaluated)
    quoted = handlers[7]
    handlers.append(
        FunctionType(
            quoted.__code__, globals(), None, quoted.__defaults__, quoted.__closure__
        )
    )
    handlers[-1].__annotations__ = {"event": Optional["ClickEvent"]}
    return handlers


@pytest.mark.parametrize("number", range(13))
def test_it_is_called_as_before(number: int) -> None:
    fn = optional_handlers()[number]
    before = convention(fn, (Event,))
    assert convention(again(make_carrier(), fn), (Event,)) == before
    assert before.takes_event == (number not in (5, 11))


def test_annotations_that_cannot_travel_are_refused() -> None:
    def on_click(event: object = None) -> object:
        return on_click

    on_click.__annotations__ = {"event": Union["ClickEvent", InputEvent]}
    with pytest.raises(UnstableCapture, match="annotation of event"):
        make_carrier().pack(on_click)


# What is refused at render.


def local_class() -> type:
    class Local(Enum):
        ONE = 1

    return Local


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "has no form in which it travels"),
        (Account(1), "has no form in which it travels"),
        (Text("x"), "has no form in which it travels"),
        (Derived(1), "has no form in which it travels"),
        (Computed(1), "stores more than its fields: square"),
        (Unset(), "has no value in its field number"),
        (Slotted(1), "has a slot that is no field: hidden"),
        (local_class(), "is a class that no scanned module holds"),
        (local_class()(1), "is a class that no scanned module holds"),
        (dataclasses, "is a module that was not scanned"),
        (dataclasses.Field, "is a class that no scanned module holds"),
        (len, "has no form in which it travels"),
        (functools.cache(link), "has no form in which it travels"),
    ],
)
def test_what_cannot_be_carried_is_named(value: object, reason: str) -> None:
    with pytest.raises(UnstableCapture, match=reason) as caught:
        make_carrier().pack(link({"key": [value]}))
    assert caught.value.where == "url[value][0]"
    assert str(caught.value).startswith("url[value][0] cannot be carried: ")


def test_the_whole_text_of_a_refusal() -> None:
    with pytest.raises(UnstableCapture) as caught:
        make_carrier().pack(link(Account(1)))
    assert str(caught.value) == (
        f"url cannot be carried: {__name__}.Account has no form in which it travels. "
        "Pass a key instead and look the object up in the handler, use a supported "
        "type, or give the type an encoder and a decoder: Identity(encoders=...), "
        "Dispatcher(decoders=...)."
    )
    assert caught.value.type_name == f"{__name__}.Account"


def test_what_contains_itself_is_refused() -> None:
    ring: list[object] = []
    ring.append(ring)
    with pytest.raises(UnstableCapture, match=r"url\[0\] .*refers to itself"):
        make_carrier().pack(link(ring))


@pytest.mark.parametrize("value", ["x" * 300, ["x" * 300]])
def test_what_is_too_long_names_the_largest_variable(value: object) -> None:
    def on_click(event: object, other: str = "small") -> object:
        return value, other

    carrier = make_carrier(max_bytes=300)
    with pytest.raises(UnstableCapture) as caught:
        carrier.pack(on_click)
    assert caught.value.where == "value"
    assert str(caught.value).endswith(
        "and max_bytes is 300; value is the largest of what it captured. Pass a key "
        "instead and look the object up in the handler."
    )


def test_bytes_that_are_longer_than_the_limit_are_not_read() -> None:
    fn = link("x" * 300)
    carrier = make_carrier()
    data, handler_id = carrier.pack(fn), carrier.identity.distinct_id(fn)
    with pytest.raises(InvalidToken, match="longer than max_bytes"):
        make_carrier(max_bytes=len(data) - 1).unpack(handler_id, data)
    fits = make_carrier(max_bytes=len(data)).unpack(handler_id, data)
    assert fits(None) == "x" * 300


def test_depth_has_a_limit() -> None:
    value: object = None
    for _ in range(40):
        value = [value]
    assert again(make_carrier(), link(value))(None) == value
    with pytest.raises(UnstableCapture, match="nested too deep"):
        make_carrier(max_depth=39).pack(link(value))


def test_parts_that_are_shared_do_not_take_forever() -> None:
    value: object = ()
    for _ in range(45):
        value = (value, value)
    with pytest.raises(UnstableCapture, match="too many parts"):
        make_carrier().pack(link(value))


@pytest.mark.parametrize("limit", ["max_bytes", "max_depth"])
def test_limits_are_numbers(limit: str) -> None:
    options: dict[str, Any] = {limit: 0}
    with pytest.raises(ValueError, match="must be at least 1"):
        make_carrier(**options)


def test_code_that_no_scanned_module_has_is_refused() -> None:
    carrier = make_carrier()
    made: dict[str, Any] = {"__name__": __name__}
    exec("def made(event): return 1", made)
    with pytest.raises(UnsupportedHandler, match="its module was not scanned"):
        carrier.pack(made["made"])
    exec("def made(event): return 1", globals(), made)
    with pytest.raises(UnsupportedHandler, match="its module has no such code"):
        carrier.pack(made["made"])


def test_a_module_that_was_forgotten_cannot_be_carried() -> None:
    carrier = make_carrier()
    carrier.pack(link("/a"))
    carrier.scanned.forget(__name__)
    with pytest.raises(UnsupportedHandler) as caught:
        carrier.pack(link("/a"))
    assert str(caught.value) == (
        f"{__name__}.link.<locals>.on_click cannot be carried: its module was not "
        "scanned, so no server could rebuild it; scan the module, and define the "
        "function in its source"
    )


# Types of the host's.


def test_a_decoder_is_the_way_back() -> None:
    identity = Identity(encoders={Account: lambda account: account.number})
    carrier = make_carrier(identity, decoders={Account: Account})
    there = again(carrier, link([Account(7)]))(None)[0]
    assert type(there) is Account
    assert there.number == 7


def test_what_a_decoder_raises_passes_through() -> None:
    def gone(number: int) -> Account:
        raise LookupError("no such account")

    identity = Identity(encoders={Account: lambda account: account.number})
    carrier = make_carrier(identity, decoders={Account: gone})
    with pytest.raises(LookupError, match="no such account"):
        again(carrier, link(Account(7)))


def test_a_decoder_that_returns_another_object_is_noticed() -> None:
    identity = Identity(encoders={Account: lambda account: account.number})
    carrier = make_carrier(identity, decoders={Account: lambda number: Account(8)})
    with pytest.raises(InvalidToken):
        again(carrier, link(Account(7)))


def test_an_encoder_alone_is_not_enough() -> None:
    identity = Identity(encoders={Account: lambda account: account.number})
    with pytest.raises(UnstableCapture, match="has an encoder but no decoder"):
        make_carrier(identity).pack(link(Account(7)))


def test_a_decoder_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="Account, which has no encoder"):
        make_carrier(decoders={Account: Account})


def test_pickle_is_for_the_types_that_the_host_names() -> None:
    identity = Identity(
        encoders={Account: lambda a: a.number, Text: str, Derived: lambda d: d.number}
    )
    carrier = make_carrier(identity, by_pickle=(Account,))
    there = again(carrier, link(Account(7)))(None)
    assert there.number == 7
    with pytest.raises(UnstableCapture):
        carrier.pack(link(Text("x")))
    fn = link(Account(7))
    handler_id, data = identity.distinct_id(fn), carrier.pack(fn)
    with pytest.raises(StaleHandler):  # such as a server of the next deploy
        make_carrier(identity).unpack(handler_id, data)


def test_a_decoder_that_a_deploy_took_away_is_no_attack() -> None:
    identity = Identity(encoders={Account: lambda account: account.number})
    carrier = make_carrier(identity, decoders={Account: Account})
    fn = link(Account(7))
    handler_id, data = identity.distinct_id(fn), carrier.pack(fn)
    with pytest.raises(StaleHandler):
        make_carrier(identity).unpack(handler_id, data)


class Moody:
    """Raises when it is unpickled."""

    def __reduce__(self) -> Any:
        return int, ("a secret",)


def test_what_unpickling_raises_passes_through() -> None:
    identity = Identity(encoders={Moody: lambda _: 1})
    carrier = make_carrier(identity, by_pickle=(Moody,))
    with pytest.raises(ValueError, match="invalid literal"):
        again(carrier, link(Moody()))


# Servers that have other code.


def module_of(source: str) -> ModuleType:
    module = ModuleType("carried_shop")
    exec(source, vars(module))
    return module


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
        ("def helper(): return 1", "def helper(): return 2", InvalidToken),
        ("class Sort: pass", "class Sort: pass\nCart.items = 3", None),
        (
            "class Sort: pass",
            "class Sort: pass\nCart.items = property(None, lambda self, value: None)",
            InvalidToken,
        ),
    ],
)
def test_other_code_is_noticed(
    shop: Any, old: str, new: str, error: type[Exception] | None
) -> None:
    module = shop()
    carrier = make_carrier(None, module)
    fn = module.link(module.helper, module.Cart(3), module.Sort, module.Right(5))
    handler_id, data = carrier.identity.distinct_id(fn), carrier.pack(fn)
    other = make_carrier(None, shop(old, new))
    if error is None:
        there: Any = other.unpack(handler_id, data)
        assert there(None)[1][1].items == 3
        return
    with pytest.raises(error) as caught:
        # What a function does that is held by name, only the whole id tells.
        other.unpack(handler_id, data, check="def helper()" in old)
    if error is not InvalidToken:
        assert getattr(caught.value, "handler_id", None) == handler_id


def test_other_code_is_noticed_the_short_way_too(shop: Any) -> None:
    module = shop()
    carrier = make_carrier(None, module)
    fn = module.plain("x")
    handler_id, data = carrier.identity.distinct_id(fn), carrier.pack(fn)
    assert carrier.unpack(handler_id, data)(None) == "x"
    other = make_carrier(None, shop("return value", "return value + value"))
    with pytest.raises(StaleHandler):
        other.unpack(handler_id, data)
    with pytest.raises(UnknownHandler):
        make_carrier(None, shop("def plain", "def plane")).unpack(handler_id, data)


@pytest.mark.parametrize("value", ["x", ["x"]])
def test_after_a_reload_the_old_code_does_not_run(shop: Any, value: Any) -> None:
    module = shop()
    carrier = make_carrier(None, module)
    fn = module.plain(value)
    handler_id, data = carrier.identity.distinct_id(fn), carrier.pack(fn)
    carrier.unpack(handler_id, data)
    carrier.scanned.add(shop("return value", "return value + value"))
    with pytest.raises(StaleHandler):
        carrier.unpack(handler_id, data)


def test_an_id_of_a_hosts_own(shop: Any) -> None:
    """A registry knows explicit names, so it says what the id of a function is."""
    identity = Identity()

    def identify(fn: Callable[..., object], event: str | None) -> HandlerId:
        return identity.id_at(fn, "named", event, distinct=True)

    for value in ("x", ["x"]):
        fn = link(value)
        carrier = make_carrier(identity, identify=identify)
        data = carrier.pack(fn)
        assert carrier.unpack(identify(fn, "click"), data)(None) == value
        with pytest.raises(InvalidToken):
            carrier.unpack(identity.distinct_id(fn, "click"), data)


@pytest.mark.parametrize("options", [{"key": b"secret"}, {"fingerprint": "source"}])
def test_identities_of_all_kinds(options: Any) -> None:
    carrier = make_carrier(Identity(**options))
    for value in ("x", [link("x")]):
        assert again(carrier, link(value))(None) is not None


def test_who_compares_ids_may_leave_the_check_out() -> None:
    carrier = make_carrier()
    ours, theirs = link(["mine"]), link(["theirs"])
    handler_id = carrier.identity.distinct_id(ours)
    fn = carrier.unpack(handler_id, carrier.pack(theirs), check=False)
    assert fn(None) == ["theirs"]
    with pytest.raises(InvalidToken):
        carrier.unpack(handler_id, carrier.pack(theirs))


# Memory and threads.


def test_nothing_keeps_a_handler_alive() -> None:
    carrier = make_carrier()
    fn = link([1])
    there = again(carrier, fn)
    watched = weakref.ref(fn), weakref.ref(there)
    del fn, there
    gc.collect()
    assert [one() for one in watched] == [None, None]


def test_code_is_forgotten_with_its_module(shop: Any) -> None:
    module = shop()
    carrier = make_carrier(None, module)
    carrier.pack(module.plain("x"))
    code = weakref.ref(module.plain("x").__code__)
    carrier.scanned.forget("carried_shop")
    vars(module).clear()
    del module
    gc.collect()
    assert code() is None
    assert carrier.places._known == {}


def test_threads_share_a_carrier() -> None:
    carrier = make_carrier()
    failures: list[object] = []
    ready = threading.Barrier(8)

    def work(number: int) -> None:
        ready.wait()
        for turn in range(50):
            for value in (f"{number}/{turn}", [number, turn]):
                there: object = again(carrier, link(value))(None)
                failures.extend([value] * (there != value))
            if number == 0:
                carrier.scanned.add(sys.modules[__name__])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
