"""Files that the user hands over."""

from dataclasses import dataclass

from handlerid.events._base import Event, publish

__all__ = ["UploadEvent", "UploadedFile"]


@dataclass(kw_only=True, slots=True)
class UploadedFile:
    """A file that the user chose.

    Name and type are the browser's word: a name may hold anything, ``../`` too, and
    the type is guessed from it.

    Attributes:
        name: the file's name as the user's system has it.
        mime_type: such as ``"image/png"``; ``""`` when the browser has no idea.
        contents: what is in the file; base64 in JSON.
    """

    name: str
    mime_type: str = ""
    contents: bytes = b""

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.contents)


@dataclass(kw_only=True, slots=True)
class UploadEvent(Event):
    """The user chose files to hand over.

    Attributes:
        files: all of them, in the order of the browser.
    """

    files: list[UploadedFile]

    @property
    def file(self) -> UploadedFile | None:
        """The first; None if there is none."""
        return self.files[0] if self.files else None


publish(globals(), __all__)
