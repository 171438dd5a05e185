"""Scanning: what a package declares is registered, and what was found is listed."""

from __future__ import annotations

import shutil
import sys
import types
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from handlerid import ClickEvent, Identity, Registry
from handlerid.errors import ScanFailed, UnstableCapture
from tests.support.fresh import run_fresh
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
        shop__empty__nothing__nested="",
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
        "shop.empty",
        "shop.empty.nothing",
        "shop.empty.nothing.nested",
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
    assert first.startswith("13 handlers in 9 modules, 1 skipped, ")
    assert lines[0] == f"{scan.found[0]}  shop.cart.on_plain"
    assert lines[-1] == (
        "skipped  shop.cart.two needs event, other, and a handler is called with the "
        "event alone; bind the others with functools.partial or give them defaults"
    )


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


SEEN = """
from __future__ import annotations
import functools
from types import MethodType
from typing import TYPE_CHECKING
from unittest import mock
from handlerid import ClickEvent, InputEvent
from elsewhere import on_part, on_shared
if TYPE_CHECKING:
    from handlerid.events import RadioChangeEvent

class logged:
    def __init__(self, fn): functools.update_wrapper(self, fn); self.fn = fn
    def __call__(self, event): return self.fn(event)
    def __getattr__(self, name): raise AssertionError(name)

class bare_class:
    def __init__(self, fn): self.fn = fn
    def __call__(self, event): return self.fn(event)
    def __getattr__(self, name): raise AssertionError(name)

def bare(fn):
    def wrapper(event): return fn(event)
    return wrapper

@logged
def on_save(event: ClickEvent): return "saved"

class Buy:
    def __call__(self, event: ClickEvent | InputEvent): return "bought"
on_buy = Buy()
on_lambda = functools.partial(lambda event, other: ..., other=1)
on_method = MethodType(lambda self, event: ..., 1)

class Other:
    def on_drop(self, event: ClickEvent): ...
    @functools.cache
    def on_cached(self, event: ClickEvent): ...
    on_buy = Buy()
    @staticmethod
    @bare
    def on_static(event: ClickEvent): ...

@bare
def on_bare(event: ClickEvent): ...
@bare_class
def on_bare_class(event: ClickEvent): ...
@functools.singledispatch
def on_any(event: ClickEvent): ...
@functools.singledispatch
def helper(value): ...
def on_radio(event: RadioChangeEvent): ...
def unresolved(value: Missing): ...
def second(value=1, event: ClickEvent = None): ...
def on_named(value, event: ClickEvent): ...
on_first = functools.partial(on_named, 1)
on_elsewhere = functools.partial(on_part, 1)
several = mock.Mock(), Buy
proxy = mock.Mock()
length = len
upper = str.upper
"""


def test_what_seems_to_be_a_handler_is_found_or_listed(folder: Path) -> None:
    write(
        folder,
        elsewhere=f"{EVENTS}def on_shared(event: ClickEvent): ...\n"
        "def on_part(step, event: ClickEvent): ...",
        app____init__=SEEN,
        app____main__="raise SystemExit(1)",
    )
    registry = Registry()
    scan = registry.scan("app")
    assert [(x.qualname, x.event) for x in scan] == [
        ("on_save", "click"),
        ("Buy.__call__", "click"),
        ("Buy.__call__", "input"),
        ("on_named", "click"),
    ]
    fn: Any = registry.resolve(scan.found[0]).fn
    assert fn(ClickEvent(key="")) == "saved"
    hidden = (
        "has an event type, but not as its first parameter's; use functools.wraps or "
        "functools.update_wrapper in a decorator, or register it with event="
    )
    method = "is a method without its object; register the bound method"
    assert scan.skipped == {
        "app.on_shared": "is defined in elsewhere, which was not scanned",
        "app.on_elsewhere": "is defined in elsewhere, which was not scanned",
        "app.on_part": "needs step, event, and a handler is called with the event "
        "alone; bind the others with functools.partial or give them defaults",
        "app.Other.on_drop": method,
        "app.Other.on_cached": method,
        "app.Other.on_static": hidden,
        "app.on_bare": hidden,
        "app.on_bare_class": hidden,
        "app.on_any": "chooses what runs by the type of an argument; use a function "
        "that calls it, without functools.wraps",
        "app.on_radio": "has no event type: the annotation RadioChangeEvent of its "
        "parameter event cannot be evaluated (is it local, or imported under "
        "TYPE_CHECKING only?). Import the event type at run time, annotate one, or "
        "pass it: register(fn, event=...)",
        "app.second": hidden,
    }


def test_an_object_without_a_form_need_not_be_a_handler(folder: Path) -> None:
    text = f"""{EVENTS}
class Guard:
    def __call__(self, event: ClickEvent): ...
    def open(self, event: ClickEvent): ...

guard = Guard()
"""
    write(folder, app=text, broken=f"{text}on_open = guard.open")
    found = Registry().scan("app")
    assert len(found) == 1
    found = Registry(captures="distinct").scan("app")
    why = found.skipped["app.Guard.__call__"]
    assert found.found == ()
    assert why.startswith("cannot be registered: app.Guard.__call__: self cannot be")
    with pytest.raises(ScanFailed, match=r"^broken\.Guard\.open cannot be registered"):
        Registry(captures="distinct").scan("broken")


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


def test_directories_without_init_in_a_zip(folder: Path, tmp_path: Path) -> None:
    write(
        folder,
        zipped____init__="",
        zipped__bare__loose=f"{EVENTS}def on_loose(event: ClickEvent): ...",
        zipped__deep__deeper__still=f"{EVENTS}def on_deep(event: ClickEvent): ...",
        zipped__broken____init__="raise RuntimeError('no database')",
        zipped__broken__one="",
        zipped__broken__bare__two="",
    )
    (folder / "zipped" / "texts").mkdir()
    (folder / "zipped" / "texts" / "about.txt").write_text("", "utf-8")
    archive = shutil.make_archive(str(folder / "app"), "zip", folder, "zipped")
    scans = []
    for path in (str(folder), archive):
        code = (
            "from handlerid import Registry; scan = Registry().scan('zipped', "
            "on_error=str); print(*scan.modules, *(x.qualname for x in scan), "
            "scan.skipped)"
        )
        scans += [run_fresh("-c", code, path=Path(path), cwd=tmp_path.parent)]
    assert scans[0] == scans[1]
    modules = "zipped zipped.bare zipped.bare.loose zipped.deep zipped.deep.deeper "
    modules += "zipped.deep.deeper.still on_loose on_deep"
    failed = (
        "cannot be imported, nor what is in it (3 modules): RuntimeError: no database"
    )
    assert scans[0] == f"{modules} {{'zipped.broken': '{failed}'}}\n"


# What fails.


def test_a_module_is_logged_before_it_is_imported(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder, app____init__="", app__server="raise KeyboardInterrupt", app__z="")
    caplog.set_level("INFO", "handlerid")
    with pytest.raises(KeyboardInterrupt):
        Registry().scan("app")
    assert [one.getMessage() for one in caplog.records] == [
        "importing app",
        "importing app.server",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("app.py", "app"),
        ("./app.py", "app"),
        ("shop/cart.py", "shop.cart"),
        ("shop\\cart.py", "shop.cart"),
        ("shop/", "shop"),
        ("shop/__init__.py", "shop"),
        ("/srv/shop", "srv.shop"),
    ],
)
def test_a_path_is_no_name(folder: Path, name: str, meant: str) -> None:
    write(folder, app="", shop____init__="", shop__cart="")
    with pytest.raises(ValueError, match="by name") as caught:
        Registry().scan(name, on_error=print)
    assert str(caught.value) == (
        f"modules are imported by name, and {name!r} is the name of a file or "
        f"directory; did you mean {meant!r}?"
    )


def test_a_submodule_may_be_called_py(folder: Path) -> None:
    write(
        folder, shop____init__="", shop__py=f"{EVENTS}def on_py(event: ClickEvent): ..."
    )
    assert [one.qualname for one in Registry().scan("shop.py")] == ["on_py"]


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
