"""Which files are checked, how they are read, and what their comments silence."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from handlerid.check.findings import Finding

# As ruff leaves them out.
EXCLUDED = {".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".nox", ".svn"}
EXCLUDED |= {".ipynb_checkpoints", ".mypy_cache", ".pants.d", ".pyenv", ".tox", "venv"}
EXCLUDED |= {".pytest_cache", ".pytype", ".ruff_cache", ".venv", ".vscode", "dist"}
EXCLUDED |= {"__pycache__", "__pypackages__", "_build", "buck-out", "node_modules"}
EXCLUDED |= {"site-packages"}
# What hands a handler over, or says how captures are treated.
_RELEVANT = re.compile(
    rb"\bon_[a-z]\w*\s*=|\.on_[a-z]\w*\(|\bon\(|\boffer\b|\bhandlerid\b"
    rb"|\.attributes\(|(?:registry|scope|Registry|\))\.(?:register\(|handler\b)"
)
_NOQA = re.compile(
    r"#\s*noqa(?::\s*([A-Z]+[0-9]*(?:[,\s]+[A-Z]+[0-9]*)*))?", re.IGNORECASE
)


def python_files(paths: Iterable[str]) -> Iterator[str]:
    """Yield the Python files in folders, and the files that are given by name.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    for path in paths:
        if not Path(path).exists():
            raise FileNotFoundError(f"no such file or directory: {path}")
        if not Path(path).is_dir():
            yield path
            continue
        for folder, names, files in os.walk(path):
            names[:] = sorted(name for name in names if name not in EXCLUDED)
            for file in sorted(files):
                if file.endswith(".py"):
                    yield str(Path(folder, file))


def has_handlers(text: bytes) -> bool:
    """Return whether a module may hand handlers over."""
    return _RELEVANT.search(text) is not None


def parse(text: bytes) -> ast.Module | Finding:
    """Return the syntax tree of a module, or what is wrong with it."""
    line = column = 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in texts
            return ast.parse(text)
    except SyntaxError as error:
        said, line, column = error.msg, error.lineno or 1, error.offset or 1
    except (MemoryError, RecursionError):
        said = "nested too deeply"
    except ValueError as error:  # a null byte, on 3.11
        said = str(error)
    return Finding("", line, max(column, 1), "invalid-syntax", said)


def lines_of(text: bytes) -> list[str]:
    """Return the lines of a module as Python counts them."""
    encoding = "utf-8-sig"
    for line in text.splitlines()[:2]:
        named = re.match(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", line)
        if named:
            encoding = named[1].decode()
            break
    plain = text.decode(encoding, "replace")
    return plain.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def is_silenced(finding: Finding, lines: list[str]) -> bool:
    """Return whether a comment in the line says that it is all right."""
    found = _NOQA.search(lines[finding.line - 1])
    if found is None:
        return False
    codes = re.findall(r"\w+", found[1] or "")
    return not codes or any(finding.code == code.upper() for code in codes)
