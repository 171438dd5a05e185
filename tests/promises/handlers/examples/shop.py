"""A page as people write them, with a handler of each kind."""

import functools
import threading
from typing import Any

from nicegui import app, ui

label = ui.label("nothing yet")


def refresh() -> None:
    label.set_text("refreshed")


def choose(name: str) -> None:
    label.set_text(name)


class Counter:
    def __init__(self) -> None:
        self.count = 0
        ui.button("add", on_click=self.add)

    def add(self) -> None:
        self.count += 1


def shop(client: Any) -> None:
    basket = ui.label("empty")
    lock = threading.Lock()
    cart, set_cart = app.use_state(())

    def locked() -> None:
        with lock:
            refresh()

    ui.button("refresh", on_click=refresh)
    for name in ("tea", "milk"):
        ui.button(name, on_click=functools.partial(choose, name))
    ui.button("empty").on_click(lambda: basket.set_text("empty"))
    ui.button("reload", on_click=lambda: client.open("/"))
    ui.button("buy", on_click=lambda: set_cart((*cart, "tea")))
    ui.button("lock").on("click", handler=locked)
    ui.button("close", on_click=basket.close)
    Counter()


ui.run(shop)
