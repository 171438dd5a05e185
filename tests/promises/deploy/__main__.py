"""Roll a deploy out and back with all settings, and print what became of the clicks.

python -m tests.promises.deploy
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.promises.deploy.changes import CHANGES, write_manifests, write_release
from tests.promises.deploy.fleet import roll
from tests.promises.deploy.resent import ask
from tests.promises.deploy.tables import (
    ALL,
    REMEMBERED,
    by_change,
    by_front,
    by_history,
    by_settings,
)


def main() -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        first = write_release(Path(folder) / "1")
        second = write_release(Path(folder) / "2", *CHANGES)
        write_manifests([first, second])
        clicks = roll([first, second], ALL)
        remembered = roll([first, second], REMEMBERED)
        answers = ask([first, second])
    tables = by_settings(clicks), by_change(clicks), by_front(answers)
    print(*tables, by_history(remembered), sep="\n\n")
    count = sum(map(len, (clicks | remembered).values()))
    print(f"\n{count} clicks in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
