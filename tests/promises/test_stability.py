"""Ids are the same in every process: a sample of ``python -m tests.promises.corpus``.

One test for each row of its table, on each Python, and tests that a
row would fail if something were wrong. The code that measures is the same; only the
modules are fewer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.promises.corpus.measure import (
    CALLED,
    COLLISIONS,
    MONITORING,
    SEED,
    SYSMON,
    TRACE,
    Corpus,
    Row,
    differing,
    rows_of,
)
from tests.promises.corpus.oracle import compare, compiled_twice, strip
from tests.promises.corpus.places import find_interpreter
from tests.pythons import require_python
from tests.support.pyodide import require_pyodide

SAMPLE = ("contextlib", "dataclasses", "enum", "functools", "json")
"""Modules with closures, decorators, made functions, classes in functions."""

SMALL = ("contextlib", "enum")
"""Those for other Pythons; 3.14 takes ten times as long under Node."""

HERE = "{}.{}".format(*sys.version_info)
ELSEWHERE = {
    "3.11": (SEED, TRACE, COLLISIONS),
    "3.12": (SEED, CALLED, TRACE, SYSMON, MONITORING, COLLISIONS),
    "3.13": (SEED, CALLED, TRACE, MONITORING, COLLISIONS),
    "3.14": (MONITORING, COLLISIONS),
}
"""The Python that runs this has all its rows; others, those where they differ most."""

CASES = [
    (version, name)
    for version, rows in ELSEWHERE.items()
    for name in (rows_of(version) if version == HERE else rows)
]


@pytest.fixture(scope="module")
def corpus_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Corpus]:
    @cache
    def make(version: str) -> Corpus:
        made = tmp_path_factory.mktemp("corpus")
        python = find_interpreter(version, made)
        assert python is not None
        return Corpus(python, [], made, SAMPLE if version == HERE else SMALL)

    return make


@pytest.mark.parametrize(("version", "name"), CASES)
def test_nothing_differs(
    corpus_of: Callable[[str], Corpus], version: str, name: str
) -> None:
    if version == "3.14":
        require_pyodide()
    elif version != HERE:
        require_python(version)
    corpus = corpus_of(version)
    row = corpus.row(name)
    assert row.wrong == []
    assert row.proof
    assert row.functions > 400
    assert corpus.errors == []


def test_an_id_that_differs_is_seen() -> None:
    first = {"compiled": {"a:.0": "x", "a:.1": "y"}, "imported": {"a:f": "x"}}
    other = {"compiled": {"a:.0": "x", "a:.2": "y"}, "imported": {"a:f": "z"}}
    wrong, count = differing(first, other)
    assert wrong == [
        "a:.1: only in one process",
        "a:.2: only in one process",
        "a:f: x and z",
    ]
    assert count == 2


def test_what_is_imported_may_be_less() -> None:
    first = {"compiled": {"a:.0": "x"}, "imported": {"a:f": "x"}}
    assert differing(first, {**first, "imported": {}}) == ([], 1)


@pytest.mark.parametrize(
    "row",
    [
        Row(SEED, 0, [], "a proof"),
        Row(SEED, 5, [], ""),
        Row(SEED, 5, ["a:f: x and z"], "a proof"),
    ],
)
def test_a_row_without_functions_or_proof_has_not_passed(row: Row) -> None:
    assert not row.passed


@pytest.mark.parametrize(
    ("one", "other", "classes"),
    [
        ("def f(): return 1", "\ndef f():\n  return 1", 1),
        ("def f(): return 1", "def f(): return True", 2),
        ("def f(): return (0.0,)", "def f(): return (-0.0,)", 2),
        ("def f(): return 1e999 - 1e999", "def f(): return 1e999 - 1e999", 1),
        ("def f():\n class A: x = 3", "\ndef f():\n @d\n class A: x = 3", 2),
        ("def f():\n class A: x = 3", "\n\ndef f():\n class A: x = 3", 1),
        ("def f():\n @d\n class A: x = 3", "\n\ndef f():\n @d\n class A: x = 3", 1),
    ],
)
def test_the_oracle_and_the_fingerprint_agree(
    tmp_path: Path, one: str, other: str, classes: int
) -> None:
    (tmp_path / "one.py").write_text(one)
    (tmp_path / "other.py").write_text(other)
    found = compare([str(tmp_path)], [["one", "one"], ["other", "other"]])
    assert found == {
        "functions": 2,
        "classes": classes,
        "merged": [],
        "split": [],
        "left out": [],
    }


def test_the_oracle_sees_what_the_fingerprint_would_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.py").write_text("def f(): return 1\ndef g(): return 1\n")
    (tmp_path / "other.py").write_text("def f(): return 1\n")
    modules = [["one", "one"], ["other", "other"]]

    class Same:
        fingerprint = "same"

    monkeypatch.setattr("tests.promises.corpus.oracle.handler_id", lambda fn: Same)
    assert compare([str(tmp_path)], modules)["merged"] == ["one:.0 and one:.1"]

    class Counting:
        count = 0

        @property
        def fingerprint(self) -> str:
            Counting.count += 1
            return str(Counting.count)

    monkeypatch.setattr(
        "tests.promises.corpus.oracle.handler_id", lambda fn: Counting()
    )
    assert compare([str(tmp_path)], modules)["split"] == ["one:.0 and other:.0"]


def test_the_oracle_strips_only_the_position(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text("def f(a, b=2, *c):\n    def g(): return a\n    return g\n")
    [(_, plain, marked), _] = compiled_twice(file)
    assert strip(plain) == strip(marked)
    assert strip(plain) != strip(plain.replace(co_name="g"))
    assert strip(plain) != strip(plain.replace(co_flags=plain.co_flags ^ 4))
    assert strip(plain) != strip(plain.replace(co_exceptiontable=b"x"))
