"""Whether two values are the same, without writing what they hold.

They are if their bytes and their marks are (``tree``). This compares them in pairs and
stops at the first that differs: an object that may change is the same as itself alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from handlerid._values.table import find_scalar
from handlerid._values.tree import Tree, is_fixed

if TYPE_CHECKING:
    from handlerid._values.tree import Describe, Splitter

    # Pairs of parts with the way to them, or the way to what differs.
    Pairs: TypeAlias = list[tuple[Any, Any, str]] | str

# Of two values of one of these types, ``==`` says whether they are the same.
_PLAIN = frozenset(map(id, (str, int, bytes, bool, type(None))))


def difference(
    split: Splitter, describe: Describe, value: object, other: object
) -> str | None:
    """Return None if two values are the same, else the way to what differs.

    That is through the variables of captured functions: ``" -> conn"``.
    """
    todo: list[tuple[Any, Any, str]] = [(value, other, "")]
    seen: set[tuple[int, int]] = set()
    while todo:
        one, its, path = todo.pop()
        kind = type(one)
        pairs: Pairs = []
        if one is its or (id(one), id(its)) in seen:
            continue
        if kind is not type(its):
            return path
        if kind is tuple:
            pairs = _members(one, its, path)
        elif (scalar := find_scalar(id(kind))) is not None:
            pairs = [] if scalar(one) == scalar(its) else path
        else:
            seen.add((id(one), id(its)))  # callables may lead back
            try:
                pairs = _parts(split, describe, one, its, path)
            except Exception:  # noqa: BLE001 - no form, or an encoder that fails
                return path
        if isinstance(pairs, str):
            return pairs
        todo += pairs
    return None


def _members(one: Any, its: Any, path: str) -> Pairs:
    pairs = []
    for a, b in zip(one, its, strict=False):
        if type(a) is not type(b) or id(type(a)) not in _PLAIN:
            pairs.append((a, b, path))
        elif a != b:
            return path
    return pairs if len(one) == len(its) else path


def _parts(split: Splitter, describe: Describe, one: Any, its: Any, path: str) -> Pairs:
    kind = type(one)
    first, other = split(one, kind), split(its, kind)
    if first is None or other is None:
        return _captures(one, its, path, describe)
    (tag, parts), (its_tag, its_parts) = first, other
    if tag == "x":  # keys are the same if their bytes are
        one, its = [Tree(split, "").encode(key) for key in (parts[2], its_parts[2])]
        return [] if parts[2] is not None and one == its else path
    if tag == "Z":  # in any order
        marks: list[list[object]] = [[], []]
        one = Tree(split, "", describe, marks=marks[0]).encode(one)
        its = Tree(split, "", describe, marks=marks[1]).encode(its)
        ids = [[*map(id, its_marks)] for its_marks in marks]
        return [] if one == its and ids[0] == ids[1] else path
    fixed = is_fixed(one, kind, tag) and is_fixed(its, kind, its_tag)
    if not fixed or tag != its_tag or len(parts) != len(its_parts):
        return path
    return [(*pair, path) for pair in zip(parts, its_parts, strict=True)]


def _captures(one: Any, its: Any, path: str, describe: Describe) -> Pairs:
    first = describe and callable(one) and describe(one)
    other = describe and callable(its) and describe(its)
    if not first or not other or first[0] != other[0]:
        return path
    parts, its_parts = first[1], other[1]
    if [part[:-1] for part in parts] != [part[:-1] for part in its_parts]:
        return path
    for (name, mark), (_, its_mark) in zip(first[2], other[2], strict=True):
        if mark is not its_mark:
            return f"{path} -> {name}"
    return [
        (part[-1], its_part[-1], f"{path} -> {part[-2]}")
        for part, its_part in zip(parts, its_parts, strict=True)
    ]
