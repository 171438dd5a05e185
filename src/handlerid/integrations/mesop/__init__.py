"""Mesop on handlerid: applications stay as they are; ids and errors are handlerid's."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from handlerid import Dispatcher, Identity, Registry
from handlerid.integrations.extras import extra

with extra("mesop"):
    from mesop.component_helpers import helper
    from mesop.runtime import runtime
    from mesop.runtime.context import Context

    from handlerid.integrations.mesop.seams import Seams, module_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid import Captures

__all__ = ["install", "uninstall"]

_undo: list[Callable[[], None]] = []  # each restores a part of Mesop; the last is first


def install(*, captures: Captures = "distinct", **identity: Any) -> None:
    """Make Mesop use handlerid in this process, before the application is imported.

    A second call replaces the first.

    Args:
        captures: as for ``Registry``, except ``"carry"``: Mesop's pages cannot hold
            tokens. With ``"distinct"``, captured values that have no canonical form
            are left out of the id, as with ``Registry(unstable="omit")``.
        identity: ``keys``, ``fingerprint`` and ``encoders``, as for ``Identity``.

    Raises:
        TypeError, ValueError: an argument is not one of these.
    """
    if captures == "carry":
        raise ValueError("Mesop's pages cannot hold tokens; use 'distinct'")
    ids = Identity(module_name=module_name, **identity)
    unstable: Any = "omit" if captures == "distinct" else "refuse"
    registry = Registry(identity=ids, captures=captures, unstable=unstable)
    uninstall()
    seams = Seams(Dispatcher(registry))
    old, new = helper.register_event_handler, seams.register_event_handler
    _replace(old, new)
    _undo.append(partial(_replace, new, old))
    _wrap(Context, seams.run_event_handler)
    _wrap(type(runtime()), seams.run_path)


def uninstall() -> None:
    """Restore Mesop. A second call does nothing."""
    while _undo:
        _undo.pop()()


def _replace(old: Any, new: Any) -> None:
    """Replace a function in every module that has imported it."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", {})
        if names.get("register_event_handler") is old:
            names["register_event_handler"] = new


def _wrap(owner: type, wrapper: Callable[[Any], Any]) -> None:
    name, before = wrapper.__name__, vars(owner)[wrapper.__name__]
    setattr(owner, name, wrapper(before))
    _undo.append(partial(setattr, owner, name, before))
