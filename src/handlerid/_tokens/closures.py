"""Closures that travel: a handler as bytes, and the handler from the bytes.

``docs/contributing/carried-bytes.md`` shows the bytes. They are read after their
signature was verified, together with the id; that is not done here.

1. No code travels. It is named by module, qualified name and fingerprint, and is the
   one that the server's scanned modules hold.
2. Nothing in the bytes is imported, evaluated, looked up with ``getattr`` or unpickled.
   All look-ups are in tables.
"""

from __future__ import annotations

from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from weakref import ref

from handlerid import errors
from handlerid._identity import is_current, name_of
from handlerid._peek import find, globals_of, name_of_class, names_of_class, text
from handlerid._tokens.graphs import Reader, Writer, atom, is_bare, stale, to_bytes
from handlerid._tokens.shapes import shape_of
from handlerid._values import own_class

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handlerid._identity import HandlerId, Identity
    from handlerid._tokens.graphs import CodeIndex

_FORMATS = b"ba"  # of handlers that are called with nothing, or with the event
_BASE = slice(0, 37)  # of an id: its location and its fingerprint


class Rebuilt(NamedTuple):
    """A handler made of bytes; ``mutable``: what it changes in its captures is lost."""

    fn: Callable[..., object]
    takes_event: bool
    mutable: bool


class Closures:
    """Pack handlers to bytes, and rebuild them elsewhere. Any thread may use it."""

    def __init__(self, identity: Identity, index: CodeIndex) -> None:
        self.identity, self.index = identity, index
        self._known: tuple[int, dict[Any, Any]] = index.version, {}
        self._decoded = {}  # classes that the host named, by name
        for kind in identity.codec.decoders:
            module, qualname = names_of_class(kind)
            self._decoded[identity.module_name(module), qualname] = kind

    def pack(
        self,
        fn: Any,
        *,
        takes_event: bool = True,
        name: str | None = None,
        number: int = 0,
    ) -> bytes:
        """Return the bytes of a handler; equal ones for equal handlers.

        ``name``: its explicit name. ``number``: among equals of its scope.

        Raises UnstableCapture, and UnsupportedHandler for code of no scanned module.
        """
        form = _FORMATS[takes_event : takes_event + 1]
        plain = name is None and not number
        if plain and is_bare(fn) and (seen := self._lookups().get(id(fn.__code__))):
            cells = [atom(cell) for cell in fn.__closure__ or ()]
            if seen[1] is fn.__globals__ and cells and all(cells):
                more = ",".join(cells).encode("utf-8", "surrogatepass")
                return b"%b%b,%b]" % (form, seen[3], more)
        return form + Writer(fn, self).write(name, number)

    def rebuild(self, handler_id: HandlerId, data: bytes, event: Any = None) -> Rebuilt:
        """Return the handler that bytes were packed from, made anew.

        Location and fingerprint are compared with those of the id that was signed
        together with the bytes. Its captures are not: the signature binds them. The id
        gets module and qualified name; ``event`` is its event type, if known.

        What a decoder raises passes through.
        """
        if data[:1].isalpha() and data[0] not in _FORMATS:
            raise errors.ExpiredToken(
                "the captures in the token are of a format that this release does not "
                "know: the page is older, or newer, than this server"
            )
        reader = Reader(self)
        try:
            takes_event = bool(_FORMATS.index(data[:1]))
            fn, name = reader.read_handler(data[1:])
            ids = self.identity.bare_ids(fn, event, location=name)[0]
            if handler_id[_BASE] not in [one[_BASE] for one in ids]:
                same = handler_id.location in [one.location for one in ids]
                raise stale(name_of(fn)) if same else ValueError  # noqa: TRY301 - like read()
            handler_id.module, handler_id.qualname = ids[0].module, ids[0].qualname
        except (errors.StaleHandler, errors.UnknownHandler) as error:
            text = f"{handler_id}: {error}"  # the log names whose page it was
            failed: Exception = type(error)(text, handler_id=handler_id)
        except Exception:  # noqa: BLE001 - Python's own types raise many
            corrupt = errors.InvalidToken("the captures in the token are corrupt")
            failed = reader.failed or corrupt
        else:
            return Rebuilt(fn, takes_event, reader.mutable)
        raise failed  # not above: Python's own errors may hold captured values

    def _lookups(self) -> dict[Any, Any]:
        """Return what was looked up in this version of the index."""
        # A thread that looks something up meanwhile writes it into the old one.
        if self._known[0] != self.index.version:
            self._known = self.index.version, {}
        return self._known[1]

    def class_(self, *names: Any) -> type | None:
        return own_class(names) or self._decoded.get(names) or self.index.class_(*names)

    def shape(self, kind: type) -> str:
        """Return a hash of a record's fields, their types, and what checks them."""
        known = self._lookups()
        if (found := known.get(("r", id(kind)))) is None:
            # With the class: it may be replaced in its module, and its address reused.
            known["r", id(kind)] = found = kind, shape_of(kind, self.identity)
        return cast("str", found[1])

    def _held(self, qualname: str, names: dict[str, Any]) -> str:
        """Return what a module has under the name of its function: its unkeyed id."""
        value = find(names, qualname)
        described = self.identity.describe(value)
        return described[0] if described else name_of_class(type(value))

    def locate(self, fn: FunctionType) -> Sequence[str] | None:
        """Return where a function's code is; None if no scanned module has it."""
        known, code, names = self._lookups(), fn.__code__, fn.__globals__
        seen = known.get(id(code))
        if seen is not None and seen[1] is names:
            return cast("Sequence[str]", seen[2])
        module = self.identity.module_name(text(names.get("__name__")))
        fingerprint = self._fingerprints(code, names)[0]
        if "<" not in code.co_qualname:  # then a wrapper may stand there
            fingerprint += f" {self._held(code.co_qualname, names)}"
        located = module, code.co_qualname, fingerprint
        try:
            if self.find(*located)[1] is not names:
                return None
        except (errors.StaleHandler, errors.UnknownHandler):
            return None
        free = self.identity.variables(fn)
        if not (free.assigned or free.shared or free.unused):
            head = to_bytes(["F", *located])[:-1]
            # Code may be made anew at each rendering: an entry goes with it.
            address = id(code)
            gone = ref(code, lambda _: known.pop(address, None))
            known[address] = gone, names, located, head
        return located

    def find(self, *location: Any) -> Any:
        """Return the code at a location, and the globals that it runs in."""
        known, (module, qualname, fingerprint) = self._lookups(), location
        if (found := known.get(location)) is not None and is_current(found[2]):
            return found[:2]
        holder, code = self.index.module(module), None
        names = globals_of(holder) if holder is not None else {}
        fingerprint, _, held = str(fingerprint).partition(" ")
        for code in self.index.codes(module, qualname):
            if fingerprint in self._fingerprints(code, names):
                if "<" in qualname:
                    known[location] = code, names, self.index.root(module, code)
                elif held != self._held(qualname, names):
                    raise stale(module, qualname)  # a wrapper is there, or another one
                return code, names
        if code is not None:
            raise stale(module, qualname)
        raise errors.UnknownHandler(
            f"it carries {module}.{qualname}, which no scanned module has; does every "
            "server scan the same modules, under one name: Identity(module_name=...)?"
        )

    def _fingerprints(self, code: CodeType, names: dict[str, Any]) -> Sequence[str]:
        """Return the fingerprints of code by each key."""
        cells = tuple([CellType() for _ in code.co_freevars])
        fn = FunctionType(code, names, None, None, cells or None)
        return [one.fingerprint for one in self.identity.bare_ids(fn)[0]]
