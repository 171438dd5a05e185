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
_NAME = r"([^\W\d]\w*)"
_CHECKS = ("__post_init__", "__attrs_post_init__", "__init__", "__new__")
_MADE_BY_ATTRS = "<attrs generated"


def shape_of(kind: type, identity: Identity) -> str:
    """Return a hash that is equal in all processes of one release."""
    module = sys.modules.get(names_of_class(kind)[0])
    names: dict[str, Any] = vars(module) if module else {}
    types = _types(kind).items()
    parts = [f"{name}:{_form(one, names, identity)}" for name, one in types]
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


def _form(one: Any, names: dict[str, Any], identity: Identity, depth: int = 0) -> str:
    """Return an annotation as a text: no addresses, and nothing is evaluated."""

    def inside(part: Any) -> str:
        return _form(part, names, identity, depth + 1)

    one = getattr(one, "__supertype__", getattr(one, "__forward_arg__", one))
    if depth > _DEEPEST:  # an alias may name itself
        return ""
    if type(one) is str:
        found = re.split(_NAME, one)  # names at odd places
        found[1::2] = [inside(names[x]) if x in names else x for x in found[1::2]]
        return "".join(found)
    if arguments := get_args(one):
        origin = get_origin(one)
        of = "|" if origin in (Union, UnionType) else _form(origin, names, identity)
        return f"{of}[{','.join(map(inside, arguments))}]"
    if issubclass(type(one), type):
        module, qualname = names_of_class(one)
        return f"{identity.module_name(module)}.{qualname}"
    form = identity.codec.encode(one, "", identity.describe, [])
    return f"{getattr(one, '__name__', '')} {form.hex()}"
