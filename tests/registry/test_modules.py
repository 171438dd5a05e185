"""The index of scanned modules: what is in it, and what is not."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from handlerid import Identity
from handlerid._registry.scan import CodeIndex

SOURCE = """
import functools
from os.path import join
from enum import Enum

def outer():
    def inner():
        return lambda: 1
    return inner

def decorated_by(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        return fn(*args)
    return wrapper

@decorated_by
def shown(): return [x for x in "ab"]

def dropped():
    def nested(): return 1

dropped = None

class Kind(Enum):
    ONE = 1

class Outer:
    class Inner:
        def method(self): return 1
    @property
    def computed(self): return 2
    @staticmethod
    def still(): return 3

Alias = Outer
Path = None

def twice(): return 1
first = twice
def twice(): return 2

def local():
    class Here:
        def method(self): return 1
    return Here
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "shop_tables.py").write_text(SOURCE, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield importlib.import_module("shop_tables")
    del sys.modules["shop_tables"]


@pytest.fixture
def index(module: ModuleType) -> CodeIndex:
    index = CodeIndex(Identity())
    index.add(module)
    return index


@pytest.mark.parametrize(
    ("qualname", "count"),
    [
        ("outer", 1),
        ("outer.<locals>.inner", 1),
        ("outer.<locals>.inner.<locals>.<lambda>", 1),
        ("shown", 1),
        ("decorated_by.<locals>.wrapper", 1),
        ("dropped", 1),
        ("dropped.<locals>.nested", 1),
        ("Outer.Inner.method", 1),
        ("Outer.computed", 1),
        ("Outer.still", 1),
        ("local.<locals>.Here.method", 1),
        ("twice", 2),
        ("local.<locals>.Here", 0),
        ("Outer", 0),
        ("<module>", 0),
        ("join", 0),
        ("", 0),
    ],
)
def test_code_by_qualified_name(index: CodeIndex, qualname: str, count: int) -> None:
    codes = list(index.codes("shop_tables", qualname))
    assert len({code.co_code for code in codes}) == min(count, 1)
    assert len({code.co_consts for code in codes}) == count


def test_the_functions_own_code_comes_first(
    index: CodeIndex, module: ModuleType
) -> None:
    codes = index.codes("shop_tables", "outer")
    assert next(codes) is module.outer.__code__


def test_classes_are_held_under_their_own_name_only(
    index: CodeIndex, module: ModuleType
) -> None:
    assert index.class_("shop_tables", "Outer.Inner") is module.Outer.Inner
    assert index.class_("shop_tables", "Kind") is module.Kind
    for name in ("Alias", "Enum", "Path", "outer", "Outer.computed", "local.Here"):
        assert index.class_("shop_tables", name) is None


def test_functions_are_held_under_their_own_name_only(
    index: CodeIndex, module: ModuleType
) -> None:
    assert index.function("shop_tables", "shown") is module.shown
    assert index.function("shop_tables", "Outer.still") is module.Outer.still
    assert index.function("shop_tables", "twice") is module.twice
    for name in ("first", "join", "Outer", "Outer.computed", "dropped"):
        assert index.function("shop_tables", name) is None


def test_a_module_that_was_not_added_is_unknown(index: CodeIndex) -> None:
    assert index.module("os") is None
    assert index.module("os") is None
    assert index.function("os", "fdopen") is None
    assert index.class_("os", "stat_result") is None
    assert list(index.codes("os", "fdopen")) == []


def test_a_file_that_was_edited_says_nothing(
    index: CodeIndex, module: ModuleType
) -> None:
    file = Path(str(module.__file__))
    file.write_text(SOURCE.replace("return lambda: 1", "return lambda: 2"), "utf-8")
    assert list(index.codes("shop_tables", "dropped")) == []
    assert len(list(index.codes("shop_tables", "outer"))) == 1


def test_a_file_that_is_gone_or_broken_says_nothing(
    index: CodeIndex, module: ModuleType
) -> None:
    file = Path(str(module.__file__))
    file.write_text("def (", "utf-8")
    assert list(index.codes("shop_tables", "dropped")) == []
    index.add(module)
    file.unlink()
    assert list(index.codes("shop_tables", "dropped")) == []


def test_forgetting(index: CodeIndex, module: ModuleType) -> None:
    version = index.version
    index.forget("shop_tables")
    index.forget("never there")
    assert index.version != version
    assert index.module("shop_tables") is None
    assert list(index.codes("shop_tables", "outer")) == []
    index.add(module)
    assert next(index.codes("shop_tables", "outer")) is module.outer.__code__


def test_adding_again_reads_again(index: CodeIndex, module: ModuleType) -> None:
    assert list(index.codes("shop_tables", "added")) == []
    exec("def added(): pass", vars(module))
    assert list(index.codes("shop_tables", "added")) == []
    index.add(module)
    assert list(index.codes("shop_tables", "added")) == [module.added.__code__]


def test_a_module_is_known_by_its_name_elsewhere(module: ModuleType) -> None:
    index = CodeIndex(Identity(module_name=lambda name: f"app.{name}"))
    index.add(module)
    assert index.module("app.shop_tables") is module
    assert index.module("shop_tables") is None
    index.forget("shop_tables")
    assert index.module("app.shop_tables") is None


def test_what_a_wrapper_says_that_it_wraps() -> None:
    module = ModuleType("without_a_loader")
    source = "def gone(): pass\ndef here(): pass\nhere.__wrapped__ = gone\ndel gone"
    exec(source, vars(module))
    index = CodeIndex(Identity())
    index.add(module)
    assert len(list(index.codes("without_a_loader", "gone"))) == 1
    assert list(index.codes("without_a_loader", "never")) == []


def test_threads_get_the_same_tables(index: CodeIndex) -> None:
    found: list[object] = []
    ready = threading.Barrier(8)

    def look() -> None:
        ready.wait()
        found.extend(map(id, index.codes("shop_tables", "dropped")))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_metaclass_is_not_asked(module: ModuleType, index: CodeIndex) -> None:
    class Asking(type):
        def __hash__(cls) -> int:
            raise AssertionError("asked")

        def __eq__(cls, other: object) -> bool:
            raise AssertionError("asked")

    class Odd(metaclass=Asking):
        def __getattr__(self, name: str) -> object:
            raise AssertionError("asked")

        def __call__(self) -> None: ...

    vars(module).update(Odd=Odd, odd=Odd())
    index.add(module)
    assert index.class_("shop_tables", "Odd") is None
