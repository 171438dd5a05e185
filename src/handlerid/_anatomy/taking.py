"""Taking a callable apart, wrapping by wrapping.

What belongs here: each kind of callable that has an identity, and which of its parts
is what. The rules stand in the package's docstring.
"""

from __future__ import annotations

import functools
from operator import itemgetter
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, NamedTuple

from handlerid._anatomy import refusing
from handlerid._canonical.peek import (
    is_a,
    look_up,
    name_of_class,
    qualname_of,
    stored_in,
)
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Anatomy",
    "Capture",
    "Unset",
    "captures_of",
    "name_of",
    "partial_method",
    "take_apart",
]

_CachedFunction = type(functools.cache(lambda: None))

# What Python 3.14 added: the method that a singledispatchmethod gives, and the place
# that a partial leaves open.
_SingleDispatch = getattr(functools, "_singledispatchmethod_get", None)
_PLACEHOLDER = getattr(functools, "Placeholder", object())

_PARTIAL = [
    vars(functools.partial)[name].__get__ for name in ("args", "keywords", "func")
]
"""What read the parts of a subclass of ``partial``, whatever it overrides."""

_DEEPEST = 100
"""Wrappings taken off before a callable counts as wrapping itself."""


class Unset:
    """Stands for the content of a closure cell that has none yet."""


class Capture(NamedTuple):
    """A captured value.

    Attributes:
        layer: how many layers there are down to the one that carries it; two may use
            one name, and a default may be missing in either.
        name: the variable; ``self`` for a bound object, whose layer comes next.
        value: what it holds.
    """

    layer: int
    name: str
    value: object


class Anatomy(NamedTuple):
    """The parts of a callable.

    Attributes:
        module: name of the module of the location.
        qualname: qualified name of the location.
        layers: the functions that run, outermost first, at least one. A string names
            a layer that has no code in Python, or none to go by.
        bound: bound arguments by where they stand: ``args[0]``, ``keywords[unit]``,
            ``cls``.
        captures: captured values, in the order of the layers.
    """

    module: str
    qualname: str
    layers: tuple[FunctionType | str, ...]
    bound: tuple[tuple[str, object], ...]
    captures: tuple[Capture, ...]


def take_apart(handler: object) -> Anatomy:
    """Returns the parts of a callable.

    Raises:
        UnsupportedHandler: it is no callable, or a kind of callable that has no
            identity; the text says what to use instead.
    """
    return _Taking(handler).apart()


def name_of(handler: object) -> str:
    """Module and qualified name of a callable, for errors; raises as ``take_apart``."""
    anatomy = take_apart(handler)
    return f"{anatomy.module}.{anatomy.qualname}"


def captures_of(fn: FunctionType) -> list[tuple[str, object]]:
    """What one function carries besides its code: cells and argument defaults."""
    code: CodeType = fn.__code__
    captures: list[tuple[str, object]] = []
    if fn.__closure__:
        for name, cell in zip(code.co_freevars, fn.__closure__, strict=True):
            try:
                captures.append((name, cell.cell_contents))
            except ValueError:
                captures.append((name, Unset))
    last = code.co_argcount
    if fn.__defaults__:
        # From the end: a function that was given new code may have too many.
        names = code.co_varnames[:last]
        captures += [*zip(names[::-1], fn.__defaults__[::-1], strict=False)][::-1]
    if fn.__kwdefaults__:
        defaults = fn.__kwdefaults__
        names = code.co_varnames[last : last + code.co_kwonlyargcount]
        captures += [(name, defaults[name]) for name in names if name in defaults]
    return captures


def partial_method(fn: FunctionType) -> Any:
    """The ``partialmethod`` that this function, read from a class, stands for."""
    # functools.wraps copies the attribute to functions that stand for themselves.
    if fn.__globals__ is not vars(functools):
        return None
    attributes = fn.__dict__
    return attributes.get("__partialmethod__") or attributes.get("_partialmethod")


class _Taking:
    """One callable while it is taken apart."""

    def __init__(self, handler: object) -> None:
        self.handler = handler
        self.place: tuple[object, str] | None = None
        self.layers: list[FunctionType | str] = []
        self.bound: list[tuple[str, object]] = []
        self.captures: list[Capture] = []

    def apart(self) -> Anatomy:
        todo = [self.handler]
        for _ in range(_DEEPEST):
            if not todo:
                break
            todo += reversed(self.take_off(todo.pop()))
        if todo:
            raise UnsupportedHandler(
                f"{refusing.describe(self.handler)} wraps itself, or more than "
                f"{_DEEPEST} callables"
            )
        if self.place is None:
            raise self.refuse(self.handler, refusing.NOTHING)
        module, qualname = self.place
        if not isinstance(module, str):
            raise UnsupportedHandler(
                f"the function {qualname} has no module name; "
                "set its __module__, or define it in a module"
            )
        layers, bound = tuple(self.layers), tuple(self.bound)
        return Anatomy(module, qualname, layers, bound, tuple(self.captures))

    def take_off(self, rest: Any) -> Sequence[object]:
        """Takes off the outermost wrapping and returns what is inside, if anything."""
        kind = type(rest)
        if kind is FunctionType:
            return self.function(rest)
        if kind is functools.partial:
            self.arguments(rest.args, rest.keywords)
            return (rest.func,)
        if kind is MethodType:
            self.bind(rest.__self__)
            return (rest.__func__,)
        if kind is staticmethod or (kind is classmethod and self.layers):
            return (rest.__func__,)  # the second, under a singledispatchmethod
        if is_a(kind, type):
            return self.end(rest, f"class {qualname_of(rest)}", refusing.CLASS)
        return self.object(rest, kind)

    def function(self, fn: FunctionType) -> Sequence[object]:
        if method := partial_method(fn):
            self.arguments(method.args, method.keywords)
            return (method.func,)
        if refusing.is_mock(type(fn.__dict__.get("mock"))):  # create_autospec's
            raise self.refuse(fn, refusing.MOCK)
        self.place = self.place or (fn.__module__, fn.__qualname__)
        wrapped = fn.__dict__.get("__wrapped__")
        if wrapped is not None and fn.__globals__ is vars(functools):
            maker = fn.__code__.co_qualname.partition(".")[0]
            cells = dict(captures_of(fn))
            return self.dispatch(maker, wrapped, cells.get("obj"), cells.get("cls"))
        self.layers.append(fn)
        depth = len(self.layers)
        self.captures += [Capture(depth, *one) for one in captures_of(fn)]
        return () if wrapped is None else (wrapped,)

    def dispatch(
        self, maker: str, func: Any, obj: object, cls: object
    ) -> Sequence[object]:
        """Takes off what ``singledispatch`` or ``singledispatchmethod`` made."""
        self.layers.append(f"functools.{maker}")
        owner = cls if type(func) is classmethod else obj
        if owner is not None:
            self.bind(owner)
        return (func,)

    def object(self, rest: Any, kind: type) -> Sequence[Any]:
        """Takes an object apart that is called by the ``__call__`` of its class."""
        if refusing.is_native(kind):
            return self.end(rest, f"built-in {rest.__qualname__}", refusing.BUILT_IN)
        if kind is _CachedFunction:
            self.layers.append("functools.cache")
            return self.wrapped(rest)
        if kind is _SingleDispatch:
            stored = stored_in(rest)
            func, obj, cls = stored("_unbound").func, stored("_obj"), stored("_cls")
            return self.dispatch("singledispatchmethod", func, obj, cls)
        if is_a(kind, functools.partial):
            args, keywords, func = (read(rest) for read in _PARTIAL)
            self.arguments(args, keywords)
            if look_up(kind, "__call__") is look_up(functools.partial, "__call__"):
                return (func,)
            return (self.call(rest, kind), func)
        if reason := refusing.says_nothing(kind):
            raise self.refuse(rest, reason)
        return (self.call(rest, kind), *self.wrapped(rest))

    def call(self, rest: Any, kind: type) -> Any:
        """Returns what runs when an object is called."""
        found = look_up(kind, "__call__")
        how = type(found)
        if found is None:
            raise self.refuse(rest, refusing.NOT_CALLABLE)
        if how is classmethod:
            self.bind(kind)
            return found.__func__
        if how is FunctionType or how is _CachedFunction:
            self.bind(rest)
        elif how is functools.partialmethod:
            self.bind(rest)
            self.arguments(found.args, found.keywords)
            return found.func
        elif how is functools.singledispatchmethod:
            (found,) = self.dispatch(how.__name__, found.func, rest, kind)
        elif refusing.is_native(how) or refusing.is_cython(how):
            raise self.refuse(rest, refusing.NATIVE_CALL)
        elif how is staticmethod or how is MethodType:
            return found
        elif look_up(how, "__get__") is not None:
            raise self.refuse(rest, refusing.COMPUTED_CALL.format(name_of_class(how)))
        return found

    def wrapped(self, rest: Any) -> Sequence[Any]:
        """Returns what an object wraps, if ``functools.update_wrapper`` was there."""
        stored = stored_in(rest)
        wrapped, qualname = stored("__wrapped__"), stored("__qualname__")
        if wrapped is None:
            return ()
        if self.place is None and type(qualname) is str:
            self.place = (stored("__module__"), qualname)
        return (wrapped,)

    def end(self, rest: Any, name: str, refusal: str) -> Sequence[Any]:
        """Ends at what has no code, where a function in Python wraps it."""
        if not any(type(layer) is FunctionType for layer in self.layers):
            raise self.refuse(rest, refusal)
        self.layers.append(name)
        return ()

    def bind(self, owner: Any) -> None:
        if is_a(type(owner), type):
            self.bound.append(("cls", owner))
        else:
            self.captures.append(Capture(len(self.layers), "self", owner))

    def arguments(self, args: Iterable[Any], keywords: dict[str, Any]) -> None:
        for index, value in enumerate(args):
            if value is not _PLACEHOLDER:
                self.bound.append((f"args[{index}]", value))
        # Marked, since by ** a keyword may be any text, "args[0]" too.
        for name, value in sorted(keywords.items(), key=itemgetter(0)):
            self.bound.append((f"keywords[{name}]", value))

    def refuse(self, rest: Any, reason: str) -> UnsupportedHandler:
        name = refusing.describe(rest)
        if rest is not self.handler:
            name = f"{name}, inside {refusing.describe(self.handler)},"
        return UnsupportedHandler(f"{name} {reason}")
