"""Clients that leave streams: each handler is closed. ``leaving`` measures how soon."""

from __future__ import annotations

from pathlib import Path

from tests.integrations.starlette.leaving import measure


def test_every_finally_runs(tmp_path: Path) -> None:
    measured = measure(tmp_path, pairs=1, count=60)
    assert len(measured.finally_after) == 60
    assert measured.during
