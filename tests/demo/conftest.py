"""Fixtures of the demo's tests: one demo for all that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo.running import Demo


@pytest.fixture(scope="session")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that serves several tests, none of which stops a process."""
    with Demo(tmp_path_factory.mktemp("demo") / "log") as demo:
        yield demo
