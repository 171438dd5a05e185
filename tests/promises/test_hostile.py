"""Objects that lie, raise or loop whatever is read of them: nothing runs their code."""

from __future__ import annotations

import functools
from types import MethodType
from typing import Any

import pytest

from handlerid import ClickEvent, handler_id
from handlerid._identity import take_apart
from handlerid.errors import UnsupportedHandler

partial: Any = functools.partial

UNCALLABLE = "is not callable; did you call the handler instead of passing it?"
PROXY = (
    "is a mock or a proxy, so what it runs is unknown; "
    "use a function that calls it, without functools.wraps"
)
CLASS = "is a class; use a function that makes the object, and event= for an event"


def on_click(event: ClickEvent) -> None: ...


asked: list[str] = []


def ask(name: str) -> Any:
    def method(self: object, *args: object) -> Any:
        asked.append(f"{name} {args}")
        raise RuntimeError(f"{name} was asked")

    return method


class Answering:
    """Has a callable for every name."""

    def __getattr__(self, name: str) -> Any:
        asked.append(name)
        return Answering()

    def __call__(self, event: ClickEvent) -> None: ...


class Raising:
    __getattr__ = ask("__getattr__")
    __getattribute__ = ask("__getattribute__")
    __repr__ = ask("__repr__")
    __str__ = ask("__str__")
    __format__ = ask("__format__")
    __eq__ = ask("__eq__")
    __hash__ = ask("__hash__")
    __bool__ = ask("__bool__")
    __len__ = ask("__len__")

    def __call__(self, event: ClickEvent) -> None: ...


class Loop:
    def __getattr__(self, name: str) -> Any:
        asked.append(name)
        return getattr(self, name + "_")

    def __call__(self, event: ClickEvent) -> None: ...


class HostileMeta(type):
    __getattribute__ = ask("meta __getattribute__")
    __eq__ = ask("meta __eq__")
    __hash__ = ask("meta __hash__")
    __instancecheck__ = ask("meta __instancecheck__")
    __repr__ = ask("meta __repr__")
    __bool__ = ask("meta __bool__")


HostileClass: Any = type.__new__(
    HostileMeta,
    "HostileClass",
    (),
    {"__call__": on_click, "__module__": __name__},
)


class Uncallable(Raising):
    __call__: Any = None


class Liar(Raising):
    __class__ = property(ask("__class__"))


Odd: Any = type("Odd", (), {"__module__": Raising()})


# By name: pytest would ask the objects for theirs.
IDENTIFIED: dict[str, tuple[Any, str]] = {
    "answers to every name": (Answering(), "Answering.__call__"),
    "raises": (Raising(), "Raising.__call__"),
    "never ends": (Loop(), "Loop.__call__"),
    "has a hostile metaclass": (object.__new__(HostileClass), "on_click"),
    "bound to a function": (MethodType(on_click, Raising()), "on_click"),
    "bound to another": (MethodType(Raising(), Raising()), "Raising.__call__"),
    "static": (staticmethod(Answering()), "Answering.__call__"),
    "in a partial": (partial(Answering()), "Answering.__call__"),
}

REFUSED: dict[str, tuple[Any, str]] = {
    "no __call__": (Uncallable(), f"an object of {__name__}.Uncallable {UNCALLABLE}"),
    "raises for its class": (Liar(), f"an object of {__name__}.Liar {PROXY}"),
    "a class": (HostileClass, f"{__name__}.HostileClass {CLASS}"),
    "its module is no text": (Odd(), f"an object of ?.Odd {UNCALLABLE}"),
}


@pytest.mark.parametrize("name", IDENTIFIED)
def test_it_is_identified_without_being_asked(name: str) -> None:
    hostile, qualname = IDENTIFIED[name]
    asked.clear()
    assert take_apart(hostile).qualname == qualname
    assert handler_id(hostile).qualname == qualname
    assert asked == []


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_without_being_asked(name: str) -> None:
    hostile, text = REFUSED[name]
    asked.clear()
    for ask_for in (take_apart, handler_id):
        with pytest.raises(UnsupportedHandler) as caught:
            ask_for(hostile)
        assert str(caught.value) == text
    assert asked == []
