"""Signed references, and closures that travel in them; loaded when asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handlerid._tokens.closures import Closures
    from handlerid._tokens.tokens import Tokens, Verified

__all__ = ["Closures", "Tokens", "Verified"]


if not TYPE_CHECKING:  # checkers would accept any name

    def __getattr__(name: str) -> object:
        if name in ("Tokens", "Verified"):
            from handlerid._tokens import tokens as module  # noqa: PLC0415
        elif name in __all__:
            from handlerid._tokens import closures as module  # noqa: PLC0415
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(module, name)
