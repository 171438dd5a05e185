"""The page on deploys: what a deploy changes beside code, and needs a name for."""

from __future__ import annotations

import json
import re
from pathlib import Path
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
DEPLOY = Path(__file__).parents[2] / "docs/production/deploy.md"


def save(event: ClickEvent) -> None: ...


def saver(row: int) -> Callable[[ClickEvent], int]:
    def save_row(event: ClickEvent) -> int:
        return row

    return save_row


def first_use(nonce: bytes, until: int | None) -> bool:
    return True


def elsewhere(module: str) -> str:
    return f"elsewhere.{module}"


def server(
    *, tokens: Tokens | None, identity: Identity, captures: Captures
) -> Dispatcher:
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


SOURCE = Identity(keys=KEY, fingerprint="source")
MOVED = Identity(keys=KEY, module_name=elsewhere)
CHANGES: dict[str, tuple[Any, Any, int]] = {
    "key of ids": (BEFORE, {"identity": Identity(keys=OTHER)}, 410),
    "key of ids, carried": (CARRIES, {"identity": Identity(keys=OTHER)}, 409),
    "captures=": (CARRIES, {"captures": "warn"}, 410),
    "fingerprint=": (BEFORE, {"identity": SOURCE}, 409),
    "module_name=": (BEFORE, {"identity": MOVED}, 410),
    "tokens, off": (BEFORE, {"tokens": None}, 410),
    "tokens, on": (BEFORE | {"tokens": None}, {"tokens": Tokens(KEY)}, 410),
    "purpose=": (BEFORE, {"tokens": Tokens(KEY, purpose="2")}, 410),
    "encrypt=": (CARRIES, {"tokens": Tokens(KEY, encrypt=True)}, 410),
    "max_age=": (BEFORE, {"tokens": Tokens(KEY, max_age=60)}, 410),
    "replay=": (BEFORE, {"tokens": Tokens(KEY, replay=first_use)}, 410),
}


@pytest.mark.parametrize(("before", "changed", "status"), CHANGES.values(), ids=CHANGES)
def test_the_page_is_loaded_again_if_the_deploy_has_a_name(
    before: Any, changed: Any, status: int
) -> None:
    assert refusal(before, before | changed, release="2") == (status, True)
    assert refusal(before, before | changed, release="1") == (status, False)


def test_the_page_lists_these_settings() -> None:
    text = DEPLOY.read_text("utf-8").partition("**Give each deploy a name")[2]
    listed = re.findall(r"`(\w+=)`", text.partition("\n\nA server")[0])
    assert sorted(listed) == sorted(one for one in CHANGES if one.endswith("="))


def test_another_key_of_tokens_never_loads_a_page_again() -> None:
    changed = BEFORE | {"tokens": Tokens(OTHER)}
    assert refusal(BEFORE, changed, release="2") == (403, False)
