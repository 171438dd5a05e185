"""What a browser sends to Mesop's page: the first request, and a click on its button.

What belongs here: requests and answers. The page itself is never imported here: Mesop
refuses to know another page once it has served one.
"""

from __future__ import annotations

import base64
import re
from typing import Any

__all__ = ["click", "has_counted", "init"]

HANDLER = re.compile(rb"[0-9a-f]{64}:[a-z_.]+ClickEvent")
"""The id of a handler of clicks; the first in the page is the button's."""


def init() -> bytes:
    """The body of the request with which a page begins."""
    import mesop.protos.ui_pb2 as pb

    request = pb.UiRequest(path="/")
    request.init.SetInParent()
    return base64.urlsafe_b64encode(request.SerializeToString())


def click(answer: str) -> bytes:
    """The body of a click, with the state that the answer to the first has."""
    import mesop.protos.ui_pb2 as pb

    request = pb.UiRequest(path="/")
    request.user_event.click.is_target = True
    for response in responses(answer):
        found = HANDLER.search(response.SerializeToString())
        if found and not request.user_event.handler_id:
            request.user_event.handler_id = found[0].decode()
        if response.HasField("update_state_event"):
            states = response.update_state_event.full_states
            request.user_event.states.CopyFrom(states)
    return base64.urlsafe_b64encode(request.SerializeToString())


def has_counted(answer: str) -> bool:
    """Whether the answer to a click has the state with one click in it."""
    return any(
        '"count"' in state.data and "1" in state.data
        for response in responses(answer)
        for state in response.update_state_event.diff_states.states
    )


def responses(answer: str) -> list[Any]:
    """The messages of an answer."""
    import mesop.protos.ui_pb2 as pb

    found = []
    for line in answer.splitlines():
        data = line.removeprefix("data: ")
        if data in (line, "<stream_end>"):
            continue
        response = pb.UiResponse()
        response.ParseFromString(base64.b64decode(data))
        found.append(response)
    return found
