"""Elements that stand in for those of any framework, and note their handlers.

What an example imports from its framework are elements, and so is each attribute of an
element, and what a call of it returns. Names with a capital are classes, because
examples inherit from them. The example's own code runs as it is.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import itertools
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any, Self, get_origin, get_type_hints

CALLABLES = (FunctionType, MethodType, functools.partial)

HANDLERS = {"fn", "handler", "callback", "interface", "chatinterface", "use_event"}
HANDLERS |= {"blur", "change", "clear", "click", "dblclick", "edit", "focus", "input"}
HANDLERS |= {"like", "load", "pick", "play", "press", "release", "render_event"}
HANDLERS |= {"select", "stop", "submit", "tick", "upload"}
"""Names of calls and arguments that get handlers, besides those with "on"."""

RENDERED = {"app", "component", "component_vue", "content_component", "main", "page"}
RENDERED |= {
    "refreshable",
    "refreshable_method",
    "render",
    "render_views",
    "root",
    "run",
}
RENDERED |= {"run_async", "target"}
"""Names of calls and arguments that get what renders a page or a part of one."""

PAGES = {"app", "client", "context", "page", "request", "session"}
"""Names of the page, and of the client that looks at it."""

STATES = ("use_state", "use_reducer", "use_reactive", "reactive", "use_ref")

registered: Callable[[Any], None] = lambda handler: None  # noqa: E731
"""Called with each handler that an example hands over."""

numbers = itertools.count()
"""Of elements; started again with each example."""

pages: list[Callable[..., Any]] = []
"""What renders a page and was not called so far."""


class ElementType(type):
    """Makes attributes of classes: ``Colors.RED`` of an enum, others as elements."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") or name == "_fields":
            raise AttributeError(name)
        return _member(cls.__name__, name) if name.isupper() else Element(name)

    def __iter__(cls) -> Iterator[Any]:
        return iter((_member(cls.__name__, "A"), _member(cls.__name__, "B")))


class Standin(metaclass=ElementType):
    """What an example has from a framework."""

    _name: str
    _owner: Any  # what this is a method of, if it is one
    _number: int  # in the order in which the example made its elements

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made = super().__new__(cls)
        made._name, made._owner = cls.__name__, None
        if cls in _KINDS:
            made._name, made._owner = (*args, None)[:2]
        made._number = next(numbers)
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        made = type(self)
        if made in _KINDS:
            return
        for field in getattr(made, "__dataclass_fields__", {}).values():
            if field.default_factory is not dataclasses.MISSING:
                setattr(self, field.name, field.default_factory())
        _note(self._name, args, kwargs)
        for name, value in kwargs.items():
            if not isinstance(getattr(made, name, None), property | FunctionType):
                object.__setattr__(self, name, value)
        for hook in ("__post_init__", "init", "build"):
            if hook in vars(made):
                getattr(self, hook)()

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("on"):
            _note(name, (value,), {})
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        kind = Foreign if isinstance(self, Foreign) else Element
        object.__setattr__(self, name, made_for(name, kind, self))
        return self.__dict__[name]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _call(self._name, args, kwargs)

    def __iter__(self) -> Iterator[Any]:
        return iter((Element(self._name), Element(self._name)))

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from ()
        return Element(self._name)

    async def __aiter__(self) -> Any:
        yield Element(self._name)

    async def __aexit__(self, *raised: object) -> None: ...

    def __init_subclass__(cls, **options: Any) -> None: ...

    def __mro_entries__(self, bases: object) -> tuple[type, ...]:
        return (Element,)

    def __class_getitem__(cls, key: object) -> Any:
        return cls

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None: ...


_ANSWERS = {"int": 1, "index": 1, "float": 1.0, "len": 2, "bool": True, "str": "text"}
_ANSWERS |= {"format": "text", "fspath": "path", "contains": False, "lt": False}
_ANSWERS |= {"gt": False, "le": False, "ge": False, "setitem": None, "delitem": None}
for _name, _value in _ANSWERS.items():
    setattr(Standin, f"__{_name}__", lambda self, *args, value=_value: value)
_OPERATORS = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "neg"]
_OPERATORS += [
    "and",
    "or",
    "xor",
    "divmod",
    "pos",
    "abs",
    "invert",
    "getitem",
    "aenter",
]
for _name in [*_OPERATORS, *("r" + name for name in _OPERATORS)]:
    setattr(Standin, f"__{_name}__", lambda self, *args: Element(self._name))


class Element(Standin):
    """An element of a page, or what makes or changes one."""


class Page(Standin):
    """The page, or the client that looks at it."""


class Setter(Standin):
    """Sets a variable of a component's state, and holds its value."""

    value: Any
    current: Any


class Foreign(Standin):
    """What comes from a package that is not installed and is no framework."""


_KINDS = {Element, Page, Setter, Foreign}


class Module(ModuleType):
    """A module of a framework, or of a package that is not installed."""

    def __init__(self, name: str, kind: type[Standin], folder: Path) -> None:
        super().__init__(name)
        self.__path__ = [str(folder)]
        self.__file__ = str(folder / "__init__.py")
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        setattr(self, name, made_for(name, self._kind))
        return self.__dict__[name]


def made_for(name: str, kind: type[Standin], owner: Standin | None = None) -> Any:
    """Return what a framework or an element has under a name."""
    if name.endswith(("Error", "Exception")):
        return type(name, (Exception,), {})
    if name[:1].isupper():
        return ElementType(name, (kind,), {})
    return Page(name) if name in PAGES and kind is Element else kind(name, owner)


@functools.cache
def _member(cls: str, name: str) -> Any:
    kind = f"{cls}_{name}"
    made: Any = enum.Enum(kind, {name: name.lower()}, type=str, module=__name__)  # type: ignore[misc]
    globals()[kind] = made
    return made[name]


def _call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    first = args[0] if args else None
    if name in STATES:
        setter = Setter(name)
        setter._owner = setter
        setter.value = args[-1] if args else None
        if name == "use_state" and type(setter.value) is FunctionType:
            setter.value = setter.value()
        setter.current = setter.value
        return (setter.value, setter) if name in STATES[:2] else setter
    if name == "use_memo" or (name == "state" and isinstance(first, type)):
        return first() if callable(first) else Element(name)
    if name in ("memo", "cache", "use_callback") and callable(first):
        return first
    if isinstance(first, type) and len(args) == 1:
        return _as_state(first)
    if name in RENDERED and type(first) is FunctionType:
        return _component(first)
    _note(name, args, kwargs)
    decorates = type(first) is FunctionType and not args[1:] and not kwargs
    return first if decorates else Element(name)


def _as_state(cls: type) -> type:
    """Return a class of state: a dataclass, each of whose fields has a default."""
    if "__annotations__" in vars(cls) and not dataclasses.is_dataclass(cls):
        for name, hint in get_type_hints(cls).items():
            if name in cls.__annotations__ and name not in vars(cls):
                kind = get_origin(hint) or hint
                made = (
                    kind if kind in (list, dict, set, str, int, float, bool) else None
                )
                setattr(cls, name, dataclasses.field(default_factory=made or Element))
        dataclasses.dataclass(init=not issubclass(cls, Standin), eq=False)(cls)
    return cls


def _component(fn: Callable[..., Any]) -> Any:
    @functools.wraps(fn)
    def rendered(*args: Any, **kwargs: Any) -> Any:
        if rendered in pages:
            pages.remove(rendered)
        made = fn(*args, **kwargs)
        return Element(fn.__name__) if made is None else made

    rendered.refresh = Element("refresh", Element("refreshable"))  # type: ignore[attr-defined]
    rendered.f = fn  # type: ignore[attr-defined]
    pages.append(rendered)
    return rendered


def _note(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note the handlers, and what renders, among the arguments of a call."""
    for given, value in [*((name, x) for x in args), *kwargs.items()]:
        key, fn = given.lower(), value
        if isinstance(value, Standin) and value._owner is not None:
            fn = MethodType(_method, value._owner)  # such as dialog.open
        if key.startswith("on") or key in HANDLERS:
            if isinstance(fn, CALLABLES):
                registered(fn)
        elif key in RENDERED and isinstance(value, CALLABLES):
            pages.append(value)


def _method(self: object, event: object = None) -> None:
    """Stand in for a method of a framework's element."""
