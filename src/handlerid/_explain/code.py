"""A code object in lines.

What belongs here: showing the form that ``handlerid._canonical.code`` writes. It
follows that form instead of telling it again, so two code objects have the same lines
exactly if they have the same bytes.
"""

from __future__ import annotations

import dis
from collections import Counter
from types import CodeType
from typing import TYPE_CHECKING

from handlerid._canonical.code import BODY_FIELDS, FIELDS, form_of
from handlerid._explain.constants import digest, typed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["code_parts"]

_JUMPS = {*dis.hasjrel, *dis.hasjabs}
_WITH_CONSTANT = {dis.opname[opcode] for opcode in dis.hasconst}


def code_parts(name: str, code: CodeType) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Shows a code object, then those nested in it.

    Args:
        name: what the first part is called.
        code: a function's code.

    Yields:
        A part's name and its lines.
    """
    form = form_of(code)
    fields = FIELDS if len(form) == len(FIELDS) else BODY_FIELDS
    lines: list[str] = []
    for field, value in zip(fields, form, strict=True):
        lines += _field(field, value, code)
    yield name, tuple(lines)
    seen: Counter[str] = Counter()
    for const in code.co_consts:
        if isinstance(const, CodeType):
            seen[const.co_name] += 1
            number = seen[const.co_name]
            which = f" ({number})" if number > 1 else ""
            yield from code_parts(f"{name} > {const.co_name}{which}", const)


def _field(field: str, value: object, code: CodeType) -> Iterator[str]:
    if field == "flags" and isinstance(value, int):
        yield f"{field}: {dis.pretty_flags(value)}"
    elif field in ("bytecode", "exception table") and isinstance(value, bytes):
        # What is shown below the digest follows from the code object; the digest makes
        # sure that nothing is overlooked.
        yield f"{field}: {digest(value) if value else '-'}"
        shown = _instructions if field == "bytecode" else _exceptions
        yield from (f"  {line}" for line in shown(code))
    elif not isinstance(value, tuple):
        yield f"{field}: {value}"
    elif field == "constants":
        yield from (f"constant {i}: {typed(const)}" for i, const in enumerate(value))
    elif field == "instructions":
        yield f"{field}:"
        yield from (f"  {_of_class_body(*written)}" for written in value)
    elif field == "exceptions":
        yield from (f"exception: {typed(entry)}" for entry in value)
    else:  # names
        yield f"{field}: {', '.join(value) or '-'}"


def _instructions(code: CodeType) -> Iterator[str]:
    """The disassembly without positions, and without ``repr`` of nested code."""
    # dis asks each constant for its repr, which fails for an int of many digits.
    blank = code.replace(co_consts=(None,) * len(code.co_consts))
    for instruction in dis.get_instructions(blank):
        argument = instruction.argrepr
        if instruction.opcode in dis.hasconst:
            argument = f"constant {instruction.arg}"
        elif instruction.opcode in _JUMPS:  # some Pythons make up labels
            argument = f"to {instruction.argval}"
        elif not argument and instruction.arg is not None:
            argument = str(instruction.arg)
        yield f"{instruction.opname} {argument}".rstrip()


def _exceptions(code: CodeType) -> Iterator[str]:
    """Where the ``try`` ranges are, in offsets of the bytecode."""
    for entry in dis.Bytecode(code).exception_entries:  # type: ignore[attr-defined]
        yield f"{entry.start} to {entry.end}: {entry.target}, depth {entry.depth}"


def _of_class_body(name: str, *operands: object) -> str:
    """An instruction as the form of a class body has it, or what stands for one."""
    if name in _WITH_CONSTANT:
        return f"{name} {typed(operands[0])}"
    return " ".join([name, *(str(one) for one in operands if one is not None)])
