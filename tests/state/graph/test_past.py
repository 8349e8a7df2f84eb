"""What has ended of a fact: in the order of the words, and too much of it is what ended first."""

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.state import Stamp
from cybernetic.state.graph.past import AT_ONCE, MOST_PAST, Past
from cybernetic.state.graph.triples import Triple

BOB: Triple = ("ann", "knows", "bob")
EVE: Triple = ("ann", "knows", "eve")

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "put", "drop"]),
        st.sampled_from([BOB, BOB, BOB, EVE]),
        st.sampled_from(["clerk", "camera", "nurse"]),
        st.integers(1, 30),
        st.integers(1, 9),
    ),
    min_size=60,
    max_size=120,
)


@given(STEPS)
def test_it_is_as_a_dict_that_is_sorted(steps: list[tuple[str, Triple, str, int, int]]) -> None:
    past = Past()
    known: dict[Triple, dict[tuple[object, ...], Stamp]] = {BOB: {}, EVE: {}}
    for what, triple, who, said, end in steps:
        key, ended = (*triple, who, said, 0, "a"), Stamp(end, 0, "a")
        if what == "put":
            past.put(triple, key, ended)
            known[triple][key] = ended
        else:
            assert past.drop(triple, key) == (known[triple].pop(key, None) is not None)
    crowd = set()
    for triple, ends in known.items():
        assert (triple in past) == bool(ends)
        assert past.keys(triple) == sorted(ends, key=lambda key: (key[4:], key[3]))
        for who in "clerk", "camera", "nurse":
            words = [Stamp(*key[4:]) for key in ends if key[3] == who]  # type: ignore[arg-type]
            assert past.latest(triple, who) == max(words, default=None)
        too_many = sorted(ends, key=lambda key: (ends[key], key[4:], key[3]))[:-MOST_PAST]
        assert past.surplus(triple) == tuple(too_many[:AT_ONCE])
        crowd |= set(too_many)
    assert set(past.crowding()) == crowd
