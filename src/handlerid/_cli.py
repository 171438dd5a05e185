"""The command ``handlerid``.

What belongs here: arguments, and what to say when an extra is missing. What a
subcommand does stands in its own package, imported when it is asked for: a plain
installation has a working ``handlerid --help``.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_DEMO_NEEDS = ("httpx", "itsdangerous", "jinja2", "js_lib_htmx", "starlette", "uvicorn")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code.

    Args:
        argv: the arguments; those of this process when not given.
    """
    parser = argparse.ArgumentParser(
        prog="handlerid", description="Typed events for UI handlers, on any server."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    demo = commands.add_parser(
        "demo",
        help="a page whose clicks are answered by a process that did not render it",
        description="Starts two server processes that share nothing, and one address "
        "in front of them; serves until Ctrl-C.",
    )
    demo.add_argument(
        "--port", type=_port, help="port of the address (8000; 0 takes any free one)"
    )
    demo.add_argument(
        "--check",
        action="store_true",
        help="play every section of the page without a browser, and stop",
    )
    demo.set_defaults(run=_demo)
    arguments = parser.parse_args(argv)
    return int(arguments.run(arguments))


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) not in range(2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is none of 0 to 65535")
    return int(text)


def _demo(arguments: argparse.Namespace) -> int:
    missing = [name for name in _DEMO_NEEDS if find_spec(name) is None]
    if missing:
        print(
            f"handlerid demo: {', '.join(missing)} cannot be imported; the demo's "
            "packages are an extra:\n    pip install 'handlerid[demo]'",
            file=sys.stderr,
        )
        return 1
    from handlerid._demo.main import check, serve  # noqa: PLC0415 - an extra

    if arguments.check:
        return check(0 if arguments.port is None else arguments.port)
    return serve(8000 if arguments.port is None else arguments.port)
