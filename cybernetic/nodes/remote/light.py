"""Which arguments are plain and few: those can be encoded with many others, and are far from any limit."""

from collections.abc import Callable
from typing import Any

ENOUGH = 24 << 10  # bytes of casts that are encoded together
COST = 32  # bytes of a cast beside its arguments
LIGHT: dict[type, Callable[[Any], int]] = {
    bytes: len,
    str: len,
    **dict.fromkeys((int, float, bool, type(None)), lambda _: 9),
}
"""What cannot change any more, and always travels: about how many bytes it takes."""


def light(args: tuple[Any, ...]) -> bool:
    """Whether arguments are plain and few enough to be far from any limit."""
    cost = 0
    for value in args:
        size = LIGHT.get(type(value))
        if size is None or (cost := cost + size(value)) > ENOUGH:
            return False
    return True
