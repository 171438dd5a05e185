"""Renders every page that Mesop ships, on handlerid if the argument is ``installed``.

Prints a JSON object: by path, the handlers in the order in which they are registered,
each as name, event and id; or the error instead.
"""

from __future__ import annotations

import base64
import importlib
import json
import sys
import warnings
from typing import Any
from unittest.mock import MagicMock

import mesop.protos.ui_pb2 as pb
from mesop.component_helpers import helper
from mesop.runtime import runtime
from mesop.server.server import configure_flask_app

from handlerid.errors import CapturesReplaced
from handlerid.integrations.mesop import _replace, install

ELSEWHERE = (
    "demo",
    "firebase_admin",
    "google.genai",
    "matplotlib",
    "matplotlib.figure",
    "numpy",
    "pandas",
)
"""What the examples import, and Mesop neither ships nor requires."""


def name_of(handler: Any) -> str:
    function = getattr(handler, "func", handler)
    return f"{function.__module__}.{getattr(function, '__qualname__', '')}"


def main() -> None:
    if sys.argv[1:] == ["installed"]:
        install()
        warnings.simplefilter("ignore", CapturesReplaced)  # seen in the ids, too
    registered: list[tuple[str, str, str]] = []
    register = helper.register_event_handler

    def noted(handler_fn: Any, event: type) -> str:
        handler_id: str = register(handler_fn, event)
        registered.append((name_of(handler_fn), event.__name__, str(handler_id)))
        return handler_id

    _replace(register, noted)
    sys.modules.update({name: MagicMock() for name in ELSEWHERE})
    importlib.import_module("mesop.example_index")
    client = configure_flask_app(prod_mode=True).test_client()
    pages: dict[str, object] = {}
    for path in sorted(runtime().get_path_to_page_configs()):
        registered.clear()
        request = pb.UiRequest(path=path, init=pb.InitRequest())
        request.init.viewport_size.width = request.init.viewport_size.height = 800
        answer = client.post(
            "/__ui__",
            data=base64.urlsafe_b64encode(request.SerializeToString()),
            headers={"Origin": "http://localhost"},
        )
        first = pb.UiResponse()
        line = answer.get_data(as_text=True).partition("\n")[0]
        first.ParseFromString(base64.b64decode(line.removeprefix("data: ")))
        error = first.error.exception
        pages[path] = error.partition("\n")[0] or [*registered]
    print(json.dumps(pages))


if __name__ == "__main__":
    main()
