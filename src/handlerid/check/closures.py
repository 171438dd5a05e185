"""HID001 and HID003: handlers that have one id in one rendering, and differ.

A function is read as if it were called, with all functions of the module that it calls.
Each handler that this offers is noted with what it captured. Two of one code that
captured different values are one entry, so the last one wins.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator
from typing import NamedTuple

from handlerid.check.findings import Finding
from handlerid.check.scopes import Branches, Offer, Position, Scope
from handlerid.check.values import Closure, Frame, Loop, Value, Values, last_name

_MOST_CALLS = 400  # of one function: more say nothing new
_DEEPEST = 6


class _Offered(NamedTuple):
    """A handler that is offered in a rendering."""

    offer: Offer
    value: Value
    closure: Closure
    loops: frozenset[Loop]
    branches: tuple[tuple[int, Branches], ...]
    part: Value | None
    frame: Frame


def check_closures(module: Scope, values: Values, modes: set[str]) -> list[Finding]:
    """Return the handlers that replace each other, and those whose variables change.

    Args:
        module: all of its functions are read.
        values: those of the run.
        modes: what ``captures=`` is said to be; empty for ``"warn"``.
    """
    found: dict[tuple[int, int], Finding] = {}
    calls = _calls_that_offer(module)
    for runner in (module, *module.functions.values()):
        if not runner.offers and not any(x.node in calls for x in runner.calls):
            continue
        offered = [*_Rendering(values, calls).run(values.root(runner))]
        for one in (*_late(offered, values), *_replaced(offered)):
            late = one.text.startswith(_LATE)
            if "allow" in modes or (modes and not late):
                continue
            found.setdefault((one.line, one.column), one)
    return [*found.values()]


def _calls_that_offer(module: Scope) -> set[ast.Call]:
    """Return the calls of functions that offer handlers, by name alone."""
    runners = [module, *module.functions.values()]
    names = {_called_name(one) for one in runners if one.offers}
    grows = True
    while grows:
        more = {
            _called_name(one)
            for one in runners
            if any(last_name(call.node.func) in names for call in one.calls)
        }
        grows = not more <= names
        names |= more
    every = (call.node for one in runners for call in one.calls)
    return {call for call in every if last_name(call.func) in names}


def _called_name(runner: Scope) -> str:
    """Return the name by which a function is called; of a method, also of its class."""
    if runner.parent is not None and runner.name == "__init__":
        return runner.parent.name
    return runner.name


class _Rendering:
    """All that a function offers when it is called once."""

    def __init__(self, values: Values, calls: set[ast.Call]) -> None:
        self._values, self._calls = values, calls
        self._left = _MOST_CALLS

    def run(
        self, frame: Frame, branches: tuple[tuple[int, Branches], ...] = ()
    ) -> Iterator[_Offered]:
        for offer in frame.scope.offers:
            yield from self._offered(offer, frame, branches)
        for call in frame.scope.calls:
            if call.node not in self._calls or not self._left:
                continue
            called = self._values.called(call.node, call.place, frame)
            around = (*branches, (frame.key, call.place.branches))
            if called is None or frame.depth >= _DEEPEST:
                continue
            for inner in self._frames(call.node, call.place, frame, called):
                self._left -= 1
                yield from self.run(inner, around)

    def _frames(self, node, place, frame, called):  # noqa
        scope, outer, owner = called
        if scope.kind != "class":
            yield self._values.call(node, place, frame, called)
            return
        made = self._values.of(node, place, frame)
        for binding in scope.bindings.get("__init__", ()):
            if binding.scope is not None:
                yield self._values.call(
                    node, place, frame, (binding.scope, outer, made)
                )

    def _offered(
        self, offer: Offer, frame: Frame, branches: tuple[tuple[int, Branches], ...]
    ) -> Iterator[_Offered]:
        place = offer.place
        around = (*branches, (frame.key, place.branches))
        loops, part = frame.loops_at(place.loops), None
        if offer.receiver is not None:
            part = self._values.of(offer.receiver, place, frame)
            part = part if part.part else None
        for value in self._alternatives(offer, frame):
            closure = value.closure
            if closure is not None and closure.captures:
                yield _Offered(offer, value, closure, loops, around, part, frame)

    def _alternatives(self, offer: Offer, frame: Frame) -> Iterator[Value]:
        handler, place = offer.handler, offer.place
        if isinstance(handler, Scope):
            yield self._values.of_name(handler.name, place.scope, frame)
            return
        todo = [handler]
        for node in todo:
            if isinstance(node, ast.IfExp):
                todo += (node.body, node.orelse)
            elif isinstance(node, ast.BoolOp):
                todo += node.values
            else:
                yield self._values.of(node, place, frame)


_LATE = "reads "


def _late(offered: list[_Offered], values: Values) -> Iterator[Finding]:
    """Find handlers whose variables change after the offer."""
    for one in offered:
        for name, captured in one.closure.captures.items():
            if captured.late & one.loops:
                line = min(node.lineno for _, node in captured.late & one.loops)
                text = f"and the loop in line {line} changes it"
                yield _finding(one, f"{_LATE}{name!r} at the click, {text}")
                break
            line = _assigned_later(name, one, values)
            if line:
                text = f"and line {line} changes it"
                yield _finding(one, f"{_LATE}{name!r} at the click, {text}")
                break


def _assigned_later(name: str, one: _Offered, values: Values) -> int:
    """Return the line that gives a captured variable another value after the offer."""
    scope = one.closure.scope
    owner = scope.free_names().get(name)
    if owner is None or owner is not one.frame.scope or name in owner.assigned_inside:
        return 0
    offered: Position = one.offer.node.end_lineno, one.offer.node.end_col_offset
    mine = one.offer.place.branches
    before, after = [], []
    for binding in owner.bindings[name]:
        if not _exclusive(mine, binding.place.branches):
            (before if binding.position < offered else after).append(binding)
    if not before or not after:
        return 0
    first, last = (values._of_binding(name, x[-1], one.frame) for x in (before, after))
    return after[-1].node.lineno if first.key != last.key else 0


def _replaced(offered: list[_Offered]) -> Iterator[Finding]:
    """Find handlers of one id that captured different values."""
    groups: dict[Hashable, list[_Offered]] = {}
    for one in offered:
        part = one.part
        if not (part and part.loops & one.loops):
            names = _names_changed_in(one)
            if names:
                yield _replacing(one, one, names)
                continue
        group = groups.setdefault((one.closure.code, part and part.key), [])
        for other in group:
            names = _names_that_differ(one, other)
            if names and not _are_exclusive(one, other):
                yield _replacing(one, other, names)
                break
        group.append(one)


def _names_changed_in(one: _Offered) -> list[str]:
    return [
        name
        for name, captured in one.closure.captures.items()
        if (captured.value.loops - captured.late) & one.loops
    ]


def _names_that_differ(one: _Offered, other: _Offered) -> list[str]:
    mine, others = one.closure.captures, other.closure.captures
    return [
        name
        for name, captured in mine.items()
        if name in others and captured.value.key != others[name].value.key
    ]


def _are_exclusive(one: _Offered, other: _Offered) -> bool:
    return any(
        mine[0] == others[0] and _exclusive(mine[1], others[1])
        for mine, others in zip(one.branches, other.branches, strict=False)
    )


def _exclusive(one: Branches, other: Branches) -> bool:
    """Return whether two places are in different branches of one statement."""
    taken = dict(one)
    return any(taken.get(node, number) != number for node, number in other)


def _replacing(one: _Offered, other: _Offered, names: list[str]) -> Finding:
    named = ", ".join(map(repr, names))
    if _is_wrapper(one, names):
        return _finding(
            one,
            f"{one.closure.scope.name!r} wraps several handlers and has no "
            f"@functools.wraps({names[0]}): they have one id, and the last one "
            "answers for all",
            code="HID003",
        )
    return _finding(
        one,
        f"handlers made here have one id and differ in {named}: the last one answers "
        'for all. Use functools.partial, event.key or captures="distinct"',
    )


def _is_wrapper(one: _Offered, names: list[str]) -> bool:
    """Return whether a function is returned around handlers that it calls."""
    scope, around = one.closure.scope, one.closure.scope.parent
    captures = one.closure.captures
    if around is None or around.kind != "function" or "self" in names:
        return False
    called = {x.node.func.id for x in scope.calls if isinstance(x.node.func, ast.Name)}
    returned = [x.value for x in around.returns]
    is_returned = any(
        x is scope.node or getattr(x, "id", "") == scope.name for x in returned
    )
    return (
        is_returned
        and len(names) == 1
        and names[0] in called
        and names[0] in around.params
        and captures[names[0]].value.closure is not None
    )


def _finding(one: _Offered, text: str, code: str = "HID001") -> Finding:
    node = one.closure.scope.node
    if (
        one.closure.captures.get("self")
        and "self" not in one.closure.scope.free_names()
    ):
        node = one.offer.handler if isinstance(one.offer.handler, ast.AST) else node
    return Finding("", node.lineno, node.col_offset + 1, code, text)
