"""Where the measured code is: installed, copied, as bytecode alone, zipped.

Pythons and how to run them, packages and how to install them, the list of modules, and
the places that are made of their files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import handlerid
from tests.promises.corpus import worker
from tests.pythons import find_python
from tests.support.pyodide import find_pyodide, run_pyodide

ROOT = Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache" / "corpus"
SRC = Path(handlerid.__file__).resolve().parents[1]
WORKER = Path(worker.__file__).resolve()

_SKIPPED = {"__pycache__", "idle_test", "lib-dynload", "site-packages"}
_TIMEOUT = 1_200


class ProcessFailed(Exception):
    """A measured process ended with an error; the text is the end of what it said."""


@dataclass
class Interpreter:
    """A Python of this machine that runs jobs.

    Attributes:
        release: such as ``"3.12.1"``.
        stdlib: the folder of its standard library.
        path: the program, or None for the one that runs under Node.
    """

    release: str
    stdlib: Path
    path: Path | None

    @property
    def version(self) -> str:
        return self.release.rpartition(".")[0]

    def run(self, job: dict[str, Any], seed: int, tools: list[Path]) -> Any:
        """Runs a job in a fresh process and returns its result.

        Args:
            job: what ``worker`` takes; the file to write is added here.
            seed: the hash seed.
            tools: folders to import from, besides the job's roots.
        """
        with tempfile.TemporaryDirectory() as made:
            written, described = Path(made, "result.json"), Path(made, "job.json")
            job = {**job, "written": str(written)}
            described.write_text(json.dumps(job), "utf-8")
            if self.path is None:
                folders = {Path(root).parent for root in job["roots"]}
                done = run_pyodide(
                    WORKER,
                    str(described),
                    folders=[Path(made), *folders, *tools],
                    path=[ROOT, *tools],
                    seed=str(seed),
                    check=False,
                )
                self._check(done)
            else:
                self._run_native(str(described), seed, tools)
            return json.loads(written.read_text("utf-8"))

    def _run_native(self, described: str, seed: int, tools: list[Path]) -> None:
        environment = {
            **os.environ,
            "PYTHONHASHSEED": str(seed),
            "PYTHONPATH": os.pathsep.join(map(str, [SRC, ROOT, *tools])),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [str(self.path), "-S", "-c", _START, described],
            env=environment,
            cwd=tempfile.gettempdir(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        self._check(done)

    def _check(self, done: subprocess.CompletedProcess[str]) -> None:
        if done.returncode:
            raise ProcessFailed(f"{self.release} failed: {done.stderr[-3000:]}")


# With -c, no folder of ours comes first on the path: modules of the standard library
# with the name of one of ours would be hidden. With -S, nothing that happens to be
# installed takes part: setuptools puts its own distutils in the place of Python's.
_START = """
import sys; del sys.path[0]
from tests.promises.corpus.worker import main; main(sys.argv[1])
"""

_ABOUT = """
import platform, sysconfig
print(platform.python_version(), sysconfig.get_path("stdlib"))
"""


def find_interpreter(version: str, made: Path) -> Interpreter | None:
    """Finds a Python by its version; 3.14 is the one under Node.

    Args:
        version: such as ``"3.12"``.
        made: a folder to unpack the standard library of 3.14 into.
    """
    if version == "3.14":
        package = find_pyodide()
        if package is None:
            return None
        lock = json.loads((package / "pyodide-lock.json").read_text("utf-8"))
        stdlib = made / "stdlib-3.14"
        with zipfile.ZipFile(package / "python_stdlib.zip") as archive:
            archive.extractall(stdlib)
        return Interpreter(lock["info"]["python"], stdlib, None)
    here = "{}.{}".format(*sys.version_info)
    path = Path(sys.executable) if version == here else find_python(version)
    if path is None:
        return None
    told = subprocess.run(
        [path, "-c", _ABOUT], capture_output=True, text=True, check=True
    )
    release, _, folder = told.stdout.strip().partition(" ")
    return Interpreter(release, Path(folder), path)


def install(package: str, python: Path, release: str) -> Path:
    """Returns a folder that holds a package and what it needs, installed once."""
    folder = CACHE / release / package
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install"]
        quiet = ["--quiet", "--quiet", "--disable-pip-version-check", "--no-compile"]
        subprocess.run([*pip, *quiet, "--target", fresh, package], check=True)
        try:
            fresh.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(fresh)
    return folder


@dataclass
class Place:
    """Folders or zip files to find modules in, and the modules.

    Attributes:
        roots: where the modules are.
        modules: name and file of each, the file from the root and without ending.
    """

    roots: list[Path]
    modules: list[tuple[str, str]] = field(default_factory=list)

    def add(self, root: Path, names: list[str] | None = None) -> None:
        """Adds the modules under a root: all, or those of the top-level names."""
        self.roots.append(root)
        for path in sorted(root.rglob("*.py")):
            file = path.relative_to(root).with_suffix("")
            parts = file.parts
            wanted = parts[0] in names if names else parts[0] != "test"
            if wanted and _SKIPPED.isdisjoint(parts):
                module = ".".join(parts).removesuffix(".__init__")
                self.modules.append((module, file.as_posix()))

    def spread(self, count: int) -> list[str]:
        """That many names of top-level modules and packages, evenly spread."""
        names = sorted({module.partition(".")[0] for module, _ in self.modules})
        return names[:: max(1, len(names) // count)][:count]

    def keep(self, names: Collection[str]) -> None:
        """Keeps the top-level modules and packages of these names."""
        self.modules = [
            entry for entry in self.modules if entry[0].partition(".")[0] in names
        ]

    def copy(self, folder: Path) -> Place:
        """A folder with all files of the modules, and the data beside them."""
        kept = {file.split("/")[0] for _, file in self.modules}
        ignored = shutil.ignore_patterns(
            *_SKIPPED, "*.mo", "*.po"
        )  # large, and no code
        for root in self.roots:
            for entry in root.iterdir():
                if entry.is_dir() and (entry.name in kept or entry.suffix == ".libs"):
                    shutil.copytree(entry, folder / entry.name, ignore=ignored)
                elif entry.stem in kept and entry.suffix == ".py":
                    folder.mkdir(exist_ok=True)
                    shutil.copy(entry, folder)
        return Place([folder], self.modules)

    def zip(self, file: Path) -> Place:
        """A zip file with the source of all modules."""
        # Stored, not compressed: zlib is not needed to import from it.
        with zipfile.ZipFile(file, "w") as archive:
            for _, name in self.modules:
                root = next(r for r in self.roots if (r / f"{name}.py").exists())
                archive.write(root / f"{name}.py", f"{name}.py")
        return Place([file], self.modules)

    def job(self) -> dict[str, Any]:
        return {"roots": [str(root) for root in self.roots], "modules": self.modules}
