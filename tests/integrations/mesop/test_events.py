"""The event types that stand for Mesop's classes."""

from __future__ import annotations

import re

from handlerid import Dispatcher, Event, HandlerId, Registry
from handlerid.integrations.mesop.events import stand_in


def standing_for(name: str, module: str) -> type[Event]:
    cls = type(name, (), {"__module__": module})
    return stand_in(cls, make=lambda payload: payload["sent"], module=module)


def test_a_class_of_mesops_is_named_after_mesop() -> None:
    names = ("ClickEvent", "LongPressEvent", "HTMLPasteEvent")
    assert [standing_for(name, "mesop.events").wire_name for name in names] == [
        "mesop_click",
        "mesop_long_press",
        "mesop_html_paste",
    ]


def test_classes_with_one_name_in_two_modules_are_two() -> None:
    modules = ("app.one", "app.two")
    names = [standing_for("PressEvent", module).wire_name for module in modules]
    assert names == ["mesop_app_one_pressevent", "mesop_app_two_pressevent"]


def test_a_class_made_again_has_the_same_name() -> None:
    first, second = (standing_for("AgainEvent", "app.again") for _ in range(2))
    assert first is not second
    assert first.wire_name == second.wire_name


def test_a_long_name_keeps_its_end() -> None:
    names = {
        standing_for(f"{'Very' * 20}{end}", f"{'deep.' * 20}app").wire_name
        for end in ("One", "Two")
    }
    assert len(names) == 2
    for name in names:
        assert len(name) == 64
        assert re.fullmatch(r"mesop_[a-z0-9_]+(one|two)", name)


def test_a_handler_gets_what_was_made_whatever_its_annotation_says() -> None:
    def on_tap(event: int) -> object:
        return event

    event = standing_for("Tapped", "app.names")
    dispatcher = Dispatcher(Registry())
    with dispatcher.scope() as scope:
        handler = scope.offer(on_tap, event)
    assert HandlerId.parse(handler).event == "mesop_app_names_tapped"
    sent = object()
    payload = {"handler": handler, "sent": sent}
    assert dispatcher.dispatch(payload, scope=scope) is sent
