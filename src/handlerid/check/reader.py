"""Reads the scopes of a module from its syntax tree, in one walk."""

from __future__ import annotations

import ast
from typing import Any

from handlerid.check.offers import handed_to, registers, takes_handler
from handlerid.check.scopes import (
    Binding,
    Branches,
    Call,
    Comprehension,
    Function,
    Loop,
    Offer,
    Place,
    Returned,
    Scope,
    last_name,
)

_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def read_module(tree: ast.Module, path: str = "") -> Scope:
    """Return the scope of a module, with all scopes in it."""
    module = _Reader(tree).module
    module.path = path
    return module


class _Reader(ast.NodeVisitor):
    """Walks a module once."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = self.scope = Scope("module", tree, None)
        self.loops: tuple[Loop, ...] = ()
        self.branches: Branches = ()
        self.typing_only = False
        self._assigned: list[tuple[Scope, str]] = []
        self.block(tree.body)
        for scope, name in self._assigned:
            owner = scope.parent.owner(name) if scope.parent else None
            if owner is not None:
                owner.assigned_inside.add(name)

    @property
    def place(self) -> Place:
        return Place(self.scope, self.loops, self.branches)

    def bind(
        self,
        name: str,
        kind: str,
        node: ast.AST,
        value: ast.expr | None = None,
        scope: Scope | None = None,
    ) -> None:
        owner = self.scope
        while isinstance(node, ast.NamedExpr) and owner.kind == "comprehension":
            owner = owner.parent or owner
        if name in owner.global_names:
            owner = owner.module
        elif name in owner.outer_names:
            self._assigned.append((owner, name))
            return
        last = value if value is not None else node
        position = getattr(last, "end_lineno", 0), getattr(last, "end_col_offset", 0)
        if kind in ("param", "type"):
            position = 0, 0
        found = Binding(
            kind, node, value, scope, self.place, position, self.typing_only
        )
        owner.bindings.setdefault(name, []).append(found)

    # Statements.

    def block(self, body: list[ast.stmt]) -> None:
        if not body:
            return
        loops, branches = self.loops, self.branches
        if isinstance(body[-1], ast.Break):
            self.loops = loops[:-1]
        elif isinstance(body[-1], ast.Return):
            self.loops = ()
        for one in body:
            self.visit(one)
            if isinstance(one, ast.If):
                if isinstance(one.body[-1], _ENDS):
                    self.branches = (*self.branches, (one, 1))
                elif one.orelse and isinstance(one.orelse[-1], _ENDS):
                    self.branches = (*self.branches, (one, 0))
        self.loops, self.branches = loops, branches

    def branch(self, node: ast.stmt, number: int, body: list[ast.stmt]) -> None:
        branches = self.branches
        self.branches = (*branches, (node, number))
        self.block(body)
        self.branches = branches

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        test, typing_only = node.test, self.typing_only
        for number, body in enumerate((node.body, node.orelse)):
            if _is_type_checking(test):
                self.typing_only = typing_only or number == 0
            elif isinstance(test, ast.UnaryOp) and _is_type_checking(test.operand):
                self.typing_only = typing_only or number == 1
            self.branch(node, number, body)
            self.typing_only = typing_only

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        loops = self.loops
        if not _has_one_turn(node.iter):
            self.loops = (*loops, node)
        self.target(node.target, "each", node.iter)
        self.block(node.body)
        self.loops = loops
        self.block(node.orelse)

    visit_AsyncFor = visit_For  # noqa: N815 - as ast names it

    def visit_While(self, node: ast.While) -> None:
        loops = self.loops
        self.loops = (*loops, node)
        self.visit(node.test)
        self.block(node.body)
        self.loops = loops
        self.block(node.orelse)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        self.branch(node, 0, node.body)
        for number, handler in enumerate(node.handlers, 1):
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name:
                self.bind(handler.name, "other", handler)
            self.branch(node, number, handler.body)
        self.branch(node, 0, node.orelse)
        self.block(node.finalbody)

    visit_TryStar = visit_Try  # noqa: N815 - as ast names it

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for number, case in enumerate(node.cases):
            for one in ast.walk(case.pattern):
                name = getattr(one, "name", None) or getattr(one, "rest", None)
                if isinstance(name, str):
                    self.bind(name, "item", one, node.subject)
                elif isinstance(one, ast.expr):
                    self.visit(one)
            if case.guard is not None:
                self.visit(case.guard)
            self.branch(node, number, case.body)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.target(item.optional_vars, "with", item.context_expr)
        self.block(node.body)

    visit_AsyncWith = visit_With  # noqa: N815 - as ast names it

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.target(target, "assign", node.value)
            made_of = _made_of(node.value)
            if made_of and isinstance(target, ast.Name):
                self.module.aliases.append((target.id, made_of))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.target(node.target, "assign", node.value)
        elif isinstance(node.target, ast.Name) and self.scope.kind != "class":
            self.scope.bindings.setdefault(node.target.id, [])

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.scope.reads.add(node.target.id)
            self.bind(node.target.id, "augmented", node)
        else:
            self.visit(node.target)

    def visit_Global(self, node: ast.Global) -> None:
        self.scope.global_names.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.outer_names.update(node.names)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.module.imports.append(node)
        for alias in node.names:
            if alias.name == "*":
                self.module.star_import = True
            else:
                name = alias.asname or alias.name.partition(".")[0]
                self.bind(name, "import", node)
            if alias.asname:
                self.module.aliases.append((alias.asname, alias.name))
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            self.module.lazy_annotations |= "annotations" in names

    visit_ImportFrom = visit_Import  # noqa: N815 - as ast names it

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.scope.runner.returns.append(Returned(node.value, self.place))

    def visit_TypeAlias(self, node: Any) -> None:  # since Python 3.12
        self.bind(node.name.id, "other", node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for one in node.decorator_list:
            self.visit(one)
        scope = self.function(node, node.name)
        self.bind(node.name, "def", node, scope=scope)
        for one in node.decorator_list:
            self.decorator(one, scope)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - as ast names it

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for one in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(one)
        around = self.scope
        self.scope = scope = Scope("class", node, around, node.name)
        self.type_params(node)
        self.block(node.body)
        self.scope = around
        self.bind(node.name, "class", node, scope=scope)

    def type_params(self, node: ast.AST) -> None:
        for one in getattr(node, "type_params", ()):  # since Python 3.12
            self.bind(one.name, "type", one)

    def function(self, node: Function, name: str) -> Scope:
        """Read a function; its defaults are evaluated here."""
        args = node.args
        positional = [*args.posonlyargs, *args.args]
        defaults: list[ast.expr | None] = [None] * len(positional)
        defaults[len(defaults) - len(args.defaults) :] = args.defaults
        around = self.scope, self.loops, self.branches
        scope = Scope("function", node, self.scope, name)
        self.module.functions[node] = scope
        every = (*positional, *args.kwonlyargs)
        for one, default in zip(every, (*defaults, *args.kw_defaults), strict=True):
            if default is not None:
                self.visit(default)
                scope.defaults[one.arg] = default
        scope.params = [one.arg for one in positional]
        scope.keyword_params = [one.arg for one in args.kwonlyargs]
        scope.rest_params = [x.arg for x in (args.vararg, args.kwarg) if x]
        self.scope, self.loops, self.branches = scope, (), ()
        self.type_params(node)
        for param in (*every, args.vararg, args.kwarg):
            if param is not None:
                self.bind(param.arg, "param", param)
        if isinstance(node, ast.Lambda):
            self.visit(node.body)
            scope.returns.append(Returned(node.body, self.place))
        else:
            self.block(node.body)
        self.scope, self.loops, self.branches = around
        return scope

    def target(self, target: ast.expr, kind: str, value: ast.expr) -> None:
        """Bind what an assignment, a loop or a with statement assigns."""
        if isinstance(target, ast.Name):
            self.bind(target.id, kind, target, value)
        elif isinstance(target, ast.Starred):
            self.target(target.value, kind, value)
        elif isinstance(target, ast.Tuple | ast.List):
            parts: list[ast.expr] = []
            if kind == "assign" and isinstance(value, ast.Tuple | ast.List):
                parts = value.elts
            if len(parts) != len(target.elts):
                parts = [value] * len(target.elts)
                kind = "item" if kind == "assign" else kind
            for one, part in zip(target.elts, parts, strict=True):
                self.target(one, kind, part)
        else:
            self.visit(target)
            if (
                isinstance(target, ast.Attribute)
                and kind == "assign"
                and takes_handler(target.attr)
            ):
                self.offer(value, target, None)

    # Expressions.

    def generic_visit(self, node: ast.AST) -> None:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for one in value:
                    if isinstance(one, ast.AST):
                        self.visit(one)
            elif isinstance(value, ast.AST):
                self.visit(value)

    def visit_Constant(self, node: ast.Constant) -> None: ...

    def visit_Name(self, node: ast.Name) -> None:
        self.scope.reads.add(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.bind(node.target.id, "assign", node, node.value)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        branches = self.branches
        for number, one in enumerate((node.body, node.orelse)):
            self.branches = (*branches, (node, number))
            self.visit(one)
        self.branches = branches

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.function(node, "<lambda>")

    def visit_ListComp(self, node: Comprehension) -> None:
        self.visit(node.generators[0].iter)
        around, loops = self.scope, self.loops
        self.scope = Scope("comprehension", node, around, "<comprehension>")
        if not all(_has_one_turn(one.iter) for one in node.generators):
            self.loops = (*loops, node)
        for number, generator in enumerate(node.generators):
            if number:
                self.visit(generator.iter)
            self.target(generator.target, "each", generator.iter)
            for one in generator.ifs:
                self.visit(one)
        for one in (
            (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        ):
            self.visit(one)
        self.scope, self.loops = around, loops

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp  # noqa: N815 - as ast names it

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        self.scope.runner.calls.append(Call(node, self.place))
        for keyword in node.keywords:
            if takes_handler(keyword.arg):
                self.offer(keyword.value, node, None)
        handed = handed_to(node)
        if handed is not None:
            self.offer(handed.handler, node, handed.receiver, handed.names_event)

    def offer(
        self,
        handler: ast.expr | Scope,
        node: ast.expr,
        receiver: ast.expr | None,
        names_event: bool = False,
    ) -> None:
        found = Offer(handler, receiver, names_event, node, self.place)
        self.scope.runner.offers.append(found)

    def decorator(self, node: ast.expr, scope: Scope) -> None:
        found = registers(node)
        if found is not None:
            self.offer(scope, node, *found)


def _made_of(node: ast.expr) -> str:
    """Return the name that another is given to, also through a call: memo(Card)."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        node = node.args[0]
    return node.id if isinstance(node, ast.Name) else ""


def _has_one_turn(iterated: ast.expr) -> bool:
    """Return whether a loop is over one thing at most, as its text shows."""
    every = iterated.elts if isinstance(iterated, ast.Tuple | ast.List) else None
    if every is None or any(isinstance(one, ast.Starred) for one in every):
        return False
    return len(every) <= 1


def _is_type_checking(node: ast.expr) -> bool:
    return last_name(node) == "TYPE_CHECKING"
