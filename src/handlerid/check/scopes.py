"""A module's scopes: what each name is bound to, and which calls and offers run when.

1. A *scope* resolves names: module, class, function, lambda or comprehension.
2. A *runner* is a scope whose body runs by itself: a module, or a function when it is
   called. Classes and comprehensions belong to the runner that they stand in.
3. Bindings, calls and offers keep the loops and branches of their runner around them. A
   block that ends in ``break`` or ``return`` runs once, so it is in no loop.
"""

from __future__ import annotations

import ast
import re
from typing import NamedTuple, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Loops: TypeAlias = tuple[ast.AST, ...]
Branches: TypeAlias = tuple[tuple[ast.AST, int], ...]
Position: TypeAlias = tuple[int, int]

_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_HANDLER_ARGUMENT = re.compile(r"on_[a-z]\w*")
_REGISTRY = re.compile(r"(^|_)(registry|scope)$", re.IGNORECASE)


class Place(NamedTuple):
    """Where in a module something stands."""

    scope: Scope
    loops: Loops
    branches: Branches


class Binding(NamedTuple):
    """One of the places that give a name its value."""

    kind: str  # param, assign, item, each, with, augmented, def, class, import, other
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
    node: ast.AST
    place: Place


class Returned(NamedTuple):
    """What a function returns."""

    value: ast.expr
    place: Place


class Scope:
    """A scope and what was found in it."""

    def __init__(self, kind: str, node: ast.AST, parent: Scope | None, name: str):
        self.kind = kind  # module, class, function, comprehension
        self.node = node
        self.parent = parent
        self.name = name
        self.module: Scope = parent.module if parent else self
        runs = kind in ("module", "function")
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
        self.defaults: dict[str, ast.expr] = {}
        self.offers: list[Offer] = []
        self.calls: list[Call] = []
        self.returns: list[Returned] = []
        # Of the module.
        self.functions: dict[ast.AST, Scope] = {}
        self.lazy_annotations = False
        self.star_import = False
        if parent is not None:
            parent.children.append(self)

    @property
    def qualname(self) -> str:
        """As Python would say it, without the scopes of comprehensions."""
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
        scope: Scope | None = self
        if name in self.global_names:
            return self.module
        while scope is not None:
            if name in scope.bindings and name not in scope.outer_names:
                if scope is self or scope.kind != "class":
                    return scope
            elif name in scope.global_names:
                return self.module
            scope = scope.parent
        return None

    def free_names(self) -> dict[str, Scope]:
        """Return the variables of functions around it that it reads, and of which."""
        if not hasattr(self, "_free"):
            self._free: dict[str, Scope] = {}
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


def read_module(tree: ast.Module) -> Scope:
    """Return the scope of a module, with all scopes in it."""
    return _Reader(tree).module


class _Reader:
    """Walks a module once."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = self.scope = Scope("module", tree, None, "")
        self.loops: Loops = ()
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
        if kind == "walrus":
            kind = "assign"
            while owner.kind == "comprehension" and owner.parent is not None:
                owner = owner.parent
        if name in owner.global_names:
            owner = owner.module
        elif name in owner.outer_names:
            self._assigned.append((owner, name))
            return
        last = value if value is not None else node
        position = getattr(last, "end_lineno", 0), getattr(last, "end_col_offset", 0)
        if kind == "param":
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
            method = getattr(self, f"on_{type(one).__name__}", None)
            if method is None:
                self.expressions(one)
            else:
                method(one)
            if isinstance(one, ast.If):
                if isinstance(one.body[-1], _ENDS):
                    self.branches = (*self.branches, (one, 1))
                elif one.orelse and isinstance(one.orelse[-1], _ENDS):
                    self.branches = (*self.branches, (one, 0))
        self.loops, self.branches = loops, branches

    def branch(self, node: ast.AST, number: int, body: list[ast.stmt]) -> None:
        branches = self.branches
        self.branches = (*branches, (node, number))
        self.block(body)
        self.branches = branches

    def on_If(self, node: ast.If) -> None:
        self.visit(node.test)
        test, typing_only = node.test, self.typing_only
        for number, body in enumerate((node.body, node.orelse)):
            if _is_type_checking(test):
                self.typing_only = typing_only or number == 0
            elif isinstance(test, ast.UnaryOp) and _is_type_checking(test.operand):
                self.typing_only = typing_only or number == 1
            self.branch(node, number, body)
            self.typing_only = typing_only

    def on_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        loops = self.loops
        self.loops = (*loops, node)
        self.target(node.target, "each", node.iter)
        self.block(node.body)
        self.loops = loops
        self.block(node.orelse)

    on_AsyncFor = on_For

    def on_While(self, node: ast.While) -> None:
        loops = self.loops
        self.loops = (*loops, node)
        self.visit(node.test)
        self.block(node.body)
        self.loops = loops
        self.block(node.orelse)

    def on_Try(self, node: ast.Try) -> None:
        self.branch(node, 0, node.body)
        for number, handler in enumerate(node.handlers, 1):
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name:
                self.bind(handler.name, "other", handler)
            self.branch(node, number, handler.body)
        self.branch(node, 0, node.orelse)
        self.block(node.finalbody)

    on_TryStar = on_Try

    def on_Match(self, node: ast.Match) -> None:
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

    def on_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.target(item.optional_vars, "with", item.context_expr)
        self.block(node.body)

    on_AsyncWith = on_With

    def on_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.target(target, "assign", node.value)

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.target(node.target, "assign", node.value)
        elif isinstance(node.target, ast.Name) and self.scope.kind != "class":
            self.scope.bindings.setdefault(node.target.id, [])

    def on_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.scope.reads.add(node.target.id)
            self.bind(node.target.id, "augmented", node)
        else:
            self.visit(node.target)

    def on_Global(self, node: ast.Global) -> None:
        self.scope.global_names.update(node.names)

    def on_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.outer_names.update(node.names)

    def on_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.module.star_import = True
            else:
                name = alias.asname or alias.name.partition(".")[0]
                self.bind(name, "import", node)
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            if any(alias.name == "annotations" for alias in node.names):
                self.module.lazy_annotations = True

    on_ImportFrom = on_Import

    def on_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.scope.runner.returns.append(Returned(node.value, self.place))

    def on_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for one in node.decorator_list:
            self.visit(one)
        scope = self.function(node, node.name)
        self.bind(node.name, "def", node, scope=scope)
        for one in node.decorator_list:
            self.decorator(one, scope)

    on_AsyncFunctionDef = on_FunctionDef

    def on_ClassDef(self, node: ast.ClassDef) -> None:
        for one in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(one)
        around = self.scope
        self.scope = scope = Scope("class", node, around, node.name)
        self.block(node.body)
        self.scope = around
        self.bind(node.name, "class", node, scope=scope)

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
        self.scope, self.loops, self.branches = scope, (), ()
        for one in (*every, args.vararg, args.kwarg):
            if one is not None:
                self.bind(one.arg, "param", one)
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
                and _HANDLER_ARGUMENT.fullmatch(target.attr)
            ):
                self.offer(value, target, None)

    # Expressions.

    def visit(self, node: ast.AST) -> None:
        method = getattr(self, f"on_{type(node).__name__}", None)
        if method is None:
            self.expressions(node)
        else:
            method(node)

    def expressions(self, node: ast.AST) -> None:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for one in value:
                    if isinstance(one, ast.AST):
                        self.visit(one)
            elif isinstance(value, ast.AST):
                self.visit(value)

    def on_Constant(self, node: ast.Constant) -> None: ...

    def on_Name(self, node: ast.Name) -> None:
        self.scope.reads.add(node.id)

    def on_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.bind(node.target.id, "walrus", node.target, node.value)

    def on_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        branches = self.branches
        for number, one in enumerate((node.body, node.orelse)):
            self.branches = (*branches, (node, number))
            self.visit(one)
        self.branches = branches

    def on_Lambda(self, node: ast.Lambda) -> None:
        self.function(node, "<lambda>")

    def on_ListComp(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        self.visit(node.generators[0].iter)
        around, loops = self.scope, self.loops
        self.scope = Scope("comprehension", node, around, "<comprehension>")
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

    on_SetComp = on_GeneratorExp = on_DictComp = on_ListComp

    def on_Call(self, node: ast.Call) -> None:
        self.expressions(node)
        self.scope.runner.calls.append(Call(node, self.place))
        for keyword in node.keywords:
            if keyword.arg and _HANDLER_ARGUMENT.fullmatch(keyword.arg):
                self.offer(keyword.value, node, None)
        found = _offered(node)
        if found is not None:
            handler, receiver, names_event = found
            self.offer(handler, node, receiver, names_event)

    def offer(
        self,
        handler: ast.expr | Scope,
        node: ast.AST,
        receiver: ast.expr | None,
        names_event: bool = False,
    ) -> None:
        found = Offer(handler, receiver, names_event, node, self.place)
        self.scope.runner.offers.append(found)

    def decorator(self, node: ast.expr, scope: Scope) -> None:
        """Note a decorator that registers its function."""
        call = node if isinstance(node, ast.Call) else None
        named = call.func if call else node
        if isinstance(named, ast.Attribute) and (
            (named.attr == "handler" and _is_registry(named.value))
            or (named.attr == "offer" and call is None)
        ):
            names = [one.arg for one in call.keywords] if call else []
            self.offer(scope, node, named.value, "event" in names)


def _offered(node: ast.Call) -> tuple[ast.expr, ast.expr | None, bool] | None:
    """Return handler and receiver of a call that hands over a handler by position."""
    args, func = node.args, node.func
    if not args or isinstance(args[0], ast.Starred):
        return None
    is_text = isinstance(args[0], ast.Constant)
    names_event = len(args) > 1 or any(one.arg == "event" for one in node.keywords)
    if isinstance(func, ast.Name):
        if func.id in ("on", "offer") and not is_text:
            return args[0], None, names_event
        return None
    if not isinstance(func, ast.Attribute):
        return None
    name, receiver = func.attr, func.value
    if name == "on" and is_text and len(args) > 1:  # element.on("click", handler)
        return args[1], None, False
    if name == "attributes" and len(args) > 1:  # endpoint.attributes(scope, handler)
        return args[1], args[0], len(args) > 2
    if name in ("on", "offer") and not is_text:
        return args[0], receiver, names_event
    if name == "register" and _is_registry(receiver):
        return args[0], receiver, names_event
    if _HANDLER_ARGUMENT.fullmatch(name):  # element.on_click(handler)
        return args[0], None, False
    return None


def _is_registry(node: ast.expr) -> bool:
    """Return whether an expression is a registry or a scope, by its name."""
    if isinstance(node, ast.Call):  # registry.part(key), Registry()
        named: ast.expr = node.func
        if isinstance(named, ast.Attribute) and named.attr in ("part", "scope"):
            return True
        return isinstance(named, ast.Name) and named.id == "Registry"
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return bool(_REGISTRY.search(name))


def _is_type_checking(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name == "TYPE_CHECKING"
