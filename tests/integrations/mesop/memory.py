"""Memory that renderings keep.

    python -m tests.integrations.mesop.memory [--alone] [--renders N]

A page with a closure, a partial and a wrapper, each made anew, is rendered N times,
each time in a request of its own, as Mesop does. Printed are the handlers that are
still alive then, and by how much the memory has grown that Python objects take.
"""

from __future__ import annotations

import argparse
import gc
import json
import tracemalloc
from functools import partial
from types import FunctionType
from typing import Any

import mesop as me
from flask import Flask
from mesop.runtime import runtime

from handlerid.integrations.mesop import install

WARM_UP = 100
"""Renderings before anything is measured."""


def take(event: me.ClickEvent, item: str) -> None:
    """Do nothing."""


def logged(handler: Any) -> Any:
    def wrapper(event: Any) -> None:
        handler(event)

    return wrapper


def page() -> None:
    count = [0]

    def on_click(event: me.ClickEvent) -> None:
        count[0] += 1

    me.button("closure", on_click=on_click)
    me.button("wrapper", on_click=logged(on_click))
    me.button("partial", on_click=partial(take, item="tea"))


def alive() -> int:
    """Count the handlers that renderings made and that are still alive."""
    gc.collect()
    made = ("page.<locals>.on_click", "logged.<locals>.wrapper")
    return sum(
        (type(one) is FunctionType and one.__qualname__ in made)
        or (type(one) is partial and one.func is take)
        for one in gc.get_objects()
    )


def measure(renders: int) -> dict[str, int]:
    """Render; return how many handlers are alive then and how much memory grew."""
    flask = Flask(__name__)
    me.page(path="/")(page)

    def render(times: int) -> None:
        for _ in range(times):
            with flask.test_request_context("/"):
                runtime().run_path("/")

    render(WARM_UP)
    before = alive()
    tracemalloc.start()
    held, _ = tracemalloc.get_traced_memory()
    render(renders)
    kept = alive() - before
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    return {"renders": renders, "handlers kept": kept, "bytes grown": grown}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.integrations.mesop.memory")
    parser.add_argument("--alone", action="store_true", help="Mesop without handlerid")
    parser.add_argument("--renders", type=int, default=10_000)
    arguments = parser.parse_args()
    if not arguments.alone:
        install()
    print(json.dumps(measure(arguments.renders)))


if __name__ == "__main__":
    main()
