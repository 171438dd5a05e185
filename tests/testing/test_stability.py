"""``assert_stable``: which handlers it finds, what it compares, how it fails.

The modules here are written to a directory and imported by fresh processes, as an
application's are.
"""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from handlerid.testing import assert_stable
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
    """The text of the failure, without ids and digests."""
    with pytest.raises(AssertionError) as caught:
        assert_stable(target, **options)
    text = re.sub(r"h1(-[a-z2-7]{13,20}){2,3}", "h1-ID", str(caught.value))
    return re.sub(r"\b([0-9a-f]{16}|[a-z2-7]{16})$", "DIGEST", text, flags=re.MULTILINE)


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

STABLE = """
import functools, time
from handlerid import ClickEvent, Dispatcher, Event, Identity, InputEvent, Registry

registry = Registry()
dispatcher = Dispatcher(Registry(captures="distinct"))
source = Identity(fingerprint="source")
restless = Identity(module_name=lambda name: name + str(time.time_ns()))

def on_click(event: ClickEvent):
    assert event.key
    return event.key in {"a", "b", "c"}

def on_both(event: ClickEvent | InputEvent):
    class Local:
        def put(self): self.a = self.b = event
    return Local

@registry.handler(event=Event)
def bare(event): return event

def helper(count: int): return count

class Panel:
    @classmethod
    def of_class(cls, event: ClickEvent): pass
    @staticmethod
    def static(event: ClickEvent): pass

def go(names, event): return names

bound = functools.partial(on_click)
dispatcher.registry.register(functools.partial(go, {"a", "b", "c"}), Event)

def rendered():
    def make(i):
        def closure(event: ClickEvent): return i
        return closure
    return [make(1), make(2)]
"""

STABLE_HANDLERS = """\
app.Panel.of_class (click)
app.Panel.static (click)
app.on_both (click)
app.on_both (input)
app.on_click (click)
app.rendered.<locals>.make.<locals>.closure (click)
"""


@pytest.mark.parametrize("options", [{}, {"identity": "app:source", "pythons": ()}])
def test_a_stable_module_passes(write: Any, options: Any) -> None:
    write("app", STABLE)
    assert_stable("app", handlers="app:rendered", **options)
    assert_stable(types.ModuleType("app"), directory=False)
    assert "app" not in sys.modules


def test_names_are_read_as_python_reads_them(write: Any) -> None:
    micro = "\N{MICRO SIGN}"
    write("app", STABLE.replace("rendered", micro).replace("source =", f"{micro}s ="))
    options: Any = {"handlers": f"app:{micro}", "identity": f"app:{micro}s"}
    assert_stable("app", directory=False, pythons=(), **options)


def test_all_handlers_are_found(write: Any) -> None:
    """None is stable if the name of its module is not; registries keep their ids."""
    write("app", STABLE)
    text = failure("app", handlers="app:rendered", identity="app:restless")
    first, *_ = text.splitlines()
    names = re.findall(r"^app\d+(\S.*), (?:in a second|with|from)", text, re.MULTILINE)
    assert {f"app{name}" for name in names} == set(STABLE_HANDLERS.splitlines())
    assert re.fullmatch(
        r"\d+ of \d+ handlers of app do not have the same ids in every process", first
    )


def test_a_package_is_all_its_modules(write: Any) -> None:
    write("shop.cart.items", GENERATED + "on_click = generate(time.time_ns())")
    write("shop.__main__", "raise SystemExit('a program')")
    write("shop.pages", STABLE)
    text = failure("shop")
    assert text.startswith("1 of 8 handlers of shop do not have the same ids")
    assert "shop.cart.items.on_click (click), in a second process" in text


# Unstable.


def test_code_that_depends_on_the_hash_seed(write: Any) -> None:
    write("app", GENERATED + "on_click = generate(list({'a', 'b', 'c', 'd', 'e'}))")
    lines = failure("app").splitlines()
    assert lines[:6] == [
        "1 of 1 handlers of app do not have the same ids in every process",
        "",
        "app.on_click (click), with hash seed 1:",
        "    - h1-ID.click",
        "    + h1-ID.click",
        "    code",
    ]
    items = r"\w+ tuple \((str '.'(, )?){5}\)"
    assert re.fullmatch(rf" +-   {items}\n +\+   {items}", "\n".join(lines[6:]))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("os.path.dirname(__file__)[-9:]", "from a copy in another directory with"),
        ("time.time_ns()", "in a second process with nothing changed"),
    ],
)
def test_code_that_depends_on_the_directory_or_on_time(
    write: Any, value: str, expected: str
) -> None:
    """Each handler is told once, with the first condition that changes its id."""
    write("app", f"{GENERATED}on_click = generate({value})")
    text = failure("app")
    assert f"app.on_click (click), {expected}" in text
    assert text.count("app.on_click") == 1
    if "directory" in expected:
        assert "str 'plication'" in text
        assert "str 'directory'" in text
        assert_stable("app", directory=False)


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
    assert failure("app") == dedent("""\
        1 of 1 handlers of app do not have the same ids in every process

        app.open_file (click), from a copy in another directory with hash seed 2:
            - h1-ID.click
            + h1-ID.click
            bound arguments
                - args[0]: str DIGEST
                + args[0]: str DIGEST""")


def test_only_a_source_is_the_same_on_every_python(write: Any) -> None:
    write("app", STABLE)
    other = str(require_python("3.12" if sys.version_info < (3, 12) else "3.11"))
    text = failure("app", pythons=[other])
    own = ".".join(map(str, sys.version_info[:3]))
    assert f"    fingerprint\n        - belongs to cpython {own}\n        + bel" in text
    assert f"app.on_click (click), on {other}:\n" in text
    write(
        "other",
        STABLE.replace("Registry(", "Registry(identity=source, ").replace(
            "registry = R", "source = Identity(fingerprint='source')\nregistry = R", 1
        ),
    )
    assert_stable("other", identity="other:source", pythons=[other])


def test_other_pythons_are_found_on_the_path(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minor = 12 if sys.version_info < (3, 12) else 11
    other = require_python(f"3.{minor}")
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / f"python3.{minor}").symlink_to(other)
    refusing = commands / f"python3.{sys.version_info.minor + 3}"
    refusing.write_text("#!/bin/sh\nexit 127\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(commands))
    write(
        "app",
        """
        import sys
        from handlerid import ClickEvent, Identity
        source = Identity(fingerprint="source")
        if sys.version_info[1] == OTHER:
            def there(event: ClickEvent): pass
        else:
            def here(event: ClickEvent): pass
        """.replace("OTHER", str(minor)),
    )
    text = failure("app", identity="app:source")
    condition = f"(click), on {commands}/python3.{minor}:"
    assert text == dedent(f"""\
        2 of 2 handlers of app do not have the same ids in every process

        app.here {condition}
            only in the first process

        app.there {condition}
            not in the first process""")


def test_a_python_that_cannot_import_the_target_is_skipped_with_a_word(
    write: Any,
) -> None:
    minor = 12 if sys.version_info < (3, 12) else 11
    other = str(require_python(f"3.{minor}"))
    write(
        "app",
        f"""
        import sys, threading
        from handlerid import ClickEvent
        threading.Thread(target=threading.Event().wait).start()
        if sys.version_info[1] == {minor}:
            raise ModuleNotFoundError("No module named 'psycopg'")
        def on_click(event: ClickEvent): pass
        """,
    )
    with pytest.warns(UserWarning, match="was not compared") as warned:
        assert_stable("app", pythons=[other])
    (one,) = warned
    assert str(one.message) == (
        f"app was not compared on {other}: handlerid.errors.ScanFailed: app cannot be "
        "imported: ModuleNotFoundError: No module named 'psycopg'"
    )


def test_a_stable_module_is_imported_four_times(write: Any, tmp_path: Path) -> None:
    """At once, so that a large framework's import time is spent few times."""
    log = tmp_path / "log"
    line = f"open({str(log)!r}, 'a').write(os.environ['PYTHONHASHSEED'])"
    write("app", f"{STABLE}\nimport os; {line}")
    assert_stable("app")
    assert sorted(log.read_text()) == [*"0012"]


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
    assert_stable("app", handlers="app:links", directory=False)


# The identity.


def test_a_registry_gives_its_own_ids(write: Any) -> None:
    write(
        "app",
        """
        import os
        from handlerid import ClickEvent, Identity, Registry
        seed = os.environ["PYTHONHASHSEED"]
        keyed = Registry(identity=Identity(keys=seed.encode()))
        named = Registry()
        distinct = Registry(captures="distinct")
        @keyed.handler
        def one(event: ClickEvent): pass
        @named.handler(name="two" + seed)
        def two(event: ClickEvent): pass
        @distinct.handler
        def three(event: ClickEvent, seed=seed): pass
        @named.handler
        def four(event: ClickEvent, seed=seed): pass
        """,
    )
    assert failure("app") == dedent("""\
        3 of 4 handlers of app do not have the same ids in every process

        app.one (click), with hash seed 1:
            - h1-ID.click
            + h1-ID.click
            keys
                the identities have different keys

        app.two (click), with hash seed 1:
            the explicit name differs

        app.three (click), with hash seed 1:
            - h1-ID.click
            + h1-ID.click
            captures
                - seed: str DIGEST
                + seed: str DIGEST""")


# Where it does not get that far.


def test_a_module_that_cannot_be_imported_shows_its_traceback(write: Any) -> None:
    file = write("app", "import handlerid\n\nraise RuntimeError('no database')")
    text = failure("app")
    assert text.startswith(
        "the handlers of app were not found with hash seed 0: exit code 3\n\nTraceback "
    )
    assert f'File "{file}", line 3, in <module>' in text
    assert "RuntimeError: no database" in text


def test_a_module_that_only_another_condition_keeps_from_being_imported(
    write: Any,
) -> None:
    line = "import os\nif os.environ['PYTHONHASHSEED'] == '1': raise RuntimeError"
    write("app", f"{STABLE}\n{line}")
    text = failure("app")
    assert text.startswith("the handlers of app were not found with hash seed 1: exit")


def test_a_module_that_ends_the_process(write: Any) -> None:
    write("app", "import os\nos._exit(0)")
    assert failure("app") == (
        "the handlers of app were not found with hash seed 0: exit code 0; it printed "
        "nothing"
    )


def test_a_module_without_handlers(write: Any) -> None:
    write("app", "def helper(event): pass\nfrom handlerid.events import *")
    assert failure("app") == (
        "app has no handlers: annotate the parameter of a function with an event type, "
        "register it in a Registry of the module, or name a function that returns "
        "handlers with handlers="
    )


def test_a_handler_that_cannot_have_an_id(write: Any) -> None:
    write(
        "app",
        """
        import functools
        from handlerid import ClickEvent
        def go(state, event: ClickEvent): pass
        on_click = functools.partial(go, object())
        """,
    )
    text = failure("app")
    assert "exit code 3" in text
    assert "handlerid.errors.UnstableCapture" in text
    assert "app.go" in text


def test_time_is_bounded(write: Any) -> None:
    write("app", "print('here')\nimport threading\nthreading.Event().wait()")
    assert failure("app", timeout=5) == (
        "the handlers of app were not found with hash seed 0: it took too long; pass a "
        "larger timeout=\n\nhere"
    )


def test_what_a_module_starts_is_not_waited_for(write: Any, tmp_path: Path) -> None:
    """A thread that never ends, and a child that holds the output open."""
    write(
        "app",
        STABLE
        + "import os, subprocess, sys, threading\n"
        + "threading.Thread(target=threading.Event().wait).start()\n"
        + "code = 'import os, time\\nwhile os.getppid() != 1: time.sleep(0.01)'\n"
        + "subprocess.Popen([sys.executable, '-c', code])\n",
    )
    assert_stable("app", directory=False)


def test_arguments_that_are_wrong(write: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^other processes cannot import __main__; na"
    ):
        assert_stable("__main__")
    write("app", STABLE)
    with pytest.raises(FileNotFoundError, match="no-such-python"):
        assert_stable("app", pythons=["no-such-python"])
    assert "AttributeError: module 'app' has no" in failure("app", identity="app:none")


def test_what_is_in_no_directory_is_not_copied() -> None:
    with pytest.raises(AssertionError, match=r"^sys has no handlers"):
        assert_stable("sys", directory=False)
    with pytest.raises(ValueError, match=r"^sys is in no directory to copy; pass di"):
        assert_stable("sys")


def test_a_link_that_leads_nowhere_is_not_copied(write: Any) -> None:
    file = write("package.app", STABLE)
    (file.parent / ".#app.py").symlink_to("somebody@somewhere.1234")
    assert_stable("package")


def test_it_runs_unoptimised_whatever_this_process_runs_with(write: Any) -> None:
    file = write("app", f"{STABLE}\nassert False, 'not optimised'")
    code = "from handlerid.testing import assert_stable; assert_stable('app')"
    with pytest.raises(AssertionError, match="AssertionError: not optimised"):
        run_fresh("-O", "-c", code, path=file.parent)
    file.write_text(dedent(STABLE))
    run_fresh("-O", "-c", code, path=file.parent)
