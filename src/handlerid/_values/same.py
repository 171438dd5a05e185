"""Whether two values are the same, without writing what they hold.

They are if their bytes and their marks are (``tree``). This compares them in pairs and
stops at the first that differs: an object that may change is the same as itself alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from handlerid._values.records import read_again
from handlerid._values.table import find_row, find_scalar
from handlerid._values.tree import Tree, is_fixed, mark_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handlerid._values.tree import Describe, Splitter

    # Pairs of parts with the way to them, the last one first; None if they differ.
    Pairs: TypeAlias = list[tuple[Any, Any, str]] | None

# Of two values of one of these types, ``==`` says whether they are the same.
_PLAIN = frozenset(map(id, (str, int, bytes)))


def _pairs(parts: Sequence[Any], others: Sequence[Any], path: str) -> Pairs:
    return [(*pair, path) for pair in zip(parts, others, strict=True)][::-1]


class Comparison:
    """How two values are compared; ``keyed`` finds encoders."""

    def __init__(
        self, split: Splitter, keyed: Callable[[type], object], describe: Describe
    ) -> None:
        self.split, self.keyed, self.describe = split, keyed, describe
        # Pairs with other pairs in them; alive, so that addresses hold.
        self.seen: dict[tuple[int, int], tuple[object, object]] = {}
        self.known: dict[int, list[str]] = {id(tuple): []}  # fields of fixed records

    def difference(self, value: object, other: object) -> str | None:
        """Return None if the values are the same, else the way to what differs."""
        todo = [(value, other, "")]
        while todo:
            one, its, path = todo.pop()
            kind = type(one)
            if one is its or (kind is type(its) and id(kind) in _PLAIN and one == its):
                continue
            try:
                inside = self.inside(one, its, path)
            except Exception:  # noqa: BLE001 - no form, or an encoder that fails
                return path
            if inside is None:
                return path
            todo += inside
        return None

    def inside(self, one: Any, its: Any, path: str) -> Pairs:
        kind = type(one)
        if (scalar := find_scalar(id(kind))) is not None:
            same = kind is type(its) and scalar(one) == scalar(its)
            return [] if same else None
        met = id(one), id(its)
        if met in self.seen:  # shared, or callables led back
            return []
        self.seen[met] = one, its
        if kind is frozenset or (find_row(kind) is None and self.keyed(kind)):
            return [] if self.written(one) == self.written(its) else None
        if kind is not type(its):
            return None
        if (names := self.known.get(id(kind))) is not None:
            fields, its_fields = read_again(one, names), read_again(its, names)
            if fields and its_fields and len(fields) == len(its_fields):
                return _pairs(fields, its_fields, path)
        first, other = self.split(one, kind), self.split(its, kind)
        if first is None or other is None:
            return self.captures(one, its, path)
        fixed = is_fixed(one, kind, first) and is_fixed(its, kind, other)
        if not fixed or first[0] != other[0] or len(first[1]) != len(other[1]):
            return None
        if first[0] == "r":
            self.known[id(kind)] = first[1][2].split(",")
        return _pairs(first[1], other[1], path)

    def written(self, value: object) -> tuple[bytes, list[int]]:
        """Write what is in any order, or has a key."""
        marks: list[int] = []
        return Tree(self.split, "", self.describe, marks=marks).encode(value), marks

    def captures(self, one: Any, its: Any, path: str) -> Pairs:
        first = self.describe and callable(one) and self.describe(one)
        other = self.describe and callable(its) and self.describe(its)
        if not first or not other or first[0] != other[0]:
            return None
        parts, its_parts = first[1], other[1]
        if [part[:-1] for part in parts] != [part[:-1] for part in its_parts]:
            return None
        pairs = [
            (mark_of(mark), mark_of(its_mark), f"{path} -> {name}")
            for (name, mark), (_, its_mark) in zip(first[2], other[2], strict=True)
        ] + [
            (part[-1], its_part[-1], f"{path} -> {part[-2]}")
            for part, its_part in zip(parts, its_parts, strict=True)
        ]
        return pairs[::-1]
