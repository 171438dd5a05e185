"""Forms of the payloads that tests write for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlerid import Form

__all__ = ["as_form"]


def as_form(payload: Mapping[str, Any]) -> Form:
    """Return the form of a payload: its reference and its key have other names."""
    inputs = {"handler": "_handler", "key": "_key"}
    return Form({inputs.get(name, name): value for name, value in payload.items()})
