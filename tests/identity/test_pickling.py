"""What computes ids is pickled, and a handler sent by value keeps its id."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections import UserString
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    Identity,
    Registry,
    Tokens,
    explain,
    handler_id,
)

cloudpickle: Any = import_module("cloudpickle")  # it has no py.typed

SENDER = """
import functools, sys
import cloudpickle
from handlerid import ClickEvent, Identity, handler_id

identity = Identity(fingerprint="bytecode")

def logged(fn):
    @functools.wraps(fn)
    def wrapper(event): return fn(event)
    return wrapper

def on_click(event: ClickEvent):
    return handler_id(wrapped), identity.handler_id(wrapped)

@logged
def wrapped(event: ClickEvent): return 1

def make(n):
    def inner(event: ClickEvent): return n
    return inner

if __name__ == "__main__":
    partial = functools.partial(make(2), 3)
    handlers = on_click, wrapped, make(1), partial, logged(make(3))
    ids = [handler_id(one, captures=True) for one in handlers]
    sys.stdout.buffer.write(cloudpickle.dumps((handlers, ids, on_click(None))))
"""
WORKER = """
import pickle, sys
from handlerid import handler_id
handlers, ids, inside = pickle.load(sys.stdin.buffer)
assert [handler_id(one, captures=True) for one in handlers] == ids
assert handlers[0](None) == inside
print(ids[0].module)
"""


def on_click(event: ClickEvent) -> str:
    return event.key


class Row(UserString): ...


def short(name: str) -> str:
    return name.rpartition(".")[2]


IDENTITIES = {
    "default": Identity(),
    "source": Identity(fingerprint="source"),
    "module_name": Identity(module_name=short),
    "encoders": Identity(encoders={Row: str}, decoders={Row: Row}),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_is_pickled(name: str) -> None:
    identity = IDENTITIES[name]
    wanted = identity.handler_id(on_click, ClickEvent)
    for one in (
        *(pickle.loads(pickle.dumps(identity, n)) for n in range(2, 6)),
        *(copy.copy(identity), copy.deepcopy([identity])[0]),
        pickle.loads(cloudpickle.dumps(identity)),
    ):
        assert one.handler_id(on_click, ClickEvent) == wanted
    method = pickle.loads(pickle.dumps(identity.handler_id))
    assert method(on_click, ClickEvent) == wanted


def test_functions_that_compute_ids_are_pickled() -> None:
    for function in (handler_id, explain):
        assert pickle.loads(pickle.dumps(function)) is function


def test_keys_get_into_no_pickle() -> None:
    identity = Identity(keys=b"a secret of the servers")
    for way in (pickle.dumps, cloudpickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError) as caught:
            way(identity)
        assert str(caught.value) == (
            "an Identity with keys cannot be copied or pickled, because a pickle would "
            "hold the keys; make one in each process"
        )


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., bytes]:
    package = tmp_path / "shop_sent"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "app.py").write_text(SENDER)
    (package / "__main__.py").write_text(SENDER)
    (tmp_path / "the_worker.py").write_text(WORKER)

    def run(*arguments: str, stdin: bytes = b"") -> bytes:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, cwd=tmp_path, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


@pytest.mark.parametrize(
    ("sender", "module"),
    [
        (["shop_sent/app.py"], "app"),
        (["-m", "shop_sent.app"], "shop_sent.app"),
        (["-m", "shop_sent"], "shop_sent.__main__"),
        (["-c", SENDER], "__main__"),
    ],
)
def test_a_handler_of_main_keeps_its_id_when_it_is_sent_by_value(
    run: Callable[..., bytes], sender: list[str], module: str
) -> None:
    sent = run(*sender)
    for worker in (["-c", WORKER], ["the_worker.py"], ["-m", "the_worker"]):
        assert run(*worker, stdin=sent).decode().strip() == module


# What holds handlers or keys is one in a process.


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
@pytest.mark.parametrize("captures", ["warn", "carry"])
def test_what_is_shared_is_neither_copied_nor_pickled(
    way: Callable[[object], object], captures: Any
) -> None:
    """A copy would share entries with the original, or answer nothing."""
    registry, tokens = Registry(captures=captures), Tokens(bytes(32), max_age=60)
    app = Dispatcher(registry, tokens=tokens)
    scope = app.scope(audience=None)
    for one in (registry, tokens, app, scope, scope.part(1)):
        for value in (one, [one], {"settings": one}):
            if way is copy.copy and value is not one:
                continue
            with pytest.raises(TypeError) as caught:
                way(value)
            assert str(caught.value) == (
                f"a {type(one).__name__} cannot be copied or pickled: share it in a "
                "process, and make one in each process"
            )
    with pytest.raises(TypeError, match=r"^a Dispatcher cannot be copied or pickled"):
        cloudpickle.dumps(lambda: app)


def test_a_call_is_sent_with_submit() -> None:
    app = Dispatcher(Registry())
    call = app.prepare({"handler": app.registry.register(on_click)})
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"^a Call cannot be copied or pickled"):
            way(call)
