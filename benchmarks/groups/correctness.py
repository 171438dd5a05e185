"""Whether a fast answer is a right one: ids of handlers that are hard to name.

Every way of naming a function is asked about the same handlers in fresh processes, each
of which differs in one condition. The handlers are those of this library's tests: pairs
that must differ, pairs that need not, and those with golden ids. All are written to
files, for the ways that read sources.
"""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from benchmarks.harness.interleaved import Run
from benchmarks.harness.results import Group, Matrix
from benchmarks.peers import hashing
from benchmarks.peers.answers import OURS, REFUSED
from tests.promises.corpus.pairs import EQUAL, HANDLERS
from tests.promises.corpus.pairs_code import CODE
from tests.pythons import find_python

__all__ = ["run"]

ROOT = Path(__file__).parents[2]

DIFFER = {"code": CODE, "wrappers, places, bound arguments": HANDLERS}

Answers = dict[str, dict[str, str]]
"""By peer, by handler: an id, or a refusal."""


@dataclass(frozen=True)
class Condition:
    """A process that differs from the first in one thing.

    Attributes:
        change: what is done to a copy of the files.
    """

    name: str
    seed: int = 0
    change: str = ""
    trace: bool = False
    python: str = sys.executable


def conditions(run: Run) -> list[Condition]:
    """The first is what all others are compared with."""
    found = [
        Condition("first"),
        Condition("hash seed", seed=1),
        Condition("directory", change="moved"),
        Condition("lines shifted", change="shifted"),
        Condition(".pyc alone", change="compiled"),
        Condition("tracing", trace=True),
    ]
    here = sys.version_info[:2]
    for minor in range(11, 20) if not run.quick else ():
        python = None if here == (3, minor) else find_python(f"3.{minor}")
        if python is not None:
            found.append(Condition(f"Python 3.{minor}", python=str(python)))
    return found


# Files.


def write(folder: Path) -> None:
    """Writes the handlers: of each pair two modules of one name."""
    for side in ("first", "second"):
        folder.joinpath(side).mkdir(parents=True)
    for name, _, sources in pairs():
        for side, source in zip(("first", "second"), sources, strict=True):
            file = folder / side / f"{name}.py"
            file.write_text(dedent(source).strip("\n") + "\n", "utf-8", "surrogatepass")
    golden = ROOT / "tests" / "promises" / "golden" / "handlers.py"
    shutil.copy(golden, folder / "first" / "golden.py")


def pairs() -> list[tuple[str, str, tuple[str, str]]]:
    """Module name, kind and sources of every pair."""
    tables = {**DIFFER, "equal": EQUAL}
    return [
        (f"pair_{kind.split(',')[0]}_{number}", kind, sources)
        for kind, table in tables.items()
        for number, sources in enumerate(table.values())
    ]


def changed(folder: Path, condition: Condition) -> Path:
    """The files as the condition has them."""
    if not condition.change:
        return folder
    copy = folder.parent / condition.change / "another" / "place"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file in copy.rglob("*.py"):
        if condition.change == "shifted":
            text = file.read_text("utf-8", "surrogatepass")
            # A docstring and imports from __future__ may still come first.
            text = "# A comment more.\n\n" * 20 + text
            file.write_text(text, "utf-8", "surrogatepass")
        if condition.change == "compiled":
            py_compile.compile(
                str(file), str(file) + "c", dfile=file.name, doraise=True
            )
            file.unlink()
    return copy


# Processes.


def asked(folder: Path, condition: Condition, peers: list[str]) -> Answers:
    """What all answer in a process of its own."""
    files = changed(folder, condition)
    paths = [str(ROOT), str(ROOT / "src"), *filter(None, sys.path)]
    if condition.python != sys.executable:  # its own library
        paths = [one for one in paths if "site-packages" in one or str(ROOT) in one]
    environment = {
        **os.environ,
        "PYTHONHASHSEED": str(condition.seed),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    trace = ["--trace"] if condition.trace else []
    command = ["-m", "benchmarks.peers.answers", str(files), *trace, "--peers", *peers]
    done = subprocess.run(
        [condition.python, *command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{condition.name}: {done.stderr[-2000:]}")
    answers: Answers = json.loads(done.stdout.splitlines()[-1])
    return answers


def ask_all(run: Run, peers: list[str]) -> dict[str, Answers]:
    """The answers under every condition, two processes at a time."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folder = Path(name, "one", "place")
        write(folder)
        waiting = {
            one.name: pool.submit(asked, folder, one, peers) for one in conditions(run)
        }
        found = {}
        for condition, future in waiting.items():
            found[condition] = future.result()
            run.tick()
        return found


# Counting.


def is_id(answer: str) -> bool:
    return not answer.startswith(REFUSED)


def same_where_they_must_differ(answers: dict[str, str], kind: str) -> str:
    """Of pairs that must differ, those with one id."""
    both, wrong = 0, 0
    for name, its, _ in pairs():
        first, second = answers[f"{name} first"], answers[f"{name} second"]
        if its == kind and is_id(first) and is_id(second):
            both += 1
            wrong += first == second
    return f"{wrong} of {both}"


def needlessly_other(answers: dict[str, str]) -> str:
    """Of pairs that do the same, those with two ids: pages go stale without need."""
    both, other = 0, 0
    for name, kind, _ in pairs():
        first, second = answers[f"{name} first"], answers[f"{name} second"]
        if kind == "equal" and is_id(first) and is_id(second):
            both += 1
            other += first != second
    return f"{other} of {both}"


def changed_ids(first: dict[str, str], other: dict[str, str] | None) -> str:
    """Ids that another process does not give, or gives otherwise."""
    if other is None:
        return "cannot be imported there"
    known = [one for one in first if is_id(first[one]) and "unstable:" not in one]
    differ = sum(is_id(other[one]) and other[one] != first[one] for one in known)
    gone = sum(not is_id(other[one]) for one in known)
    return f"{differ}" + (f", {gone} refused" if gone else "")


def unstable(name: str, found: dict[str, Answers]) -> str:
    """Of what has nothing stable: how many ids differ between processes."""
    first, again = found["first"][name], found["hash seed"][name]
    labels = [one for one in first if one.startswith("unstable:")]
    refused = sum(not is_id(first[one]) for one in labels)
    wrong = sum(is_id(first[one]) and first[one] != again[one] for one in labels)
    return f"{wrong} wrong, {refused} refused, of {len(labels)}"


def own_mistakes(first: dict[str, dict[str, str]]) -> list[str]:
    """Names the pairs that this library's own ways do not tell apart, or refuse."""
    notes = []
    names = {kind: list(table) for kind, table in DIFFER.items()}
    for way in OURS:
        same, refused = [], []
        for module, kind, _ in pairs():
            one, other = (
                first[way][f"{module} {side}"] for side in ("first", "second")
            )
            number = int(module.rpartition("_")[2])
            if kind in names and not (is_id(one) and is_id(other)):
                refused.append(names[kind][number])
            elif kind in names and one == other:
                same.append(names[kind][number])
        if same:
            notes.append(f"{way} does not tell apart: {', '.join(same)}.")
        if refused:
            notes.append(f"{way} refuses one of: {', '.join(refused)}.")
    return notes


def run(run: Run) -> Group:
    """Asks and counts."""
    group = Group("correctness")
    peers = [name for name in hashing.PEERS if not (run.quick and name in hashing.SLOW)]
    if run.quick:
        left_out = ", ".join(sorted(hashing.SLOW))
        group.notes.append(f"A first look leaves out {left_out} and other Pythons.")
    found = ask_all(run, peers)
    first = found["first"]
    group.notes += [
        f"{name} is not installed: left out." for name in peers if name not in first
    ]
    count = len(next(iter(first.values())))
    others = [name for name in found if name != "first"]
    rows, stable = [], []
    for name, answers in first.items():
        refused = sum(
            not is_id(answer)
            for label, answer in answers.items()
            if "unst" not in label
        )
        differing = [same_where_they_must_differ(answers, kind) for kind in DIFFER]
        rows.append(
            [
                name,
                *differing,
                needlessly_other(answers),
                unstable(name, found),
                str(refused),
            ]
        )
        under = [changed_ids(answers, found[other].get(name)) for other in others]
        stable.append([name, *under])
    assert count >= 100
    group.matrices = [
        Matrix(
            "One id where there must be two, and the reverse",
            [
                "way",
                *(f"WRONG: one id, {kind}" for kind in DIFFER),
                "needless: two ids for the same",
                "no stable name",
                "refused",
            ],
            rows,
            note=f"{count} handlers in files. What must differ is said by handlerid's "
            "promise: a way that hashes code alone cannot tell places apart, and never "
            "said that it would. Counted are the pairs of which both have an id.",
        ),
        Matrix(
            "Ids that change though the handler did not",
            ["way", *others],
            stable,
            note="Each column is a process that differs from the first in this alone. "
            "Bytecode belongs to one release of Python: across releases, handlerid's "
            "fingerprint of the source is the one that promises to hold.",
        ),
    ]
    group.notes += own_mistakes(first)
    return group
