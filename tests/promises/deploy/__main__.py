"""Roll a deploy out and back with all settings, and print what became of the clicks.

python -m tests.promises.deploy
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.promises.deploy.changes import CHANGES, write_release
from tests.promises.deploy.fleet import roll
from tests.promises.deploy.resent import ask
from tests.promises.deploy.tables import ALL, by_change, by_front, by_settings


def main() -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        first = write_release(Path(folder) / "1")
        second = write_release(Path(folder) / "2", *CHANGES)
        clicks = roll([first, second], ALL)
        answers = ask([first, second])
    print(by_settings(clicks), by_change(clicks), by_front(answers), sep="\n\n")
    count = sum(map(len, clicks.values()))
    print(f"\n{count} clicks in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
