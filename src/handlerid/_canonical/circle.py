"""The walk through a value with callables that lead back to themselves.

What belongs here: rule 7 of ``values``. A closure that calls itself, or two that call
each other, cannot be written out; what can be is which callable leads to which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlerid._canonical.forms import Refused
from handlerid._canonical.walk import Walk, digest, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._canonical.walk import Describe, Encoders

__all__ = ["CircleWalk"]

_MOST = 50_000
"""Meetings with callables, in all rounds: about a second."""


class CircleWalk(Walk):
    """A walk in which names stand for callables.

    Whether two callables are one object, or equal ones, makes no difference to their
    names, nor does it where one begins.
    """

    def __init__(
        self,
        where: str,
        describe: Describe,
        encoders: Encoders,
        module_name: Callable[[str], str],
    ) -> None:
        super().__init__(where, describe, encoders, module_name)
        # A callable, what stands for it, and the path to where it was met.
        self.met: list[tuple[object, object, list[str]]] = []
        self.meetings = 0
        self.names: dict[int, bytes] = {}
        self.answers: dict[int, tuple[object, object]] = {}
        self.base: list[str] = []

    def encode(self, value: object) -> bytes:
        """Returns the form of a value.

        Raises:
            UnstableCapture: it has none.
        """
        super().encode(value)  # meets the first callables
        before, names = 0, {b"^"}
        while len(names) > before:
            before, names = len(names), self.rename()
        form = super().encode(value)
        return b"^%d:%b%b" % (len(names), b"".join(sorted(names)), form)

    def rename(self) -> set[bytes]:
        """Names each callable by its form, in which the names before stand."""
        names = {}
        for fn, stand_in, path in self.met:  # gets longer in the first round
            self.base = path
            form = self.shorten(stand_in, super().encode(stand_in))
            names[id(fn)] = digest(b"h" + form)
        self.digests = {}  # they hold the names before
        self.names = names
        return set(names.values())

    def callable_form(self, value: object, stand_in: object) -> bytes:
        self.meetings += 1
        if self.meetings > _MOST:
            raise Refused("refers to itself by way of too many callables")
        if id(value) not in self.names:
            self.names[id(value)] = b"^"
            self.met.append((value, stand_in, self.path()))
        return self.names[id(value)]

    def ask(self, host: Callable[[Any], object], value: object) -> object:
        # Once: a host that answers with new callables each time would never end.
        if id(value) not in self.answers:
            self.answers[id(value)] = value, super().ask(host, value)
        return self.answers[id(value)][1]

    def path(self) -> list[str]:
        return shown([*self.base, *super().path()])
