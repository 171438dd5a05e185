"""What the command ``handlerid demo`` calls.

What belongs here: what is printed, signals, and exit codes.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from handlerid._demo.check import play
from handlerid._demo.supervisor import CannotStart, running

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["check", "serve"]


def serve(port: int) -> int:
    """Serves the page until Ctrl-C or SIGTERM, which are its normal end."""
    return _run(_serve(port), interrupted=0)


def check(port: int) -> int:
    """Plays the page, prints a line each, and tells by the exit code how it went."""
    return _run(_check(port), interrupted=130)


async def _serve(port: int) -> int:
    async with running(port) as (address, servers):
        print(f"handlerid demo: {address}")
        print("  servers:", ", ".join(str(server.pid) for server in servers))
        print("  Ctrl-C stops them", flush=True)
        await asyncio.Event().wait()
    return 0


async def _check(port: int) -> int:
    # The log would tell of the refusals that are provoked.
    async with running(port, log_level="error") as (address, _):
        return 0 if await play(address) else 1


def _run(demo: Coroutine[None, None, int], *, interrupted: int) -> int:
    # A shell starts what it runs in the background with Ctrl-C ignored, and then
    # asyncio would leave it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return asyncio.run(demo)
    except KeyboardInterrupt:
        return interrupted
    except CannotStart as error:
        print(f"handlerid demo: {error}", file=sys.stderr)
        return 1
