"""HID001 and HID003: handlers that have one id in one rendering, and differ.

A function is read as if it were called, with all functions that it calls. Each handler
that this offers is noted with what it captured. Two of one code that captured different
values have one id, so the last one wins.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator
from typing import NamedTuple, TypeAlias

from handlerid.check.evaluation import Closure, Frame, Loops, Value, Values
from handlerid.check.findings import Finding
from handlerid.check.modules import is_made_by_class, made_by
from handlerid.check.scopes import Binding, Branches, Offer, Place, Scope, last_name

_MOST_CALLS = 400  # made for one function: more say nothing new
_DEEPEST = 6  # calls in calls
_CURES = "Use functools.partial{} event.key"


# The calls that led to an offer, the outermost first, and where each went on.
_Path: TypeAlias = tuple[tuple[Frame, Branches], ...]


class _Offered(NamedTuple):
    """A handler that is offered in a rendering."""

    offer: Offer
    closure: Closure
    loops: Loops
    path: _Path
    part: Value | None  # of which scope.part(key)


def check_closures(module: Scope, values: Values, modes: set[str]) -> Iterator[Finding]:
    """Yield handlers that replace each other, and those whose variables change.

    Args:
        module: each of its functions is called once.
        values: those of the run.
        modes: what ``captures=`` is said to be; empty for ``"warn"``.
    """
    if "allow" in modes:
        return
    rendering = _Rendering(values)
    for runner in module.runners:
        if rendering.offers(runner):
            offered = [*rendering.run(values.root(runner))]
            yield from _late(offered, values)
            if not modes:
                yield from _replaced(offered, values)


class _Rendering:
    """All that a function offers when it is called once."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._offers: dict[Scope, bool] = {}

    def offers(self, runner: Scope) -> bool:
        """Return whether a function offers handlers, or calls one that does."""
        if runner not in self._offers:
            self._offers[runner] = bool(runner.offers)
            frame = self._values.root(runner)
            self._offers[runner] = bool(runner.offers) or any(
                self._called(node, place, frame) for node, place in runner.calls
            )
        return self._offers[runner]

    def run(self, frame: Frame) -> Iterator[_Offered]:
        left = _MOST_CALLS
        todo: list[tuple[Frame, _Path]] = [(frame, ())]
        while todo and left:
            frame, path = todo.pop(0)
            left -= 1
            for offer in frame.scope.offers:
                yield from self._offered(offer, frame, path)
            if frame.depth >= _DEEPEST:
                continue
            for node, place in frame.scope.calls:
                around = (*path, (frame, place.branches))
                for closure in self._called(node, place, frame):
                    inner = self._values.call(node, place, frame, closure)
                    todo.append((inner, around))

    def _called(self, node: ast.Call, place: Place, frame: Frame) -> list[Closure]:
        """Return the functions that a call runs, if they offer handlers."""
        if not self._values.modules.may_offer(last_name(node.func)):
            return []
        called = self._values.of(node.func, place, frame)
        found = [called.closure] if called.closure else []
        if called.scope is not None:
            made = self._values.of(node, place, frame)
            found = [self._values.method(one, made) for one in made_by(called.scope)]
        return [one for one in found if self.offers(one.scope)]

    def _offered(self, offer: Offer, frame: Frame, path: _Path) -> Iterator[_Offered]:
        place, part = offer.place, None
        if offer.receiver is not None:
            part = self._values.of(offer.receiver, place, frame)
        closure = self._values.of(offer.handler, place, frame).closure
        # A method that is passed on was noted where it was taken.
        taken = isinstance(offer.handler, ast.Attribute)
        if closure and closure.captures and (taken or not closure.is_bound):
            loops, path = frame.loops_at(place.loops), (*path, (frame, place.branches))
            part = part if part and part.is_part else None
            yield _Offered(offer, closure, loops, path, part)


def _late(offered: list[_Offered], values: Values) -> Iterator[Finding]:
    """Find handlers that read variables which change after the offer."""
    for one in offered:
        for name, captured in one.closure.captures.items():
            lines = [loop.lineno for _, loop in captured.late & one.loops]
            lines += _assigned_later(name, one, values)
            if lines:
                text = f"reads {name!r} at the click, and line {min(lines)} changes it"
                yield _finding(one, "HID001", f"{text}. {_CURES.format(' or')}")
                break


def _assigned_later(name: str, one: _Offered, values: Values) -> list[int]:
    """Return the line that gives a captured variable another value after the offer."""
    owner, (frame, mine) = one.closure.scope.free_names().get(name), one.path[-1]
    if owner is None or owner is not frame.scope or name in owner.assigned_inside:
        return []
    ends: list[list[Binding]] = [[], []]  # assigned before the offer, and after it
    for binding in owner.bindings[name]:
        if not _are_exclusive(mine, binding.place.branches):
            end = _end(binding.value or binding.node)
            ends[end >= _end(one.offer.node)].append(binding)
    if not all(ends):
        return []
    first, last = (values.of_binding(name, x[-1], frame) for x in ends)
    after = ends[1][-1]
    line, _ = _end(after.value or after.node)
    return [line] if first.key != last.key else []


def _end(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)


def _replaced(offered: list[_Offered], values: Values) -> Iterator[Finding]:
    """Find handlers of one id that captured different values."""
    groups: dict[Hashable, list[_Offered]] = {}
    for one in offered:
        part = one.part
        names = _changed_by_loops(one)
        if names and not (part and part.loops & one.loops):
            yield _replacing(one, names)
            continue
        group = groups.setdefault((values.code(one.closure), part and part.key), [])
        for other in group:
            names = _different(one, other)
            if names and not _never_both(one, other):
                yield _replacing(one, names)
                yield _replacing(other, names)
                break
        group.append(one)


def _changed_by_loops(one: _Offered) -> list[str]:
    return [
        name
        for name, captured in one.closure.captures.items()
        if (captured.value.loops - captured.late) & one.loops
    ]


def _different(one: _Offered, other: _Offered) -> list[str]:
    others = other.closure.captures
    return [
        name
        for name, captured in one.closure.captures.items()
        if name in others and captured.value.key != others[name].value.key
    ]


def _never_both(one: _Offered, other: _Offered) -> bool:
    """Return whether one rendering has only one of two offers.

    They are in two branches of one statement; or they come from a function that is
    called twice in the same way, which is how people render a part of a page again.
    """
    pairs = [*zip(one.path, other.path, strict=False)]
    if any(a[0] is b[0] and _are_exclusive(a[1], b[1]) for a, b in pairs):
        return True
    others = {frame.key for frame, _ in other.path}
    again = {frame.scope: frame for frame, _ in one.path if frame.key not in others}
    return any(
        frame.scope in again
        and not is_made_by_class(frame.scope)
        and frame is not again[frame.scope]
        and _arguments(frame) == _arguments(again[frame.scope])
        for frame, _ in other.path
    )


def _arguments(frame: Frame) -> dict[str, int]:
    return {name: value.key for name, value in frame.arguments.items()}


def _are_exclusive(one: Branches, other: Branches) -> bool:
    """Return whether two places are in different branches of one statement."""
    taken = dict(one)
    return any(taken.get(node, number) != number for node, number in other)


def _replacing(one: _Offered, names: list[str]) -> Finding:
    if _is_wrapper(one, names):
        return _finding(
            one,
            "HID003",
            f"{one.closure.scope.name!r} wraps several handlers, which have one id: the"
            f" last one answers for all. Write @functools.wraps({names[0]}) above it",
        )
    named = ", ".join(map(repr, names))
    return _finding(
        one,
        "HID001",
        f"handlers made here have one id and differ in {named}: the last one answers "
        f'for all. {_CURES.format(",")} or captures="distinct"',
    )


def _is_wrapper(one: _Offered, names: list[str]) -> bool:
    """Return whether a function is returned around one that gets its arguments."""
    scope, around = one.closure.scope, one.closure.scope.parent
    if around is None or len(names) > 1 or names[0] not in around.positional:
        return False
    given = [x for y, _ in scope.calls if last_name(y.func) == names[0] for x in y.args]
    passed_on = [last_name(x.value if isinstance(x, ast.Starred) else x) for x in given]
    own = {*scope.params, *scope.rest_params}
    returned = [last_name(node) for node, _ in around.returns]
    return scope.name in returned and not own.isdisjoint(passed_on)


def _finding(one: _Offered, code: str, text: str) -> Finding:
    closure, node = one.closure, one.closure.scope.node
    made_in = closure.scope
    if closure.is_bound or not isinstance(node, ast.expr | ast.stmt):
        node, made_in = one.offer.handler, one.offer.place.scope
    return Finding(made_in.module.name, node.lineno, node.col_offset + 1, code, text)
