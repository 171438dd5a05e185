"""The commands and their arguments; a command loads what it needs when it is chosen."""

import argparse
from collections.abc import Callable, Sequence
from typing import NamedTuple

import handlerid


class _Command(NamedTuple):
    """A command.

    Attributes:
        help: what it does, in a line.
        fill: adds its arguments to a parser, ``run`` among the defaults.
        text: more than the line says, and examples.
    """

    help: str
    fill: Callable[[argparse.ArgumentParser], None]
    text: str


def _manifest(parser: argparse.ArgumentParser) -> None:
    from handlerid._cli.manifests import add_manifest  # noqa: PLC0415

    add_manifest(parser)


def _diff(parser: argparse.ArgumentParser) -> None:
    from handlerid._cli.manifests import add_diff  # noqa: PLC0415

    add_diff(parser)


def _ids(parser: argparse.ArgumentParser) -> None:
    from handlerid._cli.handlers import add_ids  # noqa: PLC0415

    add_ids(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    from handlerid._cli.handlers import add_explain  # noqa: PLC0415

    add_explain(parser)


def _scan(parser: argparse.ArgumentParser) -> None:
    from handlerid._cli.handlers import add_scan  # noqa: PLC0415

    add_scan(parser)


def _parse(parser: argparse.ArgumentParser) -> None:
    from handlerid._cli.references import add_parse  # noqa: PLC0415

    add_parse(parser)


def _stable(parser: argparse.ArgumentParser) -> None:
    from handlerid._cli.handlers import add_stable  # noqa: PLC0415

    add_stable(parser)


def _check(parser: argparse.ArgumentParser) -> None:
    from handlerid._cli.answers import Answer  # noqa: PLC0415
    from handlerid.check import add_arguments, run  # noqa: PLC0415

    add_arguments(parser)
    parser.set_defaults(run=lambda options: Answer("", run(options)))


COMMANDS = {
    "manifest": _Command(
        "write what a release can answer",
        _manifest,
        """\
The modules are imported; no page is rendered. The file is the same in every process and
place. It is a private build file: who has it can confirm guesses of constants.

  handlerid manifest shop -o manifest.json --release r42
  handlerid manifest shop admin --fingerprint source -o manifest.json

exit code: 0; 1 if a module failed, which is listed in the file; 2 for a mistake
""",
    ),
    "diff": _Command(
        "what open pages of one release meet on another",
        _diff,
        """\
stale    its code, or that of a decorator, changed: the page is asked to reload
gone     no handler has its place, or none has its event
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
        _ids,
        """\
Functions in functions are among them. The modules are imported.

  handlerid ids shop
  handlerid ids shop --identity shop.app:registry --json

exit code: 0; 1 if a module failed; 2 for a mistake
""",
    ),
    "explain": _Command(
        "every part of an id, or what differs between two",
        _explain,
        """\
  handlerid explain shop.cart:add
  handlerid explain shop.cart:add shop.cart:add_all

exit code: 0; 1 if two ids differ; 2 for a mistake
""",
    ),
    "scan": _Command(
        "what Registry.scan finds in a package, and what it skips",
        _scan,
        """\
  handlerid scan shop
  handlerid scan shop --registry shop.app:registry

exit code: 0; 1 if a module or a handler failed; 2 for a mistake
""",
    ),
    "parse": _Command(
        "whose id or token this is",
        _parse,
        """\
  handlerid parse h1-q3x3h77e3e6e4-n2lztrboijtkjhnj3noa.click --manifest r41.json
  grep refused app.log | handlerid parse - --package shop

exit code: 0; 1 if an id is of no handler of the manifest or package; 2 for a mistake,
also a text without an id
""",
    ),
    "stable": _Command(
        "whether ids are the same in every process",
        _stable,
        """\
The module is imported in fresh processes: handlerid.testing.assert_stable.

  handlerid stable shop
  handlerid stable shop --handlers tests.rows:closures --identity shop.app:identity

exit code: 0; 1 if ids differ, or a process failed; 2 for a mistake
""",
    ),
    "check": _Command(
        "mistakes with handlers, found in source text",
        _check,
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
            command.fill(one)
    return parser
