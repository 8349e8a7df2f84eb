"""An index of triples by their first part, and by their first two: dicts in dicts, without those that hold one."""

from collections.abc import Iterator
from typing import Any

from cybernetic.state.graph.terms import Slot


class _Many(dict[Slot, Any]):
    """Third parts by second part, a set where there are several; `total` is how many there are in all."""

    __slots__ = ("total",)

    total: int


class Pairs:
    """Triples (a, b, c) by a, and by (a, b). A lone triple under `a` is a plain pair, for memory's sake.

    Adding, removing and counting take the same time however many there are.
    """

    __slots__ = ("_under",)

    def __init__(self) -> None:
        self._under: dict[Slot, tuple[Slot, Slot] | _Many] = {}

    def add(self, a: Slot, b: Slot, c: Slot) -> None:
        """Put in a triple that is not there yet."""
        held = self._under.get(a)
        if held is None:
            self._under[a] = (b, c)
            return
        if type(held) is tuple:
            first, held = held, _Many()
            held[first[0]], held.total = first[1], 1
            self._under[a] = held
        assert isinstance(held, _Many)
        held.total += 1
        before = held.get(b)
        if before is None:
            held[b] = c
        elif type(before) is set:
            before.add(c)
        else:
            held[b] = {before, c}

    def remove(self, a: Slot, b: Slot, c: Slot) -> None:
        """Take out a triple that is there."""
        held = self._under[a]
        if type(held) is tuple:
            del self._under[a]
            return
        assert isinstance(held, _Many)
        held.total -= 1
        before = held[b]
        if type(before) is not set:
            del held[b]
        else:
            before.remove(c)
            if len(before) == 1:
                (held[b],) = before
        if held.total == 1:
            ((last, third),) = held.items()
            self._under[a] = (last, third)

    def has(self, a: Slot, b: Slot, c: Slot) -> bool:
        """Whether the triple is there."""
        held = self._under.get(a)
        if held is None:
            return False
        if type(held) is tuple:
            return held == (b, c)
        assert isinstance(held, _Many)
        found = held.get(b)
        return bool(c in found) if type(found) is set else found is not None and bool(found == c)

    def firsts(self) -> Iterator[Slot]:
        """Every first part."""
        return iter(self._under)

    def rest(self, a: Slot) -> Iterator[tuple[Slot, Slot]]:
        """Second and third parts of the triples under `a`."""
        held = self._under.get(a)
        if held is None:
            return
        if type(held) is tuple:
            yield held
            return
        assert isinstance(held, _Many)
        for b, found in held.items():
            if type(found) is set:
                for c in found:
                    yield b, c
            else:
                yield b, found

    def thirds(self, a: Slot, b: Slot) -> Iterator[Slot]:
        """Third parts of the triples under `a` and `b`."""
        held = self._under.get(a)
        if held is None:
            return iter(())
        if type(held) is tuple:
            return iter((held[1],) if held[0] == b else ())
        assert isinstance(held, _Many)
        found = held.get(b)
        return iter(()) if found is None else iter(found if type(found) is set else (found,))

    def count(self, a: Slot) -> int:
        """How many triples are under `a`."""
        held = self._under.get(a)
        if held is None:
            return 0
        return held.total if isinstance(held, _Many) else 1

    def count_pair(self, a: Slot, b: Slot) -> int:
        """How many triples are under `a` and `b`."""
        held = self._under.get(a)
        if held is None:
            return 0
        if type(held) is tuple:
            return int(held[0] == b)
        assert isinstance(held, _Many)
        found = held.get(b)
        return 0 if found is None else len(found) if type(found) is set else 1
