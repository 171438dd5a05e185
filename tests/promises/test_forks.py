"""A process that forks while its threads work: the child answers.

Each child that waits for a lock that nobody releases is ended by its alarm.
"""

from __future__ import annotations

import os

import pytest

from tests.support.fresh import run_fresh

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

PROGRAM = """
import os, signal, sys, threading, time, warnings
warnings.simplefilter("ignore")
import handlerid
from handlerid import *
from handlerid.errors import *

def make(n):
    def h(event: ClickEvent): return n
    h.__qualname__ = f"row_{n % 500}"
    return h

def here(event: ClickEvent): return "answered"

ignored = []
sys.unraisablehook = ignored.append
registry = Registry(captures="allow")
app = Dispatcher(registry)
stop = False

def register(n):
    registry.register(make(n))

def look(n):
    try: registry.resolve("h1-" + "a" * 13 + "-" + "a" * 20)
    except UnknownHandler: pass

def forget(n):
    registry.register(make(n)); registry.forget(__name__)

def scan(n):
    registry.scan("handlerid.events")

def name(n):
    registry.handler(name=f"row.{n}")(make(n))

def work():
    n = 0
    while not stop:
        n += 1
        for one in WORK: one(n)

threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
for one in threads: one.start()
hung = 0
for forks in range(60):
    time.sleep(0.001)
    pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        with app.scope() as scope:
            reference = scope.offer(make(1)), scope.offer(here)
        answer = app.dispatch({"handler": reference[1]}, scope=scope)
        os._exit(answer != "answered" or len(ignored))
    status = os.waitpid(pid, 0)[1]
    hung += status != 0
stop = True
print(hung, len(ignored))
"""


@pytest.mark.parametrize("work", ["register, look", "forget", "scan, name"])
def test_a_child_finds_no_lock_held(work: str) -> None:
    program = PROGRAM.replace("in WORK:", f"in ({work},):")
    assert run_fresh("-c", program).strip() == "0 0"


def test_a_child_finds_no_module_half_imported() -> None:
    """A fork while another thread imports what is loaded late waits for it."""
    slow = """
import os, signal, sys, threading, time
import importlib.abc, importlib.machinery
from handlerid import *

class Slow(importlib.abc.MetaPathFinder):
    "The import of each module takes a while, as from a slow disk."
    def find_spec(self, name, path, target=None):
        if name.startswith("handlerid."):
            started.set(); time.sleep(0.1)

started = threading.Event()
sys.meta_path.insert(0, Slow())
def here(event: ClickEvent): return "answered"
def add(): Registry().register(here)
thread = threading.Thread(target=add); thread.start()
started.wait(10)
pid = os.fork()
if pid == 0:
    signal.alarm(10)
    app = Dispatcher(Registry())
    os._exit(app.dispatch({"handler": app.registry.register(here)}) != "answered")
print(os.waitpid(pid, 0)[1])
"""
    assert run_fresh("-c", slow).strip() == "0"


def test_preload_imports_what_is_loaded_late() -> None:
    program = """
import sys, handlerid
handlerid.preload()
before = {one for one in sys.modules if one.startswith("handlerid")}
from handlerid import Dispatcher, InputEvent, Registry, Tokens
registry = Registry(captures="distinct")
tokens = Tokens(b"0123456789abcdef")
app = Dispatcher(registry, tokens=tokens)
@registry.handler
def on_input(event: InputEvent): return event.value
with app.scope(audience=None) as scope: token = scope.offer(on_input)
body = '{"handler": "%s", "value": "a"}' % token
assert app.dispatch(body.encode(), audience=None) == "a"
print(*{one for one in sys.modules if one.startswith("handlerid")} - before)
"""
    assert run_fresh("-c", program).strip() == ""
