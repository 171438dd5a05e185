"""A small host: each page has one scope; what the library warns of is noted."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any, Self

from handlerid import Dispatcher, Registry
from handlerid.errors import CapturesReplaced

PAGES: list[Callable[..., object]] = []


def page(fn: Callable[..., object]) -> Callable[..., object]:
    """Note a page; the tests render it."""
    PAGES.append(fn)
    return fn


class Ui:
    """What a page is made of."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope
        self.places: dict[str, set[tuple[str, int]]] = {}  # of the handlers of an id

    def button(self, *children: object, on_click: Any = None, **more: Any) -> Any:
        return Element(self, on_click, **more)

    field = row = button

    def note(self, handler: Any, frame: Any) -> None:
        """Offer a handler, and note the line that the checker would name."""
        if not callable(handler):
            return
        place = frame.f_code.co_filename, frame.f_lineno
        if isinstance(handler, FunctionType):
            code = handler.__code__
            place = code.co_filename, code.co_firstlineno
        self.places.setdefault(self.scope.offer(handler), set()).add(place)


class Element:
    """An element of a page, which has handlers."""

    value: Any = ""
    _ui: Ui

    def __init__(self, ui: Ui, on_click: Any, **more: Any) -> None:
        object.__setattr__(self, "_ui", ui)
        for handler in (on_click, *more.values()):
            self._ui.note(handler, sys._getframe(2))

    def on(self, event: str, handler: Any) -> Self:
        self._ui.note(handler, sys._getframe(1))
        return self

    def on_click(self, handler: Any) -> Self:
        self._ui.note(handler, sys._getframe(1))
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("on_"):
            self._ui.note(value, sys._getframe(1))
        else:
            object.__setattr__(self, name, value)

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


def warned_of(pages: list[Callable[..., object]]) -> dict[tuple[str, int], str]:
    """Return file and line of the handlers that the library warns of, and why."""
    found: dict[tuple[str, int], str] = {}
    for render in pages:
        ui = Ui(None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with Dispatcher(Registry()).scope() as ui.scope:
                render(ui)
        for one in caught:
            if isinstance(one.message, CapturesReplaced):
                here = {(one.message.filename, one.message.line)}
                places = ui.places.get(one.message.handler_id, here)
                found.update(dict.fromkeys(places, "captures"))
            else:
                assert "cannot be evaluated" in str(one.message)
                found[one.filename, one.lineno] = "annotation"
    return found
