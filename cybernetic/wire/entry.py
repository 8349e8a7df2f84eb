"""One line of the table of types that may travel: how a value is taken apart, and built again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

REFUSAL_MARK = (
    "!"  # before the wire name of a refusal: who does not know the class still knows it for an answer
)

Parts = Sequence[Any]


def numbered(index: int) -> str:
    """How a path names a part that has no name of its own."""
    return f"[{index}]"


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A type that may travel.

    `name` stands for it on the wire, `cls` is the exact type; `split` gives the parts of a value, `build`
    makes the value of parts (a list), and `label` is how a path in an error names the part of an index.
    """

    name: str
    cls: type
    split: Callable[[Any], Parts]
    build: Callable[[list[Any]], object]
    label: Callable[[int], str] = numbered


def checked(encode: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], Parts]:
    """`encode`, held to returning a tuple: a string would be taken for its characters."""

    def split(value: Any) -> Parts:
        parts = encode(value)
        if type(parts) is not tuple:
            raise TypeError(f"expected encode to return a tuple of parts, got: {type(parts).__qualname__}")
        return parts

    return split


def spread(decode: Callable[..., object]) -> Callable[[list[Any]], object]:
    """`decode`, which takes the parts as arguments, as a function of their list."""
    return lambda parts: decode(*parts)


def encoded(index: int) -> str:
    """How a path names a part that a class's own `encode` made."""
    return f".encode()[{index}]"
