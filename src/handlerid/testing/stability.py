"""Assert that the handlers of a module have the same ids in every process."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import zip_longest
from pathlib import Path
from textwrap import indent
from time import monotonic
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

from handlerid import Difference, Explanation
from handlerid.testing.worker import NOT_IMPORTED

# sys.path is complete before anything is imported from it.
_START = """
import json, sys
task = json.load(sys.stdin)
sys.path[:] = task["first"] + (task["path"] or sys.path) + task["last"]
try:
    from handlerid.testing.worker import NOT_IMPORTED, work
except ImportError as error:
    sys.exit(print(f"{type(error).__name__}: {error}") or 3)
work(task)
"""

_Found: TypeAlias = dict[str, dict[str, Any]]
"""Explanations by id, by the handler's name."""


def assert_stable(
    target: str | ModuleType,
    *,
    handlers: str | None = None,
    identity: str | None = None,
    directory: bool = True,
    pythons: Iterable[str] | None = None,
    timeout: float = 60,
) -> None:
    """Assert that the handlers of a module have the same ids in every process.

    The module is imported in fresh processes with different hash seeds, never in this
    one. Its handlers are those that ``Registry.scan`` finds, those in a ``Registry`` or
    ``Dispatcher`` that the module holds, and those that ``handlers`` returns. The
    processes have the working directory, the environment and the ``sys.path`` of this
    one, and run without ``-O``.

    Args:
        target: a module or its name; of a package, all its modules.
        handlers: ``"module:name"`` of a function that returns more handlers, as
            closures that a render makes.
        identity: ``"module:name"`` of the host's ``Identity``, for handlers that are in
            no registry; by default ``Identity()``.
        directory: whether one process imports a copy of the code in another directory.
        pythons: commands of other Pythons; by default, and only if the identity has the
            source fingerprint, those on the PATH named ``python3.11`` and so on. They
            import their own packages first, then those of this Python. One that cannot
            import the target is a ``UserWarning`` and is not compared.
        timeout: seconds for all processes together.

    Raises:
        AssertionError: ids differ, and the text shows the difference; or a process
            failed: the module cannot be imported, or a handler cannot have an id.
        ValueError: other processes cannot import the target, or it cannot be copied.
    """
    name = target.__name__ if isinstance(target, ModuleType) else target
    if name == "__main__":
        raise ValueError("other processes cannot import __main__; name the module")
    deadline = monotonic() + timeout
    task = {"target": name, "handlers": handlers, "identity": identity}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        files = Path(temporary).resolve()
        last = _Process("with hash seed 2", seed=2)
        if directory:
            copy = _copy(name, files / "another directory")
            title = "from a copy in another directory with hash seed 2"
            last = _Process(title, seed=2, copy=copy)

        def run(*processes: _Process) -> list[tuple[_Process, _Found | None]]:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                found = pool.map(lambda one: one.run(task, files, deadline), processes)
                return list(zip(processes, found, strict=True))

        (_, first), *others = run(
            _Process("with hash seed 0"),
            _Process("in a second process with nothing changed"),
            _Process("with hash seed 1", seed=1),
            last,
        )
        if not first:
            raise AssertionError(
                f"{name} has no handlers: annotate the parameter of a function with an "
                "event type, register it in a Registry of the module, or name a "
                "function that returns handlers with handlers="
            )
        if pythons is None:
            pythons = _on_path() if '["of the source' in json.dumps(first) else ()
        others += run(*[_Process(f"on {one}", python=one) for one in pythons])
    comparable = [(process, found) for process, found in others if found is not None]
    unstable = _compare(first, comparable)
    if unstable:
        names = {*first}.union(*[found for _, found in comparable])
        count = f"{len(unstable)} of {len(names)} handlers"
        texts = [f"{count} of {name} do not have the same ids in every process"]
        raise AssertionError("\n\n".join(texts + unstable))


class _Process(NamedTuple):
    """A fresh process, and how it differs from the first one.

    Attributes:
        title: the condition, for texts.
        python: the command of the Python that runs it.
        copy: a directory with a copy of the target, imported instead of the target.
    """

    title: str
    python: str = sys.executable
    seed: int = 0
    copy: Path | None = None

    def run(self, task: dict[str, Any], files: Path, deadline: float) -> _Found | None:
        """Return the target's handlers; None for a Python that cannot import them."""
        directory = Path(tempfile.mkdtemp(dir=files))
        result, output = directory / "result", directory / "output"
        # Left out: variables that change the code, or the library of another Python.
        left_out = ("PYTHONOPTIMIZE", "PYTHONHOME", "PYTHONPATH")
        kept = {name: one for name, one in os.environ.items() if name not in left_out}
        # A file, not a pipe: a child of the target may keep a pipe open.
        with output.open("wb") as stream:
            try:
                done = subprocess.run(  # noqa: S603 - a Python of the user's
                    [self.python, "-B", "-u", "-c", _START],
                    input=json.dumps({**task, **self._path(), "result": str(result)}),
                    text=True,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    env={**kept, "PYTHONHASHSEED": str(self.seed)},
                    timeout=max(0.0, deadline - monotonic()),
                    check=False,
                )
                code = done.returncode
                problem = f"exit code {code}"
            except subprocess.TimeoutExpired:
                code, problem = 1, "it took too long; pass a larger timeout="
        if not result.exists():
            said = output.read_text("utf-8", "replace").strip()[-6_000:]
            if code == NOT_IMPORTED and self.python != sys.executable:
                why = said.rpartition("\n")[2]
                text = f"{task['target']} was not compared {self.title}: {why}"
                warnings.warn(text, stacklevel=2)
                return None
            raise AssertionError(
                f"the handlers of {task['target']} were not found {self.title}: "
                f"{problem}" + (f"\n\n{said}" if said else "; it printed nothing")
            )
        found: _Found = json.loads(result.read_text("ascii"))
        return found

    def _path(self) -> dict[str, list[str]]:
        """Return the entries of ``sys.path``: first, middle (empty: its own), last."""
        first = [] if self.copy is None else [str(self.copy)]
        here = [str(Path(entry or ".").absolute()) for entry in sys.path]
        if self.python == sys.executable:
            return {"first": first, "path": here, "last": []}
        library, ends = sysconfig.get_path("stdlib"), ("lib-dynload", ".zip")
        last = [one for one in here if one != library and not one.endswith(ends)]
        return {"first": first, "path": [], "last": last}


def _copy(target: str, copy: Path) -> Path:
    """Copy the outermost package of the target, or its file."""
    top = target.partition(".")[0]
    spec = importlib.util.find_spec(top)
    copy.mkdir()
    for location in (spec and spec.submodule_search_locations) or ():
        shutil.copytree(
            location,
            copy / top,
            ignore_dangling_symlinks=True,  # some editors lock a file with one
            dirs_exist_ok=True,
        )  # with its compiled modules: they are read as if compiled there
    file = spec.origin if spec and not spec.submodule_search_locations else None
    if file and Path(file).is_file():
        shutil.copy(file, copy)
    if spec and not any(copy.iterdir()):
        raise ValueError(f"{top} is in no directory to copy; pass directory=False")
    return copy


def _on_path() -> list[str]:
    """Return the commands of other releases that handlerid supports."""
    # More minor versions than there will be while this release is used.
    others = {*range(11, sys.version_info.minor + 10)} - {sys.version_info.minor}
    commands = [shutil.which(f"python3.{minor}") for minor in sorted(others)]
    # pyenv's commands for versions that are not active refuse to run.
    run = partial(subprocess.run, capture_output=True, check=False)
    return [one for one in commands if one and not run([one, "-V"]).returncode]


def _compare(first: _Found, others: Iterable[tuple[_Process, _Found]]) -> list[str]:
    """Return a text for each handler whose id differs, with the first condition."""
    texts: dict[str, str] = {}
    for process, found in others:
        for name in {**first, **found}:
            before, after = first.get(name, {}), found.get(name, {})
            # Handlers of one name are compared as a set: their order does not matter.
            gone = [one for key, one in before.items() if key not in after]
            new = [one for key, one in after.items() if key not in before]
            lines = "\n".join(_difference(*pair) for pair in zip_longest(gone, new))
            if lines:
                text = f"{name}, {process.title}:\n{indent(lines, '    ')}"
                texts.setdefault(name, text)
    return [*texts.values()]


def _difference(one: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
    if one is None or other is None:
        return f"{'not' if one is None else 'only'} in the first process"
    explanations = Explanation.from_dict(one), Explanation.from_dict(other)
    return str(Difference.between(*explanations) or "the explicit name differs")


assert_stable.__module__ = "handlerid.testing"
