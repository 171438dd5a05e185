"""Finding a handler that is not registered.

What belongs here: in which order who is asked, and what is said when nobody knows. A
resolver is a function of the host's that gets an id and a fresh scope, and registers in
it what it knows; one that does not know the handler may raise ``UnknownHandler`` or
``StaleHandler``.

Resolvers may be asynchronous. So ``resolve`` is a generator that yields what has to be
awaited, and goes on when that is done.
"""

from __future__ import annotations

from contextvars import copy_context
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING

from handlerid._handler_id import HandlerId
from handlerid._locations import closest
from handlerid.errors import StaleHandler, UnknownHandler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable

    from handlerid._binding import BoundHandler
    from handlerid._registry import Registry

    Resolver = Callable[[HandlerId, Registry], object]

__all__ = ["rerender", "resolve"]


def resolve(
    registry: Registry, resolvers: Iterable[Resolver], handler_id: str
) -> Generator[Awaitable[object], None, BoundHandler]:
    """Finds a handler in the registry or by a resolver, or says why there is none.

    Yields what resolvers returned that has to be awaited, and returns the handler.

    Raises:
        MalformedPayload: the text is not an id.
        StaleHandler: its location is known, its code is not.
        UnknownHandler: there is no such handler here.
    """
    try:
        return registry.resolve(handler_id, stale="refuse")
    except (UnknownHandler, StaleHandler) as error:
        refusal = error
    wanted = HandlerId.parse(handler_id)
    # A stale id is accepted last, when nobody has the very handler, and only if all
    # who were asked know one and the same that may stand for it.
    known = _at_location(registry, wanted)
    for resolver in resolvers:
        with registry.scope() as scope:
            try:
                answer = resolver(wanted, scope)
                if isawaitable(answer):
                    yield answer
                return scope.resolve(handler_id, stale="refuse")
            except (UnknownHandler, StaleHandler) as error:
                # That a location is known says more than that another is not.
                if not isinstance(refusal, StaleHandler):
                    refusal = error
            known |= _at_location(scope, wanted)
    near = closest(wanted, known)
    if near is not None and registry.accepts(near):
        return known[near]
    raise refusal


def _at_location(
    registry: Registry, wanted: HandlerId
) -> dict[HandlerId, BoundHandler]:
    """What is registered at the location of an id."""
    ids = registry.at_location(wanted.location)
    found = {one: registry.find(one) for one in ids}
    return {one: handler for one, handler in found.items() if handler is not None}


def rerender(page: Callable[[Registry], object]) -> Resolver:
    """Makes a resolver that runs the host's page function.

    The page registers its handlers anew in the scope that it is given, as it did
    when it was rendered; closures are there again. Nothing else of what it returns
    is used, nor iterated over: what a page registers after a ``yield`` is not found.
    The scope is closed when the handler has been found. What the page
    raises passes through.

    Args:
        page: is called with the scope, in a copy of the context: the handler does not
            see what it sets there, as little as on the day when it was rendered. An
            ``async def`` is awaited in the context of whoever awaits it.
    """

    def resolver(_: HandlerId, scope: Registry) -> object:
        return copy_context().run(page, scope)

    async def later(_: HandlerId, scope: Registry) -> None:
        answer = page(scope)
        if isawaitable(answer):
            await answer

    return later if iscoroutinefunction(page) else resolver
