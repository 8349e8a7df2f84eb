"""A table of very many names."""

from collections.abc import Iterator
from typing import Generic, TypeVar

V = TypeVar("V")

_PARTS = 64


class Wide(Generic[V]):
    """What stands under names, in many small tables: one of a hundred thousand takes milliseconds to grow."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[dict[str, V]] = [{} for _ in range(_PARTS)]

    def get(self, name: str) -> V | None:
        """What stands under a name, or None."""
        return self._parts[hash(name) % _PARTS].get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._parts[hash(name) % _PARTS]

    def __setitem__(self, name: str, value: V) -> None:
        self._parts[hash(name) % _PARTS][name] = value

    def pop(self, name: str) -> V | None:
        """Let go of what stands under a name: that, or None."""
        return self._parts[hash(name) % _PARTS].pop(name, None)

    def items(self) -> Iterator[tuple[str, V]]:
        """Names and what stands there; what changes meanwhile may show."""
        for part in self._parts:
            yield from tuple(part.items())

    def __len__(self) -> int:
        return sum(map(len, self._parts))
