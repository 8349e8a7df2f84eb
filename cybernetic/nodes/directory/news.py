"""Changes of which a node is told when it has been told all before."""

from collections import deque
from collections.abc import Callable, Iterator

from cybernetic.nodes.directory.directory import AT_ONCE
from cybernetic.nodes.directory.entries import Part
from cybernetic.nodes.remote.ops import Words


class News:
    """What is to be said of changes, as `Words`: those that wait are said together.

    So very many names that are taken one by one cost those who hear of them hardly more than when they are greeted.

    Args:
        delta: the first change.
        words: makes what is to be said of the pieces of a part.
    """

    def __init__(self, delta: Part, words: Callable[[Iterator[Part]], Words]) -> None:
        self._deltas = deque([delta])
        self._make = words
        self._words: Words = iter(())

    def add(self, delta: Part) -> None:
        """Have this said as well, after all before it."""
        self._deltas.append(delta)

    def __iter__(self) -> "News":
        return self

    def __next__(self) -> tuple[bytes, int] | None:
        for word in self._words:
            return word
        self._words = self._make(self._taken().in_order(AT_ONCE))
        return next(self._words)

    def _taken(self) -> Part:
        """The next changes in one. Raises `StopIteration` if there are no more."""
        deltas = self._deltas
        if not deltas:
            raise StopIteration
        part = deltas.popleft()
        while deltas and part.store.trie.size + deltas[0].store.trie.size <= AT_ONCE:
            part = part.join(deltas.popleft())
        return part
