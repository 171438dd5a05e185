"""What is known of a value without running the code: where it comes from.

1. Two values with one key are the same, as far as the source shows. What is made anew
   (a list, an object, a variable that functions assign) has a key for each place, and
   for each call of the function around it.
2. A value has the loops that make it another one each time around. A loop is a node in
   one call of the function that it stands in.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from handlerid.check.scopes import Loop, Scope, last_name

Loops: TypeAlias = frozenset[tuple[int, Loop]]
NONE: Loops = frozenset()

_MAKES_OBJECT = {"list", "dict", "set", "bytearray", "object", "deque", "defaultdict"}
# Another one each time.
_MAKES_OBJECT |= {"next", "pop", "popleft"}
# Of Flet and Solara: state, of which each component has its own.
_MAKES_OBJECT |= {"reactive", "use_state", "use_reactive", "use_reducer", "use_ref"}


class Captured(NamedTuple):
    """What a function captured under a name."""

    value: Value
    late: Loops = NONE  # they change the variable after the function was made


class Closure(NamedTuple):
    """A function and what it captured."""

    scope: Scope
    frame: Frame  # of the function that it is defined in
    captures: dict[str, Captured]
    wrapped: Value | None = None  # what functools.wraps names
    is_bound: bool = False  # to the object that its ``self`` is


class Value(NamedTuple):
    """What is known of a value.

    Attributes:
        key: equal for values that are the same.
        loops: those that make it another value.
        closure: the function that it is.
        scope: the class or module that it is.
        instance: the class of the object that it is.
        is_part: whether it is what ``scope.part(key)`` returned.
    """

    key: int
    loops: Loops = NONE
    closure: Closure | None = None
    scope: Scope | None = None
    instance: Scope | None = None
    is_part: bool = False

    @property
    def late(self) -> Loops:
        """The loops that change what it captured, if it is a function."""
        captures = self.closure.captures.values() if self.closure else ()
        return NONE.union(*(one.late for one in captures))


@dataclass(eq=False)
class Frame:
    """One call of a function: its arguments, and the loops that it is called in."""

    key: int
    scope: Scope
    outer: Frame | None
    loops: Loops = NONE
    depth: int = 0
    arguments: dict[str, Value] = field(default_factory=dict)
    rest: Value | None = None  # of what *args or **kwargs gave
    # None while a value is looked for.
    locals: dict[tuple[Scope, str], Value | None] = field(default_factory=dict)

    def of(self, scope: Scope) -> Frame:
        """Return the frame of the runner of a scope around."""
        frame: Frame | None = self
        while frame is not None and frame.scope is not scope.runner:
            frame = frame.outer
        return frame or self

    def loops_at(self, loops: tuple[Loop, ...]) -> Loops:
        """Return the loops around a place in this call."""
        return self.loops.union((self.key, loop) for loop in loops)


def method_of(cls: Scope, name: str) -> Scope | None:
    """Return the method of a class, or of its bases in the module."""
    seen: list[Scope] = []
    while cls not in seen:
        seen.append(cls)
        for binding in cls.bindings.get(name, ()):
            scope = binding.scope
            # Decorated, it is a property or a static method.
            is_plain = binding.kind == "def" and scope and not scope.decorators
            return scope if is_plain else None
        for base in getattr(cls.node, "bases", ()):
            for binding in cls.module.bindings.get(last_name(base), ()):
                if binding.kind == "class" and binding.scope is not None:
                    cls = binding.scope
    return None


def makes_object(func: ast.expr) -> bool:
    """Return whether a call makes a new object, by the name of what is called."""
    name = last_name(func)
    if (name[:1].isupper() and not name.isupper()) or name in _MAKES_OBJECT:
        return True
    # NiceGUI's elements.
    return isinstance(func, ast.Attribute) and getattr(func.value, "id", "") == "ui"
