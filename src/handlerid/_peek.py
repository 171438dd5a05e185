"""Reading objects, classes and modules without running their code.

A mock, a proxy or a metaclass answers ``getattr``, ``isinstance`` and ``==`` as it
likes. So what Python itself stores is read with Python's own descriptors.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import (
    CoroutineType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import RLock

mro: Callable[[type], tuple[type, ...]] = vars(type)["__mro__"].__get__
namespace: Callable[[type], Mapping[str, Any]] = vars(type)["__dict__"].__get__
globals_of: Callable[[ModuleType], dict[str, Any]]
globals_of = vars(ModuleType)["__dict__"].__get__
_module_of: Callable[[type], object] = vars(type)["__module__"].__get__
raw_qualname: Callable[[type], object] = vars(type)["__qualname__"].__get__
_flags_of: Callable[[type], int] = vars(type)["__flags__"].__get__

LOCK: RLock = threading.RLock()
"""The one lock of the library. A fork waits for it: no child starts with it locked."""

if hasattr(os, "register_at_fork"):
    # Not later: what is registered while a process forks would release it alone.
    _after = {"after_in_parent": LOCK.release, "after_in_child": LOCK.release}
    os.register_at_fork(before=LOCK.acquire, **_after)

OWN_CLASS = vars(object)["__class__"]
"""Ordinary objects inherit this descriptor; mocks and proxies define their own."""

_NAMES = ("module", "qualname", "name")
_IMMUTABLE = 1 << 8
"""The flag of classes written in C: Python code cannot change or rename them."""


def is_a(kind: type, *bases: type) -> bool:
    """Return whether a class is one of these, or derives from one."""
    return any(one is base for one in mro(kind) for base in bases)


def is_native(kind: type) -> bool:
    """Return whether a class is written in C."""
    return bool(_flags_of(kind) & _IMMUTABLE)


def look_up(kind: type, name: str, otherwise: Any = None) -> Any:
    """Return what a class, or the first base that has it, stores under a name."""
    for base in mro(kind):
        found = namespace(base)
        if name in found:
            return found[name]
    return otherwise


def storage(value: object) -> dict[str, Any]:
    """Return the instance dictionary of an object; an empty dict if it has none.

    Read it with ``dict``'s own methods: it may be a subclass.
    """
    found = look_up(type(value), "__dict__")
    if type(found) is not GetSetDescriptorType:  # a property is the class's own code
        return {}
    try:
        return cast("dict[str, Any]", found.__get__(value))
    except AttributeError:  # compiled classes have a descriptor and no dictionary
        return {}


def stored_in(value: object) -> Callable[[str], Any]:
    """Return a function that reads one entry of an object's instance dictionary."""
    stored = storage(value)
    return lambda name: dict.get(stored, name)


def text(value: object) -> str:
    """Return a name unchanged, and ``"?"`` if it is not a ``str``."""
    return value if type(value) is str else "?"


def qualname_of(kind: type) -> str:
    """Return the qualified name of a class."""
    return text(raw_qualname(kind))


def names_of_class(kind: type) -> tuple[str, str]:
    """Return module and qualified name of a class; its module may be missing."""
    try:
        module = _module_of(kind)
    except AttributeError:
        module = None
    return text(module), qualname_of(kind)


def name_of_class(kind: type) -> str:
    """Return module and qualified name of a class as one text."""
    return ".".join(names_of_class(kind))


def is_held(value: object, module: str, qualname: str, *, unknown: bool) -> bool:
    """Return whether a module has a class or function under its qualified name.

    ``unknown`` is returned for a module that is not in ``sys.modules``: some hosts run
    files that never stand there.
    """
    if "?" in (module, qualname) or "<locals>" in qualname:
        return False
    holder = sys.modules.get(module)
    if holder is None or not issubclass(type(holder), ModuleType):
        return unknown
    return find(globals_of(holder), qualname) is value


def find(names: Mapping[str, Any], qualname: str) -> Any:
    """Return what stands under a qualified name, or None; classes are looked into."""
    found: Any = None
    for name in qualname.split("."):
        found = names.get(name)
        names = namespace(found) if issubclass(type(found), type) else {}
    return found


def importable_name(
    name: str,
    home: Mapping[str, Any] | None = None,
    given: Callable[[str], str | None] | None = None,
) -> str:
    """Importable name of a module, as the host's function says; resolves ``__main__``.

    ``home`` are the globals of a function. One that was pickled by value names the
    ``__main__`` of the sender: its globals have a few names of that alone.
    """
    if given is not None and (found := given(name)) is not None:
        named = isinstance(found, str)
        expect(named, "what module_name returns", "a str or None", found)
        return found
    if name not in ("__main__", "__mp_main__"):
        return name
    # A worker process runs it as __mp_main__, and calls it __main__ when it is done.
    main: Mapping[str, Any] = getattr(sys.modules.get(name), "__dict__", {})
    package = None
    if home is not None and home is not main:
        main, package = home, home.get("__package__")
    spec = main.get("__spec__")
    if spec is not None:
        return str(spec.name)
    file = main.get("__file__")
    if file is None:
        return name
    name = os.path.splitext(os.path.basename(str(file)))[0]  # noqa: PTH119, PTH122
    return sys.intern(f"{package}.{name}" if package else name)  # one text for all ids


class Shared:
    """Base of what is shared in a process: it is neither copied nor pickled."""

    __slots__ = ()

    def __reduce_ex__(self, _: SupportsIndex, /) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} cannot be copied or pickled: share it in a "
            "process, and make one in each process"
        )


def close_unawaited(awaitable: object) -> None:
    """Close a coroutine, since Python warns of one that was never awaited."""
    if type(awaitable) is CoroutineType:
        cast("CoroutineType[object, object, object]", awaitable).close()


def described(value: object) -> str:
    """Name an object for an error, without its ``repr``.

    Functions, also compiled ones, and classes have names that no Python code computes.
    """
    kind = type(value)
    if is_a(kind, type):
        return name_of_class(cast("type", value))
    if is_a(kind, MethodType) and kind is not MethodType:  # compiled by Nuitka
        return described(vars(MethodType)["__func__"].__get__(value))
    if look_up(kind, "__call__") and look_up(kind, "__class__") is OWN_CLASS:
        module, *names = [_stored_name(value, f"__{x}__") for x in _NAMES]
        if name := next(filter(None, names), ""):
            return f"{module}.{name}" if module else name
    return f"an object of {name_of_class(kind)}"


def _stored_name(value: object, name: str) -> str:
    found, stored = look_up(type(value), name), None
    if type(found) in (GetSetDescriptorType, MemberDescriptorType):
        with suppress(AttributeError):
            stored = found.__get__(value)
    return stored if type(stored) is str else ""


def expect(right: object, name: str, wanted: str, value: object) -> None:
    """Raise TypeError for an argument of the host that is not what is wanted."""
    if right:
        return
    meant, kind = "", type(value)
    if is_a(kind, type):
        meant = f"; did you mean {qualname_of(cast('type', value))}(...)?"
    elif look_up(kind, "__await__"):
        meant = "; did you forget to await it?"
    elif "function" in wanted and not callable(value):
        meant = "; did you call it instead of passing it?"
    elif "function" not in wanted and kind in (FunctionType, MethodType):
        meant = "; did you forget to call it?"
    close_unawaited(value)
    said = described(value).removeprefix("an object of ").removeprefix("builtins.")
    raise TypeError(f"{name} must be {wanted}, not {said}{meant}")


def choose(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise for an argument of the host that is none of these texts."""
    if value not in choices:
        listed = ", ".join(f'"{one}"' for one in choices)
        text = f"{name} must be one of {listed}, not {value!r}"
        if not isinstance(value, str):
            raise TypeError(text)
        from difflib import get_close_matches  # noqa: PLC0415 - for a mistake alone

        near = [f'; did you mean "{one}"?' for one in get_close_matches(value, choices)]
        raise ValueError("".join([text, *near[:1]]))


def as_keys(keys: object) -> tuple[bytes, ...]:
    """Return one key, or several, as the host gave them: the first one writes."""
    several: Any = (keys,) if isinstance(keys, bytes) else keys
    ordered = isinstance(several, Sequence)  # a set has no first key
    if not ordered or not all(isinstance(one, bytes) for one in several):
        hint = "; did you mean .encode()?" if isinstance(keys, str) else ""
        raise TypeError(f"keys must be bytes, or a sequence of bytes{hint}")
    return tuple(dict.fromkeys(several))
