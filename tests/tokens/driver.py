"""What the processes of the tests of closures do: render and pack, or unpack and call.

What belongs here: the two programs. They print JSON, for each handler of ``pages``:
its id, the packed bytes in hexadecimal, and what it returned, as text.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

import pages  # type: ignore[import-not-found]

from handlerid import HandlerId, Identity
from handlerid._registry.scan import CodeIndex
from handlerid._tokens import Closures


def make_closures() -> Closures:
    identity = Identity()
    index = CodeIndex(identity)
    index.add(pages)
    return Closures(identity, index)


def outcome(handler: Callable[..., Any]) -> str:
    """What a call returns, to the end, and again."""

    async def steps(results: Any) -> list[Any]:
        return [one async for one in results]

    def once() -> object:
        result = handler(4)
        if inspect.isasyncgen(result):
            return asyncio.run(steps(result))
        if inspect.isawaitable(result):
            return asyncio.run(result)  # type: ignore[arg-type]
        return list(result) if inspect.isgenerator(result) else result

    return f"{once()!r} {once()!r}"


def render() -> None:
    closures = make_closures()
    printed = {}
    for name, handler in pages.page(2).items():
        data = closures.pack(handler)
        handler_id = closures.identity.handler_id(handler, "click", captures=True)
        printed[name] = [handler_id, data.hex(), about(handler)]
    print(json.dumps(printed))


def answer(file: str) -> None:
    closures = make_closures()
    printed = {}
    with open(file, encoding="ascii") as rendered:  # noqa: PTH123
        for name, (handler_id, data, _) in json.load(rendered).items():
            handler = closures.rebuild(
                HandlerId.parse(handler_id), bytes.fromhex(data)
            ).fn
            again = closures.pack(handler).hex()
            its = closures.identity.handler_id(handler, "click", captures=True)
            printed[name] = [its, again, about(handler)]
    assert pages.RENDERED == [], pages.RENDERED
    print(json.dumps(printed))


def about(handler: Any) -> list[Any]:
    """What can be seen of a handler, and what it does."""
    names = ["__name__", "__qualname__", "__module__", "debounce"]
    seen = [repr(getattr(handler, name, None)) for name in names]
    wrapped = getattr(handler, "__wrapped__", None)
    try:
        what = outcome(handler)
    except AttributeError:  # objects have no __name__
        what = f"{handler(4)!r} {handler(4)!r}"
    return [*seen, type(wrapped).__name__, what]


if __name__ == "__main__":
    render() if sys.argv[1] == "render" else answer(sys.argv[2])
