"""Other ways from a function to a text that names it.

Each peer is a function that returns how the peer is called, as its documentation says;
where that has no such call, as its own code does it.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

__all__ = ["PEERS", "Hashing", "installed", "load"]

Hashing = Callable[[Any], str]


def inspect_source() -> Hashing:
    """The source text, hashed: the usual first idea."""

    def hashed(fn: Any) -> str:
        return hashlib.sha256(inspect.getsource(fn).encode()).hexdigest()

    return hashed


def mesop() -> Hashing:
    """``compute_fn_id``, without its cache: what the first id of a function costs."""
    from mesop.component_helpers.helper import compute_fn_id

    uncached: Hashing = compute_fn_id.__wrapped__
    return uncached


def mesop_again() -> Any:
    """``compute_fn_id`` as Mesop calls it, with its cache."""
    from mesop.component_helpers.helper import compute_fn_id

    return compute_fn_id


def cloudpickle() -> Hashing:
    """Pickled by value, which its documentation has for modules that are not there."""
    import cloudpickle as library  # type: ignore[import-untyped]

    dumps: Any = library.dumps
    by_value: Any = library.list_registry_pickle_by_value

    def hashed(fn: Any) -> str:
        module = sys.modules.get(getattr(fn, "__module__", ""))
        if module is not None and module.__name__ not in by_value():
            library.register_pickle_by_value(module)
        return hashlib.sha256(dumps(fn)).hexdigest()

    return hashed


def dask() -> Hashing:
    """``dask.tokenize.tokenize(fn)``."""
    from dask.tokenize import tokenize

    hashed: Hashing = tokenize
    return hashed


def joblib() -> Hashing:
    """``joblib.hash(fn)``."""
    import joblib

    hashed: Hashing = joblib.hash
    return hashed


def marimo() -> Hashing:
    """What its cache hashes of a function; a private module of marimo."""
    from marimo._save.hash import hash_wrapped_functions

    def hashed(fn: Any) -> str:
        digest: bytes = hash_wrapped_functions(fn)
        return digest.hex()

    return hashed


def prefect() -> Hashing:
    """Its cache policy ``TASK_SOURCE``, asked as Prefect asks it for a task's key."""
    from prefect.cache_policies import TASK_SOURCE

    def hashed(fn: Any) -> str:
        context: Any = SimpleNamespace(task=fn)
        return str(TASK_SOURCE.compute_key(context, None, None))

    return hashed


PEERS: dict[str, Callable[[], Hashing]] = {
    "Mesop": mesop,
    "inspect.getsource and SHA-256": inspect_source,
    "cloudpickle and SHA-256": cloudpickle,
    "dask.tokenize": dask,
    "joblib.hash": joblib,
    "marimo": marimo,
    "Prefect": prefect,
}

SLOW = {"marimo", "Prefect", "Mesop"}
"""Those that take seconds to import."""


def load(name: str) -> Hashing | None:
    """Returns how a peer is called, or None if it is not installed."""
    try:
        return PEERS[name]()
    except ImportError:
        return None


def installed(notes: list[str]) -> dict[str, Hashing]:
    """Return those that are installed; note which are not."""
    found = {name: peer for name in PEERS if (peer := load(name)) is not None}
    missing = [name for name in PEERS if name not in found]
    notes += [f"{name} is not installed: left out." for name in missing]
    return found


def is_id(_: FunctionType, result: object) -> bool:
    """Whether it is a text that could be an id."""
    return isinstance(result, str) and len(result) >= 16
