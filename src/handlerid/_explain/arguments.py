"""A bound argument by its type and a digest, a capture by its type.

What belongs here: saying what a value is without saying the value.
"""

from __future__ import annotations

import re

from handlerid._anatomy import Unset

__all__ = ["kind_of", "type_name"]

# The tags of handlerid._canonical.values. What they stand for is said instead of the
# type's own name, which is another on other Pythons and platforms.
_KINDS = {
    "N": "None",
    ".": "Ellipsis",
    "T": "bool",
    "F": "bool",
    "i": "int",
    "f": "float",
    "c": "complex",
    "s": "str",
    "b": "bytes",
    "t": "tuple",
    "l": "list",
    "S": "set",
    "Z": "frozenset",
    "d": "dict",
    "R": "range",
    "/": "slice",
    "D": "date",
    "H": "time",
    "W": "datetime",
    "L": "timedelta",
    "z": "timezone",
    "k": "ZoneInfo",
    "M": "Decimal",
    "q": "Fraction",
    "U": "UUID",
    "p": "Path",
    "P": "PurePosixPath",
    "Q": "PureWindowsPath",
    "C": "class",
    "a": "generic alias",
    "m": "module",
    "h": "callable",
    "^": "callables in a circle",
}
_OF_A_CLASS = b"egrxC"
_SIZE = re.compile(rb"(\d+):")


def kind_of(form: bytes) -> str:
    """Names the kind of a value by its canonical bytes.

    Two values with the same bytes have the same kind, in every process.
    """
    tag = form[:1]
    words = [_KINDS[tag.decode()]] if tag.decode() in _KINDS else []
    if tag in _OF_A_CLASS:
        words.append(".".join(_texts(form)))
    return " ".join(words)


def type_name(value: object) -> str:
    """Names the type of a captured value, running none of its code."""
    if value is Unset:
        return "not set yet"
    kind = type(value)
    try:
        module, qualname = _module_of(kind), _qualname_of(kind)
    except AttributeError:
        module = qualname = None
    if type(module) is not str or type(qualname) is not str:
        return "of a type without a name"
    return qualname if module == "builtins" else f"{module}.{qualname}"


# As the type stores them: a metaclass may define properties of these names.
_module_of = vars(type)["__module__"].__get__
_qualname_of = vars(type)["__qualname__"].__get__


def _texts(form: bytes) -> list[str]:
    """Module and qualified name of the class that a form begins with."""
    texts: list[str] = []
    place = 1
    for _ in range(2):
        size = _SIZE.match(form, place)
        assert size is not None  # noqa: S101  # encode_value wrote the form
        place = size.end() + int(size[1])
        texts.append(form[size.end() : place].decode("utf-8", "surrogatepass"))
    return texts
