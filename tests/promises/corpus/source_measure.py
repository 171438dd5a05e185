"""Measures that the source fingerprint is the same on every Python.

    python -m tests.promises.corpus.source_measure [folder or package ...]

``tests/source`` runs a sample of it. Every Python reads the same files: by default the
standard library of the Python that runs this, and django, sympy and numpy where they
are installed.

It prints, for each Python, the functions whose form is another than on the first; and,
for the layout, the functions whose form changes when the whole file is written anew by
``ast.unparse``. Both have to be 0, else the exit code is 1.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from pathlib import Path

from handlerid._source import syntax
from tests.promises.corpus import source_forms
from tests.pythons import find_python
from tests.support.pyodide import find_pyodide, run_pyodide

PYTHONS = ("3.11", "3.12", "3.13")
PACKAGES = ("django", "sympy", "numpy")
SYNTAX = Path(syntax.__file__).resolve()
WORKER = Path(source_forms.__file__).resolve()

Forms = dict[str, list[list[object]] | None]


def find_files(wanted: list[str]) -> tuple[list[Path], list[Path]]:
    """The folders that are meant, and the source files in them."""
    folders = [Path(name) for name in wanted if Path(name).is_dir()]
    names = [name for name in wanted if not Path(name).is_dir()]
    if not wanted:
        folders = [Path(sysconfig.get_path("stdlib"))]
        names = list(PACKAGES)
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            print(f"{name} is not installed: left out")
        else:
            folders.append(Path(spec.origin).parent)
    folders = [folder.resolve() for folder in folders]
    files = {
        file
        for folder in folders
        for file in folder.rglob("*.py")
        if "site-packages" not in file.relative_to(folder).parts
    }
    return folders, sorted(files)


def forms_under(version: str, folders: list[Path], files: list[Path]) -> Forms | None:
    """The forms of all functions under this Python, or None where it is absent."""
    with tempfile.TemporaryDirectory() as made:
        listed, written = Path(made, "files"), Path(made, "forms")
        listed.write_text("\n".join(map(str, files)), "utf-8")
        args = [str(SYNTAX), str(listed), str(written)]
        if version in ("3.14", "3.15"):
            if find_pyodide(version) is None:
                return None
            folders = [Path(made), *folders]
            run_pyodide(WORKER, *args, folders=folders, version=version)
        else:
            python = find_python(version)
            if python is None:
                return None
            subprocess.run([python, WORKER, *args], check=True)
        lines = written.read_text("ascii").splitlines()
    return dict(json.loads(line) for line in lines)


def differing(one: Forms, other: Forms) -> list[str]:
    """The functions that have not the same form; files that only one parses aside."""
    found = []
    for path, functions in one.items():
        others = other[path]
        if functions is None or others is None:
            continue
        if len(functions) != len(others):
            found.append(f"{path}: {len(functions)} and {len(others)} functions")
        found += [
            f"{path}:{a[1]} {a[0]}"
            for a, b in zip(functions, others, strict=False)
            if a[2] != b[2]
        ]
    return found


def split_by_layout(files: list[Path]) -> tuple[int, list[str]]:
    """The functions compared, and those that ``ast.unparse`` gives another form."""
    compared, found = 0, []
    for file in files:
        tree = source_forms.parse(file.read_bytes())
        if tree is None:
            continue
        try:
            again = source_forms.parse(ast.unparse(tree))
        except (RecursionError, UnicodeEncodeError):
            continue
        # Some trees are beyond ast.unparse: their text has another tree, by ast.dump.
        if again is None or ast.dump(again) != ast.dump(tree):
            continue
        pairs = zip(
            source_forms.functions(tree), source_forms.functions(again), strict=True
        )
        for before, after in pairs:
            compared += 1
            if syntax.encode_syntax(before) != syntax.encode_syntax(after):
                found.append(f"{file}:{getattr(before, 'lineno', 0)}")
    return compared, found


def main(wanted: list[str]) -> int:
    warnings.simplefilter("ignore")
    folders, files = find_files(wanted)
    failed = False
    first: Forms | None = None
    print(f"{len(files)} files")
    print(f"{'Python':8}{'functions':>10}{'differ':>8}{'not parsed':>12}{'s':>8}")
    for version in (*PYTHONS, "3.14"):
        began = time.perf_counter()
        forms = forms_under(version, folders, files)
        if forms is None:
            print(f"{version:8}is not on this machine")
            continue
        first = forms if first is None else first
        found = differing(first, forms)
        failed |= bool(found)
        count = sum(len(functions or ()) for functions in forms.values())
        refused = sum(functions is None for functions in forms.values())
        seconds = time.perf_counter() - began
        print(f"{version:8}{count:10}{len(found):8}{refused:12}{seconds:8.1f}")
        for line in found[:20]:
            print(f"  {line}")
    compared, found = split_by_layout(files)
    failed |= bool(found)
    print(f"layout: {compared} functions written anew, {len(found)} differ")
    for line in found[:20]:
        print(f"  {line}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
