"""The tutorial as a reader follows it: typed at a prompt, and run by two processes."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from doctest import ELLIPSIS, DocTestParser, OutputChecker
from pathlib import Path
from typing import Any

import pytest

from tests.pythons import require_python
from tests.support.fresh import environment, run_fresh
from tests.support.pages import blocks, files, save

PAGE = Path(__file__).parents[2] / "docs" / "start" / "first-host.md"
OLD, NEW = (text for name, text in files(PAGE) if name == "app.py")

ESCAPES = re.compile(r"\x1b(?:\[[\d;?]*[A-Za-z]|[=>])|\r")


class Prompt:
    """Python's prompt in a terminal.

    Attributes:
        edits: it is one that edits its line, as that of 3.13.
    """

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        # A prompt that edits says where it starts and where its line ends.
        self.edits = "\x1b[?2004h" in self._read(r"\A.*>>> ")[0]
        self._answer = r"\A[^\n]*\n(.*?)>>> \Z"
        if self.edits:
            self._answer = r"\x1b\[\?2004l(.*?)\x1b\[\?2004h"

    def _read(self, end: str) -> re.Match[str]:
        shown = ""
        while not (found := re.search(end, shown, re.DOTALL)):
            shown += os.read(self._terminal, 65_536).decode()
        return found

    def type(self, line: str) -> str:
        """Type a line; return what is shown until the next prompt."""
        os.write(self._terminal, f"{line}\r".encode())
        return ESCAPES.sub("", self._read(self._answer)[1])


@contextmanager
def prompt(python: Path, folder: Path) -> Iterator[Prompt]:
    """Start a Python at its prompt, in a folder."""
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (50, 200))
    variables = environment(TERM="xterm", HOME=str(folder))
    for name in ("PYTHON_BASIC_REPL", "PYTHONSTARTUP", "NO_COLOR"):
        variables.pop(name, None)
    process = subprocess.Popen(
        [python, "-q"], cwd=folder, env=variables, stdin=its, stdout=its, stderr=its
    )
    os.close(its)
    try:
        yield Prompt(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_the_page_as_typed(tmp_path: Path, version: str) -> None:
    with prompt(require_python(version), tmp_path) as python:
        assert python.edits or version < "3.13", "this is the prompt of older Pythons"
        for block in blocks(PAGE.read_text("utf-8")):
            if block.file:
                (tmp_path / block.file).write_text(block.text, "utf-8")
                continue
            for example in DocTestParser().get_examples(block.text):
                line = example.source.removesuffix("\n")
                assert "\n" not in line, "3.13 indents by itself; save a file"
                shown = python.type(line)
                want = example.want
                if example.exc_msg:
                    assert shown.startswith("Traceback (most recent call last):\n")
                    shown = shown[shown.index(example.exc_msg.partition("...")[0]) :]
                    want = example.exc_msg
                assert OutputChecker().check_output(want, shown, ELLIPSIS), shown


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """The folder of the tutorial, before the deploy."""
    save(PAGE, tmp_path)
    (tmp_path / "app.py").write_text(OLD, "utf-8")
    return tmp_path


def render(host: Path) -> dict[str, Any]:
    """A page, as one process renders it."""
    code = "import app, host; print(host.Server().render(app.State(3)))"
    page: dict[str, Any] = json.loads(run_fresh("-c", code, path=host, seed="1"))
    return page


def click(host: Path, page: dict[str, Any], button: int) -> dict[str, Any]:
    """The next page, as another process answers a click on this one."""
    code = "import sys, host; print(host.Server().click(sys.argv[1]))"
    request = json.dumps({"state": page["state"], "event": page["buttons"][button]})
    answer: dict[str, Any] = json.loads(
        run_fresh("-c", code, request, path=host, seed="2")
    )
    return answer


def test_a_page_of_one_process_is_clicked_in_another(host: Path) -> None:
    page = render(host)
    assert click(host, page, 1) == {"state": {"count": 13}, "buttons": page["buttons"]}


def test_a_page_from_before_a_change_is_stale(host: Path) -> None:
    page = render(host)
    (host / "app.py").write_text(NEW, "utf-8")
    # The text of the error is what the other process printed last.
    with pytest.raises(AssertionError, match=r"\nhandlerid\.errors\.StaleHandler: "):
        click(host, page, 0)
