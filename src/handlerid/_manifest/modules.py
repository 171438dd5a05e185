"""The modules of a package, imported."""

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from handlerid._peek import expect, globals_of

# Name, what is wrong with it, module, exception.
Fail = Callable[[str, str, str, BaseException | None], None]


def imported(package: ModuleType | str, fail: Fail) -> Iterator[ModuleType]:
    """Import a module, and all modules in it if it is a package."""
    if isinstance(package, str):
        from logging import getLogger  # noqa: PLC0415 - for a scan alone

        # Before: a module that starts a server does not return.
        name = package
        getLogger("handlerid").info("importing %s", name)
        try:
            package = import_module(name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - it runs any code
            if (meant := dotted(name)) != name:
                raise ValueError(
                    f"modules are imported by name, and {name!r} is the name of a file "
                    f"or directory; did you mean {meant!r}?"
                ) from None
            # A script that ends in sys.exit(), or a test that is skipped, does not end
            # the host.
            where = name.replace(".", "/")
            count = _count([f"{one or '.'}/{where}" for one in sys.path])
            several = f"{count} module{'s' * (count != 1)}"
            beneath = f", nor what is in it ({several})" if count else ""
            text = f"cannot be imported{beneath}: {type(error).__name__}: {error}"
            return fail(name, text, name, error)
        if not issubclass(type(package), ModuleType):
            text = "puts an object that is no module into sys.modules"
            return fail(name, text, name, None)
    known = isinstance(package, ModuleType)
    expect(known, "package", "a module or its name", package)
    yield package
    # Its own __getattr__ is not asked.
    for name in _inside([*globals_of(package).get("__path__", ())]):
        yield from imported(f"{package.__name__}.{name}", fail)


def dotted(path: str) -> str:
    """Return a module's name for the path of a file or directory; a name as it is."""
    path = path.replace("\\", "/").removesuffix(".py").removesuffix("/__init__")
    return ".".join(one for one in path.split("/") if one.strip("."))


def _count(paths: list[str]) -> int:
    """Return the number of modules in a package's directories, at any depth."""
    inside = [[f"{path}/{name}" for path in paths] for name in _inside(paths)]
    return len(inside) + sum(map(_count, inside))


def _inside(paths: list[str]) -> list[str]:
    """Return the names of the modules in a package's directories."""
    from pkgutil import iter_modules  # noqa: PLC0415 - a millisecond for a scan alone

    names = {one.name for one in iter_modules(paths)}
    # It leaves out directories without __init__, which are packages, too.
    for path in paths:
        for name in filter(str.isidentifier, _directories(path)):
            if name not in names and _inside([f"{path}/{name}"]):
                names.add(name)
    return sorted(names - {"__main__"})


def _directories(path: str) -> list[str]:
    """Return the names of the directories in a directory, or in one of a zip."""
    from pathlib import Path  # noqa: PLC0415
    from pkgutil import get_importer  # noqa: PLC0415
    from zipfile import Path as InZip  # noqa: PLC0415

    place: Any = Path(path)
    importer: Any = get_importer(path)
    if hasattr(importer, "archive"):
        place = InZip(importer.archive, importer.prefix.replace(os.sep, "/"))
    return [x.name for x in place.iterdir() if x.is_dir()] if place.is_dir() else []
