"""Code objects as canonical bytes, for one release of Python.

1. Hashed is what the code does: name, kinds of arguments, flags, bytecode, exception
   table, constants, names. File, lines, columns and qualified name are not, nor are the
   flags of ``__future__``.
2. A code object is a list; a slice (a constant since 3.14) is a dict. The compiler
   makes no constant of either type, so two different constants never look alike.
3. ``marshal`` writes the result, in version 0: it keeps ``1``, ``True`` and ``1.0``
   apart, and ``0.0`` and ``-0.0``; it sorts frozensets; it writes any NaN as one;
   and it ignores interning and reference counts.
4. ``co_code`` does not show specialisation and instrumentation. Python keeps a copy of
   it once it was read. Python 3.11 shows the same bytecode without a copy, until it
   specialises it; then RESUME, the first or second instruction, has another opcode.
"""

from __future__ import annotations

import dis
import marshal
import re
import sys
from contextlib import suppress
from operator import attrgetter
from types import CodeType
from typing import Any

OPTIMIZED = 0x01  # the flag that functions have and class bodies do not
FUTURES = 0x1FE0000  # all flags of __future__

_UNCOPIED = sys.version_info < (3, 12)  # rule 4
_RESUME = dis.opmap["RESUME"]
_fields = attrgetter(
    *("co_name", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags"),
    *("_co_code_adaptive" if _UNCOPIED else "co_code", "co_exceptiontable"),
    *("co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars"),
)
_NAME, _FLAGS, _BYTECODE, _CONSTANTS, _NAMES = 0, 4, 5, 7, 8


def nested(code: CodeType) -> list[CodeType]:
    """Return a code object and all that it contains, at any depth."""
    found = [code]
    for one in found:
        found += [const for const in one.co_consts if type(const) is CodeType]
    return found


def class_of(qualname: str) -> str:
    """Return the class whose private names a function may use, or ``""``."""
    return "".join(re.findall(r"([^.<>]+)\.(?!<locals>)", qualname)[-1:])


def encode_code(code: CodeType) -> bytes:
    """Return the canonical bytes of a code object.

    Raises:
        ValueError: a constant that the compiler does not make: an object, or one nested
            too deep.
    """
    form = _form(code)
    try:
        with suppress(ValueError):
            return marshal.dumps(form, 0)
        return marshal.dumps(_spelled_out(form), 0)
    except (ValueError, RecursionError):
        raise ValueError(
            f"the code of {code.co_qualname} holds a constant that Python's compiler "
            "does not make; define the function in Python source"
        ) from None


def renamed(code: CodeType, before: str, after: str) -> CodeType:
    """Return the code of a function as if it had another qualified name.

    Its class is in private names, such as ``__total``; its own name is in the qualified
    names that classes inside it store.
    """
    private, other = _private_prefix(before), _private_prefix(after)

    def rename(name: str) -> str:
        if name.startswith(private) and not name.endswith("__"):
            return other + name.removeprefix(private)
        return name

    def replace(code: CodeType) -> CodeType:
        consts = list(code.co_consts)
        for at, value in enumerate(consts):
            if type(value) is CodeType:
                consts[at] = replace(value)
            elif type(value) is tuple and set(map(type, value)) == {str}:
                consts[at] = tuple(map(rename, value))  # of keyword arguments
            elif value == code.co_qualname and not code.co_flags & OPTIMIZED:
                consts[at] = after + value.removeprefix(before)
        fields = ("co_names", "co_varnames", "co_freevars", "co_cellvars")
        names = {one: tuple(map(rename, getattr(code, one))) for one in fields}
        return code.replace(**names, co_consts=tuple(consts))  # type: ignore[arg-type]

    return replace(code).replace(co_name=after.rpartition(".")[2])


def _private_prefix(qualname: str) -> str:
    """Return how private names begin in a function: ``_Cart__``."""
    kind = class_of(qualname).lstrip("_")
    return f"_{kind}__" if kind else "__"


def _form(code: CodeType) -> list[Any]:
    """Return what is written: 12 fields of a function, 9 of a class body."""
    form = [*_fields(code)]
    form[_FLAGS] &= ~FUTURES
    if _UNCOPIED and _RESUME not in form[_BYTECODE][:4:2]:
        form[_BYTECODE] = code.co_code
    if CodeType in map(type, form[_CONSTANTS]):
        form[_CONSTANTS] = tuple(
            [_form(c) if type(c) is CodeType else c for c in form[_CONSTANTS]]
        )
    if not form[_FLAGS] & OPTIMIZED and "__firstlineno__" in form[_NAMES]:
        return _class_body(code, form)
    return form


def _spelled_out(value: Any) -> Any:
    """Replace slices by dicts (rule 2), at any depth."""
    kind = type(value)
    if kind is slice:
        return {"slice": _spelled_out((value.start, value.stop, value.step))}
    several = kind is tuple or kind is list or kind is frozenset
    return kind(map(_spelled_out, value)) if several else value


def _class_body(code: CodeType, form: list[Any]) -> list[Any]:
    """Return the form of a class body, from Python 3.13 on.

    The compiler stores the line of the class there, as a constant that may be shared or
    as an operand, and the names of attributes, which 3.13.0 lists in the order of the
    hash seed. So instructions are written one by one, with each constant in place of
    its index; the line is left out and the names are sorted.
    """
    # dis makes a text of every constant, which huge integers have a limit for.
    body = dis.Bytecode(code.replace(co_consts=(None,) * len(code.co_consts)))
    instructions = list[dis.Instruction]()
    positions = dict[int, int]()
    for instruction in body:
        positions[instruction.offset] = len(instructions)
        if instruction.opname != "EXTENDED_ARG":
            instructions.append(instruction)
    positions[len(code.co_code)] = len(instructions)
    written: list[tuple[Any, ...]] = []
    for instruction in instructions:
        operand: Any = instruction.arg
        if instruction.opcode in dis.hasconst:
            operand = form[_CONSTANTS][instruction.arg or 0]
        elif instruction.opcode in dis.hasjrel:
            operand = positions[instruction.argval]
        if instruction.opname == "STORE_NAME":
            if instruction.argval == "__firstlineno__":
                written[-1] = ("line",)
            elif instruction.argval == "__static_attributes__":
                written[-1] = ("attributes", *sorted(written[-1][1]))
        written.append((instruction.opname, operand))
    entries: Any = body.exception_entries  # type: ignore[attr-defined]
    exceptions = [(*map(positions.__getitem__, e[:3]), *e[3:]) for e in entries]
    head = ("class body", form[_NAME], form[_FLAGS])
    return [*head, tuple(written), tuple(exceptions), *form[_NAMES:]]
