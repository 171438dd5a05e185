"""What becomes of each function of a release, from its manifest and a later one.

1. An id is looked up as a registry does: a handler at its location with its code, else
   one that says ``moved_from`` that location; then its event decides.
2. Other code at the location is stale. No handler there is gone, or moved if its body
   is found elsewhere: once in each release, and not one that many functions have.
3. What the files cannot tell is unknown, never a guess.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from handlerid import HandlerId, Identity
from handlerid._manifest.document import UNKNOWN, Function, Manifest, Place
from handlerid._peek import expect
from handlerid.manifest.fields import misfits
from handlerid.manifest.lookup import Found, Ids, functions_of
from handlerid.manifest.seen import Seen

Kind = Literal["stale", "gone", "moved", "refused", "unknown", "new", "same"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_MOST_CANDIDATES = 3


class Row(NamedTuple):
    """What becomes of a function of the old release, or that it is new.

    Attributes:
        kind: ``"same"``: its pages are answered. ``"stale"``, ``"gone"``, ``"moved"``
            and ``"refused"``: they are not. ``"unknown"``: the files cannot tell.
            ``"new"``: no page of the old release has it.
        module: of the function, in the old release unless it is new.
        qualname: of the function, in the old release unless it is new.
        code: its fingerprint there, without keys.
        why: what changed.
        events: the wire names that the row is about: those of the function, but for a
            function with an outcome for each.
        handler: whether it counts as a handler: it names an event type, has an
            explicit name or ``moved_from``, or was clicked.
        line: for ``"moved"``, what answers its pages if it is written there.
        candidates: for ``"gone"``, functions that it may have become.
        clicks: how many clicks it had; None if none were given.
    """

    kind: Kind
    module: str
    qualname: str
    code: str
    why: str = ""
    events: tuple[str, ...] = ()
    handler: bool = False
    line: str | None = None
    candidates: tuple[str, ...] = ()
    clicks: int | None = None

    @property
    def name(self) -> str:
        """Module and qualified name in one text."""
        return f"{self.module}.{self.qualname}"


_Outcome = tuple[Kind, str]


class _Comparison:
    """Finds the rows of two manifests."""

    def __init__(self, old: Manifest, new: Manifest) -> None:
        self._old, self._new = old, new
        self._olds, self._news = [*functions_of(old)], [*functions_of(new)]
        # Of the new release, by location and digest.
        self._answers: defaultdict[tuple[str, str], list[Found]] = defaultdict(list)
        self._locations: dict[str, Found] = {}
        # Handlers that are there come before those that moved from there.
        here = [(one, part) for one in self._news for part in one.parts]
        moved = [
            (one, (before, one.function.body))
            for one in self._news
            for before in one.function.moved_from
        ]
        for one, part in here + moved:
            self._answers[part].append(one)
            self._locations.setdefault(part[0], one)
        self._old_places = {one.place for one in self._olds}
        self._old_bodies = Counter(one.function.body for one in self._olds)
        # By body, and by the last part of the name: no digest begins with a dot.
        self._alike: defaultdict[str, list[Found]] = defaultdict(list)
        for one in self._news:
            self._alike[one.function.body].append(one)
            self._alike[_own_name(one)].append(one)
        # Of the new release: those that answer, and how many of a place have new code.
        self._used: set[Found] = set()
        self._changed: Counter[Place] = Counter()

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the old functions, then those of the new ones."""
        for one in self._olds:
            yield from self._rows_of(one)
        for one in self._news:
            if one in self._used:
                continue
            if self._changed[one.place]:  # it is what an old one became
                self._changed[one.place] -= 1
            else:
                yield _row(one, "new")

    def _rows_of(self, one: Found) -> Iterator[Row]:
        """Yield the row of an old function; several if its events fare differently."""
        location, digest = one.parts[0]
        answers = self._answers.get((location, digest), [])
        answers = answers + self._answers.get((location, one.function.body), [])
        if not answers:
            yield self._unanswered(one)
            return
        outcomes: dict[_Outcome, list[str]] = {}
        for event in one.function.events or ("",):
            takes = [x for x in answers if event in x.function.events]
            found = (takes or answers)[0]
            self._used.add(found)
            outcomes.setdefault(self._outcome(one, found, event), []).append(event)
        for (kind, why), events in outcomes.items():
            row = _row(one, kind, why)
            yield row if len(outcomes) == 1 else row._replace(events=tuple(events))

    def _outcome(self, one: Found, found: Found, event: str) -> _Outcome:
        """Return what a click for an event meets, if the code is the same."""
        after = found.function.events
        doubt = self._hidden(one, found) or _doubt(one.function, found.function)
        if doubt:
            return "unknown", doubt
        if event and event not in after:
            return "gone", f"it was for {event} and is for {' or '.join(after)}"
        wrong = self._misfits(event) if event else ""
        if wrong is None:
            return "unknown", f"the fields of {event} are not in the manifest"
        if wrong:
            return "refused", wrong
        if one.place != found.place and one.function.name is None:
            return "same", f"answered by {found.name}, which is moved_from there"
        return "same", ""

    def _misfits(self, event: str) -> str | None:
        """Return what the new release refuses of an event; None if it is not known."""
        old, new = self._old.events.get(event), self._new.events.get(event)
        if old is None or new is None:
            return None
        wrong = misfits(old, new)
        return f"{event}: {'; '.join(wrong)}" if wrong else ""

    def _unanswered(self, one: Found) -> Row:
        """Return the row of a function whose id no handler has (rule 2)."""
        there = self._locations.get(one.location)
        if there is not None:
            self._changed[there.place] += 1
            hidden = self._hidden(one, there)
            wrapped = one.function.wrapped or there.function.wrapped
            changed = f"its code{' or a decorator' * wrapped} changed"
            why = _captures(one.function, there.function) or changed
            return _row(one, "unknown" if hidden else "stale", hidden or why)
        module, body = one.place[0], one.function.body
        for failed, error in self._new.failed.items():
            if f"{module}.".startswith(f"{failed}."):
                return _row(one, "unknown", f"{failed} could not be imported: {error}")
        if one.name in self._new.not_seen:
            return _row(one, "unknown", f"it {self._new.not_seen[one.name]}")
        if module in self._new.not_seen:
            return _row(one, "unknown", f"{module} {self._new.not_seen[module]}")
        alike = [] if one.function.trivial else self._alike.get(body, [])
        if len(alike) == self._old_bodies[body] == 1:
            (moved,) = alike
            same_events = moved.function.events == one.function.events
            if same_events and not self._hidden(one, moved):
                self._used.add(moved)
                refused = [self._misfits(x) for x in one.function.events]
                why = "; and ".join([_moved(one, moved), *filter(None, refused)])
                return _row(one, "moved", why)._replace(line=_line(one, moved))
        gone = _row(one, "gone", "removed")
        for several in (alike, self._alike.get(_own_name(one), [])):
            added = [x.name for x in several if x.place not in self._old_places]
            if added:
                names = tuple(dict.fromkeys(added))
                return gone._replace(candidates=names[:_MOST_CANDIDATES])
        return gone

    def _hidden(self, one: Found, found: Found) -> str:
        """Return why the ids of a function are not known, in one of the releases."""
        why = self._old.not_seen.get(one.name) or self._new.not_seen.get(found.name)
        return f"it {why}" if why else ""


def _own_name(found: Found) -> str:
    return f".{found.place[1].rpartition('.')[2]}"


def _row(found: Found, kind: Kind, why: str = "") -> Row:
    function = found.function
    events, code = function.events, function.code
    return Row(kind, *found.place, code, why, events, found.is_handler)


def _doubt(before: Function, after: Function) -> str:
    """Return why functions of one code may have other ids (rule 3)."""
    for release, one, other in (("old", before, after), ("new", after, before)):
        if UNKNOWN in one.events:
            return f"its event is not known in the {release} release"
        if other.events and not one.events:
            named = " or ".join(other.events)
            return f"it names no event type in the {release} release, {named} else"
    changed = _captures(before, after)
    return f"{changed}: stale where captures are part of ids" if changed else ""


def _captures(before: Function, after: Function) -> str:
    """Return how the names of what a function captured changed."""
    gone = [f"-{x}" for x in before.captures if x not in after.captures]
    new = [f"+{x}" for x in after.captures if x not in before.captures]
    return f"it captures {' '.join(gone + new)}" if gone or new else ""


def _moved(one: Found, moved: Found) -> str:
    renamed = one.place[0] == moved.place[0]
    return f"{'renamed' if renamed else 'moved'} to {moved.name}"


def _line(one: Found, moved: Found) -> str:
    """Return what a function has to say so that it answers ids of its old place.

    A function of a class gets its ids when it is bound to an object or to the class.
    """
    function, qualname = moved.function, moved.place[1]
    places = [*dict.fromkeys([one.location, *function.moved_from])]
    texts = [json.dumps(x, ensure_ascii=False) for x in places]
    said = f"({', '.join(texts)})" if len(texts) > 1 else texts[0]
    name = f"name={json.dumps(function.name)}, " if function.name else ""
    several = function.events[1:] and [f'event="{x}", ' for x in function.events]
    around, _, own = qualname.rpartition(".")
    in_class = around and not around.endswith("<locals>")
    lines = []
    for event in several or [""]:
        call = f"registry.handler({event}{name}moved_from={said})"
        lines.append(f"{call}(self.{own})" if in_class else f"@{call}")
    return "\n".join(lines)


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
    rows, weights = _Comparison(old, new).rows(), None
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


for _one in (Row, diff):
    _one.__module__ = Diff.__module__
