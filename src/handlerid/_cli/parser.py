"""The commands: their arguments and their help. What they run is loaded later."""

import argparse
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import handlerid
from handlerid._cli.common import BREAKS

_KINDS = (*BREAKS, "unknown")


class _Command(NamedTuple):
    """A command.

    Attributes:
        help: what it does, in a line.
        add: what adds its arguments to a parser, in this order.
        text: more than the line says, and examples.
    """

    help: str
    add: tuple[Callable[[argparse.ArgumentParser], None], ...]
    text: str


def _package(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package", metavar="PACKAGE", help="a module's name")


def _identity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--identity",
        metavar="MODULE:NAME",
        help="the host's Identity, or its Registry or Dispatcher "
        "(default: Identity(), which has no keys)",
    )


def _keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key-env",
        metavar="NAME[:ENCODING]",
        action="append",
        default=[],
        help="the environment variable that holds the key of the host's Identity, as "
        "text, or in an ENCODING, hex or base64; once for each key",
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def _manifest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "packages", nargs="+", metavar="PACKAGE", help="a module's name"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="where to write it (default: to the output)",
    )
    parser.add_argument(
        "--fingerprint",
        choices=("bytecode", "source"),
        help="what is compared; bytecode belongs to one Python (default: bytecode)",
    )
    parser.add_argument(
        "--release",
        default=os.environ.get("HANDLERID_RELEASE") or None,
        help="its name (default: the environment's HANDLERID_RELEASE)",
    )


def _diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD", help="the manifest of the pages' release")
    parser.add_argument("new", metavar="NEW", help="the manifest of the next release")
    parser.add_argument(
        "--seen",
        metavar="FILE",
        help="clicks on the old release: what handlerid.manifest.count wrote, or any "
        "text with their ids or tokens, such as a log; - for the input",
    )
    _keys(parser)
    parser.add_argument(
        "--fail-on",
        metavar="KIND,...",
        type=_kinds,
        default=(),
        help=f"exit with 1 if there are such rows: {', '.join(_KINDS)}",
    )
    parser.add_argument("--format", choices=("text", "github", "json"), default="text")
    parser.add_argument(
        "--all", action="store_true", help="count every function, not handlers alone"
    )
    parser.add_argument("--full", action="store_true", help="show every row")


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(one.strip() for one in text.split(","))
    for one in kinds:
        if one not in _KINDS:
            text = f"{one!r} is none of {', '.join(_KINDS)}"
            raise argparse.ArgumentTypeError(text)
    return kinds


def _ids(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--all",
        action="store_true",
        help="of every function, also of those that name no event type",
    )


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "handler",
        metavar="MODULE:NAME",
        help="a handler, or a FILE.json that --json wrote",
    )
    parser.add_argument("other", metavar="MODULE:NAME", nargs="?", help="a second one")
    parser.add_argument("--event", metavar="NAME", help="the event's wire name")
    parser.add_argument(
        "--captures", action="store_true", help="as if captures were part of ids"
    )


def _scan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--registry",
        metavar="MODULE:NAME",
        help="the host's Registry or Dispatcher (default: a new Registry, which does "
        "not know what was decorated for another)",
    )


def _parse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "references",
        nargs="+",
        metavar="ID",
        help="an id or a token, or a text with some, such as a line of a log; - for "
        "the input",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--manifest", metavar="FILE", help="find its handler here")
    where.add_argument("--package", metavar="PACKAGE", help="find it in this module")


def _stable(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--handlers",
        metavar="MODULE:NAME",
        help="a function that returns more handlers",
    )
    parser.add_argument("--identity", metavar="MODULE:NAME", help="the host's Identity")
    parser.add_argument(
        "--no-directory",
        action="store_true",
        help="without a process that imports a copy of the code in another directory",
    )
    parser.add_argument(
        "--python",
        metavar="COMMAND",
        action="append",
        help="another Python to compare; once for each",
    )
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=float, default=60, help="default: 60"
    )


def _check(parser: argparse.ArgumentParser) -> None:
    from handlerid.check import add_arguments  # noqa: PLC0415 - for this one alone

    add_arguments(parser)


COMMANDS = {
    "manifest": _Command(
        "write what a release can answer",
        (_manifest, _identity),
        """\
The modules are imported; no page is rendered. The file is the same in every process and
directory. It is a private build file: who has it can confirm guesses of constants.

  handlerid manifest shop -o manifest.json --release r42
  handlerid manifest shop admin --fingerprint source -o manifest.json

exit code: 0; 1 if a module failed, which is listed in the file; 2 for a mistake
""",
    ),
    "diff": _Command(
        "what open pages of one release meet on another",
        (_diff,),
        """\
stale    its code, or that of a decorator, changed: the page is asked to reload
gone     no handler has its location, or none has its event
moved    it is gone, and its code is elsewhere; the line to write there is printed
refused  its event has other fields
unknown  the files cannot tell

A handler is a function that names an event type, has an explicit name, or was clicked.
If the old release has none of these, every function counts, as with --all.

  handlerid diff old.json new.json --fail-on stale,gone
  handlerid diff old.json new.json --seen clicks.jsonl
  handlerid diff old.json new.json --format github > comment.md

exit code: 0; 1 if --fail-on is met; 2 for a mistake, also a file that is no manifest
""",
    ),
    "ids": _Command(
        "the ids of the handlers of a package",
        (_package, _ids, _identity, _json),
        """\
Functions in functions are among them. The modules are imported.

  handlerid ids shop
  handlerid ids shop --identity shop.app:registry --json

exit code: 0; 1 if a module failed; 2 for a mistake
""",
    ),
    "explain": _Command(
        "every part of an id, or what differs between two",
        (_explain, _identity, _json),
        """\
  handlerid explain shop.cart:add
  handlerid explain shop.cart:add shop.cart:add_all

What an edit changed:

  handlerid explain shop.cart:add --json > before.json
  handlerid explain before.json shop.cart:add

exit code: 0; 1 if two ids differ; 2 for a mistake
""",
    ),
    "scan": _Command(
        "what Registry.scan finds in a package, and what it skips",
        (_package, _scan, _json),
        """\
  handlerid scan shop
  handlerid scan shop --registry shop.app:registry

exit code: 0; 1 if a module or a handler failed; 2 for a mistake
""",
    ),
    "parse": _Command(
        "the parts and the handler of an id or a token",
        (_parse, _identity, _keys, _json),
        """\
  handlerid parse h1-q3x3h77e3e6e4-n2lztrboijtkjhnj3noa.click --manifest r41.json
  grep refused app.log | handlerid parse - --package shop

exit code: 0; 1 if an id is of no handler of the manifest or package; 2 for a mistake,
also a text without an id
""",
    ),
    "stable": _Command(
        "whether ids are the same in every process",
        (_package, _stable),
        """\
The module is imported in fresh processes: handlerid.testing.assert_stable.

  handlerid stable shop
  handlerid stable shop --handlers tests.rows:closures --identity shop.app:identity

exit code: 0; 1 if ids differ, or a process failed; 2 for a mistake
""",
    ),
    "check": _Command(
        "mistakes with handlers, found in source text",
        (_check,),
        """\
Nothing is imported and nothing runs.

  handlerid check src
  handlerid check src --format github

exit code: 0; 1 if something was found; 2 for a mistake
""",
    ),
}


def make_parser(arguments: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Return the parser; of commands that are not in the arguments, names alone."""
    parser = argparse.ArgumentParser(
        prog="handlerid",
        description="Ids of event handlers: what a release can answer, and what a "
        "deploy breaks.",
        epilog="handlerid COMMAND --help has examples and exit codes.",
    )
    parser.add_argument(
        "--version", action="version", version=f"handlerid {handlerid.__version__}"
    )
    several = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, command in COMMANDS.items():
        one = several.add_parser(
            name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=command.text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if arguments is None or name in arguments:
            for add in command.add:
                add(one)
    return parser
