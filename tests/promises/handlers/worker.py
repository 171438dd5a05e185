"""Runs examples in this process and writes what became of their handlers.

    python -m tests.promises.handlers.worker < examples.json > outcomes.json

A handler is offered in each of the ways, in a scope of its own. Its outcome is its id
or the refusal; with "code" it is the id without captures.
"""

from __future__ import annotations

import asyncio
import builtins
import functools
import importlib
import inspect
import itertools
import json
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from handlerid import ClickEvent, Dispatcher, Identity, Registry
from tests.promises.handlers import standin
from tests.promises.handlers.standin import Element, Foreign, Module, Page, Setter

WAYS = ["as they are", "elements by key", "page left out", "self by key"]
WAYS += ["setters by key", "omit"]
"""What has an encoder, each with those before it; then ``unstable="omit"`` alone."""

FRAMEWORKS = {"flet", "gradio", "ipyvuetify", "ipyvue", "ipywidgets", "mesop"}
FRAMEWORKS |= {"nicegui", "nicegui_bootstrap_components", "reacton", "solara"}
SHIPPED = ["mesop.examples.", "solara.website.pages.", "solara.template."]
SHIPPED += ["gradio.themes.", "gradio.monitoring_dashboard"]
"""Modules of examples inside of a framework's package."""

SLEEPS, SECONDS = 20, 20
ALLOWED = {
    "os.listdir",
    "os.scandir",
    "os.walk",
    "os.fwalk",
    "os.putenv",
    "os.unsetenv",
}
ALLOWED |= {"socket.__new__", "socket.gethostname"}
REFUSED = ("os.", "socket.", "subprocess.", "shutil.", "sqlite3.", "webbrowser.")


class Stopped(BaseException):
    """The example would wait for ever, or do what must not be done here."""


LATE = Stopped(f"runs for more than {SECONDS} s")


def _number(element: Any) -> Any:
    return element._number


def _constant(value: object) -> Any:
    return "key"


class Handler:
    """A handler that an example handed over."""

    def __init__(self, fn: Any, classes: list[type]) -> None:
        fn = taking_event(fn)
        self.outcomes: dict[str, str] = {}
        with self._outcome("code"):
            self.outcomes["code"] = Identity().handler_id(fn, ClickEvent)
        own = dict.fromkeys(classes, _constant)
        keys: dict[type, Callable[[Any], Any]] = {}
        page, setter = {Page: _constant}, {Setter: _number}
        more: list[Any] = [{}, {Element: _number}, page, own, setter, None]
        self._scopes = {}
        for way, kinds in zip(WAYS, more, strict=True):
            keys = {} if kinds is None else {**keys, **kinds}
            registry = Registry(
                identity=Identity(encoders=keys),
                captures="distinct",
                unstable="omit" if way == "omit" else "refuse",
            )
            self._scopes[way] = Dispatcher(registry).scope()
            with self._outcome(way):
                self.outcomes[way] = self._scopes[way].offer(fn, ClickEvent)

    def close(self) -> dict[str, str]:
        """End the rendering, which finds variables that changed after the offer."""
        for way, scope in self._scopes.items():
            with self._outcome(way), scope:
                pass
        return self.outcomes

    @contextmanager
    def _outcome(self, way: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  # an error that is no refusal is shown
            self.outcomes[way] = f"{type(error).__name__}: {error}"


def taking_event(fn: Any) -> Any:
    """Return the handler, or a wrapper if it takes the values of several elements."""
    for arguments in ((None,), ()):
        try:
            inspect.signature(fn).bind(*arguments)
        except (TypeError, ValueError):
            continue
        return fn

    @functools.wraps(fn)
    def called(event: ClickEvent) -> Any:
        return fn(event)

    return called


class Finder:
    """Finds frameworks, or whatever is not installed, as stand-ins."""

    def __init__(self, kind: type[standin.Standin], example: str = "") -> None:
        self.kind, self.example = kind, example

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: object = None
    ) -> ModuleSpec | None:
        if self.kind is Element:
            root = name.partition(".")[0]
            around = self.example.startswith(f"{name}.")
            shipped = name.startswith(tuple(SHIPPED)) and not around
            if shipped or not (root in FRAMEWORKS or root.startswith("flet_")):
                return None
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Module(spec.name, self.kind, Path(sys.path[0], *spec.name.split(".")))

    def exec_module(self, module: ModuleType) -> None: ...


class Example:
    """A module of examples, run and rendered."""

    def __init__(self, folder: str, name: str) -> None:
        self.folder, self.name = folder, name
        self.handlers: list[Handler] = []
        self.errors: list[str] = []
        self._classes: list[type] = []
        self._sleeps = 0

    def run(self) -> dict[str, Any]:
        """Return its name, errors and the outcomes of its handlers."""
        standin.registered, standin.numbers = self._register, itertools.count()
        standin.pages.clear()
        random.seed(0)
        ticks = itertools.count()
        clock = lambda: 1e9 + next(ticks) / 100  # noqa: E731
        vars(time).update(dict.fromkeys(("time", "monotonic", "perf_counter"), clock))
        vars(time).update(sleep=self._sleep)
        vars(asyncio).update(sleep=self._asleep)
        vars(builtins).update(__build_class__=self._build)
        before, finder = set(sys.modules), Finder(Element, self.name)
        sys.path.insert(0, self.folder)
        sys.meta_path.insert(0, finder)
        try:
            self._render_all(self._attempt(importlib.import_module, self.name))
        finally:
            vars(builtins).update(__build_class__=BUILD_CLASS)
            sys.meta_path.remove(finder)
            sys.path.remove(self.folder)
            for added in set(sys.modules) - before:
                file = getattr(sys.modules[added], "__file__", None) or self.folder
                if isinstance(sys.modules[added], Module) or self.folder in file:
                    del sys.modules[added]
        outcomes = [handler.close() for handler in self.handlers]
        return {"name": self.name, "errors": self.errors, "handlers": outcomes}

    def _render_all(self, module: ModuleType | None) -> None:
        for name in ("main", "Page", "App", "app", "page"):
            main = getattr(module, name, None)
            if not standin.pages and not self.handlers and callable(main):
                standin.pages.append(main)
        while standin.pages:  # first what needs nothing and was defined last
            standin.pages.sort(key=lambda page: -len(needed(page)))
            page = standin.pages.pop()
            if "." not in self.name or page.__module__ == self.name:
                self._attempt(self._render, page)

    def _attempt(self, work: Callable[..., Any], *arguments: Any) -> Any:
        signal.setitimer(signal.ITIMER_REAL, SECONDS, 1)  # again if it was caught
        try:
            return work(*arguments)
        except (Exception, SystemExit, Stopped) as error:  # noqa: BLE001
            self.errors.append(f"{type(error).__name__}: {error}"[:200])
            if error.args == LATE.args:
                self.handlers.clear()  # how many it made by then is an accident
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return None

    def _render(self, page: Callable[..., Any]) -> None:
        result = page(
            **{name: standin.made_for(name, Element) for name in needed(page)}
        )
        if inspect.iscoroutine(result):
            asyncio.run(result)
        elif inspect.isgenerator(result):
            list(itertools.islice(result, SLEEPS))

    def _register(self, fn: Any) -> None:
        self.handlers.append(Handler(fn, self._classes))

    def _build(self, body: FunctionType, *args: Any, **options: Any) -> Any:
        made = BUILD_CLASS(body, *args, **options)
        if body.__code__.co_filename.startswith(self.folder) and isinstance(made, type):
            self._classes.append(made)
        return made

    def _sleep(self, seconds: float) -> None:
        self._sleeps += 1
        if self._sleeps > SLEEPS:
            raise Stopped("sleeps for ever")

    async def _asleep(self, seconds: float, result: Any = None) -> Any:
        self._sleep(seconds)
        return result


BUILD_CLASS = builtins.__build_class__


def needed(page: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that a page or a component needs."""
    parameters = inspect.signature(page).parameters.values()
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    return [p.name for p in parameters if p.kind in kinds and p.default is p.empty]


def guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to write files, to connect and to start processes."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    writes = event == "open" and bool(arguments[2] & writing)
    if writes or (event.startswith(REFUSED) and event not in ALLOWED):
        raise Stopped(f"refused: {event}")


def expire(number: int, frame: object) -> None:
    raise LATE


def main() -> None:
    examples, out = json.load(sys.stdin), sys.stdout
    sys.argv, sys.dont_write_bytecode = ["example"], True
    warnings.simplefilter("ignore")
    threading.Thread.start = lambda thread: None  # type: ignore[assignment, method-assign]
    signal.signal(signal.SIGALRM, expire)
    sys.meta_path.append(Finder(Foreign))
    with Path(os.devnull).open("w") as no, redirect_stdout(no), redirect_stderr(no):
        sys.addaudithook(guard)
        found = [Example(folder, name).run() for folder, name in examples]
    json.dump(found, out)
    out.flush()
    os._exit(0)  # nothing that an example left behind runs


if __name__ == "__main__":
    main()
