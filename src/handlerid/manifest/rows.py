"""What becomes of each function of a release, from its manifest and a later one.

1. An id is looked up as a registry does: a handler at its location with its code, else
   one that says ``moved_from`` that location; then its event decides.
2. Other code at the location is stale. No handler there is gone, or moved if its body
   is found elsewhere: once in each release, and not one that many functions have.
3. What the files cannot tell is unknown, never a guess.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, get_args

from handlerid._manifest.document import UNKNOWN, Function, Manifest, Place
from handlerid.manifest.fields import misfits
from handlerid.manifest.lookup import Found, functions_of

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


def count_kinds(rows: Iterable[Row], kinds: Iterable[str] = KINDS) -> str:
    """Return how many rows of each kind there are, ``"2 stale, 1 gone"``."""
    counts = Counter[str](one.kind for one in rows)
    return ", ".join(f"{counts[x]} {x}" for x in kinds if counts[x])


_Outcome = tuple[Kind, str]


class Comparison:
    """Finds the rows of two manifests; they have no clicks."""

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
                how = "renamed" if moved.place[0] == module else "moved"
                why = "; and ".join([f"{how} to {moved.name}", *filter(None, refused)])
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


def _line(one: Found, moved: Found) -> str:
    """Return the decorator with which a function answers ids of its old place.

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


Row.__module__ = "handlerid.manifest"
