"""Manifests, and what they are made of; loaded when asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handlerid._manifest.document import Manifest
    from handlerid._manifest.process import met

__all__ = ["Manifest", "met"]


if not TYPE_CHECKING:  # checkers would accept any name

    def __getattr__(name: str) -> object:
        if name == "met":
            from handlerid._manifest import process as module  # noqa: PLC0415
        elif name in __all__:
            from handlerid._manifest import document as module  # noqa: PLC0415
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(module, name)
