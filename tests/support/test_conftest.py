"""The rule of the root ``conftest.py``: where every test must run, none is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import pythons

CONFTEST = Path(__file__).parents[2] / "conftest.py"

SKIPS = """
import pytest

def test_passes():
    pass

def test_called():
    pytest.skip("no browser")

@pytest.mark.skipif(True, reason="no browser")
def test_marked():
    pass

@pytest.fixture
def browser():
    pytest.skip("no browser")

def test_fixture(browser):
    pass

@pytest.mark.xfail(strict=True, reason="known")
def test_expected_failure():
    raise RuntimeError
"""

OTHER_PYTHON = """
from tests.pythons import require_python

def test_other_python():
    require_python("3.99")
"""


@pytest.fixture(autouse=True)
def conftest(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))


@pytest.fixture
def require_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDLERID_REQUIRE_ALL", "1")


def test_skips_are_skips_on_a_developers_machine(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANDLERID_REQUIRE_ALL", raising=False)
    pytester.makepyfile(SKIPS)
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, skipped=3, xfailed=1)
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.usefixtures("require_all")
def test_skips_are_failures_where_all_is_required(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SKIPS)
    result = pytester.runpytest_inprocess()
    # A skip in a fixture happens before the test: pytest calls that an error.
    result.assert_outcomes(passed=1, failed=1, errors=2, xfailed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*no browser*", "HANDLERID_REQUIRE_ALL is set: no test is skipped."]
    )


@pytest.mark.usefixtures("require_all")
def test_a_skipped_file_is_a_failure_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest; pytest.importorskip('not_installed')")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.usefixtures("require_all")
def test_a_python_that_is_absent_may_be_skipped(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OTHER_PYTHON)
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.usefixtures("require_all")
def test_a_python_that_is_there_may_not_be_skipped(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.pythons.find_python", lambda version: tmp_path)
    pytester.makepyfile(
        "import pytest\n"
        "def test_other(): pytest.skip('Python 3.99 is not on this machine')"
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)


def interpreter(path: Path, version: str, code: int = 0) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {version}\nexit {code}\n")
    path.chmod(0o755)


def test_finds_the_newest_of_a_release_that_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    versions = tmp_path / ".pyenv" / "versions"
    for patch in (2, 10):
        interpreter(versions / f"3.99.{patch}" / "bin" / "python", "3.99")
    interpreter(versions / "3.99.11" / "bin" / "python", "3.99", code=127)
    interpreter(versions / "3.98.0" / "bin" / "python", "3.97")
    find = pythons.find_python.__wrapped__
    assert find("3.99") == versions / "3.99.10" / "bin" / "python"
    assert find("3.98") is None
