"""Which rendering of a page answers an event, and which handlers are near an id."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mesop as me
import mesop.protos.ui_pb2 as pb
import pytest
from mesop.exceptions import MesopUserException

from handlerid import Dispatcher, Registry
from handlerid.integrations.mesop.seams import Seams

answers: list[int] = []


def counting(count: int) -> Callable[[me.ClickEvent], None]:
    def on_count(event: me.ClickEvent) -> None:
        answers.append(count)

    return on_count


class Page:
    """A context of Mesop's, as far as the seams use it."""

    def __init__(self) -> None:
        registry = Registry(captures="allow")
        self.seams = Seams(Dispatcher(registry))
        self.context = SimpleNamespace()

    def render(self, *handlers: Callable[..., object]) -> list[str]:
        event = self.seams.learn(me.ClickEvent)
        with self.seams.begin(self.context) as scope:
            return [scope.offer(handler, event) for handler in handlers]

    def click(self, handler_id: str) -> int:
        event = pb.UserEvent(handler_id=handler_id, click=pb.ClickEvent())
        for _ in self.seams.run_event_handler(None)(self.context, event):
            """Each step is a rendering."""
        return answers.pop()


def test_the_newest_rendering_answers() -> None:
    page = Page()
    (first,) = page.render(counting(1))
    (second,) = page.render(counting(2))
    assert first == second
    assert page.click(first) == 2


def test_an_older_rendering_answers_until_eight_newer_ones() -> None:
    page = Page()
    handler = counting(1)
    (offered,) = page.render(handler)
    gone = weakref.ref(handler)
    del handler
    for _ in range(7):
        page.render()
        assert page.click(offered) == 1
    page.render()
    with pytest.raises(MesopUserException):
        page.click(offered)
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("location", "fingerprint", "event", "near"),
    [
        (True, True, "other", "on_click"),
        (False, True, "other", "on_click"),
        (False, False, "mesop_click", "on_click, counting.<locals>.on_count"),
        (False, False, "other", ""),
    ],
)
def test_near_is_the_same_location_or_else_the_same_code_or_else_the_same_event(
    caplog: pytest.LogCaptureFixture,
    location: bool,
    fingerprint: bool,
    event: str,
    near: str,
) -> None:
    page = Page()
    known, _ = page.render(on_click, counting(1))
    unknown = "-".join(
        (
            "h1",
            known[3:16] if location else "a" * 13,
            known[17:37] if fingerprint else "a" * 20,
        )
    )
    with pytest.raises(MesopUserException):
        page.click(f"{unknown}.{event}")
    expected = near.replace("on_click", f"{__name__}.on_click").replace(
        "counting", f"{__name__}.counting"
    )
    assert f"near: {expected}" in caplog.messages[-1]


def on_click(event: me.ClickEvent) -> None:
    """Do nothing."""


def test_near_names_at_most_five(caplog: pytest.LogCaptureFixture) -> None:
    page = Page()
    handlers: list[Any] = []
    for number in range(9):
        namespace: dict[str, object] = {"__name__": f"page{number}"}
        exec(f"def handler(event): return {number}", namespace)
        handlers.append(namespace["handler"])
    page.render(*handlers)
    with pytest.raises(MesopUserException):
        page.click(f"h1-{'a' * 13}-{'a' * 20}.mesop_click")
    named = ", ".join(f"page{number}.handler" for number in range(5))
    assert caplog.messages[-1].endswith(f"near: {named}")


def test_text_that_is_no_id_is_near_nothing(caplog: pytest.LogCaptureFixture) -> None:
    page = Page()
    page.render(on_click)
    with pytest.raises(MesopUserException):
        page.click("nonsense")
    assert caplog.messages[-1].endswith("near: ")
