"""Warnings about a handler, each once and where it is defined, without any value."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from handlerid._identity import location_name, take_apart
from handlerid.errors import CapturesReplaced

if TYPE_CHECKING:
    from handlerid._identity import HandlerId

_BOTH = "the one registered last answers for both. "
_SILENCE = '"refuse" makes this an error, "allow" silences it'
WAYS_OUT = {
    "registry": "one user's click runs what was captured for another. Register "
    f"closures in a scope, one for each rendering: dispatcher.scope(). {_SILENCE}",
    "scope": f"{_BOTH}Pass what differs as an argument of functools.partial, give each "
    "component a key and read event.key, or make each its own entry with "
    f'captures="distinct" or "carry" on the registry; {_SILENCE}',
    "omitted": f"{_BOTH}They differ in values without canonical form, which are not "
    "part of the id: capture a key instead, or give the type an encoder, "
    "Identity(encoders=...)",
}


def captures_replaced(
    handler_id: HandlerId, fn: object, names: tuple[str, ...], where: str
) -> CapturesReplaced:
    """Return the warning that a handler replaces one with other captures."""
    filename, line = defined_at(fn)
    return CapturesReplaced(
        f"two handlers at {location_name(handler_id)} ({filename}:{line}) have one id "
        f"and differ in what they captured ({', '.join(names)}): {WAYS_OUT[where]}",
        handler_id=handler_id,
        names=names,
        filename=filename,
        line=line,
    )


def warn_once(
    warning: Warning, key: str, fn: object, warned: set[tuple[type, str]]
) -> None:
    """Warn once a key; again, if a filter made an error of the warning."""
    once = kind, _ = type(warning), key
    if once not in warned:
        warned.add(once)
        try:
            # Filters name the module of the handler.
            where = (*defined_at(fn), take_apart(fn).module)
            warnings.warn_explicit(warning, kind, *where)
        except BaseException:
            warned.discard(once)
            raise


def defined_at(fn: object) -> tuple[str, int]:
    """Return file and first line of the innermost function of a handler."""
    functions = [x for x in take_apart(fn).layers if not isinstance(x, str)]
    code = functions[-1].__code__
    return code.co_filename, code.co_firstlineno
