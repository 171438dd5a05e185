"""The base class of events, and who has which wire name.

What belongs here: what is true of every event type. The standard ones stand beside,
by what the user touched.
"""

import gc
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import ref

from handlerid.errors import NameTaken

__all__ = ["Event", "adopt", "claimed", "derived_name", "publish", "reserve"]

# Compiled with the first event type that is made.
_WIRE_NAME = r"[a-z][a-z0-9_]{0,63}"
_HUMP = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"

# Weak: a class that is gone leaves its name free.
_owners: dict[str, ref[type]] = {}
_reserved: dict[str, str] = {}


@dataclass(kw_only=True, slots=True)
class Event:
    """What every event has.

    Derive from it to define one of your own::

        @dataclass(kw_only=True, slots=True)
        class CartChangeEvent(Event):
            quantity: int

    Its wire name is ``cart_change``; ``class CartChangeEvent(Event, name="cart")``
    makes it ``cart``. With ``class CartChangeEvent(Event, decoder=convert)``, fields
    may have types that the library does not read: ``convert(value, type)`` makes the
    value of such a field from what the payload holds, and raises what it likes when
    it cannot. Subclasses have the same decoder, and names of their own.

    A host that has event classes of its own says how they are made: with ``class
    Click(Event, make=build)`` a handler is called with ``build(payload)``. Then no
    field is read, what it raises passes through, and a handler gets the event wherever
    it has a positional parameter, however that is annotated.

    A handler registered for ``Event`` itself gets the key alone, and its id names no
    event.

    Attributes:
        wire_name: the name of the event in ids; of the class, not of an event.
        key: the key of the component that the user touched.
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
        # A dataclass with slots is made twice: the base is named, because the cell that
        # super() reads holds the first, and a subclass is not asked for its name again.
        super(Event, cls).__init_subclass__(**kwargs)
        if name is None:
            name = cls.__dict__.get("wire_name") or derived_name(cls.__name__)
        _claim(name, cls)
        cls.wire_name = name
        if decoder is not None:
            # Read by handlerid._decoding, of which this module knows nothing.
            cls.__handlerid_hook__ = staticmethod(decoder)  # type: ignore[attr-defined]
        if make is not None:
            cls.__handlerid_make__ = staticmethod(make)  # type: ignore[attr-defined]


def derived_name(class_name: str) -> str:
    """The wire name of a class that was given none: ``cart_change``."""
    words = class_name.removesuffix("Event").strip("_")
    return re.sub(_HUMP, "_", words).lower()


def adopt(cls: Any) -> None:
    """Gives a class that does not derive from ``Event`` its wire name, by rule 3.

    Its own ``wire_name`` stands for ``name=``. A second call changes nothing.

    Raises:
        ValueError: the name is not written as one.
        NameTaken: another class has it.
    """
    name = cls.__dict__.get("wire_name") or derived_name(cls.__name__)
    _claim(name, cls)
    cls.wire_name = name


def _claim(name: str, cls: type) -> None:
    """Gives a class a wire name.

    A class of the same module and qualified name is the one before a reload: the new
    one takes its place. So does a dataclass that is made again with its slots.
    """
    if not re.fullmatch(_WIRE_NAME, name):
        raise ValueError(
            f"the event type {cls.__module__}.{cls.__qualname__} has the wire "
            f"name {name!r}; a wire name is a lower-case letter, then up to 63 "
            "lower-case letters, digits and underscores: pass name="
        )
    owner = _owner(name, cls)
    if owner is not None and name not in _reserved:
        gc.collect()  # classes are parts of circles: one may be gone, and still here
        owner = _owner(name, cls)
    if owner is not None:
        raise NameTaken(
            f"two event types have the wire name {name!r}: {owner} and "
            f"{cls.__module__}.{cls.__qualname__}; give one of them another: "
            "class ...(Event, name=...)"
        )
    _owners[name] = ref(cls)


def claimed(name: str) -> type | None:
    """The class that has a wire name, or None."""
    owner = _owners.get(name)
    return None if owner is None else owner()


def reserve(name: str, owner: str) -> None:
    """Keeps a wire name for a class that is made when it is first asked for.

    Args:
        name: the wire name.
        owner: module and qualified name of the class.
    """
    _reserved[name] = owner


def _owner(name: str, cls: type) -> str | None:
    """The other class that has a name, as module and qualified name."""
    here = f"{cls.__module__}.{cls.__qualname__}"
    if name in _reserved:
        there = _reserved[name]
        public = f"{__package__}.{there.rpartition('.')[2]}"  # as ``publish`` has it
        return None if there == here else public
    other = claimed(name)
    if other is None:
        return None
    fields = cls.__dict__.get("__dataclass_fields__")
    if fields is not None and fields is other.__dict__.get("__dataclass_fields__"):
        return None  # made again with slots; it gets its qualified name later
    there = f"{other.__module__}.{other.__qualname__}"
    return None if there == here else there


def publish(names: dict[str, Any], public: list[str]) -> None:
    """Makes classes those of ``handlerid.events``, under which users know them.

    A class's module goes into ids, where the class is a bound argument, and into
    pickles: it must not change when the class moves among the files of this package.

    Args:
        names: the names of the module that made them.
        public: which of them.
    """
    package = sys.modules[__package__]
    for name in public:
        names[name].__module__ = package.__name__
        setattr(package, name, names[name])


publish(globals(), ["Event"])
