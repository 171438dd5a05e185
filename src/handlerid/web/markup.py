"""What an endpoint writes into a page."""

from __future__ import annotations

from html import escape


class HTML(str):
    """Text that a template must not escape: Jinja and Django look for ``__html__``."""

    __module__ = "handlerid.web"
    __slots__ = ()

    def __html__(self) -> str:
        return self


def attributes(pairs: list[tuple[str, object]]) -> HTML:
    """Write attributes, without those that are None or False; True has no value."""
    return HTML(
        " ".join(
            name if value is True else f'{name}="{escape(str(value))}"'
            for name, value in pairs
            if value is not None and value is not False
        )
    )
