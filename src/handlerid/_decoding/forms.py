"""A form, as the host parsed it."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, get_args

from handlerid._peek import expect

INPUTS = {"handler": "_handler", "key": "_key"}
"""What a form has instead of these names, which its inputs may have."""


class Form:
    """The payload of an HTML form, in which every value is text.

    Wrap the parsed form: ``dispatcher.dispatch(Form(await request.form()))``. Text is
    then accepted for a number, a bool or None, and a field that is a list gets all
    values of its name. A mapping without the wrapper is decoded as strictly as JSON.
    The input ``_handler`` has the reference, and ``_key`` the key.

    Args:
        data: a form of Starlette, Werkzeug, Django or aiohttp; pairs, as ``parse_qsl``
            makes them; or a mapping of names to texts or lists of them. It is copied.
            Several make one form: ``Form(request.POST, request.FILES)``.

    Attributes:
        fields: all values of each name, in their order.
    """

    __module__ = "handlerid"
    __slots__ = ("fields",)

    fields: dict[str, list[Any]]

    def __init__(self, *data: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        self.fields = {}
        for one in data:
            for name, value in _pairs(one):
                values = value if isinstance(value, (list, tuple)) else [value]
                if type(value) is not str:  # a file without a name: none was chosen
                    values = [x for x in values if getattr(x, "filename", None) != ""]
                self.fields.setdefault(name, []).extend(values)
        if bytes in map(type, self.fields):
            raise TypeError("a form is of texts: decode the body first")

    def __repr__(self) -> str:
        """Show the number of fields only: values must not get into logs."""
        return f"<Form of {len(self.fields)} fields>"

    def get(self, name: str) -> object:
        """Return the value of a name that occurs exactly once, else None."""
        values = self.fields.get(name, ())
        return values[0] if len(values) == 1 else None


def _pairs(data: Any) -> Iterable[tuple[str, Any]]:
    # getlist() of Starlette and getall() of aiohttp search all fields for each name.
    if hasattr(data, "getlist"):
        pairs = getattr(data, "multi_items", None) or getattr(data, "lists", None)
        return pairs() if pairs else [(name, data.getlist(name)) for name in data]
    pairs = data.items() if isinstance(data, Mapping) else data
    known = not isinstance(pairs, (str, bytes)) and hasattr(pairs, "__iter__")
    expect(known, "data", "a parsed form, such as parse_qsl(body) makes", data)
    return pairs


def _opened(value: Any) -> Any:
    """Return a file that a framework received as a mapping, anything else as it is."""
    file = getattr(value, "file", value)  # Werkzeug's reads by itself
    name = getattr(value, "filename", None) or getattr(value, "name", None)
    if not (isinstance(name, str) and hasattr(file, "read")):
        return value
    file.seek(0)
    mime_type = getattr(value, "content_type", None) or ""
    return {"name": name, "mime_type": mime_type, "contents": file.read()}


def _takes_files(hint: Any) -> bool:
    names = getattr(hint, "__dataclass_fields__", None) or ()
    return "contents" in names or any(map(_takes_files, get_args(hint)))


def flattened(
    fields: Iterable[tuple[str, Any, AbstractSet[type], bool]],
) -> Callable[[Mapping[str, list[Any]]], dict[str, Any]]:
    """Return the function that makes a form a mapping.

    Each field is a name, its hint, the JSON types that it reads, and whether it is
    required. A list gets all values of its name, any other field the one value. A
    required list is empty if nothing is chosen, a required box is false if it is not
    ticked. Files are read for fields whose hints name a dataclass with ``contents``.
    """
    files, lists, absent = set[str](), set[str](), dict[str, Any]()
    for name, hint, kinds, required in fields:
        if _takes_files(hint):
            files.add(name)
        if list in kinds:
            lists.add(name)
        if required and (list in kinds or kinds == {bool}):
            absent[name] = [] if list in kinds else False

    def flat(form: Mapping[str, list[Any]]) -> dict[str, Any]:
        given = {**absent}
        for name, values in form.items():
            if name in files:
                values = [_opened(one) for one in values]  # noqa: PLW2901
            if values:
                given[name] = values if values[1:] or name in lists else values[0]
        return given

    return flat
