"""What hands a handler over: by the names that frameworks and handlerid use."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from handlerid.check.scopes import last_name

# But for those of the whole application.
_HANDLER_NAME = re.compile(r"on_(?!startup|shutdown)[a-z]\w*")
_REGISTRY = re.compile(r"(^|_)(registry|scope)$", re.IGNORECASE)


class Handed(NamedTuple):
    """A handler that a call gets by position."""

    handler: ast.expr
    receiver: ast.expr | None  # the registry or scope
    names_event: bool


def takes_handler(name: str | None) -> bool:
    """Return whether an argument or attribute of a name is a handler: ``on_click``."""
    return name is not None and _HANDLER_NAME.fullmatch(name) is not None


def handed_to(node: ast.Call) -> Handed | None:
    """Return the handler that a call gets by position."""
    args, func = node.args, node.func
    if not args or isinstance(args[0], ast.Starred):
        return None
    name, is_text = last_name(func), isinstance(args[0], ast.Constant)
    receiver = func.value if isinstance(func, ast.Attribute) else None
    names_event = len(args) > 1 or any(one.arg == "event" for one in node.keywords)
    if name in ("on", "offer") and not is_text:  # the helper on(fn), scope.offer(fn)
        return Handed(args[0], receiver, names_event)
    if receiver is None:
        return None
    if name == "on":  # element.on("click", handler)
        named = [x.value for x in node.keywords if x.arg == "handler"]
        return (
            Handed([*args[1:], *named][0], None, False) if args[1:] or named else None
        )
    if name == "attributes" and args[1:]:  # endpoint.attributes(scope, handler)
        return Handed(args[1], args[0], bool(args[2:]))
    if name == "register" and is_registry(receiver):
        return Handed(args[0], receiver, names_event)
    if takes_handler(name):  # element.on_click(handler)
        return Handed(args[0], None, False)
    return None


def registers(decorator: ast.expr) -> tuple[ast.expr, bool] | None:
    """Return the registry of a decorator, and whether event= is given."""
    call = decorator if isinstance(decorator, ast.Call) else None
    named = call.func if call else decorator
    if not isinstance(named, ast.Attribute):
        return None
    if named.attr == "handler" and is_registry(named.value):
        keywords = call.keywords if call else ()
        return named.value, any(one.arg == "event" for one in keywords)
    return (named.value, False) if named.attr == "offer" and not call else None


def is_registry(node: ast.expr) -> bool:
    """Return whether an expression is a registry or a scope, by its name."""
    if isinstance(node, ast.Call):
        return last_name(node.func) in ("part", "scope", "Registry")
    return _REGISTRY.search(last_name(node)) is not None
