"""What an endpoint writes into a page, and the client that it names there."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import blake2b, sha384
from html import escape
from pathlib import Path
from typing import Any, Literal, get_args

from handlerid import Scope

_SCRIPT = Path(__file__).with_name("client.js")
Busy = Literal["drop", "queue", "latest"]
_CHOICES = {"busy": get_args(Busy), "double": ("ignore",), "stale": ("resend",)}


class HTML(str):
    """Text that a template must not escape: Jinja and Django look for ``__html__``."""

    __module__ = "handlerid.web"
    __slots__ = ()

    def __html__(self) -> str:
        return self


def attributes(given: Mapping[str, object], prefix: str = "") -> HTML:
    """Write attributes, without those that are None or False; True has no value."""
    return HTML(
        " ".join(
            prefix + name if value is True else f'{prefix}{name}="{escape(str(value))}"'
            for name, value in given.items()
            if value is not None and value is not False
        )
    )


def check_options(**given: object) -> None:
    """Raise for a value that the client does not know, and would ignore."""
    for name, value in given.items():
        if value is not None and value not in _CHOICES[name]:
            listed = ", ".join(f'"{one}"' for one in _CHOICES[name])
            raise ValueError(f"{name} must be one of {listed}, not {value!r}")


def offer(scope: Scope, fn: Callable[..., object], event: Any) -> str:
    """Offer a handler; a name that a template of Jinja lacks raises and is named."""
    getattr(fn, "undefined", None)  # any attribute of jinja2.Undefined raises
    return scope.offer(fn, event)


def hidden(fields: Mapping[str, str]) -> HTML:
    """Write hidden inputs."""
    return HTML(
        "".join(
            f'<input type="hidden" {attributes({"name": name, "value": value})}>'
            for name, value in fields.items()
        )
    )


def event_of(reference: str) -> str:
    """Return the wire name in an id or a token; a click if there is none."""
    parts = reference.split(".")
    if parts[0] == "t1":
        parts = parts[1:-2]  # without what was signed, and the signature
    return parts[1] if len(parts) > 1 else "click"


def digest_of(audience: str) -> str:
    """Return what the page shows of an audience."""
    text = audience.encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=8, person=b"handlerid page").hexdigest()


@cache
def client() -> tuple[bytes, str, str]:
    """Return the client, the name that it is served under, and its integrity."""
    source = _SCRIPT.read_bytes()
    digest = sha384(source).digest()
    name = f"client.{digest[:8].hex()}.js"
    return source, name, f"sha384-{b64encode(digest).decode()}"
