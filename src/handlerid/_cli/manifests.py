"""``handlerid manifest`` and ``handlerid diff``."""

import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handlerid._cli.answers import Answer, Mistake, painter
from handlerid._cli.screen import as_annotations, as_markdown, as_text
from handlerid._cli.summary import BREAKS, Summary
from handlerid._cli.targets import (
    add_identity,
    add_keys,
    expect_module,
    identity_of,
    imports,
    keyed_identity,
)
from handlerid.manifest import Manifest, build, diff, read_seen

if TYPE_CHECKING:
    from handlerid.manifest import Seen

_KINDS = (*BREAKS, "unknown")


def add_manifest(parser: ArgumentParser) -> None:
    """Add the arguments of ``handlerid manifest``."""
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
    add_identity(parser)
    parser.set_defaults(run=_manifest)


def _manifest(options: Namespace) -> Answer:
    if options.identity and options.fingerprint:
        raise Mistake("--identity says the fingerprint; leave --fingerprint out")
    for one in options.packages:
        expect_module(one)
    identity = identity_of(options)
    with imports():
        manifest = build(
            *options.packages,
            identity=identity,
            fingerprint=options.fingerprint,
            release=options.release,
        )
    notes = failures(manifest)
    content, code = manifest.to_bytes(), int(bool(manifest.failed))
    if options.output is None:
        return Answer(content.decode(), code, notes)
    try:
        manifest.write(options.output)
    except OSError as error:
        raise Mistake(
            f"{options.output} cannot be written: {error.strerror}"
        ) from error
    functions = sum(map(len, manifest.functions.values()))
    modules = len({module for module, _ in manifest.functions})
    text = f"{options.output}: {functions} functions in {modules} modules\n"
    return Answer(text, code, notes)


def failures(manifest: Manifest) -> str:
    """Return the modules that were not imported, a line each."""
    failed = sorted(manifest.failed.items())
    lines = [f"failed: {name}: {error}\n" for name, error in failed]
    if failed:
        lines.append(
            f'to see why: {Path(sys.executable).name} -c "import {failed[0][0]}"\n'
        )
    return "".join(lines)


def add_diff(parser: ArgumentParser) -> None:
    """Add the arguments of ``handlerid diff``."""
    parser.add_argument("old", metavar="OLD", help="the manifest of the pages' release")
    parser.add_argument("new", metavar="NEW", help="the manifest of the next release")
    parser.add_argument(
        "--seen",
        metavar="FILE",
        help="clicks on the old release: what handlerid.manifest.count wrote, or any "
        "text with their ids or tokens, such as a log; - for the input",
    )
    add_keys(parser)
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
    parser.set_defaults(run=_diff)


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(one.strip() for one in text.split(","))
    for one in kinds:
        if one not in _KINDS:
            raise ArgumentTypeError(f"{one!r} is none of {', '.join(_KINDS)}")
    return kinds


def _diff(options: Namespace) -> Answer:
    old, new = read_manifest(options.old), read_manifest(options.new)
    seen = None if options.seen is None else _read_seen(options.seen)
    identity = keyed_identity(options, old)
    try:
        found = diff(old, new, seen=seen, identity=identity)
    except ValueError as error:
        raise Mistake(str(error)) from error
    summary = Summary(
        diff=found,
        every=options.all,
        keyed=identity is not None,
        damaged=seen.damaged if seen else 0,
    )
    broken = summary.of_kind(*options.fail_on)
    failed = _failed(options.fail_on, [one.kind for one in broken]) if broken else ""
    title = f"{_named(options.old, old)} to {_named(options.new, new)}, "
    title += f"{new.fingerprint}{f' of {new.python}' if new.python else ''}"
    notes = ""
    if options.format == "json":
        document = found.as_dict() | {"failed_on": sorted({x.kind for x in broken})}
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    elif options.format == "github":
        text = as_markdown(summary, title, full=options.full, failed=failed)
        notes = as_annotations(summary, failed=failed)
    else:
        paint = painter()
        text = as_text(summary, title, paint, full=options.full, failed=failed)
    return Answer(text, int(bool(broken)), notes)


def _failed(asked: Sequence[str], kinds: list[str]) -> str:
    counts = ", ".join(f"{kinds.count(x)} {x}" for x in asked if x in kinds)
    return f"--fail-on {','.join(asked)} is met: {counts}."


def _named(path: str, manifest: Manifest) -> str:
    return f"{path} ({manifest.release})" if manifest.release else path


def read_manifest(path: str) -> Manifest:
    """Read a manifest that an argument names."""
    try:
        return Manifest.read(path)
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Mistake(str(error)) from error


def _read_seen(path: str) -> "Seen":
    try:
        return read_seen(sys.stdin.buffer if path == "-" else path)
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}") from error
