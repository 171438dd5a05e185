"""The manifest: what a release can answer, and the JSON that it is stored as.

1. The same manifest has the same bytes: keys are sorted, and nothing of the machine is
   in them. A function is a line, so that versions of a file can be compared.
2. Ids are not stored. Their location is computed from module and qualified name, or
   from the explicit name; with keys, the other parts are hashed once more.
3. A file is private to the build: who has a digest can confirm a guess of a constant.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from handlerid._peek import choose, expect

FORMAT = "handlerid manifest 1"
UNKNOWN = "unknown"
"""In place of an event: the annotation of a nested function was not understood."""

_write = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":")
).encode


class Function(NamedTuple):
    """A function of a release; ids with captures part are of the same function.

    Attributes:
        code: the fingerprint, without keys. Of a function with wrappers, that of all
            of its layers.
        body: the fingerprint that it has under an explicit name, without keys: it
            stays the same when the function is renamed or moved.
        events: wire names of the events that its annotation names; ``("unknown",)`` if
            that was not understood; empty if it has no annotation that names one.
        captures: names of its free variables, then of parameters with a default.
        name: the explicit name.
        moved_from: where it was before, as ``Registry.handler`` takes it.
        trivial: whether it does nothing, or returns a constant: many functions have
            this body.
        wrapped: whether the code of wrappers, as of decorators, is part of ``code``.
    """

    code: str
    body: str
    events: tuple[str, ...] = ()
    captures: tuple[str, ...] = ()
    name: str | None = None
    moved_from: tuple[str, ...] = ()
    trivial: bool = False
    wrapped: bool = False


class EventShape(NamedTuple):
    """What a payload of an event type may hold.

    Attributes:
        fields: by name a text, ``"float = 0.0"``: the type, and after the first
            ``" = "`` the default. A field without default is required.
        extra: whether fields of other names are refused or ignored, unless the
            dispatcher says it.
    """

    fields: Mapping[str, str]
    extra: str


Place = tuple[str, str]
"""Module and qualified name."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Manifest:
    """What a release can answer; ``handlerid.manifest.build`` makes one.

    Attributes:
        fingerprint: what ``code`` and ``body`` are digests of.
        python: implementation, version and flags, ``"cpython 3.11.7 -O"``: bytecode
            is that of this Python alone. None if sources were hashed.
        release: the name of the release, if it was given one.
        functions: by module and qualified name. Several functions may have one name,
            as the lambdas of a function: they are in the order of their code.
        events: by wire name, those that functions name.
        failed: by module that was not imported, the type of its error.
        not_seen: by name, why a handler may have another id than the file says, or may
            not be in it.
    """

    __module__ = "handlerid.manifest"

    fingerprint: Literal["bytecode", "source"]
    python: str | None = None
    release: str | None = None
    functions: Mapping[Place, tuple[Function, ...]] = field(default_factory=dict)
    events: Mapping[str, EventShape] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    not_seen: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        release = "" if self.release is None else f" of {self.release!r}"
        return f"<Manifest{release}: {self}>"

    def __str__(self) -> str:
        functions = sum(map(len, self.functions.values()))
        modules = len({module for module, _ in self.functions})
        ends = "s" * (functions != 1), "s" * (modules != 1)
        return f"{functions} function{ends[0]} in {modules} module{ends[1]}"

    def to_bytes(self) -> bytes:
        """Return the JSON of the manifest, ``docs/reference/manifest.md``."""
        functions: dict[str, dict[str, Any]] = {}
        for (module, qualname), several in self.functions.items():
            forms = [_form(one) for one in several]
            named = functions.setdefault(module, {})
            named[qualname] = forms[0] if len(forms) == 1 else forms
        document = vars(self) | {
            "events": {name: one._asdict() for name, one in self.events.items()},
            "format": FORMAT,
            "functions": functions,
        }
        parts = [
            f"{_write(name)}: {_lines(value, 1 + (name == 'functions'))}"
            for name, value in sorted(document.items())
        ]
        text = "{\n" + ",\n".join(parts) + "\n}\n"
        # A name may have a lone surrogate; this writes it as JSON does.
        return text.encode("utf-8", "backslashreplace")

    def write(self, path: str | Path) -> None:
        """Write the manifest to a file."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def read(cls, source: bytes | str | Path) -> Self:
        """Read a manifest from a file, or from bytes.

        Raises:
            ValueError: it is no manifest, or was written by another version.
            OSError: the file cannot be read.
        """
        known = isinstance(source, bytes | str | Path)
        expect(known, "source", "bytes or the path of a file", source)
        named = "the bytes" if isinstance(source, bytes) else str(source)
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
        try:
            document = json.loads(content)
        except ValueError:
            document = None
        found = document.get("format") if isinstance(document, dict) else None
        if found != FORMAT:
            text = f"{named}: no manifest of handlerid"
            if isinstance(found, str) and found.startswith(FORMAT[:-1]):
                text = f"{named}: written as {found!r}, and this version reads "
                text += f"{FORMAT!r}; build it again"
            raise ValueError(text)
        try:
            return cls._from_json(document)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{named}: a damaged manifest; build it again") from error

    @classmethod
    def _from_json(cls, document: dict[str, Any]) -> Self:
        choose("fingerprint", document["fingerprint"], ("bytecode", "source"))
        functions = {
            (module, qualname): tuple(
                map(_function, one if type(one) is list else [one])
            )
            for module, named in document.pop("functions").items()
            for qualname, one in named.items()
        }
        events = {x: EventShape(**one) for x, one in document.pop("events").items()}
        del document["format"]
        return cls(functions=functions, events=events, **document)


def _form(function: Function) -> dict[str, Any]:
    return {name: one for name, one in function._asdict().items() if one}


def _function(form: dict[str, Any]) -> Function:
    parts: Any = {x: tuple(y) if type(y) is list else y for x, y in form.items()}
    return Function(**parts)


def _lines(value: Any, depth: int) -> str:
    """Write a value, an entry a line down to a depth (rule 1)."""
    if not depth or not value or not isinstance(value, Mapping):
        return _write(value)
    lines = [f"{_write(x)}: {_lines(value[x], depth - 1)}" for x in sorted(value)]
    return "{\n" + ",\n".join(lines) + "\n}"


for _one in (Function, EventShape):
    _one.__module__ = Manifest.__module__
