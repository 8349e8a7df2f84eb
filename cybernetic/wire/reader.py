"""Builds the values of a tagged message, from within: msgpack calls it for every extension and array."""

from collections.abc import Callable
from typing import Any

from cybernetic.wire.entry import REFUSAL_MARK, Entry
from cybernetic.wire.errors import DamagedMessage, WireError, told

TAG = 0x43  # the extension code of a type's name


class Reader:
    """The hooks for one message at a time.

    `named` finds the entry of a name; `foreign` makes a value of an extension that is no tag. `open` counts
    the tags that have not been seen to begin an array: it must be 0 in the end.
    """

    __slots__ = ("_foreign", "_named", "array", "extension", "open")

    def __init__(self, named: Callable[[bytes], Entry], foreign: Callable[[int, bytes], object]) -> None:
        self._named, self._foreign = named, foreign
        self.open = 0
        self.array, self.extension = self._array, self._extension  # bound once

    def _extension(self, code: int, data: bytes) -> object:
        """What an extension stands for: an entry, for the array that it begins."""
        if code != TAG:
            return self._foreign(code, data)
        entry = self._named(data)
        self.open += 1
        return entry

    def _array(self, items: list[Any]) -> object:
        """What an array stands for: the value of the type whose tag begins it, or the list that it is."""
        if not items or type(items[0]) is not Entry:
            return items
        entry = items.pop(0)
        self.open -= 1
        try:
            return entry.build(items)
        except WireError:
            raise
        except Exception as error:  # also a MemoryError: a constructor may multiply what it is given
            name = entry.name.lstrip(REFUSAL_MARK)
            raise DamagedMessage(f"parts that build a {name}", told(error)) from error
