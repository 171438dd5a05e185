"""The code that makes a dataclass of a mapping.

It uses values of exactly the right types as they are; others go to ``Field.take``.
"""

from collections.abc import Callable, Iterator
from types import NoneType
from typing import Any, cast

import handlerid._decoding.misfits as misfits  # noqa: PLR0402 - not by the door
from handlerid._decoding.fields import NOTHING, Field
from handlerid._decoding.readers import ANY, SCALARS

# By what a reader expects: the test whether a value has to go to Field.take.
_TAKE_IF = {SCALARS[kind]: f"type({{0}}) is not {kind.__name__}" for kind in SCALARS}
_TAKE_IF |= {
    f"{SCALARS[kind]} or null": f"{{0}} is not None and {_TAKE_IF[SCALARS[kind]]}"
    for kind in (str, bool, int)
}
_TAKE_IF[SCALARS[float]] += " or {0} - {0} != 0.0"  # NaN, infinities
_TAKE_IF[ANY.expected] = "{0} is NOTHING"


def compiled(
    cls: Any, fields: list[Field], known: set[str], refuse_extra: bool
) -> Callable[..., Any]:
    """Return ``decode(payload, outer=None)``, which returns an instance of a class.

    Misfits are added to ``outer``; without it they are raised. With ``refuse_extra``,
    names that are not in ``known`` are refused.
    """
    # The functions of ``misfits``, and what ``_lines`` adds for each field.
    scope: dict[str, object] = {
        **vars(misfits),
        "new": cls.__new__,
        "init": cls.__init__,
        "cls": cls,
        "known": known,
        "refuse_extra": refuse_extra,
        "NOTHING": NOTHING,
        "NoneType": NoneType,
    }
    body = "\n    ".join(_lines(cls, fields, scope))
    exec(f"def decode(payload, outer=None):\n    {body}", scope)  # noqa: S102 - fields are names
    return cast("Callable[..., Any]", scope["decode"])


def _lines(cls: Any, fields: list[Field], scope: dict[str, Any]) -> Iterator[str]:
    # The library's own names are ASCII, and read without a search for others.
    if scope["refuse_extra"] or cls.__module__ != "handlerid.events":
        yield "extra = not known.issuperset(payload)"
        yield "if extra: payload = as_identifiers(payload, known)"
    takes, gets, checks = [], [], []
    for index, field in enumerate(fields):
        value, default, take = f"v{index}", f"default{index}", f"take{index}"
        scope[default], scope[take] = field.default, field.take
        test = _TAKE_IF.get(field.reader.expected, "True")
        # A default need not fit: then it is taken by Field.take.
        odd = eval(test.format(default), scope)  # noqa: S307 - written above
        name, default = repr(field.name), "NOTHING" if odd else default
        takes.append(f"{value} = payload[{name}]")
        gets.append(f"{takes[-1]} if {name} in payload else {default}")
        test = test.format(value)
        checks.append(f"if {test}: {value} = {take}({value}, misfits)")
    # Without "in" it is faster: tried if the payload has enough names for all fields.
    # Only for dict itself: a subclass may define __missing__.
    any_names = "; ".join(gets) or "pass"
    yield f"if len(payload) <= {len(fields)} or type(payload) is not dict: {any_names}"
    yield "else:"
    yield f"    try: {'; '.join(takes) or 'pass'}"
    yield f"    except KeyError: {any_names}"
    yield "misfits = []"
    yield from checks
    if scope["refuse_extra"]:
        yield "if extra: note_extra(misfits, payload, known)"
    yield "if not misfits:"
    # __init__, __post_init__ or __setattr__ of the class may refuse the values.
    yield "    try:"
    arguments = ", ".join(f"{field.argument}=v{i}" for i, field in enumerate(fields))
    if cls.__new__ is object.__new__ and type(cls).__call__ is type.__call__:
        yield "        event = new(cls)"
        yield f"        init(event, {arguments})"
        yield "        return event"
    else:
        yield f"        return cls({arguments})"
    yield "    except (ValueError, InvalidEvent) as error:"
    yield "        misfits = refused_by(cls, error)"
    yield "if outer is None: raise refusal(misfits, cls)"
    yield "outer += misfits[: max(1, MOST - len(outer))]"
