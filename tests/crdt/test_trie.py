"""The persistent mapping, held to dicts: the new one is right, and the old ones stay."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.crdt import Context
from cybernetic.crdt.trie import Trie
from tests.support import soak


class Held(NamedTuple):
    """A value that has seen one change."""

    seen: tuple[tuple[str, int], ...]


class Bad(int):
    """A key whose hash tells little."""

    def __hash__(self) -> int:
        return int(self) % 2


keys = st.one_of(st.integers(0, 300), st.text(max_size=2), st.builds(Bad, st.integers(0, 120)))
acts = st.lists(st.tuples(st.sampled_from("sssr"), keys), max_size=12)


def held(n: int) -> Held:
    return Held((("r", n),))


@given(st.lists(acts, max_size=soak(40, 100)))
def test_a_trie_is_a_mapping_and_every_version_of_it_stays(batches: list[list[tuple[str, object]]]) -> None:
    trie, model, count = Trie[Held](), dict[object, Held](), 0
    versions = []
    for batch in batches:
        edit = trie.edit()
        for what, key in batch:
            count += 1
            if what == "s":
                edit.set(key, held(count))
                model[key] = held(count)
            elif key in model:
                edit.remove(key)
                del model[key]
            assert edit.get(key) == model.get(key)
        trie = edit.done()
        versions.append((trie, model.copy()))
    for version, expected in versions:
        assert dict(version.items()) == expected
        assert version.size == len(expected)
        assert all(version.get(key) == value for key, value in expected.items())
        assert version.get("none such") is None


def full(size: int) -> Trie[Held]:
    edit = Trie[Held]().edit()
    for n in range(1, size + 1):
        edit.set(n, held(n))
    return edit.done()


def test_keys_whose_hashes_are_alike_fill_one_leaf() -> None:
    edit = Trie[Held]().edit()
    for n in range(1, 500):
        edit.set(Bad(n), held(n))
    trie = edit.done()
    assert len(dict(trie.items())) == trie.size == 499
    assert trie.get(Bad(77)) == held(77)


def test_a_walk_sees_the_trie_it_began_with() -> None:
    trie = full(1000)
    walk = trie.items()
    first = next(walk)
    edit = trie.edit()
    for n in range(1, 1001):
        edit.remove(n)
    assert edit.done().size == 0
    assert {first, *walk} == {(n, held(n)) for n in range(1, 1001)}


def test_an_editor_that_is_done_changes_no_trie() -> None:
    edit = full(100).edit()
    edit.set(1, held(1000))
    trie = edit.done()
    edit.set(1, held(2000))
    edit.set(2, held(2000))
    assert (trie.get(1), trie.get(2)) == (held(1000), held(2))


@given(st.integers(1, 2000), st.integers(0, 2000))
def test_who_knows_much_is_shown_little(size: int, known: int) -> None:
    trie = full(size)
    lacking = {n for n in range(1, size + 1) if n > known}
    shown = [key for key, _ in trie.unknown(Context({"r": (1, known + 1)}) if known else Context())]
    assert lacking <= set(shown)
    assert len(shown) == len(set(shown))
    if not lacking:
        assert not shown


def test_the_search_for_one_change_among_100_000_looks_at_few() -> None:
    size = soak(20_000, 100_000)
    edit = full(size).edit()
    edit.set(7, held(size + 1))
    shown = list(edit.done().unknown(Context({"r": (1, size + 1)})))
    assert (7, held(size + 1)) in shown
    assert len(shown) < 100
