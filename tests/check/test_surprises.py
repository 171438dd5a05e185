"""The pages of the promise about surprises are checked without running them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from handlerid.check import check_paths
from tests.promises import surprises
from tests.promises.surprises.calm import CALM
from tests.promises.surprises.pairs import PAIRS

FOLDER = Path(surprises.__file__).parent
# The source does not say that two values are equal.
EQUAL_AT_RUN_TIME = {"an_assignment_of_what_it_was", "the_same_value_again"}
EQUAL_AT_RUN_TIME |= {"equal_frozen_rows", "a_method_as_a_callback"}
EQUAL_AT_RUN_TIME |= {"components_of_one_key", "props_with_a_callback"}


def pages_found(pages: dict[str, Callable[..., object]], *files: str) -> set[str]:
    """Return the names of the pages in which the checker finds something."""
    ranges: list[tuple[str, str, int, int]] = []
    for name, page in pages.items():
        lines, first = inspect.getsourcelines(page)
        file = str(inspect.getsourcefile(page))
        ranges.append((name, file, first, first + len(lines)))
    found = check_paths([str(FOLDER / file) for file in files], captures="warn")
    return {
        name
        for one in found
        for name, file, first, end in ranges
        if one.path == file and first <= one.line < end
    }


def test_pages_that_are_right() -> None:
    pages = {name: page for name, (page, modes) in CALM.items() if "warn" in modes}
    found = pages_found(pages, "calm.py", "calm_ways.py")
    assert len(pages) > 90
    assert found == EQUAL_AT_RUN_TIME


def test_pages_that_are_wrong() -> None:
    found = pages_found(PAIRS, "pairs.py", "pairs_ways.py")
    assert len(found) >= 95
