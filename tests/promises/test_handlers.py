"""Handlers of real examples have ids: a short run of the command in ``handlers``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.promises.handlers.__main__ import run, shares
from tests.promises.handlers.packages import MESOP
from tests.promises.handlers.worker import WAYS

FOLDER = Path(__file__).parent / "handlers" / "examples"


def handlers_of(*examples: tuple[str, str]) -> list[dict[str, str]]:
    """Return the outcomes of all handlers, which two processes agree on."""
    first, second = (run([*examples], seed) for seed in ("1", "2"))
    assert first == second
    return [handler for example in first for handler in example["handlers"]]


def test_a_page_with_a_handler_of_each_kind() -> None:
    handlers = handlers_of((str(FOLDER), "shop"))
    taken = [share * len(handlers) / 100 for share in shares(handlers)]
    # A function and partials; with elements; the client; a counter; a setter; a lock.
    assert dict(zip(WAYS, taken, strict=True)) == dict(
        zip(WAYS, (3, 5, 6, 7, 8, 9), strict=True)
    )
    assert len({handler["omit"] for handler in handlers}) == 9


def test_what_an_example_must_not_do(tmp_path: Path) -> None:
    bad = {
        "write": "open('file', 'w')",
        "connect": "import socket; socket.create_connection(('127.0.0.1', 9))",
        "start": "import os; os.system('true')",
        "wait": "import time\nwhile True: time.sleep(1)",
    }
    for name, text in bad.items():
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
    found: list[dict[str, Any]] = run([(str(tmp_path), name) for name in bad], "1")
    assert {one["name"]: one["errors"] for one in found} == {
        "write": ["Stopped: refused: open"],
        "connect": ["Stopped: refused: socket.getaddrinfo"],
        "start": ["Stopped: refused: os.system"],
        "wait": ["Stopped: sleeps for ever"],
    }


def test_the_examples_of_mesop() -> None:
    if not (spec := importlib.util.find_spec("mesop")) or not spec.origin:
        pytest.skip("needs mesop: pip install mesop")
    handlers = handlers_of(*MESOP.examples(Path(spec.origin).parents[1]))
    assert len(handlers) > 200
    assert shares(handlers) == [100] * len(WAYS)
