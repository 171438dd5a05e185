"""Packages that a test writes, imports and unloads again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

__all__ = ["importable", "write"]


def write(folder: Path, **files: str) -> None:
    """Writes modules.

    ``shop__cart`` is ``shop/cart.py``, and ``shop____init__`` is ``shop/__init__.py``.
    A module that is written again is read again, however quickly that was.
    """
    for name, source in files.items():
        package, dunder, rest = name.partition("____")
        path = folder.joinpath(*package.split("__"))
        path = path / f"__{rest}.py" if dunder else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), "utf-8")
    importlib.invalidate_caches()


@contextmanager
def importable(folder: Path) -> Iterator[Path]:
    """Lets modules in a folder be imported, and unloads them afterwards."""
    before = set(sys.modules)
    no_cache, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(folder))
    try:
        yield folder
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = no_cache
        for name in sorted(set(sys.modules) - before, reverse=True):  # parts first
            module = sys.modules[name]
            place = getattr(module, "__path__", None) or getattr(module, "__file__", "")
            if str(folder) in str(place):
                del sys.modules[name]
        importlib.invalidate_caches()
