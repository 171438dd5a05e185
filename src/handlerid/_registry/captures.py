"""Warnings about a handler, each once and where it is defined, without any value."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from types import FunctionType

from handlerid._captures import Held
from handlerid._identity import HandlerId, location_name, take_apart
from handlerid.errors import CapturesReplaced

MANY = 1_000  # cache entries: a page may make new names at each rendering

_KEY = "give each component a key and read event.key"
_LAST = "the one registered last answers for both. "
_WAYS_OUT = {
    "registry": "one user's click runs what was captured for another. Register "
    "closures in a scope, one for each rendering: dispatcher.scope()",
    "omitted": f"{_LAST}They differ in values without canonical form, which are not "
    "part of the id: capture a key instead, or give the type an encoder, "
    "Identity(encoders=...)",
    "scope": f"{_LAST}Pass what differs as an argument of functools.partial, {_KEY}, "
    'or make each its own entry with captures="distinct" or "carry" on the registry',
    "self": f"{_LAST}Give the class a __handler_key__(self) and the registry "
    f'captures="distinct", or {_KEY}',
}


def captures_replaced(
    handler_id: HandlerId, fn: object, names: tuple[str, ...], where: str
) -> CapturesReplaced:
    """Return the warning that a handler replaces one with other captures."""
    file, line = defined_at(fn)
    silence = '; "refuse" makes this an error, "allow" silences it'
    silence *= where != "omitted"
    cure = _WAYS_OUT["self" if where == "scope" and "self" in names else where]
    for _, name, value in take_apart(fn).captures if where == "scope" else ():
        if name in names and type(value) is FunctionType:
            cure += f". If it wraps {name}, write @functools.wraps({name}) above it"
    return CapturesReplaced(
        f"two handlers at {location_name(handler_id)} ({file}:{line}) have one id and "
        f"differ in what they captured ({', '.join(names)}): {cure}{silence}",
        handler_id=handler_id,
        names=names,
        filename=file,
        line=line,
    )


def late_variable(held: Held) -> CapturesReplaced:
    """Return the warning that a variable changed after the offer."""
    (file, line), reader = defined_at(held.handler), ""
    if " -> " in held.path:
        reader = ", in the function at {}:{}".format(*defined_at(held.function))
    name = held.path.rpartition(" -> ")[2]
    return CapturesReplaced(
        f"{location_name(held.handler_id)} ({file}:{line}) reads {held.path} when it "
        f"is called{reader}, and that got another value after the handler was offered. "
        f"To keep the value, write {name}={name} as a parameter of the function that "
        "reads it, or pass it by functools.partial; if the later value is another "
        'thing, give it another name. captures="allow" silences this',
        handler_id=held.handler_id,
        names=(held.path,),
        filename=file,
        line=line,
    )


def warn_once(
    warning: Warning, key: str, fn: object, warned: set[tuple[type, str]]
) -> None:
    """Warn once a key; again, if a filter made an error of the warning.

    After 1,000 keys all are forgotten: a page may make new names at each rendering.
    """
    once = kind, _ = type(warning), key
    if once not in warned:
        if len(warned) >= MANY:
            warned.clear()
        warned.add(once)
        try:
            # Filters name the module of the handler.
            where = (*defined_at(fn), take_apart(fn).module)
            warnings.warn_explicit(warning, kind, *where)
        except BaseException:
            warned.discard(once)
            raise


def functions_of(fn: object) -> Sequence[FunctionType]:
    """Return the functions that a handler is made of, the outermost first."""
    if type(fn) is FunctionType and not hasattr(fn, "__wrapped__"):
        return (fn,)  # enters no other room
    return [one for one in take_apart(fn).layers if not isinstance(one, str)]


def defined_at(fn: object) -> tuple[str, int]:
    """Return file and first line of the innermost function of a handler."""
    code = functions_of(fn)[-1].__code__
    return code.co_filename, code.co_firstlineno
