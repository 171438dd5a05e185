"""An application: a page whose handlers are made anew at each rendering.

The tests copy this file to two releases; a server imports its own copy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from handlerid import ClickEvent

RENDERED: list[str] = []
"""What this process ran of the enclosing functions."""

Handlers = dict[str, Callable[..., object]]


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Cart:
    owner: str
    items: list[str]

    def on_show(self, event: ClickEvent) -> str:
        return f"{self.owner} has {self.items}, {event.key}"


def twice(text: str) -> str:
    return text + text


def logged(fn: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(fn)
    def wrapper(event: ClickEvent) -> str:
        return f"logged {fn(event)}"

    return wrapper


def bare(fn: Callable[..., object]) -> Callable[..., object]:
    def wrapper(event: ClickEvent) -> str:
        return f"bare {fn(event)}"

    return wrapper


def on_step(step: int, event: ClickEvent) -> str:
    return f"step {step}, {event.key}"


def of_one(name: str, number: int) -> Handlers:
    """The handlers of one item: all items share their code."""
    RENDERED.append(name)
    cart, color = Cart(name, [name] * number), list(Color)[number % 2]

    def plain(event: ClickEvent) -> str:
        return f"{name} {event.key}"

    def nested() -> Callable[..., object]:
        size = number * 10

        def inner(event: ClickEvent) -> str:
            return f"{name} {size}"

        return inner

    def over_functions(event: ClickEvent) -> str:
        return f"{shout(name)} {plain(event)}"

    shout = twice

    def over_values(event: ClickEvent) -> str:
        return f"{cart.owner} {cart.items} {color.value}"

    def recursive(event: ClickEvent, depth: int = number + 1) -> str:
        return name + recursive(event, depth - 1) if depth else "."

    async def is_async(event: ClickEvent) -> str:
        return f"awaited {name}"

    def other(event: ClickEvent) -> str:
        return f"other {name}"

    handlers: Handlers = {
        "plain": plain,
        "nested": nested(),
        "over functions": over_functions,
        "over values": over_values,
        "recursive": recursive,
        "async": is_async,
        "method": cart.on_show,
        "wrapped": logged(plain),
        "bare": bare(plain),
        "bare other": bare(other),
        "partial": functools.partial(on_step, number),
    }
    return {f"{name}: {kind}": handler for kind, handler in handlers.items()}


def page() -> Handlers:
    """All handlers of the page, by a name that says which one it is."""
    handlers: Handlers = {}
    for number, name in enumerate(("tea", "milk", "cake")):
        handlers |= of_one(name, number)
    for i in range(3):
        handlers[f"lambda {i}"] = lambda event, i=i: f"lambda {i}"
    return handlers
