"""A release changes a setting while pages are open: users are answered or reload.

Ids alone do not say that they are honest: those of other settings are unknown.

Both ways, because a deploy is rolled out one server at a time, and may be rolled back.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest

from handlerid import Dispatcher, Identity, Registry, Tokens
from handlerid.errors import HandlerIdError
from tests.support.packages import importable, write

KEY, NEW_KEY = bytes(range(32)), bytes(range(32, 64))

SHOP = """
    from handlerid import ClickEvent
    def save(event: ClickEvent): return "save"
    def page(offer, v):
        def on_click(event: ClickEvent): return v
        return offer(on_click)
"""

Settings = dict[str, Any]


def tokens(keys: bytes | list[bytes] = KEY, **more: Any) -> Settings:
    return {"tokens": Tokens(keys, **more)}


def first_use(nonce: bytes, until: int | None) -> bool:
    return True


def in_app(name: str) -> str:
    return f"app.{name}"


CARRY = {"captures": "carry"}
DISTINCT = {"captures": "distinct"}

# Nothing but a signature tells an id of other settings from one that was made up.
UNKNOWN = [404, 404], [404, 404]

# Settings of two releases; what old pages get from the new one, for a function of a
# module and for a closure; what new pages get from the old one.
FLIPS: dict[str, tuple[Settings, Settings, Sequence[object], Sequence[object]]] = {
    "tokens": ({}, tokens(), [410, 410], [410, 410]),
    "keys of ids": ({}, {"keys": b"a"}, *UNKNOWN),
    "keys of ids, with tokens": (
        *(tokens(), {**tokens(), "keys": b"a"}),
        *([410, 410], [410, 410]),
    ),
    "second key of ids": (
        *({"keys": b"a"}, {"keys": [b"a", b"b"]}),
        *(["save", 7], ["save", 7]),
    ),
    "new key of ids first": (
        *({"keys": [b"a", b"b"]}, {"keys": [b"b", b"a"]}),
        *(["save", 7], ["save", 7]),
    ),
    "old key of ids removed": (
        *({"keys": [b"b", b"a"]}, {"keys": b"b"}),
        *(["save", 7], ["save", 7]),
    ),
    "keys of ids in one step": (
        *({"keys": b"a"}, {"keys": [b"b", b"a"]}),
        *(["save", 7], [404, 404]),
    ),
    "keys of ids replaced": (
        *({"keys": b"a"}, {"keys": b"b"}),
        *UNKNOWN,
    ),
    "keys of ids in one step, carried": (
        {**CARRY, **tokens(), "keys": b"a"},
        {**CARRY, **tokens(), "keys": [b"b", b"a"]},
        ["save", 7],
        [410, 409],
    ),
    "fingerprint": ({}, {"fingerprint": "source"}, [409, 409], [409, 409]),
    "module_name, with tokens": (
        *(tokens(), {**tokens(), "module_name": in_app}),
        *([410, 410], [410, 410]),
    ),
    "module_name": ({}, {"module_name": in_app}, *UNKNOWN),
    "captures": ({}, DISTINCT, ["save", 409], ["save", 409]),
    "captures, with tokens": (
        *(tokens(), {**CARRY, **tokens()}),
        *(["save", 409], ["save", 409]),
    ),
    "captures in tokens": (
        *({**DISTINCT, **tokens()}, {**CARRY, **tokens()}),
        *(["save", 7], ["save", 7]),
    ),
    "max_age": (tokens(), tokens(max_age=60), [410, 410], ["save", 7]),
    "replay": (tokens(), tokens(replay=first_use), [410, 410], ["save", 7]),
    "encrypt": (
        *({**CARRY, **tokens()}, {**CARRY, **tokens(encrypt=True)}),
        *(["save", 410], ["save", 410]),
    ),
    "encrypt, distinct": (
        *({**DISTINCT, **tokens()}, {**DISTINCT, **tokens(encrypt=True)}),
        *(["save", 410], ["save", 410]),
    ),
    "purpose": (tokens(), tokens(purpose="p"), [410, 410], [410, 410]),
    "second key": (tokens(), tokens([KEY, NEW_KEY]), ["save", 7], ["save", 7]),
    "new key first": (
        *(tokens([KEY, NEW_KEY]), tokens([NEW_KEY, KEY])),
        *(["save", 7], ["save", 7]),
    ),
    "old key removed": (
        *(tokens([NEW_KEY, KEY]), tokens(NEW_KEY)),
        *(["save", 7], ["save", 7]),
    ),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("flips")
    write(folder, flipped=SHOP)
    with importable(folder):
        import flipped  # type: ignore[import-not-found]

        yield flipped


def server(shop: ModuleType, settings: Settings) -> Dispatcher:
    named = ("keys", "fingerprint", "module_name")
    identity = Identity(**{k: v for k, v in settings.items() if k in named})
    captures = settings.get("captures", "warn")
    registry = Registry(captures=captures, identity=identity)
    registry.scan(shop)
    return Dispatcher(
        registry,
        tokens=settings.get("tokens"),
        resolvers=[lambda _, scope: shop.page(scope.offer, 7)],
    )


def clicked(shop: ModuleType, one: Settings, other: Settings) -> list[object]:
    """Click a page of one server at another: the result, or the status."""
    found: list[object] = []
    audience: list[dict[str, Any]] = [
        {"audience": None} if "tokens" in settings else {} for settings in (one, other)
    ]
    with server(shop, one).scope(**audience[0]) as scope:
        page = [scope.offer(shop.save), shop.page(scope.offer, 7)]
    for handler in page:
        try:
            answered = server(shop, other).dispatch({"handler": handler}, **audience[1])
        except HandlerIdError as error:
            found.append(error.status if error.reload or error.status == 404 else error)
        else:
            found.append(answered)
    return found


@pytest.mark.parametrize("flip", FLIPS)
def test_a_setting_changes_while_pages_are_open(shop: ModuleType, flip: str) -> None:
    before, after, old_pages, new_pages = FLIPS[flip]
    assert clicked(shop, before, after) == old_pages
    assert clicked(shop, after, before) == new_pages
