"""What the arguments of commands name: modules, objects in them, and keys."""

import argparse
import importlib
import importlib.util
import os
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

from handlerid._cli.answers import Mistake

if TYPE_CHECKING:
    from handlerid import Identity
    from handlerid.manifest import Manifest

_ENCODINGS = {"": str.encode, "hex": bytes.fromhex, "base64": b64decode}


def add_identity(parser: argparse.ArgumentParser) -> None:
    """Add ``--identity`` to a command."""
    parser.add_argument(
        "--identity",
        metavar="MODULE:NAME",
        help="the host's Identity, or its Registry or Dispatcher "
        "(default: Identity(), which has no keys)",
    )


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Add ``--key-env`` to a command."""
    parser.add_argument(
        "--key-env",
        metavar="NAME[:ENCODING]",
        action="append",
        default=[],
        help="the environment variable that holds the key of the host's Identity, as "
        "text, or in an ENCODING, hex or base64; once for each key",
    )


def keyed_identity(
    options: argparse.Namespace, manifest: "Manifest"
) -> "Identity | None":
    """Return the identity of a manifest with the keys that ``--key-env`` names."""
    from handlerid import Identity  # noqa: PLC0415

    keys = _keys(options)
    return Identity(keys=keys, fingerprint=manifest.fingerprint) if keys else None


def _keys(options: argparse.Namespace) -> list[bytes]:
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
    return keys


@contextmanager
def imports() -> Iterator[None]:
    """Keep what modules print while they are imported out of a command's output."""
    with redirect_stdout(sys.stderr):
        yield


def expect_module(name: str) -> None:
    """Raise Mistake if there is no module of a name; it is not imported."""
    if name.endswith(".py") or "/" in name or "\\" in name:
        dotted = name.replace("\\", "/").removesuffix(".py").strip("./")
        dotted = dotted.removesuffix("/__init__").replace("/", ".")
        raise Mistake(
            f"{name} is a file or a folder; name the module, such as {dotted}"
        )
    parts = name.split(".")
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


def module_of(name: str) -> Any:
    """Import a module."""
    expect_module(name)
    try:
        with imports():
            return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        said = str(error).partition("\n")[0]
        text = f"{name} cannot be imported: {type(error).__name__}: {said}"
        raise Mistake(text) from error


def object_of(target: str) -> Any:
    """Return the object that ``module:name`` names."""
    module, colon, path = target.partition(":")
    if not (module and colon and path):
        raise Mistake(
            f"{target!r} names no object; write module:name, as shop.cart:add"
        )
    found = module_of(module)
    where = module
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


def identity_of(options: argparse.Namespace) -> "Identity | None":
    """Return what ``--identity`` names."""
    from handlerid import Dispatcher, Identity, Registry  # noqa: PLC0415

    if options.identity is None:
        return None
    found = object_of(options.identity)
    if isinstance(found, Dispatcher):
        found = found.registry
    if isinstance(found, Registry):
        found = found.identity
    if not isinstance(found, Identity):
        kind = type(found).__name__
        text = f"{options.identity} is no Identity, Registry or Dispatcher: {kind}"
        raise Mistake(text)
    return found
