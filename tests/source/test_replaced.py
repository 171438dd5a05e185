"""Sources that are replaced while a process runs, and what is kept of those read."""

from __future__ import annotations

import gc
import importlib
import sys
import tracemalloc
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from handlerid import Dispatcher, Identity, Registry, Tokens
from handlerid.errors import UnsupportedHandler
from tests.source.test_text import no_pyc

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["no_pyc"]

SHOP = """
from functools import wraps

from handlerid import ClickEvent

def framed(fn):
    @wraps(fn)
    def wrapper(*args): return fn(*args)
    return wrapper

def save(event: ClickEvent): return 1

def page(offer, v):
    def on_click(event: ClickEvent): return v
    return [offer(on_click)]

@framed
def framed_page(offer, v):
    return offer(lambda event: v), offer(lambda event: (v, 2))

class Pages:
    def page(self, offer, v):
        def other(event: ClickEvent): return v
        return [offer(other)]
"""

REPLACED = {
    "a comment": "# release 2\n" + SHOP,
    "other code": SHOP.replace("return v", "return (v, v)"),
    "the same bytecode": SHOP.replace("(v, 2)", "(v, 1 + 1)"),
    "a syntax error": "def (",
    "empty": "",
    "removed": None,
}


def write(tmp_path: Path, name: str, text: str = SHOP) -> Any:
    """Write a module, and import it."""
    (tmp_path / f"{name}.py").write_text(text)
    importlib.invalidate_caches()
    sys.modules.pop(name, None)
    return importlib.import_module(name)


def render(app: Dispatcher, module: Any, what: str) -> tuple[str, ...]:
    with app.scope(audience=None) as scope:
        if what == "method":
            references = module.Pages().page(scope.offer, 1)
        else:
            references = getattr(module, what)(scope.offer, 1)
        assert len(references) == len(scope)
        return tuple(scope)


def serve(captures: Any) -> Dispatcher:
    registry = Registry(identity=Identity(fingerprint="source"), captures=captures)
    registry.scan("replaced_shop")
    return Dispatcher(registry, tokens=Tokens(b"k" * 32))


@pytest.mark.parametrize("captures", ["warn", "distinct", "carry"])
@pytest.mark.parametrize("new", REPLACED.values(), ids=REPLACED)
def test_pages_render_after_their_files_were_replaced(
    new: str | None, captures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a new release may be copied over the old one while that serves."""
    monkeypatch.syspath_prepend(tmp_path)
    whats = ("page", "framed_page", "method")
    # The scan finds no handler: all of them are closures.
    pages = SHOP.replace("def save(event: ClickEvent): return 1", "")
    module = write(tmp_path, "replaced_shop", pages)
    app = serve(captures)
    expected = {what: render(app, module, what) for what in whats}
    # The same, where the file is replaced before a page was rendered.
    folder = tmp_path / "later"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    module = write(folder, "replaced_shop", pages)
    app = serve(captures)
    if new is None:
        (folder / "replaced_shop.py").unlink()
    else:
        (folder / "replaced_shop.py").write_text(new)
    for what in whats:
        assert render(app, module, what) == expected[what]


def test_what_was_not_read_before_its_file_was_replaced_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = write(tmp_path, "unread")
    (tmp_path / "unread.py").write_text("# release 2\n" + SHOP)
    with pytest.raises(UnsupportedHandler) as caught:
        Identity(fingerprint="source").handler_id(module.save)
    assert "was replaced or edited after this process imported it" in str(caught.value)
    assert "scan its modules with Registry.scan" in str(caught.value)


def test_a_module_that_is_imported_again_has_the_ids_of_its_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    identity = Identity(fingerprint="source")
    old = write(tmp_path, "again", SHOP.replace("return 1", "return 1 + 1"))
    before = identity.handler_id(old.save)
    edited = SHOP.replace("return 1", "return 2 + 0")
    new, beside = write(tmp_path, "again", edited), write(tmp_path, "beside", edited)
    assert new.save.__code__ == old.save.__code__
    assert identity.handler_id(new.save) != before
    fingerprint = identity.handler_id(beside.save).fingerprint
    assert identity.handler_id(new.save).fingerprint == fingerprint
    assert identity.handler_id(old.save) == before


def test_few_bytes_are_kept_of_large_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    function = """
    def name(event, first=1, *rest):
        '''Docstring.'''
        for one in rest:
            if one > first:
                print(f"{one!r} is larger than {first}", event.key, sep=", ")
        return [lambda: first, sorted(rest, key=lambda one: -one)]
    """
    text = "".join(dedent(function).replace("name", f"name_{n}") for n in range(100))
    first, *large = [write(tmp_path, f"large_{number}", text) for number in range(3)]
    identity = Identity(fingerprint="source")
    identity.handler_id(first.name_7)
    gc.collect()
    tracemalloc.start()
    for module in large:
        identity.handler_id(module.name_7)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 40_000  # of 50 KB of text, with 600 functions


def test_files_are_parsed_once_when_their_handlers_come_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    loaded = [write(tmp_path, f"turn_{number}") for number in range(60)]
    parsed: list[str] = []
    compile_ = compile

    def counting(source: Any, filename: str, *args: Any, **kwargs: Any) -> Any:
        parsed.append(filename)
        return compile_(source, filename, *args, **kwargs)

    monkeypatch.setattr("builtins.compile", counting)
    identity = Identity(fingerprint="source")
    for name in ("save", "page", "framed"):
        for module in loaded:
            identity.handler_id(getattr(module, name))
    assert len(set(parsed)) == 60
    # To a tree, and to code; the same for the lambdas of a line, apart.
    assert len(parsed) == 240
