"""Handlers that differ have different ids, and handlers that do not have the same.

What belongs here: the comparison, on every Python and in fresh processes. The pairs
themselves stand in ``tests/promises/corpus/pairs.py`` and ``pairs_code.py``.
"""

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
        text = run_pyodide(SCRIPT, path=[ROOT], env={"PYTHONHASHSEED": seed}).stdout
    else:
        python = str(require_python(version))
        text = run_fresh(str(SCRIPT), python=python, seed=seed, path=ROOT)
    return {
        name: (HandlerId.parse(first), HandlerId.parse(second))
        for name, (first, second) in json.loads(text).items()
    }


@pytest.fixture(scope="module", params=["3.11", "3.12", "3.13", "3.14"])
def ids(request: pytest.FixtureRequest) -> Ids:
    version: str = request.param
    found = ids_in(version, "1")
    assert ids_in(version, "2") == found, "the hash seed makes a difference"
    return found


def test_there_are_enough_pairs() -> None:
    assert len(CODE) + len(HANDLERS) >= 60
    assert len(EQUAL) >= 20
    assert len({*CODE, *HANDLERS, *EQUAL}) == len(CODE) + len(HANDLERS) + len(EQUAL)


@pytest.mark.parametrize("name", CODE)
def test_other_code_has_another_fingerprint(ids: Ids, name: str) -> None:
    first, second = ids[name]
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize("name", HANDLERS)
def test_another_handler_has_another_id(ids: Ids, name: str) -> None:
    first, second = ids[name]
    assert first != second


@pytest.mark.parametrize("name", EQUAL)
def test_the_same_handler_has_the_same_id(ids: Ids, name: str) -> None:
    first, second = ids[name]
    assert first == second
