"""Functions as the code around them makes them, read from code objects alone.

A nested function has no annotations and no defaults until the function around it runs.
The instructions that make it are followed instead, on a stack of what is known. What
is not understood is None there, so it becomes "unknown", never something wrong.
"""

import dis
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from types import CellType, CodeType, FunctionType
from typing import Any, NamedTuple

from handlerid._bytecode import OPTIMIZED, nested

_NO_FUNCTIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "__annotate__")
_GENERIC = "<generic parameters of "
_OF_CLASSES = ("__class__", "__classdict__")  # Python's own
_NEUTRAL = {
    *("CACHE", "COPY_FREE_VARS", "EXTENDED_ARG", "KW_NAMES", "MAKE_CELL"),
    *("NOP", "NOT_TAKEN", "PRECALL", "RESUME"),
}
# Instructions before the return of a function that does nothing else.
_NOTHING = _NEUTRAL | {"RETURN_GENERATOR", "POP_TOP"}
# Prefixes of instructions that push nothing, unless LOAD is in their names.
_TAKES = ("DELETE_", "END_", "POP_", "STORE_")
# Prefixes of instructions after which the next one does not run.
_LEAVES = ("JUMP_FORWARD", "RAISE", "RERAISE", "RETURN_")
_IN_MAKE_FUNCTION = sys.version_info < (3, 13)  # parts, by the bits of its operand
_CONSTANTS = ("LOAD_COMMON_CONSTANT", "LOAD_CONST", "LOAD_SMALL_INT", "RETURN_CONST")
# The operand of the common constant None, from Python 3.15 on.
_RAW = compile("None", "", "eval").co_code
_NONE = dict(zip(_RAW[::2], _RAW[1::2], strict=True)).get(
    dis.opmap.get("LOAD_COMMON_CONSTANT", -1)
)
_ATTRIBUTE_BITS = int(sys.version_info >= (3, 12))  # the lowest one: of a method call
_OR = 7  # the operand of BINARY_OP
_CLOSURE, _ANNOTATE, _ANNOTATIONS, _BY_NAME, _DEFAULTS = 8, 16, 4, 2, 1
UNKNOWN = "?"
"""The text of an annotation that was not understood; it cannot be evaluated."""
_effect = cache(partial(dis.stack_effect, jump=False))


class _Const(NamedTuple):
    value: Any


class Made:
    """What the code around a function does with it.

    Attributes:
        code: the function's own code.
        annotations: by parameter the text, or ``UNKNOWN``.
        defaults: names of the parameters that have one.
        decorated: whether a decorator is called with it.
    """

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.annotations: dict[str, str] = {}
        self.defaults: tuple[str, ...] = ()
        self.decorated = False

    def set(self, attribute: int, value: Any) -> None:
        """Note a part that is put on the function."""
        code = self.code
        if attribute == _ANNOTATE and isinstance(value, Made):
            value = _Walk(value.code).returned
        if attribute in (_ANNOTATE, _ANNOTATIONS):
            known = _annotations(value)
            names = code.co_varnames[: code.co_argcount]
            self.annotations = dict.fromkeys(names, UNKNOWN) if known is None else known
        elif attribute == _BY_NAME and isinstance(value, dict):
            self.defaults += tuple(value)
        elif attribute == _DEFAULTS:
            values = value.value if isinstance(value, _Const) else value or ()
            first = code.co_argcount - len(values)
            self.defaults = code.co_varnames[first : code.co_argcount] + self.defaults


class FunctionCode:
    """The code of a function; the code around it is read when asked for."""

    def __init__(self, code: CodeType, walk: "Callable[[], _Walk] | None" = None):
        self.code = code
        self._walk = walk

    @property
    def made(self) -> Made:
        """What the code around does with it; nothing, if that is not known."""
        made = self._walk and self._walk().made.get(id(self.code))
        return made or Made(self.code)

    def function(self, names: dict[str, Any]) -> FunctionType:
        """Return a function of the code, with empty cells, in a module with names."""
        cells = tuple([CellType() for _ in self.code.co_freevars])
        return FunctionType(self.code, names, closure=cells)


def functions_in_code(code: CodeType) -> Iterator[FunctionCode]:
    """Yield the functions in code, at any depth, that the author wrote."""
    for one in nested(code):
        walk = cache(partial(_Walk, one))
        for const in one.co_consts:
            if type(const) is CodeType and const.co_flags & OPTIMIZED:
                name = const.co_name
                if name not in _NO_FUNCTIONS and not name.startswith(_GENERIC):
                    yield FunctionCode(const, walk)


def captures_of_code(code: CodeType, defaults: Iterable[str]) -> tuple[str, ...]:
    """Return the names of what a function carries besides its code."""
    return (*(one for one in code.co_freevars if one not in _OF_CLASSES), *defaults)


def defaults_of(fn: FunctionType) -> tuple[str, ...]:
    """Return the names of the parameters of a function that have a default."""
    last = fn.__code__.co_argcount
    first = last - len(fn.__defaults__ or ())
    return (*fn.__code__.co_varnames[first:last], *(fn.__kwdefaults__ or ()))


def is_trivial(code: CodeType) -> bool:
    """Return whether a function does nothing, or returns a constant."""
    constants = 0
    for opcode in code.co_code[::2]:
        name = dis.opname[opcode]
        constants += name in _CONSTANTS
        if name.startswith("RETURN_") and name != "RETURN_GENERATOR":
            return constants == 1
        if name not in _CONSTANTS and name not in _NOTHING:
            return False
    return False


class _Walk:
    """Follows the instructions of a code object, each once, in their order."""

    def __init__(self, code: CodeType) -> None:
        self.made: dict[int, Made] = {}  # by the address of their code
        self.returned: Any = None
        self._code, self._stack = code, list[Any]()
        raw, more, before = code.co_code, 0, ""
        branches = {*dis.findlabels(raw)}  # type: ignore[arg-type] # bytes, it says
        for at in range(0, len(raw), 2):
            if at in branches and self._stack and not before.startswith(_LEAVES):
                self._stack[-1] = None  # it depends on the branch
            opcode, argument = raw[at], raw[at + 1] | more << 8
            more = argument if opcode == dis.EXTENDED_ARG else 0
            name = dis.opname[opcode]
            if opcode:  # caches have 0
                before = name
            if name not in _NEUTRAL:
                self._stack += self._step(name, opcode, argument)

    def _pop(self, count: int = 1) -> list[Any]:
        """Take values off the stack; None for those below what is known."""
        at = max(0, len(self._stack) - count)
        taken = [None] * (count - len(self._stack)) + self._stack[at:]
        del self._stack[at:]
        return taken

    def _step(self, name: str, opcode: int, argument: int) -> list[Any]:  # noqa: C901, PLR0912 - a table
        """Take what an instruction takes, and return what it leaves."""
        names = self._code.co_names
        match name:
            case "LOAD_CONST":
                return [_Const(self._code.co_consts[argument])]
            case "LOAD_SMALL_INT":
                return [_Const(argument)]
            case "LOAD_COMMON_CONSTANT":
                return [_Const(None) if argument == _NONE else None]
            case "LOAD_NAME":
                return [names[argument]]
            case "LOAD_GLOBAL":  # with the bit, it is going to be called
                return [None, None] if argument & 1 else [names[argument >> 1]]
            case "LOAD_FROM_DICT_OR_GLOBALS":
                self._pop()
                return [names[argument]]
            case "LOAD_ATTR":
                (owner,), called = self._pop(), argument & _ATTRIBUTE_BITS
                if called or not isinstance(owner, str):
                    return [None] * (1 + called)
                return [f"{owner}.{names[argument >> _ATTRIBUTE_BITS]}"]
            case "BINARY_OP":
                one, other = map(_text, self._pop(2))
                known = argument == _OR and UNKNOWN not in (one, other)
                return [f"{one} | {other}" if known else None]
            case "BUILD_TUPLE":
                return [self._pop(argument)]
            case "BUILD_CONST_KEY_MAP":
                *values, keys = self._pop(argument + 1)
                return [dict(zip(keys.value, values, strict=True))]
            case "BUILD_MAP":
                return [_pairs(self._pop(2 * argument))]
            case "MAKE_FUNCTION":
                (code,) = self._pop()
                made = self.made[id(code.value)] = Made(code.value)
                for part in (_CLOSURE, _ANNOTATIONS, _BY_NAME, _DEFAULTS):
                    if argument & part and _IN_MAKE_FUNCTION:
                        made.set(part, *self._pop())
                return [made]
            case "SET_FUNCTION_ATTRIBUTE":
                value, made = self._pop(2)
                made.set(argument, value)
                return [made]
            case "CALL":
                called, *_, made = self._pop(argument + 2)
                if argument or not isinstance(made, Made):
                    return [None]
                made.decorated |= called not in ("staticmethod", "classmethod")
                return [made]
            case "RETURN_VALUE":
                (self.returned,) = self._pop()
                return []
            case "JUMP_FORWARD":  # the other branch leaves its value, if this one did
                self._pop()
                return []
        effect = _effect(opcode, argument if opcode >= dis.HAVE_ARGUMENT else None)
        takes = name.startswith(_TAKES) and "LOAD" not in name
        left = effect if effect > 0 else not (takes or name.endswith("_OR_POP"))
        self._pop(left - effect)
        return [None] * left


def _pairs(flat: list[Any]) -> dict[Any, Any] | None:
    """Return the entries of a map whose keys are constants."""
    names = flat[::2]
    if not all(isinstance(one, _Const) for one in names):
        return None
    return dict(zip([one.value for one in names], flat[1::2], strict=True))


def _annotations(value: Any) -> dict[str, str] | None:
    """Return the texts of annotations by parameter; None if they are unknown."""
    if isinstance(value, _Const):  # all are texts
        value = [*map(_Const, value.value)]
    if isinstance(value, list):
        value = _pairs(value)
    if not isinstance(value, dict):
        return None
    found = {name: _text(one) for name, one in value.items()}
    found.pop("return", None)
    return found


def _text(value: Any) -> str:
    """Return an annotation as the author may have written it."""
    if isinstance(value, _Const):
        value = "None" if value.value is None else value.value
    return value if type(value) is str else UNKNOWN
