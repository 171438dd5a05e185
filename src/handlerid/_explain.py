"""Explain an id: every part that was hashed, and in which parts two ids differ.

1. The parts show what was hashed, and the Python that a fingerprint belongs to. For the
   source fingerprint they show the text, and a hash of the syntax tree, which has no
   comments and no layout. Captures that are not in the id are shown, not compared.
2. Equal ids have no difference, even if lines differ; different ids always have one.
3. Constants and names of the code are shown: they are in the source. Of bound arguments
   and of captures in the id, only type and digest are shown. The digest is keyed like
   the id.
4. No ``repr`` of an unknown object is called, and no address is shown.
"""
# Annotations are evaluated: `typing.get_type_hints` has to work on public classes.

import dis
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from functools import partial
from hashlib import blake2b
from inspect import getsource
from textwrap import dedent
from types import CodeType, EllipsisType, FunctionType, NoneType
from typing import Any, Self, overload

from handlerid._bytecode import FUTURES, encode_code
from handlerid._captures import Unset
from handlerid._identity import DEFAULT, HandlerId, Identity, take_apart
from handlerid._peek import name_of_class
from handlerid.errors import UnsupportedHandler
from handlerid.events import Event

__all__ = ["Difference", "Explanation", "explain"]

_LITERALS = (str, bytes, int, float, complex, bool, NoneType, EllipsisType)
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_NEGATED = {"CONTAINS_OP": ("in", "not in"), "IS_OP": ("is", "is not")}
_LABEL = re.compile(r"^(  (?:\w+ to )?)L\d+(:?)$|^  try L.*")
_WIDEST = 60  # characters of a constant that are shown; a digest replaces the rest


@dataclass(frozen=True)
class Explanation:
    """The parts of one id. ``str()`` shows them.

    Attributes:
        id: the id.
        parts: what was hashed, as lines by part: ``location``, ``fingerprint``,
            ``code`` and a part for each code object nested in it, ``wrapper 1`` and so
            on for its wrappers, ``bound arguments``, ``captures`` if they are in the
            id, ``event``.
        captures: captures that are not in the id, as lines.
        sources: the lines of ``code`` and wrappers, below a comment with name, file and
            line, if bytecode is hashed and the file holds the source of what runs.
    """

    __module__ = "handlerid"

    id: HandlerId
    parts: Mapping[str, tuple[str, ...]]
    captures: tuple[str, ...]
    sources: Mapping[str, tuple[str, ...]]

    def as_dict(self) -> dict[str, Any]:
        """Return a dict for JSON; ``from_dict`` reads it."""
        return {**asdict(self), "id": str(self.id)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the result of ``as_dict``, also of another process."""
        parts = {name: tuple(lines) for name, lines in data["parts"].items()}
        sources = {name: tuple(lines) for name, lines in data["sources"].items()}
        return cls(HandlerId(data["id"]), parts, tuple(data["captures"]), sources)

    def __str__(self) -> str:
        beside = {"captures, not in the id": self.captures} if self.captures else {}
        return "\n".join([str(self.id), *_indented({**self.parts, **beside})])


@dataclass(frozen=True)
class Difference:
    """The parts in which two ids differ; false if the ids are equal.

    Attributes:
        ids: the two ids.
        parts: the parts that differ, each with the lines that only the first id has,
            marked ``-``, and those that only the second has, marked ``+``. Of code, the
            lines of the sources, if they differ or one is added, else of the bytecode.
    """

    __module__ = "handlerid"

    ids: tuple[HandlerId, HandlerId]
    parts: Mapping[str, tuple[str, ...]]

    @classmethod
    def between(cls, one: Explanation, other: Explanation) -> Self:
        """Compare two explanations, also of two processes."""
        parts: dict[str, tuple[str, ...]] = {}
        names = dict.fromkeys([*one.parts, *other.parts]) if one.id != other.id else ()
        for name in names:
            lines, others = one.parts.get(name, ()), other.parts.get(name, ())
            same = name == "fingerprint" and one.id.fingerprint == other.id.fingerprint
            if lines != others and not same:
                part = name.partition(" > ")[0]
                a, b = one.sources.get(part), other.sources.get(part)
                if a and b and a[-1] != b[-1] and a[1:-1] != b[1:-1]:
                    parts[part] = _changed(a[1:], b[1:])
                elif (a or b) and (part in one.parts) != (part in other.parts):
                    parts[part] = _changed(a or (), b or ())  # a decorator
                else:
                    parts[name] = _changed(lines, others)
        if "location" not in parts and one.id.location != other.id.location:
            parts["keys"] = ("the identities have different keys",)
        return cls((one.id, other.id), parts)

    def __bool__(self) -> bool:
        return str(self.ids[0]) != str(self.ids[1])

    def __str__(self) -> str:
        first, second = self.ids
        if not self:
            return f"{first}\nis the id of both"
        return "\n".join([f"- {first}", f"+ {second}", *_indented(self.parts)])


@overload
def explain(
    fn: Callable[..., object],
    *,
    identity: Identity | None = None,
    event: type[Event] | str | None = None,
    captures: bool = False,
) -> Explanation: ...
@overload
def explain(
    fn: Callable[..., object],
    other: Callable[..., object],
    *,
    identity: Identity | None = None,
    event: type[Event] | str | None = None,
    captures: bool = False,
) -> Difference: ...
def explain(
    fn: Callable[..., object],
    other: Callable[..., object] | None = None,
    *,
    identity: Identity | None = None,
    event: type[Event] | str | None = None,
    captures: bool = False,
) -> Explanation | Difference:
    """Explain the id of a handler, or the difference between two ids.

    Print the result, or use ``as_dict()``. Constants of the code are shown; of bound
    arguments and captured values, only type and digest. Without keys, a guess of the
    value can be confirmed with its digest: keep explanations where you keep the source.

    Args:
        fn: a handler.
        other: a second handler; with it, the difference is returned.
        identity: computes the ids; by default like ``handlerid.handler_id``.
        event: the event type that the handlers are registered for, or its wire name.
        captures: whether captures are part of the ids, as in a registry with
            ``captures="distinct"`` or ``"carry"``.

    Raises:
        UnsupportedHandler: one of them cannot have an id.
        UnstableCapture: a value that is part of the id has no canonical form.
    """
    if other is not None:
        both = partial(explain, identity=identity, event=event, captures=captures)
        return Difference.between(both(fn), both(other))
    identity = identity or DEFAULT
    handler_id = identity.handler_id(fn, event, captures=captures)
    anatomy = take_apart(fn)
    python = "every Python"
    if identity.fingerprint == "bytecode":
        level = sys.flags.optimize
        python = f"{sys.implementation.name} {sys.version.split()[0]}"
        python += f" with -{'O' * level}" if level else ""
    parts: dict[str, tuple[str, ...]] = {
        "location": (f"module {handler_id.module}", f"name {handler_id.qualname}"),
        "fingerprint": (f"of the {identity.fingerprint}", f"belongs to {python}"),
    }
    sources: dict[str, tuple[str, ...]] = {}
    # Innermost first: a function keeps the name of its part if a wrapper is added.
    for number, layer in enumerate(reversed(anatomy.layers)):
        part = f"wrapper {number}" if number else "code"
        if isinstance(layer, str):
            parts[part] = (layer,)
        elif identity.fingerprint == "source":
            parts[part] = _source(layer)
        else:
            parts.update(_code_parts(part, layer.__code__))
            with suppress(UnsupportedHandler):
                code = layer.__code__
                where = f"{code.co_qualname}, {code.co_filename}:{code.co_firstlineno}"
                sources[part] = (f"# {where}", *_source(layer))
    several = len(anatomy.layers) > 1
    carried = [
        (f"layer {layer}, {name}" if several else name, value)
        for layer, name, value in anatomy.captures
    ]
    beside = () if captures else tuple(f"{name}: {_type(v)}" for name, v in carried)
    bound = [(name, value) for _, name, value in anatomy.bound]
    hashed = {"bound arguments": bound, "captures": carried if captures else ()}
    for part, values in hashed.items():
        # A value's digest: the captures part of an id with nothing but this value.
        digests = ((n, v, identity.handler_id(partial(_probe, v))) for n, v in values)
        lines = tuple(f"{n}: {_type(v)} {one.captures}" for n, v, one in digests)
        parts.update({part: lines} if lines else {})
    if handler_id.event:
        parts["event"] = (handler_id.event,)
    return Explanation(handler_id, parts, beside, sources)


explain.__module__ = "handlerid"


def _source(fn: FunctionType) -> tuple[str, ...]:
    """Return the lines of a function's source, and a hash of what counts of it."""
    # Imported here: few processes explain, and most hash bytecode.
    from handlerid._source import digest_source  # noqa: PLC0415

    digest, lines = _digest(digest_source(fn)), [""]
    with suppress(OSError):  # inspect does not find what is in a zip
        lines = dedent(getsource(fn.__code__)).rstrip().split("\n")
    return (*lines, f"hash: {digest}")


def _type(value: object) -> str:
    """Return the name of a value's type without running its code."""
    name = "not set yet" if value is Unset else name_of_class(type(value))
    return name.removeprefix("builtins.")


def _probe(value: object) -> None: ...


def _changed(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """Return the lines that differ; of hashes, only if nothing else does."""
    # Labels are numbered: those below a change differ, too.
    bare = [[_LABEL.sub(r"\1L\2", one) for one in lines] for lines in (first, second)]
    if bare[0] == bare[1]:
        bare = [[*first], [*second]]
    matcher = SequenceMatcher(None, bare[0], bare[1], autojunk=False)
    lines: list[str] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            lines += [f"- {line}" for line in first[a:b]]
            lines += [f"+ {line}" for line in second[c:d]]
    return tuple([x for x in lines if x[2:7] != "hash:"] or lines)


def _indented(parts: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for name, lines in parts.items():
        yield name
        yield from (f"    {line}" for line in lines)


# Bytecode in lines.


def _code_parts(name: str, code: CodeType) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Show a code object, then those nested in it."""
    yield name, tuple(_code_lines(code))
    seen: list[str] = []
    for nested in [const for const in code.co_consts if isinstance(const, CodeType)]:
        seen.append(nested.co_name)
        number = seen.count(nested.co_name)
        which = f" ({number})" if number > 1 else ""
        yield from _code_parts(f"{name} > {nested.co_name}{which}", nested)


def _code_lines(code: CodeType) -> Iterator[str]:
    yield f"name: {code.co_name}"
    yield (
        f"arguments: {code.co_argcount}, {code.co_posonlyargcount} positional-only, "
        f"{code.co_kwonlyargcount} keyword-only"
    )
    yield f"flags: {dis.pretty_flags(code.co_flags & ~FUTURES)}"
    yield from _instructions(code)
    for field in ("names", "varnames", "freevars", "cellvars"):
        yield f"{field}: {', '.join(getattr(code, f'co_{field}')) or '-'}"
    # The lines do not show everything that is hashed; this hash does.
    own = [(..., x.co_name) if type(x) is CodeType else x for x in code.co_consts]
    yield f"hash: {_digest(encode_code(code.replace(co_consts=tuple(own))))}"


def _instructions(code: CodeType) -> Iterator[str]:
    yield "instructions:"
    others = dict(enumerate(code.co_consts))
    # dis takes the repr of every constant, which fails for an int of many digits.
    body = dis.Bytecode(code.replace(co_consts=(None,) * len(code.co_consts)))
    tries = [(x.start, x.end, x.target) for x in body.exception_entries]  # type: ignore[attr-defined]
    jumps = [one.argval for one in body if one.opcode in _JUMPS]
    targets = sorted({*jumps}.union(*tries))
    label = {target: f"L{at}" for at, target in enumerate(targets, 1)}
    for one in body:
        argument = one.argrepr
        if one.offset in label:
            yield f"  {label[one.offset]}:"
        if one.opcode in dis.hasconst:
            argument = _constant(code.co_consts[one.arg or 0])
            others.pop(one.arg or 0, None)
        elif one.opcode in _JUMPS:
            argument = f"to {label[one.argval]}"
        elif one.opname in _NEGATED:
            argument = _NEGATED[one.opname][one.arg or 0]
        elif not argument and one.arg is not None:
            argument = str(one.arg)
        if one.opname != "EXTENDED_ARG":
            yield f"  {one.opname} {argument}".rstrip()
    for start, end, target in tries:
        yield f"  try {label[start]} to {label[end]}, else {label[target]}"
    yield from (f"constant: {_constant(c)}" for c in others.values() if c is not None)


def _constant(value: Any) -> str:
    """Show a constant with its type: ``True`` does not look like ``1``."""
    kind = type(value)
    if isinstance(value, CodeType):
        return f"code of {value.co_name}"
    if kind in (tuple, frozenset):
        items = [_constant(item) for item in value]
        items = sorted(items) if kind is frozenset else items
        return f"{kind.__name__} ({', '.join(items)})"
    if kind not in _LITERALS:  # a slice, or made by hand
        return kind.__name__
    # Decimal digits of an int are limited.
    text = hex(value) if kind is int and abs(value) >> 64 else repr(value)
    if len(text) > _WIDEST:
        text = f"{text[:_WIDEST]}... {_digest(text.encode('utf-8', 'surrogatepass'))}"
    return text if value is None or value is ... else f"{kind.__name__} {text}"


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()
