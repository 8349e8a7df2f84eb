"""Reading around what cannot be read: messages whose outer form is known and whose contents may not be."""

from dataclasses import dataclass

from cybernetic.wire.entry import Entry
from cybernetic.wire.table import TypeTable


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands for a value that was not built; `name` is its type's on the wire."""

    name: str


class UnreadTypes(TypeTable):
    """A table that knows every type, and builds no value: each is an `Unread`, whatever its parts.

    With it a codec tells from a message that `UnknownType` or `DamagedMessage` was raised for who was meant by it.
    """

    __slots__ = ()

    def named(self, name: bytes) -> Entry:
        """An entry that builds an `Unread`."""
        text = name.decode(errors="replace")
        return Entry(text, Unread, lambda _: (), lambda _: Unread(text))
