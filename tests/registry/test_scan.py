"""Scanning: what a package declares is registered, and what was found is listed."""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from handlerid import ClickEvent, Identity, Registry
from handlerid.errors import ScanFailed, UnstableCapture
from tests.support.packages import importable, write

EVENTS = "from handlerid import ClickEvent, InputEvent\n"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with importable(tmp_path):
        yield tmp_path


def shop(folder: Path) -> None:
    write(
        folder,
        shop____init__="""
        from handlerid import Registry
        registry = Registry()
        """,
        shop__cart=f"""
        {EVENTS}
        from functools import cache, partial
        from shop import registry
        from shop.deep.inner import on_inner

        def on_add(event: ClickEvent): ...
        def on_either(event: ClickEvent | InputEvent): ...
        def helper(event): ...
        def two(event: ClickEvent, other): ...

        @registry.handler
        def on_plain(event): ...

        @registry.handler(event=InputEvent, name="cart.told")
        def on_told(event: ClickEvent | InputEvent): ...

        def on_step(step, event: ClickEvent): ...
        on_one = partial(on_step, 1)

        class KeyEvent(ClickEvent):
            __hash__ = object.__hash__

        @cache
        def on_cached(event: KeyEvent): ...

        class Panel:
            def on_method(self, event: ClickEvent): ...
            @staticmethod
            def on_static(event: ClickEvent): ...
            @classmethod
            def on_class(cls, event: ClickEvent): ...
            class Inner:
                @staticmethod
                def on_nested(event: ClickEvent): ...

        panel = Panel()
        on_panel = panel.on_method
        """,
        shop__deep____init__="",
        shop__deep__inner=f"{EVENTS}def on_inner(event: ClickEvent): ...",
        shop__bare__loose=f"{EVENTS}def on_loose(event: ClickEvent): ...",
        shop__empty__nothing__nested="raise RuntimeError",
        shop____main__="raise SystemExit(1)",
    )


def test_a_package_with_all_its_modules(folder: Path) -> None:
    shop(folder)
    registry: Registry = __import__("shop").registry
    scan = registry.scan("shop")
    assert scan.modules == (
        "shop",
        "shop.bare",
        "shop.bare.loose",
        "shop.cart",
        "shop.deep",
        "shop.deep.inner",
    )
    assert [(f"{x.module}.{x.qualname}", x.event) for x in scan] == [
        ("shop.cart.on_plain", ""),
        ("shop.cart.on_told", "input"),
        ("shop.bare.loose.on_loose", "click"),
        ("shop.cart.on_add", "click"),
        ("shop.cart.on_either", "click"),
        ("shop.cart.on_either", "input"),
        ("shop.cart.on_step", "click"),
        ("shop.cart.on_cached", "key"),
        ("shop.cart.Panel.on_static", "click"),
        ("shop.cart.Panel.on_class", "click"),
        ("shop.cart.Panel.Inner.on_nested", "click"),
        ("shop.cart.Panel.on_method", "click"),
        ("shop.deep.inner.on_inner", "click"),
    ]
    assert {*scan} == set(registry)
    assert len(scan) == 13
    first, *lines = str(scan).splitlines()
    assert first.startswith("13 handlers in 6 modules, ")
    assert lines[0] == f"{scan.found[0]}  shop.cart.on_plain"


def test_a_second_scan_registers_nothing_and_says_nothing(folder: Path) -> None:
    shop(folder)
    registry: Registry = __import__("shop").registry
    first = registry.scan("shop")
    handlers = {one: registry.resolve(one).fn for one in registry}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = registry.scan(sys.modules["shop"])
    assert [*map(str, second)] == [*map(str, first)]
    assert {one: registry.resolve(one).fn for one in registry} == handlers


def test_only_what_is_defined_in_the_package(folder: Path) -> None:
    write(
        folder,
        other=f"{EVENTS}def on_other(event: ClickEvent): ...\n"
        "def on_part(step, event: ClickEvent): ...",
        app="from functools import partial\nfrom other import on_other, on_part\n"
        "on_one = partial(on_part, 1)",
    )
    assert Registry().scan("app").found == ()


def test_what_another_registry_declares_is_not_taken_over(folder: Path) -> None:
    write(
        folder,
        app="from handlerid import Registry\n"
        "@Registry().handler\ndef on_click(event): ...",
    )
    assert Registry().scan("app").found == ()


def test_a_lazy_module_is_asked_for_nothing(folder: Path) -> None:
    write(
        folder,
        app=f"{EVENTS}def on_add(event: ClickEvent): ...\n"
        "def __getattr__(name): raise AssertionError(name) if name != '__path__' "
        "else AttributeError(name)",
    )
    (found,) = Registry().scan("app")
    assert found.qualname == "on_add"


def test_a_module_that_is_no_file() -> None:
    module = types.ModuleType("made")

    def on_made(event: ClickEvent) -> None: ...

    on_made.__module__ = "made"
    vars(module)["on_made"] = on_made
    (found,) = Registry().scan(module)
    assert found.module == "made"


# What fails.


def broken(folder: Path) -> None:
    write(
        folder,
        app____init__="",
        app__bad="raise RuntimeError('no database')",
        app__good=f"{EVENTS}def on_good(event: ClickEvent): ...",
        app__odd="import threading\nfrom functools import partial\n"
        f"{EVENTS}def on_odd(lock, event: ClickEvent): ...\n"
        "on_one = partial(on_odd, threading.Lock())",
    )


def test_a_module_that_cannot_be_imported_is_named(folder: Path) -> None:
    broken(folder)
    with pytest.raises(ScanFailed) as caught:
        Registry().scan("app")
    assert caught.value.module == "app.bad"
    assert str(caught.value) == (
        "app.bad cannot be imported: RuntimeError: no database"
    )
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_what_fails_can_be_collected(folder: Path) -> None:
    broken(folder)
    failed: list[ScanFailed] = []
    registry = Registry()
    scan = registry.scan("app", on_error=failed.append)
    assert [one.qualname for one in scan] == ["on_good"]
    assert scan.modules == ("app", "app.good", "app.odd")
    assert [one.module for one in failed] == ["app.bad", "app.odd"]
    assert str(failed[1]).startswith("app.odd.on_odd cannot be registered: ")
    assert isinstance(failed[1].__cause__, UnstableCapture)


def test_a_package_that_is_not_there() -> None:
    with pytest.raises(ScanFailed, match=r"^nowhere\.at_all cannot be imported: Mod"):
        Registry().scan("nowhere.at_all")


def test_a_script_that_ends_the_program_does_not_end_the_host(folder: Path) -> None:
    write(
        folder,
        app____init__="",
        app__good=f"{EVENTS}def on_good(event: ClickEvent): ...",
        app__script="import sys; sys.exit('usage: script')",
    )
    with pytest.raises(ScanFailed, match="SystemExit") as caught:
        Registry().scan("app")
    assert caught.value.module == "app.script"
    failed: list[ScanFailed] = []
    assert len(Registry().scan("app", on_error=failed.append)) == 1
    assert [one.module for one in failed] == ["app.script"]


def test_what_is_no_module_is_named(folder: Path) -> None:
    write(
        folder,
        app____init__="",
        app__good=f"{EVENTS}def on_good(event: ClickEvent): ...",
        app__lazy="import sys; sys.modules[__name__] = object()",
    )
    failed: list[ScanFailed] = []
    assert len(Registry().scan("app", on_error=failed.append)) == 1
    assert [one.module for one in failed] == ["app.lazy"]
    del sys.modules["app.lazy"]


def test_a_lazy_object_in_a_class_is_not_asked(folder: Path) -> None:
    write(
        folder,
        app=f"""
        {EVENTS}
        class Lazy:
            @property
            def __class__(self): raise RuntimeError("outside of a request")
        class View:
            user = Lazy()
            @staticmethod
            def on_view(event: ClickEvent): ...
        """,
    )
    assert [one.qualname for one in Registry().scan("app")] == ["View.on_view"]


def test_what_an_encoder_raises_fails_that_handler_alone(folder: Path) -> None:
    write(
        folder,
        app=f"""
        {EVENTS}
        from functools import partial
        class Row: ...
        def on_row(row, event: ClickEvent): ...
        first = partial(on_row, Row())
        def on_good(event: ClickEvent): ...
        """,
    )
    kind: type = import_module("app").Row

    def encode(row: object) -> object:
        raise LookupError("row 4711 is detached")

    failed: list[ScanFailed] = []
    registry = Registry(identity=Identity(encoders={kind: encode}))
    scan = registry.scan("app", on_error=failed.append)
    assert [one.qualname for one in scan] == ["on_good"]
    (error,) = failed
    assert str(error) == "app.on_row cannot be registered: LookupError"
    assert isinstance(error.__cause__, LookupError)
