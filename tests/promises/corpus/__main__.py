"""Measures that ids are the same in every process, and that none is shared.

    python -m tests.promises.corpus [--python 3.12] [--package django] [--sample 30]

It exits with 1 when a bar is missed: an id that differs, functions merged or split, a
condition without a proof that it held, or, when everything is measured, fewer functions
than the bar asks for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.promises.corpus.measure import ROWS, Corpus, rows_of
from tests.promises.corpus.places import Interpreter, find_interpreter

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PACKAGES = ("django", "sympy", "numpy")
BAR = 50_000
SHOWN = 10


def main() -> int:
    arguments = parse()
    failed = False
    newest: Interpreter | None = None
    for version in arguments.python:
        with tempfile.TemporaryDirectory() as made:
            python = find_interpreter(version, Path(made))
            if python is None:
                print(f"Python {version} is not on this machine")
                continue
            packages = list(arguments.package)
            if python.path is None:
                # It can install nothing: it reads what another has installed.
                newest = newest or find_interpreter("3.13", Path(made))
                packages = packages if newest else []
            failed |= not measure(python, packages, Path(made), newest, arguments)
        if python.path is not None:
            newest = python
    return int(failed)


def parse() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="python -m tests.promises.corpus",
        description=__doc__.splitlines()[0],
        epilog="Packages are installed under .cache/corpus, once for each Python.",
    )
    parser.add_argument(
        "--python",
        nargs="+",
        choices=PYTHONS,
        default=PYTHONS,
        help="which to measure (default: all that are found)",
    )
    parser.add_argument(
        "--package",
        nargs="*",
        default=PACKAGES,
        metavar="NAME",
        help="what to measure besides the standard library; without a name, nothing "
        f"(default: {', '.join(PACKAGES)})",
    )
    parser.add_argument(
        "--row",
        nargs="+",
        choices=ROWS,
        default=ROWS,
        metavar="ROW",
        help=f"which to measure (default: {', '.join(map(repr, ROWS))})",
    )
    parser.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="measure N top-level modules, evenly spread",
    )
    return parser.parse_args()


def measure(
    python: Interpreter,
    packages: list[str],
    made: Path,
    newest: Interpreter | None,
    arguments: argparse.Namespace,
) -> bool:
    """Measures one Python, prints its part of the table; whether it passed."""
    began = time.perf_counter()
    source = newest if python.path is None else None
    corpus = Corpus(python, packages, made, arguments.sample, source)
    seconds = time.perf_counter() - began
    ids = corpus.first["ids"]
    print(
        f"\nCPython {python.release}: {corpus.count:,} ids in the first process, "
        f"{seconds:.0f} s\n"
        f"  {len(ids['compiled']):,} functions compiled from "
        f"{len(corpus.place.modules):,} modules; {len(ids['imported']):,} callables "
        f"of {corpus.first['modules']:,} modules imported; "
        f"{len(corpus.refused):,} refused"
    )
    print(f"  {'condition':24}{'ids':>9}{'wrong':>7}{'s':>6}  proof", flush=True)
    passed = True
    for name in rows_of(python.version):
        if name not in arguments.row:
            continue
        row = corpus.row(name)
        passed &= row.passed
        print(
            f"  {row.name:24}{row.functions:9,}{len(row.wrong):7}{row.seconds:6.0f}"
            f"  {row.proof or 'NONE'}",
            flush=True,
        )
        show(row.wrong)
    if corpus.errors:
        print(f"  {len(corpus.errors)} errors that are not the library's own")
        show(corpus.errors)
    whole = arguments.sample is None and set(PACKAGES) <= set(packages)
    if whole and len(ids["compiled"]) < BAR:
        print(f"  fewer than {BAR:,} functions")
        passed = False
    return passed and not corpus.errors


def show(lines: list[str]) -> None:
    for line in lines[:SHOWN]:
        print(f"    {line}")
    if len(lines) > SHOWN:
        print(f"    and {len(lines) - SHOWN} more")


if __name__ == "__main__":
    sys.exit(main())
