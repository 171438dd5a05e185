"""The base class of events, the table of wire names, and the click.

1. The wire name is part of a handler's id. It is the class name without ``Event``, in
   lower case with underscores, or ``name=``. It is never read from a payload.
2. A wire name belongs to one class. A reloaded class replaces the one before it.
3. The names of the library's events are reserved, even before they are loaded.
"""

import gc
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from handlerid.errors import NameTaken

_PACKAGE = "handlerid.events"
is_wire_name: Callable[[str], object] = re.compile(r"[a-z][a-z0-9_]{0,63}").fullmatch
_WORD_STARTS = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"

_owners = WeakValueDictionary[str, type]()  # a deleted class leaves its name free
claimed: Callable[[str], type | None] = _owners.get
reserved: dict[str, str] = {}
"""The classes of this package by wire name, loaded or not."""


@dataclass(kw_only=True, slots=True)
class Event:
    """Base class of events; ``key`` is the key of the component.

    Derive from it to define an event type::

        @dataclass(kw_only=True, slots=True)
        class CartChangeEvent(Event):
            quantity: int

    Class arguments: ``name="cart"`` replaces the wire name, here ``cart_change``.
    ``decoder=convert``: ``convert(value, type)`` reads fields of other types than the
    library's; any exception refuses the payload. ``make=build``: the handler gets
    ``build(payload)``; no field is read, and its annotation is not compared.
    """

    __module__ = _PACKAGE
    wire_name: ClassVar[str] = ""
    __handlerid_decoder__: ClassVar[Any] = None
    __handlerid_make__: ClassVar[Any] = None  # read by the decoding room

    key: str = ""

    def __init_subclass__(
        cls,
        *,
        name: str | None = None,
        decoder: Callable[[Any, Any], object] | None = None,
        make: Callable[[Any], object] | None = None,
        **kwargs: object,
    ) -> None:
        # dataclass(slots=True) makes a class twice: super() without arguments would
        # refer to the first, and the second keeps the name of the first.
        super(Event, cls).__init_subclass__(**kwargs)
        if cls.__module__.startswith(f"{_PACKAGE}."):
            cls.__module__ = _PACKAGE  # part of ids and pickles, as the name is
        adopt(cls, name)
        if decoder is not None:
            cls.__handlerid_decoder__ = staticmethod(decoder)
        if make is not None:
            cls.__handlerid_make__ = staticmethod(make)


def is_event_type(obj: object) -> bool:
    """Return whether an object is a subclass of ``Event`` or ``msgspec.Struct``."""
    struct = getattr(sys.modules.get("msgspec"), "Struct", Event)
    return isinstance(obj, type) and issubclass(obj, (Event, struct))


def derived_name(class_name: str) -> str:
    """Return the default wire name of a class: ``cart_change``."""
    words = class_name.removesuffix("Event").strip("_")
    return re.sub(_WORD_STARTS, "_", words).lower()


def adopt(cls: Any, name: str | None = None) -> None:
    """Give an event type or a Struct its wire name. A second call changes nothing.

    Raises:
        ValueError: the name does not have the form of a wire name.
        NameTaken: another class has it.
    """
    if name is None:
        name = cls.__dict__.get("wire_name") or derived_name(cls.__name__)
    here = f"{cls.__module__}.{cls.__qualname__}"
    if not is_wire_name(name):
        raise ValueError(
            f"the event type {here} has the wire name {name!r}; a wire name is a "
            "lower-case letter, then up to 63 lower-case letters, digits and "
            "underscores: pass name="
        )
    owner = _other_owner(name, cls, here)
    if owner is not None and name not in reserved:
        gc.collect()  # a deleted class lives on in a reference cycle
        owner = _other_owner(name, cls, here)
    if owner is not None:
        raise NameTaken(
            f"two event types have the wire name {name!r}: {owner} and {here}; give "
            "one of them another: class ...(Event, name=...)"
        )
    _owners[name] = cls
    cls.wire_name = name


def _other_owner(name: str, cls: type, here: str) -> str | None:
    """Return another class that has a name, as module and qualified name."""
    there = f"{_PACKAGE}.{reserved[name]}" if name in reserved else None
    other = claimed(name)
    if there is None and other is not None:
        fields = cls.__dict__.get("__dataclass_fields__")
        if fields is not None and fields is other.__dict__.get("__dataclass_fields__"):
            return None  # made again with slots; it gets its qualified name later
        there = f"{other.__module__}.{other.__qualname__}"
    return None if there == here else there


@dataclass(kw_only=True, slots=True)
class PointerEvent(Event):
    """An event of mouse, finger or pen; coordinates in CSS pixels, as ``MouseEvent``.

    From the upper left corner of the window (``client``), the page (``page``) and the
    component (``offset``). ``is_target``: it was hit itself, not a component inside it.
    """

    is_target: bool = True
    client_x: float = 0.0
    client_y: float = 0.0
    page_x: float = 0.0
    page_y: float = 0.0
    offset_x: float = 0.0
    offset_y: float = 0.0


class ClickEvent(PointerEvent):
    """A click, a tap, or a key that acts as one, such as Enter on a focused button."""

    __slots__ = ()
