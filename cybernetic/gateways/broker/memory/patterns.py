"""Topic patterns: words between dots, `*` for any one word, `#` for any number of words, none included."""

from collections.abc import Iterator


class Patterns:
    """Patterns and what they stand for, as a tree of words: matching costs by the key, not by how many there are.

    Pure: knows nothing of exchanges or time. AMQP 0-9-1, section 3.1.3.3.
    """

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, pattern: str, value: str) -> None:
        """Let `value` be found by every key that `pattern` matches. Twice the same is once."""
        node = self._root
        for word in words(pattern):
            node = node.next.setdefault(word, _Node())
        node.values[value] = None

    def match(self, key: str) -> Iterator[str]:
        """The values whose pattern matches `key`; one that several patterns name comes several times."""
        key_words = words(key)
        seen: set[tuple[int, int]] = set()
        stack = [(self._root, 0)]
        while stack:
            node, at = stack.pop()
            if (id(node), at) in seen:
                continue
            seen.add((id(node), at))
            if at == len(key_words):
                yield from node.values
            elif word := node.next.get(key_words[at]):
                stack.append((word, at + 1))
            if at < len(key_words) and (star := node.next.get("*")):
                stack.append((star, at + 1))
            if hash_ := node.next.get("#"):
                stack.extend((hash_, later) for later in range(at, len(key_words) + 1))


def words(text: str) -> list[str]:
    """The words between the dots; of empty text there are none."""
    return text.split(".") if text else []


class _Node:
    """A place in the tree: the words that may follow, and what ends here."""

    __slots__ = ("next", "values")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.values: dict[str, None] = {}
