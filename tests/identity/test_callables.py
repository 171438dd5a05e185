"""Every kind of callable, by its row in ``docs/reference/callables.md``.

A row of the page is a case here, and the other way round. Things that come from
elsewhere (Cython, a zip, a notebook) are the real things.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import operator
import re
import weakref
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import FunctionType, MethodType
from typing import Any, cast
from unittest import mock

import pytest

from handlerid import ClickEvent, Identity, Registry, handler_id
from handlerid._captures import captures_of
from handlerid._identity import take_apart
from handlerid.errors import UnstableCapture, UnsupportedHandler
from tests.support.fresh import run_fresh
from tests.support.pyodide import run_pyodide

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "callables.md"

partial: Any = functools.partial
"""Without its types: what is bound here is never called."""

update_wrapper: Any = functools.update_wrapper
singledispatch: Any = functools.singledispatch

ROWS: dict[str, Callable[[Path], None]] = {}


def row(name: str) -> Callable[[Callable[[Path], None]], None]:
    """Marks the case of the row with this name."""

    def keep(case: Callable[[Path], None]) -> None:
        assert name not in ROWS
        ROWS[name] = case

    return keep


def has(
    handler: Any,
    qualname: str,
    *layers: object,
    module: str = __name__,
    bound: tuple[str, ...] = (),
    captures: tuple[str, ...] = (),
) -> None:
    """Checks the parts of a handler, and that its id is one of these parts alone."""
    parts = take_apart(handler)
    assert (parts.module, parts.qualname) == (module, qualname)
    assert tuple(parts.layers) == layers
    assert tuple(name for _, name, _ in parts.bound) == bound
    assert tuple(name for _, name, _ in parts.captures) == captures
    one = handler_id(handler)
    assert (one.module, one.qualname) == (module, qualname)
    assert bool(one.captures) == bool(bound)


def is_refused(handler: Any, text: str) -> None:
    """Checks the whole text of a refusal."""
    for ask in (take_apart, handler_id):
        with pytest.raises(UnsupportedHandler) as caught:
            ask(handler)
        assert str(caught.value) == text


differing = Identity().difference


def same_code(one: Any, other: Any) -> bool:
    return handler_id(one).fingerprint == handler_id(other).fingerprint


# What the cases are about.


def on_click(event: ClickEvent, note: str = "") -> None: ...


def on_other(event: ClickEvent) -> int:
    return 1


async def on_async(event: ClickEvent) -> None: ...


def on_steps(event: ClickEvent) -> Iterator[None]:
    yield


def make(value: object) -> Any:
    def inner(event: ClickEvent) -> object:
        return value

    return inner


def logged(fn: Any) -> Any:
    def wrapper(*args: object) -> object:
        return fn(*args)

    return update_wrapper(wrapper, fn)


def bare(fn: Any) -> Any:
    def wrapper(*args: object) -> object:
        return fn(*args)

    return wrapper


LOGGED = logged(on_click)
INNER = make(1)
LAMBDA: Any = lambda event: None  # noqa: E731


class Meta(type):
    def of_metaclass(cls, event: ClickEvent) -> None: ...


class Panel(metaclass=Meta):
    def method(self, event: ClickEvent) -> None: ...

    @classmethod
    def of_class(cls, event: ClickEvent) -> None: ...

    @staticmethod
    def static(event: ClickEvent) -> None: ...

    def __call__(self, event: ClickEvent) -> None: ...

    def change(self, field: str, event: ClickEvent) -> None: ...

    change_name = functools.partialmethod(change, "name")

    @functools.singledispatchmethod
    def dispatched(self, event: object) -> None: ...

    @functools.cache  # noqa: B019
    def cached(self, event: ClickEvent) -> None: ...


class Child(Panel): ...


panel = Panel()


def of(owner: Any, name: str) -> Any:
    """What stands in a class's body, function or not."""
    found = vars(owner)[name]
    return found if type(found) is FunctionType else found.__func__


@row("plain function")
def _(tmp: Path) -> None:
    has(on_click, "on_click", on_click, captures=("note",))
    assert handler_id(on_click) != handler_id(on_other)


@row("nested function")
def _(tmp: Path) -> None:
    has(INNER, "make.<locals>.inner", INNER, captures=("value",))
    assert handler_id(make(1)) == handler_id(make(2))


@row("async function")
def _(tmp: Path) -> None:
    has(on_async, "on_async", on_async)

    def same_name() -> Any:
        def on_async(event: ClickEvent) -> None: ...

        return on_async

    assert not same_code(on_async, same_name())


@row("generator, async generator")
def _(tmp: Path) -> None:
    async def steps(event: ClickEvent) -> Any:
        yield

    has(on_steps, "on_steps", on_steps)
    assert handler_id(steps).qualname.endswith("<locals>.steps")  # type: ignore[union-attr]


@row("lambda")
def _(tmp: Path) -> None:
    has(LAMBDA, "<lambda>", LAMBDA)
    first, second = (lambda: 1), (lambda: 2)
    assert handler_id(first).location == handler_id(second).location
    assert handler_id(first) != handler_id(second)
    assert handler_id(lambda i=1: i) == handler_id(lambda i=2: i)


@row("method, read from its class")
def _(tmp: Path) -> None:
    has(Panel.method, "Panel.method", of(Panel, "method"))
    assert handler_id(Child.method) == handler_id(Panel.method)


@row("bound method of an object in a module")
def _(tmp: Path) -> None:
    has(panel.method, "Panel.method", of(Panel, "method"), captures=("self",))
    assert handler_id(panel.method) == handler_id(Panel.method)


@row("bound method of an object made at each render")
def _(tmp: Path) -> None:
    one, other = Panel().method, Panel().method
    assert handler_id(one) == handler_id(other)
    assert differing(one, other) == ("self",)


@row("class method")
def _(tmp: Path) -> None:
    has(Panel.of_class, "Panel.of_class", of(Panel, "of_class"), bound=("cls",))
    one, other = handler_id(Panel.of_class), handler_id(Child.of_class)
    assert one.location == other.location
    assert one != other
    assert handler_id(panel.of_class) == one


@row("bound method of a class")
def _(tmp: Path) -> None:
    code = of(Meta, "of_metaclass")
    has(Panel.of_metaclass, "Meta.of_metaclass", code, bound=("cls",))

    class Local(Panel): ...

    with pytest.raises(UnstableCapture) as caught:
        handler_id(Local.of_class)
    assert caught.value.where == "cls"


@row("static method")
def _(tmp: Path) -> None:
    has(Panel.static, "Panel.static", of(Panel, "static"))
    assert handler_id(panel.static) == handler_id(Panel.static)


@row("`staticmethod` object, in the body of its class")
def _(tmp: Path) -> None:
    static = staticmethod(on_click)
    has(static, "on_click", on_click, captures=("note",))
    over = logged(static)
    has(over, "on_click", over, on_click, captures=("fn", "note"))


@row("`types.MethodType` around a callable object")
def _(tmp: Path) -> None:
    method = MethodType(panel, 1)
    call = of(Panel, "__call__")
    has(method, "Panel.__call__", call, captures=("self", "self"))


@row("`functools.partial`")
def _(tmp: Path) -> None:
    one = partial(on_click, "x")
    has(one, "on_click", on_click, bound=("args[0]",), captures=("note",))
    assert handler_id(one) != handler_id(partial(on_click, "y"))
    assert handler_id(partial(on_click)) == handler_id(on_click)


@row("`partial` with keywords")
def _(tmp: Path) -> None:
    one = partial(on_other, b=1, a=2)
    has(one, "on_other", on_other, bound=("keywords[a]", "keywords[b]"))
    assert handler_id(one) == handler_id(partial(on_other, a=2, b=1))
    ids = {
        handler_id(partial(on_other, 1)),
        handler_id(partial(on_other, **{"args[0]": 1})),
        handler_id(partial(on_other, **{"keywords[0]": 1})),
        handler_id(partial(of(Panel, "of_class"), cls=Panel)),
        handler_id(Panel.of_class),
    }
    assert len(ids) == 5


@row("nested `partial`")
def _(tmp: Path) -> None:
    one = partial(partial(on_other, 1, a=1), 2, b=2)
    assert handler_id(one) == handler_id(partial(on_other, 1, 2, a=1, b=2))
    wrapped = partial(logged(partial(on_other, 1)), 2)
    assert [name for _, name, _ in take_apart(wrapped).bound] == ["args[0]"] * 2


@row("`partial` with an open position")
def _(tmp: Path) -> None:
    script = tmp / "script.py"
    script.write_text(
        dedent("""
        from functools import Placeholder, partial
        from handlerid import handler_id

        def on_click(event, note=""): ...

        def at(*args): return handler_id(partial(on_click, *args)).captures

        print(len({at("x"), at(Placeholder, "x"), at(None, "x")}))
        """)
    )
    assert run_pyodide(script).stdout == "3\n"


@row("`partial` of an async function")
def _(tmp: Path) -> None:
    has(partial(on_async, 1), "on_async", on_async, bound=("args[0]",))


@row("`functools.partialmethod`")
def _(tmp: Path) -> None:
    code = of(Panel, "change")
    has(Panel.change_name, "Panel.change", code, bound=("args[0]",))
    one = panel.change_name
    has(one, "Panel.change", code, bound=("args[0]",), captures=("self",))
    over = logged(Panel.change_name)  # functools.wraps copies the mark
    assert take_apart(over).layers == [over, code]


@row("`functools.cache`, `functools.lru_cache`")
def _(tmp: Path) -> None:
    one = functools.cache(on_other)
    has(one, "on_other", "functools.cache", on_other)
    assert handler_id(functools.lru_cache(maxsize=1)(on_other)) == handler_id(one)
    assert handler_id(one) != handler_id(on_other)
    code = vars(Panel)["cached"].__wrapped__
    cached = panel.cached
    has(cached, "Panel.cached", "functools.cache", code, captures=("self",))


class Calls:
    """Classes whose ``__call__`` is not a plain function."""

    class Static:
        __call__ = staticmethod(on_other)

    class Bound:
        __call__ = Panel().method

    class Partial:
        __call__ = functools.partialmethod(Panel.change, "name")

    class Cached:
        __call__ = functools.cache(on_other)

    class Wrapped:
        __call__ = LOGGED

    class Computed:
        @property
        def __call__(self) -> Any:
            raise AssertionError("was asked")

    class Native:
        __call__ = print

    class Nothing(Panel):
        __call__ = None  # type: ignore[assignment]


@row("callable object")
def _(tmp: Path) -> None:
    has(panel, "Panel.__call__", of(Panel, "__call__"), captures=("self",))
    assert handler_id(Child()) == handler_id(panel) == handler_id(Panel.__call__)
    assert not vars(Panel)["__call__"].__dict__
    has(
        Calls.Wrapped(),
        "on_click",
        LOGGED,
        on_click,
        captures=("self", "fn", "note"),
    )


@dataclass
class Increment:
    by: int

    def __call__(self, event: ClickEvent) -> None: ...


@row("object of a dataclass with `__call__`")
def _(tmp: Path) -> None:
    code = of(Increment, "__call__")
    has(Increment(1), "Increment.__call__", code, captures=("self",))
    one = Increment(1)
    assert differing(one, one) == ()
    assert differing(one, Increment(1)) == ("self",), "either may be changed"
    assert differing(Increment(1), Increment(2)) == ("self",)


class Timed:
    def __init__(self, fn: Any) -> None:
        functools.update_wrapper(self, fn)

    def __call__(self, *args: object) -> None: ...


class Counted:
    def __init__(self, fn: Any) -> None:
        self.fn = fn

    def __call__(self, *args: object) -> None: ...


@row("decorator that is a class, with `functools.update_wrapper`")
def _(tmp: Path) -> None:
    call = of(Timed, "__call__")
    has(Timed(on_other), "on_other", call, on_other, captures=("self",))
    one, other = Timed(on_other), Timed(on_async)
    assert not same_code(one, other)
    assert not same_code(one, on_other)


@row("decorator that is a class, without")
def _(tmp: Path) -> None:
    call = of(Counted, "__call__")
    has(Counted(on_other), "Counted.__call__", call, captures=("self",))
    assert differing(Counted(on_other), Counted(on_async)) == ("self",)


@row("decorated, with `functools.wraps`")
def _(tmp: Path) -> None:
    has(LOGGED, "on_click", LOGGED, on_click, captures=("fn", "note"))
    ids = {
        handler_id(fn)
        for fn in (on_click, LOGGED, logged(LOGGED), logged(on_other), on_other)
    }
    assert len(ids) == 5
    unwrapped = logged(on_other)
    unwrapped.__wrapped__ = None
    has(unwrapped, "on_other", unwrapped, captures=("fn",))


@row("decorated, without `functools.wraps`")
def _(tmp: Path) -> None:
    one, other = bare(on_click), bare(on_other)
    has(one, "bare.<locals>.wrapper", one, captures=("fn",))
    assert handler_id(one) == handler_id(other)
    assert differing(one, other) == ("fn",)


@contextlib.contextmanager
def transaction() -> Iterator[None]:
    yield


@row("decorated by a context manager")
def _(tmp: Path) -> None:
    one = transaction()(on_other)
    layers = take_apart(one).layers
    assert layers == [one, on_other]
    assert handler_id(one).qualname == "on_other"
    assert [name for _, name, _ in take_apart(one).captures] == ["func", "self"]


@row("function with a `__signature__`")
def _(tmp: Path) -> None:
    def marked(event: ClickEvent) -> None: ...

    before = handler_id(marked)
    marked.__signature__ = inspect.signature(on_click)  # type: ignore[attr-defined]
    assert handler_id(marked) == before


@row("function marked as a coroutine function")
def _(tmp: Path) -> None:
    def marked(event: ClickEvent) -> None: ...

    before = handler_id(marked)
    mark = getattr(inspect, "markcoroutinefunction", None)
    if mark is None:  # 3.11
        marked._is_coroutine = object()  # type: ignore[attr-defined]
    else:
        mark(marked)
    assert handler_id(marked) == before


@row("defined by `exec`, with a `__name__`")
def _(tmp: Path) -> None:
    names: dict[str, Any] = {"__name__": "app"}
    exec("def on_click(event): pass", names)
    has(names["on_click"], "on_click", names["on_click"], module="app")


# From elsewhere.

APP = "def on_click(event):\n    return {'a', 'b'}, event\n"
PRINT = "from handlerid import handler_id; import app; print(handler_id(app.on_click))"


def id_in(path: Path) -> str:
    """The id of ``app.on_click``, as a fresh process has it that imports from here."""
    return run_fresh("-c", PRINT, path=path)


def app_in(folder: Path) -> Path:
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    return folder


@row("imported from a `.pyc` alone")
def _(tmp: Path) -> None:
    source, compiled = app_in(tmp / "source"), app_in(tmp / "compiled")
    run_fresh("-m", "compileall", "-q", "-b", str(compiled))
    (compiled / "app.py").unlink()
    assert id_in(compiled) == id_in(source)


@row("imported from a zip")
def _(tmp: Path) -> None:
    source, archive = app_in(tmp / "source"), tmp / "app.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(source / "app.py", "app.py")
    assert id_in(archive) == id_in(source)


@row("in `__main__`")
def _(tmp: Path) -> None:
    source = app_in(tmp / "source")
    imported = id_in(source)
    printing = "from handlerid import handler_id; print(handler_id(on_click))"
    (source / "app.py").write_text(f"{APP}if __name__ == '__main__':\n    {printing}\n")
    assert run_fresh("app.py", cwd=source) == imported
    assert run_fresh("-m", "app", path=source) == imported


@row("in a file that `python -m cProfile`, `profile` or `trace` was given")
def _(tmp: Path) -> None:
    source = app_in(tmp / "source")
    imported = id_in(source).strip()
    printing = "from handlerid import handler_id; print(handler_id(on_click).module)"
    (source / "app.py").write_text(f"{APP}if __name__ == '__main__':\n    {printing}\n")
    (source / "start.py").write_text(PRINT)
    for tool in ("cProfile", "profile", "trace"):
        options = ("--count", "-C", str(tmp)) if tool == "trace" else ()
        said = run_fresh("-m", tool, *options, "app.py", cwd=source)
        assert said.split()[0] == "app"
        said = run_fresh("-m", tool, *options, "start.py", cwd=source)
        assert said.split()[0] == imported


NOTEBOOK = """
import os, sys
os.environ["IPYTHONDIR"] = sys.argv[1]
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in sys.argv[2:]:
    shell.run_cell(cell).raise_error()
"""


@row("in a cell of a notebook")
def _(tmp: Path) -> None:
    pytest.importorskip("IPython", reason="needs IPython: pip install ipython")
    show = """
from handlerid import handler_id
one = handler_id(on_click)
print(one.module, one.qualname, one)
"""

    def run(*cells: str) -> list[str]:
        return run_fresh("-c", NOTEBOOK, str(tmp), *cells).split()[-3:]

    first = run(APP, show)
    assert first[:2] == ["__main__", "on_click"]
    assert run("early = 1", "# on another line\n" + APP, show) == first
    changed = run(APP.replace("'b'", "'c'"), show)
    assert changed[2][:16] == first[2][:16]
    assert changed != first


# Refused.


USE = "use a function that calls it, without functools.wraps"


@row("defined by `exec`, without a `__name__`")
def _(tmp: Path) -> None:
    names: dict[str, Any] = {}
    exec("def on_click(event): pass", names)
    text = "has no module name; set its __module__, or define it in a module"
    is_refused(names["on_click"], f"on_click {text}")


COMPILED = (
    "runs no Python function, but compiled code (C, Cython, mypyc, Nuitka) or a "
    f"computed __call__, which has no fingerprint; {USE}"
)


class Loud(functools.partial[Any]):
    def __class_getitem__(cls, item: object) -> Any: ...


@row(
    "object that is not called by a Python function: "
    "a built-in, compiled code, a computed call"
)
def _(tmp: Path) -> None:
    one: Any
    for one, name in (
        (print, "builtins.print"),
        ("a".upper, "str.upper"),
        (str.upper, "str.upper"),
        (str.__len__, "str.__len__"),
    ):
        is_refused(one, f"{name} {COMPILED}")
    reason = "needs mypy: pip install mypy"
    module: Any = pytest.importorskip("mypy.sharedparse", reason=reason)
    assert not str(module.__file__).endswith(".py")  # mypyc compiled it
    name = "mypy.sharedparse.argument_elide_name"
    is_refused(module.argument_elide_name, f"{name} {COMPILED}")
    assert Registry().scan(module).skipped == {
        f"mypy.sharedparse.{one}": COMPILED
        for one in ("special_function_elide_names", "argument_elide_name")
    }
    for one, name in (
        (operator.attrgetter("x"), "operator.attrgetter"),
        (weakref.ref(on_click), "weakref.ReferenceType"),
        (cast("Any", weakref.proxy(on_click)), "weakref.CallableProxyType"),
        (Loud(on_click), f"{__name__}.Loud"),
        (Calls.Native(), f"{__name__}.Calls.Native"),
    ):
        is_refused(one, f"an object of {name} {COMPILED}")
    for one, name in (
        (Calls.Static(), f"{__name__}.Calls.Static"),
        (Calls.Bound(), f"{__name__}.Calls.Bound"),
        (Calls.Partial(), f"{__name__}.Calls.Partial"),
        (Calls.Cached(), f"{__name__}.Calls.Cached"),
        (Calls.Computed(), f"{__name__}.Calls.Computed"),
    ):
        is_refused(one, f"an object of {name} {COMPILED}")
    inside = "builtins.print, inside an object of functools.partial,"
    is_refused(partial(print, 1), f"{inside} {COMPILED}")
    is_refused(logged(print), f"builtins.print, inside builtins.print, {COMPILED}")
    assert handler_id(bare(print))


@row("class")
def _(tmp: Path) -> None:
    text = "is a class; use a function that makes the object, and event= for an event"
    is_refused(Panel, f"{__name__}.Panel {text}")
    is_refused(
        partial(int, 1), f"builtins.int, inside an object of functools.partial, {text}"
    )


@row("`functools.singledispatch`, `functools.singledispatchmethod`")
def _(tmp: Path) -> None:
    text = f"chooses what runs by the type of an argument; {USE}"
    is_refused(singledispatch(on_other), f"{__name__}.on_other {text}")
    is_refused(
        logged(singledispatch(on_other)),
        f"{__name__}.on_other, inside {__name__}.on_other, {text}",
    )
    is_refused(Panel.dispatched, f"{__name__}.Panel.dispatched {text}")
    assert handler_id(bare(singledispatch(on_other)))


@row("method that was not read from its class")
def _(tmp: Path) -> None:
    for name in ("of_class", "change_name"):
        kind = type(vars(Panel)[name])
        is_refused(
            vars(Panel)[name],
            f"an object of {kind.__module__}.{kind.__name__} was not read from its "
            "class; register Class.method, after the class",
        )
    assert handler_id(Panel.of_class)


class Lying:
    def __init__(self, inside: Any) -> None:
        self.inside = inside

    @property
    def __class__(self) -> type:
        return type(self.inside)

    @__class__.setter
    def __class__(self, kind: type) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inside, name)

    def __call__(self, *args: object) -> object:
        return self.inside(*args)


@row("mock or proxy: `unittest.mock`, `wrapt`, lazy objects of a framework")
def _(tmp: Path) -> None:
    text = f"is a mock or a proxy, so what it runs is unknown; {USE}"
    mocks = [mock.Mock(), mock.AsyncMock(), mock.Mock(spec=on_click)]
    lying = [Lying(one) for one in (on_click, partial(on_click, 1), Panel().method)]
    for one in (*mocks, *lying):
        module, name = vars(type)["__module__"], type(one).__qualname__
        is_refused(one, f"an object of {module.__get__(type(one))}.{name} {text}")
        assert handler_id(bare(one))
    wrapt = pytest.importorskip("wrapt", reason="needs wrapt: pip install wrapt")
    is_refused(
        wrapt.decorator(lambda wrapped, instance, args, keywords: None)(on_click),
        f"an object of {wrapt.FunctionWrapper.__module__}.FunctionWrapper {text}",
    )


@row("object that is not callable")
def _(tmp: Path) -> None:
    text = "is not callable; did you call the handler instead of passing it?"
    is_refused(None, f"an object of builtins.NoneType {text}")
    is_refused(Calls.Nothing(), f"an object of {__name__}.Calls.Nothing {text}")
    odd = logged(on_click)
    odd.__wrapped__ = 3
    is_refused(odd, f"an object of builtins.int, inside {__name__}.on_click, {text}")


@row("object that wraps itself")
def _(tmp: Path) -> None:
    loop = logged(on_click)
    loop.__wrapped__ = loop
    is_refused(loop, f"{__name__}.on_click wraps itself, or more than 100 callables")
    deep: Any = on_click
    for _ in range(98):
        deep = logged(deep)
    assert handler_id(deep)
    is_refused(
        logged(logged(deep)),
        f"{__name__}.on_click wraps itself, or more than 100 callables",
    )
    gone = functools.cache(on_click)
    del gone.__wrapped__
    is_refused(
        gone,
        "an object of functools._lru_cache_wrapper has no qualified name, and wraps no "
        f"function; {USE}",
    )


# The page.


@pytest.mark.parametrize("name", ROWS)
def test_every_row(name: str, tmp_path: Path) -> None:
    ROWS[name](tmp_path)


def rows_of_the_page() -> list[list[str]]:
    lines = PAGE.read_text("utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_the_page_has_these_rows() -> None:
    assert [cells[0] for cells in rows_of_the_page()] == list(ROWS)


def test_every_row_of_the_page_has_a_reason() -> None:
    for cells in rows_of_the_page():
        assert len(cells) == 5
        assert all(cells)


def test_the_page_refuses_what_is_refused() -> None:
    refused = {cells[0] for cells in rows_of_the_page() if cells[1] == "refused"}
    texts = {name: inspect.getsource(case) for name, case in ROWS.items()}
    assert refused == {
        name
        for name, text in texts.items()
        if re.search(r"^    is_refused|^        is_refused", text, re.MULTILINE)
    }


# Captures of functions that were changed.


def test_too_many_defaults_are_told_from_the_end() -> None:
    copy = FunctionType((lambda a, b: None).__code__, {})
    copy.__defaults__ = (1, 2, 3)
    assert captures_of(copy) == [("a", 2), ("b", 3)]


def test_keyword_defaults_are_told_in_the_order_of_the_parameters() -> None:
    def fn(*, b: int = 1, a: int = 2) -> None: ...

    fn.__kwdefaults__ = {"a": 3, "gone": 4, "b": 5}
    assert captures_of(fn) == [("b", 5), ("a", 3)]  # type: ignore[arg-type]
