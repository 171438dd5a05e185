"""Golden ids: what was hashed yesterday is hashed today, on every Python."""

from __future__ import annotations

from typing import Any

import pytest

from handlerid import HandlerId
from tests.promises.golden.__main__ import ANY, HERE, PYTHONS, ids_of, read
from tests.promises.golden.handlers import BOUND_CALLABLES, HANDLERS
from tests.pythons import find_python, require_python
from tests.support.pyodide import require_pyodide

FROZEN = """\
the ids of these handlers are no longer what they were: {names}

Every page that is open somewhere holds ids of the old kind. If handlers.py beside this
file was edited, undo that. Otherwise what is hashed has changed, and that is a new
version of the format: h2 in the text of ids, docs/contributing/id-format.md, an entry
in the changelog, and then new golden ids: python -m tests.promises.golden
"""


def compare(found: dict[str, str], golden: dict[str, str]) -> None:
    changed = [name for name in golden if found.get(name) != golden[name]]
    assert not changed, FROZEN.format(names=", ".join(changed))
    assert set(found) == set(golden), (
        "for new handlers, run: python -m tests.promises.golden"
    )


def frozen(name: str) -> dict[str, Any]:
    found = read(name)
    assert found is not None, f"tests/promises/golden/{name}.json is missing"
    return found


def without_fingerprint(texts: dict[str, str]) -> dict[str, tuple[str, str, str]]:
    ids = {name: HandlerId.parse(text) for name, text in texts.items()}
    return {
        name: (one.location, one.captures, one.event)
        for name, one in ids.items()
        if name not in BOUND_CALLABLES
    }


# The bytecode of a candidate may still change; sources have to be the same.
# Those in WebAssembly take as long as all others, so each has one hash seed.
@pytest.mark.parametrize(
    ("version", "seed"),
    [
        *((version, seed) for version in PYTHONS[:-1] for seed in "12"),
        *((version, "1") for version in (PYTHONS[-1], "3.15")),
    ],
)
def test_the_ids_are_golden(version: str, seed: str) -> None:
    if version in ("3.14", "3.15") and find_python(version) is None:
        require_pyodide(version)
    else:
        require_python(version)
    found = ids_of(version, seed=seed)
    assert found is not None
    golden = frozen(ANY)
    compare(found["source"], golden["source"])
    compare(found["keyed source"], golden["keyed source"])
    compare(found["distinct source"], golden["distinct source"])
    # Bytecode is another one in each patch release: only one that is known is compared.
    bytecode = read(found["python"])
    if bytecode is not None:
        compare(found["bytecode"], bytecode)
    rest = without_fingerprint(golden["source"])
    assert without_fingerprint(found["bytecode"]) == rest


def test_every_release_has_a_file() -> None:
    files = [path.stem for path in HERE.glob("cpython-*.json")]
    releases = {name.removeprefix("cpython-").rpartition(".")[0] for name in files}
    assert releases == set(PYTHONS)
    for name in files:
        assert set(frozen(name)) == set(HANDLERS)


def test_no_two_handlers_have_one_id() -> None:
    same = [{"bound method", "method"}, {"bound partialmethod", "partialmethod"}]
    golden = frozen(ANY)
    for kind in ("source", "keyed source"):
        by_id: dict[str, set[str]] = {}
        for name, text in golden[kind].items():
            by_id.setdefault(text, set()).add(name)
        assert [names for names in by_id.values() if len(names) > 1] == same
    assert len(HANDLERS) > 40
