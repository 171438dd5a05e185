"""Rules for all tests: docs examples, what CI may skip, and no process left behind."""

from __future__ import annotations

import gc
import os
from doctest import ELLIPSIS
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from sybil import Sybil
from sybil.parsers.rest import DocTestParser

from tests.pythons import ABSENT, find_python
from tests.support import guard, pages
from tests.support.chromium import chromium

if TYPE_CHECKING:
    from collections.abc import Generator

    from playwright.sync_api import Browser


# The first example pays for what is done once, and the machine may be busy.
settings.register_profile("handlerid", deadline=None)
settings.load_profile("handlerid")


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main() -> Generator[None, object, object]:
    with guard.guarding():
        return (yield)


def pytest_collection_finish() -> None:
    """Let the collections that tests ask for leave out what pytest has loaded."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """One Chromium a file of tests: other tests need the event loop that it takes."""
    with chromium() as launched:
        yield launched


# What the README and the docs show, and examples in docstrings, are tests. The blocks
# of one page share a namespace and a folder, from top to bottom.
pytest_collect_file = (
    Sybil(
        parsers=[pages.parse],
        patterns=["README.md", "docs/**/*.md", "docs/*.md"],
        setup=pages.enter,
        teardown=pages.leave,
    )
    + Sybil(parsers=[DocTestParser(optionflags=ELLIPSIS)], patterns=["src/**/*.py"])
).pytest()


# With HANDLERID_REQUIRE_ALL=1, as in CI, a skipped test or file has failed. The one
# exception is another Python that really is not on the machine.


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not os.environ.get("HANDLERID_REQUIRE_ALL") or not report.skipped:
        return
    if hasattr(report, "wasxfail"):  # pytest counts an expected failure as a skip
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    absent = ABSENT.search(reason)
    if absent and find_python(absent[1]) is None:
        return
    report.outcome = "failed"
    report.longrepr = f"{reason}\nHANDLERID_REQUIRE_ALL is set: no test is skipped."


# First in the order is outermost: what pytest itself does to a report is done.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    report = yield
    _refuse_skip(report)
    return report
