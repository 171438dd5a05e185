"""The extras of integrations: what to install when a part of one is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

__all__ = ["extra"]


@contextmanager
def extra(name: str, *modules: str) -> Iterator[None]:
    """Import an extra in a ``with`` block; what is missing is one line.

    Args:
        name: of the extra, of its integration and of the host's package.
        modules: what else the extra brings.

    Raises:
        ImportError: a module is missing.
    """
    try:
        for module in (name, *modules):
            import_module(module)
        yield
    except ModuleNotFoundError as error:
        text = f"handlerid.integrations.{name} needs {error.name}: "
        text += f"pip install 'handlerid[{name}]'"
        raise ImportError(text, name=error.name) from None
