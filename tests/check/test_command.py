"""The command: what it prints, what it leaves out, and its exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handlerid.check import Finding, check_paths, main
from tests.support.fresh import run_fresh

LOOP = """\
def page(ui):
    for url in ("/tea", "/milk"):
        ui.button(url, on_click=lambda: go(url))
"""
FACTORY = """\
def link(ui, url):
    ui.button(url, on_click=lambda: go(url))

def page(ui):
    link(ui, "/tea")
    link(ui, "/milk")
"""
LATE = "reads 'url' at the click, and line 2 changes it. "
LATE += "Use functools.partial or event.key"
REPLACED = (
    "handlers made here have one id and differ in 'url': the last one answers for all. "
    'Use functools.partial, event.key or captures="distinct"'
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str | bytes) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def checked(*paths: str) -> list[tuple[str, int, int, str]]:
    return [one[:4] for one in check_paths(paths)]


def test_the_format_of_ruff(capsys: pytest.CaptureFixture[str]) -> None:
    write("app/page.py", LOOP)
    write("app/link.py", FACTORY)
    assert main(["app"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"app/link.py:2:29: HID001 {REPLACED}",
        f"app/page.py:3:33: HID001 {LATE}",
        "Found 2 errors.",
    ]


def test_the_format_of_github(capsys: pytest.CaptureFixture[str]) -> None:
    write("page.py", LOOP)
    assert main(["--format", "github", "page.py"]) == 1
    assert capsys.readouterr().out == (
        "::error title=handlerid (HID001),file=page.py,line=3,col=33"
        f"::page.py:3:33: HID001 {LATE}\n"
    )
    odd = Finding("a%b.py", 1, 1, "HID001", "100 %\nof it")
    assert odd.github().endswith("::a%25b.py:1:1: HID001 100 %25%0Aof it")


def test_nothing_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    write("page.py", "def page(ui): ui.button(on_click=print)")
    assert main(["."]) == 0
    assert capsys.readouterr().out == "All checks passed!\n"


def test_a_path_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nowhere"]) == 2
    printed = capsys.readouterr()
    assert printed.err == "handlerid check: no such file or directory: nowhere\n"


def test_it_is_a_module_too() -> None:
    write("page.py", LOOP)
    said = run_fresh(
        "-c",
        "import runpy, sys; sys.argv = ['check', 'page.py']\n"
        "try: runpy.run_module('handlerid.check', run_name='__main__')\n"
        "except SystemExit as status: print('exit', status.code)",
    )
    assert said.endswith("Found 1 error.\nexit 1\n")


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("# noqa", True),
        ("#NOQA", True),
        ("# noqa: HID001", True),
        ("# noqa: E501, HID001 - only one is shown", True),
        ("# noqa: HID001,E501", True),
        ("# type: ignore  # noqa: HID001", True),
        ("# noqa: HID002", False),
        ("# noqa: E501", False),
        ("# as it should be", False),
    ],
)
def test_comments_that_silence(comment: str, silent: bool) -> None:
    write("page.py", LOOP.rstrip() + f"  {comment}\n")
    assert (checked("page.py") == []) is silent


def test_folders_that_are_left_out() -> None:
    for name in (".venv", "a/node_modules", "a/.git/b", "site-packages", "build"):
        write(f"{name}/page.py", LOOP)
    write("a/notes.txt", LOOP)
    assert checked(".") == [(str(Path("build/page.py")), 3, 33, "HID001")]
    assert len(checked(".venv", "a/notes.txt")) == 2, "what is named is checked"


def test_what_is_no_python() -> None:
    call = "\nui.button(on_click=f)\n"
    write("broken.py", f"def page(:{call}")
    write("null.py", f"a = '\0'{call}")
    write("binary.py", b"\xff\xfe on_click= \x00\x01")
    write("cut.py", f"a = (1,{call}")
    write("coding.py", f"# coding: no-such-code{call}")
    write("latin.py", b"name = '\xe9'" + call.encode())
    write("deep.py", f"a = {'(' * 500}{call}")
    write("long.py", f"a = {'+'.join(['1'] * 50_000)}{call}")
    found = check_paths(["."])
    assert {one.path for one in found} == {
        *("broken.py", "null.py", "binary.py", "cut.py", "coding.py", "latin.py"),
        *("deep.py", "long.py"),
    }
    assert {one.code for one in found} == {"invalid-syntax"}
    assert all(one.text and "\n" not in str(one) for one in found)


def test_encodings() -> None:
    page = LOOP.replace("/milk", "/café")
    write("latin.py", ("# coding: latin-1\n" + page).encode("latin-1"))
    write("mark.py", b"\xef\xbb\xbf" + page.encode())
    write("mac.py", page.replace("\n", "\r"))
    write("windows.py", page.replace("\n", "\r\n"))
    places = {path: (line, column) for path, line, column, _ in checked(".")}
    assert places == {
        "latin.py": (4, 33),
        "mark.py": (3, 33),
        "mac.py": (3, 33),
        "windows.py": (3, 33),
    }


def test_columns_count_characters() -> None:
    write("page.py", LOOP.replace("button(url", "button('☕ tea' + url"))
    assert checked("page.py") == [("page.py", 3, 43, "HID001")]


def test_a_file_that_cannot_be_read() -> None:
    Path("gone.py").symlink_to("nowhere")
    found = check_paths(["."])
    assert [one[:4] for one in found] == [("gone.py", 1, 1, "io-error")]
    assert found[0].text == "No such file or directory"


SAYS_DISTINCT = 'registry = handlerid.Registry(captures="distinct")\n'


def test_a_mode_in_sight_is_a_cure() -> None:
    write("link.py", FACTORY)
    write("page.py", LOOP)
    both = [("link.py", 2, 29, "HID001"), ("page.py", 3, 33, "HID001")]
    assert checked(".") == both
    write("host.py", SAYS_DISTINCT)
    assert checked(".") == both[1:], "a variable that changes is refused, too"
    assert checked("link.py") == both[:1], "the host is not in sight"
    write("host.py", SAYS_DISTINCT.replace("distinct", "allow"))
    assert checked(".") == []
    write("host.py", SAYS_DISTINCT.replace("distinct", "refuse"))
    assert checked(".") == both


@pytest.mark.parametrize("mode", ["distinct", "carry"])
def test_the_mode_of_integrations(mode: Any) -> None:
    write("link.py", FACTORY)
    assert check_paths(["link.py"], captures=mode) == []
    assert main(["link.py", "--captures", mode]) == 0
    host = "mesop import install\ninstall()"
    if mode == "carry":
        host = "starlette import Handlers\nhandlers = Handlers(__name__)"
    write("host.py", f"from handlerid.integrations.{host}")
    assert checked(".") == []
    write("host.py", "from elsewhere import install, Handlers\ninstall()\nHandlers()")
    assert len(checked(".")) == 1


def test_a_component_of_another_file() -> None:
    write("app/__init__.py", "")
    write("app/ui/__init__.py", "from .links import link\n")
    write("app/ui/links.py", FACTORY.partition("def page")[0])
    body = "def page(ui):\n    for url in URLS: {}(ui, url)\n"
    expected = [(str(Path("app/ui/links.py")), 2, 29, "HID001")]
    for lines in (
        "from app.ui.links import link\n" + body.format("link"),
        "from app.ui import link as row\n" + body.format("row"),
        "from .ui import links\n" + body.format("links.link"),
        "import app.ui.links as links\n" + body.format("links.link"),
    ):
        write("app/page.py", lines)
        assert checked("app") == expected, lines
        assert checked("app/page.py") == [], "the component is not in sight"


def test_a_wrapper_of_another_file() -> None:
    write("app/__init__.py", "")
    write("app/tools/__init__.py", "from app.tools.logs import logged\n")
    inside = "def logged(fn):\n    def wrapper(e): return fn(e)\n    return wrapper\n"
    write("app/tools/logs.py", inside)
    handlers = "@logged\ndef a(e): ...\n\n\n@logged\ndef b(e): ...\n\n\n"
    page = "def page(ui):\n    ui.row(on_click=a)\n    ui.row(on_click=b)\n"
    write("app/page.py", f"from app.tools import logged\n{handlers}{page}")
    expected = [(str(Path("app/tools/logs.py")), 2, 5, "HID003")]
    assert checked("app") == expected
    write(
        "app/page.py",
        f"from app import tools\n{handlers}{page}".replace("@", "@tools."),
    )
    assert checked("app/page.py") == []
    write("app/tools/logs.py", inside.replace("    def w", "    @wraps(fn)\n    def w"))
    assert checked("app") == []


def test_a_wrapper_of_any_arguments() -> None:
    wrapper = "def logged(fn):\n    def wrapper(*args): return fn(*args)\n"
    handlers = "@logged\ndef a(e): ...\n@logged\ndef b(e): ...\n"
    page = "def page(ui):\n    ui.row(on_click=a)\n    ui.row(on_click=b)\n"
    write("page.py", f"{wrapper}    return wrapper\n{handlers}{page}")
    assert checked("page.py") == [("page.py", 2, 5, "HID003")]


def test_modules_that_import_each_other() -> None:
    write("a.py", "from b import b\na = b\n" + FACTORY)
    write("b.py", "from a import link, a\nb = a\nlink(ui, a)\nlink(ui, b)\n")
    assert len(checked(".")) == 1


def test_functions_that_call_each_other() -> None:
    write(
        "page.py",
        "def tree(ui, node):\n"
        "    ui.button(on_click=lambda: go(node))\n"
        "    for child in node.children:\n"
        "        tree(ui, child)\n"
        "def even(ui, n): odd(ui, n - 1)\n"
        "def odd(ui, n):\n"
        "    even(ui, n - 1)\n"
        "    n = n and even(ui, n)\n"
        "    ui.button(on_click=lambda: go(n))\n",
    )
    assert ("page.py", 2, 24, "HID001") in checked("page.py")
