"""What open pages of a release meet on another one, and how many clicks they had."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from handlerid import HandlerId, Identity
from handlerid._manifest.document import Manifest, Place
from handlerid._peek import expect
from handlerid.manifest.lookup import Ids
from handlerid.manifest.rows import KINDS, Comparison, Row, count_kinds
from handlerid.manifest.seen import Seen


class _Weights:
    """The clicks of each function of a manifest.

    Attributes:
        unknown: clicks whose id is none of the manifest.
    """

    def __init__(self, seen: Seen, manifest: Manifest, identity: Identity) -> None:
        self.unknown: int = 0
        self._functions = manifest.functions
        self._clicks: dict[tuple[Place, str], Counter[str]] = defaultdict(Counter)
        ids = Ids(manifest, identity)
        for text, number in seen.counts.items():
            handler_id = HandlerId(text)
            # The fingerprint of one that has wrappers is not in the manifest.
            there = ids.at_location(handler_id)
            hidden = (one for one in there if one.name in manifest.not_seen)
            found = ids.find(handler_id) or next(hidden, None)
            if found is None:
                self.unknown += number
            else:
                code = found.function.code
                self._clicks[found.place, code][handler_id.event] += number

    def weighed(self, row: Row) -> Row:
        """Return a row with its clicks, and those for events that no row is about.

        Each is counted once.
        """
        place = row.module, row.qualname
        clicks = self._clicks.get((place, row.code), Counter[str]())
        several = self._functions.get(place, ())
        named = {x for one in several if one.code == row.code for x in one.events}
        mine = [x for x in clicks if x in row.events or x not in named]
        number = sum(clicks.pop(one) for one in mine)
        return row._replace(clicks=number, handler=row.handler or number > 0)


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
        return f"<Diff: {count_kinds(self.rows)}>"

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
    rows, weights = Comparison(old, new).rows(), None
    if seen is not None:
        identity = identity or Identity(fingerprint=old.fingerprint)
        weights = _Weights(seen, old, identity)
        rows = map(weights.weighed, rows)
    return Diff(
        old=old,
        new=new,
        rows=tuple(sorted(rows, key=_order)),
        clicks=seen.total if seen else None,
        unknown_clicks=weights.unknown if weights else 0,
    )


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


diff.__module__ = Diff.__module__
