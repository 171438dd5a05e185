"""One user's click runs another user's closure; and what prevents it, one by one."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Registry, Scope, Tokens
from handlerid.errors import CapturesReplaced, HandlerIdError, OtherAudience

KEY = bytes(range(32))


def app_with(captures: Any) -> Dispatcher:
    """A server that has imported the application and rendered nothing."""
    registry = Registry(captures=captures)
    registry.scan(sys.modules[__name__])
    return Dispatcher(registry, tokens=Tokens(KEY))


def offer(page: Registry | Scope, user: str) -> str:
    """Offer one button that shows whose account it is."""

    def on_show(event: ClickEvent) -> str:
        return f"the account of {user}"

    return page.offer(on_show) if isinstance(page, Scope) else page.register(on_show)


def test_the_leak() -> None:
    """One registry for all: the last rendering answers for everybody."""
    registry = Registry(captures="allow")
    alice, _ = offer(registry, "alice"), offer(registry, "bob")
    answer = Dispatcher(registry).dispatch({"handler": alice})
    assert answer == "the account of bob"


def test_a_scope_closes_it() -> None:
    app = Dispatcher(Registry())
    with app.scope() as hers, app.scope() as his:
        alice, bob = offer(hers, "alice"), offer(his, "bob")
    assert app.dispatch({"handler": alice}, scope=hers) == "the account of alice"
    assert app.dispatch({"handler": bob}, scope=his) == "the account of bob"
    with pytest.raises(HandlerIdError):
        app.dispatch({"handler": alice})


def test_refuse_closes_it() -> None:
    """The second page is not rendered; what the first one shows stays hers."""
    registry = Registry(captures="refuse")
    alice = offer(registry, "alice")
    with pytest.raises(CapturesReplaced):
        offer(registry, "bob")
    answer = Dispatcher(registry).dispatch({"handler": alice})
    assert answer == "the account of alice"


def test_distinct_closes_it() -> None:
    """No click is mistaken; but who learns an id may send it, as any id."""
    registry = Registry(captures="distinct")
    alice, bob = offer(registry, "alice"), offer(registry, "bob")
    app = Dispatcher(registry)
    assert app.dispatch({"handler": alice}) == "the account of alice"
    assert app.dispatch({"handler": bob}) == "the account of bob"


@pytest.mark.parametrize("captures", ["distinct", "carry"])
def test_tokens_close_it(captures: str) -> None:
    """With the captures in the id, and the token bound to whom it was offered.

    Under ``carry`` also where nobody registered her closure: her token brings it.
    """
    app, other = app_with(captures), app_with(captures)
    with app.scope(audience="alice") as hers, app.scope(audience="bob") as his:
        alice, bob = offer(hers, "alice"), offer(his, "bob")
    for server in [app, other] if captures == "carry" else [app]:
        for user, reference in (("alice", alice), ("bob", bob)):
            payload = {"handler": reference}
            answer = server.dispatch(payload, audience=user, scope=[his, hers])
            assert answer == f"the account of {user}"
        with pytest.raises(OtherAudience):
            server.dispatch({"handler": alice}, audience="bob")
