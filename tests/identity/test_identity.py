"""Ids: their text, what they depend on, and that every process computes the same."""

from __future__ import annotations

import functools
import gc
import pickle
import re
import weakref
from base64 import b32decode, b32encode
from hashlib import blake2b
from pathlib import Path
from textwrap import dedent
from types import FunctionType
from typing import Any

import pytest

from handlerid import ClickEvent, HandlerId, Identity, InputEvent, handler_id
from handlerid._identity import location_name
from handlerid._identity.identity import CodeRecord
from handlerid.errors import MalformedPayload, UnstableCapture, UnsupportedHandler
from tests.pythons import require_python
from tests.support.fresh import run_fresh

partial: Any = functools.partial
"""Without its types: what is bound here is never called."""


def ids_of(identity: Identity, *fn: Any, **how: Any) -> tuple[HandlerId, ...]:
    return identity.complete(*identity.bare_ids(*fn, **how)[:2])


def on_click(event: ClickEvent) -> None: ...


def on_other(event: ClickEvent) -> None: ...


def make(value: object) -> Any:
    def inner(event: ClickEvent) -> object:
        return value

    return inner


def wrapped(fn: Any) -> Any:
    @functools.wraps(fn)
    def wrapper(*args: object) -> object:
        return fn(*args)

    return wrapper


def also_wrapped(fn: Any) -> Any:
    @functools.wraps(fn)
    def wrapper(*args: object) -> object:
        print("called")
        return fn(*args)

    return wrapper


class Panel:
    def method(self, event: ClickEvent) -> None: ...

    @classmethod
    def of_class(cls, event: ClickEvent) -> None: ...

    @staticmethod
    def static(event: ClickEvent) -> None: ...

    def __call__(self, event: ClickEvent) -> None: ...


class Other(Panel): ...


# The text.


def test_the_text_has_the_grammar_and_the_parts() -> None:
    one = handler_id(on_click, ClickEvent)
    pattern = r"h1-([a-z2-7]{13})-([a-z2-7]{20})\.click"
    match = re.fullmatch(pattern, one)
    assert match
    assert (one.location, one.fingerprint) == match.groups()
    assert one.captures == ""
    assert one.event == "click"
    assert one.module == __name__
    assert one.qualname == "on_click"


def test_bound_arguments_are_a_part_of_their_own() -> None:
    one = handler_id(partial(on_click, "x"), "click")
    assert re.fullmatch(r"h1-[a-z2-7]{13}-[a-z2-7]{20}-[a-z2-7]{16}\.click", one)
    assert len(one.captures) == 16
    assert one.event == "click"
    plain = handler_id(on_click)
    assert (one.location, one.fingerprint) == (plain.location, plain.fingerprint)


def test_the_text_reveals_no_name() -> None:
    one = handler_id(on_click)
    assert "test" not in one
    assert "click" not in one


def test_an_id_is_a_str_that_survives_pickling() -> None:
    one = handler_id(on_click, ClickEvent)
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert type(again) is HandlerId
    assert (again.module, again.qualname) == (one.module, one.qualname)
    assert {str(one): 1}[again] == 1


@pytest.mark.parametrize("event", ["", "click", "a", "a" * 64, "x2_y"])
def test_a_parsed_id_has_the_parts_and_no_names(event: str) -> None:
    one = handler_id(partial(on_click, 1), event)
    parsed = HandlerId.parse(str(one))
    assert parsed == one
    assert parsed.event == event
    assert parsed.captures == one.captures
    assert (parsed.module, parsed.qualname) == (None, None)
    assert location_name(one) == f"{__name__}.on_click"
    assert location_name(parsed) == str(one)


GOOD = "h1-" + "a" * 13 + "-" + "b" * 19 + "q"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h1",
        GOOD[:-1],
        GOOD + "a",
        GOOD.upper(),
        GOOD.replace("h1", "h2"),
        GOOD.replace("h1", "h"),
        GOOD.replace("a", "1", 1),
        GOOD.replace("a", "\N{FULLWIDTH LATIN SMALL LETTER A}", 1),
        GOOD.replace("a", "\N{CYRILLIC SMALL LETTER A}", 1),
        " " + GOOD,
        GOOD + "\n",
        GOOD + ".",
        GOOD + ".Click",
        GOOD + ".1",
        GOOD + ".a-b",
        GOOD + "." + "a" * 65,
        GOOD + ".click.click",
        GOOD + "-" + "a" * 15,
        GOOD + "-" + "a" * 17,
        GOOD[:15] + "b" + GOOD[16:],  # 64 bits do not fill the last character
        GOOD[:-1] + "b",  # nor do 96
        "x" * 10_000,
    ],
)
def test_what_is_not_an_id_is_refused(text: str) -> None:
    with pytest.raises(MalformedPayload) as caught:
        HandlerId.parse(text)
    assert str(caught.value) == (
        "the payload's handler is not an id: an id is "
        "h1-<location>-<fingerprint>[-<captures>][.<event name>]"
    )


def test_the_good_one_of_these_is_an_id() -> None:
    assert HandlerId.parse(GOOD).event == ""


@pytest.mark.parametrize("event", ["Click", "a-b", "a.b", "1", "a" * 65, "é"])
def test_an_event_that_is_no_wire_name_is_refused(event: str) -> None:
    with pytest.raises(ValueError, match="wire name"):
        handler_id(on_click, event)


# What an id depends on.


def test_functions_differ_by_name_and_code() -> None:
    assert handler_id(on_click) != handler_id(on_other)
    assert handler_id(on_click).fingerprint != handler_id(on_other).fingerprint


def test_closures_with_the_same_code_have_the_same_id() -> None:
    assert handler_id(make(1)) == handler_id(make(2))


def test_the_event_is_part_of_the_id() -> None:
    click, typed = handler_id(on_click, ClickEvent), handler_id(on_click, InputEvent)
    assert click == handler_id(on_click) + ".click"
    assert typed == handler_id(on_click) + ".input"
    assert handler_id(on_click, ClickEvent) == click


def test_two_functions_on_one_line_are_told_apart_by_their_code() -> None:
    first, second = (lambda: 1), (lambda: 2)
    assert handler_id(first).location == handler_id(second).location
    assert handler_id(first) != handler_id(second)


def test_equal_code_elsewhere_is_another_handler() -> None:
    """Code objects compare by value: a table keyed by code would merge the two."""
    source = "def f(event): return 1"
    one: dict[str, Any] = {"__name__": "one"}
    two: dict[str, Any] = {"__name__": "two"}
    exec(source, one)
    exec(source, two)
    assert one["f"].__code__ == two["f"].__code__
    assert handler_id(one["f"]).location != handler_id(two["f"]).location


def test_one_code_object_at_several_locations() -> None:
    """As libraries that build functions make it."""
    ids = set()
    for name in ("a", "b", "a", "c", "a"):
        copy = FunctionType(on_click.__code__, {})
        copy.__module__, copy.__qualname__ = "app", name
        one = handler_id(copy, ClickEvent)
        assert one.qualname == name
        ids.add(one)
    assert len(ids) == 3


def test_module_and_name_are_kept_apart() -> None:
    ids = set()
    for module, qualname in (("a", "b.c"), ("a.b", "c"), ("ab", "c"), ("a", "bc")):
        copy = FunctionType(on_click.__code__, {})
        copy.__module__, copy.__qualname__ = module, qualname
        ids.add(handler_id(copy))
    assert len(ids) == 4


def test_new_code_in_an_old_function_is_seen() -> None:
    """Reloading tools give functions that exist the code of the new version."""
    fn = FunctionType(on_click.__code__, {})
    fn.__module__, fn.__qualname__ = "app", "fn"
    old = handler_id(fn)
    fn.__code__ = on_other.__code__
    assert handler_id(fn).location == old.location
    assert handler_id(fn).fingerprint == handler_id(on_other).fingerprint


def test_a_wrapper_depends_on_its_code_and_on_what_it_wraps() -> None:
    ids = {
        handler_id(on_click),
        handler_id(wrapped(on_click)),
        handler_id(also_wrapped(on_click)),
        handler_id(wrapped(on_other)),
        handler_id(wrapped(wrapped(on_click))),
        handler_id(wrapped(also_wrapped(on_click))),
        handler_id(also_wrapped(wrapped(on_click))),
        handler_id(functools.cache(on_click)),
        handler_id(wrapped(functools.cache(on_click))),
        handler_id(functools.cache(wrapped(on_click))),
    }
    assert len(ids) == 10
    assert len({one.location for one in ids}) == 2


def test_an_id_does_not_travel_with_copied_attributes() -> None:
    """``functools.wraps`` copies ``__dict__``, whatever a library has put there."""
    handler_id(on_click)
    assert handler_id(wrapped(on_click)) != handler_id(on_click)
    assert not on_click.__dict__


def test_a_wrapper_that_was_identified_before_it_wrapped() -> None:
    def plain(*args: object) -> None: ...

    def wrapper(*args: object) -> None: ...

    handler_id(wrapper)
    functools.update_wrapper(wrapper, plain)
    assert handler_id(wrapper).qualname == plain.__qualname__
    assert handler_id(wrapper).fingerprint != handler_id(plain).fingerprint


def test_a_bound_method_is_its_function() -> None:
    assert handler_id(Panel().method) == handler_id(Panel.method)
    assert handler_id(Other().method) == handler_id(Panel().method)
    assert handler_id(Panel.static) == handler_id(Panel().static)


def test_a_class_method_is_told_apart_by_its_class() -> None:
    one, other = handler_id(Panel.of_class), handler_id(Other.of_class)
    assert one.location == other.location
    assert one.captures != other.captures
    assert handler_id(Panel().of_class) == one


def test_a_callable_object_is_its_call_method() -> None:
    assert handler_id(Panel()) == handler_id(Panel.__call__)
    assert handler_id(Panel()).qualname == "Panel.__call__"


def test_the_arguments_of_a_partial_are_part_of_the_id() -> None:
    ids = [
        handler_id(one)
        for one in (
            partial(on_click),
            partial(on_click, 1),
            partial(on_click, True),
            partial(on_click, 1.0),
            partial(on_click, "1"),
            partial(on_click, (1,)),
            partial(on_click, None),
            partial(on_click, 1, 2),
            partial(on_click, event=1),
            partial(on_click, other=1),
            partial(on_click, on_click),
            partial(on_click, on_other),
            partial(on_click, make(1)),
            partial(on_click, make(2)),
            partial(on_click, ClickEvent),
        )
    ]
    assert len(set(ids)) == len(ids)
    assert ids[0] == handler_id(on_click)
    assert len({(one.location, one.fingerprint) for one in ids}) == 1


def test_a_partial_of_a_partial_is_the_partial_of_both() -> None:
    nested = partial(partial(on_click, 1, a=1), 2, b=2)
    assert handler_id(nested) == handler_id(partial(on_click, 1, 2, b=2, a=1))


def test_a_partial_method_is_a_partial() -> None:
    class Form:
        def change(self, field: str, event: ClickEvent) -> None: ...

        name = functools.partialmethod(change, "name")
        street = functools.partialmethod(change, "street")

    ids = {
        handler_id(one)
        for one in (Form().name, Form().street, Form.name, Form.street, Form().change)
    }
    assert len({one.location for one in ids}) == 1
    assert len(ids) == 3
    assert handler_id(Form().name) == handler_id(Form.name)


def test_an_argument_without_a_canonical_form_is_refused() -> None:
    with pytest.raises(UnstableCapture) as caught:
        handler_id(partial(on_click, 1, Panel()))
    assert caught.value.where == "args[1]"
    assert caught.value.type_name == f"{__name__}.Panel"


# Settings.


def keyed(digest: bytes, key: bytes, part: bytes) -> str:
    state = blake2b(digest, digest_size=len(digest), key=key, person=part)
    return b32encode(state.digest()).decode().rstrip("=").lower()


def digest_of(part: str) -> bytes:
    return b32decode(part.upper() + "=" * (-len(part) % 8))


def test_a_keyed_id_is_the_keyed_hash_of_the_unkeyed_digests() -> None:
    fn = partial(wrapped(make(1)), 1)
    plain = handler_id(fn, "click", captures=True)
    one = Identity(keys=b"secret").handler_id(fn, "click", captures=True)
    assert one.location == keyed(digest_of(plain.location), b"secret", b"location")
    assert one.fingerprint == keyed(digest_of(plain.fingerprint), b"secret", b"code")
    assert one.captures == keyed(digest_of(plain.captures), b"secret", b"captures")
    assert one.event == plain.event
    assert (one.module, one.qualname) == (plain.module, plain.qualname)


@pytest.mark.parametrize("captures", [False, True])
def test_the_first_key_writes_and_all_keys_answer(captures: bool) -> None:
    old, both = Identity(keys=[b"old"]), Identity(keys=[b"new", b"old", b"new"])
    for fn in (on_click, make(1), partial(make(1), 1), wrapped(on_click)):
        new, before = ids_of(both, fn, "click", captures=captures)
        assert ids_of(both, fn, "click", captures=captures) == (new, before)
        assert both.handler_id(fn, "click", captures=captures) == new
        assert before == old.handler_id(fn, "click", captures=captures)
        assert new.location != before.location
        assert new.fingerprint != before.fingerprint
        assert (new.captures != before.captures) == bool(new.captures)
    assert ids_of(both, make(1), location="x")[1:] == ids_of(old, make(1), location="x")


def test_without_keys_there_is_one_id() -> None:
    assert ids_of(Identity(), on_click, "click") == (handler_id(on_click, "click"),)


@pytest.mark.parametrize("keys", [b"", b"x" * 65, [], [b"good", b""]])
def test_keys_of_a_wrong_size_are_refused(keys: Any) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the text is below
        Identity(keys=keys)
    assert str(caught.value) == "keys must be one key or several, each of 1 to 64 bytes"


@pytest.mark.parametrize(
    "keys", ["text", ["text"], [b"good", None], bytearray(b"good")]
)
def test_keys_that_are_not_bytes_are_refused(keys: Any) -> None:
    with pytest.raises(TypeError) as caught:
        Identity(keys=keys)
    text = "keys must be bytes, or a sequence of bytes"
    hint = "; did you mean .encode()?" if keys == "text" else ""
    assert str(caught.value) == text + hint


def test_a_fingerprint_of_another_kind_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r'^fingerprint must be one of "bytecode", "source", not'
    ):
        Identity(fingerprint="text")  # type: ignore[arg-type]


def test_the_repr_tells_the_settings() -> None:
    assert repr(Identity()) == "<Identity of the bytecode>"
    both = Identity(keys=[b"secret", b"b"], fingerprint="source")
    assert repr(both) == "<Identity of the source with 2 keys>"


def test_module_name_maps_the_module() -> None:
    identity = Identity(module_name=lambda name: name.rpartition(".")[2])
    assert identity.handler_id(on_click).module == "test_identity"
    moved = FunctionType(on_click.__code__, {})
    moved.__module__, moved.__qualname__ = "test_identity", "on_click"
    assert handler_id(moved) == identity.handler_id(on_click)


def test_module_name_returns_none_for_the_default() -> None:
    identity = Identity(module_name=lambda name: None)
    assert identity.handler_id(on_click) == handler_id(on_click)
    assert identity.module_name("shop") == "shop"


def test_a_decoder_needs_an_encoder() -> None:
    Identity(encoders={Panel: id}, decoders={Panel: lambda key: Panel()})
    with pytest.raises(ValueError, match="has neither encoder nor __handler_key__"):
        Identity(decoders={Panel: lambda key: Panel()})


def test_a_value_is_described_by_unkeyed_digests() -> None:
    captured = make(on_click)
    for key in (None, b"secret"):
        text, parts, marks = Identity(keys=key).describe(captured) or ("", (), ())
        assert text == handler_id(captured)
        assert parts == [(1, "value", on_click)]
        assert marks == [("__globals__", globals())]
    for held in (on_click, len):
        assert (Identity().describe(held) or ())[1:] == ((), ()), "its name is all"
    assert Identity().describe(Panel()) is None
    for odd in (print, int):
        bound = partial(odd, 1, base=2)
        given = ("func", odd), ("args[0]", 1), ("keywords[base]", 2)
        parts = [(None, *one) for one in given]
        assert Identity().describe(bound) == ("functools.partial", parts, [])


def test_an_event_that_is_no_event_type_is_refused() -> None:
    for event in (int, 5, ClickEvent()):
        with pytest.raises(TypeError) as caught:
            handler_id(on_click, event)  # type: ignore[arg-type]
        assert str(caught.value) == "event must be an event type or a wire name"


def test_an_encoder_lets_a_type_of_the_hosts_own_be_bound() -> None:
    class Cart:
        def __init__(self, key: int) -> None:
            self.key = key

    identity = Identity(encoders={Cart: lambda cart: cart.key})
    first = identity.handler_id(partial(on_click, Cart(1)))
    assert identity.handler_id(partial(on_click, Cart(1))) == first
    assert identity.handler_id(partial(on_click, Cart(2))) != first
    assert identity.handler_id(partial(on_click, 1)) != first
    with pytest.raises(UnstableCapture) as caught:
        handler_id(partial(on_click, Cart(1)))
    assert "__handler_key__(self), or Identity(encoders={" in str(caught.value)


def test_an_encoder_lets_captures_be_compared() -> None:
    identity = Identity(encoders={Panel: lambda panel: "panel"})
    assert identity.difference(make(Panel()), make(Panel())) == ()
    assert identity.difference(make(Panel()), make(1)) == ("value",)
    assert Identity().difference(make(Panel()), make(Panel())) == ("value",)


def test_an_encoder_that_would_never_be_asked_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^encoders must not have builtins\.str: "):
        Identity(encoders={str: str.lower})


# Distinct ids.


def distinct_id(fn: Any, event: Any = None) -> HandlerId:
    return handler_id(fn, event, captures=True)


def test_captures_tell_closures_apart_on_demand() -> None:
    one, other = distinct_id(make("/a"), "click"), distinct_id(make("/b"), "click")
    assert one != other
    assert one == distinct_id(make("/a"), "click")
    plain = handler_id(make("/a"), "click")
    assert (one.location, one.fingerprint, one.event) == (
        plain.location,
        plain.fingerprint,
        "click",
    )
    assert (plain.captures, len(one.captures)) == ("", 16)
    assert (one.module, one.qualname) == (plain.module, plain.qualname)
    assert HandlerId.parse(one) == one


def test_without_captures_a_distinct_id_is_no_other() -> None:
    bound = partial(on_click, 1)
    for fn in (on_click, on_other, Panel.of_class, bound):
        assert distinct_id(fn, "click") == handler_id(fn, "click")


def test_the_type_of_a_capture_matters() -> None:
    values = [1, True, 1.0, "1", None, (1,), [1], -0.0, 0.0]
    assert len({distinct_id(make(value)) for value in values}) == len(values)


def test_defaults_in_a_loop_are_told_apart() -> None:
    handlers = [lambda event, i=i: i for i in range(3)]
    assert len(set(map(handler_id, handlers))) == 1
    assert len(set(map(distinct_id, handlers))) == 3


def test_wrappers_that_do_not_say_what_they_wrap_are_told_apart() -> None:
    def plain(fn: Any) -> Any:
        def wrapper(*args: object) -> object:
            return fn(*args)

        return wrapper

    assert handler_id(plain(on_click)) == handler_id(plain(on_other))
    assert distinct_id(plain(on_click)) != distinct_id(plain(on_other))


def test_it_matters_which_layer_carries_a_value() -> None:
    """Names and values alone are the same here, and so is the code."""

    def inner(*, a: int = 1) -> None: ...

    def outer(*, a: int = 1) -> None: ...

    def two(outer_defaults: Any, inner_defaults: Any) -> Any:
        below, above = FunctionType(inner.__code__, globals()), None
        above = FunctionType(outer.__code__, globals())
        above.__kwdefaults__, below.__kwdefaults__ = outer_defaults, inner_defaults
        above.__dict__["__wrapped__"] = below
        return above

    assert distinct_id(two({"a": 1}, None)) != distinct_id(two(None, {"a": 1}))
    assert Identity().difference(two({"a": 1}, None), two(None, {"a": 1})) == ("a",)


def test_bound_arguments_and_captures_are_kept_apart() -> None:
    both = partial(make("/a"), "x")
    ids = {
        distinct_id(both),
        distinct_id(partial(make("/b"), "x")),
        distinct_id(partial(make("/a"), "y")),
        handler_id(both),
    }
    assert len(ids) == 4


def test_a_bound_object_is_a_capture() -> None:
    with pytest.raises(UnstableCapture) as caught:
        distinct_id(Panel().method)
    assert caught.value.where == "self"
    identity = Identity(encoders={Panel: lambda _: "the panel"})
    assert identity.handler_id(Panel().method, captures=True).captures


def test_a_closure_may_capture_itself() -> None:
    def make_again(url: str) -> Any:
        def again(event: ClickEvent) -> object:
            return again, url

        return again

    assert distinct_id(make_again("/a")) == distinct_id(make_again("/a"))
    assert distinct_id(make_again("/a")) != distinct_id(make_again("/b"))


def at(fn: Any, location: str, *, captures: bool = False) -> HandlerId:
    return ids_of(Identity(), fn, location=location, captures=captures)[0]


def test_ids_at_another_location() -> None:
    one, other = make("/a"), make("/b")
    ids = [at(fn, "shop:old", captures=True) for fn in (one, other)]
    assert ids[0].location == ids[1].location == at(one, "shop:old").location
    assert ids[0].captures == distinct_id(one).captures != ids[1].captures
    assert ids[0].qualname == one.__qualname__


def test_its_name_there_is_in_the_code_too() -> None:
    names: dict[str, Any] = {"__name__": "shop"}
    exec("def old(event): return 1\ndef new(event): return 1", names)
    old, new = names["old"], names["new"]
    assert at(new, "shop:old") == handler_id(old)
    assert at(new, "shop:new") == handler_id(new)
    assert at(new, "a name") == at(old, "a name") != handler_id(new)
    assert at(wrapped(new), "shop:old") == handler_id(wrapped(old))


def test_a_part_of_the_page_is_in_the_captures_part() -> None:
    identity = Identity()
    for fn in (on_click, partial(on_click, 1)):
        ids = {
            identity.complete(*identity.bare_ids(fn, part=key)[:2])[0]
            for key in (b"", b"i0;", b"i1;", b"s1:1", b"i1;i2;")
        }
        assert len(ids) == 5
        assert len({one[:37] for one in ids}) == 1
        assert handler_id(fn) in ids


def test_what_has_no_canonical_form_can_be_left_out() -> None:
    identity, omitted = Identity(), list[str]()

    def found(number: int) -> tuple[tuple[HandlerId, ...], bytes]:
        fn = make((number, Panel()))
        return identity.bare_ids(fn, captures=True, omitted=omitted)[:2]

    assert found(1) == found(1)
    assert found(2) != found(1)
    omitted.pop()
    assert len(omitted) == 3
    assert all(path.startswith("value") for path in omitted)


def test_nothing_keeps_a_handler_alive() -> None:
    class Held: ...

    identity = Identity()
    held = Held()
    reference = weakref.ref(held)
    identity.handler_id(make(held))
    identity.handler_id(wrapped(make(held)))
    del held
    gc.collect()
    assert reference() is None


def test_code_that_is_gone_is_forgotten() -> None:
    identity = Identity()

    def load(number: int) -> None:
        names: dict[str, Any] = {"__name__": "app"}
        exec(f"def f(): return {number}", names)
        identity.handler_id(names["f"])

    for number in range(50):
        load(number)
    gc.collect()
    assert not identity.records


# Every process.

APP = """
import functools

def on_click(event):
    return {"a", "b", "c"}, 1.5, event.key in {"x", "y"}

def make(url):
    def inner(event, *, now=None):
        class Local:
            def set(self):
                self.b = self.a = self.c = url
        return Local
    return inner

def plain(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        assert args
        return fn(*args)
    return wrapper

class Panel:
    def method(self, event): pass
    @classmethod
    def of_class(cls, event): pass

HANDLERS = [
    on_click, make(1), plain(on_click), Panel().method, Panel.of_class,
    functools.partial(on_click, frozenset({"a", "b", "c"}), options={"x": 1, "y": {2}}),
    lambda: None,
]
"""

PRINT = """
from handlerid import Identity, handler_id
import app
for handler in app.HANDLERS: print(handler_id(handler, "click"))
identity = Identity(encoders={app.Panel: lambda panel: "a panel"})
for handler in app.HANDLERS: print(identity.handler_id(handler, "click", captures=True))
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(dedent(APP))
    return tmp_path


def test_every_process_computes_the_same(app: Path, tmp_path: Path) -> None:
    expected = run_fresh("-c", PRINT, path=app, seed="0")
    assert len(set(expected.split())) == 10
    for seed in ("1", "2", "random"):
        assert run_fresh("-c", PRINT, path=app, seed=seed) == expected


def test_the_directory_and_the_lines_do_not_matter(
    app: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "app.py").write_text("# moved\n\n\n" + dedent(APP))
    expected = run_fresh("-c", PRINT, path=app)
    assert run_fresh("-c", PRINT, path=elsewhere, cwd=elsewhere) == expected


def test_the_source_is_not_needed(app: Path) -> None:
    expected = run_fresh("-c", PRINT, path=app)
    run_fresh("-m", "compileall", "-q", "-b", str(app))
    (app / "app.py").unlink()
    assert run_fresh("-c", PRINT, path=app) == expected


def test_tracing_does_not_matter(app: Path) -> None:
    expected = run_fresh("-c", PRINT, path=app)
    traced = "import sys; sys.settrace(lambda *a: None)\n" + PRINT
    called = PRINT + "for h in app.HANDLERS[1:2]: [h(1) for _ in range(1000)]\n"
    assert run_fresh("-c", traced, path=app) == expected
    again = called + PRINT
    assert run_fresh("-c", again, path=app) == expected * 2


def test_the_main_module_has_the_name_others_import_it_by(app: Path) -> None:
    imported = run_fresh("-c", PRINT, path=app)
    printing = PRINT.replace("import app\n", "").replace("app.", "")
    (app / "app.py").write_text(
        dedent(APP)
        + "if __name__ == '__main__':\n"
        + "".join(f"    {line}\n" for line in printing.splitlines())
    )
    assert run_fresh("app.py", cwd=app) == imported
    assert run_fresh("-m", "app", path=app) == imported


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("start", ["app.py", "-m app"])
def test_the_main_module_of_a_worker_process_too(
    app: Path, start: str, method: str
) -> None:
    imported = run_fresh("-c", PRINT, path=app).split()[0]
    (app / "app.py").write_text(
        dedent(APP)
        + dedent(f"""
        from handlerid import handler_id

        first = handler_id(on_click, "click")  # while the module is being run

        def work(_):
            return __name__, first, handler_id(on_click, "click")

        if __name__ == "__main__":
            import multiprocessing
            with multiprocessing.get_context("{method}").Pool(1) as pool:
                print(*pool.apply(work, [1]))
    """)
    )
    printed = run_fresh(*start.split(), cwd=app, path=app).split()
    assert printed == ["__mp_main__", imported, imported]


def test_an_interactive_session_keeps_its_name() -> None:
    code = "from handlerid import handler_id; print(handler_id(lambda: 1).module)"
    assert run_fresh("-c", code) == "__main__\n"


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_computes_one_id_in_all_its_processes(
    version: str, app: Path
) -> None:
    python = str(require_python(version))
    first = run_fresh("-c", PRINT, path=app, python=python, seed="1")
    assert run_fresh("-c", PRINT, path=app, python=python, seed="2") == first


def test_a_function_without_a_module_is_refused() -> None:
    fn = FunctionType(on_click.__code__, {}, "adrift")
    fn.__module__ = None  # type: ignore[assignment]
    with pytest.raises(UnsupportedHandler) as caught:
        handler_id(fn)
    assert str(caught.value) == (
        "on_click has no module name; set its __module__, or define it in a module"
    )


@pytest.mark.parametrize("module", [5, b"shop", ["shop"], None])
def test_a_module_that_is_no_text_is_refused_by_every_way(module: object) -> None:
    identity, fn, setter = Identity(), make(1), setattr
    identity.handler_id(fn), identity.handler_id(fn, "click")
    setter(fn, "__module__", module)
    for ask in (
        identity.handler_id,
        functools.partial(identity.handler_id, captures=True),
        functools.partial(identity.bare_ids, location="shop:on_click"),
    ):
        with pytest.raises(UnsupportedHandler, match="has no module name"):
            ask(fn)


def test_a_record_is_one_for_a_code_object_and_holds_no_function() -> None:
    identity = Identity()
    fn = make(1)
    record = identity.record(fn)
    assert identity.record(make(2)) is identity.record(fn) is record
    assert record() is fn.__code__
    assert record.binding is None
    identity.handler_id(fn, ClickEvent)
    assert identity.record(fn) is record
    assert Identity().record(fn) is not record


def test_a_late_callback_forgets_no_other_record() -> None:
    identity = Identity()
    fn = make(1)
    code = fn.__code__
    old = identity.record(fn)
    identity.records[old.address] = new = CodeRecord(code)
    identity._forget(old)
    assert identity.records[old.address] is new


COMPREHENSIONS = """
from handlerid import Identity

def made():
    rows = [lambda event: row for row in range(2)]
    rows += {1: lambda event: row for row in range(2)}.values()
    rows += {(lambda event: row) for row in range(1)}
    rows += [one for two in [[(lambda event: row) for row in "a"]] for one in two]
    return rows + list(lambda event: row for row in range(1))

class Page:
    handlers = [lambda event: number for number in range(1)]

if __name__ == "__main__":
    identity = Identity(fingerprint="source")
    for fn in (*made(), *Page.handlers, *[lambda event: 1 for _ in "a"]):
        found = identity.handler_id(fn, "click")
        print(found, found.qualname)
        print(identity.bare_ids(fn, location=f"app:{fn.__qualname__}")[0][0])
"""


def test_a_lambda_in_a_comprehension_has_one_location_on_every_python(
    tmp_path: Path,
) -> None:
    (tmp_path / "app.py").write_text(COMPREHENSIONS)
    pythons = [require_python(version) for version in ("3.11", "3.12", "3.13")]
    texts = {
        run_fresh("app.py", python=str(python), cwd=tmp_path) for python in pythons
    }
    assert len(texts) == 1
    text = texts.pop()
    assert "made.<locals>.<genexpr>.<lambda>" in text
    assert "Page.<lambda>" in text
    assert not re.search("listcomp|dictcomp|setcomp", text)
