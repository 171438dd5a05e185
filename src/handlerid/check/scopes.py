"""A module's scopes: what each name is bound to, and which calls and offers run when.

1. A *scope* resolves names: module, class, function, lambda or comprehension.
2. A *runner* is a scope whose body runs by itself: a module, or a function when it is
   called. Classes and comprehensions belong to the runner that they stand in.
3. Bindings, calls and offers keep the loops and branches of their runner around them. A
   block that ends in ``break`` or ``return`` runs once, so it is in no loop.
"""

from __future__ import annotations

import ast
from typing import NamedTuple, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Loop: TypeAlias = ast.For | ast.AsyncFor | ast.While | Comprehension
# A statement or expression, and which of its branches.
Branches: TypeAlias = tuple[tuple[ast.stmt | ast.expr, int], ...]
Position: TypeAlias = tuple[int, int]


class Place(NamedTuple):
    """Where in a module something stands."""

    scope: Scope
    loops: tuple[Loop, ...]
    branches: Branches


class Binding(NamedTuple):
    """One of the places that give a name its value."""

    # param, type, assign, item, each, with, augmented, def, class, import, other
    kind: str
    node: ast.AST
    value: ast.expr | None  # what is assigned, or iterated over
    scope: Scope | None  # of a def, a class
    place: Place
    position: Position  # from which on the name has this value
    typing_only: bool


class Call(NamedTuple):
    """A call that a runner makes."""

    node: ast.Call
    place: Place


class Offer(NamedTuple):
    """A place that hands a handler over."""

    handler: ast.expr | Scope  # a scope where a decorator registers a function
    receiver: ast.expr | None  # the registry or scope
    names_event: bool
    node: ast.expr
    place: Place


class Returned(NamedTuple):
    """What a function returns."""

    value: ast.expr
    place: Place


class Scope:
    """A scope and what was found in it."""

    def __init__(
        self, kind: str, node: ast.AST, parent: Scope | None, name: str = ""
    ) -> None:
        self.kind = kind  # module, class, function, comprehension
        self.node = node
        self.parent = parent
        self.name = name
        self.module: Scope = parent.module if parent else self
        runs = parent is None or kind == "function"
        self.runner: Scope = self if runs or parent is None else parent.runner
        self.children: list[Scope] = []
        self.bindings: dict[str, list[Binding]] = {}
        self.reads: set[str] = set()
        self.global_names: set[str] = set()
        self.outer_names: set[str] = set()  # nonlocal
        self.assigned_inside: set[str] = set()  # by functions in it, by nonlocal
        # Of runners.
        self.params: list[str] = []
        self.keyword_params: list[str] = []
        self.rest_params: list[str] = []  # *args and **kwargs
        self.defaults: dict[str, ast.expr] = {}
        self.offers: list[Offer] = []
        self.calls: list[Call] = []
        self.returns: list[Returned] = []
        # Of the module.
        self.path = ""
        self.functions: dict[ast.AST, Scope] = {}
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.aliases: list[tuple[str, str]] = []  # a name, and the one it was made of
        self.lazy_annotations = False
        self.star_import = False
        self._free: dict[str, Scope] | None = None
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
    def own_names(self) -> set[str]:
        """Its parameters, with ``*args``."""
        return {
            name
            for name, every in self.bindings.items()
            if any(one.kind == "param" for one in every)
        }

    @property
    def qualname(self) -> str:
        """The qualified name, without the scopes of comprehensions."""
        if self.parent is None:
            return ""
        prefix = self.parent.qualname
        if self.kind == "comprehension":
            return prefix
        if self.parent.runner.kind == "function" and self.parent.kind != "class":
            prefix += ".<locals>"
        return f"{prefix}.{self.name}"

    def owner(self, name: str) -> Scope | None:
        """Return the scope that a name belongs to, as seen from here."""
        if name in self.global_names:
            return self.module if name in self.module.bindings else None
        scope: Scope | None = self
        while scope is not None:
            if name in scope.bindings and (scope is self or scope.kind != "class"):
                return scope
            scope = scope.parent
        return None

    def free_names(self) -> dict[str, Scope]:
        """Return the variables of functions around it that it reads, and of which."""
        if self._free is None:
            self._free = {}
            for scope in self._within():
                for name in scope.reads | scope.outer_names:
                    owner = scope.owner(name)
                    if owner is None or owner.kind not in ("function", "comprehension"):
                        continue
                    if not owner.is_within(self):
                        self._free[name] = owner
        return self._free

    def is_within(self, other: Scope) -> bool:
        """Return whether it is another scope, or inside of it."""
        scope: Scope | None = self
        while scope is not None and scope is not other:
            scope = scope.parent
        return scope is other

    def _within(self) -> list[Scope]:
        found = [self]
        for scope in found:
            found += scope.children
        return found


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
