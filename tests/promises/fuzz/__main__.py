"""Fuzzes the reader and the decoder: ``python -m tests.promises.fuzz [--minutes 10]``.

First the payloads that should cost most; then, for a fifth of the time, payloads that
hypothesis makes, which know the event's fields; then atheris, which follows coverage
(``pip install --group fuzz``). The CPU time of every payload is measured, and the
slowest printed. It stops at the first failure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.promises.fuzz.target import SLOWEST, FuzzedEvent, Slowest, check
from tests.promises.fuzz.worst import WORST

WORDS = ["red", "2024-02-29", "09:30", "2024-02-29T09:30", "aGk=", "a"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["name", "children", "city"]) | st.text(), inner
        )
    ),
)
TEXTS = st.sampled_from(["", "1", "-.5", "on", "1" * 400, "%", *WORDS]) | st.text()
FORMS = st.builds(
    lambda way, pairs: way + b"_handler=@&" + urlencode(pairs).encode(),
    st.sampled_from([b"f", b"e", b"t", b"u"]),
    st.lists(
        st.tuples(
            st.sampled_from(
                [one.name for one in fields(FuzzedEvent)]
                + ["handler", "_handler", "_key", "\u00b5g"]
            )
            | st.text(),
            TEXTS | st.lists(TEXTS, min_size=100).map("".join),
        )
    ),
)
PAYLOADS = FORMS | st.builds(
    lambda way, payload: way + json.dumps({"handler": "@", **payload}).encode(),
    st.sampled_from([b"j", b"x", b"s", b"m"]),
    st.dictionaries(
        st.sampled_from([one.name for one in fields(FuzzedEvent)]) | st.text(), JSON
    ),
)


def timed(data: bytes, name: str) -> None:
    """Checks one input, and prints how long its slowest way took."""
    SLOWEST[0] = Slowest(0.0, None)
    check(data)
    print(f"{SLOWEST[0].seconds * 1e3:8.1f} ms of CPU  {name}", flush=True)


def with_hypothesis(seconds: float) -> int:
    """Tries made payloads for a time; returns how many."""
    tried = 0

    @settings(
        max_examples=500,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(PAYLOADS)
    def run(data: bytes) -> None:
        nonlocal tried
        tried += 1
        check(data)

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run()
    return tried


def with_atheris(seconds: int) -> int:
    """Tries mutated inputs for a time; returns the status of the fuzzer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = subprocess.run(
            [sys.executable, "-m", "tests.promises.fuzz.guided", str(seconds), name],
            check=False,
        )
        slowest = folder / "slowest"
        if slowest.exists():
            timed(slowest.read_bytes(), "the slowest of atheris, timed again")
        for failed in folder.glob("failed-*"):
            print(f"failed: {failed.read_bytes()!r}")
    return run.returncode


def main() -> int:
    """Reads the command line and runs all three; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.promises.fuzz", description=__doc__
    )
    parser.add_argument("--minutes", type=float, default=10)
    seconds = parser.parse_args().minutes * 60
    for name, data in WORST.items():
        timed(data, name)
    SLOWEST[0] = Slowest(0.0, None)
    tried = with_hypothesis(seconds / 5)
    slowest = SLOWEST[0].seconds * 1e3
    print(f"{slowest:8.1f} ms of CPU  the slowest of {tried} by hypothesis", flush=True)
    return with_atheris(int(seconds * 4 / 5))


if __name__ == "__main__":
    sys.exit(main())
