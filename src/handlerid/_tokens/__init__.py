"""References that are signed: tokens, and closures that travel in them.

``tokens``    the text of a token: issuing and verifying it
``keys``      what is done with the host's keys
``closures``  captures as bytes and back; loaded when asked for
"""

from typing import TYPE_CHECKING

from handlerid._tokens.tokens import Tokens, Verified

if TYPE_CHECKING:
    from handlerid._tokens.closures import Closures, CodeIndex, Rebuilt

__all__ = ["Closures", "CodeIndex", "Rebuilt", "Tokens", "Verified"]


def __getattr__(name: str) -> object:
    if name in ("Closures", "CodeIndex", "Rebuilt"):
        from handlerid._tokens import closures  # noqa: PLC0415 - few carry captures

        return getattr(closures, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
