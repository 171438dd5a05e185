"""The command line ``handlerid``."""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from handlerid._cli.common import Answer, Mistake
from handlerid._cli.parser import make_parser

__all__ = ["main", "make_parser", "run"]

_MISTAKE, _INTERRUPTED, _PIPE = 2, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: those after the name of the program; by default the process's.

    Raises:
        SystemExit: an argument is wrong, or ``--help`` or ``--version`` was asked for.
    """
    given = sys.argv[1:] if arguments is None else [*arguments]
    parser = make_parser(given)
    options = parser.parse_args(given)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        answer = _answer(options)
    except Mistake as mistake:
        sys.stderr.write(f"handlerid {options.command}: {mistake}\n")
        return _MISTAKE
    sys.stderr.write(answer.notes)
    sys.stdout.write(answer.text)
    return answer.code


def _answer(options: Namespace) -> Answer:
    """Load what a command needs, and run it."""
    module: Any
    if options.command in ("manifest", "diff", "ids", "parse"):
        from handlerid._cli import manifests as module  # noqa: PLC0415
    else:
        from handlerid._cli import handlers as module  # noqa: PLC0415
    answer: Answer = getattr(module, f"run_{options.command}")(options)
    return answer


def run() -> None:
    """Run a command and end the process with its exit code.

    At once, since modules that a command imports may have started threads.
    """
    # As with ``python -m``: what a command names is looked for here first.
    here = os.getcwd()  # noqa: PTH109 - as Python itself has it in sys.path
    if not sys.flags.safe_path and here not in sys.path:
        sys.path.insert(0, here)
    for stream in (sys.stdout, sys.stderr):
        # A name may have a lone surrogate; a file is read as UTF-8.
        encoding = None if stream.isatty() else "utf-8"
        stream.reconfigure(encoding=encoding, errors="backslashreplace")  # type: ignore[union-attr]  # not replaced yet
    try:
        code = _exit_code()
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # the reader, such as head, has seen enough
        code = _PIPE
    os._exit(code)


def _exit_code() -> int:
    try:
        return main()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0
