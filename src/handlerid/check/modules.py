"""The modules of a run: which files are read, and which of them import which."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from handlerid.check.files import has_handlers, lines_of, parse
from handlerid.check.findings import Finding
from handlerid.check.reader import read_module
from handlerid.check.scopes import Scope, last_name

_CALLED = re.compile(rb"\b([A-Za-z_]\w*)\(")
_IMPORTED = re.compile(
    rb"^[ \t]*(?:from|import)\b(?:[^\n(]*\([^)]*\)|.*)", re.MULTILINE
)
_WORD = re.compile(rb"\w+")
_MOST_IMPORTS = 5  # of one name, through packages
_MADE_BY_CLASS = ("__init__", "__post_init__", "build")  # build: by Flet


class Modules:
    """The files of a run by path; each is parsed once, when it is needed."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = {Path(path): path for path in paths}
        self._texts: dict[str, bytes] = {}
        self._modules: dict[str, Scope | None] = {}
        self._stems = {x.stem for x in self._paths} | {
            x.parent.name for x in self._paths
        }
        # By module: its functions that offer handlers, and all names of such functions
        # that it can call.
        self._offering: dict[Scope, set[str]] = {}
        self._visible: dict[Scope, set[str]] = {}
        # Files and folders in which functions of a name are defined.
        self._places: dict[bytes, set[bytes]] = {}
        self.failed: list[Finding] = []  # files that cannot be read
        for path in self._paths.values():
            self._read(path)

    def __iter__(self) -> Iterator[Scope]:
        """Yield modules that hand handlers over, or call functions that do."""
        for path, text in self._texts.items():
            if has_handlers(text):
                self._parse(path)
        for module in [*self._parsed()]:
            for name in _wrapping(module):
                self._follow(module, name)
        self._find_names()
        for path, text in self._texts.items():
            if path not in self._modules and self._may_call(text):
                self._parse(path)
        self._find_names()
        yield from [*self._parsed()]

    def find(self, path: str, name: str, level: int = 0) -> Scope | None:
        """Return the module that a file imports by a name, if it was parsed."""
        return self._modules.get(self._find_path(path, name, level))

    def _find_path(self, path: str, name: str, level: int) -> str:
        if name and name.rpartition(".")[2] not in self._stems:
            return ""  # most are not in this run
        folder, inside = Path(path).parent, name.replace(".", "/")
        for _ in range(level - 1):
            folder = folder.parent
        for around in [folder] if level else [folder, *folder.parents]:
            # `from . import name` names the folder itself.
            files = [around / inside / "__init__.py"]
            if inside:
                files.append(around / f"{inside}.py")
            for file in files:
                if file in self._paths:
                    return self._paths[file]
        return ""

    def may_offer(self, name: str, module: Scope) -> bool:
        """Return whether a function that a module knows by a name offers handlers."""
        return name in self._visible.get(module, ())

    def lines(self, path: str) -> list[str]:
        """Return the lines of a file."""
        return lines_of(self._texts[path])

    def _read(self, path: str) -> None:
        try:
            self._texts[path] = Path(path).read_bytes()
        except OSError as error:
            said = error.strerror or type(error).__name__
            self.failed.append(Finding(path, 1, 1, "io-error", said))

    def _parse(self, path: str) -> Scope | None:
        if path not in self._modules and path in self._texts:
            self._modules[path] = None
            tree = parse(self._texts[path])
            if isinstance(tree, Finding):
                self.failed.append(tree._replace(path=path))
            else:
                self._modules[path] = read_module(tree, path)
        return self._modules.get(path)

    def _parsed(self) -> Iterator[Scope]:
        yield from (one for one in self._modules.values() if one is not None)

    def _follow(self, module: Scope | None, name: str) -> None:
        """Parse the module that a name is imported from, and those behind it."""
        for _ in range(_MOST_IMPORTS):
            bindings = module.bindings.get(name) if module else None
            if module is None or not bindings:
                return
            node = bindings[0].node
            if isinstance(node, ast.ImportFrom):
                source, level = node.module or "", node.level
            elif isinstance(node, ast.Import):
                source, level = node.names[0].name, 0
            else:
                return
            module = self._parse(self._find_path(module.path, source, level))

    def _may_call(self, text: bytes) -> bool:
        """Return whether it imports a function that offers, or its module."""
        imports = [{*_WORD.findall(one)} for one in _IMPORTED.findall(text)]
        called = {*_CALLED.findall(text)}
        return any(
            not words.isdisjoint(self._places[name])
            for words in imports
            for name in self._places.keys() & (words | called)
        )

    def _find_names(self) -> None:
        """Find the names of functions that offer handlers, or call one that does."""
        calls: list[tuple[Scope, str, set[str]]] = []
        imported: dict[Scope, list[Scope]] = {}
        for module in self._parsed():
            imported[module] = [*self._imported_by(module)]
            self._offering[module] = {_name_of(x) for x in module.runners if x.offers}
            calls += [(module, alias, {name}) for alias, name in module.aliases]
            for runner in module.runners:
                called = {last_name(call.node.func) for call in runner.calls}
                calls.append((module, _name_of(runner), called))
        changed = True
        while changed:
            changed = False
            for module, others in imported.items():
                seen = self._offering[module].union(*map(self._exports, others))
                changed |= seen != self._visible.get(module)
                self._visible[module] = seen
            for module, name, called in calls:
                own = self._offering[module]
                if name not in own and not called.isdisjoint(self._visible[module]):
                    own.add(name)
                    changed = True
        for module, names in self._offering.items():
            file = Path(module.path)
            places = {file.stem.encode(), file.parent.name.encode()}
            for name in names.intersection(module.bindings):
                self._places.setdefault(name.encode(), set()).update(places)

    def _imported_by(self, module: Scope) -> Iterator[Scope]:
        for path, name, level in _imports(module):
            found = self.find(path, name, level)
            if found is not None and found is not module:
                yield found

    def _exports(self, module: Scope) -> set[str]:
        """Return the names of a module's own, and those that it imports."""
        seen = self._visible.get(module, set())
        return self._offering[module] | seen.intersection(module.bindings)


def _wrapping(module: Scope) -> Iterator[str]:
    """Yield the names of decorators, and of functions that make handlers."""
    for runner in module.runners:
        nodes = [*runner.decorators, *(one.handler for one in runner.offers)]
        for node in nodes:
            inner = node.func if isinstance(node, ast.Call) else node
            inner = inner.value if isinstance(inner, ast.Attribute) else inner
            if isinstance(inner, ast.Name):
                yield inner.id


def is_made_by_class(runner: Scope) -> bool:
    """Return whether a function runs when an object of its class is made."""
    return runner.is_method and runner.name in _MADE_BY_CLASS


def _imports(module: Scope) -> Iterator[tuple[str, str, int]]:
    """Yield the imports of a module, as ``Modules.find`` takes them."""
    for node in module.imports:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield module.path, alias.name, 0
        else:
            source = node.module or ""
            yield module.path, source, node.level
            for alias in node.names:
                inside = f"{source}.{alias.name}" if source else alias.name
                yield module.path, inside, node.level


def _name_of(runner: Scope) -> str:
    """Return the name by which a function is called; a class calls its __init__."""
    if is_made_by_class(runner) and runner.parent is not None:
        return runner.parent.name
    return runner.name


def made_by(cls: Scope) -> Iterator[Scope]:
    """Yield the methods that run when an object of a class is made."""
    for name in _MADE_BY_CLASS:
        for binding in cls.bindings.get(name, ()):
            if binding.scope is not None:
                yield binding.scope
