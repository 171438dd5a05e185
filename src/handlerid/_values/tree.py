"""A value as a tree, for ids: contents and types, and shared parts each time.

1. An object that is shared is walked and hashed once. A stack of its own bounds the
   depth, not Python's.
2. A part met inside itself by way of a callable is written as a number: how many parts
   were begun since. So is, from the second time on, a part that leads back to one that
   is not closed yet. Whatever else contains itself is refused.
3. A function that its module holds under its name is what describes it, and nothing
   that it captured.
4. Members of sets and dicts are numbered as if each stood alone, so their order makes
   no difference.
"""

from __future__ import annotations

from hashlib import blake2b
from operator import add
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast

from handlerid._peek import is_held, look_up, mro, name_of_class, text
from handlerid._values.table import Refused, find_row, find_scalar
from handlerid.errors import UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Describe: TypeAlias = Callable[[Any], "tuple[str, Sequence[Any]] | None"]
    Split: TypeAlias = tuple[str, Sequence[Any]]

_LONGEST = 256
"""Bytes of a form inside another; a longer one is replaced by its digest."""

_DEEPEST = 20_000
"""Levels of a tree. Only an encoder that never ends, or an attack, nests deeper."""

_MOST = 200_000
"""Parts of a tree after one that leads back to itself: about a second."""

_SHOWN = 8
"""Steps of a path that an error shows from either end."""


def refuse(value: object, kind: type) -> NoReturn:
    """Refuse a value of an unknown type."""
    if look_up(kind, "__dataclass_fields__") is not None:
        raise Refused("is not a dataclass itself, only a base of it is")
    for base in mro(kind)[1:]:
        if find_row(base) or find_scalar(id(base)):
            raise Refused(f"is more than the {name_of_class(base)} it derives from")
    raise Refused(
        "is a callable without an identity"
        if callable(value)
        else "has no canonical form"
    )


def step(tag: str, parts: Sequence[Any], index: int) -> str:
    """Return what an error calls the way to a part."""
    if tag == "r":
        return f".{['', '', '', *parts[2].split(',')][index]}"
    if tag == "d":
        return "[value]" if index % 2 else "[key]"
    if tag in "xh":  # what an encoder or describe returned
        return ""
    return "[item]" if tag in "SZ" else f"[{index}]"


def type_name_of(value: object) -> str:
    """Return the full name of a class, or of the class of an object."""
    is_class = issubclass(type(value), type)
    return name_of_class(cast("type", value) if is_class else type(value))


def _is_held(fn: object) -> bool:
    """Return whether a function is what its module has under its name."""
    if type(fn) is not FunctionType:
        return False
    return is_held(fn, text(fn.__module__), fn.__qualname__, unknown=False)


class _Node:
    """A part of a tree that is being written.

    Attributes:
        number: its number.
        lowest: the lowest number that its form refers to.
        forms: the forms of its parts, as far as they are written.
    """

    __slots__ = ("forms", "lowest", "number", "parts", "tag", "value")

    def __init__(self, value: object, split: Split, number: int) -> None:
        self.value, (self.tag, self.parts) = value, split
        self.number = self.lowest = number
        self.forms: list[bytes] = []


class Tree:
    """One value on its way to the bytes of an id."""

    def __init__(
        self,
        split: Callable[[Any, type], Split | None],
        where: str,
        describe: Describe | None,
        omitted: list[str] | None,
    ) -> None:
        self.split, self.where = split, where
        self.describe, self.omitted = describe, omitted
        self.open: list[_Node] = []
        # What has a number: open parts, and those that lead back to one. The list and
        # the digests keep objects alive, so that no address is used again.
        self.begun: list[object] = []
        self.numbers: dict[int, int] = {}
        self.digests: dict[int, tuple[object, bytes]] = {}
        self.active: set[int] = set()
        self.callables: list[int] = []  # numbers of those that are open
        self.left: int | None = None  # parts that may follow, once one leads back

    def encode(self, value: object) -> bytes:
        form = self.form(value)
        while True:
            if isinstance(form, _Node):
                self.open.append(form)
            elif self.open:
                self.open[-1].forms.append(form)
            else:
                return form
            node = self.open[-1]
            if len(node.forms) < len(node.parts):
                form = self.form(node.parts[len(node.forms)])
            else:
                form = self.close()

    def form(self, value: object) -> bytes | _Node:
        try:
            return self.begin(value)
        except Refused as refusal:
            error = self.unstable(value, str(refusal))
        if self.omitted is None:
            raise error
        self.omitted.append(error.where)
        return b"?"

    def begin(self, value: object) -> bytes | _Node:
        address, kind = id(value), type(value)
        if address in self.digests:
            return self.digests[address][1]
        if (scalar := find_scalar(id(kind))) is not None:
            return self.shorten(value, scalar(value), keep=True)
        if address in self.numbers:
            return self.again(address)
        if len(self.open) >= _DEEPEST:
            raise Refused(f"is nested more than {_DEEPEST} levels deep")
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Refused("refers to itself by way of too many callables")
        number, split = len(self.begun), self.split(value, kind)
        if split is None:
            found = self.describe(value) if self.describe and callable(value) else None
            if found is None:
                refuse(value, kind)
            split = "h", [found[0], *(() if _is_held(value) else found[1])]
            self.callables.append(number)
        self.active.add(address)
        self.numbers[address] = number
        self.begun.append(value)
        return _Node(value, split, number)

    def again(self, address: int) -> bytes:
        number = self.numbers[address]
        if address in self.active and number > max(self.callables, default=-1):
            raise Refused("refers to itself")
        self.open[-1].lowest = min(self.open[-1].lowest, number)
        if self.left is None:
            self.left = _MOST
        return b"^%x;" % (len(self.begun) - number)

    def close(self) -> bytes:
        node = self.open.pop()
        self.active.remove(id(node.value))
        if node.tag == "h":
            self.callables.pop()
        forms = node.forms
        if node.tag == "d":
            forms = list(map(add, forms[::2], forms[1::2]))
        if node.tag in "SZd":
            forms.sort()
        form = b"%b%d:%b" % (node.tag.encode(), len(node.parts), b"".join(forms))
        if not self.open:
            return form
        above, complete = self.open[-1], node.lowest == node.number
        above.lowest = min(above.lowest, node.lowest)
        if complete or above.tag in "SZd":
            for one in self.begun[node.number :]:
                del self.numbers[id(one)]
            del self.begun[node.number :]
        return self.shorten(node.value, form, keep=complete)

    def shorten(self, value: object, form: bytes, *, keep: bool) -> bytes:
        if len(form) <= _LONGEST or not self.open:
            return form
        short = b"#" + blake2b(form, digest_size=32).digest()
        if keep:
            self.digests[id(value)] = value, short
        return short

    def unstable(self, value: object, reason: str) -> UnstableCapture:
        steps, inside = [], ""
        for node in self.open:
            name = f" -> {node.parts[-2]}" if inside == "h" else ""
            steps.append(name or step(node.tag, node.parts, len(node.forms)))
            inside = node.tag
        if len(steps) > 2 * _SHOWN:
            steps = [*steps[:_SHOWN], "...", *steps[-_SHOWN:]]
        where, name = self.where + "".join(steps), type_name_of(value)
        return UnstableCapture(
            f"{where} cannot be part of an id: {name} {reason}. Pass a key instead and "
            "look the object up in the handler, use a supported type, or register an "
            "encoder for this type: Identity(encoders={Type: function}).",
            where=where,
            type_name=name,
        )
