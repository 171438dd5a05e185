"""``handlerid check``: reads files, and prints what is wrong with handlers in them."""

from __future__ import annotations

import argparse
import ast
import gc
import sys
from collections.abc import Iterable, Sequence
from typing import get_args

from handlerid import Captures
from handlerid.check.annotations import check_annotations
from handlerid.check.closures import check_closures
from handlerid.check.evaluation import Values
from handlerid.check.findings import Finding, placed
from handlerid.check.modules import Modules
from handlerid.check.scopes import Scope, last_name

# What integrations do by themselves.
_MODES = {
    "install": ("handlerid.integrations.mesop", "distinct"),
    "Handlers": ("handlerid.integrations.starlette", "carry"),
}


def check_paths(
    paths: Iterable[str], *, captures: Captures | None = None
) -> list[Finding]:
    """Check files, and all Python files in folders; nothing in them is run.

    Args:
        paths: files and folders.
        captures: of the registry, as ``Registry`` takes it; by default what the files
            say, or ``"warn"``.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    collects = gc.isenabled()
    gc.disable()  # nothing is freed here, and the collector takes a third of the time
    try:
        return _check(paths, captures)
    finally:
        if collects:
            gc.enable()


def _check(paths: Iterable[str], captures: str | None) -> list[Finding]:
    modules = Modules(paths)
    every, values = [*modules], Values(modules)
    modes = {captures} if captures else {mode for one in every for mode in _modes(one)}
    modes -= {"warn", "refuse"}
    found: dict[tuple[str, int, int, str], Finding] = {}
    for module in every:
        closures = check_closures(module, values, modes)
        for one in (*closures, *check_annotations(module, values)):
            found.setdefault(one[:4], one)
    return sorted([*modules.failed, *placed(found.values())])


def _modes(module: Scope) -> Iterable[str]:
    """Yield how captures are treated, as far as a module says it."""
    for runner in module.runners:
        for call, _ in runner.calls:
            name = last_name(call.func)
            if name not in ("Registry", *_MODES):
                continue
            given = [x.value for x in call.keywords if x.arg == "captures"]
            source, mode = _MODES.get(name, ("", ""))
            if given and isinstance(given[0], ast.Constant):
                yield str(given[0].value)
            elif source in [one.source for one in module.bindings.get(name, ())]:
                yield mode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``handlerid check``."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder")
    parser.add_argument("--format", choices=("text", "github"), default="text")
    parser.add_argument(
        "--captures",
        choices=get_args(Captures),
        help="of the registry, if the files do not say it (default: warn)",
    )


def run(options: argparse.Namespace) -> int:
    """Check and print; return 0 if nothing was found, 1 if something was.

    2 is for a path that does not exist.
    """
    try:
        found = check_paths(options.paths, captures=options.captures)
    except FileNotFoundError as error:
        print(f"handlerid check: {error}", file=sys.stderr)  # noqa: T201
        return 2
    for one in found:
        print(one.github() if options.format == "github" else one)  # noqa: T201
    if options.format == "text":
        number = f"Found {len(found)} error{'s' * (len(found) > 1)}."
        print(number if found else "All checks passed!")  # noqa: T201
    return 1 if found else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``handlerid check`` with arguments, or with those of the process."""
    parser = argparse.ArgumentParser(
        prog="handlerid check",
        description="Find handlers that share an id, annotations that do not resolve, "
        "and wrappers without functools.wraps. Nothing is imported or run.",
    )
    add_arguments(parser)
    return run(parser.parse_args(arguments))
