"""Handlers whose events are imported in several ways."""

# mypy: ignore-errors
# ruff: noqa: F821, UP007, UP037, UP045
from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Annotated, Any, Optional, TypeVar, Union

from handlerid import ClickEvent, Event
from tests.check.rendering import page

if TYPE_CHECKING:
    from handlerid import InputEvent
    from handlerid import events as late_events

if typing.TYPE_CHECKING:
    from handlerid.events import ChangeEvent
else:
    ChangeEvent = Any

E = TypeVar("E", bound=Event)


def typing_only(event: InputEvent): ...


def in_a_union(event: InputEvent | None): ...


def in_an_old_union(event: Union[ClickEvent, InputEvent]): ...


def in_quotes(event: "InputEvent"): ...


def in_a_quoted_part(event: Optional["InputEvent"]): ...


def of_a_module(event: late_events.InputEvent): ...


def annotated(event: Annotated[InputEvent, "late"]): ...


def undefined(event: NoSuchEvent): ...


@page
def unresolved(ui):
    ui.button(on_click=typing_only)
    ui.button(on_click=in_a_union)
    ui.button(on_click=in_an_old_union)
    ui.button(on_click=in_quotes)
    ui.button(on_click=in_a_quoted_part)
    ui.button(on_click=of_a_module)
    ui.button(on_click=annotated)
    ui.scope.offer(undefined)


@page
def local_to_the_page(ui):
    class Dropped(Event): ...

    def drop(event: Dropped): ...

    ui.button(on_click=drop)


class Component:
    class Chosen(Event): ...

    def choose(self, event: Chosen): ...

    def draw(self, ui):
        ui.button(on_click=self.choose)


@page
def of_a_class(ui):
    Component().draw(ui)


# What follows resolves.


def imported(event: ClickEvent): ...


def in_the_other_branch(event: ChangeEvent): ...


def anything(event: Any): ...


def of_a_type_variable(event: E): ...


def of_builtins(event: object): ...


def not_the_first(event: ClickEvent, more: InputEvent | None = None): ...


def returned(event: ClickEvent) -> InputEvent: ...


@page
def resolved(ui):
    ui.button(on_click=imported)
    ui.button(on_click=in_the_other_branch)
    ui.button(on_click=anything)
    ui.button(on_click=of_a_type_variable)
    ui.button(on_click=of_builtins)
    ui.button(on_click=not_the_first)
    ui.button(on_click=returned)


def said(event: NoSuchEventEither): ...


@page
def event_given(ui):
    ui.scope.offer(said, ClickEvent)


@page
def captured(ui):
    class Moved(Event): ...

    def move(event: Moved):
        return Moved

    ui.button(on_click=move)
