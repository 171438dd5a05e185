"""What comes of bytes that nobody packed: an error of the right class, and no more.

A token's signature keeps such bytes away; these tests are for when it does not.
"""

from __future__ import annotations

import base64
import json
import math
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from types import ModuleType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlerid import HandlerId, Identity
from handlerid._carrying import Carrier
from handlerid._scanned import Scanned
from handlerid.errors import (
    ExpiredToken,
    HandlerIdError,
    InvalidToken,
    StaleHandler,
    UnknownHandler,
)

HERE = __name__
SECRET = ["not for everybody"]


@dataclass
class Note:
    text: str


class Pair(NamedTuple):
    left: int
    right: int


def link(url: object, other: object = None) -> Callable[..., Any]:
    def on_click(event: object) -> object:
        return url, other

    return on_click


def run_me(event: object = None) -> object:
    raise AssertionError("this was run")


@pytest.fixture(scope="module")
def carrier() -> Carrier:
    return make_carrier()


def make_carrier(**options: Any) -> Carrier:
    identity = Identity(encoders={PurePath: str})
    scanned = Scanned(identity.module_name)
    scanned.add(sys.modules[HERE])
    made = Carrier(identity, scanned, **options)
    for value in (
        "/a",
        Note("a"),
        [link(1)],
        ZoneInfo("UTC"),
    ):  # loads and fills all tables
        fn = link(value)
        made.unpack(identity.distinct_id(fn), made.pack(fn))
    list(scanned.codes(HERE, "no such"))
    return made


FORBIDDEN = (
    *("import", "exec", "compile", "pickle.find_class", "open", "os.system"),
    *("subprocess.Popen", "code.__new__", "marshal.loads", "socket.connect"),
)


class _Watch:
    """Notes audit events while somebody looks."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None
        sys.addaudithook(self.hook)

    def hook(self, event: str, _: object) -> None:
        if self.seen is not None and event in FORBIDDEN:
            self.seen.append(event)


_watch: list[_Watch] = []


@contextmanager
def nothing_happens() -> Iterator[None]:
    """Fails when anything is imported, evaluated, opened or unpickled inside."""
    if not _watch:
        _watch.append(_Watch())  # an audit hook stays for good
    seen: list[str] = []
    _watch[0].seen = seen
    try:
        yield
    finally:
        _watch[0].seen = None
    assert seen == []


def general(*recipe: Any) -> bytes:
    return b"b" + json.dumps(recipe, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def simple(*recipe: Any) -> bytes:
    return b"a" + json.dumps(recipe, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


QUALNAME = "link.<locals>.on_click"
FINGERPRINT = Identity().handler_id(link(1)).fingerprint
RECORD = ["F", HERE, QUALNAME, FINGERPRINT, [1, 2], None, None]


def captured(node: Any) -> bytes:
    """The handler of ``link``, with this node as what it captured."""
    return general(["@", 0], RECORD, ["c", None], ["c", node])


def nest(levels: int, node: Any = None) -> Any:
    for _ in range(levels):
        node = ["l", node]
    return node


ATTACKS: dict[str, tuple[bytes, type[HandlerIdError]]] = {
    # Names.
    "a module that was not scanned": (simple("os", "system", "ls"), UnknownHandler),
    "builtins": (simple("builtins", "eval", "1"), UnknownHandler),
    "the library itself": (simple("handlerid._identity", "Identity"), UnknownHandler),
    "a module by a dunder name": (simple("__main__", "main"), UnknownHandler),
    "a function that is not there": (simple(HERE, "nothing"), UnknownHandler),
    "another handler's place": (simple(HERE, "run_me"), InvalidToken),
    "a dunder as qualified name": (simple(HERE, "__dict__"), UnknownHandler),
    "a path through attributes": (simple(HERE, "link.__globals__"), UnknownHandler),
    "a path through a closure": (
        simple(HERE, "link.<locals>.on_click.__code__"),
        UnknownHandler,
    ),
    "a homoglyph": (simple(HERE, "l\u0456nk.<locals>.on_click", "x"), UnknownHandler),
    "a homoglyph module": (simple(HERE.replace("a", "\u0430"), "x"), UnknownHandler),
    "an empty name": (simple("", ""), UnknownHandler),
    "a surrogate as name": (simple("\ud800", "x"), UnknownHandler),
    "no names": (simple(), InvalidToken),
    "one name": (simple(HERE), InvalidToken),
    "numbers as names": (simple(1, 2), InvalidToken),
    "lists as names": (simple([], []), InvalidToken),
    "null as names": (simple(None, None), InvalidToken),
    # Code.
    "another fingerprint": (
        general(["@", 0], [*RECORD[:3], "a" * 20, [1, 2], None, None], ["c"], ["c"]),
        StaleHandler,
    ),
    "another function's code": (
        general(["@", 0], ["F", HERE, "run_me", FINGERPRINT, [], None, None]),
        StaleHandler,
    ),
    "code of an unknown module": (
        general(["@", 0], ["F", "os", "fdopen", FINGERPRINT, [], None, None]),
        UnknownHandler,
    ),
    "too few cells": (
        general(["@", 0], [*RECORD[:4], [1], None, None], ["c"]),
        InvalidToken,
    ),
    "a cell that is a function": (
        general(["@", 0], [*RECORD[:4], [0, 0], None, None]),
        InvalidToken,
    ),
    "a cell that is not there": (general(["@", 0], RECORD), InvalidToken),
    "a negative cell": (
        general(["@", 0], [*RECORD[:4], [-1, -2], None, None], ["c"], ["c"]),
        InvalidToken,
    ),
    "a true cell": (
        general(["@", 0], [*RECORD[:4], [True, True], None, None], ["c"], ["c"]),
        InvalidToken,
    ),
    "huge numbers of cells": (
        general(["@", 0], [*RECORD[:4], [10**30], None, None]),
        InvalidToken,
    ),
    "new code by an attribute": (
        general(["@", 0], [*RECORD, "__code__", ["h", HERE, "run_me"]], ["c"], ["c"]),
        InvalidToken,
    ),
    "new globals by an attribute": (
        general(["@", 0], [*RECORD, "__globals__", ["d"]], ["c"], ["c"]),
        InvalidToken,
    ),
    "another module by an attribute": (
        general(["@", 0], [*RECORD, "__module__", "os"], ["c", None], ["c", 1]),
        InvalidToken,
    ),
    "a default that shifts": (
        general(["@", 0], [*RECORD[:5], [1, 2, 3], None], ["c"], ["c"]),
        InvalidToken,
    ),
    "more defaults than arguments": (
        simple(HERE, QUALNAME, None, "x", 1, 2, 3),
        InvalidToken,
    ),
    "defaults that are a number": (
        general(["@", 0], [*RECORD[:5], 7, None], ["c"], ["c"]),
        InvalidToken,
    ),
    # Values.
    "a class that was not scanned": (
        captured(["C", "subprocess", "Popen"]),
        StaleHandler,
    ),
    "a class of builtins not listed": (
        captured(["C", "builtins", "eval"]),
        StaleHandler,
    ),
    "an object of such a class": (
        captured(["o", "subprocess", "Popen", "args", ["l", "ls"]]),
        StaleHandler,
    ),
    "an object with other fields": (
        captured(["o", HERE, "Note", "txet", "a"]),
        StaleHandler,
    ),
    "an object with a dunder": (
        captured(["o", HERE, "Note", "__class__", ["C", "builtins", "int"]]),
        StaleHandler,
    ),
    "an object of a class that is no dataclass": (
        captured(["o", "builtins", "int", ""]),
        StaleHandler,
    ),
    "an object with too few fields": (
        captured(["o", HERE, "Note", "text"]),
        InvalidToken,
    ),
    "a member of no enum": (captured(["e", HERE, "Note", "text"]), InvalidToken),
    "a function that was not scanned": (captured(["h", "os", "system"]), StaleHandler),
    "a function by a path": (
        captured(["h", HERE, "Note.__init__.__globals__"]),
        StaleHandler,
    ),
    "a module that was not scanned as value": (captured(["M", "os"]), StaleHandler),
    "a method of a builtin": (
        captured(["m", ["C", "builtins", "int"], 1]),
        InvalidToken,
    ),
    "a partial of nothing": (captured(["y", None, [], []]), InvalidToken),
    "keywords that are no texts": (
        captured(["y", ["h", HERE, "run_me"], [], [1, 2]]),
        InvalidToken,
    ),
    "a pickle nobody asked for": (
        captured(
            ["*", HERE, "Note", base64.b64encode(pickle.dumps(Note("a"))).decode()]
        ),
        StaleHandler,
    ),
    "a type of the host's nobody named": (
        captured(["x", HERE, "Note", 1]),
        StaleHandler,
    ),
    "an unknown tag": (captured(["?", 1]), InvalidToken),
    "a tag that is no text": (captured([["l"]]), InvalidToken),
    "an empty list": (captured([]), InvalidToken),
    "an object of JSON": (captured({"a": 1}), InvalidToken),
    "a label nobody set": (captured(["=", 0]), InvalidToken),
    "a label twice": (
        captured(["l", ["&", 0, ["l"]], ["&", 0, ["l"]]]),
        InvalidToken,
    ),
    "a label of itself": (captured(["&", 0, ["&", 1, ["l"]]]), InvalidToken),
    "a list that holds itself": (captured(["&", 0, ["l", ["=", 0]]]), InvalidToken),
    "an unhashable member": (captured(["S", ["l"]]), InvalidToken),
    "an unhashable key": (captured(["d", ["l"], 1]), InvalidToken),
    "half a pair": (captured(["d", 1]), InvalidToken),
    "not base 64": (captured(["b", "\u00e9"]), InvalidToken),
    "no date": (captured(["D", "0000-00-00"]), InvalidToken),
    "a zone by a path": (captured(["k", "../../etc/passwd"]), InvalidToken),
    "a fraction over nothing": (captured(["q", 1, 0]), InvalidToken),
    "no decimal": (captured(["#", "one"]), InvalidToken),
    "a number of many digits": (captured(int("9" * 4000)), InvalidToken),
    "not a number": (b"b[NaN]", InvalidToken),
    "nested deep": (captured(nest(120)), InvalidToken),
    "nested deeper than the stack": (b"b" + b"[" * 8000, InvalidToken),
    "a text where a float stands": (captured(["f", "1.5"]), InvalidToken),
    "a zone that is another file": (captured(["k", "zone1970.tab"]), InvalidToken),
    "a union of expressions": (captured(["|", "run_me()", "x"]), InvalidToken),
    "base 64 with blanks": (captured(["b", "YQ= ="]), InvalidToken),
    "a label that is no number": (captured(["&", "x", ["l"]]), InvalidToken),
    "a cell where a function stands": (captured(["@", 1]), InvalidToken),
    "a function by a negative number": (captured(["@", -3]), InvalidToken),
    "a flag of no flags": (captured(["g", "builtins", "int", 1]), InvalidToken),
    "a class that has members": (captured(["e", "builtins", "int", "x"]), InvalidToken),
    "a named tuple of nothing": (
        captured(["n", HERE, "Note", "text", "a"]),
        StaleHandler,
    ),
    "a named tuple with too few fields": (
        captured(["n", HERE, "Pair", "left,right", 1]),
        StaleHandler,
    ),
    "a named tuple with other names": (
        captured(["n", HERE, "Pair", "left,rihgt", 1, 2]),
        StaleHandler,
    ),
    "an unknown record that is long": (
        general(["@", 0], RECORD, ["c"], ["c"], ["x", 1, 2, 3, [], None, None]),
        InvalidToken,
    ),
    "an unknown record": (general(["@", 0], RECORD, ["c"], ["c"], ["x"]), InvalidToken),
    "a record that is no list": (
        general(["@", 0], RECORD, ["c"], ["c"], 1),
        InvalidToken,
    ),
    "more defaults than arguments of a record": (
        general(["@", 0], [*RECORD[:5], [1, 2], None], ["c"], ["c"]),
        InvalidToken,
    ),
    "keyword defaults that are none": (
        general(["@", 0], [*RECORD[:6], ["d", 1, 2]], ["c"], ["c"]),
        InvalidToken,
    ),
    "a name that is no text": (
        general(["@", 0], [*RECORD, "__name__", 1], ["c"], ["c"]),
        InvalidToken,
    ),
    "a doc that is no text": (
        general(["@", 0], [*RECORD, "__doc__", 1], ["c"], ["c"]),
        InvalidToken,
    ),
    # The bytes.
    "too few cells, the short way": (simple(HERE, QUALNAME, None), InvalidToken),
    "a list, the short way": (simple(HERE, QUALNAME, None, ["l"]), InvalidToken),
    "not a number, the short way": (
        simple(HERE, QUALNAME, None, math.nan),
        InvalidToken,
    ),
    "nothing": (b"", InvalidToken),
    "another way": (b"z[]", ExpiredToken),
    "another way, and no JSON": (b"c\xff\x00", ExpiredToken),
    "a pickle": (pickle.dumps(run_me), InvalidToken),
    "too long": (b"b[" + b"1," * 5000 + b"1]", InvalidToken),
    "two recipes": (simple(HERE, QUALNAME, None, "x") + b"[]", InvalidToken),
    "blanks at the end": (simple(HERE, QUALNAME, None, "x") + b" ", InvalidToken),
    "not UTF-8": (b"a[\xff]", InvalidToken),
}


SEEN_BY_THE_ID = {
    "another module by an attribute",
    "a number of many digits",
    "a method of a builtin",
    "a list that holds itself",
}
"""What is a recipe, but another handler's."""


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("name", ATTACKS)
def test_attack(name: str, check: bool, carrier: Carrier) -> None:
    if name in SEEN_BY_THE_ID and not check:
        return
    data, error = ATTACKS[name]
    fn = link(SECRET[0])
    handler_id = carrier.identity.distinct_id(fn)
    with nothing_happens(), pytest.raises(HandlerIdError) as caught:
        carrier.unpack(handler_id, data, check=check)
    assert type(caught.value) is error
    for text in (str(caught.value), caught.value.public):
        assert SECRET[0] not in text
        assert "passwd" not in text


def test_the_attacks_are_made_of_a_recipe_that_holds(carrier: Carrier) -> None:
    fn = link(["x"])
    handler_id = carrier.identity.distinct_id(fn)
    assert carrier.pack(fn) == captured(["l", "x"]).replace(b", ", b",")
    with nothing_happens():
        assert carrier.unpack(handler_id, captured(["l", "x"]))(None) == (["x"], None)


def test_another_handlers_bytes_are_refused(carrier: Carrier) -> None:
    ours, theirs = link(["mine"]), link(["theirs"])
    handler_id = carrier.identity.distinct_id(ours)
    with pytest.raises(InvalidToken):
        carrier.unpack(handler_id, carrier.pack(theirs))


def test_a_pickle_of_another_class_is_refused() -> None:
    identity = Identity(encoders={Note: lambda note: note.text})
    scanned = Scanned(identity.module_name)
    scanned.add(sys.modules[HERE])
    carrier = Carrier(identity, scanned, by_pickle=(Note,))
    fn = link(Note("a"))
    handler_id = identity.distinct_id(fn)
    assert carrier.unpack(handler_id, carrier.pack(fn))(None) == (Note("a"), None)
    bomb = base64.b64encode(pickle.dumps([1])).decode()
    with pytest.raises(InvalidToken):
        carrier.unpack(handler_id, captured(["*", HERE, "Note", bomb]), check=False)


def refused(carrier: Carrier, handler_id: HandlerId, data: bytes) -> None:
    """Checks that damaged bytes are refused, or were of the handler all the same.

    Only the whole id, which is checked where more than texts and numbers are carried,
    tells other captures; for the short way the signature does.
    """
    try:
        fn = carrier.unpack(handler_id, data)
    except (InvalidToken, ExpiredToken, StaleHandler, UnknownHandler):
        return
    found = carrier.identity.distinct_id(fn)
    assert found[:37] == handler_id[:37]
    assert found == handler_id or data[:1] == b"a"


@given(data=st.binary(max_size=200))
def test_random_bytes(data: bytes, carrier: Carrier) -> None:
    handler_id = carrier.identity.distinct_id(link("x"))
    for way in (b"", b"a", b"b"):
        refused(carrier, handler_id, way + data)


NODES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([HERE, QUALNAME, FINGERPRINT, "Note", "text", "a,b", "run_me"])
    | st.text(max_size=3),
    lambda inner: (
        st.builds(
            lambda tag, rest: [tag, *rest],
            st.sampled_from("&=@lSdhmy*xCMgeon.ficbtZR/DHWLzk#qUpPQa|F?"),
            st.lists(inner, max_size=6),
        )
        | st.lists(inner, max_size=6)
    ),
    max_leaves=20,
)


@given(recipe=st.lists(NODES, max_size=5), node=NODES)
def test_random_recipes(recipe: list[Any], node: Any, carrier: Carrier) -> None:
    handler_id = carrier.identity.distinct_id(link("x"))
    refused(carrier, handler_id, general(*recipe))
    refused(carrier, handler_id, simple(*recipe))
    refused(carrier, handler_id, captured(node))


@given(data=st.data())
def test_damaged_recipes(data: st.DataObject, carrier: Carrier) -> None:
    inner = link(Note("x"), {"a": [1, (2.5, b"x")]})
    fn = link(inner, [inner, {1, 2}])
    handler_id = carrier.identity.distinct_id(fn)
    packed = bytearray(carrier.pack(fn))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed[at] = data.draw(st.integers(0, 255))
    refused(carrier, handler_id, bytes(packed))


def test_a_module_that_was_forgotten_is_unknown() -> None:
    carrier = make_carrier()
    fn = link("x")
    handler_id, data = carrier.identity.distinct_id(fn), carrier.pack(fn)
    assert carrier.unpack(handler_id, data)(None) == ("x", None)
    carrier.scanned.forget(HERE)
    with pytest.raises(UnknownHandler):
        carrier.unpack(handler_id, data)


def test_a_module_stands_for_itself_only() -> None:
    """Whatever calls itself by the name is another module, and was not scanned."""
    carrier = make_carrier()
    other = ModuleType(HERE)
    exec("def link(url):\n return lambda event: url", vars(other))
    with pytest.raises(HandlerIdError):
        carrier.pack(other.link("x"))
