"""What comes of bytes that nobody packed: an error of the right class, and no more.

A token's signature keeps such bytes away; these tests are for when it does not.
"""

from __future__ import annotations

import json
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
from handlerid._registry.scan import CodeIndex
from handlerid._tokens import Closures
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
def closures() -> Closures:
    return make_closures()


def make_closures() -> Closures:
    identity = Identity(encoders={PurePath: str}, decoders={PurePath: PurePath})
    index = CodeIndex(identity)
    index.add(sys.modules[HERE])
    made = Closures(identity, index)
    # Loads and fills all tables.
    for value in ("/a", Note("a"), [link(1)], ZoneInfo("UTC"), run_me):
        fn = link(value)
        made.rebuild(identity.handler_id(fn), made.pack(fn))
    list(index.codes(HERE, "no such"))
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


def written(node: Any) -> bytes:
    text = json.dumps(node, ensure_ascii=False, separators=(",", ":"))
    return b"a" + text.encode("utf-8", "surrogatepass")


def located(module: Any, qualname: Any, *more: Any) -> bytes:
    return written(["F", module, qualname, FINGERPRINT, *more])


QUALNAME = "link.<locals>.on_click"
FINGERPRINT = Identity().handler_id(link(1)).fingerprint
HEAD = ["F", HERE, QUALNAME, FINGERPRINT]
PLAIN = [*HEAD, None, "x"]
RUN_ME = Identity().handler_id(run_me).fingerprint


def captured(node: Any) -> bytes:
    """The handler of ``link``, with this node as what it captured."""
    return written([*HEAD, None, node])


ATTACKS: dict[str, tuple[bytes, type[HandlerIdError]]] = {
    # typing compiles texts, and has names for modules.
    "a text as a type": (captured(["@", "List", ["t", "run_me()"]]), InvalidToken),
    "bare text as a type": (captured(["@", "List", "run_me()"]), InvalidToken),
    "a module of typing's": (captured(["@", "sys", ["t", "x"]]), InvalidToken),
    "what typing has no alias of": (captured(["@", "cast", ["t", 1]]), InvalidToken),
    "a class without parameters": (
        captured(["@", ["C", HERE, "Note"], ["t", 1]]),
        InvalidToken,
    ),
    "a function that runs code": (captured(["u", "builtins", "eval"]), StaleHandler),
    "a function of any module": (captured(["u", "os", "system"]), StaleHandler),
    # Names.
    "a module that was not scanned": (located("os", "system"), UnknownHandler),
    "builtins": (located("builtins", "eval"), UnknownHandler),
    "the library itself": (located("handlerid._identity", "Identity"), UnknownHandler),
    "a module by a dunder name": (located("__main__", "main"), UnknownHandler),
    "a function that is not there": (located(HERE, "nothing"), UnknownHandler),
    "another handler's location": (
        written(["h", HERE, "run_me", RUN_ME]),
        InvalidToken,
    ),
    "a dunder as qualified name": (located(HERE, "__dict__"), UnknownHandler),
    "a path through attributes": (located(HERE, "link.__globals__"), UnknownHandler),
    "a path through a closure": (located(HERE, f"{QUALNAME}.__code__"), UnknownHandler),
    "a homoglyph": (located(HERE, "l\u0456nk.<locals>.on_click"), UnknownHandler),
    "a homoglyph module": (located(HERE.replace("a", "\u0430"), "x"), UnknownHandler),
    "an empty name": (located("", ""), UnknownHandler),
    "a surrogate as name": (located("\ud800", "x"), UnknownHandler),
    "no names": (written(["F"]), InvalidToken),
    "one name": (written(["F", HERE]), InvalidToken),
    "numbers as names": (located(1, 2), UnknownHandler),
    "lists as names": (located([], []), InvalidToken),
    "null as names": (located(None, None), UnknownHandler),
    # Code.
    "another fingerprint": (written([*HEAD[:3], "a" * 20, 1, 2]), StaleHandler),
    "another function's code": (located(HERE, "run_me"), StaleHandler),
    "a held function of another fingerprint": (
        captured(["h", HERE, "run_me", FINGERPRINT]),
        StaleHandler,
    ),
    "no cells": (written(HEAD), InvalidToken),
    "too few cells": (written([*HEAD, 1]), InvalidToken),
    "too many cells": (written([*HEAD, 1, 2, 3]), InvalidToken),
    "a label of a cell": (written([*HEAD, 1, ["=", 3]]), InvalidToken),
    "new code by an attribute": (
        written([*PLAIN, "__code__", ["h", HERE, "run_me", RUN_ME]]),
        InvalidToken,
    ),
    "new globals by an attribute": (
        written([*PLAIN, "__globals__", ["d"]]),
        InvalidToken,
    ),
    "another module by an attribute": (
        written([*PLAIN, "__module__", "os"]),
        InvalidToken,
    ),
    "half an attribute": (written([*PLAIN, "__name__"]), InvalidToken),
    "a name that is no text": (written([*PLAIN, "__name__", 1]), InvalidToken),
    "more defaults than arguments": (
        written([*PLAIN, "__defaults__", ["t", 1, 2]]),
        InvalidToken,
    ),
    "defaults that are a number": (written([*PLAIN, "__defaults__", 7]), InvalidToken),
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
        captured(["r", "subprocess", "Popen", "args", ["l", "ls"]]),
        StaleHandler,
    ),
    "an object with other fields": (
        captured(["r", HERE, "Note", "txet", "a"]),
        StaleHandler,
    ),
    "an object with a dunder": (
        captured(["r", HERE, "Note", "__class__", ["C", "builtins", "int"]]),
        StaleHandler,
    ),
    "an object of a class that is no dataclass": (
        captured(["r", "builtins", "int", ""]),
        StaleHandler,
    ),
    "an object with too few fields": (
        captured(["r", HERE, "Note", "text"]),
        StaleHandler,
    ),
    "a member of no enum": (captured(["e", HERE, "Note", "text"]), StaleHandler),
    "a function that was not scanned": (
        captured(["h", "os", "system", RUN_ME]),
        StaleHandler,
    ),
    "a function by a path": (
        captured(["h", HERE, "Note.__init__.__globals__", RUN_ME]),
        StaleHandler,
    ),
    "a module that was not scanned as value": (captured(["m", "os"]), InvalidToken),
    "a partial of nothing": (captured(["y", None, ["t"], ["o"]]), InvalidToken),
    "keywords that are no texts": (
        captured(["y", ["h", HERE, "run_me", RUN_ME], ["t"], ["o", 1, 2]]),
        InvalidToken,
    ),
    "a pickle": (captured(["*", HERE, "Note", "gASVAA=="]), InvalidToken),
    "a type of the host's nobody named": (
        captured(["x", HERE, "Note", 1]),
        StaleHandler,
    ),
    "an unknown tag": (captured(["?", 1]), InvalidToken),
    "a tag that is no text": (captured([["l"]]), InvalidToken),
    "an empty list": (captured([]), InvalidToken),
    "an object of JSON": (captured({"a": 1}), InvalidToken),
    "a label nobody set": (captured(["=", 0]), InvalidToken),
    "an unhashable member": (captured(["S", ["l"]]), InvalidToken),
    "an unhashable key": (captured(["d", ["l"], 1]), InvalidToken),
    "half a pair": (captured(["d", 1]), InvalidToken),
    "no hexadecimal digits": (captured(["b", "\u00e9"]), InvalidToken),
    "no date": (captured(["D", "0000-00-00"]), InvalidToken),
    "a zone by a path": (captured(["k", "../../etc/passwd"]), InvalidToken),
    "a fraction over nothing": (captured(["q", 1, 0]), InvalidToken),
    "no decimal": (captured(["M", "one"]), InvalidToken),
    "not a number": (b"a[NaN]", InvalidToken),
    "nested deeper than the stack": (b"a" + b"[" * 8000, InvalidToken),
    "a zone that is another file": (captured(["k", "zone1970.tab"]), InvalidToken),
    "a union of expressions": (captured(["|", "run_me()", "x"]), InvalidToken),
    "a function where a number stands": (captured(["B", 1, 2]), InvalidToken),
    "a flag of no flags": (captured(["g", "builtins", "int", 1]), StaleHandler),
    "a class that has members": (captured(["e", "builtins", "int", "x"]), StaleHandler),
    "a named tuple with too many fields": (
        captured(["r", HERE, "Pair", "left,right", 1, 2, 3]),
        StaleHandler,
    ),
    "a named tuple with too few fields": (
        captured(["r", HERE, "Pair", "left,right", 1]),
        StaleHandler,
    ),
    "a named tuple with other names": (
        captured(["r", HERE, "Pair", "left,rihgt", 1, 2]),
        StaleHandler,
    ),
    # Cells that functions share, names and numbers.
    "a cell without a number": (captured(["V"]), InvalidToken),
    "a cell whose number is a list": (captured(["V", [], "x"]), InvalidToken),
    "a cell that is no variable": (captured(["l", ["V", 0, "x"]]), InvalidToken),
    "an empty cell that is no variable": (captured(["l", ["v"]]), InvalidToken),
    "a cell as handler": (written(["V", 0, PLAIN]), InvalidToken),
    "a name without a handler": (written(["n", "pay", 0]), InvalidToken),
    "a name inside": (captured(["n", "pay", 0, "x"]), InvalidToken),
    "a name that is a list": (written(["n", [], 0, PLAIN]), InvalidToken),
    "two names": (written(["n", None, 1, ["n", None, 1, PLAIN]]), InvalidToken),
    # The bytes.
    "no list": (written("x"), InvalidToken),
    "a number": (written(1), InvalidToken),
    "nothing": (b"", InvalidToken),
    "another format": (b"z[]", ExpiredToken),
    "another format, and no JSON": (b"c\xff\x00", ExpiredToken),
    "a pickle instead": (pickle.dumps(run_me), InvalidToken),
    "long, and no graph": (b"a[" + b"1," * 5000 + b"1]", InvalidToken),
    "two graphs": (written(PLAIN) + b"[]", InvalidToken),
    "not UTF-8": (b"a[\xff]", InvalidToken),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(name: str, closures: Closures) -> None:
    data, error = ATTACKS[name]
    handler_id = closures.identity.handler_id(link(SECRET[0]))
    with nothing_happens(), pytest.raises(HandlerIdError) as caught:
        closures.rebuild(handler_id, data)
    assert type(caught.value) is error
    for text in (str(caught.value), caught.value.public):
        assert SECRET[0] not in text
        assert "passwd" not in text


@pytest.mark.parametrize("name", ["pay", f"{HERE}:run_me", f"{HERE}:pay"])
def test_a_name_that_the_id_does_not_have(name: str, closures: Closures) -> None:
    handler_id = closures.identity.handler_id(link("x"))
    with pytest.raises(InvalidToken):
        closures.rebuild(handler_id, written(["n", name, 0, PLAIN]))


def test_the_attacks_are_made_of_bytes_that_hold(closures: Closures) -> None:
    fn = link(["x"])
    handler_id = closures.identity.handler_id(fn)
    assert closures.pack(fn) == captured(["l", "x"])
    with nothing_happens():
        fn = closures.rebuild(handler_id, captured(["l", "x"])).fn
    assert fn(None) == (["x"], None)
    assert closures.rebuild(handler_id, written(PLAIN)).fn(None) == ("x", None)


def refused(closures: Closures, handler_id: HandlerId, data: bytes) -> None:
    """Checks that damaged bytes are refused, or are a handler of the same code.

    Only the signature tells other captures.
    """
    try:
        fn = closures.rebuild(handler_id, data).fn
    except (InvalidToken, ExpiredToken, StaleHandler, UnknownHandler):
        return
    assert closures.identity.handler_id(fn)[:37] == handler_id[:37]


@given(data=st.binary(max_size=200))
def test_random_bytes(data: bytes, closures: Closures) -> None:
    handler_id = closures.identity.handler_id(link("x"))
    refused(closures, handler_id, data)
    refused(closures, handler_id, b"a" + data)
    refused(closures, handler_id, b"b" + data)


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
            st.sampled_from("&=vVnlSdhByxCmgero.ficbtZR/DHWLzkMqUpPQa|F?"),
            st.lists(inner, max_size=6),
        )
        | st.lists(inner, max_size=6)
    ),
    max_leaves=20,
)


@given(nodes=st.lists(NODES, max_size=5), node=NODES)
def test_random_graphs(nodes: list[Any], node: Any, closures: Closures) -> None:
    handler_id = closures.identity.handler_id(link("x"))
    for data in (written(node), written([*HEAD, *nodes]), captured(node)):
        refused(closures, handler_id, data)


@given(data=st.data())
def test_damaged_graphs(data: st.DataObject, closures: Closures) -> None:
    inner = link(Note("x"), {"a": [1, (2.5, b"x")]})
    fn = link(inner, [inner, {1, 2}])
    handler_id = closures.identity.handler_id(fn)
    packed = bytearray(closures.pack(fn))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed[at] = data.draw(st.integers(0, 255))
    refused(closures, handler_id, bytes(packed))


def test_a_module_that_was_forgotten_is_unknown() -> None:
    closures = make_closures()
    assert isinstance(closures.index, CodeIndex)
    fn = link("x")
    handler_id, data = closures.identity.handler_id(fn), closures.pack(fn)
    assert closures.rebuild(handler_id, data).fn(None) == ("x", None)
    closures.index.forget(HERE)
    with pytest.raises(UnknownHandler):
        closures.rebuild(handler_id, data)


def test_a_module_stands_for_itself_only() -> None:
    """Whatever calls itself by the name is another module, and was not scanned."""
    closures = make_closures()
    other = ModuleType(HERE)
    exec("def link(url):\n return lambda event: url", vars(other))
    with pytest.raises(HandlerIdError):
        closures.pack(other.link("x"))
