"""How handlers want to be called: every kind of signature and of callable, by name."""

import functools
import gc
import inspect
import typing
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, MethodType
from typing import Annotated, Any, Generic, Optional, TypeVar, Union

import pytest
import typing_extensions

from handlerid import (
    ClickEvent,
    Event,
    Identity,
    InputBlurEvent,
    InputEvent,
    RegisteredHandler,
    Registry,
)
from handlerid._registry.signatures import bind, inspect_signature
from handlerid.errors import SignatureError, UnsupportedHandler
from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.pyodide import run_pyodide

Handler = Callable[..., Any]
T = TypeVar("T")

NOTHING = (False, ())
ANYTHING = (True, ())
CLICK = (True, (ClickEvent,))
BOTH = (True, (ClickEvent, InputEvent))


class GenericEvent(Event, Generic[T]):
    pass


NAMES: dict[str, Any] = {
    "__name__": "app",
    "ClickEvent": ClickEvent,
    "InputEvent": InputEvent,
    "Event": Event,
    "GenericEvent": GenericEvent,
    "Annotated": Annotated,
    "Any": Any,
    "Optional": Optional,
    "Union": Union,
    "Click": (alias := typing_extensions.TypeAliasType("Click", ClickEvent)),
    "Quoted": typing_extensions.TypeAliasType("Quoted", "ClickEvent"),
    "Either": typing_extensions.TypeAliasType("Either", alias | InputEvent),
    "itself": "itself",
}


def define(parameters: str, *, future: bool = False, prefix: str = "") -> Handler:
    """A function ``app.handler`` with these parameters."""
    source = f"{prefix}def handler({parameters}): ..."
    if future:
        source = f"from __future__ import annotations\n{source}"
    names = dict(NAMES)
    exec(compile(source, "app.py", "exec", dont_inherit=True), names)
    return typing.cast("Handler", names["handler"])


def said(handler: Handler) -> tuple[bool, tuple[type, ...]]:
    takes_event, _, accepts, _ = inspect_signature(handler)
    return takes_event, accepts


PARAMETERS = {
    "": NOTHING,
    "event": ANYTHING,
    "event, /": ANYTHING,
    "event: Any": ANYTHING,
    "event: object": ANYTHING,
    "event: Event": (True, (Event,)),
    "event: ClickEvent": CLICK,
    "event: ClickEvent, /": CLICK,
    "event: GenericEvent[int]": (True, (GenericEvent,)),
    "event: ClickEvent | InputEvent": BOTH,
    "event: Union[ClickEvent, InputEvent]": BOTH,
    "event: Union[Click, ClickEvent, None]": CLICK,
    "event: ClickEvent | str": CLICK,
    "event: Optional[ClickEvent]": CLICK,
    "event: Annotated[ClickEvent, 'why']": CLICK,
    "event: Annotated[ClickEvent | InputEvent, 1]": BOTH,
    "event: Click": CLICK,
    "event: Quoted": CLICK,
    "event: Either": BOTH,
    "event: 'ClickEvent'": CLICK,
    "event: '''\"ClickEvent\"'''": CLICK,
    "event: 'ClickEvent | InputEvent'": BOTH,
    "event: Union['ClickEvent', 'InputEvent']": BOTH,
    "i=1": NOTHING,
    "i: int = 1": NOTHING,
    "event: ClickEvent | None = None": CLICK,
    "event: 'ClickEvent | None' = None": CLICK,
    "event: ClickEvent, i: int = 1": CLICK,
    "event, i=1": ANYTHING,
    "i: int = 1, event: ClickEvent | None = None": NOTHING,
    "event: ClickEvent, *, i=1": CLICK,
    "*, i=1": NOTHING,
    "*args": ANYTHING,
    "*args: ClickEvent": CLICK,
    "*args: 'ClickEvent | InputEvent'": BOTH,
    "*args, i=1": ANYTHING,
    "i=1, *args": NOTHING,
    "**kwargs": NOTHING,
    "event: ClickEvent, *args, **kwargs": CLICK,
}


@pytest.mark.parametrize("future", [False, True], ids=["", "future"])
@pytest.mark.parametrize("parameters", PARAMETERS)
def test_functions(parameters: str, future: bool) -> None:
    signature = inspect_signature(define(parameters, future=future))
    takes_event, _, accepts, doubt = signature
    assert (takes_event, accepts, doubt) == (*PARAMETERS[parameters], "")


@pytest.mark.parametrize("future", [False, True], ids=["", "future"])
@pytest.mark.parametrize(
    ("parameters", "text", "reason"),
    [
        ("event: str", "str", "names no event type"),
        ("event: None", "None", "names no event type"),
        ("event: type[ClickEvent]", "type[ClickEvent]", "names no event type"),
        ("event: list[ClickEvent]", "list[ClickEvent]", "names no event type"),
        ("event: 'Missing'", "Missing", ""),
        ("event: 'Missing | ClickEvent'", "Missing | ClickEvent", ""),
        ("event: Optional['Missing']", "Optional", ""),
        ("event: 'itself'", "itself", "names no event type"),
        ("event: 'Missing | None' = None", "Missing | None", ""),
    ],
)
def test_an_annotation_that_says_no_event_type(
    parameters: str, text: str, reason: str, future: bool
) -> None:
    fn = define(parameters, future=future)
    takes_event, _, accepts, doubt = inspect_signature(fn)
    assert takes_event is ("=" not in parameters)
    assert accepts == ()
    reason = reason or (
        "cannot be evaluated (is it local, or imported under TYPE_CHECKING only?)"
    )
    assert doubt.endswith(f" of its parameter event {reason}")
    assert text in doubt.replace("handlerid.events.", "")
    with pytest.warns(UserWarning, match="without an event type") as warned:
        Registry().register(fn)
    line = fn.__code__.co_firstlineno
    assert str(warned[0].message) == (
        f"{fn.__module__}.{fn.__qualname__} ({fn.__code__.co_filename}:{line}) is "
        f"registered without an event type: {doubt}. Import the event type at run "
        "time, annotate one, or pass it: register(fn, event=...)"
    )


TYPE_STATEMENT = """
type Click = ClickEvent
type Unknown = Missing
def known(event: Click): ...
def unknown(event: Unknown): ...
from handlerid import ClickEvent
from handlerid._registry.signatures import inspect_signature
print(inspect_signature(known)[2] == (ClickEvent,))
print("cannot be evaluated" in inspect_signature(unknown)[3])
"""


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_a_type_statement(version: str) -> None:
    python = str(require_python(version))
    assert run_fresh("-c", TYPE_STATEMENT, python=python).split() == ["True", "True"]


# Wrappers, methods, objects.


def wrapping(parameters: str, passed: str) -> Callable[[Any], Handler]:
    """A decorator whose wrapper has these parameters and passes on those."""
    names: dict[str, Any] = {"functools": functools, "__name__": "wrapping"}
    source = f"""
def decorate(fn):
    @functools.wraps(fn)
    def wrapper({parameters}): return fn({passed})
    return wrapper
"""
    exec(source, names)
    return typing.cast("Callable[[Any], Handler]", names["decorate"])


passing = wrapping("*args, **kwargs", "*args, **kwargs")
own_event = wrapping("event", "")
renamed = wrapping("happened", "happened")
injecting = wrapping("happened", "'text', happened")
injecting_more = wrapping("happened, *args", "'text', happened, *args")


def plain() -> None: ...
def click(event: ClickEvent) -> None: ...
def quoted(event: "ClickEvent") -> None: ...
def text_and_event(text: str, event: ClickEvent) -> None: ...
def event_and_text(event: ClickEvent, text: str) -> None: ...
def keyword(event: ClickEvent, *, text: str) -> None: ...
def three(a: int, b: int, c: int) -> None: ...


class Component:
    def method(self, event: ClickEvent) -> None: ...
    def quoted(self, event: "ClickEvent") -> None: ...
    def nothing(self) -> None: ...
    def own_default(self: Any = None, event: ClickEvent | None = None) -> None: ...
    def only_args(*args: object) -> None: ...
    def self_in_args(*args: object, i: int = 1) -> None: ...
    def forgot_self() -> None: ...  # type: ignore[misc]
    def with_text(self, text: str, event: ClickEvent) -> None: ...

    @classmethod
    def of_class(cls, event: ClickEvent) -> None: ...

    @staticmethod
    def static(event: ClickEvent) -> None: ...

    wrapped = passing(method)
    own_event = wrapping("self, event", "self")(nothing)
    partial_method = functools.partialmethod(with_text, "a")


class CallableObject:
    def __call__(self, event: "ClickEvent") -> None: ...


class CallableWithNothing:
    def __call__(self) -> None: ...


class Decorator:
    """A class as a decorator, as ``functools.wraps`` makes a function one."""

    def __init__(self, fn: Handler) -> None:
        functools.update_wrapper(self, fn)
        self.fn = fn

    def __call__(self, event: object) -> object:
        return self.fn()


class PassingDecorator(Decorator):
    def __call__(self, *args: object) -> object:
        return self.fn(*args)


def signed(*annotations: object) -> Handler:
    """A function whose signature was set by hand."""

    def fn(*args: object) -> None: ...

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    fn.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, kind, annotation=one)
            for name, one in zip("abc", annotations, strict=False)
        ]
    )
    return fn


component: Any = Component()
untyped: Any = click

CALLABLES: dict[str, tuple[Handler, tuple[bool, tuple[type, ...]]]] = {
    "partial by position": (functools.partial(text_and_event, "a"), CLICK),
    "partial by keyword": (functools.partial(event_and_text, text="a"), CLICK),
    "partial with the event": (functools.partial(click, ClickEvent()), NOTHING),
    "partial with the event by name": (functools.partial(untyped, event=1), NOTHING),
    "partial of a partial": (
        functools.partial(functools.partial(keyword), text="a"),
        CLICK,
    ),
    "partial of a method": (functools.partial(component.with_text, "a"), CLICK),
    "partial of an object": (functools.partial(CallableObject()), CLICK),
    "partial of a wrapper": (functools.partial(passing(text_and_event), "a"), CLICK),
    "partial of wrappers": (
        functools.partial(passing(passing(text_and_event)), "a"),
        CLICK,
    ),
    "bound method": (component.method, CLICK),
    "bound method, text": (component.quoted, CLICK),
    "bound method without": (component.nothing, NOTHING),
    "method whose self has a default": (component.own_default, CLICK),
    "method with *args": (component.only_args, ANYTHING),
    "method with *args and a keyword": (component.self_in_args, ANYTHING),
    "method that is a partial": (
        MethodType(functools.partial(text_and_event), "a"),
        CLICK,
    ),
    "class method": (Component.of_class, CLICK),
    "static method": (Component.static, CLICK),
    "partial method": (component.partial_method, CLICK),
    "wrapped method": (component.wrapped, CLICK),
    "wrapped method, own event": (component.own_event, ANYTHING),
    "object": (CallableObject(), CLICK),
    "object without": (CallableWithNothing(), NOTHING),
    "wraps": (passing(click), CLICK),
    "wraps twice": (passing(passing(quoted)), CLICK),
    "wraps one without": (passing(plain), NOTHING),
    "wraps lambda i=i": (passing(lambda i=1: i), NOTHING),
    "wraps, own event": (own_event(plain), ANYTHING),
    "wraps a wrapper with its own event": (passing(own_event(plain)), ANYTHING),
    "wraps, another name": (renamed(click), CLICK),
    "wraps, another name, text": (renamed(quoted), CLICK),
    "wraps and injects": (injecting(text_and_event), CLICK),
    "wraps and injects, wrapped": (passing(injecting(text_and_event)), CLICK),
    "wraps and injects, with *args": (injecting_more(text_and_event), CLICK),
    "wraps one with, has none": (wrapping("", "1")(click), NOTHING),
    "wraps one with, has keywords": (wrapping("**kw", "1")(click), NOTHING),
    "wraps a partial": (passing(functools.partial(text_and_event, "a")), CLICK),
    "object as a decorator": (Decorator(plain), ANYTHING),
    "object as a decorator, *args": (PassingDecorator(click), CLICK),
    "object as a decorator, around one": (PassingDecorator(own_event(plain)), ANYTHING),
    "functools.cache": (functools.cache(click), CLICK),
    "functools.cache without": (functools.cache(plain), NOTHING),
    "signature by hand": (signed(ClickEvent), CLICK),
    "signature by hand, text": (signed("ClickEvent"), CLICK),
    "signature by hand, without": (signed(), NOTHING),
}


@pytest.mark.parametrize("name", CALLABLES)
def test_callables(name: str) -> None:
    handler, expected = CALLABLES[name]
    assert said(handler) == expected
    if "cache" not in name:  # an event is mutable, so it is no key of a cache
        handler(*([ClickEvent()] if expected[0] else []))


OPEN_POSITION = """
from functools import Placeholder, partial
from handlerid import ClickEvent, Registry
def handler(event, text): ...
registry = Registry()
for bound in partial(handler, Placeholder, 1), partial(handler, 1, 2):
    print(registry.resolve(registry.register(bound, ClickEvent)).takes_event)
"""


def test_a_partial_with_an_open_position_on_3_14(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(OPEN_POSITION, "utf-8")
    assert run_pyodide(tmp_path / "run.py").stdout.split() == ["True", "False"]


def test_local_classes() -> None:
    class InnerClickEvent(ClickEvent):
        pass

    def named(event: InnerClickEvent) -> None: ...
    def used(event: "InnerClickEvent") -> object:
        return InnerClickEvent

    def unused(event: "InnerClickEvent") -> None: ...

    def empty_cell(event: "ClickEvent") -> None:
        later()

    for handler in (named, used, passing(used), renamed(used)):
        assert said(handler) == (True, (InnerClickEvent,))
    assert said(unused) == ANYTHING
    assert said(empty_cell) == CLICK

    def later() -> None: ...


def test_a_closure_variable_comes_before_a_global() -> None:
    def make(ClickEvent: type) -> Handler:  # noqa: N803
        def handler(event: "ClickEvent") -> object:  # type: ignore[valid-type]
            return ClickEvent

        return handler

    assert said(make(InputEvent)) == (True, (InputEvent,))


# Handlers that cannot be called.

ALONE = "and a handler is called with the event alone; bind the others with functools."
ALONE += "partial or give them defaults"
BINDS = "cannot take the arguments that functools.partial binds to it"

REFUSED: dict[str, tuple[Handler, str]] = {
    "two": (event_and_text, f"event_and_text needs event, text, {ALONE}"),
    "three": (three, f"three needs a, b, c, {ALONE}"),
    "method": (component.with_text, f"Component.with_text needs text, event, {ALONE}"),
    "unbound": (Component.method, f"Component.method needs self, event, {ALONE}"),
    "wraps": (passing(event_and_text), f"event_and_text needs event, text, {ALONE}"),
    "partial leaves two": (functools.partial(three, 1), f"three needs b, c, {ALONE}"),
    "signature by hand": (signed(1, 2), f"signed.<locals>.fn needs a, b, {ALONE}"),
    "keyword": (keyword, f"keyword needs event, text by keyword, {ALONE}"),
    "wrapper that needs a keyword": (
        wrapping("*args, text", "*args")(click),
        f"click needs text by keyword, {ALONE}",
    ),
    "partial binds the first by keyword": (
        functools.partial(text_and_event, text="a"),
        f"text_and_event needs event by keyword, {ALONE}",
    ),
    "method without self": (
        component.forgot_self,
        (
            "Component.forgot_self has no readable signature; register a function with "
            "one parameter"
        ),
    ),
    "partial that does not fit": (functools.partial(untyped, 1, 2), f"click {BINDS}"),
    "partial of one without": (functools.partial(plain, secret="x"), f"plain {BINDS}"),  # type: ignore[call-arg]
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_handler_that_cannot_be_called_is_refused(name: str) -> None:
    handler, text = REFUSED[name]
    with pytest.raises(SignatureError) as caught:
        Registry().register(handler)
    assert str(caught.value) == f"{__name__}.{text}"


def test_an_object_that_is_not_callable_is_refused() -> None:
    with pytest.raises(UnsupportedHandler, match="is not callable"):
        inspect_signature(typing.cast("Handler", object()))


# What a call returns.


def generates(event: ClickEvent) -> typing.Iterator[int]:
    yield 1


async def awaits_nothing() -> None: ...


async def awaits(event: ClickEvent) -> None: ...
async def streams(event: ClickEvent) -> typing.AsyncIterator[int]:
    yield 1


class Streams:
    async def __call__(self, event: ClickEvent) -> typing.AsyncIterator[int]:
        yield 1

    async def method(self, event: ClickEvent) -> None: ...


def in_coroutine(fn: Handler) -> Handler:
    @functools.wraps(fn)
    async def wrapper(event: Any) -> None:
        fn(event)

    return wrapper


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (click, "plain"),
        (generates, "generator"),
        (awaits, "coroutine"),
        (streams, "async generator"),
        (Streams(), "async generator"),
        (Streams().method, "coroutine"),
        (passing(awaits), "coroutine"),
        (in_coroutine(click), "coroutine"),
        (in_coroutine(generates), "coroutine"),
        (functools.partial(generates), "generator"),
        (functools.cache(awaits_nothing), "coroutine"),
    ],
)
def test_the_kind_is_public(handler: Handler, kind: str) -> None:
    registry = Registry()
    assert registry.resolve(registry.register(handler)).kind == kind


# What is kept in the record of a code object is true of the next function, too.


@pytest.fixture
def registry() -> Registry:
    return Registry(captures="allow")


def bound(registry: Registry, fn: Handler, event: Any = None) -> tuple[type, bool]:
    found: RegisteredHandler = registry.resolve(registry.register(fn, event))
    return found.event, found.takes_event


def again(fn: Any, **changes: Any) -> Any:
    """A function with the same code, and something else about it."""
    names = changes.pop("names", fn.__globals__)
    made = FunctionType(fn.__code__, names, fn.__name__, None, fn.__closure__)
    made.__annotations__ = dict(fn.__annotations__)
    made.__defaults__ = fn.__defaults__
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_a_signature_is_read_once_a_code_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identity = Identity()
    first = bind(click, None, identity)
    partial = bind(functools.partial(text_and_event, "a"), None, identity)
    method = bind(component.method, None, identity)
    monkeypatch.setattr("handlerid._registry.signatures.inspect_signature", None)
    assert bind(again(click), None, identity) is first
    assert bind(functools.partial(text_and_event, "b"), None, identity) is partial
    assert bind(Component().method, None, identity) is method


@pytest.mark.parametrize("future", [False, True])
@pytest.mark.parametrize(
    "union", ["ClickEvent | InputEvent", "Optional[Union[ClickEvent, InputEvent]]"]
)
def test_a_union_is_read_once_an_event(
    union: str, future: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = define(f"event: {union}, amount=1", future=future and "|" in union)
    identity, events = Identity(), (ClickEvent, InputEvent)
    first = [bind(take, event, identity) for event in events]
    assert [(x.event, x.takes_event) for x in first] == [(x, True) for x in events]
    with monkeypatch.context() as patched:
        patched.setattr("handlerid._registry.signatures.inspect_signature", None)
        assert [bind(again(take), event, identity) for event in events] == first
    # Another annotation and other defaults are another question.
    with pytest.raises(SignatureError, match="needs event, amount"):
        bind(again(take, __defaults__=None), InputEvent, identity)
    with pytest.raises(SignatureError, match="cannot be registered for"):
        bind(again(take, __annotations__={"event": ClickEvent}), InputEvent, identity)
    with pytest.raises(SignatureError, match="say which one"):
        bind(again(take), None, identity)


@pytest.mark.parametrize("future", [False, True])
@pytest.mark.parametrize(
    ("parameters", "event"),
    [
        ("event: ClickEvent", None),
        ("event: ClickEvent, amount=1", None),
        ("event: ClickEvent | InputEvent", InputEvent),
        ("event", ClickEvent),
        ("event: Any", None),
        ("", None),
    ],
)
def test_handlers_with_the_same_signature_share_a_binding(
    parameters: str, event: Any, future: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (define(parameters, future=future) for _ in range(2))
    identity = Identity()
    first = bind(one, event, identity)
    monkeypatch.setattr("handlerid._registry.signatures.inspect_signature", None)
    assert bind(other, event, identity) is first


def test_a_binding_is_not_shared_with_another_signature() -> None:
    identity = Identity()
    bind(define("event: ClickEvent"), None, identity)
    bind(define("event"), None, identity)
    with pytest.raises(SignatureError, match="needs event, amount"):
        bind(define("event: ClickEvent, amount"), None, identity)
    with pytest.raises(SignatureError, match="needs event, amount by keyword"):
        bind(define("event: ClickEvent, *, amount"), None, identity)
    assert bind(define("event"), InputEvent, identity).event is InputEvent
    assert not bind(define("event=1"), None, identity).takes_event
    assert bind(define("event: 1"), None, identity).doubt


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"__annotations__": {"event": InputEvent}}, (InputEvent, True)),
        ({"__annotations__": {"event": "InputEvent"}}, (InputEvent, True)),
        ({"__annotations__": {}}, (Event, True)),
        ({"__annotations__": {}, "__defaults__": (1,)}, (Event, False)),
        ({"__defaults__": (1,)}, (ClickEvent, True)),
        ({"names": {"ClickEvent": InputEvent, "__name__": "x"}}, (ClickEvent, True)),
        ({"__wrapped__": lambda event: None}, (ClickEvent, True)),
        ({"__signature__": inspect.signature(plain)}, (Event, False)),
    ],
)
def test_differences_are_seen(
    registry: Registry, changes: Any, expected: tuple[type, bool]
) -> None:
    for fn in (click, again(click, **changes)):
        bound(registry, fn)
    assert bound(registry, again(click, **changes)) == expected
    assert bound(registry, click) == (ClickEvent, True)


def test_a_name_that_means_another_class_elsewhere(registry: Registry) -> None:
    names = {"ClickEvent": InputEvent, "__name__": __name__}
    assert bound(registry, quoted) == (ClickEvent, True)
    assert bound(registry, again(quoted, names=names)) == (InputEvent, True)
    assert bound(registry, quoted) == (ClickEvent, True)


def test_the_event_that_is_asked_for_counts(registry: Registry) -> None:
    def on_event(event: Any) -> None: ...

    for event in (ClickEvent, None, InputEvent, ClickEvent):
        assert bound(registry, on_event, event)[0] is (event or Event)
    for _ in range(2):
        with pytest.raises(SignatureError):
            bound(registry, click, InputEvent)
        assert bound(registry, click) == (ClickEvent, True)


def test_an_annotation_that_a_closure_says_is_read_again(registry: Registry) -> None:
    def make(kind: type[Event]) -> Handler:
        def on_any(event: kind) -> type[Event]:  # type: ignore[valid-type]
            return kind

        return on_any

    for kind in (ClickEvent, InputEvent, ClickEvent):
        assert bound(registry, make(kind)) == (kind, True)


def test_defaults_of_keyword_only_parameters_count(registry: Registry) -> None:
    def on_keyword(event: ClickEvent, *, limit: int = 1) -> None: ...

    bound(registry, on_keyword)
    with pytest.raises(SignatureError):
        bound(registry, again(on_keyword))


def test_partials_and_methods_of_one_function(registry: Registry) -> None:
    assert bound(registry, click) == (ClickEvent, True)
    assert bound(registry, functools.partial(untyped, 1)) == (Event, False)
    assert bound(registry, functools.partial(untyped, event=1)) == (Event, False)
    assert bound(registry, MethodType(untyped, component)) == (Event, False)
    assert bound(registry, functools.partial(click)) == (ClickEvent, True)


def test_a_local_event_type_is_not_kept_alive() -> None:
    identity = Identity()

    def render() -> weakref.ref[type]:
        @dataclass(kw_only=True, slots=True)
        class LocalPlanEvent(Event): ...

        def on_local(event: Any) -> None: ...

        on_local.__annotations__["event"] = LocalPlanEvent
        for asked in (None, LocalPlanEvent):
            assert bind(on_local, asked, identity).event is LocalPlanEvent
        return weakref.ref(LocalPlanEvent)

    gone = render()
    gc.collect()
    assert gone() is None


# Type variables, and handlers that are cached.

E = TypeVar("E", bound=Event)
F = TypeVar("F")
Either = TypeVar("Either", InputBlurEvent, ClickEvent)
Late = TypeVar("Late", bound="ClickEvent")


class Field(Generic[E]):
    def on_event(self, event: E) -> object:
        return event

    @classmethod
    def on_class(cls, event: E) -> object:
        return event

    def __call__(self, event: E) -> object:
        return event


class Middle(Field[F], Generic[F]):  # type: ignore[type-var]
    pass


class Name(Field[InputBlurEvent]):
    pass


class Deep(Middle[InputBlurEvent]):
    pass


class Quoted(Field["InputBlurEvent"]):
    pass


class Mixed(Field[InputBlurEvent | ClickEvent]):
    pass


def of_variable(variable: Any) -> Handler:
    def on_event(event: Any) -> None: ...

    on_event.__annotations__["event"] = variable
    return on_event


@pytest.mark.parametrize(
    ("handler", "event"),
    [
        (Name().on_event, InputBlurEvent),
        (Name.on_class, InputBlurEvent),
        (Name(), InputBlurEvent),
        (functools.partial(Name().on_event), InputBlurEvent),
        (passing(Name().on_event), InputBlurEvent),
        (Deep().on_event, InputBlurEvent),
        (Quoted().on_event, InputBlurEvent),
        (Field().on_event, Event),
        (of_variable(E), Event),
        (of_variable(Late), ClickEvent),
        (of_variable(F), None),
    ],
)
def test_a_type_variable_is_what_the_class_makes_of_it(
    registry: Registry, handler: Handler, event: Any
) -> None:
    if event is None:
        with pytest.warns(UserWarning, match="names no event type"):
            registry.register(handler)
    else:
        assert bound(registry, handler) == (event, True)


def test_a_type_variable_may_stand_for_several(registry: Registry) -> None:
    for handler in (Mixed().on_event, of_variable(Either)):
        with pytest.raises(SignatureError, match="takes InputBlurEvent or ClickEvent"):
            registry.register(handler)
        assert bound(registry, handler, ClickEvent) == (ClickEvent, True)


A = TypeVar("A")
B = TypeVar("B")
Defaulted = typing_extensions.TypeVar("Defaulted", bound=Event, default=InputEvent)


class Two(Generic[A, B]):
    def on_a(self, event: A) -> None: ...
    def on_b(self, event: B) -> None: ...


class Swapped(Two[B, A], Generic[A, B]):
    def on_own(self, event: A) -> None: ...


class Chosen(Swapped[InputEvent, ClickEvent]):
    pass


class Store(Generic[A]):
    def on_store(self, event: A) -> None: ...


class Listed(Generic[A]):
    def on_listed(self, event: A | None = None) -> None: ...


class Joined(Store[InputEvent], Listed[ClickEvent]):
    pass


class WithDefault(Generic[Defaulted]):
    def on_event(self, event: Defaulted) -> None: ...


class TakesDefault(WithDefault):
    pass


@pytest.mark.parametrize(
    ("handler", "event"),
    [
        (Chosen().on_a, ClickEvent),
        (Chosen().on_b, InputEvent),
        (Chosen().on_own, InputEvent),
        (Joined().on_store, InputEvent),
        (Joined().on_listed, ClickEvent),
        (own_event(Joined().on_listed), ClickEvent),
        (functools.partial(renamed(Joined().on_listed)), ClickEvent),
        (Field[ClickEvent]().on_event, ClickEvent),
        (Field[ClickEvent](), ClickEvent),
        (Middle[ClickEvent]().on_event, ClickEvent),
        (TakesDefault().on_event, InputEvent),
        (WithDefault[ClickEvent]().on_event, ClickEvent),
        (of_variable(typing_extensions.TypeVar("D", default=ClickEvent)), ClickEvent),
    ],
)
def test_a_variable_of_two_classes_is_the_one_of_the_methods_class(
    registry: Registry, handler: Handler, event: type
) -> None:
    assert bound(registry, handler) == (event, True)


NEW_SYNTAX = """
import warnings
from handlerid import ClickEvent, Event, InputEvent, Registry
class Field[T: Event]:
    def on(self, event: T): ...
    def text(self, event: "T"): ...
class Between[U](Field[U]): ...
class Name(Between[ClickEvent]): ...
def alone[T: ClickEvent](event: T): ...
def quoted[T: ClickEvent](event: "T"): ...
def late[T: "ClickEvent"](event: T): ...
def either[T: (ClickEvent, InputEvent)](event: T): ...
def missing[T: Missing](event: T): ...
def nonsense[**P](*args: P.args, **kwargs: P.kwargs): ...
registry = Registry()
for fn in Name().on, Name().text, Field().text, alone, quoted, late:
    print(registry.register(fn).event or "-")
print(registry.register(either, InputEvent).event)
for fn in missing, nonsense:
    with warnings.catch_warnings(record=True, action="always") as caught:
        registry.register(fn)
    print("cannot be evaluated" in str(caught[0].message))
"""
DEFAULTS = """
from handlerid import Event, InputEvent, Registry
def alone[T = InputEvent](event: T): ...
class Field[T: Event = InputEvent]:
    def on(self, event: T): ...
for fn in alone, Field().on:
    print(Registry().register(fn).event)
"""


@pytest.mark.parametrize("version", ["3.12", "3.13"])
@pytest.mark.parametrize("future", ["", "from __future__ import annotations"])
def test_type_parameters(version: str, future: str, tmp_path: Path) -> None:
    def printed(source: str) -> list[str]:
        (tmp_path / "run.py").write_text(f"{future}\n{source}", "utf-8")
        python = str(require_python(version))
        return run_fresh(str(tmp_path / "run.py"), python=python).split()

    events = ["click", "click", "-", "click", "click", "click", "input"]
    assert printed(NEW_SYNTAX) == [*events, "True", "False"]
    if version != "3.12":
        assert printed(DEFAULTS) == ["input", "input"]


class Hashable(ClickEvent):
    __hash__ = object.__hash__


def test_a_cached_handler_that_takes_an_event_is_refused(registry: Registry) -> None:
    def on_click(event: ClickEvent) -> None: ...
    def on_hashable(event: Hashable) -> None: ...

    for cached in (functools.cache(on_click), functools.lru_cache(on_click)):
        for handler in (cached, functools.partial(cached)):
            with pytest.raises(SignatureError) as caught:
                registry.register(handler)
            name = "test_a_cached_handler_that_takes_an_event_is_refused"
            assert str(caught.value) == (
                f"{__name__}.{name}.<locals>.on_click is cached, which needs arguments "
                "that can be hashed, and no handlerid.events.ClickEvent can be; cache "
                "a function that the handler calls"
            )
    assert bound(registry, functools.cache(on_hashable)) == (Hashable, True)
    assert bound(registry, functools.cache(plain)) == (Event, False)
    assert bound(registry, passing(functools.cache(on_click))) == (ClickEvent, True)
