"""The process that the pytest plugin starts: compares code with a manifest."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from handlerid._cli.common import BREAKS, Mistake, mistakes
from handlerid._cli.manifests import read_manifest
from handlerid._cli.summary import Summary, as_text
from handlerid.manifest import Manifest, build, diff


class Task(TypedDict):
    """What the plugin asks.

    Attributes:
        file: the path of the manifest.
        update: whether to write it, instead of comparing it with the code.
        result: the file for the text of the failure; empty if there is none.
    """

    file: str
    update: bool
    result: str


def answer(task: Task) -> None:
    """Write the result and end the process.

    At once, since modules of the application may have started threads.
    """
    try:
        text = _update(task["file"]) if task["update"] else _compared(task["file"])
    except Mistake as mistake:
        text = f"{mistake}\n"
    Path(task["result"]).write_text(text, "utf-8", "backslashreplace")
    os._exit(0)


def _update(file: str) -> str:
    new = _built(read_manifest(file), file)
    with mistakes(file, "written"):
        new.write(file)
    return ""


def _compared(file: str) -> str:
    old = read_manifest(file)
    with mistakes():
        summary = Summary(diff=diff(old, _built(old, file)))
    if not summary.of_kind(*BREAKS):
        return ""
    text = as_text(summary, lambda text, _: text, full=False)
    text += f"If that is intended, write {file} anew: --handlerid-update\n"
    return text.lstrip()  # the first line is what pytest shows in its summary


def _built(old: Manifest, file: str) -> Manifest:
    packages = packages_of(old)
    if not packages:
        raise Mistake(f"{file} has no functions, so it does not say of which packages")
    release = os.environ.get("HANDLERID_RELEASE") or None  # as the command does
    new = build(*packages, fingerprint=old.fingerprint, release=release)
    failed = [one for one in new.failed.items() if one[0] not in old.failed]
    if failed:
        names = ", ".join(f"{name} ({error})" for name, error in sorted(failed))
        text = "cannot be imported with the sys.path of the tests, and did not fail"
        raise Mistake(f"{text} for {file}: {names}")
    return new


def packages_of(manifest: Manifest) -> list[str]:
    """Return the packages that the modules of a manifest are in.

    Those of a namespace package are several, and other distributions may be in it.
    """
    modules = {module for module, _ in manifest.functions} | set(manifest.failed)
    return sorted({_package(module) for module in modules})


def _package(module: str) -> str:
    """Return the outermost regular package of a module, else its first name."""
    parts = module.split(".")
    for count in range(1, len(parts)):
        name = ".".join(parts[:count])
        try:
            spec = find_spec(name)
        except (ImportError, ValueError):  # it is gone, and build() says so
            break
        if spec is not None and spec.origin is not None:
            return name
    return parts[0]
