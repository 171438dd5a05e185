"""Writes down the whole ids, captures included, of the functions of real packages.

It runs in each Python that ``source_measure`` compares:

    python source_ids.py <file with the job, as JSON>

A job has ``files``, each a module's name and its path; ``packages`` to import; ``path``
to import from; and ``written``, the file for the result: by group and label, the sorted
ids of the functions there. Functions are named by module, line and name, since
comprehensions are functions of their own on one Python alone.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Ids = dict[str, dict[str, list[str]]]
Found = Iterator[tuple[str, Any]]


def compiled(files: Iterable[tuple[str, str]]) -> Found:
    """The functions in files, defined by nobody: their cells are empty."""
    from tests.promises.corpus.functions import function_of, functions_in

    for module, path in files:
        try:
            code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for _, inner in functions_in(code):
            label = f"{module}:{inner.co_firstlineno}:{inner.co_name}"
            yield label, function_of(inner, module)


def imported(names: list[str], files: Iterable[tuple[str, str]]) -> Found:
    """Functions, methods and wrappers that modules hold, with what they captured."""
    from tests.promises.corpus import functions

    inside = [
        [module, path]
        for module, path in files
        if module.partition(".")[0] in names and not module.endswith("__main__")
    ]
    modules = functions.import_modules(inside)
    for label, _, found in functions.imported(modules):
        # No code that is nested in another: compiled() has that.
        if len(getattr(found, "__globals__", modules)) != 1:
            # With its line: a package may define it once for each Python.
            code = getattr(found, "__code__", None)
            yield f"{label}:{getattr(code, 'co_firstlineno', '')}", found


def main(job: str) -> None:
    wanted = json.loads(Path(job).read_text("utf-8"))
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(5_000)
    sys.path[:0] = wanted["path"]

    from handlerid import Identity
    from handlerid.errors import HandlerIdError

    identity = Identity(fingerprint="source")
    result: Ids = {"compiled": {}, "imported": {}}
    files = wanted["files"]
    both = compiled(files), imported(wanted["packages"], files)
    for group, found in zip(result.values(), both, strict=True):
        for label, fn in found:
            try:
                text = str(identity.handler_id(fn, captures=True))
            except HandlerIdError as error:
                text = f"refused: {type(error).__name__}"
            group.setdefault(label, []).append(text)
    for group in result.values():
        for ids in group.values():
            ids.sort()
    Path(wanted["written"]).write_text(json.dumps(result), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
