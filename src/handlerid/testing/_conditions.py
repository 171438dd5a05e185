"""Under which conditions the handlers are looked at.

What belongs here: what each condition is, the copies that some of them need, and
finding other Pythons. Starting a process under a condition is done by ``_processes``.
"""

from __future__ import annotations

import importlib.util
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from handlerid.testing._processes import Condition

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    Pythons = Iterable[str | os.PathLike[str]]

__all__ = ["FIRST", "Name", "chosen", "conditions"]

Name: TypeAlias = Literal[
    "seeds", "directory", "pyc", "tracing", "optimised", "pythons"
]

FIRST = Condition("with hash seed 0")
"""The one that all others are compared with."""

_AGAIN = Condition("in a second process with nothing changed")
"""Whatever differs here depends on neither of the conditions: on time, on chance."""

_SEEDS = (1, 2, 3)

_PROMISED: dict[str, tuple[Name, ...]] = {
    "bytecode": ("seeds", "directory", "pyc", "tracing"),
    "source": ("seeds", "directory", "tracing", "optimised", "pythons"),
}
"""Under what the ids are the same, by fingerprint. The others fail for good reason:
bytecode is another with -O and on another Python, and a .pyc alone has no source."""


def chosen(
    names: Iterable[Name] | None, fingerprint: str, pythons: Pythons | None
) -> tuple[Name, ...]:
    """Returns the conditions that are meant, by name.

    Raises:
        ValueError: there is no such condition.
    """
    if names is None:
        promised = _PROMISED[fingerprint]
        further = () if pythons is None or "pythons" in promised else ("pythons",)
        return (*promised, *further)
    names = tuple(names)
    unknown = [name for name in names if name not in get_args(Name)]
    if unknown:
        raise ValueError(
            f"{unknown[0]!r} is not a condition; there are {', '.join(get_args(Name))}"
        )
    return names


def conditions(
    names: tuple[Name, ...], target: str, pythons: Pythons | None, files: Path
) -> list[Condition]:
    """Returns what the first process is compared with.

    Args:
        names: which conditions.
        target: the module.
        pythons: interpreters; by default those on the PATH.
        files: a directory for copies.

    Raises:
        ValueError: the target is in no directory that could be copied, or one of
            ``pythons`` does not run.
    """
    made = [_AGAIN]
    if "seeds" in names:
        made += [Condition(f"with hash seed {seed}", seed=seed) for seed in _SEEDS]
    if "directory" in names:
        copy = _copy(target, files / "another directory")
        made.append(Condition("from a copy in another directory", copy=copy))
    if "pyc" in names:
        copy = _copy(target, files / "pyc alone")
        _compile(copy)
        made.append(Condition("from .pyc files alone", copy=copy))
    if "tracing" in names:
        made.append(Condition("with sys.settrace on", trace=True))
    if "optimised" in names:
        made.append(Condition("with -O", options=("-O",)))
    if "pythons" in names:
        found = _on_path() if pythons is None else _checked(pythons)
        made += [Condition(f"on {name}", python) for python, name in found.items()]
    return made


def _copy(target: str, place: Path) -> Path:
    """Copies what the target is in: its outermost package, or its file."""
    top = target.partition(".")[0]
    spec = importlib.util.find_spec(top)
    place = place.resolve()
    place.mkdir()
    if spec is None:
        return place  # the first process fails, and shows why
    for location in spec.submodule_search_locations or ():
        if Path(location).is_dir():
            leave_out = shutil.ignore_patterns("__pycache__")
            shutil.copytree(
                location,
                place / top,
                ignore=leave_out,
                ignore_dangling_symlinks=True,  # as editors make to lock a file
                dirs_exist_ok=True,
            )
    file = None if spec.submodule_search_locations else spec.origin
    if file is not None and Path(file).is_file():
        shutil.copy(file, place)
    if not any(place.iterdir()):
        raise ValueError(
            f"{top} is in no directory that could be copied; leave out the conditions "
            '"directory" and "pyc" with conditions='
        )
    return place


def _compile(place: Path) -> None:
    for source in place.rglob("*.py"):
        try:
            # As the first process does it, whatever this one was started with.
            compiled = str(source.with_suffix(".pyc"))
            py_compile.compile(str(source), compiled, doraise=True, optimize=0)
        except py_compile.PyCompileError:
            continue  # a template, or what no process imports
        source.unlink()


# Other Pythons.


def _on_path() -> dict[str, str]:
    """Finds other releases that handlerid supports: their command and name."""
    found: dict[str, str] = {}
    # More than there will be in the lifetime of this release.
    for minor in range(11, sys.version_info.minor + 10):
        command = shutil.which(f"python3.{minor}")
        # pyenv puts commands there that refuse to run.
        name = _name_of(command) if command else None
        if command and name and name != _own_name() and name not in found.values():
            found[command] = name
    return found


def _checked(pythons: Pythons) -> dict[str, str]:
    found: dict[str, str] = {}
    for python in pythons:
        name = _name_of(str(python))
        if name is None:
            raise ValueError(f"{python} is not a Python that runs")
        found[str(python)] = name
    return found


def _own_name() -> str:
    return _parse(sys.implementation.name, *sys.version_info[:3])


def _parse(*parts: object) -> str:
    return f"{parts[0]} {'.'.join(map(str, parts[1:]))}"


def _name_of(python: str) -> str | None:
    code = "import sys; print(sys.implementation.name, *sys.version_info[:3])"
    try:
        done = subprocess.run(  # noqa: S603 - a Python the user chose, or on the PATH
            [python, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else _parse(*done.stdout.split())
