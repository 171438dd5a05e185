"""Registries: which handler answers an id, for which event, and what is missing."""

from __future__ import annotations

import platform
import threading
import typing
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    Event,
    HandlerId,
    Identity,
    InputEvent,
    RegisteredHandler,
    Registry,
)
from handlerid.errors import (
    MalformedPayload,
    SignatureError,
    StaleHandler,
    UnknownHandler,
    UnsupportedHandler,
)

if TYPE_CHECKING:
    from somewhere import Missing  # type: ignore[import-not-found]

HERE = __name__
FILE = __file__


def on_click(event: ClickEvent) -> None: ...
def on_event(event: Any) -> None: ...
def on_nothing() -> None: ...
def on_either(event: ClickEvent | InputEvent) -> None: ...


def link(url: object) -> Callable[[ClickEvent], object]:
    def on_link(event: ClickEvent) -> object:
        return url

    return on_link


def version(number: int) -> Callable[[], object]:
    """A handler at one location whose code is another for each number."""
    names: dict[str, Any] = {"__name__": "app"}
    exec(f"def save(): return {number}", names)
    save: Callable[[], object] = names["save"]
    return save


@pytest.fixture
def registry() -> Registry:
    return Registry()


# Registering and looking up.


def test_a_registered_handler_is_found_by_its_id(registry: Registry) -> None:
    handler_id = registry.register(on_click)
    found = registry.resolve(str(handler_id))
    assert (found.fn, found.id, found.event) == (on_click, handler_id, ClickEvent)
    assert found.takes_event
    assert found.number == 0
    assert handler_id in registry
    assert list(registry) == [handler_id]
    assert len(registry) == 1


def test_registering_again_changes_nothing(registry: Registry) -> None:
    first = registry.resolve(registry.register(on_click))
    assert registry.resolve(registry.register(on_click)) is first
    assert len(registry) == 1


def test_registering_again_sees_what_was_changed_since(registry: Registry) -> None:
    def handler(event: object) -> None: ...

    handler.__defaults__ = (None,)
    with_default = registry.register(handler, ClickEvent)
    assert not registry.resolve(with_default).takes_event
    handler.__defaults__ = None
    assert registry.register(handler, ClickEvent) == with_default
    assert registry.resolve(with_default).takes_event


def test_registering_again_sees_a_class_made_again(registry: Registry) -> None:
    def made() -> type[Event]:
        @dataclass(kw_only=True, slots=True)
        class RemadeEvent(Event): ...

        return RemadeEvent

    first, second = made(), made()
    handler_id = registry.register(on_event, first)
    assert registry.register(on_event, second) == handler_id
    assert registry.resolve(handler_id).event is second


def test_a_repr_tells() -> None:
    registry = Registry(captures="distinct")
    assert repr(registry) == '<Registry: 0 handlers, captures="distinct">'
    handler_id = registry.register(on_click)
    assert repr(registry) == '<Registry: 1 handler, captures="distinct">'
    assert repr(registry.resolve(handler_id)) == (
        f"<RegisteredHandler {HERE}.on_click: plain, {handler_id}>"
    )


@pytest.mark.parametrize("cls", [Registry, RegisteredHandler])
def test_types_are_public(cls: Any) -> None:
    assert cls.__module__ == "handlerid"
    typing.get_type_hints(cls)
    for name in ("register", "resolve", "handler", "scan", "forget", "__init__"):
        if name in vars(cls):
            typing.get_type_hints(vars(cls)[name])


# Events.


@pytest.mark.parametrize(
    ("fn", "event", "expected"),
    [
        (on_click, None, ClickEvent),
        (on_click, ClickEvent, ClickEvent),
        (on_click, "click", ClickEvent),
        (on_event, None, Event),
        (on_event, InputEvent, InputEvent),
        (on_event, "input", InputEvent),
        (on_nothing, None, Event),
        (on_nothing, ClickEvent, ClickEvent),
        (on_either, InputEvent, InputEvent),
    ],
)
def test_the_annotation_or_the_argument_chooses_the_event(
    registry: Registry, fn: Any, event: Any, expected: type[Event]
) -> None:
    handler_id = registry.register(fn, event)
    assert registry.resolve(handler_id).event is expected
    assert handler_id.event == expected.wire_name


def test_a_wire_name_of_an_event_that_is_not_loaded(registry: Registry) -> None:
    handler_id = registry.register(on_event, "slider_value_change")
    assert registry.resolve(handler_id).event.__name__ == "SliderValueChangeEvent"


def test_an_event_type_derived_from_the_annotated_one(registry: Registry) -> None:
    @dataclass(kw_only=True, slots=True)
    class DoubleClickEvent(ClickEvent):
        interval: float = 0.0

    assert registry.register(on_click, DoubleClickEvent).event == "double_click"


def test_one_function_for_two_events_is_two_entries(registry: Registry) -> None:
    ids = [registry.register(on_either, event) for event in (ClickEvent, InputEvent)]
    assert len(registry) == 2
    assert [registry.resolve(one).event for one in ids] == [ClickEvent, InputEvent]


def test_a_host_that_makes_its_own_events(registry: Registry) -> None:
    class Mine: ...

    class MineEvent(Event, make=lambda payload: Mine()): ...

    def on_mine(event: Mine) -> None: ...
    def with_default(event: object = None) -> None: ...

    for fn in (on_mine, with_default):
        found = registry.resolve(registry.register(fn, MineEvent))
        assert found.takes_event
        assert isinstance(found.decode({}), Mine)
    assert not registry.resolve(registry.register(on_nothing, MineEvent)).takes_event


class HostEvent(Event, name="of_the_host"): ...


NO_TYPE = (
    "cannot be registered for an event that is no event type; pass a class that "
    "derives from handlerid.Event"
)
CANNOT = "cannot be registered for"
EVENTS = "handlerid.events"
WHICH = "say which one: register(fn, event=...)"
NO_NAME = "no event of handlerid has this wire name; pass the event class"
REFUSED: list[tuple[Any, Any, str]] = [
    (
        on_either,
        None,
        f"on_either takes ClickEvent or InputEvent; {WHICH}",
    ),
    (
        on_click,
        InputEvent,
        f"on_click takes {EVENTS}.ClickEvent and {CANNOT} {EVENTS}.InputEvent",
    ),
    (on_event, "of_the_host", f"on_event {CANNOT} 'of_the_host': {NO_NAME}"),
    (on_event, "nothing", f"on_event {CANNOT} 'nothing': {NO_NAME}"),
    (on_click, int, f"on_click {NO_TYPE}"),
    (on_click, ClickEvent(), f"on_click {NO_TYPE}"),
]


@pytest.mark.parametrize(("fn", "event", "text"), REFUSED)
def test_an_event_that_does_not_fit_is_refused(
    registry: Registry, fn: Any, event: Any, text: str
) -> None:
    with pytest.raises(SignatureError) as caught:
        registry.register(fn, event)
    assert str(caught.value) == f"{HERE}.{text}"
    assert len(registry) == 0


def test_one_event_class_before_and_after_a_reload(registry: Registry) -> None:
    def load() -> type[Event]:
        @dataclass(kw_only=True, slots=True)
        class LoadedAgainEvent(Event):
            pass

        return LoadedAgainEvent

    before, after = load(), load()

    def handler(event: Any) -> None: ...

    handler.__annotations__["event"] = before
    with pytest.raises(SignatureError, match="another class of that name, as after a"):
        registry.register(handler, after)


def test_an_event_type_that_cannot_be_decoded_is_refused(registry: Registry) -> None:
    @dataclass(kw_only=True, slots=True)
    class StrangeEvent(Event):
        thread: threading.Thread

    with pytest.raises(UnsupportedHandler, match="the field thread of the event type"):
        registry.register(on_event, StrangeEvent)
    assert len(registry) == 0


# Annotations that say no event type.


def on_missing(event: Missing) -> None: ...
def on_number(event: int) -> None: ...
def on_default(event: Missing | None = None) -> None: ...


def decorated(fn: Any) -> Any:
    @wraps(fn)
    def wrapper(*args: object) -> object:
        return fn(*args)

    return wrapper


UNKNOWN = "cannot be evaluated (is it local, or imported under TYPE_CHECKING only?)"


@pytest.mark.parametrize(
    ("fn", "annotation", "reason"),
    [
        (on_missing, "Missing", UNKNOWN),
        (on_number, "int", "names no event type"),
        (on_default, "Missing | None", UNKNOWN),
        (decorated(on_number), "int", "names no event type"),
        (partial(on_missing), "Missing", UNKNOWN),
    ],
)
def test_an_annotation_is_not_ignored(
    registry: Registry, fn: Any, annotation: str, reason: str
) -> None:
    innermost = getattr(fn, "func", getattr(fn, "__wrapped__", fn))
    line = innermost.__code__.co_firstlineno
    with warnings.catch_warnings(record=True, action="always") as caught:
        handler_id = registry.register(fn)
        assert registry.register(fn) == handler_id  # once an id
    (warning,) = caught
    assert warning.category is UserWarning
    assert str(warning.message) == (
        f"{HERE}.{innermost.__name__} ({FILE}:{line}) is registered without an event "
        f"type: the annotation {annotation} of its parameter event {reason}. Import "
        "the event type at run time, annotate one, or pass it: register(fn, event=...)"
    )
    assert (caught[0].filename, caught[0].lineno) == (FILE, line)
    assert registry.resolve(handler_id).event is Event
    assert Registry().register(fn, ClickEvent).event == "click"


def test_closures_are_warned_about_once() -> None:
    def make(value: int) -> Any:
        def on_local(event: Missing) -> int:
            return value

        return on_local

    registry = Registry(captures="distinct")
    with warnings.catch_warnings(record=True, action="always") as caught:
        for value in range(3):
            registry.register(make(value))
    assert len(caught) == 1
    assert len(registry) == 3


def test_a_filter_that_raises_keeps_the_handler_out(registry: Registry) -> None:
    for _ in range(2):
        with pytest.raises(UserWarning, match="on_missing"):
            registry.register(on_missing)
    assert len(registry) == 0


# The decorator and the settings.


def test_the_decorator_registers_and_returns_the_function(registry: Registry) -> None:
    @registry.handler
    def bare(event: ClickEvent) -> None: ...

    @registry.handler(event=InputEvent)
    def by_type(event: Any) -> None: ...

    @registry.handler(event="change")
    def by_name(event: Any) -> None: ...

    assert [one.event for one in registry] == ["click", "input", "change"]
    assert [registry.resolve(one).fn for one in registry] == [bare, by_type, by_name]


def test_the_decorator_is_not_given_the_event_type(registry: Registry) -> None:
    with pytest.raises(UnsupportedHandler, match="is a class; use a function that"):
        registry.handler(ClickEvent)


MODES = '"warn", "allow", "refuse", "distinct", "carry"'
NO_CAPTURES = (
    'unstable="omit" needs captures="distinct" or "carry": with "warn", captures are '
    "not part of ids"
)


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        (
            {"captures": "distinkt"},
            ValueError,
            (
                f"captures must be one of {MODES}, not 'distinkt'; did you mean "
                '"distinct"?'
            ),
        ),
        (
            {"captures": True},
            TypeError,
            f"captures must be one of {MODES}, not True",
        ),
        (
            {"stale": ""},
            ValueError,
            'stale must be one of "refuse", "accept", not \'\'',
        ),
        (
            {"unstable": "drop", "captures": "carry"},
            ValueError,
            'unstable must be one of "refuse", "omit", not \'drop\'',
        ),
        ({"unstable": "omit"}, ValueError, NO_CAPTURES),
        ({"identity": b"key"}, TypeError, "identity must be an Identity, not bytes"),
    ],
)
def test_wrong_settings_are_refused(
    settings: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        Registry(**settings)
    assert str(caught.value) == text


def test_a_wrong_setting_of_the_decorator_is_refused(registry: Registry) -> None:
    with pytest.raises(ValueError, match=r'^stale must be one of "refuse", "accept", '):
        registry.handler(stale="reload")  # type: ignore[call-overload]


def test_the_identity_computes_the_ids() -> None:
    identity = Identity(keys=b"secret")
    registry = Registry(identity=identity)
    assert registry.identity is identity
    assert registry.register(on_click) == identity.handler_id(on_click, ClickEvent)


@pytest.mark.parametrize("captures", ["warn", "distinct"])
def test_ids_of_a_rotated_key_are_answered(captures: Any) -> None:
    def registry(*keys: bytes) -> Registry:
        return Registry(identity=Identity(keys=keys), captures=captures)

    fn = link("/tea")
    old = registry(b"old").register(fn)
    rotated = registry(b"new", b"old")
    new = rotated.register(fn)
    assert rotated.register(fn) == new
    assert list(rotated) == [new]
    assert registry(b"new").register(fn) == new
    assert rotated.resolve(old) is rotated.resolve(new)
    stale = registry(b"old").register(version(1))
    rotated.register(version(2))
    with pytest.raises(StaleHandler):
        rotated.resolve(stale)
    rotated.forget(HERE)
    with pytest.raises(UnknownHandler):
        rotated.resolve(old)


# What is not there.


def test_an_unknown_location(registry: Registry) -> None:
    handler_id = Registry().register(on_click)
    with pytest.raises(UnknownHandler) as caught:
        registry.resolve(handler_id)
    assert caught.value.handler_id == handler_id
    assert str(caught.value) == (
        f"no handler is registered at the location of {handler_id}; is the module "
        "that defines it imported, under one name: Identity(module_name=...)? The "
        "handlers of a scope end with it: for those that a page makes, use "
        'captures="carry" or rerender=; for others, @registry.handler'
    )


SCRIPT = """
from handlerid import ClickEvent

def page(offer):
    def on_click(event: ClickEvent): return "clicked"
    return offer(on_click)
"""


def run_script(name: str) -> Any:
    """Run a script as Bokeh and Streamlit do: in a new module, at each start."""
    module = ModuleType(name)
    exec(compile(SCRIPT, "script.py", "exec"), vars(module))
    return module


@pytest.mark.parametrize(
    "name",
    ["bokeh_app_{}", "<frozen {}>", "app-{}", "srv.release-{}.app", "__mp_{}__", "{}"],
)
def test_a_module_named_anew_in_each_process(name: str) -> None:
    """The text names the cure, and the cure works."""
    identity = Identity(module_name=lambda one: "app" if "0x" in one else None)
    for cured in (Identity(), identity):
        here, elsewhere = (
            (Registry(identity=cured), run_script(name.format(hex(number))))
            for number in (0xB0CE, 0xFACE)
        )
        for registry, script in (here, elsewhere):
            script.page(registry.register)
        reference = here[1].page(here[0].register)
        if cured is identity:
            assert elsewhere[0].resolve(reference).fn(None) == "clicked"
        else:
            with pytest.raises(UnknownHandler, match="module_name="):
                elsewhere[0].resolve(reference)


def test_other_code_at_the_location_is_stale(registry: Registry) -> None:
    current = registry.register(version(2))
    old = Registry().register(version(1))
    with pytest.raises(StaleHandler) as caught:
        registry.resolve(old)
    assert caught.value.handler_id == old
    assert caught.value.current == (current,)
    assert caught.value.location == "app.save"
    assert str(caught.value) == (
        f"the code of app.save differs from the code of {old}: the page is older or "
        f"newer than this server, or another Python than {platform.python_version()} "
        "rendered it: run one Python on all servers, or use "
        'Identity(fingerprint="source")'
    )


def test_a_source_of_another_python_is_not_blamed() -> None:
    registry = Registry(identity=Identity(fingerprint="source"))
    known = registry.register(on_click)
    other = HandlerId.parse(f"{known[:17]}{'a' * 20}{known[37:]}")
    with pytest.raises(StaleHandler, match=r"older or newer than this server$"):
        registry.resolve(other)


def test_registrations_after_the_first_miss_are_seen(registry: Registry) -> None:
    old = Registry().register(version(1))
    with pytest.raises(UnknownHandler):
        registry.resolve(old)
    second, third = registry.register(version(2)), registry.register(version(3))
    registry.register(lambda: 2)
    with pytest.raises(StaleHandler) as caught:
        registry.resolve(old)
    assert caught.value.current == (second, third)


def test_another_event_is_unknown_and_other_bound_arguments_are_stale(
    registry: Registry,
) -> None:
    registry.register(on_event, ClickEvent)
    registry.register(partial(link, 1))
    elsewhere = Registry()
    for missing, name, error in (
        (elsewhere.register(on_event, InputEvent), "on_event", UnknownHandler),
        (elsewhere.register(partial(link, 2)), "link", StaleHandler),
        (elsewhere.register(link), "link", StaleHandler),
    ):
        with pytest.raises(error) as caught:
            registry.resolve(missing)
        assert str(caught.value) == (
            f"{HERE}.{name} is registered here, but not as {missing}: its event, its "
            "bound arguments or its captures differ"
        )


@pytest.mark.parametrize("text", ["", "on_click", "os.system", "h1-x", "__class__"])
def test_a_text_that_is_not_an_id_is_refused(registry: Registry, text: str) -> None:
    assert text not in registry
    with pytest.raises(MalformedPayload):
        registry.resolve(text)


def test_only_a_text_is_in_a_registry(registry: Registry) -> None:
    assert 1 not in registry
    assert on_click not in registry


# Scopes: entries that read through to the registry.


def test_a_scope_reads_through_and_writes_to_itself(registry: Registry) -> None:
    above = registry.register(on_click)
    scope = registry.entries.child()
    own = scope.add(on_nothing).id
    assert scope.resolve(above).fn is on_click
    assert scope.resolve(own).fn is on_nothing
    assert (list(scope.handlers), list(registry)) == ([own], [above])


def test_a_scope_does_not_add_what_the_registry_holds(registry: Registry) -> None:
    above = registry.resolve(registry.register(on_click))
    scope = registry.entries.child()
    assert scope.add(on_click) is above
    assert scope.add(on_click, ClickEvent) is above
    assert not scope.handlers
    assert scope.add(on_click, part=b"row") is not above


def test_a_closure_of_a_scope_is_its_own(registry: Registry) -> None:
    handler_id = registry.register(link("a"))
    scope = registry.entries.child()
    assert scope.add(link("b")).id == handler_id
    assert scope.resolve(handler_id).fn(ClickEvent()) == "b"
    assert registry.resolve(handler_id).fn(ClickEvent()) == "a"


def test_a_scope_knows_the_locations_of_its_registry(registry: Registry) -> None:
    current = registry.register(version(2))
    old = Registry().register(version(1))
    scope = registry.entries.child()
    newer = scope.add(version(3)).id
    with pytest.raises(StaleHandler) as caught:
        scope.resolve(old)
    assert caught.value.current == (current, newer)


def test_parts_of_a_scope_have_ids_of_their_own(registry: Registry) -> None:
    scope = Dispatcher(registry).scope()
    row = link("a")
    ids = [scope.register(row), *(scope.part(key).register(row) for key in (1, 2))]
    assert len(set(ids)) == len(scope) == 3
    assert {one[:37] for one in ids} == {ids[0][:37]}


# Threads.


def test_many_threads_lose_nothing() -> None:
    registry = Registry(captures="allow")
    handlers = [version(number) for number in range(400)]
    wrong: list[object] = []
    start = threading.Barrier(8)

    def work(offset: int) -> None:
        start.wait()
        for step in range(400):
            fn = handlers[(step + offset * 50) % 400]
            handler_id = registry.register(fn)
            if registry.resolve(handler_id).fn is not fn:
                wrong.append(handler_id)
            registry.entries.child().add(link(step))
            try:
                registry.resolve(HandlerId(handler_id[:17] + "a" * 20))
            except StaleHandler:
                pass
            except Exception as error:  # noqa: BLE001 - any other is the finding
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(registry) == 400
    location = next(iter(registry)).location
    assert len(registry.entries.at_location(location)) == 400
