"""Importing what is loaded late.

A thread that does so while another one forks leaves the child a locked import lock.
"""

from __future__ import annotations

import os
import sys
import threading


def preload() -> None:
    """Import all that is loaded late, before a server forks its workers.

    The first registration and the first click of a worker are quicker then, and the
    workers share the memory. A fork while other threads run does it by itself.
    """
    import difflib  # noqa: F401, PLC0415 - all of this is what it is for
    import pkgutil  # noqa: F401, PLC0415

    from handlerid import _explain, _source, _tokens  # noqa: F401, PLC0415
    from handlerid._decoding import hints, json  # noqa: F401, PLC0415
    from handlerid._tokens import closures, tokens  # noqa: F401, PLC0415
    from handlerid._values import codec, libraries  # noqa: F401, PLC0415
    from handlerid.events import browser, widgets  # noqa: F401, PLC0415

    if "msgspec" in sys.modules:
        from handlerid._decoding import structs  # noqa: F401, PLC0415


def _before_fork() -> None:
    if threading.active_count() > 1:
        preload()


preload.__module__ = "handlerid"
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork)
