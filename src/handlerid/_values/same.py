"""Whether two values are the same, without writing what they hold.

They are if their bytes and their marks are (``tree``). This compares them in pairs and
stops at the first that differs: an object that may change is the same as itself alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from handlerid._values.records import reader
from handlerid._values.table import find_row, find_scalar
from handlerid._values.tree import Tree, is_fixed, mark_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from handlerid._values.tree import Describe, Splitter

    # Pairs of parts and the way to them, or the way to what differs.
    Found: TypeAlias = list[tuple[Iterator[tuple[Any, Any]], str]] | str

# Of two values of one of these types, ``==`` says whether they are the same.
_PLAIN = frozenset(map(id, (str, int, bytes, bool, type(None))))


def _are_plain(values: Iterable[Any], others: Iterable[Any]) -> bool | None:
    """Return whether values are the same; None if one is not of the plain types."""
    for one, its in zip(values, others):  # noqa: B905 - of one length; it takes time
        if one is not its:
            kind = type(one)
            if kind is not type(its) or id(kind) not in _PLAIN:
                return None
            if one != its:
                return False
    return True


class Comparison:
    """Compare two values; ``keyed`` returns the encoder of a class, if any."""

    def __init__(
        self, split: Splitter, keyed: Callable[[type], object], describe: Describe
    ) -> None:
        self.split, self.keyed, self.describe = split, keyed, describe
        # Compared pairs, by their addresses; alive, so that addresses hold.
        self.seen: dict[tuple[int, int], tuple[object, object]] = {}
        self.readers: dict[int, Any] = {}

    def difference(self, value: object, other: object) -> str | None:
        """Return None if the values are the same, else the way to what differs."""
        todo = [(iter([(value, other)]), "")]
        while todo:
            pairs, path = todo[-1]
            for one, its in pairs:
                kind = type(one)
                if one is its:
                    continue
                if kind is type(its) and id(kind) in _PLAIN:
                    if one == its:
                        continue
                    return path
                try:
                    found = self.parts(one, its, path)
                except Exception:  # noqa: BLE001 - no form, or an encoder that fails
                    return path
                if isinstance(found, str):
                    return found
                if found:
                    todo += found
                    break
            else:
                todo.pop()
        return None

    def parts(self, one: Any, its: Any, path: str) -> Found:
        kind = type(one)
        if kind is not type(its):
            both = self.keyed(kind) and self.keyed(type(its))
            return self.written(one, its, path) if both else path
        read = tuple if kind is tuple else self.readers.get(id(kind))
        if read is not None and (fields := read(one)) and (others := read(its)):
            same = len(fields) == len(others) and _are_plain(fields, others)
            if same is not None:
                return [] if same else path
        else:
            fields = others = ()
        if (scalar := find_scalar(id(kind))) is not None:
            return [] if scalar(one) == scalar(its) else path
        met = id(one), id(its)
        if met in self.seen:  # shared, or callables led back
            return []
        self.seen[met] = one, its
        if fields:
            return [(zip(fields, others, strict=True), path)]
        return self.inside(one, its, path)

    def inside(self, one: Any, its: Any, path: str) -> Found:
        """Compare what is neither a tuple nor a record of a known class."""
        kind = type(one)
        if kind is frozenset or (find_row(kind) is None and self.keyed(kind)):
            return self.written(one, its, path)
        first, other = self.split(one, kind), self.split(its, kind)
        if first is None or other is None:
            return self.captures(one, its, path)
        fixed = is_fixed(one, kind, first) and is_fixed(its, kind, other)
        if not fixed or first[0] != other[0] or len(first[1]) != len(other[1]):
            return path
        if first[0] == "r":
            self.readers[id(kind)] = reader(kind, first[1][2].split(","))
        return [(zip(first[1], other[1], strict=True), path)]

    def written(self, one: Any, its: Any, path: str) -> Found:
        """Compare what is in any order, and what has a key."""
        first, other = [Tree(self.split, "", self.describe, marks=[]) for _ in (1, 2)]
        same = first.encode(one) == other.encode(its) and first.marks == other.marks
        return [] if same else path

    def captures(self, one: Any, its: Any, path: str) -> Found:
        first = self.describe and callable(one) and self.describe(one)
        other = self.describe and callable(its) and self.describe(its)
        if not first or not other or first[0] != other[0]:
            return path
        parts, its_parts = first[1], other[1]
        if [part[:-1] for part in parts] != [part[:-1] for part in its_parts]:
            return path
        for (name, mark), (_, its_mark) in zip(first[2], other[2], strict=True):
            if mark_of(mark) != mark_of(its_mark):
                return f"{path} -> {name}"
        return [
            (iter([(part[-1], its_part[-1])]), f"{path} -> {part[-2]}")
            for part, its_part in zip(parts, its_parts, strict=True)
        ][::-1]
