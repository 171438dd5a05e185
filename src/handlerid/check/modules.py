"""The modules of a run: which files are read, and which of them are parsed.

Most files hand no handlers over, and are not parsed. Names decide: those of functions
that offer handlers, or call one that does. A file that has such a name and the name of
a module with it may call the function.
"""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from handlerid.check.findings import Finding
from handlerid.check.reader import read_module
from handlerid.check.scopes import Scope, last_name

_EXCLUDED = {"__pycache__", "_build", "dist", "node_modules", "site-packages", "venv"}
# What hands a handler over, or says how captures are treated. A letter before (?<!\w.),
# which is \b: with the first letters known, a search takes a sixth of the time.
_RELEVANT = re.compile(
    rb"o(?<!\w.)(?:n_[a-z]\w*\s*=|n\(|ffer\b)|h(?<!\w.)andlerid\b|\.on_[a-z]\w*\("
    rb"|\.attributes\(|\.(?:(?<=egistry.)|(?<=scope.)|(?<=\).))(?:register\(|handler\b)"
)
_CALLED = re.compile(rb"\b([A-Za-z_]\w*)\(")
_IMPORT = re.compile(rb"^[ \t]*(?:from|import)\b(?:[^\n(]*\([^)]*\)|.*)", re.MULTILINE)
_WORD = re.compile(rb"\w+")
_MADE_BY_CLASS = ("__init__", "__post_init__", "build")  # build: by Flet


class Modules:
    """The files of a run by path; each is parsed once, when it is needed."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._texts: dict[str, bytes] = {}
        self._files: dict[tuple[str, ...], str] = {}  # by folders and name
        self._modules: dict[str, Scope | None] = {}
        self.failed: list[Finding] = []  # files that cannot be read
        for path in python_files(paths):
            try:
                self._texts[path] = Path(path).read_bytes()
            except OSError as error:
                said = error.strerror or type(error).__name__
                self.failed.append(Finding(path, 1, 1, "io-error", said))
            self._files[_parts(path)] = path
        # The names of functions that offer handlers, or call one that does.
        self.offering: set[str] = set()

    def __iter__(self) -> Iterator[Scope]:
        """Yield modules that hand handlers over, or call functions that do."""
        for path, text in self._texts.items():
            if _RELEVANT.search(text):
                self._parse(path)
        places = self._find_names()
        for path, text in self._texts.items() if places else ():
            called = {*_CALLED.findall(text)} & places.keys()
            for statement in _IMPORT.findall(text):
                words = {*_WORD.findall(statement)}
                names = called | (words & places.keys())
                if any(not words.isdisjoint(places[name]) for name in names):
                    self._parse(path)
        self._find_names()
        yield from [*self._parsed()]

    def find(self, path: str, name: str) -> Scope | None:
        """Return the module that a file imports by a name, if it is in this run."""
        folders, parts = Path(path).parts, (*filter(None, name.split(".")),)
        level = len(name) - len(name.lstrip("."))
        above = range(level, level + 1) if level else range(1, len(folders) + 1)
        found = (self._files.get(folders[:-one] + parts) for one in above)
        return self._parse(next(filter(None, found), ""))

    def _parse(self, path: str) -> Scope | None:
        if path not in self._modules and path in self._texts:
            self._modules[path] = None
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of escapes in texts
                    tree = ast.parse(self._texts[path])
                self._modules[path] = read_module(tree, path)
            except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
                line = getattr(error, "lineno", None) or 1
                column = max(getattr(error, "offset", None) or 1, 1)
                said = getattr(error, "msg", str(error)) or "nested too deeply"
                found = Finding(path, line, column, "invalid-syntax", said)
                self.failed.append(found)
        return self._modules.get(path)

    def _parsed(self) -> Iterator[Scope]:
        yield from (one for one in self._modules.values() if one is not None)

    def _find_names(self) -> dict[bytes, set[bytes]]:
        """Return files and folders of functions that offer handlers, by name."""
        calls: list[tuple[str, set[str]]] = []
        names: set[str] = set()
        for module in self._parsed():
            calls += [(alias, {name}) for alias, name in module.aliases]
            for runner in module.runners:
                called = {last_name(node.func) for node, _ in runner.calls}
                calls.append((_name_of(runner), called))
                names |= {_name_of(runner)} if runner.offers else set()
        while more := {x for x, y in calls if not y.isdisjoint(names)} - names:
            names |= more
        self.offering = names
        places: dict[bytes, set[bytes]] = {}
        for module in self._parsed():
            defined_in = [x.encode() for x in _parts(module.name)[-2:]]
            for name in names.intersection(module.bindings):
                places.setdefault(name.encode(), set()).update(defined_in)
        return places


def _parts(path: str) -> tuple[str, ...]:
    """Return the folders and the name of a module; a package is its folder."""
    *folders, name = Path(path).with_suffix("").parts
    return tuple(folders) if name == "__init__" else (*folders, name)


def python_files(paths: Iterable[str]) -> Iterator[str]:
    """Yield the Python files in folders, and the files that are given by name.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    for path in paths:
        if not Path(path).exists():
            raise FileNotFoundError(f"no such file or directory: {path}")
        if not Path(path).is_dir():
            yield str(Path(path))
            continue
        for folder, names, files in os.walk(path):
            names[:] = sorted(
                x for x in names if x not in _EXCLUDED and not x.startswith(".")
            )
            yield from (
                str(Path(folder, x)) for x in sorted(files) if x.endswith(".py")
            )


def _name_of(runner: Scope) -> str:
    """Return the name by which a function is called; a class calls its __init__."""
    if is_made_by_class(runner) and runner.parent is not None:
        return runner.parent.name
    return runner.name


def is_made_by_class(runner: Scope) -> bool:
    """Return whether a function runs when an object of its class is made."""
    return runner.is_method and runner.name in _MADE_BY_CLASS


def made_by(cls: Scope) -> Iterator[Scope]:
    """Yield the methods that run when an object of a class is made."""
    for name in _MADE_BY_CLASS:
        for binding in cls.bindings.get(name, ()):
            if binding.scope is not None:
                yield binding.scope
