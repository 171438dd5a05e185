"""The tables of a deploy, as the docs have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.promises.deploy.changes import CHANGES
from tests.promises.deploy.fleet import OUTCOMES, Click, Settings
from tests.promises.deploy.resent import FRONTS, RESULTS, Answers, play

MODES = ("warn", "warn, tokens", "warn, accept", "distinct", "carry")
WAYS = ("scan", "resolvers", "rerender")
FINGERPRINTS = ("bytecode", "source")

ALL: list[Settings] = [(m, f, w) for m in MODES for f in FINGERPRINTS for w in WAYS]


def by_settings(clicks: Mapping[Settings, Sequence[Click]]) -> str:
    """How many clicks had which outcome, a row for each settings."""
    rows = [["captures", "fingerprint", "answers", *OUTCOMES]]
    for settings, some in clicks.items():
        found = Counter(one.outcome for one in some)
        rows.append([*settings, *(str(found[x]) for x in OUTCOMES)])
    return table(rows)


def by_change(clicks: Mapping[Settings, Sequence[Click]]) -> str:
    """What the page of one release gets from the other, with ``rerender``."""
    modes = [mode for mode in MODES if mode != "warn, tokens"]  # as without tokens
    rows = [["change", *modes]]
    for change in CHANGES:
        cells = []
        for mode in modes:
            some = clicks[mode, "bytecode", "rerender"]
            ways = [outcomes(some, change, *way) for way in ((1, 2), (2, 1))]
            cells.append(" / ".join(ways) if ways[0] != ways[1] else ways[0])
        rows.append([change, *cells])
    return table(rows)


def outcomes(clicks: Iterable[Click], change: str, page: int, server: int) -> str:
    """The outcomes for a change, of pages of one release at servers of another."""
    found = {
        one.outcome
        for one in clicks
        if (one.control["change"], one.page, one.server) == (change, page, server)
    }
    return " or ".join(x for x in OUTCOMES if x in found) or "-"


def by_front(answers: Answers) -> str:
    """What becomes of 1,000 clicks behind each front."""
    rows = [["front", "refused clicks", *RESULTS]]
    for kind in FRONTS:
        for resend in (False, True):
            found = play(answers, kind, resend=resend)
            parts = [f"{found[x] / found.total() * 1000:.0f}" for x in RESULTS]
            rows.append([kind, "resent once" if resend else "not resent", *parts])
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Write a table of Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---" * len(rows[0]) + "|")
    return "\n".join(lines)
