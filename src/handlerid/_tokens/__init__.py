"""References that are signed: tokens, and closures that travel in them."""

from handlerid._tokens.tokens import Tokens, Verified

__all__ = ["Tokens", "Verified"]
