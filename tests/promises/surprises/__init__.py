"""Pages that surprise, and pages that must not: what becomes of them in each mode."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, get_args

from handlerid import ClickEvent, Dispatcher, HandlerIdError, Registry, Tokens
from tests.promises.surprises.calm import CALM
from tests.promises.surprises.pairs import PAIRS

MODES = ("warn", "refuse", "distinct", "carry")
_ADDRESS = 1 << 32  # what is as large is an object's: another server has others

Page = Callable[..., object]


def make_app(mode: Any) -> Dispatcher:
    registry = Registry(captures=mode)
    if mode != "carry":
        return Dispatcher(registry)
    registry.scan("tests.promises.surprises.pairs")
    registry.scan("tests.promises.surprises.calm")
    return Dispatcher(registry, tokens=Tokens(b"a key for the tests"))


class Rendering:
    """One rendering of a page, and the clicks on it."""

    def __init__(self, mode: str, app: Dispatcher | None = None) -> None:
        self.app = app or make_app(mode)
        self.more = {"audience": None} if mode == "carry" else {}
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

    def offer(self, handler: Any, expected: object = None, before: Any = None) -> str:
        reference = self.scope.offer(handler, ClickEvent)
        self.offered.append((reference, expected, before))
        return reference

    def click(self, reference: str, **more: Any) -> object:
        payload = {"handler": reference, "key": "k"}
        call = self.app.prepare(payload, **self.more, **more)
        if call.handler.kind == "generator":
            return list(call.stream())
        return call.run()

    def clicks(self) -> bool:
        """Return whether each does its own thing, here."""
        for reference, expected, before in self.offered:
            if before is not None:
                before()
            if not _same(self.click(reference, scope=self.scope), expected):
                return False
        return True

    def clicks_elsewhere(self) -> bool:
        """Return whether another server does the same, or says that it cannot."""
        for reference, expected, before in self.offered:
            if before is None and not (type(expected) is int and expected > _ADDRESS):
                try:
                    result = self.click(reference)
                except HandlerIdError:
                    continue
                if not _same(result, expected):
                    return False
        return True


def _same(result: object, expected: object) -> bool:
    return (type(result), repr(result)) == (type(expected), repr(expected))


def outcome(page: Page, mode: str) -> str:
    rendering = Rendering(mode)
    told = rendering.render(page)
    if told:
        return told
    if len(rendering.offered) < 2:
        return "there is no pair"
    if not rendering.clicks():
        return "wrong"
    if mode == "carry" and not rendering.clicks_elsewhere():
        return "wrong elsewhere"
    return "right"


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
            n: {mode: outcome(p, mode) for mode in MODES} for n, p in PAIRS.items()
        },
        "calm": {
            n: {mode: calm(p, mode) for mode in modes} for n, (p, modes) in CALM.items()
        },
    }
