"""A package with a function of every kind that a manifest has, or does not have."""

from __future__ import annotations

from pathlib import Path

from tests.support.packages import write

__all__ = ["BUILD", "EVENTS", "LATE", "PAGES", "write_shop"]

EVENTS = """
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, NewType

from handlerid import Event

Sku = NewType("Sku", str)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Item:
    sku: Sku
    amount: int = 1
    parts: list["Item"] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class CartEvent(Event, name="cart"):
    color: Color | None
    kind: Literal["a = b", 1] = 1
    items: list[Item] = field(default_factory=list)
    many: dict[str, tuple[int, ...]]


class OddEvent(Event, make=lambda payload: payload):
    pass
"""

PAGES = '''
import functools
from functools import partial

from handlerid import ClickEvent, Dispatcher, InputEvent, Registry, events

from shop.events import CartEvent, OddEvent

registry = Registry()
app = Dispatcher(Registry())


def guarded(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        return fn(*args)
    return wrapper


def hiding(fn):
    def wrapper(event):
        return fn(event)
    return wrapper


def on_plain(event: ClickEvent): return event.key
def on_union(event: "ClickEvent | InputEvent"): return event.key
def on_cart(event: CartEvent, n=3, *, m=4): return n + m
def on_odd(event: OddEvent): return event
def helper(text: str): return text.upper()
def nothing(event: ClickEvent): pass
async def nothing_later(event: ClickEvent): """Nothing."""
def constant(): return 5

@registry.handler(name="order", moved_from=["shop.old:order", "ordering"])
def on_order(event: ClickEvent): return "ordered"

@app.registry.handler(event=InputEvent)
def on_any(event): return event.value

@guarded
def on_admin(event: ClickEvent): return "admin"

@hiding
def on_hidden(event: ClickEvent): return "hidden"

class Command:
    def __init__(self, fn): self.fn = fn
    __call__ = len

@Command
def on_object(event: ClickEvent): return "run"

def on_twice(event: ClickEvent): return 1
def on_twice(event: InputEvent): return 2

bound = partial(on_cart, n=5)
in_a_name = lambda event: event.key


class Cart:
    def add(self, event: ClickEvent): return self
    @staticmethod
    def check(event: InputEvent): return event.value
    @classmethod
    def make(cls, event: events.ChangeEvent): return cls
    def __call__(self, event: ClickEvent): return self
    @property
    def total(self): return 5 + self.tax

    class Row:
        def drop(self, event: ClickEvent): return self


def page(scope, url, rows, kind):
    class Local(events.Event): pass

    def on_name(event: ClickEvent, tries=3, *, deep=(), flat=0): return url, rows
    def on_text(event: "InputEvent"): return url
    def on_attribute(event: events.ChangeEvent | None): return url
    def on_local(event: Local): return url
    def on_nothing(): return url
    def on_number(event: int): return url
    def on_call(event: kind()): return url
    def on_choice(event: ClickEvent if rows else InputEvent): return url
    def on_private(self, event: CartEvent): return Local()

    @guarded
    def on_guarded(event: ClickEvent): return url

    class Inner:
        def on_method(self, event: ClickEvent): return url
        @staticmethod
        def on_static(event: ClickEvent): return url

    scope.offer(lambda: url)
    scope.offer(lambda: rows)
    scope.offer(lambda: rows)
    return [lambda event, row=row: row for row in rows], {url: row for row in rows}


async def later(url):
    async def on_later(event: ClickEvent):
        def deepest(event: ClickEvent): return url
        yield deepest
    return on_later
'''

LATE = """
from __future__ import annotations

from typing import TYPE_CHECKING

from handlerid import ClickEvent

if TYPE_CHECKING:
    from handlerid.events import BlurEvent
    from shop.pages import Cart


def on_blur(event: BlurEvent): return event
def helper(cart: Cart): return cart


def page():
    def on_click(event: ClickEvent): return event
    def on_blur(event: BlurEvent): return event
    return on_click, on_blur
"""

BUILD = """
import sys
from handlerid.manifest import build
manifest = build("shop", fingerprint=sys.argv[1], release="r1")
sys.stdout.write(manifest.to_bytes().decode())
"""


def write_shop(folder: Path) -> Path:
    """Write the package; return its folder."""
    files = {"events": EVENTS, "pages": PAGES, "late": LATE, "deep__page": "x = 1\n"}
    write(folder, **{f"shop__{name}": text for name, text in files.items()})
    write(folder, shop____init__="")
    return folder
