"""What decoders let through that does not fit the event type.

What belongs here: counting, by peer, how many of the bad payloads that the tests have
are decoded without an error. A fast decoder that lets them through is no faster way to
the same. The payloads are those of ``tests/support/bad_payloads.py``; whether one is
bad is this library's own notion of strict JSON, so the kinds are counted apart.
"""

from __future__ import annotations

from typing import Any

from benchmarks.harness.interleaved import DidNotDoTheWork
from benchmarks.harness.results import Matrix
from benchmarks.harness.running import Run
from benchmarks.peers import decoders
from handlerid._decoding import decoder
from tests.support.bad_payloads import BAD, BAD_MAPPINGS, FITS, EveryEvent

__all__ = ["validated"]

KINDS = {
    "missing": ("no ", "nothing at all", "two missing", "several", "misspelt"),
    "bool as number": ("count true", "ratio true", "ratio false", "number true"),
    "number as bool": ("flag one", "flag zero"),
    "text as number or bool": ("count digits", "ratio digits", "flag a word"),
    "NaN or infinite": (
        "ratio NaN",
        "ratio inf",
        "ratio minus",
        "number NaN",
        "grid with NaN",
    ),
}
"""Kinds by the beginning of the payload's name; any other is "another type"."""

OTHER = "another type"


def kind_of(name: str) -> str:
    """The kind of a bad payload."""
    for kind, beginnings in KINDS.items():
        if name.startswith(beginnings):
            return kind
    return OTHER


def validated(run: Run) -> list[Matrix]:
    """How many payloads of each kind a decoder lets through."""
    payloads = {name: payload for name, (payload, _) in (BAD | BAD_MAPPINGS).items()}
    kinds = [*KINDS, OTHER]
    total = {kind: sum(kind_of(name) == kind for name in payloads) for kind in kinds}
    found: dict[str, decoders.Decode] = {"handlerid": decoder(EveryEvent)}
    for name in decoders.PEERS:
        decode = decoders.load(name, EveryEvent)
        if decode is not None:
            found[name] = decode
    rows = []
    for name, decode in found.items():
        through = dict.fromkeys(kinds, 0)
        for label, payload in payloads.items():
            through[kind_of(label)] += lets_through(decode, payload)
        # A decoder that refuses everything would look strict.
        if not lets_through(decode, FITS):
            raise DidNotDoTheWork(f"{name} refuses the payload that fits")
        counts = [f"{count} of {total[kind]}" for kind, count in through.items()]
        rows.append([name, f"{sum(through.values())} of {len(payloads)}", *counts])
        run.tick()
    return [
        Matrix(
            "Bad payloads that are let through",
            ["decoder", "of all", *kinds],
            rows,
            note="What is bad is said by handlerid's tests: strict JSON, where no type "
            "stands for another. Peers that convert on purpose, as pydantic does by "
            "default, do what they promise.",
        )
    ]


def lets_through(decode: decoders.Decode, payload: dict[str, Any]) -> bool:
    """Whether a payload is decoded without an error, of whatever kind."""
    try:
        decode(payload)
    except Exception:  # noqa: BLE001 - every library refuses with errors of its own
        return False
    return True
