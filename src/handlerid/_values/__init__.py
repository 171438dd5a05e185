"""Python values as canonical bytes: one table of types, two writings (``codec``).

All but the table is loaded when asked for, with the first value that is no scalar.
"""

from typing import TYPE_CHECKING

from handlerid._values.table import Refused as Refused
from handlerid._values.table import encode_scalar as encode_scalar
from handlerid._values.table import load_all as load_all
from handlerid._values.table import own_class as own_class
from handlerid._values.table import row_of_tag as row_of_tag

if TYPE_CHECKING:
    from handlerid._values.codec import Codec as Codec
    from handlerid._values.records import field_names as field_names
    from handlerid._values.records import find_member as find_member
    from handlerid._values.records import is_frozen as is_frozen
    from handlerid._values.tree import NO_FORM as NO_FORM
    from handlerid._values.tree import step as step
    from handlerid._values.tree import unstable as unstable
else:  # checkers would accept any name
    _LATE = (
        *("Codec", "NO_FORM", "field_names", "find_member", "is_frozen"),
        *("step", "unstable"),
    )

    def __getattr__(name: str) -> object:
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from handlerid._values import codec, records, tree  # noqa: PLC0415

        found = {**vars(codec), **vars(records), **vars(tree)}
        globals().update({one: found[one] for one in _LATE})
        return found[name]
