"""HID002: annotations of handlers that do not resolve when the page is rendered.

The library evaluates the annotation of the event in the globals of the handler, with
what the handler captured. Names that are imported for type checkers alone are not
there, nor are local names that only the annotation uses.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from handlerid.check.evaluation import Values
from handlerid.check.findings import Finding
from handlerid.check.scopes import Scope, last_name

_CURE = "Import it at run time, or say the event where the handler is registered"


def check_annotations(module: Scope, values: Values) -> Iterator[Finding]:
    """Yield the annotations of handlers that will not resolve."""
    handlers = {*_handlers(module, values)}
    lazy = any(x.source == "__future__" for x in module.bindings.get("annotations", ()))
    for scope in module.functions.values():
        annotation = _annotation(scope)
        if annotation is None:
            continue
        for name, late in _names(annotation, lazy):
            wrong = _what_is_wrong(name, scope, late)
            if wrong and (scope in handlers or _is_event(name, module)):
                place = annotation.lineno, annotation.col_offset + 1
                text = f"annotation {name!r} {wrong}. {_CURE}"
                yield Finding(module.name, *place, "HID002", text)
                break


def _handlers(module: Scope, values: Values) -> Iterator[Scope]:
    """Yield the functions that are offered without an event type."""
    for runner in module.runners:
        for offer in runner.offers:
            value = values.of(offer.handler, offer.place, values.root(runner))
            closure = None if offer.names_event else value.closure
            while closure is not None:
                yield closure.scope
                closure = closure.wrapped.closure if closure.wrapped else None


def _annotation(scope: Scope) -> ast.expr | None:
    """Return the annotation of the parameter that gets the event."""
    if not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None  # a lambda has none
    params = [*scope.node.args.posonlyargs, *scope.node.args.args][scope.is_method :]
    return params[0].annotation if params else None


def _names(node: ast.AST, lazy: bool) -> Iterator[tuple[str, bool]]:
    """Yield the names in an annotation, and whether they are evaluated later."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            yield from _names(ast.parse(node.value, mode="eval").body, lazy=True)
        except SyntaxError:
            return
    elif isinstance(node, ast.Name):
        yield node.id, lazy
    elif isinstance(node, ast.Subscript) and last_name(node.value) == "Annotated":
        yield from _names(node.value, lazy)
        yield from _names(getattr(node.slice, "elts", [node.slice])[0], lazy)
    elif not isinstance(node, ast.Subscript) or last_name(node.value) != "Literal":
        for child in ast.iter_child_nodes(node):
            yield from _names(child, lazy)


def _what_is_wrong(name: str, handler: Scope, lazy: bool) -> str:
    """Return why a name of an annotation will not resolve, or nothing."""
    module = handler.module
    owner = (handler.parent or module).owner(name)
    if name in handler.bindings or "*" in module.bindings:
        return ""
    if owner is None:
        return "" if hasattr(builtins, name) else "is not defined"
    if owner is module:
        only = all(one.typing_only for one in owner.bindings[name])
        return "is imported under TYPE_CHECKING only" if only else ""
    if not lazy or name in handler.free_names:
        return ""
    return "is local to the function or class around, which is gone at run time"


def _is_event(name: str, module: Scope) -> bool:
    """Return whether a name is imported from handlerid."""
    return any(
        one.source.partition(".")[0] == "handlerid"
        for one in module.bindings.get(name, ())
        if one.kind == "from"
    )
