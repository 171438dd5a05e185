"""The ids of the golden handlers, as the Python that runs this computes them."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable

from handlerid import Identity
from handlerid.errors import UnstableCapture
from tests.promises.golden.handlers import HANDLERS

__all__ = ["ids"]

KEY = b"golden"


def ids() -> dict[str, object]:
    """Returns which Python this is, and the ids by the handler's name."""
    identities = {
        "bytecode": Identity(),
        "source": Identity(fingerprint="source"),
        "keyed source": Identity(fingerprint="source", keys=KEY),
    }
    return {
        "python": f"{sys.implementation.name}-{platform.python_version()}",
        **{
            kind: {
                name: str(identity.handler_id(fn, "click"))
                for name, fn in HANDLERS.items()
            }
            for kind, identity in identities.items()
        },
        "distinct source": {
            name: _distinct(identities["source"], fn) for name, fn in HANDLERS.items()
        },
    }


def _distinct(identity: Identity, fn: Callable[..., object]) -> str:
    try:
        return str(identity.handler_id(fn, "click", captures=True))
    except UnstableCapture as error:
        return f"{error.where} is unstable"


if __name__ == "__main__":
    print(json.dumps(ids()))
