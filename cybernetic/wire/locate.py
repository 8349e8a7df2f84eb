"""Finds the part of a message that cannot travel, once encoding has failed: slow, but it knows the path."""

from collections.abc import Callable, Iterator
from typing import Any

from cybernetic.core import CannotTravel
from cybernetic.wire.entry import Entry, numbered
from cybernetic.wire.errors import BeyondLimit, EncodeFailed

_KEY_SHOWN = 40  # characters of a dict's key in a path
_SPOKEN = (str, int, bool, float, bytes, type(None))  # keys that are shown as they are

Place = tuple[str, Any, int]  # path, value, level


def stray(
    value: Any, what: str, entry_of: Callable[[type], Entry | None], native: frozenset[type], max_depth: int
) -> CannotTravel | None:
    """The error for the first part of `value` that cannot travel; None if there is none.

    `what` begins the path. Types of `native` travel as they are; `entry_of` gives the entry of any other.
    """
    waiting: list[Place] = [(what, value, 1)]
    while waiting:
        path, part, level = waiting.pop()
        kind = type(part)
        if kind in native:
            continue
        if level > max_depth:
            return too_deep(path, max_depth)
        entry = entry_of(kind)
        if kind is dict:
            inside = list(_of_dict(path, part, level + 1))
        elif kind is list:
            inside = [(path + numbered(index), each, level + 1) for index, each in enumerate(part)]
        elif entry is None:
            return CannotTravel(path, part)
        else:
            try:
                parts = entry.split(part)
            except Exception as error:
                return EncodeFailed(path, part, error)
            inside = [(path + entry.label(index), each, level + 1) for index, each in enumerate(parts)]
        waiting.extend(reversed(inside))
    return None


def too_deep(path: str, max_depth: int) -> BeyondLimit:
    """The error for a message whose part at `path` lies too deep, as every part of itself does."""
    return BeyondLimit(path, f"at most {max_depth} levels of nesting", max_depth, "more")


def _of_dict(path: str, mapping: dict[Any, Any], level: int) -> Iterator[Place]:
    for index, (key, value) in enumerate(mapping.items()):
        yield f"{path}.keys()[{index}]", key, level
        shown = repr(key)[:_KEY_SHOWN] if type(key) in _SPOKEN else type(key).__qualname__
        yield f"{path}[{shown}]", value, level
