"""Measures what pages that are gone leave behind, in each mode.

    python -m tests.promises.corpus.growth [--pages 10000]

``tests/promises/test_growth.py`` runs a sample. Each page offers a handler of every
kind in ``KINDS``, with values and names that no page had before. The exit status is 1
when a line is over the bar.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import count, islice, product
from types import FunctionType

from handlerid import Captures, ClickEvent, Dispatcher, Identity, Registry, Tokens
from tests.promises.corpus import memory

BAR = 2 * 1024
"""Bytes that may be there afterwards, however many pages there were."""


@dataclass(frozen=True)
class Row:
    key: str


def closure(value: object) -> FunctionType:
    def on_click(event: ClickEvent) -> object:
        return value

    assert isinstance(on_click, FunctionType)
    return on_click


def decorated(value: object) -> Callable[..., object]:
    inner = closure(value)

    @functools.wraps(inner)
    def wrapper(event: ClickEvent) -> object:
        return inner(event)

    return wrapper


def counter(value: int) -> Callable[..., object]:
    def add(event: ClickEvent) -> None:
        nonlocal value
        value += 1

    def show(event: ClickEvent) -> object:
        return value

    return show


def in_a_loop(number: int) -> Callable[..., object]:
    made = []
    for row in (f"first {number}", f"last {number}"):
        made.append(lambda event: row)  # noqa: B023, PERF401 - the last one is offered
    return made[-1]


def buy(sort: str, event: ClickEvent) -> object:
    return sort


def named(number: int) -> FunctionType:
    """Return a handler of one code, with a name that was made while rendering."""
    on_click = closure(f"named {number}")
    on_click.__qualname__ = f"page.row_{number}"
    return on_click


def save(event: ClickEvent, sort: str = "tea") -> str:
    return sort


def made_anew(number: int) -> FunctionType:
    """Return a function of the module's code, in a code object of its own."""
    return FunctionType(save.__code__.replace(), globals(), None, (f"tea {number}",))


Make = Callable[[int], Callable[..., object]]

KINDS: dict[str, Make] = {
    "closure over a text": lambda number: closure(f"text {number}"),
    "closure over a list": lambda number: closure([number]),
    "closure over equal lists": lambda number: closure([]),
    "closure over an object": lambda number: closure(Row(f"row {number}")),
    "closure over a closure": lambda number: closure(closure(f"inner {number}")),
    "decorated closure": lambda number: decorated(f"decorated {number}"),
    "default": lambda number: lambda event, row=f"row {number}": row,
    "counter": counter,
    "variable of a loop": in_a_loop,
    "partial": lambda number: functools.partial(buy, f"tea {number}"),
    "computed name": named,
    "code made anew": made_anew,
}
"""Makes a handler of each kind. Nothing of one that is gone may stay."""

MODES: tuple[Captures, ...] = ("warn", "distinct", "carry")

IDENTITIES: dict[str, Callable[[], Identity]] = {
    "bytecode": Identity,
    "two keys": lambda: Identity(keys=[b"new key", b"old key"]),
    "source": lambda: Identity(fingerprint="source"),
}


def application(mode: Captures, identity: Identity) -> Dispatcher:
    registry = Registry(identity=identity, captures=mode)
    registry.scan(__name__)
    return Dispatcher(registry, tokens=Tokens(b"k" * 16))


def render(app: Dispatcher, numbers: Iterator[int], pages: int) -> None:
    """Renders pages with numbers of their own, and lets go of them."""
    for number in islice(numbers, pages):
        with app.scope(audience="anna") as scope:
            for make in KINDS.values():
                scope.offer(make(number), ClickEvent)
            scope.part(number).offer(closure("in a part"))


def of_pages(pages: int) -> list[memory.Growth]:
    """What pages leave, in each mode."""
    measured = []
    for mode, identity in product(MODES, IDENTITIES):
        app = application(mode, IDENTITIES[identity]())
        run = functools.partial(render, app, count())
        measured.append(memory.growth(f"{mode}, {identity}", run, pages))
    return measured


def main() -> int:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="python -m tests.promises.corpus.growth",
        description=__doc__.splitlines()[0],
    )
    parser.add_argument("--pages", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON list, no table")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    measured = of_pages(arguments.pages)
    if arguments.json:
        print(json.dumps([asdict(line) for line in measured]))
    else:
        print(f"{'':32}{'count':>10}{'bytes':>9}{'objects':>9}{'s':>6}")
        for line in measured:
            print(
                f"{line.use:32}{line.count:10,}{line.bytes:9,}{line.objects:9}"
                f"{line.seconds:6.0f}"
            )
    # As JSON, the reader compares.
    return int(not arguments.json and any(line.bytes >= BAR for line in measured))


if __name__ == "__main__":
    sys.exit(main())
