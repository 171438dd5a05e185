"""The page's state: it travels in the page, signed, and comes back with every event.

No server keeps any of it between two requests, so any server can answer the next one.
"""

from __future__ import annotations

import os
import secrets
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, fields

from itsdangerous import BadSignature, URLSafeSerializer

from handlerid import HandlerIdError

__all__ = ["SECRET", "ForgedState", "State", "current"]

SECRET = os.environ["HANDLERID_DEMO_SECRET"]
"""All servers sign with the same secret."""

_serializer = URLSafeSerializer(SECRET, salt="handlerid demo state")


class ForgedState(HandlerIdError):
    """None of these servers signed the state."""

    status = 403
    public = "This page was not made here. Open it anew."


@dataclass
class State:
    """Everything that the page remembers.

    Attributes:
        session: the audience of the page's tokens; each page that is opened has one.
        mode: the mode of the links, one of ``MODES``.
    """

    session: str = field(default_factory=secrets.token_urlsafe)
    mode: str = "warn"
    count: int = 0
    draft: str = ""
    messages: list[str] = field(default_factory=list)
    name: str = ""
    email: str = ""
    city: str = ""
    url: str = ""
    steps: list[str] = field(default_factory=list)
    greetings: list[str] = field(default_factory=list)

    def sign(self) -> str:
        """Return the text that goes into the page."""
        return str(_serializer.dumps(asdict(self)))

    @classmethod
    def verify(cls, text: str) -> State:
        """Read the text that came back from a page.

        Raises:
            ForgedState: none of these servers signed it.
        """
        try:
            saved = _serializer.loads(text)
        except BadSignature:
            raise ForgedState("the state was not signed here") from None
        # A page from before a deploy may have other fields.
        names = [f.name for f in fields(cls) if f.name in saved]
        return cls(**{name: saved[name] for name in names})


current: ContextVar[State] = ContextVar("current")
"""The state that the running handler changes."""
