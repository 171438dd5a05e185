"""``handlerid ids``, ``explain``, ``scan`` and ``stable``: handlers of modules."""

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from handlerid._cli.answers import Answer, Mistake, painter
from handlerid._cli.targets import (
    add_identity,
    expect_module,
    identity_of,
    imports,
    object_of,
)

if TYPE_CHECKING:
    from handlerid.errors import ScanFailed


def _add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def _as_json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def add_ids(parser: ArgumentParser) -> None:
    """Add the arguments of ``handlerid ids``."""
    parser.add_argument("package", metavar="PACKAGE", help="a module's name")
    parser.add_argument(
        "--all",
        action="store_true",
        help="of every function, also of those that name no event type",
    )
    add_identity(parser)
    _add_json(parser)
    parser.set_defaults(run=_ids)


def _ids(options: Namespace) -> Answer:
    from handlerid import Identity  # noqa: PLC0415
    from handlerid._cli.manifests import failures  # noqa: PLC0415
    from handlerid.manifest import build  # noqa: PLC0415
    from handlerid.manifest.lookup import Found  # noqa: PLC0415

    expect_module(options.package)
    identity = identity_of(options) or Identity()
    with imports():
        manifest = build(options.package, identity=identity)
    found = [
        one
        for place, several in sorted(manifest.functions.items())
        for one in (Found(place, function) for function in several)
        if options.all or one.is_handler
    ]
    notes = failures(manifest)
    ids = [(one, handler_id) for one in found for handler_id in one.ids(identity)]
    code = int(bool(manifest.failed))
    if options.json:
        rows: list[dict[str, Any]] = [
            {
                "id": handler_id,
                "module": one.place[0],
                "qualname": one.place[1],
                "event": handler_id.event or None,
            }
            for one, handler_id in ids
        ]
        return Answer(_as_json(rows), code, notes)
    if not ids and not options.all:
        notes += "no function names an event type; --all shows the others\n"
    return Answer("".join(f"{x}  {one.name}\n" for one, x in ids), code, notes)


def add_explain(parser: ArgumentParser) -> None:
    """Add the arguments of ``handlerid explain``."""
    parser.add_argument("handler", metavar="MODULE:NAME", help="a handler")
    parser.add_argument("other", metavar="MODULE:NAME", nargs="?", help="a second one")
    parser.add_argument("--event", metavar="NAME", help="the event's wire name")
    parser.add_argument(
        "--captures", action="store_true", help="as if captures were part of ids"
    )
    add_identity(parser)
    _add_json(parser)
    parser.set_defaults(run=_explain)


def _explain(options: Namespace) -> Answer:
    from handlerid import Difference, HandlerIdError, explain  # noqa: PLC0415

    identity = identity_of(options)
    names = [options.handler, *([options.other] if options.other else [])]
    explanations = []
    for name in names:
        fn = object_of(name)
        if not callable(fn):
            raise Mistake(f"{name} is not callable: {type(fn).__name__}")
        try:
            explanations.append(
                explain(
                    fn,
                    identity=identity,
                    event=options.event,
                    captures=options.captures,
                )
            )
        except (HandlerIdError, ValueError) as error:
            raise Mistake(str(error)) from error
    found: Any = explanations[0]
    if options.other:
        found = Difference.between(*explanations)
    code = int(bool(options.other) and bool(found))
    if options.json:
        both: Any = found.as_dict() if not options.other else found.parts
        return Answer(_as_json(both), code)
    paint = painter()
    lines = [
        paint(line, {"-": "red", "+": "green"}[sign])
        if options.other and (sign := line.lstrip()[:1]) in ("-", "+")
        else line
        for line in str(found).split("\n")
    ]
    return Answer("\n".join(lines) + "\n", code)


def add_scan(parser: ArgumentParser) -> None:
    """Add the arguments of ``handlerid scan``."""
    parser.add_argument("package", metavar="PACKAGE", help="a module's name")
    parser.add_argument(
        "--registry",
        metavar="MODULE:NAME",
        help="the host's Registry or Dispatcher (default: a new Registry, which does "
        "not know what was decorated for another)",
    )
    _add_json(parser)
    parser.set_defaults(run=_scan)


def _scan(options: Namespace) -> Answer:
    from handlerid import Dispatcher, Registry  # noqa: PLC0415

    expect_module(options.package)
    registry: Any = Registry(captures="allow")
    if options.registry:
        registry = object_of(options.registry)
        if isinstance(registry, Dispatcher):
            registry = registry.registry
        if not isinstance(registry, Registry):
            raise Mistake(f"{options.registry} is no Registry, and no Dispatcher")
    failed: list[ScanFailed] = []
    with imports():
        found = registry.scan(options.package, on_error=failed.append)
    if options.json:
        rows = [
            {
                "id": one,
                "module": one.module,
                "qualname": one.qualname,
                "event": one.event or None,
            }
            for one in found
        ]
        document = {
            "found": rows,
            "modules": found.modules,
            "skipped": found.skipped,
            "failed": [str(one) for one in failed],
        }
        return Answer(_as_json(document), int(bool(failed)))
    return Answer(f"{found}\n", int(bool(failed)))


def add_stable(parser: ArgumentParser) -> None:
    """Add the arguments of ``handlerid stable``."""
    parser.add_argument("package", metavar="PACKAGE", help="a module's name")
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
    parser.set_defaults(run=_stable)


def _stable(options: Namespace) -> Answer:
    from handlerid.testing import assert_stable  # noqa: PLC0415

    for one in (options.package, options.handlers, options.identity):
        if one is not None:
            expect_module(one.partition(":")[0])
    try:
        assert_stable(
            options.package,
            handlers=options.handlers,
            identity=options.identity,
            directory=not options.no_directory,
            pythons=options.python,
            timeout=options.timeout,
        )
    except AssertionError as error:
        return Answer("", 1, f"{error}\n")
    except ValueError as error:
        said = str(error).replace("pass directory=False", "say --no-directory")
        raise Mistake(said) from error
    return Answer(f"{options.package}: the ids are the same in every process\n")
