"""Mesop's own tests and example pages, with and without handlerid."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import mesop
import pytest

ROOT = Path(__file__).parents[3]
SHIPPED = Path(mesop.__file__).parent


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def output(process: subprocess.Popen[str], *, code: int = 0) -> str:
    said, complained = process.communicate()
    assert process.returncode == code, complained[-2000:]
    return said


def test_its_own_tests_give_the_same_result() -> None:
    files = [str(file) for file in sorted(SHIPPED.rglob("*_test.py"))]
    assert files
    options = ("-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-c", "/dev/null")
    both = [
        start(*options, f"--rootdir={ROOT}", *plugin, *files)
        for plugin in ((), ("-p", "tests.integrations.mesop.installing"))
    ]
    # Three of them fail in any case, in 1.3.7.
    alone, installed = [
        sorted(
            line.partition(" - ")[0]
            for line in process.communicate()[0].splitlines()
            if line.startswith(("PASSED", "FAILED", "ERROR"))
        )
        for process in both
    ]
    assert sum(line.startswith("PASSED") for line in alone) > 90
    assert installed == alone


@pytest.fixture(scope="module")
def pages() -> tuple[dict[str, object], dict[str, object]]:
    """What each example page registered, alone and with handlerid."""
    command = ("-m", "tests.integrations.mesop.examples")
    alone, installed = start(*command), start(*command, "installed")
    return (
        json.loads(output(alone).splitlines()[-1]),
        json.loads(output(installed).splitlines()[-1]),
    )


def test_every_example_page_renders_as_before(
    pages: tuple[dict[str, object], dict[str, object]],
) -> None:
    alone, installed = pages
    assert len(alone) > 140
    assert alone.keys() == installed.keys()
    for path, before in alone.items():
        after = installed[path]
        if isinstance(before, list):
            assert isinstance(after, list), (path, after)
            assert [one[:2] for one in after] == [one[:2] for one in before]
        else:
            assert after == before  # an example of an error


def test_the_ids_of_a_page_differ_exactly_where_mesops_differ(
    pages: tuple[dict[str, object], dict[str, object]],
) -> None:
    alone, installed = pages
    compared = 0
    for path, before in alone.items():
        after = installed[path]
        if not (isinstance(before, list) and isinstance(after, list)):
            continue
        assert all(one[2].startswith("h1-") for one in after)
        both = zip(before, after, strict=True)
        for (one, new), (other, its_new) in combinations(both, 2):
            same, still = one[2] == other[2], new[2] == its_new[2]
            assert same == still, (path, one[0], other[0])
            compared += 1
    assert compared > 500
