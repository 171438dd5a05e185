"""What every way of naming a function answers in this process, about these handlers.

    python -m benchmarks.peers.answers FOLDER [--trace] [--peers NAME ...]

It runs in the fresh processes of ``groups.correctness``. The folder has ``first`` and
``second``, with the two handlers of each pair as the modules of one name, and in
``first`` the module ``golden``, with many in a dictionary. Prints the answers as JSON:
by peer, by handler, an id or the error.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import io
import itertools
import json
import random
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from pathlib import Path
from typing import Any

from benchmarks.peers import hashing
from handlerid import Identity

__all__ = ["OURS", "REFUSED"]

OURS: dict[str, Callable[[], hashing.Hashing]] = {
    "handlerid": lambda: Identity().handler_id,
    "handlerid, of the source": lambda: Identity(fingerprint="source").handler_id,
}
REFUSED = "refused: "
"""What an answer begins with that is an error."""


# Handlers that have nothing stable to be named by: each has to be refused. A way that
# gives one of them an id in spite of that may give another one in the next process.

partial: Any = functools.partial


class Session:
    """Has nothing but its address."""


class Named:
    """Its ``repr`` has the address in it."""

    def __repr__(self) -> str:
        return f"<Named at {id(self):#x}>"


def on_click(*args: object) -> None: ...


session = Session()

UNSTABLE: dict[str, Any] = {
    "an object bound": partial(on_click, session),
    "an object with a repr bound": partial(on_click, Named()),
    "an object in a list bound": partial(on_click, [session]),
    "an object in a dict bound": partial(on_click, {"session": session}),
    "a lock bound": partial(on_click, threading.Lock()),
    "a file bound": partial(on_click, io.StringIO()),
    "an iterator bound": partial(on_click, iter([1])),
    "a generator bound": partial(on_click, (one for one in [1])),
    "a counter bound": partial(on_click, itertools.count()),
    "a random generator bound": partial(on_click, random.Random()),
    "a weak reference bound": partial(on_click, weakref.ref(session)),
    "a thread bound": partial(on_click, threading.current_thread()),
}


def load(file: Path) -> Any:
    """Runs a file as the module of its name."""
    name = file.stem
    sourceless = file.suffix == ".pyc"
    loader = SourcelessFileLoader if sourceless else SourceFileLoader
    spec = importlib.util.spec_from_file_location(
        name, file, loader=loader(name, str(file))
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def handlers(folder: Path) -> Iterator[tuple[str, Any]]:
    """Labels and handlers; a module stays the one of its name while it is asked for.

    A pair's module has one, the last name in it.
    """
    for name, handler in UNSTABLE.items():
        yield f"unstable: {name}", handler
    for side in ("first", "second"):
        for file in sorted(folder.joinpath(side).iterdir()):
            if file.suffix not in (".py", ".pyc"):
                continue
            module = load(file)
            if file.stem == "golden":
                for name, handler in module.HANDLERS.items():
                    yield f"golden: {name}", handler
            else:
                yield f"{file.stem} {side}", list(vars(module).values())[-1]


def answer(way: hashing.Hashing, handler: Any) -> str:
    """The id, or the error's name."""
    try:
        return str(way(handler))
    except Exception as error:  # noqa: BLE001 - each has its own ways to refuse
        return REFUSED + type(error).__name__


def main() -> None:
    """Asks all, and prints what they answer."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.answers")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--peers", nargs="*", default=[])
    options = parser.parse_args()
    ways = {name: make() for name, make in OURS.items()}
    for name in options.peers:
        way = hashing.load(name)
        if way is not None:
            ways[name] = way
    if options.trace:

        def trace(*_: object) -> Any:
            return trace

        sys.settrace(trace)
    found: dict[str, dict[str, str]] = {name: {} for name in ways}
    for label, handler in handlers(options.folder):
        for name, way in ways.items():
            found[name][label] = answer(way, handler)
    sys.settrace(None)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
