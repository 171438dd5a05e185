"""What hands a handler over: by the names that frameworks and handlerid use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TypeAlias

from handlerid.check.scopes import last_name

# The handler, the registry or scope that gets it, and whether its event is given.
Handed: TypeAlias = tuple[ast.expr, ast.expr | None, bool]

# But for those of the whole application.
_HANDLER_NAME = re.compile(r"on_(?!startup|shutdown)[a-z]\w*")
_REGISTRY = re.compile(r"(^|_)(registry|scope)$", re.IGNORECASE)


def takes_handler(name: str | None) -> bool:
    """Return whether an argument or attribute of a name is a handler: ``on_click``."""
    return name is not None and _HANDLER_NAME.fullmatch(name) is not None


def handed_to(call: ast.Call) -> Iterator[Handed]:
    """Yield the handlers that a call gets."""
    named = {one.arg: one.value for one in call.keywords}
    yield from ((x, None, False) for name, x in named.items() if takes_handler(name))
    args, name = call.args, last_name(call.func)
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    names_event = len(args) > 1 or "event" in named
    if not args or isinstance(args[0], ast.Starred):
        return
    if name in ("on", "offer") and not isinstance(args[0], ast.Constant):
        yield args[0], receiver, names_event
    elif receiver is None:
        return
    elif name == "on":  # element.on("click", handler)
        handler = args[1] if args[1:] else named.get("handler")
        if handler is not None:
            yield handler, None, False
    elif name == "attributes" and args[1:]:  # endpoint.attributes(scope, handler)
        yield args[1], args[0], bool(args[2:])
    elif name == "register" and _is_registry(receiver):
        yield args[0], receiver, names_event
    elif takes_handler(name):  # element.on_click(handler)
        yield args[0], None, False


def registers(decorator: ast.expr, handler: ast.expr) -> Iterator[Handed]:
    """Yield the handler that a decorator registers: ``@registry.handler``."""
    func = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(func, ast.Attribute) and (
        (func.attr == "handler" and _is_registry(func.value))
        or (func.attr == "offer" and func is decorator)
    ):
        keywords = getattr(decorator, "keywords", ())
        yield handler, func.value, any(one.arg == "event" for one in keywords)


def _is_registry(node: ast.expr) -> bool:
    """Return whether an expression is a registry or a scope, by its name."""
    if isinstance(node, ast.Call):
        return last_name(node.func) in ("part", "scope", "Registry")
    return _REGISTRY.search(last_name(node)) is not None
