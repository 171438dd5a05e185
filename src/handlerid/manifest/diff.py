"""What open pages of one release meet on another, weighed by clicks."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from handlerid import Identity
from handlerid._manifest.document import Manifest
from handlerid._peek import expect
from handlerid.manifest.rows import KINDS, Comparison, Row
from handlerid.manifest.seen import Seen, Weights


@dataclass(frozen=True, kw_only=True, repr=False)
class Diff:
    """What open pages of a release meet on another; ``diff`` makes one.

    Attributes:
        old: the manifest of the release that rendered the pages.
        new: the manifest of the release that answers.
        rows: one for each function; for each of its events, where these differ. Those
            with the most clicks come first.
        clicks: the number of all clicks; None if none were given.
        unknown_clicks: those whose id is none of the old release.
    """

    __module__ = "handlerid.manifest"

    old: Manifest
    new: Manifest
    rows: tuple[Row, ...]
    clicks: int | None = None
    unknown_clicks: int = 0

    def __repr__(self) -> str:
        counts = Counter(one.kind for one in self.rows)
        return f"<Diff: {', '.join(f'{counts[x]} {x}' for x in KINDS if counts[x])}>"

    def as_dict(self) -> dict[str, Any]:
        """Return what changed as a dict for JSON; of what is the same, the number."""
        counts = Counter((one.kind, one.handler) for one in self.rows)
        return {
            "format": "handlerid diff 1",
            "old": self.old.release,
            "new": self.new.release,
            "clicks": self.clicks,
            "unknown_clicks": None if self.clicks is None else self.unknown_clicks,
            "handlers": {one: counts[one, True] for one in KINDS},
            "other_functions": {one: counts[one, False] for one in KINDS},
            "rows": [one._asdict() for one in self.rows if one.kind != "same"],
        }


def diff(
    old: Manifest,
    new: Manifest,
    *,
    seen: Seen | None = None,
    identity: Identity | None = None,
) -> Diff:
    """Return what an open page of the old release meets on the new one.

    For pages of the new release at servers that still run the old one, swap the two.
    With ``stale="accept"``, handlers of the rows ``"stale"`` answer nevertheless.

    Args:
        old: the manifest of the release that rendered the pages.
        new: that of the release that answers.
        seen: clicks on pages of the old release: see ``read_seen``.
        identity: that of the host, if it has keys: without them, the ids that were
            clicked cannot be compared.

    Raises:
        ValueError: one manifest is of sources and the other of bytecode, or they are
            of the bytecode of two Pythons.
    """
    for name, one in (("old", old), ("new", new)):
        expect(isinstance(one, Manifest), name, "a Manifest", one)
    _expect_comparable(old, new)
    rows = [*Comparison(old, new).rows()]
    if seen is None:
        return Diff(old=old, new=new, rows=tuple(sorted(rows, key=_order)))
    weights = Weights(seen, old, identity or Identity(fingerprint=old.fingerprint))
    rows = [_weighed(one, weights.take(one)) for one in rows]
    return Diff(
        old=old,
        new=new,
        rows=tuple(sorted(rows, key=_order)),
        clicks=seen.total,
        unknown_clicks=weights.unknown,
    )


def _weighed(row: Row, clicks: int) -> Row:
    return row._replace(clicks=clicks, handler=row.handler or clicks > 0)


def _order(row: Row) -> tuple[Any, ...]:
    kind = KINDS.index(row.kind)
    return -(row.clicks or 0), not row.handler, kind, row.module, row.qualname, row.code


def _expect_comparable(old: Manifest, new: Manifest) -> None:
    if old.fingerprint != new.fingerprint:
        raise ValueError(
            f"the old manifest is of the {old.fingerprint} and the new one of the "
            f"{new.fingerprint}: pages of one are stale on the other; build both alike"
        )
    if old.python != new.python:
        raise ValueError(
            f"the old manifest is of the bytecode of {old.python} and the new one of "
            f"{new.python}: with the fingerprint of the bytecode, every page is stale "
            "after such a change; build both on one Python, or with the fingerprint "
            "of the source"
        )


for _one in (Row, diff):
    _one.__module__ = Diff.__module__
