"""What an author is told of captures: that some were lost, or that some are shared.

What belongs here: the texts of ``CapturesReplaced`` and ``CapturesShared``, and what is
remembered so that each is told once an id. When it is told is decided by the registry.

The rules:

1. A text names the handler, where it is defined, the variables and every way out. It
   never holds a value.
2. A warning stands at the line where the handler is defined: the line that registers it
   is often the host's.
"""

from __future__ import annotations

import sys
import warnings
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from handlerid._anatomy import Unset, take_apart
from handlerid.errors import CapturesReplaced, CapturesShared

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._handler_id import HandlerId

__all__ = ["Told", "shared_names", "tell_replaced", "tell_shared"]


class Told:
    """Of which ids was told what; one for a registry and all of its scopes."""

    def __init__(self) -> None:
        self.replaced: set[HandlerId] = set()
        self.shared: set[HandlerId] = set()

    def forget(self, module: str) -> None:
        """Lets go of the ids whose location is in a module."""
        for ids in (self.replaced, self.shared):
            # Of a copy: another thread may be adding to it.
            ids -= {one for one in ids.copy() if one.module == module}


def tell_replaced(
    handler_id: HandlerId,
    fn: Callable[..., object],
    names: tuple[str, ...],
    *,
    captures: str,
    on_replace: Callable[[CapturesReplaced], object] | None,
    told: Told,
) -> None:
    """Says that of two functions with one id only the last can be called.

    Raises:
        CapturesReplaced: ``captures`` is ``"refuse"``.
    """
    filename, line = _defined(fn)
    replaced = CapturesReplaced(
        f"two handlers at {handler_id.place} ({filename}:{line}) have one id and "
        f"differ in what they captured ({', '.join(names)}): the one registered last "
        "answers for both. Give each component a key and read event.key instead, or "
        'make each its own entry with captures="distinct" or "carry" on the registry '
        'or the scope; "refuse" makes this an error, "allow" says that it is meant',
        handler_id=handler_id,
        names=names,
        filename=filename,
        line=line,
    )
    if on_replace is not None:
        on_replace(replaced)
    if captures == "refuse":
        raise replaced
    if captures == "warn" and handler_id not in told.replaced:
        _warn_once(replaced, handler_id, fn, told.replaced)


def tell_shared(handler_id: HandlerId, fn: Callable[..., object], told: Told) -> None:
    """Says that a function with captures outlives the request that it was made in."""
    if handler_id in told.shared:
        return
    names = shared_names(fn, handler_id)
    if not names:
        return
    shared = CapturesShared(
        f"{handler_id.place} captured {', '.join(names)} and was registered in a "
        "registry that outlives the request: a click of one user may run what was "
        "captured for another. Register it in a scope for each request or session, "
        'registry.scope(), or choose captures="distinct" together with tokens that '
        'bind an id to its audience; "refuse" makes a lost capture an error, "allow" '
        "says that it is meant",
        handler_id=handler_id,
        names=names,
    )
    _warn_once(shared, handler_id, fn, told.shared)


def _warn_once(
    warning: CapturesReplaced | CapturesShared,
    handler_id: HandlerId,
    fn: Callable[..., object],
    told: set[HandlerId],
) -> None:
    """Warns where a handler is defined, and remembers it unless a filter raises."""
    told.add(handler_id)
    filename, line = _defined(fn)
    module = take_apart(fn).module  # which filters name; a file's path is another
    try:
        warnings.warn_explicit(warning, type(warning), filename, line, module)
    except BaseException:
        told.discard(handler_id)
        raise


def shared_names(fn: Callable[..., object], handler_id: HandlerId) -> tuple[str, ...]:
    """Names what a function carries from where it was made, if that was in a call."""
    if type(fn) is FunctionType and fn.__closure__ is None:
        return ()
    anatomy = take_apart(fn)
    cells = {
        (depth, name)
        for depth, layer in enumerate(anatomy.layers, 1)
        if isinstance(layer, FunctionType)
        for name in layer.__code__.co_freevars
    }
    local = "<locals>" in str(handler_id.qualname)
    module = sys.modules.get(anatomy.module)
    return tuple(
        dict.fromkeys(
            name
            for depth, name, value in anatomy.captures
            if value is not Unset
            and (
                (local and (depth, name) in cells)
                or (name == "self" and not _held(value, module))
            )
        )
    )


def _held(value: object, module: ModuleType | None) -> bool:
    """Whether the module holds an object, so that it is everybody's anyway."""
    held = () if module is None else vars(module).copy().values()
    return any(value is one for one in held)


def _defined(fn: Callable[..., object]) -> tuple[str, int]:
    layers = take_apart(fn).layers
    code = next(x for x in reversed(layers) if isinstance(x, FunctionType)).__code__
    return code.co_filename, code.co_firstlineno
