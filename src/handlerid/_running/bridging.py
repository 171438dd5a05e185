"""Awaiting by a runner, for a host that has no loop.

What belongs here: handing coroutines to the host's runner, and what is said where it
has none. No loop is made here.
"""

from __future__ import annotations

from contextvars import copy_context
from inspect import CORO_CLOSED, CORO_CREATED, getcoroutinestate
from types import AsyncGeneratorType, CoroutineType
from typing import TYPE_CHECKING, Any

from handlerid._anatomy import name_of
from handlerid._running.awaiting import END, close, take_next
from handlerid.errors import AsyncHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    Runner = Callable[[Coroutine[Any, Any, Any]], Any]

__all__ = ["bridge", "bridged_steps", "drop", "needed"]


def bridge(
    runner: Runner,
    fn: Callable[..., object],
    work: Coroutine[Any, Any, Any],
    result: object,
) -> object:
    """Runs ``work``, which awaits the ``result`` of ``fn``, by the runner.

    Raises:
        AsyncHandler: the runner came back too early, as ``asyncio.create_task`` does.
    """
    try:
        outcome = runner(work)
        if getcoroutinestate(work) != CORO_CLOSED:
            raise AsyncHandler(
                f"the runner came back before {name_of(fn)} had come to its end; it "
                "has to run a coroutine and return what that returned, as asyncio.run "
                "does: where a loop is running already, await arun() or iterate over "
                "astream()"
            )
        return outcome
    finally:
        if getcoroutinestate(work) == CORO_CREATED:
            # Nobody runs it: else Python warns that it was never awaited.
            work.close()
            drop(result)


def bridged_steps(
    fn: Callable[..., object],
    steps: AsyncGeneratorType[object, None],
    runner: Runner,
) -> Generator[object, None, None]:
    """Yields the steps of ``fn``; asks the runner once a step.

    Raises:
        AsyncHandler: the runner ended its loop, and so the steps; or it came back too
            early.
    """
    context = copy_context()  # that of the call is entered within
    try:
        while True:
            step = bridge(runner, fn, take_next(context, steps), steps)
            if step is END:
                return
            if steps.ag_frame is None:
                raise AsyncHandler(
                    f"the runner ended its loop after a step of {name_of(fn)}, and so "
                    "the handler; a stream needs one that keeps its loop, such as "
                    "the run of an asyncio.Runner()"
                )
            yield step
    finally:
        if steps.ag_frame is not None:
            bridge(runner, fn, close(context, steps), steps)


def needed(runner: Runner | None, fn: Callable[..., object], result: object) -> Runner:
    if runner is not None:
        return runner
    drop(result)
    raise AsyncHandler(
        f"{name_of(fn)} is asynchronous, and run() and stream() make no event loop: "
        "await arun() or iterate over astream() in the host's loop; where there is "
        "none, bridge with asyncio.run(call.arun()) or pass runner=asyncio.run"
    )


def drop(result: object) -> None:
    """Lets go of what nobody awaits."""
    if isinstance(result, CoroutineType):
        result.close()  # or Python warns that it was never awaited
