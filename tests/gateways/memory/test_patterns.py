"""Topic patterns: the tree of words agrees with the definition."""

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.gateways.broker.memory.patterns import Patterns, words

WORDS = st.sampled_from(["a", "b", "", "*", "#", "ab"])
KEYS = st.lists(WORDS, max_size=6).map(".".join)
PATTERNS = st.lists(KEYS, max_size=6)


def matches(pattern: list[str], key: list[str]) -> bool:
    """The definition: `*` is any one word, `#` any number of them."""
    if not pattern:
        return not key
    if pattern[0] == "#":
        return any(matches(pattern[1:], key[skip:]) for skip in range(len(key) + 1))
    return bool(key) and pattern[0] in ("*", key[0]) and matches(pattern[1:], key[1:])


@given(PATTERNS, KEYS)
def test_the_tree_finds_what_the_definition_says(patterns: list[str], key: str) -> None:
    tree = Patterns()
    for pattern in patterns:
        tree.add(pattern, pattern)
    expected = {pattern for pattern in patterns if matches(words(pattern), words(key))}
    assert set(tree.match(key)) == expected


def test_many_wildcards_cost_no_explosion() -> None:
    tree = Patterns()
    tree.add(".".join(["#", "a"] * 20), "hit")
    assert list(tree.match(".".join(["a"] * 60))) == ["hit"]
    assert not list(tree.match(".".join(["a"] * 60 + ["b"])))


def test_empty_text_has_no_words() -> None:
    assert words("") == []
    assert words(".") == ["", ""]
