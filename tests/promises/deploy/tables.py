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

# Each without history, and with it.
REMEMBERED: list[Settings] = [
    (mode, fingerprint, f"{way}{more}")
    for mode, fingerprint, way in (
        ("warn", "bytecode", "scan"),
        ("warn", "bytecode", "rerender"),
        ("distinct", "source", "resolvers"),
    )
    for more in ("", ", history")
]


def by_settings(clicks: Mapping[Settings, Sequence[Click]]) -> str:
    """How many clicks had which outcome, a row for each settings."""
    rows = [["captures", "fingerprint", "answers", *OUTCOMES]]
    for settings, some in clicks.items():
        found = Counter(one.outcome for one in some)
        rows.append([*settings, *(str(found[x]) for x in OUTCOMES)])
    return table(rows)


def by_history(clicks: Mapping[Settings, Sequence[Click]]) -> str:
    """How many clicks got 404, 409 or 410, a row for each settings."""
    pages = {"older": 1, "same": 0, "newer": -1}
    rows = [["captures", "fingerprint", "answers"]]
    rows[0] += [f"404, {page} page" for page in pages] + ["409", "410"]
    for settings, some in clicks.items():
        found = Counter((x.answer.get("status"), x.server - x.page) for x in some)
        cells = [found[404, than] for than in pages.values()]
        cells += [sum(found[x, than] for than in pages.values()) for x in (409, 410)]
        rows.append([*settings, *map(str, cells)])
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
