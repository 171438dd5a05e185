"""The hot paths take no more instructions than they did; times would not be stable."""

from __future__ import annotations

import shutil
import sys

import pytest

from tests.promises.instructions import (
    FLOOR,
    PATHS,
    RECORDED,
    counted,
    tolerance_and_recorded,
)

RELEASE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture(scope="module")
def counts() -> dict[str, float]:
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed: instructions are not counted")
    return counted()


@pytest.mark.parametrize("path", PATHS)
def test_a_path_takes_no_more_than_it_did(counts: dict[str, float], path: str) -> None:
    kept = tolerance_and_recorded(RELEASE)
    if kept is None:
        pytest.skip(f"{RECORDED.name} has no counts of Python {RELEASE}")
    tolerance, recorded = kept
    assert sorted(recorded) == sorted(PATHS)
    times = counts[path] / counts[FLOOR]
    assert times <= recorded[path] * (1 + tolerance), (
        f"{path} takes {times:.3f} times the floor's instructions, and took "
        f"{recorded[path]:.3f}; python -m tests.promises.instructions shows all"
    )


def test_what_is_counted_is_the_work(counts: dict[str, float]) -> None:
    assert counts["looking up"] > 50
    assert counts["dispatching JSON"] > counts["dispatching a mapping"]
    assert counts["the id of a fresh closure"] > counts["an id again"]
