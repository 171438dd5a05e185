"""What commands share: answers, mistakes, and what their arguments name."""

import importlib
import importlib.util
import json
import os
import sys
from argparse import Namespace
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, NamedTuple

from handlerid import Dispatcher, HandlerId, HandlerIdError, Identity, Registry
from handlerid._manifest.modules import dotted

Paint = Callable[[str, str], str]
"""Called with a text and the name of a colour."""

BREAKS = ("stale", "gone", "moved", "refused")
"""The kinds of rows of a diff whose pages break."""

_COLOURS = {"red": 31, "green": 32, "yellow": 33, "cyan": 36, "bold": 1, "dim": 2}
_ENCODINGS = {"": str.encode, "hex": bytes.fromhex, "base64": b64decode}


class Answer(NamedTuple):
    """What a command prints, to standard output and error, and its exit code."""

    text: str
    code: int = 0
    notes: str = ""


class Mistake(Exception):
    """A mistake of the user's: the text is printed, and the exit code is 2."""


@contextmanager
def mistakes(path: str = "", done: str = "read") -> Iterator[None]:
    """Raise Mistake for errors, and say what could not be done with a file."""
    try:
        yield
    except OSError as error:
        raise Mistake(f"{path} cannot be {done}: {error.strerror}") from error
    except (HandlerIdError, ValueError) as error:
        raise Mistake(str(error)) from error


def painter() -> Paint:
    """Return a function that colours texts, if the output shows colours."""
    asked = os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    if asked and sys.stdout.isatty():
        return lambda text, colour: f"\033[{_COLOURS[colour]}m{text}\033[0m"
    return lambda text, _: text


def as_json(document: object) -> str:
    """Return the output for programs."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def as_rows(ids: Iterable[HandlerId]) -> list[dict[str, Any]]:
    """Return ids for JSON."""
    return [
        {"id": x, "module": x.module, "qualname": x.qualname, "event": x.event or None}
        for x in ids
    ]


def imports() -> redirect_stdout[Any]:
    """Keep what modules print while they are imported out of a command's output."""
    return redirect_stdout(sys.stderr)


def expect_module(name: str) -> None:
    """Raise Mistake if there is no module of a name; it is not imported."""
    meant, parts = dotted(name), name.split(".")
    if meant not in ("", name):
        raise Mistake(f"{name} is a file or a folder; name the module, such as {meant}")
    if not all(map(str.isidentifier, parts)):
        raise Mistake(f"{name!r} is not the name of a module")
    try:
        with imports():
            found = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        # A parent that exists, and that cannot be imported, says it later.
        if error.name not in [".".join(parts[: n + 1]) for n in range(len(parts))]:
            return
        found = None
    except (Exception, SystemExit):  # noqa: BLE001 - a parent runs any code
        return
    if found is None and name not in sys.modules:
        raise Mistake(f"there is no module {name} here or in sys.path")


def object_of(target: str) -> Any:
    """Return the object that ``module:name`` names."""
    where, _, path = target.partition(":")
    if not (where and path):
        raise Mistake(
            f"{target!r} names no object; write module:name, as shop.cart:add"
        )
    expect_module(where)
    try:
        with imports():
            found: Any = importlib.import_module(where)
    except (Exception, SystemExit) as error:
        said = str(error).partition("\n")[0]
        text = f"{where} cannot be imported: {type(error).__name__}: {said}"
        raise Mistake(text) from error
    for name in path.split("."):
        if name == "<locals>":
            text = f"{target} is made when {where} runs, and no command runs it; "
            raise Mistake(text + "handlerid ids shows its id")
        try:
            found = getattr(found, name)
        except AttributeError:
            raise Mistake(f"{where} has no {name}") from None
        where += f".{name}"
    return found


def host_object(target: str) -> Any:
    """Return the object that ``module:name`` names; of a dispatcher, its registry."""
    found = object_of(target)
    return found.registry if isinstance(found, Dispatcher) else found


def identity_of(options: Namespace) -> Identity | None:
    """Return what ``--identity`` names."""
    if options.identity is None:
        return None
    found = host_object(options.identity)
    if isinstance(found, Registry):
        found = found.identity
    if not isinstance(found, Identity):
        text = f"{options.identity} is no Identity, Registry or Dispatcher: "
        raise Mistake(text + type(found).__name__)
    return found


def keyed_identity(options: Namespace, fingerprint: Any) -> Identity | None:
    """Return an identity with the keys that ``--key-env`` names, if there are any."""
    keys = []
    for one in options.key_env:
        name, _, encoding = one.partition(":")
        if encoding not in _ENCODINGS:
            raise Mistake(f"--key-env {one}: the encoding is hex or base64")
        text = os.environ.get(name)
        if not text:
            raise Mistake(f"--key-env {one}: the environment has no {name}")
        try:
            keys.append(_ENCODINGS[encoding](text))
        except ValueError:
            raise Mistake(f"--key-env {one}: {name} is not {encoding}") from None
    return Identity(keys=keys, fingerprint=fingerprint) if keys else None
