"""Wrappers that a library generated count by their name: beartype and makefun."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Identity, Registry, handler_id
from handlerid._identity import take_apart
from tests.support.fresh import run_fresh

wraps: Any = functools.wraps

PAGE = """
import asyncio, functools, sys
{imports}
from handlerid import ClickEvent, handler_id

# In each process other classes stand at other addresses, and other wrappers come first.
KEPT = [{generate}(lambda n: lambda event, x: n)(n) for n in range(int(sys.argv[1]))]

class Row:
    number = 1

def checked(row: Row) -> int:
    return row.number

@{generate}
def on_click(event: ClickEvent, row: Row = Row()) -> int:
    return row.number

@{generate}
async def on_async(event: ClickEvent, row: "Row | None" = None) -> None:
    await asyncio.sleep(0)

class Page:
    @{generate}
    def save(self, event: ClickEvent, row: "Row | int" = 1) -> None: ...

def page(number):
    @{generate}
    def on_row(event: ClickEvent, row: "Row | int" = number) -> int:
        return number
    return on_row

def calls(fn):
    def on_call(event: ClickEvent) -> object:
        return fn(event)
    return on_call

for fn in (on_click, on_async, Page.save, page(1)):
    print(handler_id(fn))
for fn in (page(1), page(2), calls(page(1)), calls(page(2)), calls(on_click)):
    print(handler_id(fn, captures=True))
"""

BEARTYPE = ("from beartype import beartype", "beartype")
GENERATE = """
import makefun
def generate(fn):
    return makefun.wraps(fn)(lambda *args, **named: fn(*args, **named))
"""
MAKEFUN = (GENERATE, "generate")


def ids_in_a_process(library: tuple[str, str], folder: Path, before: int) -> list[str]:
    imports, generate = library
    text = PAGE.replace("{imports}", imports).replace("{generate}", generate)
    (folder / "page.py").write_text(text)
    return run_fresh("-m", "page", str(before), path=folder).split()


@pytest.mark.parametrize(
    ("name", "library"), [("beartype", BEARTYPE), ("makefun", MAKEFUN)]
)
def test_ids_are_the_same_in_two_processes(
    name: str, library: tuple[str, str], tmp_path: Path
) -> None:
    pytest.importorskip(name, reason=f"needs {name}: pip install {name}")
    ids = ids_in_a_process(library, tmp_path, 0)
    assert ids_in_a_process(library, tmp_path, 7) == ids
    assert len(set(ids)) == len(ids) == 9


def test_a_checked_handler_is_called_and_has_layers() -> None:
    beartype = pytest.importorskip("beartype", reason="needs beartype: pip install it")

    def page(number: int) -> Any:
        def on_row(event: ClickEvent) -> int:
            return number

        return beartype.beartype(on_row)

    layers = take_apart(page(1)).layers
    assert layers == ["generated on_row", layers[1]]
    app = Dispatcher(Registry(captures="distinct"))
    with app.scope() as scope:
        ids = [scope.offer(page(number)) for number in (1, 2, 1)]
    assert len(set(ids)) == 2
    clicks = [app.dispatch({"handler": one}, scope=scope) for one in ids[:2]]
    assert clicks == [1, 2]


# What counts as generated: file, name, no lambda, something wrapped.


def compiled(
    file: str, text: str = "event", name: str = "on_click", **names: Any
) -> Any:
    code = compile(f"def {name}(event): return {text}", file, "exec")
    namespace: dict[str, Any] = {"__name__": __name__, **names}
    exec(code, namespace)
    return namespace[name]


def on_click(event: ClickEvent) -> None: ...


def on_other(event: ClickEvent) -> int:
    return 1


def fingerprints(*files: str, texts: tuple[str, str] = ("1", "2")) -> bool:
    """Return whether the code of a wrapper counts in each of these files."""
    found = set[bool]()
    for file in files:
        ids = {handler_id(wraps(on_click)(compiled(file, text))) for text in texts}
        found.add(len(ids) == 2)
    assert len(found) == 1, files
    return found.pop()


def test_a_wrapper_of_a_generated_file_counts_by_its_name() -> None:
    assert not fingerprints("<makefun-gen-3>", "<@beartype(app.on) at 0x7f>", "<a>")
    one = handler_id(wraps(on_click)(compiled("<a>", "1")))
    assert one != handler_id(on_click), "it is a layer"
    assert one == handler_id(wraps(on_click)(compiled("<b>", "2")))
    assert one != handler_id(wraps(on_click)(compiled("<a>", "1", name="on_other")))
    assert one != handler_id(wraps(on_other)(compiled("<a>", "1")))


def test_what_people_type_is_code_like_any_other() -> None:
    assert fingerprints(
        *("<string>", "<stdin>", "<console>", "<input>", "<exec>"),
        *("<doctest page[0]>", "<ipython-input-3-0123456789ab>", "<python-input-4>"),
        *("<frozen page>", "page.py", "<page.py", "page.py>"),
    )


def test_a_guard_in_the_decorator_of_a_notebook_changes_the_id() -> None:
    text = "def guard(fn):\n def wrapper(event): return {}fn(event)\n return wrapper"

    def guarded(file: str, check: str) -> str:
        namespace: dict[str, Any] = {"__name__": __name__}
        exec(compile(text.format(check), file, "exec"), namespace)
        return handler_id(wraps(on_click)(namespace["guard"](on_click)))

    for file in ("<ipython-input-3-0123456789ab>", "<cell 4>", "<a>"):
        assert guarded(file, "") != guarded(file, "event.key and "), file


def test_a_function_that_wraps_nothing_is_code() -> None:
    assert handler_id(compiled("<a>", "1")) != handler_id(compiled("<a>", "2"))


def test_a_generated_lambda_is_code() -> None:
    ids = {handler_id(wraps(on_click)(eval(f"lambda event: {n}"))) for n in (1, 2)}
    assert len(ids) == 2


def test_nothing_that_a_generated_wrapper_carries_counts() -> None:
    def made(number: int) -> Any:
        fn: Any = wraps(on_click)(compiled("<a>", str(number), other=number))
        fn.__defaults__, fn.__kwdefaults__ = (object(),), {"address": number}
        return fn

    assert handler_id(made(1), captures=True) == handler_id(made(2), captures=True)
    assert Identity().difference(made(1), made(2)) == ()
    ids = set[str]()
    with Dispatcher(Registry(captures="distinct")).scope() as scope:
        ids |= {scope.offer(made(1)), scope.offer(made(2))}
    assert len(ids) == 1


def test_a_generated_wrapper_may_move() -> None:
    old = compiled("page.py", "1", name="old")
    new = compiled("page.py", "1", name="new")
    was = handler_id(wraps(old)(compiled("<a>", "2", name="old")))
    moved: Any = wraps(new)(compiled("<a>", "2", name="new"))
    there = Identity().bare_ids(moved, location=f"{__name__}:old")[0]
    assert there == (was,)
    other: Any = wraps(new)(compiled("<a>", "2", name="checked"))
    assert Identity().bare_ids(other, location=f"{__name__}:old")[0] != (was,)


def test_the_same_file_names_as_the_installed_libraries() -> None:
    """What the two write today; a change there is seen here."""
    for name, begins in (("beartype", "<@beartype("), ("makefun", "<makefun-gen-")):
        library = pytest.importorskip(name, reason=f"needs {name}: pip install {name}")
        made: Any = (
            library.beartype(on_other)
            if name == "beartype"
            else library.wraps(on_other)(lambda event: event)
        )
        assert made.__code__.co_filename.startswith(begins)
        assert isinstance(take_apart(made).layers[0], str)
