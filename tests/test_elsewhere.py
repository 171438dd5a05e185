"""Calls that run in other threads and processes: real ones."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import importlib.util
import json
import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import distributed
import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    Event,
    Form,
    Identity,
    Registry,
    current_call,
    current_event,
)
from handlerid._elsewhere import ByValue, pack, unpack
from handlerid.errors import (
    AsyncHandler,
    InvalidToken,
    StaleHandler,
    UnknownHandler,
    UnsupportedHandler,
)
from tests.support import worker_app
from tests.support.fresh import run_fresh

APP = "tests.support.worker_app"

colour: ContextVar[str] = ContextVar("colour", default="none")


@pytest.fixture(scope="module")
def process_pool() -> Iterator[Executor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IS_WORKER", "1")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            # Both are started while the variable is set.
            list(pool.map(abs, range(2)))
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
def elsewhere(request: pytest.FixtureRequest) -> Executor:
    executor: Executor = request.getfixturevalue(request.param)
    return executor


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def submit(
    executor: Executor, fn: Callable[..., object], *, key: str = "k", **options: Any
) -> Future[Any]:
    payload = {"handler": worker_app.registry.register(fn), "key": key}
    return worker_app.dispatcher.prepare(payload).submit(executor, **options)


def answer(future: Future[Any]) -> Any:
    return future.result()


# As id and payload.


def test_the_worker_finds_the_handler_in_its_own_registry(elsewhere: Executor) -> None:
    handler_id = worker_app.registry.register(worker_app.where)
    payload = f'{{"handler": "{handler_id}", "key": "k", "client_x": 3}}'.encode()
    for made in (payload, bytearray(payload), memoryview(payload), payload.decode()):
        call = worker_app.dispatcher.prepare(made)
        pid, *seen = answer(call.submit(elsewhere))
        assert pid != os.getpid()
        assert seen == ["k", 3.0, "k"]


def test_two_equal_calls_are_two_calls(elsewhere: Executor) -> None:
    """An engine that remembers results must not answer the second click itself."""
    first, second = (submit(elsewhere, worker_app.another) for _ in range(2))
    assert first.result() != second.result()


def test_two_equal_calls_do_not_look_equal() -> None:
    class Keeping(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            kept.append(pickle.dumps(fn))
            return Future()

    kept: list[bytes] = []
    for _ in range(2):
        submit(Keeping(), worker_app.another)
    assert kept[0] != kept[1]


def test_an_event_type_of_the_hosts_own(elsewhere: Executor) -> None:
    handler_id = worker_app.registry.register(worker_app.wide)
    call = worker_app.dispatcher.prepare({"handler": handler_id, "width": 21})
    assert call.submit(elsewhere).result() == 42


def test_a_handler_that_only_a_render_makes(elsewhere: Executor) -> None:
    with worker_app.registry.scope() as scope:
        handler_id = worker_app.page(scope)
    call = worker_app.dispatcher.prepare({"handler": handler_id, "key": "k"})
    assert call.submit(elsewhere).result() == "rendered k"


def test_what_the_handler_raises_comes_back_as_it_is(elsewhere: Executor) -> None:
    future = submit(elsewhere, worker_app.fails)
    with pytest.raises(worker_app.Refusal) as caught:
        future.result()
    assert caught.value.code == 7


def test_an_async_handler_needs_a_runner_there(elsewhere: Executor) -> None:
    with pytest.raises(AsyncHandler, match=r"worker_app\.later is asynchronous"):
        submit(elsewhere, worker_app.later).result()
    future = submit(elsewhere, worker_app.later, runner=asyncio.run)
    assert future.result() == "k"


def test_steps_do_not_come_back(elsewhere: Executor, threads: Executor) -> None:
    for executor in (elsewhere, threads):
        with pytest.raises(UnsupportedHandler) as caught:
            submit(executor, worker_app.steps).result()
        assert str(caught.value) == (
            f"{APP}.steps yields, and the steps of a handler cannot come back from an "
            "executor: submit one that returns, or use call.stream() here"
        )


def test_a_worker_that_does_not_know_the_handler(elsewhere: Executor) -> None:
    future = submit(elsewhere, worker_app.where, worker=f"{APP}:knows_nothing")
    with pytest.raises(UnknownHandler) as caught:
        future.result()
    handler_id = worker_app.registry.register(worker_app.where)
    assert caught.value.handler_id == handler_id


def test_a_worker_that_knows_other_code(elsewhere: Executor) -> None:
    registry = Registry()

    def where(event: ClickEvent) -> str:
        return "other code"

    where.__module__, where.__qualname__ = APP, "where"
    call = Dispatcher(registry).prepare({"handler": registry.register(where)})
    future = call.submit(elsewhere, worker=f"{APP}:dispatcher")
    with pytest.raises(StaleHandler) as caught:
        future.result()
    assert caught.value.current == (worker_app.registry.register(worker_app.where),)


def test_a_worker_that_is_no_dispatcher(process_pool: Executor) -> None:
    future = submit(process_pool, worker_app.where, worker=f"{APP}:no_dispatcher")
    with pytest.raises(TypeError, match=f"^{APP}:no_dispatcher is no Dispatcher$"):
        future.result()


def test_nobody_said_where_the_worker_is(elsewhere: Executor) -> None:
    dispatcher = Dispatcher(worker_app.registry)
    handler_id = dispatcher.offer(worker_app.where)
    future = dispatcher.prepare({"handler": handler_id}).submit(elsewhere)
    with pytest.raises(UnsupportedHandler) as caught:
        future.result()
    assert str(caught.value) == (
        f"a call of {APP}.where was sent to another process, and nobody said where its "
        "dispatcher is: pass worker='module:name' to the dispatcher or to submit()"
    )


@pytest.mark.parametrize(
    "worker",
    ["", "app", "app:", ":name", "app:a.b", "a b:c", "app:1", "a..b:c", "a:b:c"],
)
def test_a_worker_is_written_as_module_and_name(worker: str) -> None:
    with pytest.raises(ValueError, match=r"^worker must be written as 'module:name'$"):
        Dispatcher(Registry(), worker=worker)
    with pytest.raises(ValueError, match=r"^worker must be written as"):
        submit(ThreadPoolExecutor(1), worker_app.where, worker=worker)


class OwnMapping(Mapping[str, object]):
    """As hosts have it: a view of what belongs to the request, and to this process."""

    def __init__(self, fields: dict[str, object]) -> None:
        self._fields, self._lock = fields, threading.Lock()

    def __getitem__(self, name: str) -> object:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


PAYLOADS: dict[str, Callable[[dict[str, object]], Any]] = {
    "dict": dict,
    "text": json.dumps,
    "bytes": lambda fields: json.dumps(fields).encode(),
    "bytearray": lambda fields: bytearray(json.dumps(fields).encode()),
    "memoryview": lambda fields: memoryview(json.dumps(fields).encode()),
    "read-only": MappingProxyType,
    "own": OwnMapping,
    "form": Form,
}


@pytest.mark.parametrize("make", PAYLOADS.values(), ids=PAYLOADS)
def test_every_kind_of_payload_travels(
    process_pool: Executor, make: Callable[[dict[str, object]], Any]
) -> None:
    payload = make(
        {"handler": worker_app.dispatcher.offer(worker_app.where), "key": "k"}
    )
    call = worker_app.dispatcher.prepare(payload)
    assert call.submit(process_pool).result()[1] == "k"  # type: ignore[index]
    page = worker_app.carrying()
    opening = make({"handler": page.offer(worker_app.link("/"), audience="alice")})
    call = worker_app.carries.prepare(opening, audience="alice")
    assert result(call.submit(process_pool))[1] == "/"


# In a thread of this process: the call itself runs, in its context.


def test_a_thread_has_the_context(threads: Executor) -> None:
    def handler(event: Event) -> list[object]:
        seen = [threading.get_ident(), colour.get(), current_event().key]
        colour.set("red")
        return seen

    token = colour.set("blue")
    try:
        thread, *seen = submit(threads, handler).result()
        assert seen == ["blue", "k"]
        assert thread != threading.get_ident()
        assert colour.get() == "blue"
    finally:
        colour.reset(token)


SCRIPT = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from handlerid import ClickEvent, Dispatcher, Registry

registry = Registry()
dispatcher = Dispatcher(registry, worker="__main__:dispatcher")

@registry.handler
def handler(event: ClickEvent) -> str:
    return f"{event.key} in {__name__}"

if __name__ == "__main__":
    call = dispatcher.prepare({"handler": dispatcher.offer(handler), "key": "ran"})
    with ProcessPoolExecutor(1, mp_context=get_context("METHOD")) as pool:
        print(call.submit(pool).result())
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_script_may_start_its_own_workers(tmp_path: Path, method: str) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.replace("METHOD", method))
    assert run_fresh("script.py", cwd=tmp_path) == "ran in __mp_main__\n"


def test_a_thread_needs_no_worker(threads: Executor) -> None:
    made_here = object()

    def handler(event: Event) -> object:
        return made_here

    dispatcher = Dispatcher(Registry())
    call = dispatcher.prepare({"handler": dispatcher.offer(handler)})
    assert call.submit(threads).result() is made_here


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
    elsewhere: Executor, unknown_module: ModuleType
) -> None:
    handler_id = worker_app.registry.register(unknown_module.handler)
    payload = {"handler": handler_id, "key": "k", "amount": 21}
    call = worker_app.dispatcher.prepare(payload)
    with pytest.raises(UnknownHandler):
        call.submit(elsewhere).result()
    pid, *seen = answer(call.submit(elsewhere, by_value=True))
    assert pid != os.getpid()
    assert seen == ["k", 42]


def test_an_object_of_a_class_that_came_by_value_does_not_come_back(
    process_pool: Executor, unknown_module: ModuleType
) -> None:
    with pytest.raises(pickle.PicklingError, match=r"Can't pickle .*Own"):
        submit(process_pool, unknown_module.returning, by_value=True).result()


@pytest.mark.filterwarnings("ignore::handlerid.errors.CapturesShared")
def test_a_closure_takes_its_captures_along(elsewhere: Executor) -> None:
    future = submit(elsewhere, closure("hello"), by_value=True)
    pid, text = future.result()
    assert pid != os.getpid()
    assert text == "hello k"


def test_a_handler_by_value_is_called_by_its_name(process_pool: Executor) -> None:
    """As logs and metrics of the worker call it; the text of an id does not say it."""

    def handler(event: ClickEvent) -> tuple[str, str | None, str | None]:
        handler_id = current_call().handler.id
        return handler_id, handler_id.module, handler_id.qualname

    handler_id = worker_app.registry.register(handler)
    sent = submit(process_pool, handler, by_value=True).result()
    assert sent == (handler_id, __name__, handler.__qualname__)


@pytest.mark.parametrize("by_value", [False, True])
def test_what_a_token_opened_to_is_not_verified_again(
    elsewhere: Executor, *, by_value: bool
) -> None:
    """The worker has no audience, and the token serves once: it served here."""
    page = worker_app.carrying()
    for url in ("/tea/", "/coffee/"):
        text = page.offer(worker_app.link(url), audience="alice")
        for payload in (
            {"handler": text, "key": "k"},
            memoryview(json.dumps({"handler": text, "key": "k"}).encode()),
        ):
            worker_app.used.clear()
            call = worker_app.carries.prepare(payload, audience="alice")
            pid, answer = result(call.submit(elsewhere, by_value=by_value))
            assert pid != os.getpid()
            assert answer == f"{url}k"


def result(future: Future[object]) -> tuple[Any, ...]:
    found = future.result()
    assert isinstance(found, tuple)
    return found


def test_a_handler_with_a_name_of_its_own(process_pool: Executor) -> None:
    registry = Registry()

    @registry.handler(name="greet")
    def handler(event: ClickEvent) -> str:
        return event.key

    dispatcher = Dispatcher(registry, worker_key=worker_app.KEY)
    (handler_id,) = registry
    call = dispatcher.prepare({"handler": handler_id, "key": "k"})
    worker = f"{APP}:dispatcher"
    assert call.submit(process_pool, worker=worker, by_value=True).result() == "k"


def test_modules_are_by_value_only_while_one_is_sent(threads: Executor) -> None:
    submit(threads, closure("hello"), by_value=True).result()
    pickling = importlib.import_module("cloudpickle")
    assert pickling.list_registry_pickle_by_value() == set()


TAMPERED = (
    "a handler arrived by value, and was tampered with on the way or signed with "
    "another worker_key"
)
OTHER_CODE = (
    "the code that arrived for {} has another id here: do both sides make ids in the "
    "same way?"
)


@pytest.mark.parametrize(
    ("worker", "error", "text"),
    [
        (
            "other_key",
            InvalidToken,
            TAMPERED,
        ),
        (
            "no_key",
            InvalidToken,
            "a handler arrived by value, and this dispatcher has no worker_key",
        ),
        (
            "other_ids",
            StaleHandler,
            OTHER_CODE,
        ),
    ],
)
def test_a_worker_that_refuses_a_handler_by_value(
    process_pool: Executor, worker: str, error: type[Exception], text: str
) -> None:
    handler = closure("hello")
    future = submit(process_pool, handler, worker=f"{APP}:{worker}", by_value=True)
    with pytest.raises(error) as caught:
        future.result()
    handler_id = worker_app.registry.register(handler)
    assert str(caught.value) == text.format(handler_id)


@pytest.mark.parametrize(
    "options", [{"worker": f"{APP}:dispatcher"}, {"worker_key": worker_app.KEY}]
)
def test_by_value_needs_a_worker_and_a_key(
    threads: Executor, options: dict[str, Any]
) -> None:
    dispatcher = Dispatcher(worker_app.registry, **options)
    call = dispatcher.prepare({"handler": dispatcher.offer(worker_app.where)})
    with pytest.raises(ValueError, match=r"^by_value needs to know the worker's"):
        call.submit(threads, by_value=True)


def test_a_key_has_a_length() -> None:
    with pytest.raises(ValueError, match=r"^worker_key must have at least 16 bytes$"):
        Dispatcher(Registry(), worker_key=b"x" * 15)


def test_a_handler_that_cannot_be_pickled(
    threads: Executor, unknown_module: ModuleType
) -> None:
    with pytest.raises(UnsupportedHandler) as caught:
        submit(threads, unknown_module.locking, by_value=True)
    assert str(caught.value) == (
        "unknown_to_workers.locking cannot travel by value, since it cannot be "
        "pickled: it uses something that belongs to this process"
    )
    assert isinstance(caught.value.__cause__, TypeError)


# What arrives, looked at closely.


class Opened(Exception): ...


class Bomb:
    """Unpickling it is what must not happen."""

    def __reduce__(self) -> Any:
        return (explode, ())


def explode() -> None:
    raise Opened


def sent() -> ByValue:
    bound = worker_app.registry.resolve(worker_app.registry.register(worker_app.where))
    parcel = pack(
        worker="a:b",
        payload=None,
        runner=None,
        handler=bound,
        event=ClickEvent(key="k"),
        key=worker_app.KEY,
    )
    assert parcel is not None
    assert isinstance(parcel.content, ByValue)
    return parcel.content


def test_what_was_signed_is_unpacked() -> None:
    one = sent()
    handler_id, fn, *rest = unpack(one, worker_app.KEY, Identity())
    assert handler_id == one.handler_id
    assert handler_id.place.startswith(fn.__module__)
    assert fn is not worker_app.where
    assert Identity().handler_id(fn) == Identity().handler_id(worker_app.where)
    assert rest == [ClickEvent, ClickEvent(key="k")]


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
        lambda one: {"python": "cpython 2.7"},
        lambda one: {"handler_id": f"{one.handler_id}x"},
        # What is signed is one text: no byte may move from one part to the next.
        lambda one: {
            "python": one.python[:-1],
            "pickled": one.python[-1:].encode() + one.pickled,
        },
    ],
)
def test_what_was_tampered_with_is_not_unpickled(
    changed: Callable[[ByValue], dict[str, Any]],
) -> None:
    one = sent()
    with pytest.raises(InvalidToken):
        unpack(dataclasses.replace(one, **changed(one)), worker_app.KEY, Identity())


def test_the_bomb_above_would_explode() -> None:
    with pytest.raises(Opened):
        pickle.loads(pickle.dumps(Bomb()))


def test_another_python_is_refused_before_unpickling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from handlerid import _elsewhere

    one = sent()
    monkeypatch.setattr(_elsewhere, "_python", lambda: "cpython 9.9")
    with pytest.raises(StaleHandler) as caught:
        unpack(one, worker_app.KEY, Identity())
    assert str(caught.value) == (
        f"{one.handler_id} arrived by value from {one.python}, and bytecode belongs to "
        "one Python: this is cpython 9.9"
    )
    assert caught.value.handler_id == one.handler_id


def test_cloudpickle_is_imported_only_when_something_travels_by_value() -> None:
    program = (
        "import sys; from tests.support import worker_app as app; "
        "from concurrent.futures import ThreadPoolExecutor as Pool; "
        "call = app.dispatcher.prepare({'handler': app.dispatcher.offer(app.where)}); "
        "pool = Pool(1); call.submit(pool).result(); "
        "print('cloudpickle' in sys.modules); "
        "call.submit(pool, by_value=True).result(); "
        "print('cloudpickle' in sys.modules)"
    )
    root = Path(__file__).parents[1]
    assert run_fresh("-c", program, path=root) == "False\nTrue\n"
