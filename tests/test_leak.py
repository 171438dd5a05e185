"""One user's click runs another user's closure; and what prevents it, one by one."""

from __future__ import annotations

import sys

import pytest

from handlerid import ClickEvent, Dispatcher, Registry, Tokens
from handlerid.errors import CapturesReplaced, HandlerIdError, NotAllowed

KEY = bytes(range(32))


def page(dispatcher: Dispatcher, user: str, audience: str | None = None) -> str:
    """A page with one button that shows whose account it is."""

    def on_show(event: ClickEvent) -> str:
        return f"the account of {user}"

    return dispatcher.offer(on_show, audience=audience)


def test_the_leak() -> None:
    """One registry for all: whoever renders last answers for everybody."""
    dispatcher = Dispatcher(Registry(captures="allow"))
    alice, _ = page(dispatcher, "alice"), page(dispatcher, "bob")
    assert dispatcher.dispatch({"handler": alice}) == "the account of bob"


def test_a_scope_closes_it() -> None:
    registry = Registry()
    with registry.scope() as hers, registry.scope() as his:
        alice, bob = page(Dispatcher(hers), "alice"), page(Dispatcher(his), "bob")
        assert Dispatcher(hers).dispatch({"handler": alice}) == "the account of alice"
        assert Dispatcher(his).dispatch({"handler": bob}) == "the account of bob"
    with pytest.raises(HandlerIdError):
        Dispatcher(registry).dispatch({"handler": alice})


def test_refuse_closes_it() -> None:
    """The second page is not rendered; what the first one shows stays hers."""
    dispatcher = Dispatcher(Registry(captures="refuse"))
    alice = page(dispatcher, "alice")
    with pytest.raises(CapturesReplaced):
        page(dispatcher, "bob")
    assert dispatcher.dispatch({"handler": alice}) == "the account of alice"


def test_distinct_closes_it() -> None:
    """No click is mistaken; but who learns an id may send it, as any id."""
    dispatcher = Dispatcher(Registry(captures="distinct"))
    alice, bob = page(dispatcher, "alice"), page(dispatcher, "bob")
    assert dispatcher.dispatch({"handler": alice}) == "the account of alice"
    assert dispatcher.dispatch({"handler": bob}) == "the account of bob"


def test_tokens_close_it() -> None:
    """With the captures in the id, and the id bound to whom it was offered."""
    dispatcher = Dispatcher(Registry(captures="distinct"), tokens=Tokens(KEY))
    alice = page(dispatcher, "alice", audience="alice's session")
    page(dispatcher, "bob", audience="bob's session")
    answer = dispatcher.dispatch({"handler": alice}, audience="alice's session")
    assert answer == "the account of alice"
    with pytest.raises(NotAllowed):
        dispatcher.dispatch({"handler": alice}, audience="bob's session")


def test_carrying_closes_it() -> None:
    """Also where nobody registered her closure: it comes with her token alone."""

    def fresh() -> Dispatcher:
        registry = Registry(captures="carry")
        registry.scan(sys.modules[__name__])
        return Dispatcher(registry, tokens=Tokens(KEY))

    dispatcher = fresh()
    alice = page(dispatcher, "alice", audience="alice's session")
    bob = page(dispatcher, "bob", audience="bob's session")
    for one in (dispatcher, fresh()):
        answer = one.dispatch({"handler": alice}, audience="alice's session")
        assert answer == "the account of alice"
        answer = one.dispatch({"handler": bob}, audience="bob's session")
        assert answer == "the account of bob"
        with pytest.raises(NotAllowed):
            one.dispatch({"handler": alice}, audience="bob's session")
