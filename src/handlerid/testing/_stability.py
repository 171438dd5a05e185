"""Are the ids of an application's handlers the same in every process?

What belongs here: the assertion, and telling what differs. Which conditions there are
is said by ``_conditions``, what a fresh process does by ``_worker``.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from itertools import zip_longest
from pathlib import Path
from textwrap import indent
from time import monotonic
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from handlerid._explain import Difference, Explanation
from handlerid._identity import Identity
from handlerid.testing._conditions import FIRST, Name, chosen, conditions
from handlerid.testing._processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from handlerid.testing._processes import Condition

__all__ = ["assert_stable"]


def assert_stable(
    target: str | ModuleType,
    *,
    handlers: str | Callable[[], Iterable[Callable[..., object]]] | None = None,
    key: bytes | None = None,
    fingerprint: Literal["bytecode", "source"] | None = None,
    module_name: str | Callable[[str], str] | None = None,
    encoders: str | None = None,
    conditions: Iterable[Name] | None = None,
    pythons: Iterable[str | os.PathLike[str]] | None = None,
    timeout: float = 60,
) -> None:
    """Asserts that the handlers of a module have the same ids in every process.

    The module is imported in fresh processes, one for each condition, and never in
    this one. In each of them the ids of its handlers are computed and compared with
    those of a first process. Its handlers are: functions, methods and partials at
    module level whose parameter is annotated with an event type; what is registered
    in a ``Registry`` that the module holds, itself or in a ``Dispatcher``; and what
    ``handlers`` returns.

    The processes run with the working directory, the environment and the ``sys.path``
    of this one, but without its ``-O``: ids are asserted for a fleet that runs
    without it. With ``fingerprint="source"``, where ``-O`` makes no difference, that
    is one of the conditions.

    Args:
        target: a module or its name; of a package, all modules in it are meant.
        handlers: a function that returns more handlers, as closures that a render
            makes; it is called in the fresh processes, so it is a function of a
            module, or the name of one: ``"shop.pages:all_handlers"``.
        key: as for ``Identity``; it is handed over where nobody can read it.
        fingerprint: as for ``Identity``.
        module_name: as for ``Identity``; a function of a module, or the name of one.
        encoders: the name of what ``Identity`` takes, as in ``"shop.ids:ENCODERS"``.
            When none of these four is given, handlers in a registry have the ids
            that this registry gives them, and others the default ones.
        conditions: what to change: ``"seeds"``, ``"directory"``, ``"pyc"``,
            ``"tracing"``, ``"optimised"`` (``-O``), ``"pythons"``. By default all
            that the fingerprint holds for: with bytecode the first four, with the
            source all but ``"pyc"``.
        pythons: commands or paths of other Pythons; by default, those named
            ``python3.11`` and so on that the PATH has. Each imports its own packages
            first, then those of this one.
        timeout: seconds that all of it may take.

    Raises:
        AssertionError: ids differ, and the text shows in what; or a handler cannot
            have an id, the module cannot be imported in a fresh process, it has no
            handlers, or the time was up.
        ValueError: an argument is not one of these.
    """
    deadline = monotonic() + timeout
    name = target.__name__ if isinstance(target, ModuleType) else target
    if name == "__main__":
        raise ValueError("__main__ is not importable elsewhere; name the module itself")
    settings = _settings(key, fingerprint, module_name, encoders)
    job = {
        "target": name,
        "handlers": _dotted(handlers, "handlers"),
        "identity": settings,
    }
    names = chosen(conditions, fingerprint or "bytecode", pythons)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        files = Path(directory)
        first, others = _run(job, names, pythons, files, deadline)
    if not first:
        raise AssertionError(
            f"no handler was found in {name}: annotate the parameter of a function "
            "with an event type, register it in a Registry of the module, or name a "
            "function that returns handlers with handlers="
        )
    refused = [f"{one.name}: {one.refused}" for one in first if one.refused]
    if refused:
        raise AssertionError(_numbered(refused, "cannot have an id", name, first))
    unstable = list(_compared(first, others))
    if unstable:
        known = [*first, *(one for _, records in others for one in records)]
        what = "have ids that are not the same in every process"
        raise AssertionError(_numbered(unstable, what, name, known))


class _Record(NamedTuple):
    """A handler as one process knows it."""

    name: str
    explanation: Explanation | None
    refused: str

    @classmethod
    def read(cls, data: dict[str, Any]) -> _Record:
        explanation = data.get("explanation")
        return cls(
            data["name"],
            Explanation.from_dict(explanation) if explanation else None,
            data.get("refused", ""),
        )

    @property
    def key(self) -> str:
        return str(self.explanation.id) if self.explanation else self.refused


Records = list[_Record]


def _run(
    job: dict[str, Any],
    names: tuple[Name, ...],
    pythons: Iterable[str | os.PathLike[str]] | None,
    files: Path,
    deadline: float,
) -> tuple[Records, list[tuple[Condition, Records]]]:
    """Runs all conditions, as many at a time as there are processors."""
    todo = deque([FIRST, *conditions(names, job["target"], pythons, files)])
    running: deque[Process] = deque()
    done: list[tuple[Condition, Records]] = []
    try:
        while todo or running:
            while todo and len(running) < (os.cpu_count() or 1):
                running.append(Process(todo.popleft(), job, files))
            found = running[0].wait(job["target"], deadline)
            done.append((running[0].condition, [_Record.read(one) for one in found]))
            running.popleft().stop()
    finally:
        for process in running:
            process.stop()
    return done[0][1], done[1:]


# Comparing.


def _compared(first: Records, others: list[tuple[Condition, Records]]) -> Iterator[str]:
    """What differs, a text for each handler."""
    told: dict[str, dict[str, list[str]]] = {}
    restless: set[str] = set()
    for number, (condition, records) in enumerate(others):
        for name, text in _differences(first, records):
            if name not in restless:
                titles = told.setdefault(name, {})
                titles.setdefault(condition.title, []).append(text)
        if number == 0:  # nothing was changed: no condition is to blame
            restless = set(told)
    for name, titles in told.items():
        (title, texts), *further = titles.items()
        lines = [indent(text, "    ") for text in texts]
        lines += [f"    also {title}" for title, _ in further]
        yield "\n".join([f"{name}, {title}:", *lines])


def _differences(first: Records, others: Records) -> Iterator[tuple[str, str]]:
    """Handlers with the same name are a set of ids: their order does not matter."""
    for name in dict.fromkeys(one.name for one in (*first, *others)):
        before = {one.key: one for one in first if one.name == name}
        after = {one.key: one for one in others if one.name == name}
        gone = [one for key, one in before.items() if key not in after]
        new = [one for key, one in after.items() if key not in before]
        for one, other in zip_longest(gone, new):
            yield name, _difference(one, other)


def _difference(one: _Record | None, other: _Record | None) -> str:
    if other is None:
        return "there is no such handler"
    if one is None:
        return "there is such a handler, and none in the first process"
    if one.explanation is None or other.explanation is None:
        return f"it cannot have an id: {other.refused}"
    return str(Difference.between(one.explanation, other.explanation))


def _numbered(texts: list[str], what: str, target: str, found: Records) -> str:
    count = len({one.name for one in found})
    return "\n\n".join([f"{len(texts)} of {count} handlers of {target} {what}", *texts])


# Arguments.


def _settings(
    key: bytes | None,
    fingerprint: Literal["bytecode", "source"] | None,
    module_name: str | Callable[[str], str] | None,
    encoders: str | None,
) -> dict[str, Any] | None:
    if all(one is None for one in (key, fingerprint, module_name, encoders)):
        return None
    Identity(key=key, fingerprint=fingerprint or "bytecode")  # refuses what is wrong
    return {
        "key": key.hex() if key is not None else None,
        "fingerprint": fingerprint or "bytecode",
        "module_name": _dotted(module_name, "module_name"),
        "encoders": encoders,
    }


def _dotted(fn: str | Callable[..., object] | None, argument: str) -> str | None:
    """The name by which another process finds a function."""
    if fn is None or isinstance(fn, str):
        return fn
    module, qualname = (
        getattr(fn, name, "") for name in ("__module__", "__qualname__")
    )
    if not module or module == "__main__" or "<" in qualname or not qualname:
        raise ValueError(
            f"{argument} is called in other processes: pass a function that stands at "
            'the top of an importable module, or its name, as in "shop.pages:handlers"'
        )
    return f"{module}:{qualname}"
