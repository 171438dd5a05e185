"""What is known of a value without running the code: where it comes from.

1. Two values with one key are the same, as far as the source shows. What is made anew
   (a list, an object, a variable that functions assign) has a key for each place and for
   each call of the function around it.
2. A value has the loops that make it another one each time around. A loop is a node in
   one call of the function that it stands in.
3. What a call returns depends on its arguments alone, unless it makes an object.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from handlerid.check.scopes import Binding, Loops, Place, Scope

Loop: TypeAlias = tuple[int, ast.AST]  # in which call, and the node
NONE: frozenset[Loop] = frozenset()

_MAKES_OBJECT = {"list", "dict", "set", "bytearray", "object", "deque", "defaultdict"}
_MAKES_OBJECT |= {"reactive", "ref", "counter", "count", "cycle"}
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp)
_DISPLAYS += (ast.GeneratorExp,)
_DEEPEST = 8


class Captured(NamedTuple):
    """What a function captured under a name."""

    value: Value
    late: frozenset[Loop]  # loops that change the variable after the function was made


class Closure(NamedTuple):
    """A function and what it captured."""

    scope: Scope
    frame: Frame  # of the function that it is defined in
    captures: dict[str, Captured]
    code: Hashable  # functions of one code and place have one id


class Value:
    """What is known of a value."""

    __slots__ = ("closure", "instance", "key", "loops", "part")

    def __init__(
        self,
        key: int,
        loops: frozenset[Loop] = NONE,
        closure: Closure | None = None,
        instance: Scope | None = None,
    ) -> None:
        self.key, self.loops, self.closure = key, loops, closure
        self.instance = instance  # of which class of the module
        self.part = False  # whether it is what scope.part(key) returned

    @property
    def late(self) -> frozenset[Loop]:
        captures = self.closure.captures.values() if self.closure else ()
        return NONE.union(*(one.late for one in captures))


class Frame:
    """One call of a function: its arguments, and the loops that it is called in."""

    def __init__(
        self,
        key: int,
        scope: Scope,
        outer: Frame | None,
        loops: frozenset[Loop] = NONE,
        depth: int = 0,
    ) -> None:
        self.key, self.scope, self.outer = key, scope, outer
        self.loops, self.depth = loops, depth
        self.arguments: dict[str, Value] = {}
        self.rest: Value | None = None  # of what *args or **kwargs gave
        self.locals: dict[tuple[int, str], Value | None] = {}

    def of(self, scope: Scope) -> Frame:
        """Return the frame of the runner of a scope that is around."""
        frame: Frame | None = self
        while frame is not None and frame.scope is not scope.runner:
            frame = frame.outer
        return frame or self

    def loops_at(self, loops: Loops) -> frozenset[Loop]:
        """Return the loops of a place in this call."""
        if not loops:
            return self.loops
        return self.loops.union((self.key, loop) for loop in loops)


class Values:
    """Finds the values of expressions; for all modules of a run."""

    def __init__(
        self, imported: Callable[[Scope, Binding, str], Scope | None] | None = None
    ) -> None:
        self._keys: dict[Hashable, int] = {}
        self._roots: dict[Scope, Frame] = {}
        self._frames: dict[int, Frame] = {}
        self._codes: dict[ast.AST, Hashable] = {}

    def key(self, *parts: Hashable) -> int:
        return self._keys.setdefault(parts, len(self._keys))

    def root(self, scope: Scope) -> Frame:
        """Return the frame of a function that is called once, by somebody."""
        if scope not in self._roots:
            outer = self.root(scope.parent.runner) if scope.parent else None
            frame = Frame(self.key("root", scope), scope, outer)
            self._roots[scope] = frame
            method = scope.parent is not None and scope.parent.kind == "class"
            if method and scope.params and not _is_decorated(scope, "staticmethod"):
                key = self.key("self", scope.parent)
                made = Value(key, instance=scope.parent)
                frame.arguments[scope.params[0]] = made
        return self._roots[scope]

    # Expressions.

    def of(self, node: ast.expr, place: Place, frame: Frame) -> Value:
        """Return the value of an expression at a place, in one call of its runner."""
        if isinstance(node, ast.Constant):
            return Value(self.key("constant", type(node.value), repr(node.value)))
        if isinstance(node, ast.Name):
            return self.of_name(node.id, place.scope, frame)
        if isinstance(node, ast.Attribute):
            base = self.of(node.value, place, frame)
            method = base.instance and method_of(base.instance, node.attr)
            if method:
                return self._method(method, base)
            return Value(self.key("attribute", base.key, node.attr), base.loops)
        if isinstance(node, ast.Call):
            return self._of_call(node, place, frame)
        if isinstance(node, ast.Lambda):
            return self.function(place.scope.module.functions[node], place, frame)
        if isinstance(node, ast.Await | ast.Starred | ast.NamedExpr):
            return self.of(node.value, place, frame)
        if isinstance(node, _DISPLAYS):
            return self._made(node, place, frame)
        kind: Hashable = type(node)
        if isinstance(node, ast.BinOp | ast.UnaryOp | ast.BoolOp):
            kind = type(node.op)
        return self._all(kind, [self.of(x, place, frame) for x in _inside(node)])

    def _all(self, kind: Hashable, values: Iterable[Value]) -> Value:
        """Return a value that depends on others."""
        values = [*values]
        key = self.key("of", kind, *(one.key for one in values))
        return Value(key, NONE.union(*(one.loops for one in values)))

    def _made(self, node: ast.AST, place: Place, frame: Frame) -> Value:
        """Return an object that is made there."""
        return Value(self.key("made", node, frame.key), frame.loops_at(place.loops))

    def _of_call(self, node: ast.Call, place: Place, frame: Frame) -> Value:
        name = last_name(node.func)
        if name == "partial":
            return self._all(name, [self.of(x, place, frame) for x in _inside(node)])
        called = self.called(node, place, frame)
        if called is not None and called[0].kind == "class":
            made = self._made(node, place, frame)
            made.instance = called[0]
            return made
        if called is not None and called[0].children and frame.depth < _DEEPEST:
            inner = self.call(node, place, frame, called)
            returned = [
                self.of(one.value, one.place, inner) for one in called[0].returns
            ]
            if len(returned) == 1 and returned[0].closure:
                return returned[0]
        if makes_object(node.func):
            return self._made(node, place, frame)
        base = self.of(node.func, place, frame)
        found = self._all("call", [base, *self._arguments(node, place, frame)])
        found.part = name == "part"
        return found

    def _arguments(self, node: ast.Call, place: Place, frame: Frame) -> Iterator[Value]:
        for one in (*node.args, *(x.value for x in node.keywords)):
            yield self.of(one, place, frame)

    # Names.

    def of_name(self, name: str, scope: Scope, frame: Frame) -> Value:
        """Return the value of a name, as seen from a scope."""
        owner = scope.owner(name)
        if owner is None:
            return Value(self.key("builtin", name))
        bindings = owner.bindings[name]
        if owner.kind == "module":
            if len(bindings) == 1 and bindings[0].kind in ("def", "class"):
                return self._of_binding(name, bindings[0], self.root(owner))
            if frame.scope is not owner:
                return Value(self.key("global", owner, name))
        return self._local(name, owner, frame.of(owner))

    def _local(self, name: str, owner: Scope, frame: Frame) -> Value:
        known = id(owner), name
        if known not in frame.locals:
            frame.locals[known] = None
            frame.locals[known] = self._find_local(name, owner, frame)
        found = frame.locals[known]
        if found is not None:
            return found
        # It depends on itself, so a loop that assigns it makes it another one.
        loops = [x.place.loops for x in owner.bindings[name]]
        own = frozenset((frame.key, loop) for each in loops for loop in each)
        return Value(self.key("before", owner, name, frame.key), own)

    def _find_local(self, name: str, owner: Scope, frame: Frame) -> Value:
        if name in owner.assigned_inside:
            return Value(self.key("cell", owner, name, frame.key), frame.loops)
        found = [self._of_binding(name, one, frame) for one in owner.bindings[name]]
        return found[0] if len(found) == 1 else self._all("one of", found)

    def _of_binding(self, name: str, binding: Binding, frame: Frame) -> Value:
        place, value = binding.place, binding.value
        if binding.kind == "param":
            return self._argument(name, frame)
        if binding.kind == "def" and binding.scope is not None:
            return self._decorated(binding.scope, place, frame)
        if binding.kind == "class":
            return Value(self.key("class", binding.scope, frame.key), frame.loops)
        if binding.kind == "import":
            return Value(self.key("import", name, binding.node))
        if value is None or binding.kind == "with":
            return self._made(binding.node, place, frame)
        found = self.of(value, place, frame)
        if binding.kind == "assign":
            return found
        loops = found.loops
        if binding.kind == "each":
            loops |= {(frame.key, place.loops[-1])} if place.loops else NONE
        return Value(self.key(binding.kind, binding.node, found.key), loops)

    def _argument(self, name: str, frame: Frame) -> Value:
        if name in frame.arguments:
            return frame.arguments[name]
        if frame.rest is not None:
            return Value(self.key("rest", name, frame.rest.key), frame.rest.loops)
        return Value(self.key("argument", name, frame.scope))

    # Functions.

    def function(self, scope: Scope, place: Place, frame: Frame) -> Value:
        """Return the function that a def or lambda makes at a place."""
        captures: dict[str, Captured] = {}
        for name, owner in sorted(scope.free_names().items()):
            value = self.of_name(name, scope.parent or scope, frame)
            own = frame.of(owner).key
            late = frozenset(x for x in value.loops if x[0] == own) | value.late
            captures[name] = Captured(value, late)
        for name, default in scope.defaults.items():
            value = self.of(default, place, frame)
            captures[name] = Captured(value, value.late)
        return self._closure(scope, frame, captures, self._code(scope))

    def _closure(
        self,
        scope: Scope,
        frame: Frame,
        captures: dict[str, Captured],
        code: Hashable,
    ) -> Value:
        values = [(name, one.value.key) for name, one in captures.items()]
        loops = NONE.union(*(one.value.loops for one in captures.values()))
        key = self.key("function", scope, code, *values)
        return Value(key, loops, Closure(scope, frame, captures, code))

    def _method(self, scope: Scope, owner: Value) -> Value:
        frame = self.root(scope.parent.runner if scope.parent else scope)
        captures = {"self": Captured(owner, NONE)}
        return self._closure(scope, frame, captures, self._code(scope))

    def _decorated(self, scope: Scope, place: Place, frame: Frame) -> Value:
        value = self.function(scope, place, frame)
        for node in reversed(getattr(scope.node, "decorator_list", [])):
            wrapping = self.of(node, place, frame).closure
            if wrapping is None or frame.depth >= _DEEPEST:
                continue
            inner = Frame(
                self.key("decorator", node, value.key, frame.key),
                wrapping.scope,
                wrapping.frame,
                frame.loops_at(place.loops),
                frame.depth + 1,
            )
            if wrapping.scope.params:
                inner.arguments[wrapping.scope.params[0]] = value
            for returned in wrapping.scope.returns:
                found = self.of(returned.value, returned.place, inner)
                if found.closure is not None and found.closure.captures:
                    value = found
        return self._wrapped(scope, value, frame)

    def _wrapped(self, scope: Scope, value: Value, frame: Frame) -> Value:
        """Return a function with the code that functools.wraps refers to."""
        for node in getattr(scope.node, "decorator_list", []):
            if isinstance(node, ast.Call) and last_name(node.func) == "wraps":
                if not node.args or value.closure is None:
                    continue
                place = Place(scope.parent or scope, (), ())
                inner = self.of(node.args[0], place, frame)
                below = inner.closure.code if inner.closure else inner.key
                code = value.closure.code, below
                return self._closure(scope, frame, value.closure.captures, code)
        return value

    def _code(self, scope: Scope) -> Hashable:
        """Return what functions have in common that have one id."""
        node = scope.node
        if node not in self._codes:
            body = node.body if isinstance(node, ast.Lambda) else node
            text = ast.dump(body) if isinstance(node, ast.Lambda) else ""
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                text = "".join(map(ast.dump, node.body))
            names = *scope.params, *scope.keyword_params
            self._codes[node] = id(scope.module), scope.qualname, names, text
        return self._codes[node]

    # Calls.

    def called(
        self, node: ast.Call, place: Place, frame: Frame
    ) -> tuple[Scope, Frame, Value | None] | None:
        """Return the function or class that a call calls, its frame, and its self."""
        func = node.func
        if isinstance(func, ast.Name):
            owner = place.scope.owner(func.id)
            if owner is None:
                return None
            bindings = owner.bindings[func.id]
            if len(bindings) == 1 and bindings[0].scope is not None:
                around = self.root(owner)
                if owner.kind != "module":
                    around = frame.of(owner)
                return bindings[0].scope, around, None
        elif isinstance(func, ast.Attribute):
            base = self.of(func.value, place, frame)
            if base.instance is not None:
                method = method_of(base.instance, func.attr)
                if method is not None:
                    return method, self.root(method.module), base
            return None
        found = self.of(func, place, frame).closure
        if found is None:
            return None
        owner_value = found.captures.get("self")
        bound = owner_value.value if owner_value and found.scope.params else None
        return found.scope, found.frame, bound if _is_method(found.scope) else None

    def call(
        self,
        node: ast.Call,
        place: Place,
        frame: Frame,
        called: tuple[Scope, Frame, Value | None],
    ) -> Frame:
        """Return the frame of a call of a function."""
        scope, outer, owner = called
        key = self.key("call", node, scope, frame.key)
        if key in self._frames:
            return self._frames[key]
        inner = Frame(key, scope, outer, frame.loops_at(place.loops), frame.depth + 1)
        self._frames[key] = inner
        params = [*scope.params]
        if owner is not None and params:
            inner.arguments[params.pop(0)] = owner
        for param, given in zip(params, node.args, strict=False):
            if isinstance(given, ast.Starred):
                inner.rest = self.of(given, place, frame)
                break
            inner.arguments[param] = self.of(given, place, frame)
        for keyword in node.keywords:
            value = self.of(keyword.value, place, frame)
            if keyword.arg is None:
                inner.rest = value
            else:
                inner.arguments[keyword.arg] = value
        return inner


def method_of(cls: Scope, name: str) -> Scope | None:
    """Return the method of a class, or of its bases in the module."""
    for _ in range(_DEEPEST):
        for binding in cls.bindings.get(name, ()):
            if binding.kind != "def" or binding.scope is None:
                return None
            if getattr(binding.scope.node, "decorator_list", None):
                return None  # a property, or a static method
            return binding.scope
        bases = [
            x.id for x in getattr(cls.node, "bases", ()) if isinstance(x, ast.Name)
        ]
        found = [x for base in bases for x in cls.module.bindings.get(base, ())]
        if not found or found[0].scope is None or found[0].scope is cls:
            return None
        cls = found[0].scope
    return None


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def makes_object(func: ast.expr) -> bool:
    """Return whether a call makes a new object, by the name of what is called."""
    name = last_name(func)
    if name[:1].isupper() and not name.isupper():
        return True
    if name in _MAKES_OBJECT or name.startswith("use_"):
        return True
    return isinstance(func, ast.Attribute) and getattr(func.value, "id", "") == "ui"


def _is_method(scope: Scope) -> bool:
    return scope.parent is not None and scope.parent.kind == "class"


def _is_decorated(scope: Scope, name: str) -> bool:
    return any(last_name(x) == name for x in getattr(scope.node, "decorator_list", ()))


def _inside(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions that an expression consists of."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.expr):
            yield one
        elif isinstance(one, ast.keyword):
            yield one.value
