"""Events of text fields and of the keyboard."""

from dataclasses import dataclass

from handlerid.events._base import Event, publish

__all__ = [
    "AutocompleteEnterEvent",
    "AutocompleteSelectionChangeEvent",
    "ChangeEvent",
    "FocusEvent",
    "InputBlurEvent",
    "InputEnterEvent",
    "InputEvent",
    "KeyDownEvent",
    "Shortcut",
    "TextareaShortcutEvent",
]


@dataclass(kw_only=True, slots=True)
class InputEvent(Event):
    """The text of a field changed, by one keystroke or at once.

    Attributes:
        value: the whole text as it is now.
    """

    value: str


@dataclass(kw_only=True, slots=True)
class InputBlurEvent(Event):
    """The user left a field.

    Attributes:
        value: the whole text as it was left.
    """

    value: str


@dataclass(kw_only=True, slots=True)
class InputEnterEvent(Event):
    """The user pressed Enter in a field.

    Attributes:
        value: the whole text at that moment.
    """

    value: str


@dataclass(kw_only=True, slots=True)
class ChangeEvent(Event):
    """A field has a new value that the user settled on, as browsers' ``change``.

    Attributes:
        value: the value as the field holds it, as text.
    """

    value: str


@dataclass(kw_only=True, slots=True)
class FocusEvent(Event):
    """The user entered a field, or another component that can have the focus."""


@dataclass(kw_only=True, slots=True)
class KeyDownEvent(Event):
    """A key of the keyboard went down.

    The key of the component is ``key``, as in every event; the keyboard's is
    ``pressed``.

    Attributes:
        pressed: what the key means, as in the browser's ``KeyboardEvent.key``:
            ``"a"``, ``"A"``, ``"Enter"``, ``"ArrowUp"``.
        code: where the key is, whatever the layout, as in ``KeyboardEvent.code``:
            ``"KeyQ"``; ``""`` when the host does not send it.
        shift: whether Shift was held.
        ctrl: whether Control was held.
        alt: whether Alt, or Option, was held.
        meta: whether Meta was held: Command, or the Windows key.
        repeat: whether it is down since longer, and repeats.
    """

    pressed: str
    code: str = ""
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    meta: bool = False
    repeat: bool = False


@dataclass(kw_only=True, slots=True)
class Shortcut:
    """A key and what was held with it.

    Attributes:
        key: what the key means, as in the browser's ``KeyboardEvent.key``.
        shift: whether Shift was held.
        ctrl: whether Control was held.
        alt: whether Alt, or Option, was held.
        meta: whether Meta was held: Command, or the Windows key.
    """

    key: str
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    meta: bool = False


@dataclass(kw_only=True, slots=True)
class TextareaShortcutEvent(Event):
    """The user pressed one of the shortcuts that a text area listens for.

    Attributes:
        value: the whole text at that moment.
        shortcut: which one it was.
    """

    value: str
    shortcut: Shortcut


@dataclass(kw_only=True, slots=True)
class AutocompleteEnterEvent(Event):
    """The user pressed Enter in a field that makes proposals.

    Attributes:
        value: the whole text at that moment.
    """

    value: str


@dataclass(kw_only=True, slots=True)
class AutocompleteSelectionChangeEvent(Event):
    """The user took a proposal.

    Attributes:
        value: the proposal.
    """

    value: str


publish(globals(), __all__)
