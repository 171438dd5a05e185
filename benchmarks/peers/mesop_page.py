"""The demo's page as Mesop has it: the same controls, the same increment.

gunicorn serves it, see ``load``.
"""

from __future__ import annotations

from typing import Any

import mesop as me

from page import FIELDS, LINKS

__all__ = ["app"]

app: Any = me.create_wsgi_app()


@me.stateclass
class State:
    count: int
    draft: str
    name: str
    url: str


def increment(event: me.ClickEvent) -> None:
    me.state(State).count += 1


def keep_draft(event: me.InputBlurEvent) -> None:
    me.state(State).draft = event.value


def send(event: me.ClickEvent) -> None:
    me.state(State).draft = ""


def set_field(event: me.InputBlurEvent) -> None:
    setattr(me.state(State), event.key, event.value)


def open_link(event: me.ClickEvent) -> None:
    me.state(State).url = LINKS[event.key]


@me.page(path="/")  # type: ignore[untyped-decorator]
def page() -> None:
    state = me.state(State)
    me.text("Counter", type="headline-4")
    me.button("Add one", on_click=increment)
    me.text(str(state.count))
    me.input(label="Message", on_blur=keep_draft)
    me.button("Send", on_click=send)
    for field in FIELDS:
        me.input(label=field, key=field, on_blur=set_field)
    for text in [*LINKS, *LINKS]:
        me.button(text, key=text, on_click=open_link)
    me.text(state.url)
    me.button("Brew", on_click=send)
    me.button("Greet", on_click=send)
