"""The page's state: it travels in the page, signed, and comes back with every click.

What belongs here: what the page remembers, and how it is signed. A server keeps none
of it between two requests, so any server can answer the next one.
"""

from __future__ import annotations

import os
import secrets
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, fields

from itsdangerous import URLSafeSerializer

__all__ = ["SECRET", "State", "current"]

SECRET = "HANDLERID_DEMO_SECRET"  # noqa: S105 - the variable's name
"""The environment variable with the secret that all servers sign with."""


@dataclass
class State:
    """Everything that the page remembers.

    Attributes:
        session: whom the page's tokens are for; one for each page that is opened.
        mode: which of ``MODES`` the links are in.
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
        """Returns the text that goes into the page."""
        return str(_serializer().dumps(asdict(self)))

    @classmethod
    def verify(cls, text: str) -> State:
        """Reads the text that came back from a page.

        Raises:
            itsdangerous.BadSignature: it was not made by one of these servers.
        """
        saved = _serializer().loads(text)
        # A page from before a deploy may know fields that are gone, and miss others.
        names = [f.name for f in fields(cls) if f.name in saved]
        return cls(**{name: saved[name] for name in names})


current: ContextVar[State] = ContextVar("current")
"""The state that the running handler works on."""


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(os.environ[SECRET], salt="handlerid demo state")
