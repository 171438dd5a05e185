"""Measures one Python: every condition against the first process.

``__main__`` prints the rows, ``tests/promises/test_stability.py`` asserts them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typing_extensions

from tests.promises.corpus import warm
from tests.promises.corpus.places import Interpreter, Place, ProcessFailed, install

Ids = dict[str, dict[str, str]]

OWN = "corpus_own"
"""The name of the module whose functions can be called."""

SEED, CALLED, TRACE = "another hash seed", "called 1,000 times", "sys.settrace"
C_TRACER, SYSMON = "coverage, C tracer", "coverage, sysmon"
MONITORING = "sys.monitoring"
COPY, PYC, ZIP = "copied elsewhere", ".pyc alone", "zip"
IMPORTED, COLLISIONS = "imported and compiled", "collisions"

ROWS = (
    *(SEED, CALLED, TRACE, C_TRACER, SYSMON, MONITORING),
    *(COPY, PYC, ZIP, IMPORTED, COLLISIONS),
)


def rows_of(version: str) -> list[str]:
    """The rows that a Python such as ``"3.12"`` has."""
    absent = {"3.11": {SYSMON, MONITORING}, "3.14": {C_TRACER, SYSMON}}
    return [name for name in ROWS if name not in absent.get(version, ())]


@dataclass
class Row:
    """What one condition showed.

    Attributes:
        name: the condition.
        functions: how many ids were compared.
        wrong: what differs, in words; nothing should.
        proof: what shows that the condition held; empty when nothing does.
        seconds: what it took, preparation included.
    """

    name: str
    functions: int
    wrong: list[str]
    proof: str
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return bool(self.functions and self.proof and not self.wrong)


@dataclass
class Corpus:
    """The functions of one Python, and the ids that they have in its first process.

    Args:
        python: what measures.
        packages: names of packages to install and measure besides the standard library.
        made: an empty folder for what is made on the way.
        sample: names of top-level modules to measure, or how many; all by default.
        source: for a Python that can install nothing, one whose packages it reads.
    """

    python: Interpreter
    packages: list[str]
    made: Path
    sample: int | Collection[str] | None = None
    source: Interpreter | None = None
    tools: list[Path] = field(init=False)
    place: Place = field(init=False)
    first: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.place = Place([])
        self.place.add(self.python.stdlib)
        self.tools = [self.made / "tools"]
        self.tools[0].mkdir()
        shutil.copy(typing_extensions.__file__, self.tools[0])
        for package in self.packages:
            self.place.add(self._install(package), [package])
        if self.sample is not None:
            chosen = self.sample
            self.place.keep(
                self.place.spread(chosen) if isinstance(chosen, int) else chosen
            )
        own = self.made / "own"
        warm.write(own / f"{OWN}.py")
        self.place.add(own)
        self.first = self._ids("", self.place, seed=1)

    def _install(self, package: str) -> Path:
        installed = self.source or self.python
        assert installed.path is not None
        return install(package, installed.path, installed.release)

    @property
    def count(self) -> int:
        return sum(map(len, self.first["ids"].values()))

    @property
    def refused(self) -> list[str]:
        """What has no id: the library says so."""
        return list(self._matching("refused"))

    @property
    def errors(self) -> list[str]:
        """What raised anything but the library's own errors."""
        return list(self._matching("error"))

    def _matching(self, start: str) -> Iterator[str]:
        for group in self.first["ids"].values():
            for label, text in group.items():
                if text.startswith(start):
                    yield f"{label}: {text}"

    def row(self, name: str) -> Row:
        """Measures one of the rows that ``rows_of`` names."""
        began = time.perf_counter()
        try:
            if name == IMPORTED:
                row = self._imported_and_compiled()
            elif name == COLLISIONS:
                row = self._collisions()
            else:
                row = self._condition(name)
        except ProcessFailed as error:
            row = Row(name, 0, [str(error)], "")
        row.seconds = time.perf_counter() - began
        return row

    def _condition(self, name: str) -> Row:
        tools: list[Path] = []
        if name in (C_TRACER, SYSMON):
            tools = [self._install("coverage")]
        place = self._place_of(name)
        found = self._ids(name, place, seed=2, tools=tools)
        proof = found["proof"]
        if name == SEED and proof == self.first["proof"]:
            proof = ""
        if place is not self.place:
            proof = f"{found['there']} imported there" if found["there"] else ""
        wrong, count = differing(self.first["ids"], found["ids"])
        return Row(name, count, wrong, proof)

    def _place_of(self, name: str) -> Place:
        folder = self.made / name.replace(" ", "-")
        if name == ZIP:
            return self.place.zip(self.made / "corpus.zip")
        if name not in (COPY, PYC):
            return self.place
        place = self.place.copy(folder)
        if name == PYC:
            job = {"task": "bytecode", **place.job()}
            self.python.run(job, seed=1, tools=self.tools)
        return place

    def _ids(
        self, name: str, place: Place, *, seed: int, tools: list[Path] | None = None
    ) -> dict[str, Any]:
        job = {"task": "ids", "condition": name, "own": OWN, **place.job()}
        # The packages' own dependencies are not measured, but imported all the same.
        tools = [*self.tools, *(tools or []), *self.place.roots[1:-1]]
        found: dict[str, Any] = self.python.run(job, seed, tools)
        return found

    def _imported_and_compiled(self) -> Row:
        """A function has the id that compiling its file gives, frozen modules too."""
        compiled: dict[str, set[str]] = {}
        for label, text in self.first["ids"]["compiled"].items():
            compiled.setdefault(label.partition(":")[0], set()).add(text)
        imported = self.first["ids"]["imported"]
        # What functools itself defines is refused where it stands, and no handler.
        written = [
            label
            for label in self.first["written"]
            if not imported[label].startswith("refused")
        ]
        wrong = [
            f"{label}: {imported[label]}"
            for label in written
            if imported[label] not in compiled.get(label.partition(":")[0], ())
        ]
        return Row(IMPORTED, len(written), wrong, f"{len(compiled)} modules")

    def _collisions(self) -> Row:
        job = {"task": "collisions", **self.place.job()}
        found = self.python.run(job, 0, [*self.tools, *self.place.roots[1:-1]])
        wrong = [
            f"{kind}: {text}"
            for kind in ("merged", "split", "left out")
            for text in found[kind]
        ]
        return Row(
            COLLISIONS, found["functions"], wrong, f"{found['classes']} different"
        )


def differing(first: Ids, other: Ids) -> tuple[list[str], int]:
    """What differs between two processes, in words, and how many ids were compared.

    What is compiled must be the same functions in both. What is imported may be less
    in one: a C extension cannot be imported from a zip file.
    """
    wrong, count = [], 0
    for group, ids in first.items():
        others = other[group]
        if group == "compiled":
            only = ids.keys() ^ others.keys()
            wrong += [f"{label}: only in one process" for label in sorted(only)]
        both = ids.keys() & others.keys()
        count += len(both)
        wrong += [
            f"{label}: {ids[label]} and {others[label]}"
            for label in sorted(both)
            if ids[label] != others[label]
        ]
    return wrong, count
