"""Where a run was made: machine, Python, versions.

pyperf collects it, as for its own results. What names this one computer, its host name
and its paths, is left out: the report goes into the docs.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["describe", "versions"]

PACKAGES = (
    *("handlerid", "cloudpickle", "typing-extensions", "msgspec"),
    *("mesop", "dask", "joblib", "marimo", "prefect"),
    *("pydantic", "cattrs", "mashumaro", "dacite"),
    *("nicegui", "textual", "blinker", "psygnal", "pluggy"),
    *("itsdangerous", "starlette", "uvicorn", "gunicorn", "pyperf"),
)

SHOWN = {
    "cpu_model_name": "processor",
    "cpu_count": "processors",
    "python_version": "Python",
    "python_compiler": "compiler",
    "python_hash_seed": "hash seed",
    "aslr": "address space layout",
    "cpu_config": "processor settings",
    "load_avg_1min": "load before the run",
}
"""What pyperf calls it, and what the report does."""


def describe(arguments: list[str]) -> dict[str, str]:
    """What the report has at its head, by name.

    Args:
        arguments: of the command.
    """
    found = {name: one for key, name in SHOWN.items() if (one := _pyperf().get(key))}
    # Not platform.platform(): a kernel's full name is that of one computer.
    libc = " ".join(filter(None, platform.libc_ver()))
    parts = (platform.system(), platform.machine(), libc)
    found["platform"] = ", ".join(filter(None, parts))
    found.setdefault("Python", platform.python_version())
    optimised = " with -O" if sys.flags.optimize else ""
    found["Python"] = f"{platform.python_implementation()} {found['Python']}{optimised}"
    found["date"] = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    # Of files, the name alone.
    found["command"] = " ".join(
        ["python -m benchmarks", *(one.rpartition(os.sep)[2] for one in arguments)]
    )
    return found


def versions() -> dict[str, str]:
    """The versions of what is installed of ``PACKAGES``."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    found["wrk"] = _wrk()
    return found


def _wrk() -> str:
    """Its version, which it tells before it complains of its arguments."""
    try:
        done = subprocess.run(
            ["wrk", "-v"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "not installed"
    return done.stdout.partition("wrk ")[2].partition(" ")[0]


_collected: dict[str, str] = {}


def _pyperf() -> dict[str, str]:
    if not _collected:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "metadata.json")
            command = [
                sys.executable,
                "-m",
                "pyperf",
                "collect_metadata",
                "-o",
                str(file),
            ]
            done = subprocess.run(command, capture_output=True, check=False)
            if done.returncode == 0:
                metadata = json.loads(file.read_text("utf-8"))["metadata"]
                _collected.update({key: str(one) for key, one in metadata.items()})
    return _collected
