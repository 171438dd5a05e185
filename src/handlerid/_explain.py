"""What went into an id, in words, and what differs between two.

What belongs here: showing the very bytes that were hashed to a reader. It follows the
canonical forms instead of telling them again, so two explanations differ exactly
where the ids do.
"""

from __future__ import annotations

import dis
import sys
from dataclasses import dataclass
from difflib import ndiff
from hashlib import blake2b
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, overload

from handlerid._anatomy import take_apart
from handlerid._canonical.code import BODY_FIELDS, FIELDS, form_of
from handlerid._identity import DEFAULT, Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from handlerid._handler_id import HandlerId

__all__ = ["Difference", "Explanation", "explain"]


@dataclass(frozen=True)
class Explanation:
    """What went into one id.

    Attributes:
        id: the id.
        parts: what was hashed, as lines by part: ``location``, ``fingerprint``, a
            part for each code object, ``bound arguments``, ``event``. Plain data: it
            can be written as JSON and compared in another process.
        captures: what the handler carries besides, as lines; not in the id.
    """

    id: HandlerId
    parts: Mapping[str, tuple[str, ...]]
    captures: tuple[str, ...]

    def __str__(self) -> str:
        captures = self.captures and {"captures, not in the id": self.captures}
        return "\n".join([str(self.id), *_indented({**self.parts, **(captures or {})})])


@dataclass(frozen=True)
class Difference:
    """In what two ids differ; false when they do not.

    Attributes:
        ids: the two ids.
        parts: the parts in which they differ, each with the lines that only the first
            has, marked ``-``, and that only the second has, marked ``+``.
    """

    ids: tuple[str, str]
    parts: Mapping[str, tuple[str, ...]]

    @classmethod
    def between(cls, one: Explanation, other: Explanation) -> Difference:
        """Compares two explanations, which may come from two processes."""
        names = [*one.parts, *(name for name in other.parts if name not in one.parts)]
        pairs = {name: (one.parts.get(name, ()), other.parts.get(name, ())) for name in names}
        return cls(
            (str(one.id), str(other.id)),
            {name: _changed(*pair) for name, pair in pairs.items() if pair[0] != pair[1]},
        )

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __str__(self) -> str:
        first, second = self.ids
        if not self.parts:
            return f"{first}\nis the id of both"
        return "\n".join([f"- {first}", f"+ {second}", *_indented(self.parts)])


@overload
def explain(
    fn: Callable[..., object], *, identity: Identity | None = None
) -> Explanation: ...
@overload
def explain(
    fn: Callable[..., object],
    other: Callable[..., object],
    *,
    identity: Identity | None = None,
) -> Difference: ...
def explain(
    fn: Callable[..., object],
    other: Callable[..., object] | None = None,
    *,
    identity: Identity | None = None,
) -> Explanation | Difference:
    """Tells what went into the id of a handler, or what differs between two.

    ``str()`` of the result is meant for reading. Constants of the code are shown, for
    they are in the source; of bound arguments and captures only names, types and a
    digest are.

    Args:
        fn: a handler.
        other: another one; then the difference is returned.
        identity: whose ids; by default those of ``handlerid.handler_id``.

    Raises:
        UnsupportedHandler: one of them cannot have an id.
        UnstableCapture: a bound argument has no canonical form.
    """
    identity = identity or DEFAULT
    explanation = _explain(fn, identity)
    if other is None:
        return explanation
    return Difference.between(explanation, _explain(other, identity))


def _explain(fn: Callable[..., object], identity: Identity) -> Explanation:
    anatomy = take_apart(fn)
    handler_id = identity.handler_id(fn)
    parts: dict[str, tuple[str, ...]] = {
        "location": (f"module {handler_id.module}", f"name {handler_id.qualname}"),
        "fingerprint": (f"of the bytecode of {_python()}",),
    }
    for number, layer in enumerate(anatomy.layers, 1):
        name = f"layer {number}" if len(anatomy.layers) > 1 else "code"
        if isinstance(layer, FunctionType):
            parts.update(_code_parts(name, layer.__code__, form_of(layer.__code__)))
        else:
            parts[name] = (layer,)
    if anatomy.bound:
        parts["bound arguments"] = tuple(
            f"{where}: {_type(value)} {_digest(identity.encode(value, where))}"
            for where, value in anatomy.bound
        )
    captures = tuple(f"{name}: {_type(value)}" for name, value in anatomy.captures)
    return Explanation(handler_id, parts, captures)


def _code_parts(
    name: str, code: CodeType, form: list[Any]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The parts of a code object, then those of the code objects nested in it."""
    fields = FIELDS if len(form) == len(FIELDS) else BODY_FIELDS
    lines: list[str] = []
    for field, value in zip(fields, form, strict=True):
        if field == "bytecode":
            lines.append(f"{field} {_digest(value)}")
            lines += [f"  {line}" for line in _instructions(code)]
        elif field == "constants":
            lines += [f"constant {i}: {_constant(one)}" for i, one in enumerate(value)]
        elif field == "flags":
            lines.append(f"{field}: {dis.pretty_flags(value)}")
        elif field == "instructions":
            lines += [f"  {' '.join(map(_operand, one))}" for one in value]
        elif field in ("exceptions", "exception table"):
            lines.append(f"{field}: {_constant(value)}")
        elif isinstance(value, tuple):
            lines.append(f"{field}: {', '.join(value)}")
        else:
            lines.append(f"{field}: {value}")
    yield name, tuple(lines)
    nested = [const for const in code.co_consts if isinstance(const, CodeType)]
    for number, const in enumerate(nested, 1):
        place = f"{name} > {const.co_name}"
        if sum(other.co_name == const.co_name for other in nested) > 1:
            place += f" ({number})"
        yield from _code_parts(place, const, form_of(const))


def _instructions(code: CodeType) -> Iterator[str]:
    """The disassembly without positions, and without ``repr`` of nested code."""
    for instruction in dis.get_instructions(code):
        argument = instruction.argrepr
        if instruction.opcode in dis.hasconst:
            argument = f"constant {instruction.arg}"
        yield f"{instruction.opname} {argument}".rstrip()


def _operand(value: object) -> str:
    return value if isinstance(value, str) else _constant(value)


def _constant(value: object) -> str:
    """A constant with its type; ``1`` and ``True`` and ``-0.0`` look different."""
    kind = type(value)
    if isinstance(value, (list, CodeType)):
        return "code, shown below"
    if isinstance(value, (tuple, frozenset)):
        items = [_constant(item) for item in value]
        items = sorted(items) if isinstance(value, frozenset) else items
        return f"{kind.__name__} ({', '.join(items)})"
    if isinstance(value, slice):
        return f"slice {_constant((value.start, value.stop, value.step))}"
    # In hexadecimal, since a decimal conversion has a limit.
    huge = isinstance(value, int) and abs(value) >> 64
    text = hex(value) if isinstance(value, int) and huge else repr(value)
    if len(text) > _WIDEST:
        text = f"{text[:_WIDEST]}... {_digest(text.encode('utf-8', 'surrogatepass'))}"
    return text if value is None or value is ... else f"{kind.__name__} {text}"


_WIDEST = 60
"""Characters of a constant that are shown; a digest stands for the rest."""


def _type(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=4).hexdigest()


def _python() -> str:
    release = ".".join(map(str, sys.version_info[:3]))
    optimised = f" with {'-' + sys.flags.optimize * 'O'}" if sys.flags.optimize else ""
    return f"{sys.implementation.name} {release}{optimised}"


def _changed(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in ndiff(first, second) if line[:2] in ("- ", "+ "))


def _indented(parts: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for name, lines in parts.items():
        yield name
        yield from (f"    {line}" for line in lines)
