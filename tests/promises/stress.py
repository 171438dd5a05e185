"""Registers, looks up and dispatches from many threads, and counts what went wrong.

    python -m tests.promises.stress [--threads 8] [--operations 1000000] [--seed 0]

Each handler knows its own number, so an answer tells which handler gave it. Lost is
what was registered and is not found, during the run or after it; wrong is an answer of
another handler, of another event, or in another call's context. It exits with 1 when
there is one of either. Threads give way to each other a hundred times as often as
usual.
"""

from __future__ import annotations

import argparse
import platform
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from handlerid import ClickEvent, Dispatcher, Registry
from handlerid.errors import HandlerIdError

__all__ = ["Stress", "main"]

own_key: ContextVar[str] = ContextVar("own_key")

KEPT = 20
"""Descriptions of what went wrong, for a reader; the rest is only counted."""


def numbered(number: int, place: int) -> Callable[[ClickEvent], tuple[int, str]]:
    """Makes a handler that knows its number, at a place of its own or a shared one."""

    def handler(event: ClickEvent) -> tuple[int, str]:
        if own_key.get(None) is not None:
            return number, "the context of another call"
        own_key.set(event.key)
        return number, own_key.get()

    handler.__qualname__ = f"handler_{place}"
    return handler


class Stress:
    """One run. Its counts are complete when ``run`` has returned."""

    def __init__(self, threads: int, operations: int, seed: int) -> None:
        self.threads = threads
        self.operations = operations
        self.seed = seed
        self.registry = Registry(captures="allow")
        self.dispatcher = Dispatcher(self.registry)
        # Appended to when a registration has returned: from then on it is found.
        self.known: list[tuple[str, int]] = []
        self.counts: Counter[str] = Counter()
        self.said: list[str] = []
        self.lock = threading.Lock()
        self.shared_ids: set[str] = set()

    def run(self) -> float:
        """Does all operations and returns the seconds they took."""
        interval = sys.getswitchinterval()
        sys.setswitchinterval(interval / 100)
        workers = [
            threading.Thread(target=self.work, args=(number,))
            for number in range(self.threads)
        ]
        start = time.perf_counter()
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        finally:
            sys.setswitchinterval(interval)
        seconds = time.perf_counter() - start
        self.check_all()
        return seconds

    def work(self, thread: int) -> None:
        """One thread's share of the operations."""
        counts: Counter[str] = Counter()
        dice = random.Random(f"{self.seed} {thread}")
        actions = [
            (self.register, 2),
            (self.register_again, 1),
            (self.replace, 1),
            (self.look_up, 2),
            (self.dispatch, 3),
            (self.use_a_scope, 1),
        ]
        doings = [action for action, _ in actions]
        weights = [weight for _, weight in actions]
        share = len(range(thread, self.operations, self.threads))
        try:
            for index in range(share):
                action = dice.choices(doings, weights)[0]
                number = index * self.threads + thread
                action(number, dice)
                counts[action.__name__] += 1
        except Exception as error:  # noqa: BLE001 - counted, and told
            self.note("wrong", f"{type(error).__name__}: {error}")
        with self.lock:
            self.counts += counts

    # The operations. Numbers below zero are those of handlers at shared places.

    def register(self, number: int, dice: random.Random) -> None:
        handler_id = self.registry.register(numbered(number, number))
        self.known.append((str(handler_id), number))

    def register_again(self, number: int, dice: random.Random) -> None:
        if not self.known:
            return
        handler_id, known = dice.choice(self.known)
        again = self.registry.register(numbered(known, known))
        if again != handler_id:
            self.note("wrong", f"{handler_id} became {again}")

    def replace(self, number: int, dice: random.Random) -> None:
        """Registers at a place where other threads do so: the last one wins."""
        handler_id = self.registry.register(
            numbered(-number - 1, -dice.randrange(1, 9))
        )
        self.shared_ids.add(str(handler_id))
        answer = self.dispatcher.dispatch({"handler": handler_id, "key": "shared"})
        if answer[0] >= 0 or answer[1] != "shared":  # type: ignore[index]
            self.note("wrong", f"a shared place answered {answer}")

    def look_up(self, number: int, dice: random.Random) -> None:
        if not self.known:
            return
        handler_id, known = dice.choice(self.known)
        self.check(handler_id, known)

    def dispatch(self, number: int, dice: random.Random) -> None:
        if not self.known:
            return
        handler_id, known = dice.choice(self.known)
        payload: Any = {"handler": handler_id, "key": str(number)}
        if number % 5 == 0:
            payload = f'{{"handler": "{handler_id}", "key": "{number}"}}'
        answer = self.dispatcher.dispatch(payload)
        if answer != (known, str(number)):
            self.note("wrong", f"{known} was asked, with {number}, and {answer} said")

    def use_a_scope(self, number: int, dice: random.Random) -> None:
        with self.dispatcher.scope() as scope:
            handler_id = scope.offer(numbered(number, number))
        asked = [(handler_id, number)]
        if self.known:
            asked.append(dice.choice(self.known))
        for one, known in asked:
            payload = {"handler": one, "key": "k"}
            answer = self.dispatcher.dispatch(payload, scope=scope)
            if answer != (known, "k"):
                self.note("wrong", f"{known} was asked in a scope, and {answer} said")
        if handler_id in self.registry:
            self.note("wrong", f"{handler_id} got out of its scope")

    # What came of them.

    def check_all(self) -> None:
        """Looks all up that was ever registered."""
        for handler_id, known in self.known:
            self.check(handler_id, known)
        expected = {handler_id for handler_id, _ in self.known} | self.shared_ids
        if set(self.registry) != expected or len(self.registry) != len(expected):
            self.note("lost", f"{len(self.registry)} are there, of {len(expected)}")

    def check(self, handler_id: str, known: int) -> None:
        """Notes when an id is not found, or stands for another handler."""
        try:
            found: Any = self.registry.resolve(handler_id)
        except HandlerIdError:
            self.note("lost", f"{handler_id} of {known} is not found")
            return
        (cell,) = (
            content
            for name, content in zip(
                found.fn.__code__.co_freevars, found.fn.__closure__ or (), strict=True
            )
            if name == "number"
        )
        if cell.cell_contents != known:
            self.note("wrong", f"{handler_id} of {known} is {cell.cell_contents}")

    def note(self, what: str, text: str) -> None:
        with self.lock:
            self.counts[what] += 1
            if len(self.said) < KEPT:
                self.said.append(f"{what}: {text}")


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line, runs, and prints what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.promises.stress")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    stress = Stress(options.threads, options.operations, options.seed)
    seconds = stress.run()
    counts = stress.counts
    lost, wrong = counts.pop("lost", 0), counts.pop("wrong", 0)
    done = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
    print(f"{platform.python_implementation()} {platform.python_version()}")
    print(f"{sum(counts.values()):,} operations by {options.threads} threads: {done}")
    print(f"{seconds:.1f} s, {len(stress.registry):,} handlers registered")
    print(f"lost {lost}, wrong {wrong}")
    for line in stress.said:
        print(line)
    complete = sum(counts.values()) == options.operations
    return 0 if complete and not lost and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
