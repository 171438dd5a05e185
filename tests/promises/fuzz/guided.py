"""Fuzzing that follows the coverage of the library's own code, with atheris.

A process of its own, started by ``tests.promises.fuzz``: the instrumented code is
several times slower, so the limit of time is wider here, and the slowest payloads are
timed again without. Arguments: seconds, and a folder to work in.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["handlerid"]):
    from tests.promises.fuzz import target

SLOWER = 5
"""How much slower instrumented code may be."""


def main() -> None:
    """Tries mutated inputs until the time is up; the fuzzer ends the process."""
    seconds, folder = sys.argv[1], Path(sys.argv[2])
    target.LIMIT *= SLOWER
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.SEEDS):
        (corpus / str(number)).write_bytes(seed)
    words = folder / "words"
    entries = (
        "".join(f"\\x{byte:02x}" for byte in word.encode("latin-1"))
        for word in target.DICTIONARY
    )
    words.write_text("".join(f'"{one}"\n' for one in entries), "ascii")
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={target.MOST}",
        f"-dict={words}",
        f"-artifact_prefix={folder}/failed-",
        "-print_final_stats=1",
        str(corpus),
    ]

    def one(data: bytes) -> None:
        slowest = target.SLOWEST[0]
        target.check(data)
        if target.SLOWEST[0] is not slowest:
            (folder / "slowest").write_bytes(data)

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
