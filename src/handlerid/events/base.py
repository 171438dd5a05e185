"""The base class of events, and the table of wire names.

The rules:

1. An event type is a dataclass that derives from ``Event``. It is keyword-only, so
   that a field without a default may follow one with a default.
2. The wire name is part of a handler's id. It is the class name without ``Event``, in
   lower case with underscores, or ``name=``. It is never read from a payload.
3. A wire name belongs to one class. A class of the same module and qualified name is
   the one before a reload, and the new class takes its place.
4. The names of the library's events are reserved, whether they are loaded or not.
"""

import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import ref

from handlerid.errors import NameTaken

__all__ = ["Event", "adopt", "claimed", "derived_name", "reserve"]

_PACKAGE = "handlerid.events"
_LONGEST = 64

# Weak: a class that is gone leaves its name free.
_owners: dict[str, ref[type]] = {}
_reserved: dict[str, str] = {}


@dataclass(kw_only=True, slots=True)
class Event:
    """The base class of all events.

    Derive from it to define an event type::

        @dataclass(kw_only=True, slots=True)
        class CartChangeEvent(Event):
            quantity: int

    Three class arguments change how it is named and made:

    - ``name="cart"`` is its wire name, here instead of ``cart_change``.
    - ``decoder=convert``: fields may have types that the library does not read.
      ``convert(value, type)`` makes the value of such a field; any exception refuses
      the payload. Subclasses inherit it.
    - ``make=build``: the handler is called with ``build(payload)``, which gets the
      mapping as it came. No field is read, exceptions pass through, and the annotation
      of the handler's parameter is not compared. Subclasses inherit it.

    A handler registered for ``Event`` itself gets the key alone, and its id names no
    event.

    Attributes:
        wire_name: the name of the event type in ids; of the class, not of an event.
        key: the key of the component that the user touched, ``""`` if it has none.
    """

    wire_name: ClassVar[str] = ""

    key: str = ""

    def __init_subclass__(
        cls,
        *,
        name: str | None = None,
        decoder: Callable[[Any, Any], object] | None = None,
        make: Callable[[Any], object] | None = None,
        **kwargs: object,
    ) -> None:
        # dataclass(slots=True) makes a class twice. super() without arguments would
        # refer to the first; and the second call must keep the name of the first.
        super(Event, cls).__init_subclass__(**kwargs)
        if cls.__module__.startswith(f"{_PACKAGE}."):
            # Module and name are part of ids and pickles, and stay when a class moves
            # among the files of this package.
            cls.__module__ = _PACKAGE
        adopt(cls, name)
        # Read by the decoding room, which knows nothing of this one.
        if decoder is not None:
            cls.__handlerid_decoder__ = staticmethod(decoder)  # type: ignore[attr-defined]
        if make is not None:
            cls.__handlerid_make__ = staticmethod(make)  # type: ignore[attr-defined]


Event.__module__ = _PACKAGE


def derived_name(class_name: str) -> str:
    """Return the wire name of a class that was given none: ``cart_change``.

    >>> derived_name("CartChangeEvent"), derived_name("HTMLPasteEvent")
    ('cart_change', 'html_paste')
    """
    words = class_name.removesuffix("Event").strip("_")
    name = ""
    for before, letter, after in zip(f" {words}", words, f"{words[1:]} ", strict=False):
        if letter.isupper() and (
            before.islower()
            or before.isdecimal()
            or (before.isupper() and after.islower())
        ):
            name += "_"
        name += letter.lower()
    return name


def adopt(cls: Any, name: str | None = None) -> None:
    """Give a class its wire name. A second call changes nothing.

    Args:
        cls: an event type, or a Struct, whose ``wire_name`` stands for ``name=``.
        name: the wire name; by default the class's own or the derived one.

    Raises:
        ValueError: the name does not have the form of a wire name.
        NameTaken: another class has it.
    """
    if name is None:
        name = cls.__dict__.get("wire_name") or derived_name(cls.__name__)
    here = f"{cls.__module__}.{cls.__qualname__}"
    if not (
        name.isascii()
        and name.isidentifier()
        and name == name.lower()
        and name[0] != "_"
        and len(name) <= _LONGEST
    ):
        raise ValueError(
            f"the event type {here} has the wire name {name!r}; a wire name is a "
            "lower-case letter, then up to 63 lower-case letters, digits and "
            "underscores: pass name="
        )
    owner = _other_owner(name, cls, here)
    if owner is not None and name not in _reserved:
        gc.collect()  # a deleted class lives on in a reference cycle
        owner = _other_owner(name, cls, here)
    if owner is not None:
        raise NameTaken(
            f"two event types have the wire name {name!r}: {owner} and {here}; give "
            "one of them another: class ...(Event, name=...)"
        )
    _owners[name] = ref(cls)
    cls.wire_name = name


def claimed(name: str) -> type | None:
    """Return the class that has a wire name, or None."""
    owner = _owners.get(name)
    return None if owner is None else owner()


def reserve(class_names: Iterable[str]) -> dict[str, str]:
    """Keep the wire names of events of this package that are not loaded yet.

    Returns:
        Class names by wire name.
    """
    names = {derived_name(one): one for one in class_names}
    _reserved.update({name: f"{_PACKAGE}.{one}" for name, one in names.items()})
    return names


def _other_owner(name: str, cls: type, here: str) -> str | None:
    """Return another class that has a name, as module and qualified name."""
    if name in _reserved:
        return None if _reserved[name] == here else _reserved[name]
    other = claimed(name)
    if other is None:
        return None
    fields = cls.__dict__.get("__dataclass_fields__")
    if fields is not None and fields is other.__dict__.get("__dataclass_fields__"):
        return None  # made again with slots; it gets its qualified name later
    there = f"{other.__module__}.{other.__qualname__}"
    return None if there == here else there
