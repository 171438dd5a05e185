"""Measures that whole ids by the source are the same on every Python.

    python -m tests.promises.corpus.source_measure [package ...]

``tests/source/test_syntax.py`` runs a sample of it. Every Python reads the same files:
by default those of the pure Python packages that the dependency groups install. Ids
are compared whole: location, fingerprint and captures.

It prints, for each Python, the functions whose id is another than on the first; and,
for the layout, the functions whose form changes when the whole file is written anew by
``ast.unparse``. Both have to be 0, else the exit code is 1.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from handlerid._source import syntax
from tests.promises.corpus import source_ids
from tests.pythons import find_python
from tests.support.fresh import environment
from tests.support.pyodide import ROOT, SITE_PACKAGES, find_pyodide, run_pyodide

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
PACKAGES = (
    *("anyio", "attr", "babel", "blinker", "bs4", "cattrs", "click", "decorator"),
    *("django", "docutils", "flask", "fsspec", "h11", "httpcore", "httpx", "idna"),
    *("itsdangerous", "jinja2", "makefun", "markdown_it", "mdit_py_plugins"),
    *("networkx", "packaging", "parso", "partd", "pathspec", "pluggy", "pygments"),
    *("requests", "rich", "sniffio", "soupsieve", "sphinx", "sqlparse", "starlette"),
    *("tblib", "toolz", "traitlets", "trio", "urllib3", "uvicorn", "wcwidth"),
    *("werkzeug", "wsproto", "zict"),
)
WORKER = Path(source_ids.__file__).resolve()
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

Files = list[tuple[str, Path]]


def find_files(names: list[str]) -> Files:
    """The modules of packages, with their files."""
    found: Files = []
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            print(f"{name} is not installed: left out")
            continue
        file = Path(spec.origin).resolve()
        inside = sorted(file.parent.rglob("*.py")) if spec.parent else [file]
        for path in inside:
            parts = path.relative_to(file.parent).with_suffix("").parts
            whole = [name, *parts] if spec.parent else [name]
            if "tests" not in whole:
                found.append((".".join(whole).removesuffix(".__init__"), path))
    return found


def ids_under(
    version: str, files: Files, packages: list[str] | None = None
) -> source_ids.Ids | None:
    """The ids of all functions under this Python, or None where it is absent."""
    with tempfile.TemporaryDirectory() as made:
        job, written = Path(made, "job.json"), Path(made, "ids.json")
        wanted = {
            "files": [(module, str(path)) for module, path in files],
            "packages": packages or [],
            "path": [str(ROOT), str(SITE_PACKAGES)],
            "written": str(written),
        }
        job.write_text(json.dumps(wanted), "utf-8")
        if version in ("3.14", "3.15"):
            if find_pyodide(version) is None:
                return None
            folders = {Path(made), ROOT, *(path.parent for _, path in files)}
            run_pyodide(WORKER, str(job), folders=sorted(folders), version=version)
        else:
            here = version == "{}.{}".format(*sys.version_info)
            python = Path(sys.executable) if here else find_python(version)
            if python is None:
                return None
            with_tests = environment(ROOT, SITE_PACKAGES)
            subprocess.run([python, WORKER, job], check=True, env=with_tests)
        found: source_ids.Ids = json.loads(written.read_text("utf-8"))
        return found


def differing(one: source_ids.Ids, other: source_ids.Ids) -> list[str]:
    """The functions that have not the same ids, or that only one Python finds.

    Files that only one Python parses are left out, and what only one imports: packages
    define some functions for some Pythons alone.
    """
    found = []
    modules = [
        {label.partition(":")[0] for label in x["compiled"]} for x in (one, other)
    ]
    for group, ids in one.items():
        for label in sorted(ids.keys() | other[group].keys()):
            both = ids.get(label), other[group].get(label)
            known = all(label.partition(":")[0] in names for names in modules)
            if both[0] != both[1] and (all(both) or (known and group == "compiled")):
                found.append(f"{group} {label}: {both[0]} and {both[1]}")
    return found


def parse(source: bytes | str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def functions(tree: ast.AST) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def split_by_layout(files: list[Path]) -> tuple[int, list[str]]:
    """The functions compared, and those that ``ast.unparse`` gives another form."""
    compared, found = 0, []
    for file in files:
        tree = parse(file.read_bytes())
        if tree is None:
            continue
        try:
            again = parse(ast.unparse(tree))
        except (RecursionError, UnicodeEncodeError):
            continue
        # Some trees are beyond ast.unparse: their text has another tree, by ast.dump.
        if again is None or ast.dump(again) != ast.dump(tree):
            continue
        pairs = zip(functions(tree), functions(again), strict=True)
        for before, after in pairs:
            compared += 1
            one, other = syntax.encode_functions(before), syntax.encode_functions(after)
            if one[before] != other[after]:
                found.append(f"{file}:{getattr(before, 'lineno', 0)}")
    return compared, found


def main(wanted: list[str]) -> int:
    warnings.simplefilter("ignore")
    packages = wanted or [*PACKAGES]
    files = find_files(packages)
    failed = False
    first: source_ids.Ids | None = None
    print(f"{len(files)} files")
    print(f"{'Python':8}{'compiled':>10}{'imported':>10}{'differ':>8}{'s':>8}")
    for version in PYTHONS:
        began = time.perf_counter()
        ids = ids_under(version, files, packages)
        if ids is None:
            print(f"{version:8}is not on this machine")
            continue
        first = ids if first is None else first
        found = differing(first, ids)
        failed |= bool(found)
        counts = "".join(f"{sum(map(len, one.values())):10}" for one in ids.values())
        seconds = time.perf_counter() - began
        print(f"{version:8}{counts}{len(found):8}{seconds:8.1f}", flush=True)
        for line in found[:20]:
            print(f"  {line}")
    compared, found = split_by_layout([path for _, path in files])
    failed |= bool(found)
    print(f"layout: {compared} functions written anew, {len(found)} differ")
    for line in found[:20]:
        print(f"  {line}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
