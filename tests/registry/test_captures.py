"""Closures with one id: what is lost, the warning, and the modes without loss."""

from __future__ import annotations

import copy
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Event, Registry, Tokens
from handlerid.errors import CapturesReplaced, UnstableCapture

HERE = __name__

Handler = Callable[..., object]


def link(url: object) -> Handler:
    def on_link(event: ClickEvent) -> object:
        return url

    return on_link


def pair(first: object, second: object) -> Handler:
    def on_pair(event: ClickEvent) -> object:
        return first, second

    return on_pair


def bare(fn: Handler) -> Handler:
    """A wrapper that functools.wraps knows nothing of."""

    def wrapper(event: Event) -> object:
        return fn(event)

    return wrapper


def on_save(event: ClickEvent) -> str:
    return "save"


def on_delete(event: ClickEvent) -> str:
    return "delete"


@pytest.fixture
def registry() -> Registry:
    return Registry()


# Last write wins, and nobody is surprised by it.


def test_the_last_write_wins(registry: Registry) -> None:
    first = registry.register(link("a"))
    with pytest.warns(CapturesReplaced):
        second = registry.register(link("b"))
    assert first == second
    assert registry.resolve(first).fn(ClickEvent()) == "b"


FIRST = "two handlers at {name} ({file}:{line}) have one id and differ in what they "
FIRST += "captured ({variable}): "
WAYS_OUT = {
    "registry": (
        "one user's click runs what was captured for another. Register closures in a "
        'scope, one for each rendering: dispatcher.scope(); "refuse" makes this an '
        'error, "allow" silences it'
    ),
    "scope": (
        "the one registered last answers for both. Pass what differs as an argument of "
        "functools.partial, give each component a key and read event.key, or make each "
        'its own entry with captures="distinct" or "carry" on the registry; "refuse" '
        'makes this an error, "allow" silences it'
    ),
}


@pytest.mark.parametrize("place", WAYS_OUT)
def test_a_lost_capture_is_said_once_an_id(registry: Registry, place: str) -> None:
    target: Any = registry
    if place == "scope":
        target = Dispatcher(registry).scope()
    handler_id = target.register(link("secret-a"))
    scopes = [Dispatcher(registry).scope() for _ in range(2)]
    with warnings.catch_warnings(record=True, action="always") as caught:
        for one in (target, target, *scopes):
            one.register(link("secret-b"))
            one.register(link("secret-c"))
    (warning,) = caught
    message: Any = warning.message
    assert message.handler_id == handler_id
    assert message.names == ("url",)
    code = link("").__code__
    file, line = code.co_filename, code.co_firstlineno
    name = f"{HERE}.link.<locals>.on_link"
    assert str(message) == (
        FIRST.format(name=name, file=file, line=line, variable="url") + WAYS_OUT[place]
    )
    assert "secret" not in str(message)
    assert (warning.filename, warning.lineno) == (file, line)
    assert (message.filename, message.line) == (file, line)


def test_rendering_again_loses_nothing(registry: Registry) -> None:
    for _ in range(2):
        registry.register(link("a"))
        registry.register(on_save)
        registry.register(partial(link, "b"))
    assert len(registry) == 3


@pytest.mark.parametrize(
    "value",
    ["a", 1, None, ("a", frozenset([1])), ("a", ("b", 2)), ("a" * 99, 10**9)],
)
def test_equal_captures_are_not_lost(registry: Registry, value: Any) -> None:
    registry.register(link(value))
    registry.register(link(copy.deepcopy(value)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a", "b"),
        (1, True),
        (0.0, -0.0),
        ([], ()),
        ([1], [1]),
        (("a", [1]), ("a", [1])),
        (object(), object()),
        (("a", 1), ("a", True)),
        (("a", 0.0), ("a", -0.0)),
        (("a",), ("a", "b")),
        ((("a",),), (("b",),)),
    ],
)
def test_other_captures_are_lost(registry: Registry, old: Any, new: Any) -> None:
    registry.register(link(old))
    with pytest.warns(CapturesReplaced):
        registry.register(link(new))


def test_a_value_that_fails_to_compare_is_never_asked(registry: Registry) -> None:
    class Hostile:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            raise AssertionError

        def __repr__(self) -> str:
            raise AssertionError

        def __getattr__(self, name: str) -> object:
            raise AssertionError

    one = Hostile()
    registry.register(link(one))
    registry.register(link(one))
    with pytest.warns(CapturesReplaced):
        registry.register(link(Hostile()))


class Row:
    def on_row(self, event: ClickEvent) -> None: ...


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (*[lambda i=i: i for i in range(2)], "i"),
        (*[lambda *, i=i: i for i in range(2)], "i"),
        (Row().on_row, Row().on_row, "self"),
    ],
    ids=["default", "keyword default", "bound object"],
)
def test_defaults_and_bound_objects_are_captures_too(
    registry: Registry, first: Any, second: Any, name: str
) -> None:
    registry.register(first)
    with pytest.warns(CapturesReplaced) as caught:
        registry.register(second)
    message: Any = caught[0].message
    assert message.names == (name,)


def test_refuse_keeps_the_old_one() -> None:
    registry = Registry(captures="refuse")
    handler_id = registry.register(link("a"))
    registry.register(link("a"))
    for _ in range(2):
        with pytest.raises(CapturesReplaced) as caught:
            registry.register(link("b"))
        assert caught.value.names == ("url",)
    assert registry.resolve(handler_id).fn(ClickEvent()) == "a"


def test_allow_is_silent() -> None:
    registry = Registry(captures="allow")
    handler_id = registry.register(link("a"))
    registry.register(link("b"))
    assert registry.resolve(handler_id).fn(ClickEvent()) == "b"


def test_a_filter_names_the_module_of_the_handler(registry: Registry) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=HERE.replace(".", r"\.") + "$")
        registry.register(link("/tea"))
        registry.register(link("/coffee"))


def test_a_filter_that_raises_does_so_each_time(registry: Registry) -> None:
    tea = link("/tea")
    handler_id = registry.register(tea)
    for _ in range(2):  # pytest makes an error of a warning
        with pytest.raises(CapturesReplaced):
            registry.register(link("/coffee"))
        assert registry.resolve(handler_id).fn is tea


# Captures in ids.

DISTINCT = pytest.mark.parametrize("captures", ["distinct", "carry"])


@DISTINCT
@pytest.mark.parametrize(
    ("handlers", "answers"),
    [
        ([link("/tea"), link("/coffee")], ["/tea", "/coffee"]),
        ([lambda i=i: i for i in range(2)], [0, 1]),
        ([lambda *, i=i: i for i in range(2)], [0, 1]),
        ([bare(on_save), bare(on_delete)], ["save", "delete"]),
        ([bare(link(1)), bare(link(2))], [1, 2]),
        ([partial(lambda a, e, n=n: (a, n), 1) for n in range(2)], [(1, 0), (1, 1)]),
    ],
    ids=["closures", "defaults", "keyword defaults", "wrappers", "deep", "partials"],
)
def test_each_closure_is_its_own_entry(
    captures: Any, handlers: list[Handler], answers: list[object]
) -> None:
    registry, again = Registry(captures=captures), Registry(captures=captures)
    ids = [registry.register(fn) for fn in handlers]
    assert [registry.register(fn) for fn in handlers] == ids  # rendered again
    assert len(registry) == 2
    found = [registry.resolve(one) for one in ids]
    assert [
        one.fn(ClickEvent()) if one.takes_event else one.fn() for one in found
    ] == answers
    assert [again.register(fn) for fn in handlers] == ids


def test_a_handler_without_captures_has_the_same_id() -> None:
    one, other = Registry(captures="distinct"), Registry()
    assert one.register(on_save) == other.register(on_save)


def test_names_and_old_locations_have_distinct_ids_too() -> None:
    def make(url: str) -> Handler:
        def on_named(event: ClickEvent) -> str:
            return url

        return on_named

    registry = Registry(captures="distinct")
    for url in ("/tea", "/coffee"):
        registry.handler(name="visit", moved_from=f"{HERE}:on_visit")(make(url))
    for location in ("visit", f"{HERE}:on_visit"):
        for url in ("/tea", "/coffee"):
            identity = registry.identity
            there = identity.complete(
                *identity.bare_ids(
                    make(url), ClickEvent, captures=True, location=location
                )[:2]
            )
            assert registry.resolve(there[0]).fn(ClickEvent()) == url
    assert len(registry) == 2


@DISTINCT
def test_a_capture_without_a_form_is_named(captures: Any) -> None:
    registry = Registry(captures=captures)
    with pytest.raises(UnstableCapture) as caught:
        registry.register(link(object()))
    assert caught.value.where == "url"
    assert caught.value.type_name == "builtins.object"
    text = str(caught.value)
    name = (
        f"{HERE}.link.<locals>.on_link: url cannot be part of an id: builtins.object "
    )
    assert text.startswith(name)
    assert len(registry) == 0


# Values without canonical form, left out of ids.


@DISTINCT
def test_an_odd_value_is_left_out(captures: Any) -> None:
    registry = Registry(captures=captures, unstable="omit")
    tea, coffee = (registry.register(pair(url, object())) for url in ("tea", "coffee"))
    assert len(registry) == 2  # the other variable tells them apart
    assert registry.resolve(tea).number is None
    assert registry.resolve(coffee).number is None
    assert registry.register(pair("tea", 1)) != tea
    assert registry.resolve(registry.register(pair("tea", 1))).number == 0
    assert (
        Registry(captures=captures, unstable="omit").register(pair("tea", object()))
        == tea
    )


@DISTINCT
def test_handlers_that_differ_in_odd_values_alone_replace_each_other(
    captures: Any,
) -> None:
    registry = Registry(captures=captures, unstable="omit")
    one = object()
    first = registry.register(pair("secret", one))
    assert registry.register(pair("secret", one)) == first  # the same objects
    with warnings.catch_warnings(record=True, action="always") as caught:
        for url in ("secret", "other", "third"):
            for _ in range(2):
                registry.register(pair(url, object()))
    (warning,) = caught  # once a location, however many values tell rows apart
    message: Any = warning.message
    code = pair("", "").__code__
    name = f"{HERE}.pair.<locals>.on_pair"
    assert str(message) == FIRST.format(
        name=name,
        file=code.co_filename,
        line=code.co_firstlineno,
        variable="second",
    ) + (
        "the one registered last answers for both. They differ in values without "
        "canonical form, which are not part of the id: capture a key instead, or give "
        "the type an encoder, Identity(encoders=...)"
    )
    assert message.names == ("second",)


def test_a_handler_with_an_odd_value_is_not_carried() -> None:
    registry = Registry(captures="carry", unstable="omit")
    registry.entries.index.add(sys.modules[HERE])
    dispatcher = Dispatcher(registry, tokens=Tokens(b"k" * 32))
    with dispatcher.scope(audience="ann") as scope:
        odd = scope.offer(link(object()))
        carried = scope.offer(link("/tea"))
    assert len(odd) < len(carried)


def test_an_odd_bound_argument_is_left_out_too() -> None:
    def on_row(row: object, event: ClickEvent) -> object:
        return row

    registry = Registry(captures="distinct", unstable="omit")
    handler_id = registry.register(partial(on_row, object()))
    assert registry.resolve(handler_id).number is None
    with pytest.warns(CapturesReplaced) as caught:
        assert registry.register(partial(on_row, object())) == handler_id
    message: Any = caught[0].message
    assert message.names == ("args[0]",)
