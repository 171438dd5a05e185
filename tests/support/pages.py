"""The blocks of a page of the docs, run as its reader would run them.

1. A block below a paragraph that ends with a file's name and a colon (`` `shop.py`: ``)
   is that file. A second block of the same name replaces it, as a new release does; one
   below `` `shop.py`, continued: `` is appended.
2. A ``python`` block that is no file is run; a doctest if it starts with ``>>>``.
3. A ``console`` block has commands after ``$ ``, and what each prints. A command with
   no output shown has to succeed; otherwise its output is compared.
4. All of this happens in a folder of the page's own, which is the current directory and
   the first in ``sys.path``, and in a ``__main__`` of the page's own, as at a prompt.
   Afterwards nothing is left of it.
"""

from __future__ import annotations

import doctest
import importlib
import linecache
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, chdir
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from sybil import Document, Example, Region
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.region import Lexeme

from tests.support.fresh import environment
from tests.support.packages import importable

__all__ = [
    "ELSEWHERE",
    "PAGES",
    "Block",
    "blocks",
    "enter",
    "files",
    "leave",
    "parse",
    "problems",
    "runs_here",
    "save",
]

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(
        page
        for page in (ROOT / "docs").rglob("*.md")
        if "_build" not in page.relative_to(ROOT).parts
    ),
]

RUN = ("handlerid", "python", "pytest", "export", "mkdir")
"""Commands that are run here; ``export`` holds for those that follow on the page."""

ELSEWHERE = {
    "cd docs/examples/todo_starlette": "tests/integrations/starlette/test_todo.py",
    "gunicorn": "tests/docs/test_flask_page.py",
    "make bench": "tests/benchmarks/test_benchmarks.py",
    "make demo": "tests/docs/test_readme.py",
    "make test": ".ci/run",
    "pip install": "tests/project/built.py",
    "python -m benchmarks": "tests/benchmarks/test_benchmarks.py",
    "python -m handlerid.integrations.mesop": "tests/integrations/mesop/test_modes.py",
    "python -m tests.promises.deploy": "tests/promises/deploy/test_deploy.py",
    "sh ci/open-pages.sh": "tests/docs/test_ci_page.py",
    "uvicorn live:app": "tests/docs/test_connected_page.py",
    "uvicorn": "tests/integrations/starlette/test_how_to.py",
}
"""Commands that are not run here, and the file that runs them."""

SUFFIXES = "cfg|css|html|ini|js|json|jsonl|md|py|sh|sql|toml|txt|yaml|yml"

_FENCE = re.compile(
    r"^([ \t]*)(```+|~~~+)([^\s`]*)[^\n]*\n(.*?)^\1\2[ \t]*$", re.MULTILINE | re.DOTALL
)
_NAME = re.compile(rf"`([\w./-]*\w\.(?:{SUFFIXES}))`(, continued)?:\n\s*\Z")
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
_INDENTED = re.compile(
    r"^[ \t]*\n(    (?:>>> |\$ |@|(?:python|pip|from|import|def|class) |[A-Z]\w+\())",
    re.MULTILINE,
)
_VARIABLES = re.compile(r"^(?:\w+=\S* )*")


@dataclass(frozen=True)
class Block:
    """A block of a page.

    Attributes:
        tag: the word behind the fence.
        text: its lines; of a file, the whole file at this place of the page.
        file: the name of the file that it is, or "".
        start: where its first line starts in the page.
        line: the number of that line.
        plain: the fence is three backticks in the first column.
    """

    tag: str
    text: str
    file: str
    start: int
    line: int
    plain: bool

    def commands(self) -> list[tuple[int, str, str]]:
        """Return the commands of a console block: offset, command and output."""
        return [(x.start(), x[1], x[2]) for x in _COMMAND.finditer(self.text)]


def _starts(command: str, *words: str) -> bool:
    return _VARIABLES.sub("", command).startswith(words)


def runs_here(command: str) -> bool:
    """Whether a command is run with its page."""
    return _starts(command, *RUN) and not _starts(command, *ELSEWHERE)


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page, from top to bottom."""
    found, contents = [], dict[str, str]()
    for fence in _FENCE.finditer(text):
        indent, ticks, tag, body = fence.groups()
        start = fence.start(4)
        name = _NAME.search(text[max(0, fence.start() - 200) : fence.start()])
        file = ""
        if name and tag not in ("console", "text") and not body.startswith(">>> "):
            file = name[1]
            body = f"{contents[file]}\n{body}" if name[2] else body
            contents[file] = body
        line = text.count("\n", 0, start) + 1
        plain = not indent and ticks == "```"
        found.append(Block(tag, body, file, start, line, plain))
    return found


def files(page: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of each file of a page, each time that it is written."""
    for block in blocks(page.read_text("utf-8")):
        if block.file:
            yield block.file, block.text


def save(page: Path, folder: Path) -> None:
    """Save the files of a page in a folder: of each name the last, with its folders."""
    for name, text in files(page):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def problems(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of what a page shows and does not run, or runs unseen."""
    for hidden in re.finditer(r"invisible-code|invisible-block", text):
        line = text.count("\n", 0, hidden.start()) + 1
        yield line, "hidden code runs; show it"
    outside = _FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    for code in _INDENTED.finditer(outside):
        yield text.count("\n", 0, code.start(1)) + 1, "indented code is not run"
    for block in blocks(text):
        is_python = re.match(r"py|ipython|\{code", block.tag)
        if is_python and not block.plain:
            yield block.line, "indented code is not run"
        elif is_python and block.tag != "python" and not block.file:
            yield block.line, f"{block.tag} is neither a file nor run; write python"
        elif block.tag == "python" and block.file and not block.file.endswith(".py"):
            yield block.line, f"{block.file} is no Python file"
        elif block.tag in ("bash", "sh", "shell") and not block.file:
            yield block.line, f"{block.tag} is no file; write console, and $ "
        elif block.tag == "console":
            if not block.text.startswith("$ "):
                yield block.line, "a console block starts with $ "
            for offset, command, _ in block.commands():
                if not runs_here(command) and not _starts(command, *ELSEWHERE):
                    line = block.line + block.text.count("\n", 0, offset)
                    yield line, f"no test runs {command}; see tests/support/pages.py"


def parse(document: Document) -> Iterator[Region]:
    """Yield what runs in a page, as a parser of Sybil."""
    main = ModuleType("__main__")
    vars(main)["__page__"] = _Page(main)
    document.namespace = vars(main)
    for block in blocks(document.text):
        start, end = block.start, block.start + len(block.text)
        if block.file:
            yield Region(start, start, block, _write)
        elif block.tag == "console":
            for offset, command, shown in block.commands():
                if runs_here(command):
                    at = start + offset
                    yield Region(at, at, (command, shown), _run)
        elif block.tag != "python" or not block.plain:
            continue
        elif block.text.startswith(">>>"):
            evaluator = DocTestEvaluator(doctest.ELLIPSIS)
            for region in DocTestStringParser(evaluator)(block.text, document.path):
                region.start += start
                region.end += start
                yield region
        else:
            # Sybil counts from the line before the code.
            yield Region(start, end, Lexeme(block.text, 0, -1), PythonEvaluator())


class _Page:
    """What a page has while it runs.

    Attributes:
        folder: the files of the page.
        environment: the variables of its commands.
    """

    folder: Path
    environment: dict[str, str]

    def __init__(self, main: ModuleType) -> None:
        self._main, self._stack = main, ExitStack()

    def enter(self) -> None:
        self.folder = Path(self._stack.enter_context(TemporaryDirectory())).resolve()
        self._stack.enter_context(chdir(self.folder))
        self._stack.enter_context(importable(self.folder))
        pytest_main = sys.modules["__main__"]
        self._stack.callback(sys.modules.__setitem__, "__main__", pytest_main)
        sys.modules["__main__"] = self._main
        path = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        self.environment = environment(
            PATH=os.pathsep.join(path), PYTHONUNBUFFERED="1", COLUMNS="80"
        )

    def leave(self) -> None:
        self._stack.close()


def enter(namespace: dict[str, Any]) -> None:
    """Make the folder of a page."""
    namespace["__page__"].enter()


def leave(namespace: dict[str, Any]) -> None:
    """Remove the folder of a page, and what was imported from it."""
    namespace["__page__"].leave()


def _write(example: Example) -> None:
    block: Block = example.parsed
    path = example.namespace["__page__"].folder / block.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, "utf-8")
    if path.suffix != ".py":
        return
    compile(block.text, str(path), "exec")
    # The next import reads the new release, however soon it comes: no cache of Python's
    # tells files of one size and one time apart.
    linecache.cache.pop(str(path), None)
    importlib.invalidate_caches()
    module = block.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    package, _, name = module.rpartition(".")
    if f"reload({module})" in example.document.text:
        return  # the page shows how a module is loaded again
    sys.modules.pop(module, None)
    if package in sys.modules:
        vars(sys.modules[package]).pop(name, None)


def _run(example: Example) -> str | None:
    command, shown = example.parsed
    variables: dict[str, str] = example.namespace["__page__"].environment
    is_export = command.startswith("export ")
    done = subprocess.run(
        f"{command} && env -0" if is_export else command,
        shell=True,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if is_export and done.returncode == 0:
        variables.update(x.split("=", 1) for x in done.stdout.split("\0") if x)  # type: ignore[misc]
        return None
    if not shown:
        return f"exit status {done.returncode}\n{done.stdout}" * (done.returncode != 0)
    checker = doctest.OutputChecker()
    if checker.check_output(shown, done.stdout, doctest.ELLIPSIS):
        return None
    wanted = doctest.Example(command, shown)
    return f"$ {command}\n" + checker.output_difference(
        wanted, done.stdout, doctest.ELLIPSIS | doctest.REPORT_NDIFF
    )
