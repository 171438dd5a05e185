"""Renderings: which of them answers for an id, and what is said if none does."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from functools import partial

import pytest

from handlerid import ClickEvent, HandlerId, Registry
from handlerid._renderings import Renderings
from handlerid.errors import (
    CapturesReplaced,
    MalformedPayload,
    SignatureError,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
)


def on_click(event: ClickEvent) -> None:
    """A handler."""


def needs_two(event: ClickEvent, other: object) -> None:
    """A handler that nobody can call."""


def counting(count: int) -> Callable[[ClickEvent], int]:
    def on_count(event: ClickEvent) -> int:
        return count

    return on_count


@pytest.fixture
def renderings() -> Renderings:
    return Renderings(Registry(), keep=3)


def answer(renderings: Renderings, handler_id: str) -> object:
    return renderings.resolve(handler_id).fn(ClickEvent())


def test_an_id_is_that_of_a_registry(renderings: Renderings) -> None:
    offered = renderings.offer(on_click, ClickEvent)
    assert offered == Registry().register(on_click)
    assert renderings.resolve(str(offered)).fn is on_click
    assert renderings.resolve(offered).event is ClickEvent


def test_the_newest_rendering_answers(renderings: Renderings) -> None:
    offered = renderings.offer(counting(1), ClickEvent)
    renderings.begin()
    assert renderings.offer(counting(2), ClickEvent) == offered
    assert answer(renderings, offered) == 2


def test_what_only_an_older_rendering_offered_answers_until_it_is_too_old(
    renderings: Renderings,
) -> None:
    offered = renderings.offer(on_click, ClickEvent)
    for _ in range(2):
        renderings.begin()
        assert renderings.resolve(offered).fn is on_click
    renderings.begin()
    with pytest.raises(UnknownHandler):
        renderings.resolve(offered)


def test_rendering_again_replaces_nothing_but_twice_in_one_does(
    renderings: Renderings,
) -> None:
    renderings.offer(counting(1), ClickEvent)
    renderings.begin()
    renderings.offer(counting(2), ClickEvent)  # a warning would be an error here
    with pytest.warns(CapturesReplaced, match=r"\(count\)"):
        offered = renderings.offer(counting(3), ClickEvent)
    assert answer(renderings, offered) == 3


def test_a_registry_that_refuses_keeps_the_first() -> None:
    renderings = Renderings(Registry(captures="refuse"))
    offered = renderings.offer(counting(1), ClickEvent)
    with pytest.raises(CapturesReplaced):
        renderings.offer(counting(2), ClickEvent)
    assert answer(renderings, offered) == 1


def test_distinct_captures_are_two_handlers() -> None:
    renderings = Renderings(Registry(captures="distinct"))
    first, second = (renderings.offer(counting(n), ClickEvent) for n in (1, 2))
    assert [answer(renderings, one) for one in (first, second)] == [1, 2]


def test_how_a_handler_is_called_is_found_out_when_it_is_asked_for(
    renderings: Renderings,
) -> None:
    bad = renderings.offer(needs_two, ClickEvent)
    good = renderings.offer(on_click, ClickEvent)
    assert renderings.resolve(good).fn is on_click
    with pytest.raises(SignatureError, match="needs_two needs event and other"):
        renderings.resolve(bad)
    with pytest.raises(UnknownHandler):  # and not the error of the bad one
        renderings.resolve(f"h1-{'a' * 13}-{'a' * 20}.click")


def test_other_code_at_the_location_is_stale(renderings: Renderings) -> None:
    known = renderings.offer(on_click, ClickEvent)
    with pytest.raises(StaleHandler) as caught:
        renderings.resolve(f"{known[:17]}{'a' * 20}{known[37:]}")
    assert caught.value.current == (known,)


def test_another_event_is_unknown_and_not_stale(renderings: Renderings) -> None:
    known = renderings.offer(on_click, ClickEvent)
    with pytest.raises(UnknownHandler, match="its event"):
        renderings.resolve(known.replace(".click", ".input"))


def test_what_is_no_id_is_malformed_and_near_nothing(renderings: Renderings) -> None:
    renderings.offer(on_click, ClickEvent)
    with pytest.raises(MalformedPayload):
        renderings.resolve("nonsense")
    assert renderings.near("nonsense") == []


def test_near_is_the_location_then_the_code_then_the_event(
    renderings: Renderings,
) -> None:
    known = renderings.offer(on_click, ClickEvent)
    renderings.offer(counting(1), ClickEvent)
    here, there = f"{__name__}.on_click", f"{__name__}.counting.<locals>.on_count"
    other, code = "a" * 13, "a" * 20
    assert renderings.near(f"h1-{known.location}-{code}.input") == [here]
    assert renderings.near(f"h1-{other}-{known.fingerprint}.input") == [here]
    assert renderings.near(f"h1-{other}-{code}.click") == [here, there]
    assert renderings.near(f"h1-{other}-{code}.input") == []


def test_near_names_no_more_than_five(renderings: Renderings) -> None:
    for number in range(9):
        namespace: dict[str, object] = {"__name__": f"page{number}"}
        exec(f"def handler(event): return {number}", namespace)
        renderings.offer(namespace["handler"], ClickEvent)  # type: ignore[arg-type]
    near = renderings.near(f"h1-{'a' * 13}-{'a' * 20}.click")
    assert near == [f"page{number}.handler" for number in range(5)]


def test_a_bound_argument_without_a_form_is_named_with_its_handler(
    renderings: Renderings,
) -> None:
    with pytest.raises(UnstableCapture, match=r"\.needs_two: keywords\[other\] "):
        renderings.offer(partial(needs_two, other=object()), ClickEvent)


def test_nothing_is_held_but_the_last_renderings(renderings: Renderings) -> None:
    first = counting(1)
    gone = weakref.ref(first)
    renderings.offer(first, ClickEvent)
    del first
    for _ in range(2):
        renderings.begin()
        assert gone() is not None
    renderings.begin()
    assert gone() is None


def test_replacing_with_equal_captures_says_nothing(renderings: Renderings) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        renderings.offer(counting(1), ClickEvent)
        offered = renderings.offer(counting(1), ClickEvent)
    assert isinstance(offered, HandlerId)
