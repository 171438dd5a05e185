"""The free variables of a function: who assigns them, and when.

Read from code objects alone: no code of an object runs. The function around is found by
the first part of the qualified name, in the function's globals.
"""

from __future__ import annotations

import dis
import functools
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from handlerid._peek import namespace, storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WIDTH = 2  # bytes of an instruction
_OPCODES = {name: code for name, code in dis.opmap.items() if code < 1 << 8}
_EXTENDED = _OPCODES["EXTENDED_ARG"]
_ASSIGN = [_OPCODES["STORE_DEREF"], _OPCODES["DELETE_DEREF"]]
_USE = [code for name, code in _OPCODES.items() if name.endswith("DEREF")]
_BACK = [code for name, code in _OPCODES.items() if "JUMP_BACKWARD" in name]
# Since Python 3.12, comprehensions are part of the function around.
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")
_OF_CLASSES = ("__class__", "__classdict__")  # Python fills them, once
_FUNC = functools.partial, functools.partialmethod, functools.cached_property
_INSIDE = {
    **dict.fromkeys(map(id, (staticmethod, classmethod, MethodType)), ("__func__",)),
    **dict.fromkeys(map(id, _FUNC), ("func",)),
    id(property): ("fget", "fset", "fdel"),
}


class FreeVariables:
    """What is known of the free variables of a code object, as indexes of them.

    Attributes:
        assigned: by the code, or by code in it.
        shared: by any function around it: each is the same only as a cell. So are all
            if the function around was not found.
        late: may change after the function was made: assigned around it in a loop, more
            than once, or by another function. Code that assigns one knows that itself.
        unused: only annotations name them.
        missing: how many globals there were when the function around was not found.
    """

    __slots__ = ("assigned", "late", "missing", "shared", "unused")

    def __init__(self, code: CodeType, names: dict[str, Any]) -> None:
        free = code.co_freevars
        known = [name for name in free if name not in _OF_CLASSES]
        around = _around(code, names) if known else ()
        self.missing: int = len(names) if known and not around else 0
        own = {name for name in free if _assign(code, name)}
        shared, late = set[str](), set[str]()
        for name in known:
            owner = next((one for one in around if name in one.co_cellvars), None)
            if owner is None or any(_assign(one, name) for one in _in(owner, name)):
                shared.add(name)
            elif _changes(owner, name):
                late.add(name)
        late = (late | shared) - own

        def indexes(found: set[str]) -> tuple[int, ...]:
            return tuple([at for at, name in enumerate(free) if name in found])

        self.assigned: tuple[int, ...] = indexes(own)
        self.shared: tuple[int, ...] = indexes(shared)
        self.late: tuple[int, ...] = indexes(late)
        self.unused: tuple[int, ...] = indexes({x for x in known if not _uses(code, x)})


def _in(code: CodeType, name: str) -> Iterator[CodeType]:
    """Yield the functions in a function that have its variable."""
    for one in code.co_consts:
        if type(one) is CodeType and name in one.co_freevars:
            if one.co_name in _COMPREHENSIONS:
                yield from _in(one, name)
            else:
                yield one


def _assign(code: CodeType, name: str) -> bool:
    """Return whether code, or code in it, assigns a free variable."""
    return bool(_positions(code, name, _ASSIGN)) or any(
        _assign(one, name)
        for one in code.co_consts
        if type(one) is CodeType and name in one.co_freevars
    )


def _uses(code: CodeType, name: str) -> bool:
    """Return whether code, or code in it, does more than annotate with a variable."""
    return bool(_positions(code, name, _USE)) or any(
        _uses(one, name)
        for one in code.co_consts
        if type(one) is CodeType
        and name in one.co_freevars
        and one.co_name != "__annotate__"
    )


def _changes(code: CodeType, name: str) -> bool:
    """Return whether a function assigns its variable in a loop, or more than once."""
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)  # *args, **kwargs
    given = name in code.co_varnames[:count]
    positions = _positions(code, name, _ASSIGN)
    if len(positions) + given > 1 or any(
        one.co_name in _COMPREHENSIONS and _assign(one, name)
        for one in code.co_consts
        if type(one) is CodeType and name in one.co_freevars
    ):
        return True
    raw = code.co_code
    loops = [
        (end - _WIDTH * _operand(raw, end), end)
        for opcode in _BACK
        for end in _find(raw, bytes([opcode]))
    ]
    return any(start < at < end for at in positions for start, end in loops)


def _positions(code: CodeType, name: str, opcodes: Sequence[int]) -> list[int]:
    """Return where instructions, of these opcodes, are about a variable."""
    local = code.co_varnames
    every = (*local, *[x for x in code.co_cellvars if x not in local])
    index = (*every, *code.co_freevars).index(name)
    raw = code.co_code
    return [
        at
        for opcode in opcodes
        for at in _find(raw, bytes([opcode, index & 255]))
        if _operand(raw, at) == index
    ]


def _find(raw: bytes, instruction: bytes) -> Iterator[int]:
    """Yield where an instruction stands."""
    at = raw.find(instruction)
    while at >= 0:
        if at % _WIDTH == 0:
            yield at
        at = raw.find(instruction, at + 1)


def _operand(raw: bytes, at: int) -> int:
    number, shift = raw[at + 1], 8
    while at >= _WIDTH and raw[at - _WIDTH] == _EXTENDED:
        at -= _WIDTH
        number |= raw[at + 1] << shift
        shift += 8
    return number


def _around(code: CodeType, names: dict[str, Any]) -> tuple[CodeType, ...]:
    """Return the code that code stands in, the nearest first; empty if not found."""
    first, inside, _ = code.co_qualname.partition(".<locals>.")
    seen: set[int] = set()
    for value in _candidates(first, names) if inside else ():
        for one in _codes(value, names, seen):
            if one.co_qualname == first and one.co_filename == code.co_filename:
                found = _path(one, code)
                if found:
                    return found
    return ()


def _candidates(qualname: str, names: dict[str, Any]) -> Iterator[Any]:
    held: Any = names
    found: Any = None
    for part in qualname.split("."):
        found = held.get(part)
        held = namespace(found) if issubclass(type(found), type) else {}
    yield found
    yield from list(names.values())


def _codes(value: Any, names: dict[str, Any], seen: set[int]) -> Iterator[CodeType]:
    """Yield the code of all functions that a value holds."""
    todo = [value]
    while todo:
        one = todo.pop()
        kind = type(one)
        if id(one) in seen or issubclass(kind, ModuleType):
            continue
        seen.add(id(one))
        if kind is FunctionType:
            yield one.__code__
            todo.append(getattr(one, "__wrapped__", None))
            todo += _contents(one)
        elif id(kind) in _INSIDE:
            todo += [getattr(one, name) for name in _INSIDE[id(kind)]]
        elif issubclass(kind, type):
            if namespace(one).get("__module__") == names.get("__name__"):
                todo += namespace(one).values()
        else:  # of an object, the functions that it keeps
            kept = list(dict.values(storage(one)))
            todo += [x for x in kept if type(x) is FunctionType]


def _contents(fn: FunctionType) -> Iterator[object]:
    for cell in fn.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue


def _path(outer: CodeType, code: CodeType) -> tuple[CodeType, ...]:
    for one in outer.co_consts:
        if one is code:
            return (outer,)
        if type(one) is CodeType and (found := _path(one, code)):
            return (*found, outer)
    return ()
