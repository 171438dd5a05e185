"""``handlerid check``: reads files, and prints what is wrong with handlers in them."""

from __future__ import annotations

import argparse
import ast
import gc
import sys
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias, get_args

from handlerid.check.annotations import check_annotations
from handlerid.check.closures import check_closures
from handlerid.check.evaluation import Values
from handlerid.check.files import is_silenced, python_files
from handlerid.check.findings import Finding
from handlerid.check.modules import Modules
from handlerid.check.scopes import Scope, last_name

Captures: TypeAlias = Literal["warn", "allow", "refuse", "distinct", "carry"]


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
        return _check(dict.fromkeys(python_files(paths)), captures)
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
        findings = check_closures(module, modules, values, modes)
        for one in (*findings, *check_annotations(module)):
            found.setdefault(one[:4], one)
    placed = [_placed(one, modules.lines(one.path)) for one in found.values()]
    placed = [x for x in placed if not is_silenced(x, modules.lines(x.path))]
    return sorted(modules.failed + placed)


def _placed(finding: Finding, lines: list[str]) -> Finding:
    """Return a finding with its column in characters instead of bytes."""
    before = lines[finding.line - 1].encode()[: finding.column - 1]
    return finding._replace(column=len(before.decode(errors="ignore")) + 1)


def _modes(module: Scope) -> Iterable[str]:
    """Yield how captures are treated, as far as a module says it."""
    for runner in module.runners:
        for call in runner.calls:
            name = last_name(call.node.func)
            if name not in ("Registry", "install", "Handlers"):
                continue
            given = [x.value for x in call.node.keywords if x.arg == "captures"]
            if given and isinstance(given[0], ast.Constant):
                yield str(given[0].value)
            elif name == "install" and _is_ours(module, name, "mesop"):
                yield "distinct"
            elif name == "Handlers" and _is_ours(module, name, "starlette"):
                yield "carry"


def _is_ours(module: Scope, name: str, host: str) -> bool:
    return any(
        isinstance(one.node, ast.ImportFrom)
        and one.node.module == f"handlerid.integrations.{host}"
        for one in module.bindings.get(name, ())
    )


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
