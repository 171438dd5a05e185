"""Finds the values of names and expressions, in one call of the function around.

1. Two values with one key are the same, as far as the source shows. What is made anew
   (a list, an object, a variable that functions assign) has a key for each place, and
   for each call of the function around it.
2. A value has the loops that make it another one each time around. A loop is a node in
   one call of the function that it stands in.
3. What a call returns depends on its arguments alone, unless it makes an object. What
   an unknown function gets as its only argument stays the function that it is.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from handlerid.check.modules import Modules
from handlerid.check.scopes import Binding, Loop, Place, Scope, last_name

Loops: TypeAlias = frozenset[tuple[int, Loop]]
NONE: Loops = frozenset()

_MAKES_OBJECT = {
    *("list", "dict", "set", "bytearray", "object", "deque", "defaultdict"),
    *("next", "pop", "popleft"),  # another one each time
    # Of Flet and Solara: state, of which each component has its own.
    *("reactive", "use_state", "use_reactive", "use_reducer", "use_ref"),
}

_DISPLAYS = ast.List | ast.Dict | ast.Set | ast.GeneratorExp
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp
_DEEPEST = 8  # calls in calls


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

    @property
    def code(self) -> Hashable:
        """What functions have in common that have one id."""
        inner = self.wrapped
        known = inner and (inner.closure.code if inner.closure else inner.key)
        return self.scope.code, known


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
    locals: dict[tuple[Scope, str], Value] = field(default_factory=dict)

    def of(self, scope: Scope) -> Frame:
        """Return the frame of the runner of a scope around."""
        frame: Frame | None = self
        while frame is not None and frame.scope is not scope.runner:
            frame = frame.outer
        return frame or self

    def loops_at(self, loops: tuple[Loop, ...]) -> Loops:
        """Return the loops around a place in this call."""
        return self.loops.union((self.key, loop) for loop in loops)


class Values:
    """Evaluates expressions; one for all modules of a run."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self._keys: dict[Hashable, int] = {}
        self._frames: dict[int, Frame] = {}
        self._calls: dict[tuple[ast.Call, int], Value] = {}

    def _key(self, *parts: Hashable) -> int:
        return self._keys.setdefault(parts, len(self._keys))

    def root(self, scope: Scope) -> Frame:
        """Return the frame of a call whose arguments are not known."""
        key = self._key("root", scope)
        if key not in self._frames:
            outer = self.root(scope.parent.runner) if scope.parent else None
            frame = self._frames[key] = Frame(key, scope, outer)
            if scope.is_method and scope.positional:
                made = Value(self._key("self", scope.parent), instance=scope.parent)
                frame.arguments[scope.positional[0]] = made
        return self._frames[key]

    # Expressions.

    def of(self, node: ast.expr, place: Place, frame: Frame) -> Value:
        """Return the value of an expression at a place, in one call of its runner."""
        if isinstance(node, ast.Constant):
            return Value(self._key("constant", ast.dump(node)))
        if isinstance(node, ast.Name):
            return self.of_name(node.id, place.scope, frame)
        if isinstance(node, ast.Attribute):
            return self._attribute(self.of(node.value, place, frame), node.attr)
        if isinstance(node, ast.Call):
            known = node, frame.key
            if known not in self._calls:
                self._calls[known] = self._returned(node, place, frame)
            return self._calls[known]
        if isinstance(node, ast.Lambda):
            return self._function(place.scope.module.functions[node], place, frame)
        if isinstance(node, ast.Await | ast.NamedExpr):
            return self.of(node.value, place, frame)
        if isinstance(node, _DISPLAYS | _COMPREHENSIONS):
            return self._made(node, place, frame)
        kind = type(getattr(node, "op", node)).__name__
        return self._made_of(kind, node, place, frame)

    def _made_of(self, kind: str, node: ast.expr, place: Place, frame: Frame) -> Value:
        """Return a value that depends on those of the expressions in it."""
        nodes = ast.iter_child_nodes(node)
        inside = [x.value if isinstance(x, ast.keyword) else x for x in nodes]
        values = [self.of(x, place, frame) for x in inside if isinstance(x, ast.expr)]
        return self._combined(kind, values)

    def _combined(self, kind: str, values: list[Value]) -> Value:
        key = self._key("of", kind, *(one.key for one in values))
        return Value(key, NONE.union(*(one.loops for one in values)))

    def _made(
        self, node: ast.AST, place: Place, frame: Frame, cls: Scope | None = None
    ) -> Value:
        """Return an object that is made there."""
        loops = frame.loops_at(place.loops)
        return Value(self._key("made", node, frame.key), loops, instance=cls)

    def _attribute(self, base: Value, name: str) -> Value:
        scope = base.scope
        if scope is not None and scope.kind == "module" and name in scope.bindings:
            return self.of_name(name, scope, self.root(scope))
        method = base.instance and method_of(base.instance, name)
        if method:
            return self._value(self.method(method, base))
        return Value(self._key("attribute", base.key, name), base.loops)

    def _returned(self, node: ast.Call, place: Place, frame: Frame) -> Value:
        called = self.of(node.func, place, frame)
        if called.scope is not None:
            return self._made(node, place, frame, called.scope)
        if called.closure is not None:
            inner = self.call(node, place, frame, called.closure)
            if returned := self._returned_function(inner):
                return returned
        elif makes_object(node.func):
            return self._made(node, place, frame)
        elif len(node.args) == 1 and not node.keywords:
            given = self.of(node.args[0], place, frame)
            if given.closure is not None:
                return given
        found = self._made_of("call", node, place, frame)
        return found._replace(is_part=last_name(node.func) == "part")

    def _returned_function(self, frame: Frame) -> Value | None:
        """Return the function that a call returns; of several, the last closure."""
        found = None
        for node, place in frame.scope.returns if frame.depth <= _DEEPEST else ():
            value = self.of(node, place, frame)
            if value.closure and (found is None or value.closure.captures):
                found = value
        return found

    # Names.

    def of_name(self, name: str, scope: Scope, frame: Frame) -> Value:
        """Return the value of a name, as seen from a scope."""
        owner = scope.owner(name)
        if owner is None:
            return Value(self._key("builtin", name))
        if owner.kind == "module" and frame.scope is not owner:
            kinds = [one.kind for one in owner.bindings[name]]
            if kinds not in (["def"], ["class"], ["import"], ["from"]):
                return Value(self._key("global", owner, name))
            return self._local(name, owner, self.root(owner))
        return self._local(name, owner, frame.of(owner))

    def _local(self, name: str, owner: Scope, frame: Frame) -> Value:
        known = owner, name
        if known not in frame.locals:
            # While it is looked for: a variable that depends on itself becomes another
            # value in each loop that assigns it.
            places = [one.place for one in owner.bindings[name]]
            own = frozenset((frame.key, x) for place in places for x in place.loops)
            key = self._key("before", owner, name, frame.key)
            frame.locals[known] = Value(key, own)
            frame.locals[known] = self._find_local(name, owner, frame)
        return frame.locals[known]

    def _find_local(self, name: str, owner: Scope, frame: Frame) -> Value:
        if name in owner.assigned_inside:
            return Value(self._key("cell", owner, name, frame.key), frame.loops)
        found = [self.of_binding(name, one, frame) for one in owner.bindings[name]]
        return found[0] if len(found) == 1 else self._combined("one of", found)

    def of_binding(self, name: str, binding: Binding, frame: Frame) -> Value:
        """Return the value that one assignment gives to a name."""
        place, value, scope = binding.place, binding.value, binding.scope
        if binding.kind == "param":
            return self._argument(name, frame)
        if binding.source:
            return self._imported(binding)
        if binding.kind == "class":
            key = self._key("class", scope, frame.key)
            return Value(key, frame.loops, scope=scope)
        if scope is not None:
            return self._decorated(scope, place, frame)
        if value is None:
            return self._made(binding.node, place, frame)
        found = self.of(value, place, frame)
        if binding.kind == "assign":
            return found
        loops = found.loops
        if binding.kind == "each":
            loops |= {(frame.key, one) for one in place.loops[-1:]}
        return Value(self._key(binding.kind, binding.node, found.key), loops)

    def _argument(self, name: str, frame: Frame) -> Value:
        if name in frame.arguments:
            return frame.arguments[name]
        if frame.rest is not None:
            return Value(self._key("rest", name, frame.rest.key), frame.rest.loops)
        return Value(self._key("argument", name, frame.scope))

    def _imported(self, binding: Binding) -> Value:
        path, source = binding.place.scope.module.name, binding.source
        if binding.kind == "from":
            name = getattr(binding.node, "name", "")
            module = self.modules.find(path, source)
            if module is not None and name in module.bindings:
                return self.of_name(name, module, self.root(module))
            source += name if source.endswith(".") else f".{name}"
        module = self.modules.find(path, source)
        return Value(self._key("module", module or binding.node), scope=module)

    # Functions.

    def _function(self, scope: Scope, place: Place, frame: Frame) -> Value:
        """Return the function that a def or lambda makes at a place."""
        captures: dict[str, Captured] = {}
        for name, owner in sorted(scope.free_names.items()):
            value = self.of_name(name, scope.parent or scope, frame)
            own = frame.of(owner).key
            late = frozenset(one for one in value.loops if one[0] == own)
            captures[name] = Captured(value, late | value.late)
        for name, default in scope.defaults.items():
            value = self.of(default, place, frame)
            captures[name] = Captured(value, value.late)
        return self._value(Closure(scope, frame, captures))

    def method(self, scope: Scope, owner: Value) -> Closure:
        """Return a method of an object."""
        frame = self.root((scope.parent or scope).runner)
        return Closure(scope, frame, {"self": Captured(owner)}, is_bound=True)

    def _value(self, closure: Closure) -> Value:
        captures = closure.captures
        values = [(name, one.value.key) for name, one in captures.items()]
        key = self._key("function", closure.scope, *values)
        loops = NONE.union(*(one.value.loops for one in captures.values()))
        return Value(key, loops, closure)

    def _decorated(self, scope: Scope, place: Place, frame: Frame) -> Value:
        value = self._function(scope, place, frame)
        for node in reversed(scope.decorators):
            if isinstance(node, ast.Call) and last_name(node.func) == "wraps":
                if value.closure is not None and node.args:
                    wrapped = self.of(node.args[0], place, frame)
                    value = self._value(value.closure._replace(wrapped=wrapped))
                continue
            decorator = self.of(node, place, frame).closure
            if decorator is not None:
                inner = self.call(node, place, frame, decorator, [value])
                value = self._returned_function(inner) or value
        return value

    def call(
        self,
        node: ast.expr,
        place: Place,
        frame: Frame,
        closure: Closure,
        values: Sequence[Value] = (),
    ) -> Frame:
        """Return the frame of a call of a function, or of a decorator with values."""
        scope = closure.scope
        captured = [one.value.key for one in closure.captures.values()]
        given = [one.key for one in values]
        key = self._key("call", node, scope, frame.key, *captured, *given)
        if key in self._frames:
            return self._frames[key]
        loops = frame.loops_at(place.loops)
        inner = Frame(key, scope, closure.frame, loops, frame.depth + 1)
        self._frames[key] = inner
        bound = [closure.captures["self"].value] if closure.is_bound else []
        known = zip(scope.positional, (*bound, *values), strict=False)
        inner.arguments.update(known)
        if values or not isinstance(node, ast.Call):
            return inner
        params, rest = iter(scope.positional[len(bound) :]), list[Value]()
        for argument in node.args:
            value, param = self.of(argument, place, frame), next(params, None)
            if isinstance(argument, ast.Starred):
                inner.rest = value
            elif inner.rest is None and param is not None:
                inner.arguments[param] = value
            else:
                rest.append(value)
        for keyword in node.keywords:
            value = self.of(keyword.value, place, frame)
            if keyword.arg is None:
                inner.rest = value
            elif keyword.arg in scope.params:
                inner.arguments[keyword.arg] = value
            else:
                rest.append(value)
        if rest:
            given_more = self._combined("rest", rest)
            inner.arguments.update(dict.fromkeys(scope.rest_params, given_more))
        return inner


def method_of(cls: Scope, name: str) -> Scope | None:
    """Return the method of a class, or of its bases in the module."""
    classes = [cls]
    for one in classes:  # it grows
        for binding in one.bindings.get(name, ()):
            scope = binding.scope
            # Decorated, it is a property or a static method.
            is_plain = binding.kind == "def" and scope and not scope.decorators
            return scope if is_plain else None
        for base in getattr(one.node, "bases", ()):
            for binding in one.module.bindings.get(last_name(base), ()):
                scope = binding.scope
                if scope and scope.kind == "class" and scope not in classes:
                    classes.append(scope)
    return None


def makes_object(func: ast.expr) -> bool:
    """Return whether a call makes a new object, by the name of what is called."""
    name = last_name(func)
    if (name[:1].isupper() and not name.isupper()) or name in _MAKES_OBJECT:
        return True
    # NiceGUI's elements.
    return isinstance(func, ast.Attribute) and getattr(func.value, "id", "") == "ui"
