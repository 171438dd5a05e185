"""Which rendering of a page answers an event."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from types import SimpleNamespace

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
