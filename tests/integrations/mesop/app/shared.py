"""What the application's handlers share."""

from dataclasses import field

import mesop as me


@me.stateclass
class State:
    results: dict[str, str] = field(default_factory=dict)
    count: int
    name: str


def put(row, text):
    me.state(State).results[row] = text
