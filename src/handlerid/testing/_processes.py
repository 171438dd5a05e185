"""Fresh processes: starting one, waiting for what it found, leaving none behind.

What belongs here: everything about the process. What it does is told in ``_worker``,
and which ones there are in ``_conditions``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import site
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Condition", "Process"]

# sys.path is set before anything is imported from it. Another Python has a library
# of its own, and maybe packages; those of this one are tried last there.
_START = """
import json, sys
job = json.load(sys.stdin)
own = filter(None, sys.path) if job["path"] is None else job["path"]
sys.path[:] = [*job["before"], *own, *job["after"]]
from handlerid.testing._worker import work
work(job)
"""

_SHOWN = 6_000
"""Characters of a failed process's output that are shown, the last ones."""


@dataclass(frozen=True)
class Condition:
    """How a fresh process differs from the first one.

    Attributes:
        title: how it is told to the user, after "the ids differ".
        python: which Python runs it.
        seed: its hash seed.
        options: for the command line.
        trace: whether ``sys.settrace`` is on.
        copy: a directory with a copy of the target, from which it is imported.
    """

    title: str
    python: str = sys.executable
    seed: int = 0
    options: tuple[str, ...] = ()
    trace: bool = False
    copy: Path | None = None


class Process:
    """A fresh process that explains the ids of the target's handlers.

    Args:
        condition: how it is started.
        job: what it is to do, see ``_worker.work``.
        files: a directory for what it writes.
    """

    def __init__(self, condition: Condition, job: dict[str, Any], files: Path) -> None:
        self.condition = condition
        handle, result = tempfile.mkstemp(dir=files)
        os.close(handle)
        self._result = Path(result)
        self._output = self._result.with_suffix(".output")
        # The key travels on standard input: command lines can be read by others.
        copy = None if condition.copy is None else str(condition.copy)
        changed = {"trace": condition.trace, "copy": copy, "result": result}
        text = json.dumps({**job, **_path(condition), **changed})
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - a Python the user chose
                [condition.python, "-B", "-u", *condition.options, "-c", _START],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(condition),
                start_new_session=True,
            )
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        # It may be gone already; what it printed says why.
        with contextlib.suppress(OSError), self._process.stdin as stdin:
            stdin.write(text.encode())

    def wait(self, target: str, deadline: float) -> list[dict[str, Any]]:
        """Returns what it found.

        Args:
            target: the module, for the error.
            deadline: until when, by ``time.monotonic``.

        Raises:
            AssertionError: it failed, or it was not ready in time.
        """
        where = f"{target} in a fresh process, {self.condition.title}"
        try:
            self._process.wait(max(0.0, deadline - monotonic()))
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(
                f"the handlers of {where}, were not found in time; raise timeout= if "
                f"importing it takes that long{self._said()}"
            ) from None
        found = self._result.read_text("ascii")
        if self._process.returncode or not found:
            raise AssertionError(
                f"the handlers of {where}, cannot be found: the process ended with "
                f"exit code {self._process.returncode}{self._said()}"
            )
        records: list[dict[str, Any]] = json.loads(found)
        return records

    def stop(self) -> None:
        """Ends the process, and what it has started; a second call does nothing."""
        if hasattr(os, "killpg"):
            # macOS says PermissionError of a group that has ended.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()

    def _said(self) -> str:
        said = self._output.read_text("utf-8", "replace").strip()
        return f":\n\n{said[-_SHOWN:]}" if said else "; it printed nothing"


def _environment(condition: Condition) -> dict[str, str]:
    # Not inherited: what would change the code, or the library of another Python.
    others = ("PYTHONOPTIMIZE", "PYTHONHOME", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in others}
    return {**kept, "PYTHONHASHSEED": str(condition.seed)}


def _path(condition: Condition) -> dict[str, Any]:
    """What ``sys.path`` becomes; ``None`` stands for what the process has itself."""
    here = [str(Path(entry or ".").absolute()) for entry in sys.path]
    first = [str(condition.copy)] if condition.copy is not None else []
    if condition.python == sys.executable:
        return {"before": first, "path": here, "after": []}
    library = _paths("stdlib", "platstdlib")
    packages = {*_paths("purelib", "platlib"), *map(_real, _site_packages())}
    ours = [entry for entry in here if not _is_of_library(_real(entry), library)]
    return {
        "before": first + [entry for entry in ours if _real(entry) not in packages],
        "path": None,
        "after": [entry for entry in ours if _real(entry) in packages],
    }


def _paths(*names: str) -> set[str]:
    return {_real(sysconfig.get_path(name)) for name in names}


def _site_packages() -> Iterable[str]:
    return [*site.getsitepackages(), site.getusersitepackages()]


def _real(path: str) -> str:
    return os.path.realpath(path)


def _is_of_library(path: str, library: set[str]) -> bool:
    """Whether it is the standard library, its extensions, or its archive."""
    zipped = path.endswith(f"python{sys.version_info[0]}{sys.version_info[1]}.zip")
    parent, _, name = path.rpartition(os.sep)
    extensions = name == "lib-dynload" and parent in library
    return zipped or extensions or path in library
