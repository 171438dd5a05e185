"""The free variables of a function: who assigns them, and when.

Read from code objects alone: no code of an object runs. The function around is found by
the first part of the qualified name, in the function's globals.
"""

from __future__ import annotations

import dis
from functools import partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from handlerid._peek import find, look_up, mro, namespace, storage, text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_WIDTH = 2  # bytes of an instruction
_OPCODES = {name: code for name, code in dis.opmap.items() if code < 1 << 8}
_ASSIGN = [_OPCODES["STORE_DEREF"], _OPCODES["DELETE_DEREF"]]
_USE = [code for name, code in _OPCODES.items() if name.endswith("DEREF")]
_BACK = [code for name, code in _OPCODES.items() if "JUMP_BACKWARD" in name]
# Since Python 3.12, comprehensions are part of the function around.
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")
_OF_CLASSES = ("__class__", "__classdict__")  # Python fills them, once
_FUNC = dict.fromkeys(map(id, (staticmethod, classmethod, MethodType)), ("__func__",))
_INSIDE = {**_FUNC, id(partial): ("func",), id(property): ("fget", "fset", "fdel")}
_INSIDE[id(FunctionType)] = ()


class FreeVariables:
    """What is known of the free variables of a code object, as indexes of them."""

    __slots__ = ("assigned", "closed", "late", "missing", "shared", "unused")

    assigned: tuple[int, ...]  # by the code, or by code in it
    # By any function around it: each is the same only as a cell. So are all if the
    # function around was not found.
    shared: tuple[int, ...]
    # May change after the function was made: assigned around it in a loop, more than
    # once, or by another function. Code that assigns one knows that itself.
    late: tuple[int, ...]
    unused: tuple[int, ...]  # only annotations name them
    missing: int  # how many globals there were when the function around was not found
    closed: bool  # all of them count, and do not change

    def __init__(
        self,
        code: CodeType,
        names: dict[str, Any],
        unused: Collection[str] | None = None,
    ) -> None:
        free = [*enumerate(code.co_freevars)]
        known = [(at, name) for at, name in free if name not in _OF_CLASSES]
        around = _around(code, names) if known else ()
        self.missing = len(names) if known and not around else 0
        shared, late = list[int](), list[int]()
        for at, name in known:
            # In both: since 3.12, a comprehension's and that of a function around.
            owners = (one for one in around if name in one.co_cellvars)
            owner = next((one for one in owners if name not in one.co_freevars), None)
            if owner is None or any(_does(x, name, _ASSIGN) for x in _in(owner, name)):
                shared.append(at)
            elif _changes(owner, name):
                late.append(at)
        self.assigned = tuple([at for at, name in free if _does(code, name, _ASSIGN)])
        self.shared = tuple(shared)
        self.late = tuple(sorted({*late, *shared}.difference(self.assigned)))
        if unused is None:  # what the source says goes before what the code says
            unused = [name for _, name in known if not _does(code, name, _USE)]
        self.unused = tuple([at for at, name in free if name in unused])
        odd = self.late or self.shared or self.unused
        self.closed = not odd and "__class__" not in code.co_freevars


def _with(code: CodeType, name: str) -> list[CodeType]:
    """Return the code in a code that has its variable."""
    return [x for x in code.co_consts if type(x) is CodeType and name in x.co_freevars]


def _in(code: CodeType, name: str) -> Iterator[CodeType]:
    """Yield the functions in a function that have its variable."""
    for one in _with(code, name):
        yield from _in(one, name) if one.co_name in _COMPREHENSIONS else (one,)


def _does(code: CodeType, name: str, opcodes: Iterable[int]) -> bool:
    """Return whether code does this with a free variable, or code in it."""
    if _positions(code, name, opcodes):
        return True
    inside = [x for x in _with(code, name) if x.co_name != "__annotate__"]
    return any(_does(x, name, opcodes) for x in inside) if inside else False


def _changes(code: CodeType, name: str) -> bool:
    """Return whether a function assigns its variable in a loop, or more than once."""
    positions = _positions(code, name, _ASSIGN)
    parts = [x for x in _with(code, name) if x.co_name in _COMPREHENSIONS]
    return (
        len(positions) + (name in code.co_varnames) > 1  # a parameter
        or any(_is_in_loop(code, at) for at in positions)
        or any(_does(one, name, _ASSIGN) for one in parts)
    )


def _is_in_loop(code: CodeType, at: int) -> bool:
    """Return whether a jump (a cache may follow) leads back over an instruction."""
    # Also out of a handler of exceptions, since 3.12: compared for it, to no effect.
    raw = code.co_code
    for opcode in _BACK:
        for end in _find(raw, bytes([opcode]), at):
            back = _operand(raw, end) - 1 - raw.startswith(b"\0", end + _WIDTH)
            if end - _WIDTH * back <= at:
                return True
    return False


def _positions(code: CodeType, name: str, opcodes: Iterable[int]) -> list[int]:
    """Return where instructions, of these opcodes, are about a variable."""
    raw = code.co_code
    if not any(map(raw.__contains__, opcodes)):  # most assign nothing
        return []
    free = code.co_freevars
    every = [*dict.fromkeys(code.co_varnames + code.co_cellvars)]
    index = len(every) + free.index(name) if name in free else every.index(name)
    present = [bytes([x, index & 255]) for x in opcodes if x in raw]
    found = [at for instruction in present for at in _find(raw, instruction)]
    return [at for at in found if _operand(raw, at) == index]


def _find(raw: bytes, instruction: bytes, start: int = 0) -> Iterator[int]:
    """Yield where an instruction stands."""
    while (at := raw.find(instruction, start)) >= 0:
        if at % _WIDTH == 0:
            yield at
        start = at + 1


def _operand(raw: bytes, at: int) -> int:
    more = at >= _WIDTH and raw[at - _WIDTH] == dis.EXTENDED_ARG
    return raw[at + 1] | (_operand(raw, at - _WIDTH) << 8 if more else 0)


def _around(code: CodeType, names: dict[str, Any]) -> tuple[CodeType, ...]:
    """Return the code that code stands in, the nearest first; empty if not found."""
    first, inside, _ = code.co_qualname.partition(".<locals>.")
    todo = [*names.values(), find(names, first)] if inside else []
    for fn in functions_in(todo, names.get("__name__")):
        outer = fn.__code__
        same = (outer.co_qualname, outer.co_filename) == (first, code.co_filename)
        if same and (path := _path(outer, code)):
            return path
    return ()


def functions_in(
    values: Iterable[object], home: object = None
) -> Iterator[FunctionType]:
    """Yield the functions in values, also wrapped and captured ones; nothing is run.

    The last value comes first. Classes are searched if they belong to the module
    ``home``, and objects for functions that they store.
    """
    todo, seen = [*values], set[int]()
    while todo:
        one: Any = todo.pop()
        kind: type[Any] = type(one)
        if id(one) in seen or issubclass(kind, ModuleType):
            continue
        seen.add(id(one))
        if issubclass(kind, type):
            if home and text(namespace(one).get("__module__")) == home:
                todo += namespace(one).values()
            continue
        stored = storage(one)
        todo.append(dict.get(stored, "__wrapped__"))
        if kind is FunctionType:
            yield one
            todo += [x.cell_contents for x in one.__closure__ or () if x != CellType()]
        else:
            todo.append(look_up(kind, "__call__"))
        for base in mro(kind):
            todo += [namespace(base)[x].__get__(one) for x in _INSIDE.get(id(base), ())]
        todo += [x for x in [*dict.values(stored)] if id(type(x)) in _INSIDE]


def _path(outer: CodeType, code: CodeType) -> tuple[CodeType, ...]:
    inside = [one for one in outer.co_consts if type(one) is CodeType]
    if any(one is code for one in inside):
        return (outer,)
    return next(((*path, outer) for x in inside if (path := _path(x, code))), ())
