"""HID001 and HID003: handlers that have one id in one rendering, and differ.

A function is read as if it were called, with all functions that it calls. Each handler
that this offers is noted with what it captured. Two of one code that captured different
values have one id, so the last one wins.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

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
                yield from _replaced(offered)


class _Rendering:
    """All that a function offers when it is called once."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._offers: dict[Scope, bool] = {}

    def offers(self, runner: Scope) -> bool:
        """Return whether a function offers handlers, or calls one that does."""
        if runner not in self._offers:
            offers = self._offers[runner] = bool(runner.offers)  # in a recursion, too
            frame = self._values.root(runner)
            self._offers[runner] = offers or any(
                self._called(node, place, frame) for node, place in runner.calls
            )
        return self._offers[runner]

    def run(self, root: Frame) -> Iterator[_Offered]:
        """Yield what a call of a function offers, and the calls in it."""
        todo: list[tuple[Frame, _Path]] = [(root, ())]
        for frame, path in islice(todo, _MOST_CALLS):  # it grows
            for offer in frame.scope.offers:
                yield from self._offered(offer, frame, path)
            for node, place in frame.scope.calls if frame.depth < _DEEPEST else ():
                around = (*path, (frame, place.branches))
                for closure in self._called(node, place, frame):
                    inner = self._values.call(node, place, frame, closure)
                    todo.append((inner, around))

    def _called(self, node: ast.Call, place: Place, frame: Frame) -> list[Closure]:
        """Return the functions that a call runs, if they offer handlers."""
        if last_name(node.func) not in self._values.modules.offering:
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
            receiver = self._values.of(offer.receiver, place, frame)
            part = receiver if receiver.is_part else None
        closure = self._values.of(offer.handler, place, frame).closure
        # A method that is passed on was noted where it was taken.
        taken = isinstance(offer.handler, ast.Attribute)
        if closure and closure.captures and (taken or not closure.is_bound):
            path = (*path, (frame, place.branches))
            yield _Offered(offer, closure, frame.loops_at(place.loops), path, part)


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
    frame, mine = one.path[-1]
    owner = frame.scope
    is_mine = one.closure.scope.free_names.get(name) is owner
    if not is_mine or name in owner.assigned_inside:
        return []
    before, after = list[Binding](), list[Binding]()
    for binding in owner.bindings[name]:
        if not _are_exclusive(mine, binding.place.branches):
            is_later = _end(binding.assigned) >= _end(one.offer.node)
            (after if is_later else before).append(binding)
    if not (before and after):
        return []
    first, last = (values.of_binding(name, x[-1], frame) for x in (before, after))
    return [_end(after[-1].assigned)[0]] if first.key != last.key else []


def _end(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)


def _replaced(offered: list[_Offered]) -> Iterator[Finding]:
    """Find handlers of one id that captured different values."""
    groups: dict[Hashable, list[_Offered]] = {}
    for one in offered:
        part = one.part
        names = _changed_by_loops(one)
        if names and not (part and part.loops & one.loops):
            yield _replacing(one, names)
            continue
        group = groups.setdefault((one.closure.code, part and part.key), [])
        for other in group:
            names = _different(one, other)
            if names and not _never_both(one, other):
                yield _replacing(one, names)
                yield _replacing(other, names)
                break
        group.append(one)


def _changed_by_loops(one: _Offered) -> list[str]:
    captures = one.closure.captures.items()
    return [x for x, y in captures if (y.value.loops - y.late) & one.loops]


def _different(one: _Offered, other: _Offered) -> list[str]:
    mine, its = one.closure.captures, other.closure.captures
    return [x for x in mine if x in its and mine[x].value.key != its[x].value.key]


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
    made_in = one.closure.scope
    node: Any = made_in.node
    if one.closure.is_bound:
        node, made_in = one.offer.handler, one.offer.place.scope
    return Finding(made_in.module.name, node.lineno, node.col_offset + 1, code, text)
