"""Finding a handler that is not registered.

What belongs here: in which order who is asked, and what is said when nobody knows. A
resolver is a function of the host's that gets an id and a fresh scope, and registers in
it what it knows; one that does not know the handler may raise ``UnknownHandler`` or
``StaleHandler``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlerid._handler_id import HandlerId
from handlerid._locations import closest
from handlerid.errors import StaleHandler, UnknownHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from handlerid._binding import BoundHandler
    from handlerid._registry import Registry

    Resolver = Callable[[HandlerId, Registry], object]

__all__ = ["rerender", "resolve"]


def resolve(
    registry: Registry, resolvers: Iterable[Resolver], handler_id: str
) -> BoundHandler:
    """Finds a handler in the registry or by a resolver, or says why there is none.

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
                resolver(wanted, scope)
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
    is used, and the scope is closed when the handler has been found.
    """

    def resolver(_: HandlerId, scope: Registry) -> None:
        page(scope)

    return resolver
