"""HID002: annotations of handlers that nobody can evaluate when the page is rendered.

The library evaluates the annotation of the event in the globals of the handler, with
what the handler captured. Names that are imported for type checkers alone are not
there, nor are local names that only the annotation uses.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from handlerid.check.findings import Finding
from handlerid.check.scopes import Scope
from handlerid.check.values import method_of

_BUILTINS = frozenset(dir(builtins))
_CURE = "Import it at run time, or say the event where the handler is registered"


def check_annotations(module: Scope) -> list[Finding]:
    """Return the annotations of handlers that will not resolve."""
    handlers = {*_handlers(module)}
    found = []
    for scope in module.functions.values():
        annotation = _annotation(scope)
        if annotation is None:
            continue
        for name, lazy in _names(annotation, module.lazy_annotations):
            wrong = _what_is_wrong(name, scope, lazy)
            if wrong and (scope in handlers or _is_event(name, module)):
                place = annotation.lineno, annotation.col_offset + 1
                text = f"annotation {name!r} {wrong}. {_CURE}"
                found.append(Finding(module.path, *place, "HID002", text))
                break
    return found


def _handlers(module: Scope) -> Iterator[Scope]:
    """Yield the functions that are offered without an event type."""
    for runner in module.runners:
        for offer in runner.offers:
            handler, scope = offer.handler, offer.place.scope
            if offer.names_event:
                continue
            if isinstance(handler, Scope):
                yield handler
            elif isinstance(handler, ast.Name):
                owner = scope.owner(handler.id)
                for binding in owner.bindings[handler.id] if owner else ():
                    if binding.kind == "def" and binding.scope is not None:
                        yield binding.scope
            elif isinstance(handler, ast.Attribute):
                owner = _class_of(handler.value, scope)
                method = owner and method_of(owner, handler.attr)
                if method:
                    yield method


def _class_of(node: ast.expr, scope: Scope) -> Scope | None:
    """Return the class of ``self``, as seen from a scope."""
    owner = scope.owner(node.id) if isinstance(node, ast.Name) else None
    if owner is None or owner.parent is None or owner.parent.kind != "class":
        return None
    return owner.parent if owner.params[:1] == [getattr(node, "id", "")] else None


def _annotation(scope: Scope) -> ast.expr | None:
    """Return the annotation of the parameter that gets the event."""
    if not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None  # a lambda has none
    args = scope.node.args
    params = [*args.posonlyargs, *args.args]
    if scope.parent is not None and scope.parent.kind == "class":
        params = params[1:]
    return params[0].annotation if params else None


def _names(node: ast.expr, lazy: bool) -> Iterator[tuple[str, bool]]:
    """Yield the names in an annotation, and whether they are evaluated later."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            try:
                yield from _names(ast.parse(node.value, mode="eval").body, lazy=True)
            except SyntaxError:
                return
    elif isinstance(node, ast.Name):
        yield node.id, lazy
    elif isinstance(node, ast.BinOp):
        yield from _names(node.left, lazy)
        yield from _names(node.right, lazy)
    elif isinstance(node, ast.Subscript):
        yield from _names(node.value, lazy)
        name = getattr(node.value, "attr", getattr(node.value, "id", ""))
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        inside = inside[:1] if name == "Annotated" else inside
        for one in inside:
            # Elsewhere, a text in brackets is not looked into.
            if name in ("Optional", "Union", "Annotated") or not isinstance(
                one, ast.Constant
            ):
                yield from _names(one, lazy)
    elif isinstance(node, ast.Attribute):
        yield from _names(node.value, lazy)


def _what_is_wrong(name: str, handler: Scope, lazy: bool) -> str:
    """Return why a name of an annotation will not resolve, or nothing."""
    module = handler.module
    if any(one.kind == "type" for one in handler.bindings.get(name, ())):
        return ""
    owner = (handler.parent or module).owner(name)
    if owner is None:
        return "" if name in _BUILTINS or module.star_import else "is not defined"
    bindings = owner.bindings[name]
    if owner.kind == "module":
        only = all(one.typing_only for one in bindings) and not module.star_import
        return "is imported under TYPE_CHECKING only" if only else ""
    if not lazy or any(one.kind == "type" for one in bindings):
        return ""
    if name in handler.free_names():
        return ""
    return "is local to the function or class around, which is gone at run time"


def _is_event(name: str, module: Scope) -> bool:
    """Return whether a name is imported from handlerid."""
    return any(
        isinstance(one.node, ast.ImportFrom)
        and (one.node.module or "").partition(".")[0] == "handlerid"
        for one in module.bindings.get(name, ())
    )
