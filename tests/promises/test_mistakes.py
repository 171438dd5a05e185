"""Mistakes of the host: an error where each is made, which says what was meant."""

from __future__ import annotations

import gc
import json
import logging
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    Form,
    HandlerId,
    Identity,
    LoggingObserver,
    Observer,
    Registry,
    Tokens,
    explain,
    handler_id,
)
from handlerid.executors import Worker, submit

KEY = b"0123456789abcdef"
CALLED = "; did you call it instead of passing it?"
HANDLER = " is not callable; did you call the handler instead of passing it?"
AWAIT = "; did you forget to await it?"
AUDIENCE = "with tokens, audience= is required; None means anybody"
ONE_OF = 'must be one of "'


def any_type(argument: object) -> Any:
    """Return an argument of the wrong type, which checkers would refuse."""
    return argument


def on_click(event: ClickEvent) -> str:
    return event.key


def page(state: object, scope: object) -> str:
    return "<page>"


async def later() -> bytes:
    return b"{}"


async def on_later(event: ClickEvent) -> None: ...


registry = Registry()
known: Any = {"handler": str(registry.register(on_click)), "key": "k"}
app: Any = Dispatcher(registry)
signed: Any = Dispatcher(registry, tokens=Tokens(KEY))
scope = app.scope()


def new(name: str, *arguments: Any, **options: Any) -> Any:
    return globals()[name](*arguments, **options)


def dispatcher(**options: Any) -> object:
    return new("Dispatcher", registry, **options)


MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "the class Registry": (
        lambda: new("Dispatcher", Registry),
        (
            "registry must be a Registry, not handlerid.Registry; "
            "did you mean Registry(...)?"
        ),
    ),
    "another dispatcher": (lambda: new("Dispatcher", app), "registry must be a "),
    "a resolver, not a list": (
        lambda: dispatcher(resolvers=page),
        f"resolvers must be a list of functions: [find], not {__name__}.page",
    ),
    "resolvers are None": (lambda: dispatcher(resolvers=None), "resolvers must be a"),
    "resolvers are a text": (lambda: dispatcher(resolvers="page"), "each of resolvers"),
    "a resolver was called": (
        lambda: dispatcher(resolvers=[page(0, 0)]),
        f"each of resolvers must be a function, not str{CALLED}",
    ),
    "a resolver is None": (lambda: dispatcher(resolvers=[None]), "each of resolvers"),
    "authorize was called": (
        lambda: dispatcher(authorize=True),
        f"authorize must be a function, not bool{CALLED}",
    ),
    "authorize was called, and is async": (
        lambda: dispatcher(authorize=later()),
        f"authorize must be a function, not coroutine{AWAIT}",
    ),
    "the class of the observer": (
        lambda: dispatcher(observer=LoggingObserver),
        (
            "observer must be an object whose class extends Observer, not "
            "handlerid.LoggingObserver; did you mean LoggingObserver(...)?"
        ),
    ),
    "observers": (lambda: dispatcher(observer=[Observer()]), "observer must be an obj"),
    "a logger": (
        lambda: dispatcher(observer=logging.getLogger()),
        "observer must be an object whose class extends Observer, not logging",
    ),
    "the key": (
        lambda: dispatcher(tokens=KEY),
        "tokens must be Tokens(key), not bytes",
    ),
    "the class Tokens": (lambda: dispatcher(tokens=Tokens), "tokens must be Tokens(ke"),
    "no tokens in development": (lambda: dispatcher(tokens=""), "tokens must be Token"),
    "a size as text": (lambda: dispatcher(max_bytes="64k"), "max_bytes must be an int"),
    "no limit": (lambda: dispatcher(max_bytes=None), "max_bytes must be an int, not N"),
    "a limit of 0": (
        lambda: dispatcher(max_bytes=0),
        "max_bytes must be at least 1, not 0",
    ),
    "another extra": (
        lambda: dispatcher(extra="refused"),
        f'extra {ONE_OF}ignore", "refuse", not \'refused\'; did you mean "refuse"?',
    ),
    "another json": (lambda: dispatcher(json="orjson"), f"json {ONE_OF}standard"),
    "the module json": (lambda: dispatcher(json=json), f"json {ONE_OF}standard"),
    "a key as text": (
        lambda: new("Identity", keys="secret"),
        "keys must be bytes, or a sequence of bytes; did you mean .encode()?",
    ),
    "an empty key": (lambda: new("Identity", keys=b""), "keys must be one key or "),
    "another fingerprint": (
        lambda: new("Identity", fingerprint="sorce"),
        (
            f'fingerprint {ONE_OF}bytecode", "source", not \'sorce\'; '
            'did you mean "source"?'
        ),
    ),
    "a module's name": (
        lambda: new("Identity", module_name="app"),
        f"module_name must be a function, not str{CALLED}",
    ),
    "module_name returns a module": (
        lambda: new("Identity", module_name=lambda name: re).handler_id(on_click),
        "what module_name returns must be a str or None, not module",
    ),
    "encoders are functions": (lambda: new("Identity", encoders=[str]), ""),
    "the class Identity": (
        lambda: new("Registry", identity=Identity),
        (
            "identity must be an Identity, not handlerid.Identity; "
            "did you mean Identity(...)?"
        ),
    ),
    "captures mistyped": (
        lambda: new("Registry", captures="distinkt"),
        (
            f'captures {ONE_OF}warn", "allow", "refuse", "distinct", "carry", '
            "not 'distinkt'; did you mean \"distinct\"?"
        ),
    ),
    "captures is a bool": (
        lambda: new("Registry", captures=True),
        f"captures {ONE_OF}",
    ),
    "stale mistyped": (lambda: new("Registry", stale="acept"), f"stale {ONE_OF}refuse"),
    "handler(a name)": (
        lambda: registry.handler(any_type("buy")),
        "did you mean @registry.handler(name='buy')?",
    ),
    "handler(what a handler returned)": (
        lambda: registry.handler(any_type(None)),
        f"an object of builtins.NoneType{HANDLER}",
    ),
    "handler(an event type)": (
        lambda: registry.handler(any_type(ClickEvent)),
        "use a ",
    ),
    "an unknown wire name": (lambda: registry.register(on_click, "clik"), "'clik'"),
    "an event as its type": (
        lambda: registry.register(on_click, any_type(ClickEvent())),
        "no event type",
    ),
    "a name that is a number": (
        lambda: registry.handler(name=any_type(5))(on_click),
        "name must be a str, not int",
    ),
    "moved from a function": (
        lambda: registry.handler(moved_from=any_type(page))(on_click),
        f"moved_from must be a str or several, not {__name__}.page",
    ),
    "offered: None": (
        lambda: scope.offer(None),
        f"an object of builtins.NoneType{HANDLER}",
    ),
    "offered: a coroutine": (
        lambda: scope.offer(on_later(ClickEvent())),
        f"an object of builtins.coroutine{HANDLER}",
    ),
    "offered: an id": (lambda: scope.offer(known["handler"]), HANDLER),
    "registered: None": (lambda: registry.register(any_type(None)), HANDLER),
    "the id of None": (lambda: handler_id(any_type(None)), HANDLER),
    "None explained": (lambda: explain(any_type(None)), HANDLER),
    "no audience at the scope": (signed.scope, AUDIENCE),
    "no audience at the dispatch": (lambda: signed.dispatch(known), AUDIENCE),
    "an audience that is a number": (
        lambda: signed.scope(audience=7),
        "audience must be a str or None, not int",
    ),
    "an audience without tokens": (lambda: app.scope(audience="a"), "needs a token"),
    "the payload is None": (
        lambda: app.dispatch(None),
        "payload must be JSON, a mapping or a Form, not NoneType",
    ),
    "the payload was not awaited": (
        lambda: app.dispatch(later()),
        f"payload must be JSON, a mapping or a Form, not coroutine{AWAIT}",
    ),
    "the body was not called": (
        lambda: app.dispatch(later),
        (
            f"payload must be JSON, a mapping or a Form, not {__name__}.later; "
            "did you forget to call it?"
        ),
    ),
    "the body read is None": (
        lambda: app.read(None),
        "body must be bytes or a str, no",
    ),
    "the body read was not awaited": (
        lambda: app.read(later()),
        f"body must be bytes or a str, not coroutine{AWAIT}",
    ),
    "the body read twice": (lambda: app.read(known), "body must be bytes or a str, no"),
    "rerender was called": (
        lambda: app.dispatch(known, rerender=page(0, 0)),
        "rerender must be a function: partial(render, state), not str" + CALLED,
    ),
    "rerender was called, and is async": (
        lambda: app.dispatch(known, rerender=later()),
        f"rerender must be a function: partial(render, state), not coroutine{AWAIT}",
    ),
    "the method scope": (
        lambda: app.dispatch(known, scope=app.scope),
        (
            "scope must be a Scope or an iterable of Scopes, not method; "
            "did you forget to call it?"
        ),
    ),
    "a registry as scope": (
        lambda: app.dispatch(known, scope=registry),
        "scope must b",
    ),
    "scopes by session": (
        lambda: app.dispatch(known, scope={"a": scope}),
        "scope must",
    ),
    "a scope that is None": (
        lambda: app.dispatch(known, scope=[None]),
        "scope must be",
    ),
    "call(function)": (
        lambda: app.call(on_click, ClickEvent()),
        "handler must be what registry.resolve(id) returns, not ",
    ),
    "call(handler, class)": (
        lambda: app.call(registry.resolve(known["handler"]), ClickEvent),
        "event must be an event, not handlerid.events.ClickEvent; did you mean ",
    ),
    "call(handler, payload)": (
        lambda: app.call(registry.resolve(known["handler"]), known),
        "event must be an event, not dict",
    ),
    "resolve(None)": (lambda: registry.resolve(any_type(None)), "an id must be a str"),
    "parse(bytes)": (lambda: HandlerId.parse(any_type(b"h1")), "an id must be a str, "),
    "scan(None)": (
        lambda: registry.scan(any_type(None)),
        "package must be a module or its name, not NoneType",
    ),
    "scan(path)": (lambda: registry.scan(any_type(Path("a.py"))), "package must be a "),
    "scan(function)": (
        lambda: registry.scan(any_type(page)),
        "package must be a modul",
    ),
    "scan, and log": (
        lambda: registry.scan("handlerid.events", on_error=any_type("log")),
        f"on_error must be a function, not str{CALLED}",
    ),
    "forget(function)": (
        lambda: registry.forget(any_type(page)),
        "module must be a mod",
    ),
    "encrypt is a text": (
        lambda: new("Tokens", KEY, encrypt="no"),
        "encrypt must be a",
    ),
    "replay is a set": (
        lambda: new("Tokens", KEY, replay=set()),
        "replay must be a fun",
    ),
    "purpose is None": (
        lambda: new("Tokens", KEY, purpose=None),
        "purpose must be a st",
    ),
    "max_age is a text": (
        lambda: new("Tokens", KEY, max_age="1h"),
        "max_age must be an",
    ),
    "a form that was not parsed": (
        lambda: Form(any_type("a=b")),
        "data must be a parsed form, such as parse_qsl(body) makes, not str",
    ),
    "a form that was not awaited": (lambda: Form(any_type(later())), AWAIT),
    "a logger's name": (
        lambda: LoggingObserver(any_type("app")),
        "logger must be a Logger, getLogger(name), not str",
    ),
    "a function submitted": (
        lambda: submit(any_type(on_click), any_type(None), worker="app:app"),
        "call must be what dispatcher.prepare(payload) returns",
    ),
    "the worker itself": (
        lambda: submit(app.prepare(known), any_type(None), worker=app),
        "worker must be a str, 'module:name': a process imports it",
    ),
    "a worker of a registry": (
        lambda: Worker(any_type(registry), key=KEY),
        "dispatcher must be a Dispatcher",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_where_it_is_made(name: str) -> None:
    mistake, text = MISTAKES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no coroutine is left behind
        with pytest.raises((TypeError, ValueError)) as caught:
            mistake()
        gc.collect()
    assert text in str(caught.value)


def test_what_is_right_is_taken() -> None:
    """The checks refuse no argument that works."""

    class Asks:
        def __call__(self, call: object) -> bool:
            return True

    found = Dispatcher(
        registry,
        resolvers=iter([page]),
        authorize=Asks(),
        observer=LoggingObserver(any_type(logging.LoggerAdapter(logging.getLogger()))),
        max_bytes=1 << 20,
        extra="refuse",
        json="standard",
    )
    assert found.dispatch(known, scope=iter([found.scope()]), rerender=print) == "k"
    assert Form({"a": "b"}.items()).fields == {"a": ["b"]}
