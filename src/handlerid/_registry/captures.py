"""Warnings about a handler, each once and at the line where the handler is defined.

No text holds a captured value.
"""

from __future__ import annotations

import warnings
from types import FunctionType
from typing import TYPE_CHECKING

from handlerid._identity import location_name, take_apart
from handlerid.errors import CapturesReplaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._identity import HandlerId

_USE_SCOPE = (
    "one user's click runs what was captured for another. Register closures in a "
    'scope, one for each rendering: dispatcher.scope(). "refuse" makes this an error, '
    '"allow" silences it'
)
_USE_ARGUMENTS = (
    "the one registered last answers for both. Pass what differs as an argument of "
    "functools.partial, give each component a key and read event.key, or make each its "
    'own entry with captures="distinct" or "carry" on the registry; "refuse" makes '
    'this an error, "allow" silences it'
)
_USE_KEY = (
    "the one registered last answers for both. They differ in values without canonical "
    "form, which are not part of the id: capture a key instead, or give the type an "
    "encoder, Identity(encoders=...)"
)


def warn_once(
    warning: Warning,
    key: str,
    fn: Callable[..., object],
    warned: set[tuple[type, str]],
) -> None:
    """Warn once a key; again, if a filter made an error of the warning."""
    kind, once = type(warning), (type(warning), key)
    if once not in warned:
        warned.add(once)
        try:
            # Filters name the module of the handler.
            where = (*defined_at(fn), take_apart(fn).module)
            warnings.warn_explicit(warning, kind, *where)
        except BaseException:
            warned.discard(once)
            raise


def captures_replaced(
    handler_id: HandlerId,
    fn: Callable[..., object],
    names: tuple[str, ...],
    in_scope: bool,
    omitted: bool,
) -> CapturesReplaced:
    """Return the warning that a handler replaces one with other captures."""
    filename, line = defined_at(fn)
    way_out = _USE_KEY if omitted else _USE_ARGUMENTS if in_scope else _USE_SCOPE
    return CapturesReplaced(
        f"two handlers at {location_name(handler_id)} ({filename}:{line}) have one id "
        f"and differ in what they captured ({', '.join(names)}): {way_out}",
        handler_id=handler_id,
        names=names,
        filename=filename,
        line=line,
    )


def annotation_ignored(
    handler_id: HandlerId, fn: Callable[..., object], doubt: str
) -> Warning:
    """Return the warning that the annotation of a handler says no event type."""
    filename, line = defined_at(fn)
    return UserWarning(
        f"{location_name(handler_id)} ({filename}:{line}) is registered without an "
        f"event type: {doubt}. Import the event type at run time, annotate one, or "
        "pass it: register(fn, event=...)"
    )


def defined_at(fn: Callable[..., object]) -> tuple[str, int]:
    """Return file and first line of the innermost function of a handler."""
    layers = take_apart(fn).layers
    code = next(x for x in reversed(layers) if isinstance(x, FunctionType)).__code__
    return code.co_filename, code.co_firstlineno
