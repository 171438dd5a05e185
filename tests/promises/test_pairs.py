"""Handlers that differ have different ids, and handlers that do not have the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handlerid import HandlerId
from tests.promises.corpus import pairs
from tests.promises.corpus.pairs import EQUAL, HANDLERS
from tests.promises.corpus.pairs_code import CODE
from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.pyodide import ROOT, require_pyodide, run_pyodide

SCRIPT = Path(pairs.__file__).resolve()

Ids = dict[str, tuple[HandlerId, HandlerId]]


def ids_in(version: str, seed: str) -> Ids:
    """The ids of all pairs, as a process of its own computes them."""
    if version == "3.14":
        require_pyodide()
        text = run_pyodide(SCRIPT, path=[ROOT], seed=seed).stdout
    else:
        python = str(require_python(version))
        text = run_fresh(str(SCRIPT), python=python, seed=seed, path=ROOT)
    return {
        name: (HandlerId.parse(first), HandlerId.parse(second))
        for name, (first, second) in json.loads(text).items()
    }


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_ids_differ_where_handlers_do(version: str) -> None:
    ids = ids_in(version, "1")
    assert ids_in(version, "2") == ids, "the hash seed makes a difference"
    same_code = [x for x in CODE if ids[x][0].fingerprint == ids[x][1].fingerprint]
    assert same_code == []
    assert [name for name in HANDLERS if ids[name][0] == ids[name][1]] == []
    assert [name for name in EQUAL if ids[name][0] != ids[name][1]] == []


def test_there_are_enough_pairs() -> None:
    assert len(CODE) + len(HANDLERS) >= 60
    assert len(EQUAL) >= 20
    assert len({*CODE, *HANDLERS, *EQUAL}) == len(CODE) + len(HANDLERS) + len(EQUAL)
