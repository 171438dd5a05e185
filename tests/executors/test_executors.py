"""Calls that run in other threads and processes: real ones."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import multiprocessing
import os
import pickle
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

import distributed
import pytest

from handlerid import ClickEvent, Dispatcher, Event, Registry, executors
from handlerid.errors import (
    ExpiredToken,
    InvalidToken,
    StaleHandler,
    UnknownHandler,
    UnsupportedHandler,
)
from handlerid.executors import PickledHandler, Worker, submit
from tests.support import worker_app
from tests.support.fresh import run_fresh

APP = "tests.support.worker_app"
KEY = worker_app.KEY

colour: ContextVar[str] = ContextVar("colour", default="none")


@pytest.fixture(scope="module")
def process_pool() -> Iterator[Executor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IS_WORKER", "1")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            pool.submit(abs, 0).result()  # started while the variable is set
            patch.delenv("IS_WORKER")
            yield pool


@pytest.fixture(scope="module")
def dask() -> Iterator[Executor]:
    """Two worker processes, by the interface that Dask offers for executors."""
    engine: Any = distributed  # its classes say nothing of their types
    with (
        engine.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        engine.Client(cluster) as client,
    ):
        client.run(os.environ.update, {"IS_WORKER": "1"})
        yield client.get_executor()


@pytest.fixture(params=["process_pool", "dask"])
def processes(request: pytest.FixtureRequest) -> Executor:
    executor: Executor = request.getfixturevalue(request.param)
    return executor


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def sent(
    executor: Executor,
    fn: Callable[..., object],
    fields: dict[str, object] | None = None,
    worker: str = "dispatcher",
    **options: Any,
) -> Future[Any]:
    """The future of a call of a handler; by value, its worker is a ``Worker``."""
    with worker_app.dispatcher.scope() as scope:
        reference = scope.offer(fn)
    payload = {"handler": reference, "key": "k", **(fields or {})}
    call = worker_app.dispatcher.prepare(payload, scope=scope)
    return submit(call, executor, worker=f"{APP}:{worker}", **options)


def by_value(
    executor: Executor,
    fn: Callable[..., object],
    fields: dict[str, object] | None = None,
    worker: str = "worker",
) -> Future[Any]:
    return sent(executor, fn, fields, worker, key=KEY, by_value=True)


# By id.


def test_the_worker_finds_the_handler_in_its_own_registry(processes: Executor) -> None:
    for worker in ("dispatcher", "worker"):
        pid, *seen = sent(
            processes, worker_app.where, {"client_x": 3}, worker=worker
        ).result()
        assert pid != os.getpid()
        assert seen == ["k", 3.0]
    resized = sent(processes, worker_app.wide, {"width": 21})
    assert resized.result() == 42


def test_every_kind_of_handler_runs_to_its_end(
    processes: Executor, threads: Executor
) -> None:
    for executor in (processes, threads):
        for handler in (worker_app.later, worker_app.steps):
            assert sent(executor, handler).result() == "k"


def test_two_equal_calls_are_two_calls(processes: Executor) -> None:
    """An engine that remembers results must not answer the second click itself."""
    first, second = (sent(processes, worker_app.another) for _ in range(2))
    assert first.result() != second.result()


def test_what_the_handler_raises_comes_back_as_it_is(processes: Executor) -> None:
    with pytest.raises(worker_app.Refusal) as caught:
        sent(processes, worker_app.fails).result()
    assert caught.value.code == 7


def test_a_worker_that_does_not_know_the_handler(processes: Executor) -> None:
    with pytest.raises(UnknownHandler) as caught:
        sent(processes, worker_app.where, worker="knows_nothing").result()
    assert caught.value.handler_id == worker_app.registry.register(worker_app.where)


def test_a_worker_that_knows_other_code(process_pool: Executor) -> None:
    def where(event: ClickEvent) -> str:
        return "other code"

    where.__module__, where.__qualname__ = APP, "where"
    with pytest.raises(StaleHandler) as caught:
        sent(process_pool, where).result()
    assert caught.value.current == (worker_app.registry.register(worker_app.where),)


@pytest.mark.parametrize("by_value", [False, True])
def test_a_worker_that_is_no_dispatcher(
    process_pool: Executor, *, by_value: bool
) -> None:
    kind = "handlerid.executors.Worker" if by_value else "Dispatcher"
    for name in ["no_dispatcher", *(["dispatcher"] if by_value else [])]:
        future = sent(
            process_pool, worker_app.where, worker=name, key=KEY, by_value=by_value
        )
        with pytest.raises(TypeError, match=f"^{APP}:{name} must be a {kind}$"):
            future.result()


@pytest.mark.parametrize(
    "worker",
    ["", "app", "app:", ":name", "app:a.b", "a b:c", "app:1", "a..b:c", "a:b:c"],
)
def test_a_worker_is_written_as_module_and_name(worker: str, threads: Executor) -> None:
    dispatcher = Dispatcher(Registry())
    handler_id = dispatcher.registry.register(worker_app.where)
    call = dispatcher.prepare({"handler": handler_id})
    with pytest.raises(ValueError, match=r"^worker must be written as 'module:name'$"):
        submit(call, threads, worker=worker)


def test_a_worker_is_named_as_python_reads_names(tmp_path: Path) -> None:
    script = SCRIPT.replace("METHOD", "spawn")
    script = script.replace("dispatcher", "\N{MICRO SIGN}")
    (tmp_path / "script.py").write_text(script, "utf-8")
    assert run_fresh("script.py", cwd=tmp_path) == "ran in __mp_main__\n"


# In a thread of this process: the call itself runs, in its context.


def test_a_thread_has_the_context(threads: Executor) -> None:
    made_here = object()

    def handler(event: Event) -> list[object]:
        seen = [made_here, threading.get_ident(), colour.get(), event.key]
        colour.set("red")
        return seen

    token = colour.set("blue")
    try:
        here, thread, *seen = sent(threads, handler).result()
        assert here is made_here
        assert seen == ["blue", "k"]
        assert thread != threading.get_ident()
        assert colour.get() == "blue"
    finally:
        colour.reset(token)


SCRIPT = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from handlerid import ClickEvent, Dispatcher, Registry
from handlerid.executors import submit

registry = Registry()
dispatcher = Dispatcher(registry)

@registry.handler
def handler(event: ClickEvent) -> str:
    return f"{event.key} in {__name__}"

if __name__ == "__main__":
    (handler_id,) = registry
    call = dispatcher.prepare({"handler": handler_id, "key": "ran"})
    with ProcessPoolExecutor(1, mp_context=get_context("METHOD")) as pool:
        print(submit(call, pool, worker="__main__:dispatcher").result())
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_script_may_start_its_own_workers(tmp_path: Path, method: str) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.replace("METHOD", method))
    assert run_fresh("script.py", cwd=tmp_path) == "ran in __mp_main__\n"


# By value.


@pytest.fixture
def unknown_module(tmp_path: Path) -> Iterator[ModuleType]:
    """A module that no worker can import."""
    path = tmp_path / "unknown_to_workers.py"
    path.write_text(
        "from dataclasses import dataclass\n"
        "from handlerid import Event\n"
        "@dataclass(kw_only=True, slots=True)\n"
        "class OwnEvent(Event, name='unknown_own'):\n"
        "    amount: int\n"
        "def helper(amount):\n"
        "    return amount * 2\n"
        "def handler(event: OwnEvent):\n"
        "    import os\n"
        "    return os.getpid(), event.key, helper(event.amount)\n"
        "lock = __import__('threading').Lock()\n"
        "def locking(event):\n"
        "    return lock\n"
        "class Own: ...\n"
        "def returning(event):\n"
        "    return Own()\n"
    )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[path.stem]


def closure(word: str) -> Callable[[ClickEvent], tuple[int, str]]:
    def handler(event: ClickEvent) -> tuple[int, str]:
        return os.getpid(), f"{word} {event.key}"

    return handler


def test_a_handler_that_workers_cannot_import(
    processes: Executor, unknown_module: ModuleType
) -> None:
    with pytest.raises(UnknownHandler):
        sent(processes, worker_app.where, worker="knows_nothing").result()
    pid, *seen = by_value(processes, unknown_module.handler, {"amount": 21}).result()
    assert pid != os.getpid()
    assert seen == ["k", 42]


def test_an_object_of_a_class_that_came_by_value_does_not_come_back(
    process_pool: Executor, unknown_module: ModuleType
) -> None:
    with pytest.raises(pickle.PicklingError, match=r"Can't pickle .*Own"):
        by_value(process_pool, unknown_module.returning).result()


def test_a_closure_takes_its_captures_along(processes: Executor) -> None:
    with pytest.raises(UnknownHandler):
        sent(processes, closure("hello")).result()
    pid, text = by_value(processes, closure("hello")).result()
    assert pid != os.getpid()
    assert text == "hello k"


def test_modules_are_by_value_only_while_one_is_sent(threads: Executor) -> None:
    by_value(threads, closure("hello")).result()
    pickling = importlib.import_module("cloudpickle")
    assert pickling.list_registry_pickle_by_value() == set()


@pytest.mark.parametrize("key", [None, b"", b"x" * 15, "x" * 16])
def test_by_value_needs_a_key(threads: Executor, key: Any) -> None:
    text = (
        "handlers are sent by value with a key of at least 16 random bytes, the same "
        "for submit() and Worker: secrets.token_bytes(32)"
    )
    with pytest.raises(ValueError, match=r"^handlers are sent by value") as caught:
        sent(threads, worker_app.where, key=key, by_value=True)
    assert str(caught.value) == text
    with pytest.raises(ValueError, match=r"^handlers are sent by value"):
        Worker(worker_app.dispatcher, key=key)


def test_a_handler_that_cannot_be_pickled(
    threads: Executor, unknown_module: ModuleType
) -> None:
    with pytest.raises(UnsupportedHandler) as caught:
        by_value(threads, unknown_module.locking)
    assert str(caught.value) == (
        "unknown_to_workers.locking cannot be sent by value: it, its captures or its "
        "event cannot be pickled (cannot pickle '_thread.lock' object)"
    )
    assert caught.value.__context__ is None


def test_what_cannot_be_pickled_is_in_no_text(threads: Executor) -> None:
    class Odd:
        def __reduce__(self) -> Any:
            raise ValueError("a secret")

    odd = Odd()

    def handler(event: ClickEvent) -> object:
        return odd

    with pytest.raises(
        UnsupportedHandler, match=r"be pickled \(ValueError\)$"
    ) as caught:
        by_value(threads, handler)
    assert caught.value.__context__ is None


# What arrives, looked at closely.


class Keeping(Executor):
    """Keeps what another process would get."""

    def __init__(self) -> None:
        self.pickled: list[bytes] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.pickled.append(pickle.dumps(fn))
        return Future()


def message(fn: Callable[..., object] = worker_app.where) -> PickledHandler:
    keeping = Keeping()
    by_value(keeping, fn)
    content = pickle.loads(keeping.pickled[0]).content
    assert isinstance(content, PickledHandler)
    return content


def worker() -> Worker:
    return Worker(worker_app.dispatcher, key=KEY)


class Opened(Exception): ...


class Bomb:
    """Unpickling it is what must not happen."""

    def __reduce__(self) -> Any:
        return (explode, ())


def explode() -> None:
    raise Opened


def test_two_equal_calls_do_not_look_equal() -> None:
    keeping = Keeping()
    for _ in range(2):
        sent(keeping, worker_app.another)
    first, second = keeping.pickled
    assert first != second


def test_the_key_is_not_in_what_travels_and_no_value_in_a_repr() -> None:
    keeping = Keeping()
    by_value(keeping, closure("secret"))
    received = pickle.loads(keeping.pickled[0])
    assert KEY not in keeping.pickled[0]
    assert "secret" not in f"{received}{message(closure('secret'))}"
    assert repr(worker()) == f"<Worker of {worker_app.dispatcher!r}>"
    assert not hasattr(worker(), "__dict__")


def test_a_handler_by_value_keeps_its_id_and_its_name() -> None:
    call = worker().call(message())
    handler_id = worker_app.registry.register(worker_app.where)
    assert call.handler.id == handler_id
    assert (call.handler.id.module, call.handler.id.qualname) == (APP, "where")
    assert call.handler.fn is not worker_app.where
    assert (call.event, call.source) == (ClickEvent(key="k"), "host")


def flip(text: bytes) -> bytes:
    return bytes([text[0] ^ 1]) + text[1:]


@pytest.mark.parametrize(
    "changed",
    [
        lambda one: {"pickled": pickle.dumps(Bomb())},
        lambda one: {"pickled": one.pickled + b"\0"},
        lambda one: {"pickled": b""},
        lambda one: {"signature": flip(one.signature)},
        lambda one: {"signature": one.signature[:-1]},
        lambda one: {"signature": b""},
        lambda one: {"head": one.head.replace("h1-", "h2-")},
        lambda one: {"head": one.head[:-1] + "g"},
        # No byte may move from one part to the next.
        lambda one: {"head": one.head[:-1], "pickled": b"g" + one.pickled},
    ],
)
def test_what_was_tampered_with_is_not_unpickled(
    changed: Callable[[PickledHandler], dict[str, Any]],
) -> None:
    one = message()
    with pytest.raises(InvalidToken) as caught:
        worker().call(dataclasses.replace(one, **changed(one)))
    assert str(caught.value) == (
        "the signature of a handler sent by value is wrong: the sender has another key "
        "or another release of Python, or it was tampered with"
    )


def test_the_bomb_above_would_explode() -> None:
    with pytest.raises(Opened):
        pickle.loads(pickle.dumps(Bomb()))


def test_another_key_and_another_python_are_refused(
    process_pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidToken, match="the sender has another key"):
        by_value(process_pool, worker_app.where, worker="other_key").result()
    one = message()
    monkeypatch.setattr("handlerid.executors._PURPOSE", b"by value, cpython-99\0")
    with pytest.raises(InvalidToken, match="or another release of Python"):
        worker().call(one)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of a process that has seen no message."""
    now = [1_000.0]
    monkeypatch.setattr("handlerid.executors.time", lambda: now[0])
    monkeypatch.setattr("handlerid.executors._seen", OrderedDict())
    return now


def test_a_message_runs_once_and_expires(clock: list[float]) -> None:
    for arrival in (1_000.0, 940.1, 1_659.9):
        clock[0] = 1_000.0
        one = message()
        handler_id = one.head.split()[0]
        clock[0] = arrival
        worker().call(one)
        for clock[0] in (arrival, 1_000.0, 1_659.9):
            with pytest.raises(ExpiredToken) as caught:
                worker().call(one)  # another worker of the same process
            text = f"{handler_id} was sent by value and ran already"
            assert (str(caught.value), caught.value.aged) == (text, False)
    clock[0] = 1_000.0
    one = message()
    handler_id = one.head.split()[0]
    for clock[0], aged in (1_660.0, True), (939.9, False):
        with pytest.raises(ExpiredToken) as caught:
            worker().call(one)
        assert str(caught.value) == (
            f"{handler_id} was sent by value and arrived too late, or the clocks of "
            "sender and worker differ by more than 60 seconds"
        )
        assert caught.value.aged is aged


def test_what_a_worker_forgot_has_expired(clock: list[float]) -> None:
    """Messages arrive in any order, and each is forgotten when no clock takes it."""
    messages = []
    for clock[0] in (1_060.0, 1_000.0, 1_500.0):
        messages.append(message())
    for one, remembered in zip(messages, (1, 2, 3), strict=True):
        worker().call(one)
        assert len(vars(executors)["_seen"]) == remembered
    for clock[0] in (1_500.0, 1_719.9, 1_780.0, 2_219.9, 2_220.0):
        for one in messages:
            with pytest.raises(ExpiredToken):
                worker().call(one)
    worker().call(message())
    assert len(vars(executors)["_seen"]) == 1


def test_workers_share_what_they_remember_by_a_hook() -> None:
    seen: dict[bytes, int] = {}

    def first_use(nonce: bytes, until: int) -> bool:
        first = nonce not in seen
        seen[nonce] = until
        return first

    def other_process() -> Worker:
        return Worker(worker_app.dispatcher, key=KEY, replay=first_use)

    one = message()
    other_process().call(one)
    assert {len(nonce): until for nonce, until in seen.items()} == {
        16: int(one.head.split()[1]) + 120
    }
    with pytest.raises(ExpiredToken, match="ran already"):
        other_process().call(one)


@pytest.mark.parametrize("answer", [None, 1, "yes", NotImplemented])
def test_only_true_is_the_first_time(answer: Any) -> None:
    guarded = Worker(worker_app.dispatcher, key=KEY, replay=lambda *_: answer)
    with pytest.raises(ExpiredToken, match="ran already"):
        guarded.call(message())


def test_a_hook_that_is_no_function() -> None:
    seen: Any = set()
    with pytest.raises(TypeError, match=r"^replay must be a function$"):
        Worker(worker_app.dispatcher, key=KEY, replay=seen)


def test_cloudpickle_is_imported_only_for_handlers_by_value() -> None:
    program = (
        "import sys; from tests.support import worker_app as app; "
        "from concurrent.futures import ThreadPoolExecutor as Pool; "
        "from handlerid.executors import submit; "
        "handler_id = app.registry.register(app.where); "
        "call = app.dispatcher.prepare({'handler': handler_id}); "
        "pool, worker = Pool(1), 'app:worker'; "
        "submit(call, pool, worker=worker).result(); "
        "print('cloudpickle' in sys.modules); "
        "submit(call, pool, worker=worker, key=app.KEY, by_value=True).result(); "
        "print('cloudpickle' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert run_fresh("-c", program, path=root) == "False\nTrue\n"
