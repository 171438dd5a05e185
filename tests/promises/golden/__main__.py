"""Writes the golden ids anew: ``python -m tests.promises.golden``.

Run it when a handler was added, or for a new version of the format; never to make a
test pass.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.pythons import find_python
from tests.support.fresh import run_fresh
from tests.support.pyodide import find_pyodide, run_pyodide

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

PYTHONS = ("3.11", "3.12", "3.13", "3.14")

KINDS = ("source", "keyed source", "distinct source")
"""What does not depend on the Python."""

ANY = "any-python"
"""Name of the file with what does not depend on the Python."""


def ids_of(version: str, *, seed: str = "random") -> dict[str, Any] | None:
    """The ids that a fresh process of this release computes; None without it."""
    python = find_python(version)
    if python is not None:
        text = run_fresh(
            "-m", "tests.promises.golden.ids", python=str(python), path=ROOT, seed=seed
        )
    elif version in ("3.14", "3.15") and find_pyodide(version):
        done = run_pyodide(
            HERE / "ids.py",
            folders=[ROOT / "tests"],
            path=[ROOT],
            seed="1" if seed == "random" else seed,
            version=version,
        )
        text = done.stdout
    else:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def read(name: str) -> dict[str, Any] | None:
    """What the file of this name holds; None without it."""
    path = HERE / f"{name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def write(name: str, content: dict[str, Any]) -> None:
    path = HERE / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    print(f"wrote {path.relative_to(ROOT)}")


def main() -> None:
    for version in PYTHONS:
        found = ids_of(version)
        if found is None:
            print(f"Python {version} is not here: its file stays as it is")
            continue
        if version == PYTHONS[0]:
            write(ANY, {kind: found[kind] for kind in KINDS})
        write(found["python"], found["bytecode"])


if __name__ == "__main__":
    main()
