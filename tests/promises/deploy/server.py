"""A server process of one release: it answers one line of JSON for each that it reads.

It ends at the end of its input, so also when the tests are killed.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from store import pages
from store.journal import DONE, GUARDED, NAMED

from handlerid import Dispatcher, Identity, Registry, Scope, Tokens
from handlerid.errors import CapturesReplaced, HandlerIdError
from handlerid.manifest import history
from handlerid.web import Endpoint

KEY = bytes(range(32))
MANIFESTS = Path(pages.__file__).parents[1] / "manifests"
web = Endpoint()  # its release is HANDLERID_RELEASE


class Host:
    """The application with one set of settings."""

    def __init__(self, mode: str, fingerprint: Any, way: str) -> None:
        captures: Any = mode.removesuffix(", tokens").removesuffix(", accept")
        registry = Registry(
            captures=captures,
            identity=Identity(fingerprint=fingerprint),
            stale="accept" if mode.endswith("accept") else "refuse",
        )
        for fn, how in NAMED:
            registry.handler(**how)(fn)
        registry.scan("store")
        way, remembers, _ = way.partition(", history")
        older = None
        if remembers:
            current = registry.manifest(release=os.environ["HANDLERID_RELEASE"])
            older = history(MANIFESTS / fingerprint, current=current)
        tokens = mode == "carry" or mode.endswith("tokens")
        self.audience: dict[str, Any] = {"audience": "anna"} if tokens else {}
        self.app = Dispatcher(
            registry,
            tokens=Tokens(KEY) if tokens else None,
            resolvers=[lambda _, scope: render(scope)] if way == "resolvers" else (),
            history=older,
        )
        self.rerender = render if way == "rerender" else None

    def page(self) -> list[dict[str, object]]:
        """Render the page; a control whose handler is refused has no reference."""
        controls: list[dict[str, object]] = []

        def show(change: str, fn: Callable[..., None], *does: object, **sent: object):  # type: ignore[no-untyped-def]
            control: dict[str, object] = {"change": change, "does": does, "sent": sent}
            try:
                control["handler"] = scope.offer(fn)
            except HandlerIdError as error:
                control["refused"] = type(error).__name__
            controls.append(control)

        with (
            warnings.catch_warnings(record=True, action="always") as warned,
            self.app.scope(**self.audience) as scope,
        ):
            pages.page(show)
        lost = [x.message for x in warned if isinstance(x.message, CapturesReplaced)]
        for one in controls:
            handler = str(one.get("handler"))
            one["warned"] = any(str(x.handler_id) in handler for x in lost)
        return controls

    def click(self, payload: dict[str, object], page: str) -> dict[str, object]:
        """Answer a click at a page of a release: what its handler did, or the error."""
        DONE.clear()
        try:
            self.app.dispatch(payload, rerender=self.rerender, **self.audience)
        except HandlerIdError as error:
            told: dict[str, object] = {"status": error.status, "reload": error.reload}
            request = web.request("POST", [(b"handlerid-release", page.encode())])
            told["refusal"] = json.loads(web.refuse(error, request).body)
            return {"error": type(error).__name__, "text": str(error), **told}
        except Exception as error:  # noqa: BLE001 - an outcome, too
            return {"error": type(error).__name__, "text": str(error), "status": 500}
        return {"did": [*DONE], "guarded": [*GUARDED]}


def render(scope: Scope) -> None:
    with warnings.catch_warnings(action="ignore"):
        pages.page(lambda change, fn, *does, **sent: scope.offer(fn))


def main() -> None:
    hosts: dict[tuple[str, ...], Host] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        settings = tuple(asked["settings"])
        if settings not in hosts:
            hosts[settings] = Host(*settings)
        host = hosts[settings]
        if "clicks" in asked:
            answer: Any = [host.click(one, asked["page"]) for one in asked["clicks"]]
        else:
            answer = host.page()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
