"""Renderings keep no memory; ``memory.py`` measures 10,000 of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def measured(*arguments: str) -> dict[str, int]:
    command = [
        sys.executable,
        "-m",
        "tests.integrations.mesop.memory",
        "--renders=300",
        *arguments,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, int] = json.loads(said.stdout)
    return found


def test_renders_leave_no_handler_and_no_memory_behind() -> None:
    found = measured()
    assert found["handlers kept"] == 0
    assert found["bytes grown"] < 5_000


def test_mesop_alone_keeps_every_handler() -> None:
    found = measured("--alone")
    assert found["handlers kept"] == 3 * 300
    assert found["bytes grown"] > 100_000
