"""The free variables of a function: who assigns them, and when.

Read from code objects alone: no code of an object runs. The function around is found by
the first part of the qualified name, in the function's globals.
"""

from __future__ import annotations

import dis
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from handlerid._peek import mro, namespace, storage, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WIDTH = 2  # bytes of an instruction
_OPCODES = {name: code for name, code in dis.opmap.items() if code < 1 << 8}
_EXTENDED = _OPCODES["EXTENDED_ARG"]
_ASSIGN = [_OPCODES["STORE_DEREF"], _OPCODES["DELETE_DEREF"]]
_USE = [code for name, code in _OPCODES.items() if name.endswith("DEREF")]
_BACK = [code for name, code in _OPCODES.items() if "JUMP_BACKWARD" in name]
_HANDLERS = ("PUSH_EXC_INFO", "CLEANUP_THROW", "END_ASYNC_FOR")  # how they begin
_HANDLE = [_OPCODES[name] for name in _HANDLERS if name in _OPCODES]
# Since Python 3.12, comprehensions are part of the function around.
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")
_OF_CLASSES = ("__class__", "__classdict__")  # Python fills them, once
_FUNC = dict.fromkeys(map(id, (staticmethod, classmethod, MethodType)), ("__func__",))
_INSIDE = {**_FUNC, id(partial): ("func",), id(property): ("fget", "fset", "fdel")}
_LOOKED_INTO = {id(FunctionType), *_INSIDE}


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
            owner = next((one for one in around if _owns(one, name)), None)
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


def _owns(code: CodeType, name: str) -> bool:
    # Both: since 3.12, that of a comprehension and one of the functions around.
    return name in code.co_cellvars and name not in code.co_freevars


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
    return any(_is_in_loop(code, at) for at in positions)


def _is_in_loop(code: CodeType, at: int) -> bool:
    """Return whether a jump leads back over an instruction."""
    raw = code.co_code
    for opcode in _BACK:
        for end in _find(raw, bytes([opcode]), at):
            after = end + _WIDTH
            if raw[after : after + 1] == b"\0":  # a cache
                after += _WIDTH
            start = after - _WIDTH * _operand(raw, end)
            if start <= at:
                left = _left(code, start, end)
                if not left or (left <= at and _is_in_loop(code, start)):
                    return True
    return False


def _left(code: CodeType, start: int, end: int) -> int:
    """Return the handler that a jump back leaves, for what follows its statement.

    0 for a loop. Since Python 3.12, handlers of exceptions stand at the end of a code.
    """
    raw, nearest, last = code.co_code, start, 0
    numbers = _numbers(code.co_exceptiontable)
    for at, size, handler, _ in zip(*[numbers] * 4, strict=True):
        target = _WIDTH * handler
        if nearest <= target <= end and raw[target] in _HANDLE:
            last = max(last if target == nearest else 0, _WIDTH * (at + size))
            nearest = target
    return nearest if nearest > start >= last else 0


def _numbers(table: bytes) -> Iterator[int]:
    """Yield the numbers of an exception table: six bits a byte."""
    number = 0
    for byte in table:
        number = number << 6 | byte & 63
        if not byte & 64:
            yield number
            number = 0


def _positions(code: CodeType, name: str, opcodes: Sequence[int]) -> list[int]:
    """Return where instructions, of these opcodes, are about a variable."""
    local = code.co_varnames
    every = (*local, *[x for x in code.co_cellvars if x not in local])
    if name in code.co_freevars:
        index = len(every) + code.co_freevars.index(name)
    else:
        index = every.index(name)
    raw = code.co_code
    return [
        at
        for opcode in opcodes
        for at in _find(raw, bytes([opcode, index & 255]), 0)
        if _operand(raw, at) == index
    ]


def _find(raw: bytes, instruction: bytes, start: int) -> Iterator[int]:
    """Yield where an instruction stands."""
    at = raw.find(instruction, start)
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
    todo: list[Any] = [value]
    while todo:
        one = todo.pop()
        kind: type[Any] = type(one)
        if id(one) in seen or issubclass(kind, ModuleType):
            continue
        seen.add(id(one))
        if kind is FunctionType:
            yield one.__code__
            todo.append(getattr(one, "__wrapped__", None))
            todo += _contents(one)
        elif issubclass(kind, type):
            if text(namespace(one).get("__module__")) == names.get("__name__"):
                todo += namespace(one).values()
        else:  # of an object, the functions that it keeps
            for base in mro(kind):
                found = [namespace(base)[x] for x in _INSIDE.get(id(base), ())]
                todo += [descriptor.__get__(one) for descriptor in found]
            kept: list[Any] = list(dict.values(storage(one)))
            todo += [x for x in kept if id(type(x)) in _LOOKED_INTO]


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
