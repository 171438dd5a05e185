"""Releases of a module, from texts: their manifests, and what their servers answer."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cached_property
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from handlerid import Dispatcher, HandlerId, Identity, Registry, Scope, errors
from handlerid.manifest import Diff, Manifest, Row, build, diff

__all__ = ["OUTCOMES", "Release", "compared", "one_row"]

HEAD = """
from dataclasses import dataclass
from handlerid import ClickEvent, Event, InputEvent, Registry

registry = Registry()

def did(what):
    return what
"""

OUTCOMES: dict[type[Exception], str] = {
    errors.StaleHandler: "stale",
    errors.UnknownHandler: "unknown handler",
    errors.InvalidEvent: "refused",
}
_folders = itertools.count()


class Release:
    """A module ``shop`` of a release.

    Args:
        folder: for its file, in a directory of its own.
        text: its source, after ``HEAD``; a function ``page(scope)`` renders.
        fingerprint: of the ids.
        name: of the release.
    """

    def __init__(
        self,
        folder: Path,
        text: str,
        *,
        fingerprint: Literal["bytecode", "source"] = "bytecode",
        name: str | None = None,
    ) -> None:
        path = folder / str(next(_folders)) / "shop.py"
        path.parent.mkdir()
        path.write_text(HEAD + text, "utf-8")
        spec = spec_from_file_location("shop", path)
        assert spec is not None
        assert spec.loader is not None
        self.module: ModuleType = module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.identity = Identity(fingerprint=fingerprint)
        self.name = name

    def manifest(self) -> Manifest:
        return build(self.module, identity=self.identity, release=self.name)

    @cached_property
    def app(self) -> Dispatcher:
        registry: Registry = self.module.registry
        if self.identity.fingerprint != "bytecode":
            registry = Registry(identity=self.identity)
        registry.scan(self.module)
        return Dispatcher(registry)

    def ids(self) -> dict[str, HandlerId]:
        """Return the ids of a page and of the registry, by qualified name."""
        with self.app.scope() as scope:
            self.render(scope)
        found = [*self.app.registry, *scope]
        return {f"{one.qualname}.{one.event}": one for one in found}

    def render(self, scope: Scope) -> None:
        if page := getattr(self.module, "page", None):
            page(scope)

    def click(self, handler_id: str, fields: Mapping[str, Any] = {}) -> object:
        """Return what a click does, or the name of its refusal."""
        payload = {"handler": handler_id, **fields}
        try:
            return self.app.dispatch(payload, rerender=self.render)
        except tuple(OUTCOMES) as error:
            return next(x for kind, x in OUTCOMES.items() if isinstance(error, kind))


def compared(folder: Path, old: str, new: str) -> Diff:
    """Return the diff of two texts."""
    return diff(*(Release(folder, one).manifest() for one in (old, new)))


def one_row(found: Diff) -> Row:
    """Return the only row that is not the same, ``did`` and ``page`` apart."""
    (row,) = (x for x in found.rows if x.kind != "same" and x.qualname != "page")
    return row
