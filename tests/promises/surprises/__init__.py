"""Pages that surprise, and pages that must not: what becomes of them in each mode."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from itertools import combinations
from typing import Any

from handlerid import (
    ClickEvent,
    Dispatcher,
    HandlerIdError,
    Identity,
    Registry,
    Tokens,
)
from tests.promises.surprises import calm_ways, pairs_ways
from tests.promises.surprises.calm import CALM
from tests.promises.surprises.pairs import PAIRS

__all__ = ["CALM", "MODES", "PAIRS", "calm", "calm_ways", "outcome", "pairs_ways"]

MODES = ("warn", "refuse", "distinct", "carry", "omit", "source")
SILENT = {"wrong", "wrong elsewhere", "there is no pair"}
_ADDRESS = re.compile(r"\d{5}")  # of an object: another server has others

Page = Callable[..., object]


def make_app(mode: Any) -> Dispatcher:
    if mode == "omit":
        return Dispatcher(Registry(captures="distinct", unstable="omit"))
    if mode == "source":
        identity = Identity(fingerprint="source")
        return Dispatcher(Registry(captures="distinct", identity=identity))
    return scanned() if mode == "carry" else Dispatcher(Registry(captures=mode))


@cache
def scanned() -> Dispatcher:
    """One for all pages, which only offer: a scan takes 50 times as long as a page."""
    registry = Registry(captures="carry")
    registry.scan("tests.promises.surprises")
    return Dispatcher(registry, tokens=Tokens(b"a key for the tests"))


class Rendering:
    """One rendering of a page, and the clicks on it.

    Args:
        mode: one of ``MODES``.
        app: that of an earlier rendering.
        only: offers by number that are made; all others are left out.
    """

    def __init__(
        self,
        mode: str,
        app: Dispatcher | None = None,
        only: tuple[int, ...] | None = None,
    ) -> None:
        self.app = app or make_app(mode)
        self.more = {"audience": None} if mode == "carry" else {}
        self.only = only
        self.number = 0  # of offers that the page made
        self.offered: list[tuple[str, object, Any]] = []

    def render(self, page: Page) -> str:
        """Return the name of what was raised or warned of, or nothing."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                with self.app.scope(**self.more) as self.scope:
                    page(self.offer)
            except HandlerIdError as error:
                return type(error).__name__
        return ", ".join(sorted({f"warned: {one.category.__name__}" for one in caught}))

    def offer(
        self, handler: Any, expected: object = None, before: Any = None, part: Any = ()
    ) -> str:
        self.number += 1
        if self.only is not None and self.number - 1 not in self.only:
            return ""
        scope = self.scope if part == () else self.scope.part(part)
        reference = scope.offer(handler, ClickEvent)
        self.offered.append((reference, expected, before))
        return reference

    def click(self, reference: str, **more: Any) -> object:
        payload = {"handler": reference, "key": "k"}
        call = self.app.prepare(payload, **self.more, **more)
        match call.handler.kind:
            case "plain":
                return call.run()
            case "generator":
                return list(call.stream())
            case "coroutine":
                return _finished(call.arun())
            case _:
                return _finished(_all(call.astream()))

    def clicks(self) -> bool:
        """Return whether each does its own thing, here."""
        for reference, expected, before in self.offered:
            if before is not None:
                before()
            try:
                result = self.click(reference, scope=self.scope)
            except NameError:  # its variable was deleted
                return False
            if not _same(result, expected):
                return False
        return True

    def clicks_elsewhere(self) -> bool:
        """Return whether another server does the same, or says that it cannot."""
        for reference, expected, before in self.offered:
            here_only = not isinstance(expected, str) and _ADDRESS.search(
                repr(expected)
            )
            if before is None and not here_only:
                try:
                    result = self.click(reference)
                except HandlerIdError:
                    continue
                if not _same(result, expected):
                    return False
        return True


def _finished(awaitable: Any) -> object:
    """Run what waits for nothing, without an event loop: 3.14 here has none."""
    try:
        awaitable.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits for something")


async def _all(steps: Any) -> list[object]:
    return [one async for one in steps]


def _same(result: object, expected: object) -> bool:
    return (type(result), repr(result)) == (type(expected), repr(expected))


def outcome(page: Page, mode: str) -> str:
    """Return what becomes of a page, whole and with every two of its handlers alone."""
    # What warns, does so once.
    app = None if mode in ("warn", "omit") else make_app(mode)
    found, number = _outcome(page, mode, app, None)
    if number > 2:
        for two in combinations(range(number), 2):
            alone, _ = _outcome(page, mode, app, two)
            if alone in SILENT:
                return alone
    return found


def _outcome(
    page: Page, mode: str, app: Dispatcher | None, only: tuple[int, ...] | None
) -> tuple[str, int]:
    """Return what becomes of a page, and how many handlers it has."""
    rendering = Rendering(mode, app, only)
    told = rendering.render(page)
    if told:
        return told, _count(page)  # what was raised may have ended it
    if len(rendering.offered) < 2:
        return "there is no pair", rendering.number
    if not rendering.clicks():
        return "wrong", rendering.number
    if mode == "carry" and not rendering.clicks_elsewhere():
        return "wrong elsewhere", rendering.number
    return "right", rendering.number


def _count(page: Page) -> int:
    nothing = Rendering("allow", only=())
    nothing.render(page)
    return nothing.number


def calm(page: Page, mode: str) -> str:
    """Return what a page that is right is told, which should be nothing."""
    app = make_app(mode)
    for _ in range(2):
        rendering = Rendering(mode, app)
        told = rendering.render(page)
        if told:
            return told
        if not rendering.clicks():
            return "wrong"
    return "right"


def results() -> dict[str, dict[str, dict[str, str]]]:
    """Return the outcome of each page in each mode."""
    return {
        "pairs": {
            n: {mode: _outcome(p, mode, None, None)[0] for mode in MODES}
            for n, p in PAIRS.items()
        },
        "calm": {
            n: {mode: calm(p, mode) for mode in (*modes, "omit")}
            for n, (p, modes) in CALM.items()
        },
    }
