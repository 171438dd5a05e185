"""The same id from two servers: one rendered, one only scanned."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.fresh import run_fresh
from tests.support.packages import write

PAGE = """
from functools import partial
from handlerid import ClickEvent, Event, InputEvent

class Panel:
    @staticmethod
    def on_static(event: ClickEvent): return "static"
    @classmethod
    def on_class(cls, event: ClickEvent): return cls.__name__

def on_click(event: ClickEvent): return f"clicked {event.key}"
def on_either(event: ClickEvent | InputEvent): return type(event).__name__
def on_step(step, event: ClickEvent): return step
on_up = partial(on_step, "up")

def page(registry):
    return [
        registry.register(on_click),
        registry.register(on_either, InputEvent),
        registry.register(on_up),
        registry.register(Panel.on_static),
        registry.register(Panel.on_class),
    ]
"""

RENDERS = """
import json
from handlerid import Registry
from shop.pages.cart import page
print(json.dumps(page(Registry())))
"""

SCANS = """
import json, sys
from handlerid import Dispatcher, Registry
registry = Registry(captures="refuse")
scan = registry.scan("shop")
dispatcher = Dispatcher(registry)
ids = json.loads(sys.argv[1])
payloads = [{"handler": one, "key": "tea", "value": "x"} for one in ids]
answers = [dispatcher.dispatch(one) for one in payloads]
print(json.dumps([answers, sorted(x.handler_id for x in scan)]))
"""


def test_one_renders_and_one_has_only_scanned(tmp_path: Path) -> None:
    write(tmp_path, shop____init__="", shop__pages____init__="", shop__pages__cart=PAGE)
    ids = json.loads(run_fresh("-c", RENDERS, path=tmp_path, seed="1"))
    answer = run_fresh("-c", SCANS, json.dumps(ids), path=tmp_path, seed="2")
    answers, found = json.loads(answer)
    assert answers == ["clicked tea", "InputEvent", "up", "static", "Panel"]
    assert set(ids) < set(found)
    assert len(found) == 6  # on_either for the other event, too
