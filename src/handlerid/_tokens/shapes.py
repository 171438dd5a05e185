"""The shape of a record: its fields, their types, and the functions that check them.

A record is rebuilt without its ``__init__``, so one of another shape is another class.
"""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from hashlib import blake2b
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from handlerid._peek import is_native, mro, names_of_class, namespace
from handlerid._values.records import declared, field_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handlerid._identity import Identity

_DEEPEST = 5
_NAME = r"[^\W\d]\w*"
_CHECKS = ("__post_init__", "__attrs_post_init__", "__init__", "__new__")
_MADE_BY_ATTRS = "<attrs generated"


def shape_of(kind: type, identity: Identity) -> str:
    """Return a hash that is equal in all processes of one release."""
    forms = _Forms(kind, identity)
    parts = [f"{name}:{forms.of(one)}" for name, one in _types(kind).items()]
    for fn in _checks(kind):
        described = identity.describe(getattr(fn, "__func__", fn))
        parts.append(described[0] if described else "")
    for one in namespace(kind).get("__attrs_attrs__", ()):
        checks = one.validator, one.converter
        parts.append(identity.codec.encode(checks, "", identity.describe, []).hex())
    text = "\n".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=6).hexdigest()


def _types(kind: type) -> dict[str, object]:
    """Return the fields of a record with their types, as they are stored."""
    if (fields := declared(kind)) is not None:
        return {field.name: field.type for field in fields}
    types: Any = {}
    for base in mro(kind)[::-1]:  # of a Struct or a named tuple
        with suppress(Exception):  # of 3.14, which evaluates them now
            types |= getattr(base, "__annotations__", {})
    return {name: types.get(name) for name in field_names(kind) or ()}


def _checks(kind: type) -> Iterator[Any]:
    """Yield what checks new objects and was not generated."""
    for base in mro(kind):
        names: Any = {} if is_native(base) else namespace(base)
        generated = ["__new__"] if "_fields" in names else []
        if getattr(names.get("__dataclass_params__"), "init", False):
            generated.append("__init__")
        for one in [names[x] for x in _CHECKS if x in names and x not in generated]:
            code = getattr(one, "__code__", None)
            if not getattr(code, "co_filename", "").startswith(_MADE_BY_ATTRS):
                yield one


class _Forms:
    """Annotations as texts: no addresses, and nothing is evaluated."""

    def __init__(self, kind: type, identity: Identity) -> None:
        self.identity = identity
        module = sys.modules.get(names_of_class(kind)[0])
        self.names: dict[str, Any] = vars(module) if module else {}

    def of(self, one: Any, depth: int = 0) -> str:
        one = getattr(one, "__supertype__", getattr(one, "__forward_arg__", one))
        if depth > _DEEPEST:  # an alias may name itself
            return ""
        if type(one) is str:
            return re.sub(_NAME, lambda found: self.named(found[0], depth), one)
        if arguments := get_args(one):
            origin = get_origin(one)
            of = "|" if origin in (Union, UnionType) else self.of(origin)
            return f"{of}[{','.join(self.of(x, depth + 1) for x in arguments)}]"
        if issubclass(type(one), type):
            module, qualname = names_of_class(one)
            return f"{self.identity.module_name(module)}.{qualname}"
        form = self.identity.codec.encode(one, "", self.identity.describe, [])
        return f"{getattr(one, '__name__', '')} {form.hex()}"

    def named(self, name: str, depth: int) -> str:
        return self.of(self.names[name], depth + 1) if name in self.names else name
