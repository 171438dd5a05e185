"""The pages on keys and on several Pythons: a deploy that changes a setting alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from handlerid import ClickEvent, Dispatcher, Identity, Registry, Tokens
from handlerid.errors import HandlerIdError
from handlerid.web import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid import Captures

KEY, OTHER = b"a key of the tests", b"another key of them"
BEFORE: dict[str, Any] = {
    "tokens": Tokens(KEY),
    "identity": Identity(keys=KEY),
    "captures": "warn",
}
CARRIES = BEFORE | {"captures": "carry"}


def save(event: ClickEvent) -> None: ...


def saver(row: int) -> Callable[[ClickEvent], int]:
    def save_row(event: ClickEvent) -> int:
        return row

    return save_row


def server(*, tokens: Tokens, identity: Identity, captures: Captures) -> Dispatcher:
    registry = Registry(identity=identity, captures=captures)
    registry.scan(__name__)
    return Dispatcher(registry, tokens=tokens)


def refusal(before: Any, after: Any, release: str) -> tuple[int, bool]:
    """Click, at a server of a release, on a page of release 1."""
    with server(**before).scope(audience=None) as scope:
        carried = before["captures"] == "carry"
        page = {"handler": scope.offer(saver(7) if carried else save)}
    headers = [(b"sec-fetch-site", b"same-origin"), (b"handlerid-release", b"1")]
    endpoint = Endpoint(release=release)
    with pytest.raises(HandlerIdError) as caught:
        server(**after).dispatch(page, audience=None)
    answer = endpoint.refuse(caught.value, endpoint.request("POST", headers, "1"))
    return answer.status, json.loads(answer.body)["reload"]


@pytest.mark.parametrize(
    ("before", "changed", "status"),
    [
        (BEFORE, {"identity": Identity(keys=OTHER)}, 410),
        (CARRIES, {"identity": Identity(keys=OTHER)}, 409),
        (BEFORE, {"tokens": Tokens(KEY, purpose="2")}, 410),
        (BEFORE, {"identity": Identity(keys=KEY, fingerprint="source")}, 409),
    ],
    ids=["key of ids", "key of ids, carried", "purpose", "fingerprint"],
)
def test_the_page_is_loaded_again_if_the_deploy_has_a_name(
    before: Any, changed: Any, status: int
) -> None:
    assert refusal(before, before | changed, release="2") == (status, True)
    assert refusal(before, before | changed, release="1") == (status, False)


def test_another_key_of_tokens_never_loads_a_page_again() -> None:
    changed = BEFORE | {"tokens": Tokens(OTHER)}
    assert refusal(BEFORE, changed, release="2") == (403, False)
