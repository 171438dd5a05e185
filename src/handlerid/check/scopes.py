"""A module's scopes: what each name is bound to, and which calls and offers run when.

1. A *scope* resolves names: module, class, function, lambda or comprehension.
2. A *runner* is a scope whose body runs by itself: a module, or a function when it is
   called. Classes and comprehensions belong to the runner that they stand in.
3. Bindings, calls and offers keep the loops and branches of their runner around them. A
   block that ends in ``break`` or ``return`` runs once, so it is in no loop.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable
from functools import cached_property
from typing import NamedTuple, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Loop: TypeAlias = ast.For | ast.AsyncFor | ast.While | Comprehension
# A statement or expression, and which of its branches.
Branches: TypeAlias = tuple[tuple[ast.stmt | ast.expr, int], ...]


class Place(NamedTuple):
    """Where in a module something stands."""

    scope: Scope
    loops: tuple[Loop, ...]
    branches: Branches


class Binding(NamedTuple):
    """One of the places that give a name its value."""

    # param, assign, item, each, def, class, import, from, other
    kind: str
    node: ast.AST
    value: ast.expr | None  # what is assigned, or iterated over
    scope: Scope | None  # of a def, a class
    source: str  # the module of an import, with the dots of a relative one
    place: Place
    typing_only: bool

    @property
    def assigned(self) -> ast.AST:
        """The node whose end is the end of the assignment."""
        return self.value or self.node


class Offer(NamedTuple):
    """A place that hands a handler over."""

    node: ast.expr
    place: Place
    handler: ast.expr
    receiver: ast.expr | None  # the registry or scope
    names_event: bool


class Scope:
    """A scope and what was found in it."""

    def __init__(
        self, kind: str, node: ast.AST, parent: Scope | None, name: str = ""
    ) -> None:
        self.kind = kind  # module, class, function, comprehension
        self.node = node
        self.parent = parent
        self.name = name  # the path of a module
        self.module: Scope = parent.module if parent else self
        self.runner: Scope = self
        if parent is not None and kind != "function":
            self.runner = parent.runner
        self.children: list[Scope] = []
        self.bindings: dict[str, list[Binding]] = {}
        self.reads: set[str] = set()
        self.outer_names: set[str] = set()  # global and nonlocal
        self.assigned_inside: set[str] = set()  # by functions in it
        # Of runners.
        self.positional: list[str] = []
        self.params: list[str] = []  # all but *args and **kwargs
        self.rest_params: list[str] = []
        self.defaults: dict[str, ast.expr] = {}
        self.offers: list[Offer] = []
        self.calls: list[tuple[ast.Call, Place]] = []
        self.returns: list[tuple[ast.expr, Place]] = []
        # Of the module.
        self.functions: dict[ast.AST, Scope] = {}
        self.aliases: list[tuple[str, str]] = []  # a name, and the one it was made of
        if parent is not None:
            parent.children.append(self)

    @property
    def runners(self) -> list[Scope]:
        """The module and all functions in it; of a module."""
        return [self, *self.functions.values()]

    @property
    def is_method(self) -> bool:
        """Whether it is a function in a class, lambdas and static methods too."""
        return self.parent is not None and self.parent.kind == "class"

    @property
    def decorators(self) -> list[ast.expr]:
        """The decorators, the outermost first."""
        return getattr(self.node, "decorator_list", [])

    @property
    def qualname(self) -> str:
        """The path and qualified name, without the scopes of comprehensions."""
        around = self.parent.qualname if self.parent else ""
        return around if self.kind == "comprehension" else f"{around}.{self.name}"

    @cached_property
    def code(self) -> Hashable:
        """What functions have in common that have one id, but for what they wrap."""
        body = getattr(self.node, "body", [])
        text = "".join(map(ast.dump, body if isinstance(body, list) else [body]))
        return self.qualname, (*self.params,), text

    def owner(self, name: str) -> Scope | None:
        """Return the scope that a name belongs to, as seen from here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.bindings and (scope is self or scope.kind != "class"):
                return scope
            scope = scope.parent
        return None

    @cached_property
    def free_names(self) -> dict[str, Scope]:
        """The variables of functions around it that it reads, and of which."""
        found: dict[str, Scope] = {}
        within = [self]
        for scope in within:  # it grows
            within += scope.children
            for name in scope.reads | scope.outer_names:
                owner = scope.owner(name)
                if owner is None or owner.kind in ("module", "class"):
                    continue
                if owner not in within:
                    found[name] = owner
        return found


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
