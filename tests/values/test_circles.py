"""Callables that lead back to themselves: their bytes, and which are equal."""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlerid import ClickEvent, Identity, Registry
from handlerid._values.codec import Codec
from handlerid.errors import CapturesReplaced, UnstableCapture
from tests.pythons import require_python
from tests.support.fresh import run_fresh


class Link:
    """A callable that leads to whatever it was given."""

    def __init__(self, name: object, *to: object) -> None:
        self.name = name
        self.to: Any = to

    def __call__(self) -> None: ...


def describe(value: object) -> Any:
    if isinstance(value, Link):
        return str(value.name), [("to", value.to)], ()
    if isinstance(value, types.FunctionType):
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        captures = [(n, cell.cell_contents) for n, cell in cells]
        return value.__code__.co_name, captures, ()
    return None


def encode(value: object, **options: Any) -> bytes:
    codec = Codec(encoders=options.get("encoders"))
    return codec.encode(value, "value", describe=options.get("describe", describe))


# Closures, as people write them.


def counting(step: object) -> Callable[[], object]:
    def again() -> object:
        return again, step

    return again


def asking(first: object, second: object) -> Callable[[], object]:
    def ping() -> object:
        return pong, first

    def pong() -> object:
        return ping, second

    return ping


def in_a_table(step: object) -> dict[str, Any]:
    def show() -> object:
        return views["edit"]

    def edit() -> object:
        return views["show"], step

    views: dict[str, Any] = {"show": show, "edit": edit}
    return views


def in_a_set(step: object) -> set[Any]:
    members: set[Any] = set()

    def make(number: object) -> Callable[[], object]:
        def member() -> object:
            return number, members

        return member

    members.update(make(number) for number in (1, 2, 3, step))
    return members


CIRCLES: list[Callable[[object], object]] = [
    counting,
    partial(asking, "a"),
    lambda step: asking(step, "a"),
    in_a_table,
    lambda step: in_a_table(step)["show"],
    in_a_set,
    lambda step: [in_a_table(step), in_a_set(step), len, counting(1)][::3],
    lambda step: {"k": [counting(step), "x" * 500]},
]


@pytest.mark.parametrize("circle", CIRCLES)
@pytest.mark.parametrize("step", [5, "text", "x" * 500, (1, [2])])
def test_circles_are_equal_when_what_they_hold_is(
    circle: Callable[[object], object], step: object
) -> None:
    first, second, other = circle(step), circle(step), circle("other")
    assert encode(first) == encode(second) != encode(other)


def test_the_bytes_are_frozen() -> None:
    def again() -> object:
        return again

    # Begun since: the callable itself, and the tuple.
    alone = b"h2:s5:againt2:s5:again^2;"
    assert encode(again) == alone
    assert encode([again, again]) == b"l2:" + alone + alone

    def ping() -> object:
        return pong, ping

    def pong() -> object:
        return ping

    form = b"h3:s4:pingt2:s4:ping^2;t2:s4:pongh2:s4:pongt2:s4:ping^5;"
    assert encode(ping) == form


def test_a_part_that_leads_back_is_written_once() -> None:
    first, shared = Link("first"), Link("shared")
    shared.to = (first,)
    first.to = (shared, shared)
    inner = b"h2:s6:sharedt2:s2:tot1:^6;"
    assert encode(first) == b"h2:s5:firstt2:s2:tot2:" + inner + b"^3;"


def test_it_makes_no_difference_where_a_circle_stands() -> None:
    alone = encode(counting(1))
    assert encode([counting(1)]) == b"l1:" + alone
    held = Link("holder", counting(1))
    assert encode(held) == b"h2:s6:holdert2:s2:tot1:" + alone
    one = counting(1)
    assert encode([one, one]) == encode([one, counting(1)])


@pytest.mark.parametrize("between", [(), range(300)], ids=["near", "wide"])
def test_what_differs_only_far_away_differs(between: Iterable[int]) -> None:
    # Seen from x, the first two steps are the same.
    x, y = Link("x"), Link("y")
    x.to, y.to = (*between, y), (*between, x)
    other_x, other_y = Link("x"), Link("y")
    other_x.to, other_y.to = (*between, other_y), (*between, other_y)
    assert encode(x) != encode(other_x)


Drawn = tuple[list[tuple[str, list[int]]], int, bool]
graphs: st.SearchStrategy[Drawn] = st.tuples(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.lists(st.integers(0, 5), max_size=2)),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 5),
    st.booleans(),
)


def built(drawn: Drawn) -> Link:
    nodes, start, as_set = drawn
    links = [Link(label) for label, _ in nodes]
    for link, (_, ways) in zip(links, nodes, strict=True):
        to = [links[way % len(links)] for way in ways]
        link.to = frozenset(to) if as_set else tuple(to)
    return links[start % len(links)]


def everything_seen_from(link: Link) -> list[Link]:
    seen = [link]
    for one in seen:
        seen += {other for other in one.to if other not in seen}
    return seen


def see_the_same(one: Link, other: Link) -> bool:
    """The oracle: paints both graphs, as often as two of their size can need."""
    links = everything_seen_from(one) + everything_seen_from(other)
    paint = dict.fromkeys(links, 0)
    for _ in links:
        pots: dict[object, int] = {}
        new = {}
        for link in links:
            to = [paint[one] for one in link.to]
            seen = (link.name, *(sorted(to) if isinstance(link.to, frozenset) else to))
            new[link] = pots.setdefault((type(link.to), seen), len(pots))
        paint = new
    return paint[one] == paint[other]


@given(st.lists(graphs, min_size=2, max_size=5))
def test_equal_bytes_mean_that_one_sees_the_same(drawn: list[Drawn]) -> None:
    for one, other in combinations(map(built, drawn), 2):
        assert encode(one) != encode(other) or see_the_same(one, other)
        first, second = encode([one, 1]), encode([other, 1, 2])
        assert not first.startswith(second)
        assert not second.startswith(first)


@given(graphs)
def test_a_copy_has_equal_bytes_whatever_the_order_of_sets(drawn: Drawn) -> None:
    assert encode(built(drawn)) == encode(built(drawn))


# Every process, every Python.

PROBE = """
from handlerid import ClickEvent, Identity

def page(step, texts):
    def show(event: ClickEvent): return views, texts
    def edit(event: ClickEvent): return show, delete, step
    def delete(event: ClickEvent): return members
    views = {"show": show, "edit": edit, "delete": delete}
    members = {show, edit, delete}
    return members, views

identity = Identity(fingerprint=FINGERPRINT)
for step in range(4):
    value = page(step, {"a", "b", "c"})
    print(identity.codec.encode(value, "page", describe=identity.describe).hex())
"""


def test_every_process_gives_the_same_bytes() -> None:
    probe = PROBE.replace("FINGERPRINT", "'bytecode'")
    first = run_fresh("-c", probe, seed="0")
    assert len(set(first.split())) == 4
    assert run_fresh("-c", probe, seed="1") == first
    assert run_fresh("-c", probe) == first


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_gives_the_same_bytes(tmp_path: Any, version: str) -> None:
    file = tmp_path / "probe.py"
    file.write_text(PROBE.replace("FINGERPRINT", "'source'"))
    here = run_fresh(str(file))
    assert run_fresh(str(file), python=str(require_python(version))) == here


# Refusals.


def refusal(value: object, **options: Any) -> UnstableCapture:
    with pytest.raises(UnstableCapture) as caught:
        encode(value, **options)
    return caught.value


def test_the_path_to_what_is_refused_leads_through_callables() -> None:
    error = refusal([asking(1, {"k": object()})])
    assert error.where == "value[0] -> pong -> second[value]"
    assert error.type_name == "builtins.object"


def test_a_list_that_contains_itself_is_refused_inside_a_circle_too() -> None:
    shelf: list[object] = []
    shelf.append(shelf)
    error = refusal(counting(shelf))
    assert error.where == "value -> step[0]"
    assert " builtins.list refers to itself. " in str(error)


def test_many_callables_that_know_each_other_take_no_time() -> None:
    def page(last: object) -> object:
        links = [Link(number) for number in [*range(60), last]]
        for link in links:
            link.to = tuple(links)
        return links[0]

    assert encode(page(60)) == encode(page(60)) != encode(page(61))


def test_a_long_circle_takes_no_time() -> None:
    def page(last: object) -> object:
        links = [Link("same") for _ in range(400)]
        for link, following in pairwise(links):
            link.to = (following,)
        links[-1].to = (links[0], last)
        return links[0]

    assert encode(page(1)) == encode(page(1)) != encode(page(2))


def test_a_net_that_is_too_large_is_refused() -> None:
    links = [Link(number) for number in range(12)]
    for link in links:
        link.to = set(links)
    error = refusal(links[0])
    assert " refers to itself by way of too many callables. " in str(error)


def test_an_encoder_that_makes_callables_anew_is_no_endless_circle() -> None:
    class Component:
        def handle(self) -> None: ...

    def method(value: object) -> Any:
        own = isinstance(value, types.MethodType)
        return ("handle", [("self", value.__self__)], ()) if own else None  # type: ignore[attr-defined]

    encoders: Any = {Component: lambda component: [component.handle]}
    forms = [encode(Component(), describe=method, encoders=encoders) for _ in "12"]
    assert forms[0] == forms[1]
    assert forms[0].endswith(b"l1:h2:s6:handlet2:s4:self^4;")


def test_a_describe_that_never_ends_is_refused() -> None:
    def endless(_: object) -> Any:
        return "loop", [("next", Link("new"))], ()

    error = refusal(Link("loop"), describe=endless)
    assert " is nested more than 20000 levels deep. " in str(error)


# What it is for: a page that is rendered twice.


def page(registry: Registry, step: int) -> None:
    def on_click(event: ClickEvent) -> object:
        return on_click, on_other

    def on_other(event: ClickEvent) -> object:
        return on_click, views, step

    views = (on_click, on_other)
    for view in views:
        registry.register(view)


def test_rendering_such_a_page_twice_does_not_warn() -> None:
    registry = Registry(captures="warn")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page(registry, 1)
        page(registry, 1)
    assert len(registry) == 2


def test_rendering_another_such_page_warns() -> None:
    registry = Registry(captures="refuse")
    page(registry, 1)
    with pytest.raises(CapturesReplaced) as caught:
        page(registry, 2)
    assert {name.rpartition(" -> ")[2] for name in caught.value.names} == {"step"}


def test_such_a_closure_can_be_a_bound_argument() -> None:
    def bound(step: object) -> object:
        return Identity().handler_id(partial(print_all, counting(step)))

    assert bound(1) == bound(1) != bound(2)


def print_all(handler: object, event: ClickEvent) -> None: ...
