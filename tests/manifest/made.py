"""Compares what code says of the functions it makes with the functions it made.

Run in a fresh process of any Python; prints counts, then what differs.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from types import FunctionType
from typing import Any

from handlerid._manifest.code import (
    UNKNOWN,
    FunctionCode,
    defaults_of,
    functions_in_code,
)
from handlerid._peek import find

# Of the standard library and of this one: annotations, defaults, decorators, branches.
MODULES = (
    *("argparse", "ast", "asyncio.base_events", "collections", "configparser", "csv"),
    *("dataclasses", "datetime", "difflib", "dis", "doctest", "email.message"),
    *("fractions", "functools", "importlib.metadata", "inspect", "json.encoder"),
    *("logging.handlers", "optparse", "pathlib", "random", "shutil", "statistics"),
    *("subprocess", "tarfile", "tempfile", "textwrap", "threading", "typing"),
    *("typing_extensions", "unittest.mock", "zipfile"),
    *("handlerid._decoding.readers", "handlerid._dispatch.dispatcher"),
    *("handlerid._identity.identity", "handlerid._manifest.code"),
    *("handlerid._registry.entries", "handlerid._tokens.tokens", "handlerid.errors"),
    *("handlerid.events.base", "handlerid.executors", "handlerid.manifest.build"),
)


def differences(
    one: FunctionCode, names: dict[str, object], counts: Counter[str]
) -> list[object]:
    """What the code says of a function that a module holds, and is not so."""
    fn: object = find(names, one.code.co_qualname)
    if isinstance(fn, (staticmethod, classmethod)):
        fn = fn.__func__
    if type(fn) is not FunctionType or fn.__code__ != one.code:
        return []
    counts["functions"] += 1
    counts["defaults"] += len(one.made.defaults)
    found: list[object] = []
    if one.made.defaults != defaults_of(fn):
        found.append(one.made.defaults)
    annotations = {x: y for x, y in fn.__annotations__.items() if x != "return"}
    if annotations.keys() != one.made.annotations.keys():
        return [*found, *one.made.annotations]
    for name, text in one.made.annotations.items():
        annotation = annotations[name]
        counts["unknown" if text == UNKNOWN else "annotations"] += 1
        if text in (UNKNOWN, annotation):
            continue
        if isinstance(annotation, str) or eval(text, names) != annotation:
            found.append([name, text])
    return found


def main() -> None:
    counts: Counter[str] = Counter()
    wrong: dict[str, list[object]] = {}
    for name in MODULES:
        module: Any = importlib.import_module(name)
        code = module.__spec__.loader.get_code(name)
        for one in functions_in_code(code):
            found = differences(one, vars(module), counts)
            wrong |= {f"{name}.{one.code.co_qualname}": found} if found else {}
    json.dump([counts, wrong], sys.stdout)


if __name__ == "__main__":
    main()
