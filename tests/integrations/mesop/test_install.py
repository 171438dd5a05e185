"""Installing into this process and taking it out again."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from mesop.component_helpers import helper
from mesop.runtime import runtime
from mesop.runtime.context import Context

from handlerid.integrations import mesop as integration
from handlerid.integrations.mesop import install, uninstall


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    uninstall()


def places() -> dict[str, object]:
    """What stands in each place that Mesop and its components call."""
    found: dict[str, object] = {
        f"{name}.register_event_handler": vars(module)["register_event_handler"]
        for name, module in list(sys.modules.items())
        if "register_event_handler" in getattr(module, "__dict__", {})
    }
    return {
        **found,
        "compute_fn_id": helper.compute_fn_id,
        "wrap_handler_with_event": helper.wrap_handler_with_event,
        **{f"Context.{name}": value for name, value in vars(Context).items()},
        **{f"Runtime.{name}": value for name, value in vars(type(runtime())).items()},
    }


def differing(before: dict[str, object], after: dict[str, object]) -> list[str]:
    return sorted(name for name in before if before[name] is not after.get(name))


def test_uninstall_puts_the_identical_objects_back() -> None:
    before = places()
    install()
    changed = differing(before, places())
    assert "mesop.components.button.button.register_event_handler" in changed
    assert {"Context.run_event_handler", "Runtime.run_path"} <= set(changed)
    uninstall()
    after = places()
    assert differing(before, after) == []
    assert after.keys() == before.keys()


def test_every_place_that_registers_handlers_is_reached() -> None:
    components = [name for name in places() if name.startswith("mesop.")]
    assert len(components) > 15
    before = places()
    install()
    changed = differing(before, places())
    assert set(components) <= set(changed)


def test_a_second_install_takes_the_place_of_the_first() -> None:
    before = places()
    install()
    first, to_undo = places(), len(integration._undo)
    install(captures="allow")
    assert len(integration._undo) == to_undo
    assert len(differing(first, places())) == len(differing(before, places()))
    uninstall()
    assert differing(before, places()) == []


def test_uninstall_without_install_does_nothing() -> None:
    before = places()
    uninstall()
    assert differing(before, places()) == []


def test_captures_cannot_be_carried() -> None:
    install()
    installed = places()
    text = r"^Mesop's pages cannot hold tokens; use 'distinct'$"
    with pytest.raises(ValueError, match=text):
        install(captures="carry")
    assert differing(installed, places()) == []
