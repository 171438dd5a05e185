"""Fixtures of the demo's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo.running import Demo, running_demo


@pytest.fixture(scope="session")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that serves several tests, none of which stops a process."""
    with running_demo(tmp_path_factory.mktemp("demo") / "log") as demo:
        yield demo
