"""Manifests, and what they are made of; loaded when asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handlerid._manifest.document import Manifest
    from handlerid._manifest.gather import manifest_of

__all__ = ["Manifest", "manifest_of"]


if not TYPE_CHECKING:  # checkers would accept any name

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from handlerid._manifest import gather  # noqa: PLC0415

        return getattr(gather, name)
