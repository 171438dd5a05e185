"""Ids of older releases: why nobody answers them."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handlerid import (
    Dispatcher,
    Form,
    HandlerId,
    HandlerIdError,
    Identity,
    Registry,
    Tokens,
)
from handlerid.errors import GoneHandler, StaleHandler, UnknownHandler
from handlerid.manifest import Function, History, Manifest, build, history
from tests.support.packages import importable, write

FIRST = """
from handlerid import ClickEvent, InputEvent, Registry

registry = Registry()

def on_same(event: ClickEvent): return "same", event
def on_changed(event: ClickEvent): return "changed", event
def on_renamed(event: ClickEvent): return "renamed", event
def on_removed(event: ClickEvent): return "removed", event
def on_event(event: ClickEvent): return "event", event
def on_trivial(event: ClickEvent): pass
def on_one(event: ClickEvent): return event
def on_declared(event: ClickEvent): return "declared", event

@registry.handler(name="named")
def on_named(event: ClickEvent): return "named", event

def page():
    def on_closure(event: ClickEvent): return "closure", event
    return on_closure
"""
SECOND = """
from handlerid import ClickEvent, InputEvent, Registry

registry = Registry()

def on_same(event: ClickEvent): return "same", event
def on_changed(event: ClickEvent): return "changed since", event
def on_renamed_since(event: ClickEvent): return "renamed", event
def on_event(event: InputEvent): return "event", event
def on_trivial_since(event: ClickEvent): pass
def on_two(event: ClickEvent): return event
def on_three(event: ClickEvent): return event

@registry.handler(moved_from="store:on_declared")
def on_declared_since(event: ClickEvent): return "declared since", event

@registry.handler(name="named")
def on_named_since(event: ClickEvent): return "named since", event

def page():
    def on_closure(event: ClickEvent): return "closure", event
    return on_closure
"""
KEYS = {"no key": None, "a key": b"secret", "two keys": [b"new key", b"secret"]}


class Releases:
    """The manifests of two releases, and the ids of pages of the first."""

    def __init__(self, folder: Path, fingerprint: Any) -> None:
        self.directory = folder / "manifests"
        self.directory.mkdir()
        self.fingerprint = fingerprint
        self.ids: dict[str, dict[str, HandlerId]] = {}
        self.current = Manifest(fingerprint=fingerprint)
        for release, text in enumerate((FIRST, SECOND), 1):
            write(folder / str(release), store=text)
            with importable(folder / str(release)):
                self.current = build(
                    "store", fingerprint=fingerprint, release=f"r{release}"
                )
                if release == 1:
                    for title, keys in KEYS.items():
                        self.ids[title] = self.page(self.identity(keys))
                    self.current.write(self.directory / "r1.json")

    def identity(self, keys: Any = None) -> Identity:
        return Identity(fingerprint=self.fingerprint, keys=keys)

    def page(self, identity: Identity) -> dict[str, HandlerId]:
        """The ids of the page, by the name of the function."""
        registry = Registry(identity=identity)
        module: Any = __import__("store")
        registry.handler(name="named")(module.on_named)
        scan = registry.scan("store")
        with Dispatcher(registry).scope() as scope:
            offered = scope.register(module.page())
        return {str(x.qualname).rpartition(".")[2]: x for x in (*scan, offered)}


@pytest.fixture(scope="module", params=["bytecode", "source"])
def releases(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Releases:
    return Releases(tmp_path_factory.mktemp("releases"), request.param)


UNOFFERED = (
    "has the same code here, and nobody offers it: no scope that is kept, no "
    "resolver, no rerender"
)
MOVED = (
    "is store.on_renamed_since here; to answer its pages, write "
    '@registry.handler(moved_from="store:on_renamed")'
)
REASONS: dict[str, tuple[type[HandlerIdError], str]] = {
    "on_same": (
        GoneHandler,
        UNOFFERED,
    ),
    "on_closure": (
        GoneHandler,
        UNOFFERED,
    ),
    "on_changed": (StaleHandler, "has other code here"),
    "on_renamed": (
        GoneHandler,
        MOVED,
    ),
    "on_removed": (GoneHandler, "is not in this release"),
    "on_event": (StaleHandler, "took click events, and takes input here"),
    "on_trivial": (GoneHandler, "is not in this release"),
    "on_one": (GoneHandler, "is not in this release"),
    "on_declared": (
        StaleHandler,
        "is store.on_declared_since here, and has other code",
    ),
    "on_named": (StaleHandler, "is store.on_named_since here, and has other code"),
}


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("name", REASONS)
def test_the_reason(releases: Releases, name: str, keys: str) -> None:
    given: Any = KEYS[keys]
    known = history(
        releases.directory, current=releases.current, identity=releases.identity(given)
    )
    handler_id = releases.ids[keys][name]
    error = known(handler_id)
    qualname = "page.<locals>.on_closure" if name == "on_closure" else name
    kind, why = REASONS[name]
    assert type(error) is kind
    assert str(error) == f"store.{qualname}, of release r1, {why}"
    assert error.reload
    assert error.public == kind.public
    assert error.handler_id == handler_id  # type: ignore[attr-defined]
    if isinstance(error, StaleHandler):
        assert (error.location, error.current) == (f"store.{qualname}", ())


def test_a_key_that_was_rotated(releases: Releases) -> None:
    known = history(
        releases.directory, identity=releases.identity([b"new key", b"secret"])
    )
    for keys in ("a key", "two keys"):
        assert known(releases.ids[keys]["on_removed"]) is not None
    assert known(releases.ids["no key"]["on_removed"]) is None


def test_without_the_current_manifest(releases: Releases) -> None:
    known = history(releases.directory)
    error = known(releases.ids["no key"]["on_changed"])
    assert type(error) is GoneHandler
    assert str(error) == "store.on_changed, of release r1, is not answered here"


def test_ids_with_captures_or_of_another_code_are_known_by_their_location(
    releases: Releases,
) -> None:
    known = history(releases.directory, current=releases.current)
    handler_id = releases.ids["no key"]["on_removed"]
    odd = [
        HandlerId.parse(f"{handler_id[:37]}-{'a' * 16}.click"),
        HandlerId.parse(f"{handler_id[:17]}{'a' * 20}.click"),  # a wrapper's
        HandlerId.parse(f"{handler_id[:37]}.other_event"),
        HandlerId.parse(handler_id[:37]),
    ]
    for one in odd:
        assert type(known(one)) is GoneHandler, one


def test_ids_that_were_made_up(releases: Releases) -> None:
    known = history(releases.directory, current=releases.current)
    made_up = HandlerId.parse(f"h1-{'a' * 13}-{'a' * 20}.click")
    assert known(made_up) is None
    assert repr(known) == "<History of 1 release: 11 functions>"


@pytest.fixture
def dispatch(releases: Releases) -> Callable[..., HandlerIdError]:
    known = history(releases.directory, current=releases.current)
    registry = Registry(identity=releases.identity())

    def refuse(payload: object, **options: Any) -> HandlerIdError:
        app = Dispatcher(registry, **{"history": known, **options})
        audience = {"audience": None} if "tokens" in options else {}
        with pytest.raises(HandlerIdError) as raised:
            app.dispatch(payload, **audience)  # type: ignore[arg-type]
        return raised.value

    return refuse


def test_a_dispatcher_raises_it(
    releases: Releases, dispatch: Callable[..., HandlerIdError]
) -> None:
    handler_id = releases.ids["no key"]["on_renamed"]
    for payload in ({"handler": handler_id}, Form({"_handler": handler_id})):
        error = dispatch(payload)
        assert (type(error), error.status) == (GoneHandler, 410)
        assert "store.on_renamed_since" in str(error)
        assert error.__context__ is None
    error = dispatch({"handler": releases.ids["no key"]["on_changed"]})
    assert (type(error), error.status) == (StaleHandler, 409)
    error = dispatch({"handler": f"h1-{'a' * 13}-{'a' * 20}.click"})
    assert (type(error), error.status) == (UnknownHandler, 404)
    error = dispatch({"handler": handler_id}, history=None)
    assert (type(error), error.status) == (UnknownHandler, 404)


def test_a_token_gets_a_reason_too(
    releases: Releases, dispatch: Callable[..., HandlerIdError]
) -> None:
    tokens = Tokens(bytes(range(32)))
    for name in ("on_renamed", "on_changed"):
        token = tokens.issue(releases.ids["no key"][name], audience=None)
        error = dispatch({"handler": token}, tokens=tokens)
        assert type(error) is REASONS[name][0]
        assert str(error).startswith(f"store.{name}, of release r1")
    token = tokens.issue(f"h1-{'a' * 13}-{'a' * 20}", audience=None)
    error = dispatch({"handler": token}, tokens=tokens)
    assert type(error) is GoneHandler
    assert str(error).startswith("no handler is registered at the location of")


def test_it_is_not_asked_for_what_is_answered_or_known_to_be_stale() -> None:
    asked: list[HandlerId] = []

    def ask(handler_id: HandlerId) -> None:
        asked.append(handler_id)

    registry = Registry()
    app = Dispatcher(registry, history=ask)
    handler_id = registry.register(lambda: "clicked")
    assert app.dispatch({"handler": handler_id}) == "clicked"
    stale = f"{handler_id[:17]}{'a' * 20}"
    with pytest.raises(StaleHandler):
        app.dispatch({"handler": stale})
    assert asked == []
    with pytest.raises(UnknownHandler):
        app.dispatch({"handler": f"h1-{'a' * 13}-{'a' * 20}"})
    assert asked == [f"h1-{'a' * 13}-{'a' * 20}"]
    assert isinstance(asked[0], HandlerId)


def test_what_it_raises_passes() -> None:
    def ask(handler_id: HandlerId) -> HandlerIdError:
        raise LookupError("a mistake of the host")

    app = Dispatcher(Registry(), history=ask)
    with pytest.raises(LookupError, match="a mistake of the host"):
        app.dispatch({"handler": f"h1-{'a' * 13}-{'a' * 20}"})


def test_a_refusal_leaves_no_circle(releases: Releases) -> None:
    known = history(releases.directory, current=releases.current)
    app = Dispatcher(Registry(identity=releases.identity()), history=known)
    refs = []
    gc.collect()
    gc.disable()
    try:
        for name in ("on_removed", "on_changed"):
            try:
                app.dispatch({"handler": releases.ids["no key"][name]})
            except HandlerIdError as error:
                refs.append(weakref.ref(error))
        assert [one() for one in refs] == [None, None]
    finally:
        gc.enable()


def test_wrong_arguments(tmp_path: Path, releases: Releases) -> None:
    with pytest.raises(TypeError, match=r"^history must be a function, not str;"):
        Dispatcher(Registry(), history="manifests")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^current must be a Manifest, as build"):
        history(tmp_path, current=tmp_path)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^identity must be an Identity, not"):
        history(tmp_path, identity=Registry())  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        history(tmp_path / "none")
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(ValueError, match=r"notes\.json: no manifest of handlerid$"):
        history(tmp_path)


def test_a_first_release_has_no_history(tmp_path: Path, releases: Releases) -> None:
    (tmp_path / "notes.txt").write_text("not read")
    known = history(tmp_path, current=releases.current)
    assert known(releases.ids["no key"]["on_removed"]) is None
    assert repr(known) == "<History of 0 releases: 0 functions>"


def function(code: str, body: str = "b" * 20, **more: Any) -> Function:
    return Function(code * 20, body, **more)


def manifest(
    release: str, python: str = "cpython 3.11.7", **functions: Any
) -> Manifest:
    return Manifest(
        fingerprint="bytecode",
        python=python or "cpython 3.11.7",
        release=release,
        functions={("shop", name): (one,) for name, one in functions.items()},
    )


def test_the_releases_in_a_reason(tmp_path: Path) -> None:
    for number in range(1, 7):
        code = "a" if number < 6 else "q"
        manifest(f"r{number}", buy=function(code)).write(tmp_path / f"r{number}.json")
    manifest("r0", python="cpython 3.10.1", buy=function("a")).write(
        tmp_path / "r0.json"
    )
    known = history(tmp_path, current=manifest("r7", sell=function("a", "c" * 20)))
    (handler_id,) = Identity().ids("shop:buy", bytes(12))
    assert str(known(handler_id)) == (
        "shop.buy, of release r5, r4, r3 and 3 more, is not in this release"
    )
    (handler_id,) = Identity().ids("shop:buy", b"\x84!\x08B\x10\x84!\x08B\x10\x84!")
    other = str(known(handler_id))
    assert other.startswith("shop.buy, of release r6, ")


def test_a_copy_that_was_there_before_is_no_move(tmp_path: Path) -> None:
    manifest("r1", buy=function("a"), copy=function("c")).write(tmp_path / "r1.json")
    manifest("r2", copy=function("c")).write(tmp_path / "r2.json")
    known = history(tmp_path, current=manifest("r2", copy=function("c")))
    (handler_id,) = Identity().ids("shop:buy", bytes(12))
    assert str(known(handler_id)) == ("shop.buy, of release r1, is not in this release")


def test_another_python(tmp_path: Path) -> None:
    manifest("r1", python="cpython 3.11.7", buy=function("a")).write(
        tmp_path / "one.json"
    )
    known = history(
        tmp_path, current=manifest("r2", python="cpython 3.12.1", buy=function("q"))
    )
    (handler_id,) = Identity().ids("shop:buy", bytes(12))
    assert str(known(handler_id)) == (
        "shop.buy, of release r1 (cpython 3.11.7), has other code here"
    )


def test_a_manifest_without_a_release_is_named_by_its_file(tmp_path: Path) -> None:
    manifest("", buy=function("a")).write(tmp_path / "2026-01-01.json")
    (handler_id,) = Identity().ids("shop:buy", bytes(12))
    assert str(history(tmp_path)(handler_id)) == (
        "shop.buy, of release 2026-01-01, is not answered here"
    )


SAME: dict[str, Any] = {"buy": function("a"), "sell": function("c")}
DIFFERENT: dict[str, tuple[Manifest, str]] = {
    "other code": (
        manifest("r2", **SAME | {"buy": function("e")}),
        "shop.buy",
    ),
    "more code": (
        manifest("r2", **SAME | {f"x{n}": function("e") for n in range(5)}),
        "shop.x0, shop.x1, shop.x2 and 2 more",
    ),
    "another Python": (
        manifest("r2", "cpython 3.12.1", **SAME),
        "cpython 3.12.1, not cpython 3.11.7",
    ),
    "less code, as a server has met": (manifest("r2", buy=function("a")), ""),
    "the same": (manifest("r2", **SAME), ""),
    "another release": (manifest("r3", buy=function("e")), ""),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_servers_of_a_release_that_differ_log_it_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    manifest("r2", **SAME).write(tmp_path / "r2.json")
    manifest("r1", buy=function("g")).write(tmp_path / "r1.json")
    current, text = DIFFERENT[what]
    with caplog.at_level(logging.DEBUG, "handlerid"):
        known = history(tmp_path, current=current)
        for _ in range(2):
            known(Identity().ids("shop:buy", bytes(12))[0])
    logged = [(one.name, one.levelname, one.getMessage()) for one in caplog.records]
    text = f"this server does not run what release r2 was built of: {text}"
    assert logged == ([("handlerid", "WARNING", text)] if text[-2:] != ": " else [])


def test_what_the_file_does_not_see_is_no_difference(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    built = manifest("r2", **SAME)
    Manifest(
        fingerprint="bytecode",
        python=built.python,
        release="r2",
        functions=built.functions,
        not_seen={"shop.buy": "is decorated where it is made"},
    ).write(tmp_path / "r2.json")
    history(tmp_path, current=manifest("r2", **SAME | {"buy": function("e")}))
    assert caplog.records == []


def test_the_reasons_are_by_the_file_of_the_release(tmp_path: Path) -> None:
    manifest("r1", buy=function("a"), old=function("c")).write(tmp_path / "r1.json")
    manifest("r2", buy=function("e"), new=function("g")).write(tmp_path / "r2.json")
    # What the server has met so far is less.
    known = history(tmp_path, current=manifest("r2"))
    (handler_id,) = Identity().ids("shop:buy", bytes(12))
    assert str(known(handler_id)) == "shop.buy, of release r1, has other code here"


def test_the_class_is_public() -> None:
    assert History.__module__ == "handlerid.manifest"


@pytest.fixture(autouse=True)
def no_module_is_left() -> Iterator[None]:
    import sys

    yield
    assert "store" not in sys.modules
