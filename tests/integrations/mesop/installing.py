"""A pytest plugin that installs handlerid into Mesop."""

from __future__ import annotations

from handlerid.integrations.mesop import install


def pytest_configure() -> None:
    install()
