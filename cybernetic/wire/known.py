"""Which types one codec knows: those of a table, and those that it alone lets travel."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cybernetic.core import OptionError, Refusal
from cybernetic.wire.entry import REFUSAL_MARK, Entry, checked, encoded, spread
from cybernetic.wire.errors import UnknownType
from cybernetic.wire.table import TypeTable
from cybernetic.wire.vocabulary import PLAIN_REFUSAL, unknown_refusal


@dataclass(frozen=True, slots=True)
class Extension:
    """A type that one codec alone lets travel, as a node does with addresses: where it is decoded matters.

    Args:
        name: what stands for the type on the wire, at least 2 bytes; unlike every name of the codec's table.
        cls: the class; those derived from it count too.
        encode: gives the parts of a value, a tuple of values that can travel.
        decode: makes a value of these parts, given as arguments.
    """

    name: str
    cls: type
    encode: Callable[[Any], tuple[Any, ...]]
    decode: Callable[..., object]


class Known:
    """The types of `types`, before them those of `extensions`. Raises `OptionError` if a name is taken."""

    __slots__ = ("_by_class", "_by_name", "_types")

    def __init__(self, types: TypeTable, extensions: Iterable[Extension]) -> None:
        self._types = types
        self._by_class: list[Entry] = []
        self._by_name: dict[bytes, Entry] = {}
        for each in extensions:
            name = each.name.encode()
            if len(name) < 2 or name in self._by_name or types.named(name) is not None:
                raise OptionError("extensions", "names of at least 2 bytes, not taken yet", each.name)
            entry = Entry(each.name, each.cls, checked(each.encode), spread(each.decode), encoded)
            self._by_name[name] = entry
            self._by_class.append(entry)

    def of(self, cls: type) -> Entry | None:
        """How values of exactly `cls` travel, or None. An unknown `Refusal` does as a plain one."""
        for entry in self._by_class:
            if issubclass(cls, entry.cls):
                return entry
        found = self._types.of(cls)
        return PLAIN_REFUSAL if found is None and issubclass(cls, Refusal) else found

    def named(self, name: bytes) -> Entry:
        """What `name` stands for on the wire. Raises `UnknownType`, save for refusals."""
        found = self._by_name.get(name) or self._types.named(name)
        if found is not None:
            return found
        text = name.decode(errors="replace")
        if text.startswith(REFUSAL_MARK):
            return unknown_refusal(text)
        raise UnknownType(text)
