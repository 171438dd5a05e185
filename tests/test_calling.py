"""How a handler wants to be called: every kind of callable, by name.

Annotations are read at run time here, so this file does not turn them into strings;
where one is a string, that is what is being tested.
"""

# ruff: noqa: UP007, UP045 - how a union is written is what is being tested

import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from types import MethodType
from typing import TYPE_CHECKING, Annotated, Any, Generic, Optional, TypeVar, Union

import pytest
import typing_extensions

from handlerid._calling import Convention, _of_any, _of_partial, convention
from handlerid.errors import SignatureError, UnsupportedHandler
from handlerid.events import ClickEvent, Event, InputBlurEvent, InputEnterEvent

if TYPE_CHECKING:
    from somewhere import SomeEvent  # type: ignore[import-not-found]

Handler = Callable[..., object]
T = TypeVar("T")

NOTHING = Convention(takes_event=False)
ANYTHING = Convention(takes_event=True)
CLICK = Convention(takes_event=True, accepts=(ClickEvent,))
BOTH = Convention(takes_event=True, accepts=(ClickEvent, InputEnterEvent))

Click = typing_extensions.TypeAliasType("Click", ClickEvent)
Quoted = typing_extensions.TypeAliasType("Quoted", "ClickEvent")
ClickOrEnter = typing_extensions.TypeAliasType("ClickOrEnter", Click | InputEnterEvent)
# What a `type` statement makes, where there is one.
NativeAlias = getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType)
Native: Any = NativeAlias("Native", ClickEvent)

itself: Any = "itself"
Shadowed = InputEnterEvent


def plain() -> None: ...
def unannotated(event): ...  # type: ignore[no-untyped-def]
def annotated(event: ClickEvent) -> None: ...
def base_event(event: Event) -> None: ...
def other_type(event: str) -> None: ...
def annotated_none(event: None) -> None: ...
def union(event: ClickEvent | InputEnterEvent) -> None: ...
def typing_union(event: Union[ClickEvent, InputEnterEvent]) -> None: ...
def repeated(event: Union[Click, ClickEvent, None]) -> None: ...
def partly_event(event: ClickEvent | str) -> None: ...
def optional(event: Optional[ClickEvent]) -> None: ...
def with_metadata(event: Annotated[ClickEvent, "why"]) -> None: ...
def union_in_metadata(event: Annotated[ClickEvent | InputEnterEvent, 1]) -> None: ...
def a_class(event: type[ClickEvent]) -> None: ...
def a_list(event: list[ClickEvent]) -> None: ...
def alias(event: Click) -> None: ...
def quoted_alias(event: Quoted) -> None: ...
def alias_of_union(event: ClickOrEnter) -> None: ...
def native_alias(event: Native) -> None: ...


def string(event: "ClickEvent") -> None: ...
def string_twice(event: "'ClickEvent'") -> None: ...  # type: ignore[valid-type]
def string_union(event: "ClickEvent | InputEnterEvent") -> None: ...
def forward_in_union(event: Union["ClickEvent", "InputEnterEvent"]) -> None: ...
def string_itself(event: "itself") -> None: ...
def builtin_string(event: "str") -> None: ...
def for_checkers(event: "SomeEvent") -> None: ...
def partly_for_checkers(event: "ClickEvent | SomeEvent") -> None: ...
def forward_for_checkers(event: Optional["SomeEvent"]) -> None: ...


def positional_only(event: ClickEvent, /) -> None: ...
def default_unannotated(i=1): ...  # type: ignore[no-untyped-def]
def default_other_type(i: int = 1) -> None: ...
def default_none(event: ClickEvent | None = None) -> None: ...
def default_string(event: "ClickEvent | None" = None) -> None: ...
def event_and_default(event: ClickEvent, i: int = 1) -> None: ...
def default_event_second(i: int = 1, event: ClickEvent | None = None) -> None: ...
def keyword_default(event: ClickEvent, *, i: int = 1) -> None: ...
def only_keyword_default(*, i: int = 1) -> None: ...
def only_args(*args: object) -> None: ...
def only_events(*args: ClickEvent) -> None: ...
def only_events_string(*args: "ClickEvent | InputEnterEvent") -> None: ...
def only_kwargs(**kwargs: object) -> None: ...
def args_and_keyword(*args: object, i: int = 1) -> None: ...
def args_after_default(i: int = 1, *args: object) -> None: ...
def event_then_args(event: ClickEvent, *args: object, **kwargs: object) -> None: ...
def event_and_text(event: ClickEvent, text: str) -> None: ...
def text_and_event(text: str, event: ClickEvent) -> None: ...
def two_events(first: ClickEvent, second: ClickEvent) -> None: ...
def event_of_self(self: object, event: ClickEvent, text: str) -> None: ...
def two_of_self(text: object, event: ClickEvent) -> None: ...
def three(a: int, b: int, c: int) -> None: ...
def keyword_event(*, event: ClickEvent) -> None: ...
def event_and_keyword(event: ClickEvent, *, text: str) -> None: ...
def event_and_two_keywords(event: ClickEvent, *, a: int, b: int) -> None: ...


async def coroutine(event: ClickEvent) -> None: ...


def generator(event: ClickEvent) -> typing.Iterator[int]:
    yield 1


class GenericEvent(Event, Generic[T]):
    pass


def generic(event: GenericEvent[int]) -> None: ...


def decorated(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> object:
        return fn(*args, **kwargs)

    return wrapper


def decorated_with_self(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(self: object, event: object) -> object:
        return fn(self)

    return wrapper


class Component:
    def method(self, event: ClickEvent) -> None: ...

    def string_method(self, event: "ClickEvent") -> None: ...

    def no_event(self) -> None: ...

    def forgot_self() -> None: ...  # type: ignore[misc]

    def own_default(self: Any = None, event: ClickEvent | None = None) -> None: ...

    def only_args(*args: object) -> None: ...

    def only_events(self, *args: ClickEvent) -> None: ...

    def self_in_args(*args: object, i: int = 1) -> None: ...

    def too_much(self, event: ClickEvent, text: str) -> None: ...

    @classmethod
    def of_class(cls, event: ClickEvent) -> None: ...

    @staticmethod
    def static(event: ClickEvent) -> None: ...

    @functools.singledispatchmethod
    def dispatched(self, event: ClickEvent) -> None: ...

    @functools.singledispatchmethod
    @classmethod
    def class_dispatched(cls, event: ClickEvent) -> None: ...

    @functools.singledispatchmethod
    @staticmethod
    def static_dispatched(event: ClickEvent) -> None: ...

    set_text = functools.partialmethod(event_and_text, text="a")

    @decorated
    def wrapped(self, event: ClickEvent) -> None: ...

    @decorated_with_self
    def wrapped_with_event(self) -> None: ...

    def with_text(self, text: str, event: ClickEvent) -> None: ...

    with_a = functools.partialmethod(with_text, "a")


class CallableObject:
    def __call__(self, event: ClickEvent) -> None: ...


class CallsStatic:
    __call__ = staticmethod(annotated)


class CallsStaticWithNothing:
    __call__ = staticmethod(plain)


class CallsClassMethod:
    @classmethod
    def __call__(cls, event: ClickEvent) -> None: ...


class CallsPartial:
    __call__ = functools.partialmethod(event_of_self, text="a")


class CallsDispatched:
    @functools.singledispatchmethod
    def __call__(self, event: ClickEvent) -> None: ...


class CallsObject:
    __call__ = CallableObject()


class CallsBound:
    __call__ = MethodType(two_of_self, "a")


class CallableWithNothing:
    def __call__(self) -> None: ...


@dataclass
class CallableDataclass:
    step: int

    def __call__(self, event: "ClickEvent") -> None: ...


def undecorated(fn: Handler) -> Handler:
    def wrapper(*args: Any, **kwargs: Any) -> object:
        return fn(*args, **kwargs)

    return wrapper


def decorated_with_event(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(event: object) -> object:
        return fn()

    return wrapper


def renamed(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(happened: object) -> object:
        return fn(happened)

    return wrapper


def injecting(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(happened: object) -> object:
        return fn("text", happened)

    return wrapper


def event_then_more(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(event: object, *args: object) -> object:
        return fn(*args)

    return wrapper


def event_injecting(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(happened: object, *args: object) -> object:
        return fn("text", happened, *args)

    return wrapper


def without_event(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper() -> object:
        return fn(ClickEvent())

    return wrapper


def with_keywords(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(**kwargs: object) -> object:
        return fn(ClickEvent(), **kwargs)

    return wrapper


def needing_keyword(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(*args: object, text: str) -> object:
        return fn(*args)

    return wrapper


def needing_two(fn: Handler) -> Handler:
    @functools.wraps(fn)
    def wrapper(state: object, event: object, *args: object) -> object:
        return fn(event)

    return wrapper


class DecoratingObject:
    """A class as a decorator, as with ``functools.wraps``."""

    def __init__(self, fn: Handler) -> None:
        functools.update_wrapper(self, fn)
        self.fn = fn

    def __call__(self, event: object) -> object:
        return self.fn()


class StaticDecorator(DecoratingObject):
    @staticmethod
    def __call__(happened: object) -> None: ...


class PassingObject(DecoratingObject):
    def __call__(self, *args: object) -> object:
        return self.fn(*args)


def signed(*parameters: inspect.Parameter) -> Handler:
    """A function whose signature was set by hand."""

    def fn(*args: object) -> None: ...

    fn.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return fn


def parameter(name: str, annotation: object = inspect.Parameter.empty) -> Any:
    return inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation
    )


def local_class() -> Handler:
    class LocalEvent(ClickEvent):
        pass

    def handler(event: LocalEvent) -> None: ...

    return handler


def local_class_as_string(*, used: bool) -> Handler:
    """Only a name that the body uses can be found from a string."""

    class LocalEvent(ClickEvent):
        pass

    def using(event: "LocalEvent") -> object:
        return LocalEvent

    def not_using(event: "LocalEvent") -> None: ...

    return using if used else not_using


def name_bound_later() -> Handler:
    """A handler in whose closure a variable has no content yet."""

    def handler(event: "ClickEvent | InputEnterEvent") -> None:
        later()

    convention(handler, Event)
    kept.append((handler, convention(handler, Event)))

    def later() -> None: ...

    return handler


kept: list[tuple[Handler, Convention]] = []


def shadowing() -> Handler:
    class Shadowed(ClickEvent):
        pass

    def handler(event: "Shadowed") -> object:
        return Shadowed

    return handler


def key_of(key: str) -> None: ...


# A class that decorates, where annotations are strings and names are other ones.
_elsewhere = vars(types.ModuleType("elsewhere")) | {"Clicked": ClickEvent}
exec(
    """
class Passing:
    def __init__(self, fn):
        self.__wrapped__ = self.fn = fn

    def __call__(self, event: "Clicked"):
        return self.fn(event.key)
""",
    _elsewhere,
)
elsewhere: Any = _elsewhere["Passing"]

component = Component()
any_component: Any = component
any_handler: Any = unannotated
any_plain: Any = plain
calls_bound: Any = CallsBound()


@functools.wraps(int)
def wraps_a_class(*args: object) -> None: ...


CASES: dict[str, tuple[Handler, Convention]] = {
    "plain": (plain, NOTHING),
    "lambda without": (lambda: None, NOTHING),
    "lambda with": (lambda event: None, ANYTHING),
    "unannotated": (unannotated, ANYTHING),
    "annotated": (annotated, CLICK),
    "base event": (base_event, Convention(takes_event=True, accepts=(Event,))),
    "other type": (other_type, ANYTHING),
    "annotated None": (annotated_none, ANYTHING),
    "coroutine": (coroutine, CLICK),
    "generator": (generator, CLICK),
    "generic event": (
        generic,
        Convention(takes_event=True, accepts=(GenericEvent,)),
    ),
    # unions, metadata and aliases
    "union": (union, BOTH),
    "typing.Union": (typing_union, BOTH),
    "repeated in a union": (repeated, CLICK),
    "union with another type": (partly_event, CLICK),
    "Optional": (optional, CLICK),
    "Annotated": (with_metadata, CLICK),
    "Annotated union": (union_in_metadata, BOTH),
    "a class, not an event": (a_class, ANYTHING),
    "a list, not an event": (a_list, ANYTHING),
    "alias": (alias, CLICK),
    "alias of a string": (quoted_alias, CLICK),
    "alias of a union with an alias": (alias_of_union, BOTH),
    "alias as a type statement makes it": (native_alias, CLICK),
    # strings
    "string": (string, CLICK),
    "string in a string": (string_twice, CLICK),
    "string of a union": (string_union, BOTH),
    "forward references in a union": (forward_in_union, BOTH),
    "string that is its own value": (string_itself, ANYTHING),
    "string of a builtin": (builtin_string, ANYTHING),
    "name for type checkers": (for_checkers, ANYTHING),
    "union with a name for type checkers": (partly_for_checkers, ANYTHING),
    "forward reference for type checkers": (forward_for_checkers, ANYTHING),
    "string, a local class not in the closure": (
        local_class_as_string(used=False),
        ANYTHING,
    ),
    # which parameter
    "positional only": (positional_only, CLICK),
    "lambda i=i": (lambda i=1: i, NOTHING),
    "default unannotated": (default_unannotated, NOTHING),
    "default of another type": (default_other_type, NOTHING),
    "default None, annotated": (default_none, CLICK),
    "default None, string": (default_string, CLICK),
    "event and a default": (event_and_default, CLICK),
    "lambda event, i=i": (lambda event, i=1: i, ANYTHING),
    "event behind a default": (default_event_second, NOTHING),
    "keyword with default": (keyword_default, CLICK),
    "only a keyword with default": (only_keyword_default, NOTHING),
    "*args": (only_args, ANYTHING),
    "**kwargs": (only_kwargs, NOTHING),
    "*args, annotated": (only_events, CLICK),
    "*args, annotated with a string": (only_events_string, BOTH),
    "*args and a keyword": (args_and_keyword, ANYTHING),
    "*args behind a default": (args_after_default, NOTHING),
    "event, *args, **kwargs": (event_then_args, CLICK),
    # partials
    "partial by position": (functools.partial(text_and_event, "a"), CLICK),
    "partial by keyword": (functools.partial(event_and_text, text="a"), CLICK),
    "partial with the event": (functools.partial(annotated, ClickEvent()), NOTHING),
    "partial with the event by keyword": (
        functools.partial(annotated, event=ClickEvent()),
        NOTHING,
    ),
    "partial of a partial": (
        functools.partial(functools.partial(three, 1), c=3),
        ANYTHING,
    ),
    "partial binds a keyword": (functools.partial(event_and_keyword, text="a"), CLICK),
    "partial of a method": (functools.partial(component.too_much, text="a"), CLICK),
    "partial of an object": (functools.partial(CallableObject()), CLICK),
    # methods and objects
    "bound method": (component.method, CLICK),
    "bound method, string": (component.string_method, CLICK),
    "bound method without": (component.no_event, NOTHING),
    "method whose self has a default": (any_component.own_default, CLICK),
    "method with *args": (component.only_args, ANYTHING),
    "method with *args, annotated": (component.only_events, CLICK),
    "method with *args and a keyword": (component.self_in_args, ANYTHING),
    "class method": (Component.of_class, CLICK),
    "static method": (Component.static, CLICK),
    "static method, bare": (Component.__dict__["static"], CLICK),
    "partial method": (component.with_a, CLICK),
    "singledispatch": (functools.singledispatch(annotated), CLICK),
    "singledispatchmethod": (component.dispatched, CLICK),
    "singledispatchmethod of a class": (Component.class_dispatched, CLICK),
    "singledispatchmethod, static": (component.static_dispatched, CLICK),
    "singledispatchmethod, wrapped": (decorated(component.dispatched), CLICK),
    "callable object": (CallableObject(), CLICK),
    "object that calls a static method": (CallsStatic(), CLICK),
    "object that calls a static one without": (CallsStaticWithNothing(), NOTHING),
    "partial of an object that calls a static method": (
        functools.partial(CallsStatic()),
        CLICK,
    ),
    "partial of an object that calls a bound method": (
        functools.partial(calls_bound, ClickEvent()),
        NOTHING,
    ),
    "object that calls a class method": (CallsClassMethod(), CLICK),
    "object that calls a partial method": (CallsPartial(), CLICK),
    "object that calls by the event's type": (CallsDispatched(), CLICK),
    "object that calls an object": (CallsObject(), CLICK),
    "object that calls a bound method": (CallsBound(), CLICK),
    "object as a decorator, static": (StaticDecorator(annotated), CLICK),
    "callable object without": (CallableWithNothing(), NOTHING),
    "callable dataclass": (CallableDataclass(1), CLICK),
    # decorated
    "wraps": (decorated(annotated), CLICK),
    "wraps twice": (decorated(decorated(string)), CLICK),
    "wraps one without": (decorated(plain), NOTHING),
    "wraps lambda i=i": (decorated(lambda i=1: i), NOTHING),
    "wraps and its own parameter": (decorated_with_event(plain), ANYTHING),
    "wraps and its own parameter, twice": (
        decorated_with_event(decorated(plain)),
        ANYTHING,
    ),
    "wraps a wrapper with its own parameter": (
        decorated(decorated_with_event(plain)),
        ANYTHING,
    ),
    "wraps, another name": (renamed(annotated), CLICK),
    "wraps, another name, string": (renamed(string), CLICK),
    "wraps, another name, union": (renamed(union), BOTH),
    "wraps, another name, unannotated": (renamed(unannotated), ANYTHING),
    "wraps and injects": (injecting(text_and_event), CLICK),
    "wraps and injects, wrapped": (decorated(injecting(text_and_event)), CLICK),
    "wraps, the event and *args, and injects": (
        event_injecting(text_and_event),
        CLICK,
    ),
    "wraps, the event and *args": (event_then_more(plain), ANYTHING),
    "wraps, the event and *args, annotated": (
        event_then_more(default_none),
        CLICK,
    ),
    "wraps one with, has none": (without_event(annotated), NOTHING),
    "wraps one with, has keywords": (with_keywords(annotated), NOTHING),
    "wraps a method": (component.wrapped, CLICK),
    "wraps a method with its own parameter": (component.wrapped_with_event, ANYTHING),
    "partial of a wrapper": (functools.partial(decorated(text_and_event), "a"), CLICK),
    "object as a decorator": (DecoratingObject(plain), ANYTHING),
    "object as a decorator, *args": (PassingObject(annotated), CLICK),
    "object as a decorator, around one": (
        PassingObject(decorated_with_event(plain)),
        ANYTHING,
    ),
    "object as a decorator, its own string": (elsewhere(key_of), CLICK),
    "wraps a partial": (decorated(functools.partial(text_and_event, "a")), CLICK),
    "wrapper without wraps": (undecorated(annotated), ANYTHING),
    "wraps a class": (wraps_a_class, ANYTHING),
    "functools.cache": (functools.cache(annotated), CLICK),
    "functools.cache without": (functools.cache(plain), NOTHING),
    "signature by hand": (signed(parameter("event", ClickEvent)), CLICK),
    "signature by hand, string": (signed(parameter("event", "ClickEvent")), CLICK),
    "signature by hand, unannotated": (signed(parameter("event")), ANYTHING),
    "signature by hand, without": (signed(), NOTHING),
}

if sys.version_info >= (3, 12):
    statements: dict[str, Any] = {"ClickEvent": ClickEvent}
    exec("type Known = ClickEvent\ntype Unknown = Missing", statements)
    Known = statements["Known"]
    Unknown = statements["Unknown"]

    def type_statement(event: Known) -> None: ...
    def unknown_statement(event: Unknown) -> None: ...

    CASES |= {
        "type statement": (type_statement, CLICK),
        "type statement for type checkers": (unknown_statement, ANYTHING),
    }


@pytest.mark.parametrize(("handler", "expected"), CASES.values(), ids=CASES)
def test_convention(handler: Handler, expected: Convention) -> None:
    assert convention(handler, Event) == expected


def test_a_local_class_is_known_from_its_annotation() -> None:
    handler = local_class()
    (found,) = convention(handler, Event).accepts
    assert found is handler.__annotations__["event"]


def test_a_local_class_is_known_from_a_string_where_the_body_uses_it() -> None:
    handler = local_class_as_string(used=True)
    (found,) = convention(handler, Event).accepts
    assert found is handler(ClickEvent())


def test_a_string_is_read_where_the_wrapped_function_was_defined() -> None:
    handler = local_class_as_string(used=True)
    (found,) = convention(decorated(handler), Event).accepts
    assert found is handler(ClickEvent())


def test_a_local_class_comes_before_a_global_of_its_name() -> None:
    handler = shadowing()
    (found,) = convention(handler, Event).accepts
    assert found is handler(ClickEvent())


def test_a_closure_variable_without_content_hides_no_annotation() -> None:
    handler = name_bound_later()
    assert kept.pop() == (handler, BOTH)
    assert convention(handler, Event) == BOTH


def test_only_the_given_base_makes_an_event_type() -> None:
    assert convention(union, InputEnterEvent).accepts == (InputEnterEvent,)
    assert convention(union, InputBlurEvent) == ANYTHING


HERE = __name__


def too_many(name: str, parameters: str) -> str:
    return (
        f"{HERE}.{name} needs {parameters}, and a handler is called with the event "
        "alone; bind the others with functools.partial or give them defaults"
    )


def by_keyword(name: str, parameters: str) -> str:
    return (
        f"{HERE}.{name} needs {parameters} by keyword, and a handler is called with "
        "the event alone; bind it with functools.partial or give it a default"
    )


def no_signature(name: str) -> str:
    return (
        f"{HERE}.{name} does not tell its parameters; register a function with one "
        "parameter, the event"
    )


def no_fit(name: str, bound: str, parameters: str) -> str:
    return (
        f"{HERE}.{name} cannot take what functools.partial binds to it: {bound}; it "
        f"takes {parameters}"
    )


ERRORS: dict[str, tuple[Handler, str]] = {
    "two": (event_and_text, too_many("event_and_text", "event and text")),
    "two events": (two_events, too_many("two_events", "first and second")),
    "three": (three, too_many("three", "a, b and c")),
    "method": (
        component.too_much,
        too_many("Component.too_much", "event and text"),
    ),
    "wraps": (
        decorated(event_and_text),
        too_many("event_and_text", "event and text"),
    ),
    "partial leaves two": (functools.partial(three, 1), too_many("three", "b and c")),
    "unbound singledispatchmethod": (
        Component.dispatched,
        too_many("Component.dispatched", "self and event"),
    ),
    "unbound method": (
        Component.method,
        too_many("Component.method", "self and event"),
    ),
    "signature by hand": (
        signed(parameter("a"), parameter("b")),
        too_many("signed.<locals>.fn", "a and b"),
    ),
    "keyword event": (keyword_event, by_keyword("keyword_event", "event")),
    "keyword": (event_and_keyword, by_keyword("event_and_keyword", "text")),
    "two keywords": (
        event_and_two_keywords,
        by_keyword("event_and_two_keywords", "a and b"),
    ),
    "partial binds the first by keyword": (
        functools.partial(text_and_event, text="a"),
        by_keyword("text_and_event", "event"),
    ),
    "method without self": (
        any_component.forgot_self,
        no_signature("Component.forgot_self"),
    ),
    "partial that does not fit": (
        functools.partial(any_handler, 1, 2),
        no_fit("unannotated", "2 by position", "event"),
    ),
    "partial by keyword that does not fit": (
        functools.partial(any_handler, secret_name="secret"),
        no_fit("unannotated", "secret_name by keyword", "event"),
    ),
    "partial in both ways that does not fit": (
        functools.partial(any_component.too_much, 1, b=1, a=2),
        no_fit(
            "Component.too_much",
            "1 by position, a by keyword and b by keyword",
            "event and text",
        ),
    ),
    "partial of one that takes nothing": (
        functools.partial(any_plain, 1),
        no_fit("plain", "1 by position", "nothing"),
    ),
    "wrapper that needs a keyword": (
        needing_keyword(annotated),
        by_keyword("annotated", "text"),
    ),
    "wrapper that needs two": (
        needing_two(annotated),
        too_many("annotated", "state and event"),
    ),
}


@pytest.mark.parametrize(("handler", "text"), ERRORS.values(), ids=ERRORS)
def test_a_handler_that_cannot_be_called_is_refused(
    handler: Handler, text: str
) -> None:
    with pytest.raises(SignatureError) as caught:
        convention(handler, Event)
    assert str(caught.value) == text


def test_what_is_not_callable_is_refused() -> None:
    not_callable: Any = object()
    with pytest.raises(UnsupportedHandler) as caught:
        convention(not_callable, Event)
    assert str(caught.value) == (
        "an object of builtins.object is not callable; a handler is a callable"
    )


def test_a_convention_says_how_the_handler_can_really_be_called() -> None:
    """Every case above that says so is called with an event, or with nothing."""
    for name, (handler, expected) in CASES.items():
        if name == "functools.cache":
            continue  # an event is mutable, so no key of a cache
        try:
            result = handler(*([ClickEvent()] if expected.takes_event else []))
        except TypeError as error:
            pytest.fail(f"{name}: {error}")
        if inspect.iscoroutine(result):
            result.close()


# Partials: the short way says what their signature says.

PARAMETERS = [
    *("", "event", "event: ClickEvent", "item", "item, event", "event, item"),
    *("event, item=1", "event=None", "event: ClickEvent = None, item=1", "a, b, c"),
    *("item: int, event: ClickEvent", "event: 'ClickEvent', *, item", "event, /, item"),
    *(
        "*args",
        "event, *args",
        "event, **kwargs",
        "item=1, event=2",
        "event, *, item=1",
    ),
]
ARGUMENTS: list[tuple[Any, Any]] = [
    (args, keywords)
    for args in [(), (1,), (1, 2), (1, 2, 3)]
    for keywords in [
        *({}, {"item": 1}, {"event": 1}, {"item": 1, "event": 2}),
        *({"other": 1}, {"a": 1}, {"b": 1}, {"c": 1}, {"a": 1, "c": 2}),
    ]
]


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("base", [Event, object])
def test_the_short_way_of_partials_says_what_a_signature_says(
    parameters: str, base: type
) -> None:
    names: dict[str, Any] = {"ClickEvent": ClickEvent, "__name__": __name__}
    exec(f"def handler({parameters}): ...", names)
    short = 0
    for args, keywords in ARGUMENTS:
        bound = functools.partial(names["handler"], *args, **keywords)
        said = _of_partial(bound, base)
        if said is not None:
            short += 1
            assert said == _of_any(bound, base), (args, keywords)
            assert convention(bound, base) == said
        else:
            outcome: list[object] = []
            for way in (convention, _of_any):
                try:
                    outcome.append(way(bound, base))
                except SignatureError as error:
                    outcome.append(str(error))
            assert outcome[0] == outcome[1]
    plain = not any(mark in parameters for mark in "*/")
    assert bool(short) is plain


def test_a_method_that_is_a_partial_keeps_its_object() -> None:
    def handler(self: object, event: ClickEvent) -> None: ...

    bound = MethodType(functools.partial(handler), object())
    assert convention(bound, Event) == Convention(
        takes_event=True, accepts=(ClickEvent,)
    )
