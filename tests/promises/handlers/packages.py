"""The releases that ship examples, fetched once with pip."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

CACHE = Path(__file__).resolve().parents[3] / ".cache" / "handlers"


class Package(NamedTuple):
    """A release that ships examples."""

    framework: str
    name: str
    release: str
    patterns: tuple[str, ...]
    sdist: bool = False  # the wheel has no examples
    whole: bool = False  # imported as parts of the package, others as scripts

    def fetch(self) -> Path:
        """Return the folder with the unpacked release.

        Raises:
            subprocess.CalledProcessError: pip cannot download it.
        """
        folder = CACHE / f"{self.name}-{self.release}"
        if folder.exists():
            return folder
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as parent:
            fresh = Path(parent, "fresh")
            kind = [f"--no-binary={self.name}"]
            if not self.sdist:  # for any Python that it has a wheel for
                kind = ["--only-binary=:all:", "--python-version=3.13"]
            pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", *kind]
            subprocess.run(
                [*pip, "-d", fresh, f"{self.name}=={self.release}"], check=True
            )
            for file in list(fresh.iterdir()):
                form = "zip" if file.suffix == ".whl" else None
                shutil.unpack_archive(
                    file, fresh, form, filter=None if form else "data"
                )
            for database in fresh.glob("flet_mcp/data/*.db"):
                _write_examples(database, fresh)
            fresh.rename(folder)
        return folder

    def examples(self, root: Path) -> list[tuple[str, str]]:
        """Return the folder to import from and the name of each example."""
        found = []
        for file in sorted(
            {file for each in self.patterns for file in root.glob(each)}
        ):
            folder = root if self.whole else file.parent
            parts = file.relative_to(folder).with_suffix("").parts
            if all(part.isidentifier() for part in parts):
                found.append((str(folder), ".".join(parts).removesuffix(".__init__")))
        return found


def _write_examples(database: Path, folder: Path) -> None:
    """Write the examples of Flet, which ship as rows of a database."""
    query = "SELECT example_id, filename, content FROM example_files"
    with sqlite3.connect(database) as rows:
        for example, name, text in rows.execute(query):
            file = folder / "examples" / Path(example).name / Path(name).name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")


_EXAMPLES = ("*/examples/*/*.py", "*/examples/*/*/*.py", "*/demo/*.py")
_DEMO = ("*/demo/*app*.py",)
_GRADIO = ("themes/*app.py", "monitoring_dashboard.py")
_SOLARA = ("solara/website/pages/**/*.py", "solara/template/**/*.py")

MESOP = Package("Mesop", "mesop", "1.3.7", ("mesop/examples/**/*.py",), whole=True)
PACKAGES = (
    Package("NiceGUI", "nice-vibes", "0.1.5", ("samples/*/main.py",)),
    Package("NiceGUI", "nicegui-bootstrap-components", "0.1.1", _EXAMPLES, sdist=True),
    Package("Flet", "flet-mcp", "1.0.5", ("examples/*/main.py",)),
    Package("Flet", "flet-contrib", "2024.12.3", ("flet_contrib/*/examples/*.py",)),
    Package(
        "Gradio", "gradio", "6.31.0", tuple("gradio/" + x for x in _GRADIO), whole=True
    ),
    Package("Gradio", "gradio_pdf", "0.0.19", _DEMO, sdist=True),
    Package("Gradio", "gradio_imageslider", "0.0.20", _DEMO, sdist=True),
    Package("Gradio", "gradio_log", "0.0.8", _DEMO, sdist=True),
    Package("Gradio", "gradio_modal", "0.0.4", _DEMO, sdist=True),
    Package("Gradio", "gradio_rangeslider", "0.0.8", _DEMO, sdist=True),
    Package("Solara", "solara-ui", "1.64.1", _SOLARA, whole=True),
    MESOP,
)
