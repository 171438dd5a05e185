"""The command as a process: where it imports from, how it ends, what it loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fresh import environment

MODULE = ("-m", "handlerid")
# What an installed script does.
SCRIPT = ("-c", "import sys\nfrom handlerid._cli import run\nsys.exit(run())")


def start(
    *arguments: str, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("how", [MODULE, SCRIPT], ids=["module", "script"])
def test_the_current_directory_is_importable(
    folder: Path, how: tuple[str, ...]
) -> None:
    done = start(*how, "ids", "cli_shop", folder=folder)
    assert (done.returncode, done.stderr) == (0, "imported\n")
    assert "  cli_shop.row.<locals>.on_click\n" in done.stdout


@pytest.mark.parametrize("how", [MODULE, SCRIPT], ids=["module", "script"])
def test_unless_the_path_is_safe(folder: Path, how: tuple[str, ...]) -> None:
    done = start(*how, "ids", "cli_shop", folder=folder, PYTHONSAFEPATH="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("handlerid ids: there is no module cli_shop here")


def test_a_script_of_an_installation_comes_from_another_directory(
    folder: Path, tmp_path: Path
) -> None:
    script = tmp_path / "bin" / "handlerid"
    script.parent.mkdir()
    script.write_text(SCRIPT[1])
    done = start(str(script), "ids", "cli_shop", folder=folder)
    assert (done.returncode, done.stderr) == (0, "imported\n")


def test_threads_of_modules_do_not_keep_it(folder: Path) -> None:
    (folder / "cli_thread.py").write_text(
        "import threading\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "def f(): return abs(1)\n"
    )
    done = start(*MODULE, "manifest", "cli_thread", folder=folder)
    assert done.returncode == 0
    assert '"cli_thread": {' in done.stdout


def test_a_reader_that_has_seen_enough(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run(
            [sys.executable, *MODULE, "explain", "cli_shop:buy"],
            cwd=folder,
            env=environment(),
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"imported\n")


def test_the_output_is_utf_8_whatever_the_locale(folder: Path) -> None:
    (folder / "cli_odd.py").write_text("def größe(): return abs(1)\n", "utf-8")
    done = subprocess.run(
        [sys.executable, *MODULE, "manifest", "cli_odd"],
        cwd=folder,
        env=environment(PYTHONIOENCODING="latin-1"),
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert '"größe": {' in done.stdout.decode("utf-8")


LOADED = """
import sys
from contextlib import suppress
from handlerid._cli import main
known = {*sys.modules}
with suppress(SystemExit):
    main(sys.argv[1:])
print(*sorted({*sys.modules} - known), sep="\\n", file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        ("--version", ["handlerid.manifest", "handlerid.check", "handlerid._explain"]),
        ("check cli_shop.py", ["handlerid.manifest", "handlerid._explain"]),
        ("explain cli_shop:buy", ["handlerid.manifest", "handlerid.check"]),
        (
            "ids cli_shop",
            ["handlerid.check", "handlerid.testing", "handlerid._explain"],
        ),
    ],
)
def test_a_command_loads_what_it_needs(
    folder: Path, arguments: str, needless: list[str]
) -> None:
    done = start("-c", LOADED, *arguments.split(), folder=folder)
    assert done.returncode == 0, done.stderr
    loaded = done.stderr.split()
    assert not {*needless} & {*loaded}
    if arguments != "--version":
        assert any(one.startswith("handlerid.") for one in loaded)


def test_two_releases_from_end_to_end(folder: Path) -> None:
    package = folder / "cli_app"
    package.mkdir()
    old = (
        "from handlerid import ClickEvent\ndef add(event: ClickEvent): return abs(1)\n"
    )
    for number, text in enumerate((old, old.replace("add", "buy"))):
        (package / "pages.py").write_text(text)
        done = start(
            *(*MODULE, "manifest", "cli_app", "-o", f"r{number}.json"), folder=folder
        )
        assert done.returncode == 0, done.stderr
    compared = start(
        *(*MODULE, "diff", "r0.json", "r1.json", "--fail-on", "moved"), folder=folder
    )
    assert compared.returncode == 1
    assert '@registry.handler(moved_from="cli_app.pages:add")' in compared.stdout
