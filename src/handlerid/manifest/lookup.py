"""The functions of manifests by the ids in pages, and what became of older ones.

1. An id is known by its location. So a page of a known release never gets 404, also if
   the manifest did not see the wrappers of the handler.
2. The reasons name functions, so they are the text of an error, and not ``public``.
3. A function of another name is the same one if its body is, no other function of this
   release has that body, and the older one did not have both.
"""

from base64 import b32decode
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from logging import getLogger
from pathlib import Path
from typing import NamedTuple

from handlerid import HandlerId, HandlerIdError, Identity
from handlerid._manifest.document import UNKNOWN, Function, Manifest, Place
from handlerid._peek import expect
from handlerid.errors import GoneHandler, StaleHandler

BARE = 37
"""Characters of an id up to its fingerprint."""

_MOST = 3  # names in a text
_NOT_OFFERED = (
    "has the same code here, and nobody offers it: no scope that is kept, no resolver, "
    "no rerender"
)


class Found(NamedTuple):
    """A function of a manifest.

    Attributes:
        place: module and qualified name.
        function: what the manifest says of it.
    """

    place: Place
    function: Function

    @property
    def name(self) -> str:
        """Module and qualified name in one text."""
        return ".".join(self.place)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Location and digest of its ids; those that are written come first."""
        function = self.function
        parts = [(":".join(self.place), function.code)]
        return [(function.name, function.body), *parts] if function.name else parts

    @property
    def location(self) -> str:
        """The explicit name, or the place as ``moved_from`` takes it."""
        return self.parts[0][0]

    @property
    def is_handler(self) -> bool:
        """Whether it names an event type, or has a name or ``moved_from``."""
        function = self.function
        return bool(function.events or function.name or function.moved_from)

    def ids(self, identity: Identity) -> list[HandlerId]:
        """Return the ids that a release writes for it, one an event."""
        bare = self.bare_ids(identity)[0]
        events = [one for one in self.function.events if one != UNKNOWN]
        texts = [f"{bare}.{one}" for one in events] or [bare]
        return [HandlerId(one, *self.place) for one in texts]

    def bare_ids(self, identity: Identity) -> list[HandlerId]:
        """Return its ids without event, by each key; those that are written first."""
        return [
            one
            for location, code in self.parts
            for one in identity.ids(location, b32decode(f"{code.upper()}===="))
        ]


def functions_of(manifest: Manifest) -> Iterator[Found]:
    """Yield the functions of a manifest, by module and qualified name."""
    for place, several in sorted(manifest.functions.items()):
        for function in several:
            yield Found(place, function)


class Ids:
    """Finds the function of an id; captures part and event do not count.

    Args:
        manifest: of the release that wrote the ids.
        identity: that of the host; ids by all of its keys are found.
    """

    def __init__(self, manifest: Manifest, identity: Identity) -> None:
        self._exact: dict[str, Found] = {}
        self._at: dict[str, list[Found]] = {}
        for found in functions_of(manifest):
            for one in found.bare_ids(identity):
                self._exact.setdefault(one, found)
                self._at.setdefault(one.location, []).append(found)

    def find(self, handler_id: HandlerId) -> Found | None:
        """Return the function of an id, or None."""
        return self._exact.get(handler_id[:BARE])

    def at_location(self, handler_id: HandlerId) -> tuple[Found, ...]:
        """Return the functions at the location of an id, whatever their code is."""
        return tuple(self._at.get(handler_id.location, ()))


def history(
    directory: str | Path,
    *,
    current: Manifest | None = None,
    identity: Identity | None = None,
) -> "History":
    """Return the handlers of older releases, for ``Dispatcher(history=...)``.

    The manifests are read now, and not again.

    Args:
        directory: all files in it that end in ``.json`` are manifests, of any Python.
        current: the manifest of this server, ``registry.manifest(release="r12")``, or
            that of its release. Errors say what changed since the older release. If
            the directory has ``r12.json``, that file is used instead; if this server
            runs other code than the file says, that is logged, once.
        identity: that of the registry.

    Raises:
        ValueError: a file is no manifest.
        OSError: the directory cannot be read.
    """
    known = isinstance(current, Manifest | None)
    expect(known, "current", "a Manifest, as build() returns", current)
    known = isinstance(identity, Identity | None)
    expect(known, "identity", "an Identity", identity)
    paths = [one for one in Path(directory).iterdir() if one.suffix == ".json"]
    if current is not None:
        for path in [one for one in paths if one.stem == current.release]:
            built = Manifest.read(path)
            _compare(current, built)
            current = built
    # One at a time: they may be many.
    older = ((path.stem, Manifest.read(path)) for path in sorted(paths))
    return History(older, current, identity or Identity())


class History:
    """The functions of older releases, by the location in ids. Any thread may ask."""

    __module__ = "handlerid.manifest"

    def __init__(
        self,
        older: Iterable[tuple[str, Manifest]],
        current: Manifest | None,
        identity: Identity,
    ) -> None:
        self._current = current
        self._identity = identity
        self._places: dict[str, Place] = {}  # by location, as ids have it
        # The functions of a place, each with the releases that have it.
        self._functions: dict[Place, dict[Function, list[str]]] = {}
        # Of the current release.
        self._named: dict[str, Place] = {}
        self._bodies: dict[str, list[Place]] = {}
        for place, one in functions_of(current) if current else ():
            for name in filter(None, (one.name, *one.moved_from)):
                self._named.setdefault(name, place)
            if not one.trivial:
                self._bodies.setdefault(one.body, []).append(place)
        for title, manifest in older:
            self._add(manifest.release or title, manifest)

    def __repr__(self) -> str:
        places = self._functions.values()
        releases = {x for one in places for several in one.values() for x in several}
        ends = "s" * (len(releases) != 1), "s" * (len(places) != 1)
        text = f"<History of {len(releases)} release{ends[0]}: "
        return f"{text}{len(places)} function{ends[1]}>"

    def __call__(self, handler_id: HandlerId) -> HandlerIdError | None:
        """Return the error for an id that nobody answers; None if it is no old one."""
        place = self._places.get(handler_id.location)
        if place is None:
            return None
        functions = self._functions[place]
        exact = [
            one
            for one in functions
            if handler_id[:BARE] in Found(place, one).bare_ids(self._identity)
        ]
        found = exact or [*functions]
        found = [one for one in found if handler_id.event in one.events] or found
        where = ".".join(place)
        releases = dict.fromkeys([x for one in found for x in functions[one]])
        if self._current is not None and len(releases) > 1:
            releases.pop(str(self._current.release), None)
        text = f"{where}, of release {_listed([*releases][::-1])}, "
        kind, why = self._reason(handler_id.event, place, found)
        if kind is StaleHandler:
            return StaleHandler(text + why, handler_id=handler_id, location=where)
        return GoneHandler(text + why, handler_id=handler_id)

    def _add(self, release: str, manifest: Manifest) -> None:
        current = self._current
        if current is not None and manifest.python != current.python:
            release += f" ({manifest.python or 'sources'})"
        for place, one in functions_of(manifest):
            if place not in self._functions:
                self._functions[place] = {}
                self._locate(":".join(place), place)
            if one.name is not None:
                self._locate(one.name, place)
            self._functions[place].setdefault(one, []).append(release)

    def _locate(self, location: str, place: Place) -> None:
        for one in self._identity.ids(location):
            self._places[one.location] = place

    def _reason(
        self, event: str, place: Place, before: list[Function]
    ) -> tuple[type[HandlerIdError], str]:
        """Return the kind of the error, and what became of a function."""
        if self._current is None:
            return GoneHandler, "is not answered here"
        here, codes = self._current.functions.get(place), {one.code for one in before}
        same = [one for one in here or () if one.code in codes]
        if same:
            events = {*chain(*(one.events for one in same))}
            if not event or not events or event in events or UNKNOWN in events:
                return GoneHandler, _NOT_OFFERED
            takes = " or ".join(sorted(events))
            return StaleHandler, f"took {event} events, and takes {takes} here"
        if here:
            return StaleHandler, "has other code here"
        names = [":".join(place), *(one.name for one in before)]
        moved = [self._named[one] for one in names if one and one in self._named]
        if moved:
            return StaleHandler, f"is {'.'.join(moved[0])} here, and has other code"
        for one in before:
            found = self._bodies.get(one.body, ())
            if len(found) == 1 and not self._were_two(place, found[0]):
                why = f"is {'.'.join(found[0])} here; to answer its pages, write "
                why += f'@registry.handler(moved_from="{":".join(place)}")'
                return GoneHandler, why
        return GoneHandler, "is not in this release"

    def _were_two(self, *places: Place) -> bool:
        """Return whether a release had functions at both places."""
        functions = [self._functions.get(one, {}).values() for one in places]
        one, other = [{*chain(*several)} for several in functions]
        return not one.isdisjoint(other)


def _compare(server: Manifest, built: Manifest) -> None:
    """Log that a server runs other code than its release was built of."""
    differs = []
    if (server.fingerprint, server.python) != (built.fingerprint, built.python):
        ran, meant = [x.python or "sources" for x in (server, built)]
        differs.append(f"{ran}, not {meant}")
    else:
        for place, several in server.functions.items():
            where = ".".join(place)
            codes = {one.code for one in built.functions.get(place, ())}
            known = codes.issuperset(one.code for one in several)
            if not known and where not in built.not_seen:
                differs.append(where)
    if differs:
        text = "this server does not run what release %s was built of: %s"
        getLogger("handlerid").warning(text, built.release, _listed(differs))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
