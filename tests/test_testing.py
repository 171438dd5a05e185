"""What ``handlerid.testing`` offers: stable ids asserted, calls recorded.

The modules here are written to a directory and imported by fresh processes, as an
application's are.
"""

from __future__ import annotations

import json
import os
import re
import sys
import types
from collections.abc import Generator, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import anyio
import pytest

from handlerid import ClickEvent, Identity, Registry
from handlerid.errors import MalformedPayload, UnknownHandler
from handlerid.testing import RecordingDispatcher, assert_stable
from tests.pythons import require_python
from tests.support.fresh import run_fresh


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a module of an application; a dot in its name makes a package."""
    root = tmp_path / "application"
    root.mkdir()
    monkeypatch.syspath_prepend(str(root))

    def write(name: str, text: str) -> Path:
        file = root / f"{name.replace('.', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        for folder in list(file.parents)[: name.count(".")]:
            (folder / "__init__.py").touch()
        file.write_text(dedent(text))
        return file

    return write


def failure(target: str, **options: Any) -> str:
    """What is said of a target, without ids and digests."""
    with pytest.raises(AssertionError) as caught:
        assert_stable(target, **options)
    text = re.sub(r"h1(-[a-z2-7]{13,20}){2,3}", "h1-ID", str(caught.value))
    return re.sub(r"\b[0-9a-f]{16,20}\b", "DIGEST", text)


# Generated code, as a template engine or an ORM makes it: its constants are whatever
# the process had at hand.
GENERATED = """
import os, sys, time
from handlerid import ClickEvent

def generate(value):
    names = {"__name__": __name__, "ClickEvent": ClickEvent}
    exec(f"def on_click(event: ClickEvent): return {value!r}", names)
    return names["on_click"]
"""


# Stable.

STABLE = """
import functools
from handlerid import ClickEvent, Dispatcher, InputEvent, Registry

registry = Registry()
dispatcher = Dispatcher(Registry())

def on_click(event: ClickEvent):
    assert event.key
    return event.key in {"a", "b", "c"}

def on_both(event: ClickEvent | InputEvent):
    class Local:
        def put(self): self.a = self.b = event
    return Local

@registry.handler
def bare(event): return event

def helper(count: int): return count

class Panel:
    def method(self, event: ClickEvent): pass
    @classmethod
    def of_class(cls, event: ClickEvent): pass
    @staticmethod
    def static(event: ClickEvent): pass
    class Inner:
        def deep(self, event: ClickEvent): pass

bound = functools.partial(on_click)
dispatcher.offer(functools.partial(lambda names, event: names, {"a", "b", "c"}))

def rendered():
    def make(i):
        def closure(event: ClickEvent): return i
        return closure
    return [make(1), make(2)]
"""

STABLE_HANDLERS = """\
app.Panel.Inner.deep (click)
app.Panel.method (click)
app.Panel.of_class (click)
app.Panel.static (click)
app.bare
app.on_both (click)
app.on_both (input)
app.on_click (click)
app.<lambda>
app.rendered.<locals>.make.<locals>.closure (click)
"""


@pytest.mark.parametrize("fingerprint", ["bytecode", "source"])
def test_a_stable_module_passes(write: Any, fingerprint: Any) -> None:
    write("app", STABLE)
    assert_stable("app", handlers="app:rendered", fingerprint=fingerprint)


def test_all_handlers_are_found(write: Any) -> None:
    """None of them is stable when their module's name is not: every one is told."""
    write("app", STABLE)
    write("names", "import time\nNOW = str(time.time_ns())\ndef now(name): return NOW")
    text = failure(
        "app", handlers="app:rendered", module_name="names:now", conditions=()
    )
    names = re.findall(r"^(\S.*), in a second process", text, re.MULTILINE)
    assert sorted(names) == sorted(STABLE_HANDLERS.splitlines())
    assert text.startswith("10 of 10 handlers of app have ids")


def test_a_package_is_all_its_modules(write: Any) -> None:
    write("shop.cart.items", GENERATED + "on_click = generate(time.time_ns())")
    write("shop.__main__", "raise SystemExit('a program')")
    write("shop.pages", STABLE)
    text = failure("shop", conditions=())
    assert text.startswith("1 of 10 handlers of shop have ids that are not the same")
    assert "shop.cart.items.on_click (click), in a second process" in text
    assert_stable("shop.pages")


def test_a_module_itself_is_its_name(write: Any) -> None:
    write("app", STABLE)
    module = types.ModuleType("app")
    assert_stable(module, conditions=())
    assert "app" not in sys.modules


def test_it_is_not_imported_here(write: Any, tmp_path: Path) -> None:
    write("app", f"{STABLE}\nimport pathlib\nprint('imported')\n")
    assert_stable("app", conditions=["directory"])
    assert "app" not in sys.modules


# Unstable.


def test_code_that_depends_on_the_hash_seed(write: Any) -> None:
    write("app", GENERATED + "on_click = generate(list({'a', 'b', 'c', 'd', 'e'}))")
    text = failure("app")
    first, *others = text.splitlines()
    assert first == (
        "1 of 1 handlers of app have ids that are not the same in every process"
    )
    assert others[:4] == [
        "",
        "app.on_click (click), with hash seed 1:",
        "    - h1-ID.click",
        "    + h1-ID.click",
    ]
    assert others[4] == "    code"
    assert re.fullmatch(r" +- constant 1: tuple \((str '.'(, )?){5}\)", others[5])
    assert re.fullmatch(r" +\+ constant 1: tuple \((str '.'(, )?){5}\)", others[6])
    assert others[7:] == ["    also with hash seed 2", "    also with hash seed 3"]


def test_code_that_depends_on_the_directory(write: Any, tmp_path: Path) -> None:
    write("app", GENERATED + "on_click = generate(os.path.dirname(__file__)[-9:])")
    assert failure("app") == dedent("""\
        1 of 1 handlers of app have ids that are not the same in every process

        app.on_click (click), from a copy in another directory:
            - h1-ID.click
            + h1-ID.click
            code
                - constant 1: str 'plication'
                + constant 1: str 'directory'
            also from .pyc files alone""")


def test_a_bound_argument_that_depends_on_the_directory(write: Any) -> None:
    write(
        "app",
        """
        import functools
        from handlerid import ClickEvent
        def open_file(name, event: ClickEvent): pass
        on_click = functools.partial(open_file, __file__)
        """,
    )
    assert failure("app", conditions=["directory"]) == dedent("""\
        1 of 1 handlers of app have ids that are not the same in every process

        app.open_file (click), from a copy in another directory:
            - h1-ID.click
            + h1-ID.click
            bound arguments
                - args[0]: str DIGEST
                + args[0]: str DIGEST""")


def test_code_that_depends_on_time(write: Any) -> None:
    """Told once, and no condition is blamed for it."""
    write("app", GENERATED + "on_click = generate(time.time_ns())")
    text = failure("app")
    assert "app.on_click (click), in a second process with nothing changed:" in text
    assert "also" not in text


def test_code_that_depends_on_tracing(write: Any) -> None:
    write("app", GENERATED + "on_click = generate(sys.gettrace() is not None)")
    assert failure("app") == dedent("""\
        1 of 1 handlers of app have ids that are not the same in every process

        app.on_click (click), with sys.settrace on:
            - h1-ID.click
            + h1-ID.click
            code
                - constant 1: bool False
                + constant 1: bool True""")


def test_a_source_that_is_not_shipped(write: Any) -> None:
    """Only when it is asked for: by its nature a source needs its file."""
    write("app", STABLE)
    text = failure("app", fingerprint="source", conditions=["pyc"])
    assert "app.on_click (click), from .pyc files alone:\n    it cannot have" in text
    assert "its source is missing" in text


def test_bytecode_depends_on_the_python(write: Any) -> None:
    write("app", "from handlerid import ClickEvent\ndef on_click(event: ClickEvent): 1")
    other = require_python("3.12" if sys.version_info < (3, 12) else "3.11")
    text = failure("app", pythons=[other])
    own = ".".join(map(str, sys.version_info[:3]))
    assert f"    fingerprint\n        - belongs to cpython {own}\n        + bel" in text
    assert re.search(r"app.on_click \(click\), on cpython 3\.1\d\.\d+:\n", text)
    assert_stable("app", fingerprint="source", pythons=[other])


def test_bytecode_depends_on_optimisation_and_the_source_does_not(write: Any) -> None:
    write("app", STABLE)
    text = failure("app", conditions=["optimised"])
    assert "app.on_click (click), with -O:\n" in text
    assert text.startswith("1 of 9 handlers of app")
    assert_stable("app", conditions=["optimised"], fingerprint="source")


def test_other_pythons_are_found_on_the_path(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = "3.12" if sys.version_info < (3, 12) else "3.11"
    python = require_python(version).resolve()
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / f"python{version}").symlink_to(python)
    (commands / "python3.19").write_text("#!/bin/sh\nexit 127")
    (commands / "python3.19").chmod(0o755)
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)
    write(
        "app",
        f"""
        import sys
        from handlerid import ClickEvent
        def on_click(event: ClickEvent): pass
        if sys.version_info[:2] == {tuple(map(int, version.split(".")))}:
            def only_there(event: ClickEvent): pass
        """,
    )
    text = failure("app", fingerprint="source", conditions=["pythons"])
    assert f"app.only_there (click), on cpython {version}." in text
    assert_stable("app", fingerprint="source", pythons=[], conditions=["pythons"])


def test_a_handler_that_is_not_always_there(write: Any) -> None:
    write(
        "app",
        """
        import sys
        from handlerid import ClickEvent
        def always(event: ClickEvent): pass
        if sys.gettrace():
            def traced(event: ClickEvent): pass
        else:
            def untraced(event: ClickEvent): pass
        """,
    )
    assert failure("app", conditions=["tracing"]) == dedent("""\
        2 of 3 handlers of app have ids that are not the same in every process

        app.untraced (click), with sys.settrace on:
            there is no such handler

        app.traced (click), with sys.settrace on:
            there is such a handler, and none in the first process""")


def test_the_order_of_closures_does_not_matter(write: Any) -> None:
    write(
        "app",
        """
        import functools
        from handlerid import ClickEvent
        def go(url, event: ClickEvent): pass
        def links():
            return [functools.partial(go, url) for url in {"/a", "/b", "/c", "/d"}]
        """,
    )
    assert_stable("app", handlers="app:links", conditions=["seeds"])


# Settings.


def test_the_settings_are_those_of_identity(write: Any) -> None:
    """What depends on the process shows only through the setting."""
    write("app", GENERATED + "on_click = generate(1)")
    write(
        "names",
        """
        def short(name): return name[:2]
        def seeded(name): return name + str(hash(name))
        """,
    )
    assert_stable("app", key=b"k", module_name="names:short", conditions=["seeds"])
    text = failure("app", key=b"k", module_name="names:seeded", conditions=["seeds"])
    assert re.sub(r"app-?\d+", "appN", text).endswith(
        "    location\n"
        "        - module appN\n"
        "        + module appN\n"
        "    also with hash seed 2\n"
        "    also with hash seed 3"
    )


def test_encoders_are_named(write: Any) -> None:
    write(
        "app",
        """
        import functools, time
        from handlerid import ClickEvent
        class Shop: pass
        def go(shop, event: ClickEvent): pass
        on_click = functools.partial(go, Shop())
        STEADY = {Shop: lambda shop: "tea"}
        RESTLESS = {Shop: lambda shop: NOW}
        NOW = time.time_ns()
        """,
    )
    assert "cannot have an id" in failure("app", conditions=())
    assert_stable("app", encoders="app:STEADY", conditions=())
    assert "- args[0]: app.Shop" in failure(
        "app", encoders="app:RESTLESS", conditions=()
    )


def on_click(event: ClickEvent) -> None: ...


def test_the_key_is_used(write: Any) -> None:
    """The location in the text is the one that the keyed identity computes."""
    write("app", GENERATED + "on_click = generate(time.time_ns())")
    expected = {}
    for key in (None, b"k"):
        with pytest.raises(AssertionError) as caught:
            assert_stable("app", key=key, conditions=())
        (location,) = set(re.findall(r"h1-(\w{13})", str(caught.value)))
        copy = types.FunctionType(on_click.__code__, {}, "on_click")
        copy.__module__ = "app"
        expected[location] = Identity(key=key).handler_id(copy).location
    assert len(expected) == 2
    assert list(expected) == list(expected.values())


def test_a_registry_gives_its_own_ids_unless_told_otherwise(write: Any) -> None:
    write(
        "app",
        """
        import sys
        from handlerid import Identity, Registry
        registry = Registry(identity=Identity(key=b"1" if sys.gettrace() else b"2"))
        @registry.handler
        def bare(event): pass
        """,
    )
    assert failure("app", conditions=["tracing"]) == dedent("""\
        1 of 1 handlers of app have ids that are not the same in every process

        app.bare, with sys.settrace on:
            - h1-ID
            + h1-ID
            key
                the identities have different keys""")
    assert_stable("app", conditions=["tracing"], fingerprint="bytecode")


def test_captures_count_where_the_registry_has_them_in_its_ids(write: Any) -> None:
    write(
        "app",
        """
        import os
        from handlerid import ClickEvent, Registry
        registry = Registry(captures="distinct")
        @registry.handler
        def on_click(event: ClickEvent, seed=os.environ["PYTHONHASHSEED"]): ...
        """,
    )
    text = failure("app", conditions=["seeds"])
    assert "app.on_click (click), with hash seed 1:" in text
    assert "- seed: str DIGEST" in text
    write(
        "other",
        """
        import os
        from handlerid import ClickEvent, Registry
        registry = Registry()
        @registry.handler
        def on_click(event: ClickEvent, seed=os.environ["PYTHONHASHSEED"]): ...
        """,
    )
    assert_stable("other", conditions=["seeds"])


def test_a_link_that_leads_nowhere_is_not_copied(write: Any) -> None:
    file = write("package.app", STABLE)
    (file.parent / ".#app.py").symlink_to("somebody@somewhere.1234")
    assert_stable("package", conditions=["directory"])


def test_the_key_is_not_on_the_command_line(write: Any, tmp_path: Path) -> None:
    write(
        "app",
        f"""
        import os, pathlib, sys
        from handlerid import ClickEvent
        def on_click(event: ClickEvent): pass
        line = pathlib.Path("/proc/self/cmdline").read_bytes()
        secret = b"73656372657421"
        assert secret not in line and secret.decode() not in str(os.environ)
        pathlib.Path({str(tmp_path / "seen")!r}).touch()
        """,
    )
    assert_stable("app", key=b"secret!", conditions=())
    assert (tmp_path / "seen").exists()


# Where it does not get that far.


def test_a_module_that_cannot_be_imported_shows_its_traceback(write: Any) -> None:
    file = write("app", "import handlerid\n\nraise RuntimeError('no database')")
    text = failure("app")
    assert text.startswith(
        "the handlers of app in a fresh process, with hash seed 0, cannot be found: "
        "the process ended with exit code 1:\n\nTraceback (most recent call last):\n"
    )
    assert f'File "{file}", line 3, in <module>' in text
    assert text.endswith("RuntimeError: no database")


def test_a_module_that_only_other_conditions_keep_from_being_imported(
    write: Any,
) -> None:
    write("app", f"{STABLE}\nimport sys\nif sys.gettrace(): raise RuntimeError('no')")
    text = failure("app")
    assert text.startswith(
        "the handlers of app in a fresh process, with sys.settrace on, cannot be found"
    )


def test_a_module_that_ends_the_process(write: Any) -> None:
    write("app", "import sys\nsys.exit(0)")
    assert failure("app") == (
        "the handlers of app in a fresh process, with hash seed 0, cannot be found: "
        "the process ended with exit code 0; it printed nothing"
    )


def test_a_module_without_handlers(write: Any) -> None:
    write("app", "def helper(event): pass\nfrom handlerid.events import *")
    assert failure("app") == (
        "no handler was found in app: annotate the parameter of a function with an "
        "event type, register it in a Registry of the module, or name a function that "
        "returns handlers with handlers="
    )


def test_a_handler_that_cannot_have_an_id(write: Any) -> None:
    write(
        "app",
        """
        import functools
        from handlerid import ClickEvent
        def fine(event: ClickEvent): pass
        def go(state, event: ClickEvent): pass
        on_click = functools.partial(go, object())
        """,
    )
    text = failure("app")
    assert text.startswith(
        "1 of 2 handlers of app cannot have an id\n\napp.go (click): args[0] cannot be "
        "part of an id: builtins.object has no canonical form."
    )


HANGING = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path({file!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
"""


def alive(pid: str) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(pids: list[str]) -> bool:
    """Waits for the processes' end: a signal takes a moment to arrive."""
    while any(alive(pid) for pid in pids):
        os.sched_yield()
    return True


def test_time_is_bounded_and_no_process_is_left(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    file = tmp_path / "pids"
    write("app", HANGING.format(file=str(file)) + "print('here')\ntime.sleep(600)")
    text = failure("app", conditions=(), timeout=3)
    assert text == (
        "the handlers of app in a fresh process, with hash seed 0, were not found in "
        "time; raise timeout= if importing it takes that long:\n\nhere"
    )
    assert gone(file.read_text().split())


def test_what_a_module_starts_is_not_waited_for_and_ended(
    write: Any, tmp_path: Path
) -> None:
    """A thread that never ends, and a child that holds the pipes open."""
    file = tmp_path / "pids"
    write(
        "app",
        HANGING.format(file=str(file))
        + "import threading\n"
        + "threading.Thread(target=threading.Event().wait).start()\n"
        + STABLE,
    )
    assert_stable("app", conditions=())
    assert gone(file.read_text().split())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"conditions": ["seed"]}, "'seed' is not a condition; there are seeds, direc"),
        ({"key": b""}, "key must have 1 to 64 bytes"),
        ({"fingerprint": "md5"}, 'fingerprint must be "bytecode" or "source"'),
        (
            {"handlers": lambda: [on_click]},
            "handlers is called in other processes: pass a fun",
        ),
        ({"module_name": str.upper}, "module_name is called in other processes: pass"),
        ({"pythons": ["no-such-python"]}, "no-such-python is not a Python that runs"),
        ({"pythons": ["false"]}, "false is not a Python that runs"),
    ],
)
def test_an_argument_that_is_wrong(
    write: Any, options: dict[str, Any], text: str
) -> None:
    write("app", STABLE)
    with pytest.raises(ValueError, match=re.escape(text)):
        assert_stable("app", **options)


def test_main_is_refused() -> None:
    with pytest.raises(ValueError, match="__main__ is not importable elsewhere"):
        assert_stable("__main__")


def test_what_is_in_no_directory_is_not_copied() -> None:
    with pytest.raises(ValueError, match="sys is in no directory that could be copied"):
        assert_stable("sys")


def test_what_the_copy_does_not_reach_is_not_checked_in_vain() -> None:
    """A module that is there before sys.path is asked; json, for its own use."""
    text = failure("json", conditions=["directory"])
    said = r"ImportError: json was imported from \S+, not from the copy in "
    assert re.search(said, text)


def test_the_environment_does_not_optimise(
    write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("app", "assert False, 'not optimised'")
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    assert failure("app", conditions=()).endswith("AssertionError: not optimised")


def test_it_runs_unoptimised_whatever_this_process_runs_with(
    write: Any, tmp_path: Path
) -> None:
    file = write("app", f"{STABLE}\nassert False, 'not optimised'")
    code = "from handlerid.testing import *; assert_stable('app', conditions=())"
    with pytest.raises(AssertionError, match="AssertionError: not optimised"):
        run_fresh("-O", "-c", code, path=file.parent)
    file.write_text(dedent(STABLE))
    run_fresh("-O", "-c", code, path=file.parent)


# The recording dispatcher.


def steps(event: ClickEvent) -> Generator[str, None, str]:
    yield "one"
    yield "two"
    return "done"


async def later(event: ClickEvent) -> str:
    return event.key


def fails(event: ClickEvent) -> None:
    raise KeyError(event.key)


def test_it_keeps_calls_and_results() -> None:
    dispatcher = RecordingDispatcher(Registry(), extra="refuse")
    sent = {"handler": dispatcher.offer(steps), "key": "a"}
    assert dispatcher.dispatch(sent) == "done"
    assert list(dispatcher.stream(json.dumps(sent))) == ["one", "two"]
    first, second = dispatcher.calls
    assert first.handler.fn is steps
    assert first.event == ClickEvent(key="a")
    assert (first.results, first.steps, first.errors) == (["done"], [], [])
    assert (second.results, second.steps) == (["done"], ["one", "two"])


def test_it_keeps_what_async_calls_gave() -> None:
    dispatcher = RecordingDispatcher(Registry())

    async def run() -> None:
        sent = {"handler": dispatcher.offer(later), "key": "a"}
        assert await dispatcher.adispatch(sent) == "a"
        assert [step async for step in dispatcher.astream(sent)] == ["a"]
        failing = {"handler": dispatcher.offer(fails), "key": "b"}
        with pytest.raises(KeyError):
            await dispatcher.adispatch(failing)
        with pytest.raises(KeyError):
            _ = [step async for step in dispatcher.astream(failing)]

    anyio.run(run)
    first, second, third, fourth = dispatcher.calls
    assert (first.results, second.results, second.steps) == (["a"], [None], ["a"])
    assert [type(error) for error in (*third.errors, *fourth.errors)] == [KeyError] * 2


def test_it_keeps_errors_and_refusals() -> None:
    dispatcher = RecordingDispatcher(Registry())
    sent = {"handler": dispatcher.offer(fails), "key": "a"}
    with pytest.raises(KeyError) as caught:
        dispatcher.dispatch(sent)
    assert dispatcher.calls[0].errors == [caught.value]
    with pytest.raises(KeyError):
        list(dispatcher.stream(sent))
    assert len(dispatcher.calls[1].errors) == 1
    with pytest.raises(MalformedPayload):
        dispatcher.dispatch(b"{")
    with pytest.raises(UnknownHandler):
        dispatcher.prepare({"handler": "h1-" + "a" * 13 + "-" + "a" * 20})
    assert [type(error) for error in dispatcher.refusals] == [
        MalformedPayload,
        UnknownHandler,
    ]
    assert len(dispatcher.calls) == 2


def test_closing_a_recorded_stream_closes_the_handler() -> None:
    closed = []

    def endless(event: ClickEvent) -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(event.key)

    dispatcher = RecordingDispatcher(Registry())
    stream = dispatcher.stream({"handler": dispatcher.offer(endless), "key": "a"})
    assert next(stream) == 1
    stream.close()
    assert closed == ["a"]
    assert dispatcher.calls[0].results == []


def test_it_needs_no_pytest() -> None:
    code = "import sys, handlerid.testing; print('pytest' in sys.modules)"
    assert run_fresh("-c", code) == "False\n"
