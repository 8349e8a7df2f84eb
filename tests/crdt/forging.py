"""Messages that say they are of a type, whatever they hold."""

from typing import Any

from cybernetic.wire import Codec, TypeTable


class Forged:
    """Parts, to travel under another type's name."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts


def forged(name: str, *parts: Any) -> bytes:
    """The message of these parts under the name of a type."""
    return forger(name).encode(Forged(*parts))


def forger(name: str) -> Codec:
    """A codec that knows a type of this name, with any parts."""
    table = TypeTable()
    table.register(Forged, name, encode=lambda value: value.parts, decode=Forged)
    return Codec(table)
