"""A form, as the host parsed it."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from handlerid._peek import expect


class Form:
    """The payload of an HTML form, in which every value is text.

    Wrap the parsed form: ``dispatcher.dispatch(Form(await request.form()))``. Text is
    then accepted for a number, a bool or None, and a field that is a list gets all
    values of its name. A mapping without the wrapper is decoded as strictly as JSON.

    Args:
        data: a mapping of names to texts or lists of them, as ``parse_qs`` makes it;
            a form of Starlette, Werkzeug, Django or aiohttp; or pairs, as
            ``parse_qsl`` makes them. It is copied.

    Attributes:
        fields: all values of each name, in their order.
    """

    __module__ = "handlerid"
    __slots__ = ("fields",)

    fields: dict[str, list[Any]]

    def __init__(self, data: Mapping[str, Any] | Iterable[tuple[str, Any]], /) -> None:
        pairs: Any = data
        if hasattr(data, "getlist"):
            pairs = [(name, data.getlist(name)) for name in data]
        elif isinstance(data, Mapping):
            # aiohttp's getall() searches all fields for each name.
            pairs = data.items()
        known = not isinstance(pairs, (str, bytes)) and hasattr(pairs, "__iter__")
        expect(known, "data", "a parsed form, such as parse_qsl(body) makes", data)
        self.fields = {}
        for name, value in pairs:
            values = value if isinstance(value, (list, tuple)) else [value]
            self.fields.setdefault(name, []).extend(values)

    def __repr__(self) -> str:
        """Show the number of fields only: values must not get into logs."""
        return f"<Form of {len(self.fields)} fields>"

    def get(self, name: str) -> object:
        """Return the value of a name that occurs exactly once, else None."""
        values = self.fields.get(name, ())
        return values[0] if len(values) == 1 else None


def flattened(
    kinds: Mapping[str, AbstractSet[type]], required: set[str]
) -> Callable[[Mapping[str, list[Any]]], dict[str, Any]]:
    """Return the function that makes a form a mapping, of fields with JSON types.

    A list gets all values of its name, any other field the one value. A required list
    is empty if nothing is chosen, a required box is false if it is not ticked.
    """
    lists = {name for name in kinds if list in kinds[name]}
    absent: dict[str, Any] = {
        name: [] if name in lists else False
        for name in required
        if name in lists or kinds[name] == {bool}
    }

    def flat(form: Mapping[str, list[Any]]) -> dict[str, Any]:
        given = {**absent}
        for name, values in form.items():
            if values:
                given[name] = values if values[1:] or name in lists else values[0]
        return given

    return flat
