"""What is gathered for a manifest, function by function."""

import platform
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from handlerid._manifest.document import UNKNOWN, Function, Manifest, Place
from handlerid._manifest.shapes import shape_of
from handlerid.errors import UnsupportedHandler
from handlerid.events import event_name


class Gathered:
    """The functions and the event types that a manifest is made of."""

    def __init__(self) -> None:
        self.not_seen: dict[str, str] = {}
        self._functions: dict[Place, dict[str, Function]] = {}
        self._events: dict[str, type[Any]] = {}

    def add(
        self, place: Place, function: Function, events: Iterable[type[Any]] = ()
    ) -> None:
        """Add a function, or what else is known of one with the same code.

        Args:
            place: its module and qualified name.
            function: what is known; its events may be ``UNKNOWN``.
            events: the event types that it is for.
        """
        types = {event_name(one): one for one in events}
        self._events |= types
        several = self._functions.setdefault(place, {})
        known = several.get(function.code, function)
        names = {*types, *known.events, *function.events}
        if len(names) > 1:
            names.discard(UNKNOWN)
        several[function.code] = known._replace(
            events=tuple(sorted(names)),
            captures=known.captures or function.captures,
            name=known.name or function.name,
            moved_from=known.moved_from or function.moved_from,
        )

    def holds(self, place: Place, code: str) -> bool:
        """Return whether a function was added."""
        return code in self._functions.get(place, ())

    def manifest(
        self,
        fingerprint: Literal["bytecode", "source"],
        release: str | None,
        failed: Mapping[str, str],
    ) -> Manifest:
        """Return the manifest of what was added."""
        shapes = {}
        for name, event in self._events.items():
            try:
                shapes[name] = shape_of(event)
            except UnsupportedHandler as error:
                self.not_seen[f"{event.__module__}.{event.__qualname__}"] = str(error)
        return Manifest(
            fingerprint=fingerprint,
            python=None if fingerprint == "source" else _python(),
            release=release,
            functions={
                place: tuple(sorted(several.values()))
                for place, several in self._functions.items()
            },
            events=shapes,
            failed=failed,
            not_seen=self.not_seen,
        )


def _python() -> str:
    """Return the Python that the bytecode belongs to, with its flags."""
    name, flag = sys.implementation.name, "O" * sys.flags.optimize
    version = f"{name} {platform.python_version()}"
    return f"{version} -{flag}" if flag else version
