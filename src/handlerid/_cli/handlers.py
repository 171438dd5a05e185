"""``handlerid explain``, ``scan``, ``stable`` and ``check``: no manifest is built."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import handlerid
from handlerid import Identity, Registry
from handlerid._cli.common import (
    Answer,
    Mistake,
    as_json,
    as_rows,
    expect_module,
    host_object,
    identity_of,
    imports,
    mistakes,
    object_of,
    painter,
)


def run_explain(options: Namespace) -> Answer:
    """Explain an id, or the difference between two."""
    identity = identity_of(options)
    explanations = [
        _written(name)
        if name.endswith(".json")
        else _explanation(name, identity, options)
        for name in filter(None, (options.handler, options.other))
    ]
    if not options.other:
        (one,) = explanations
        return Answer(as_json(one.as_dict()) if options.json else f"{one}\n")
    found = handlerid.Difference.between(*explanations)
    if options.json:
        return Answer(as_json(found.parts), int(bool(found)))
    paint, colours = painter(), {"-": "red", "+": "green"}
    lines = [
        paint(line, colours[sign]) if (sign := line.lstrip()[:1]) in colours else line
        for line in str(found).split("\n")
    ]
    return Answer("\n".join(lines) + "\n", int(bool(found)))


def _explanation(name: str, identity: Identity | None, options: Namespace) -> Any:
    fn = object_of(name)
    if not callable(fn):
        raise Mistake(f"{name} is not callable: {type(fn).__name__}")
    given = {"event": options.event, "captures": options.captures}
    with mistakes():
        return handlerid.explain(fn, identity=identity, **given)


def _written(path: str) -> Any:
    """Read an explanation that --json wrote, maybe before the code was edited."""
    with mistakes(path):
        content = Path(path).read_bytes()
    try:
        return handlerid.Explanation.from_dict(json.loads(content))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise Mistake(f"{path} was not written by handlerid explain --json") from error


def run_scan(options: Namespace) -> Answer:
    """Scan a package."""
    expect_module(options.package)
    registry: Any = Registry(captures="allow")
    if options.registry:
        registry = host_object(options.registry)
        if not isinstance(registry, Registry):
            raise Mistake(f"{options.registry} is no Registry, and no Dispatcher")
    failed: list[Exception] = []
    with imports():
        found = registry.scan(options.package, on_error=failed.append)
    document = {
        "found": as_rows(found),
        "modules": found.modules,
        "skipped": found.skipped,
        "failed": [str(one) for one in failed],
    }
    text = as_json(document) if options.json else f"{found}\n"
    return Answer(text, int(bool(failed)))


def run_stable(options: Namespace) -> Answer:
    """Compare the ids of fresh processes."""
    from handlerid.testing import assert_stable  # noqa: PLC0415 - for this one alone

    for one in filter(None, (options.package, options.handlers, options.identity)):
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


def run_check(options: Namespace) -> Answer:
    """Check source text."""
    from handlerid.check import run  # noqa: PLC0415 - for this one alone

    return Answer("", run(options))
