"""What is due when: each thing once, at the time it was given last, and no step in proportion to all of them."""

import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.state.graph.due import PACE, SLACK, Due
from cybernetic.state.graph.solve import STRIDE

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 20), st.integers(0, 50)),
        st.tuples(st.just("drop"), st.integers(0, 20), st.just(0)),
        st.tuples(st.sampled_from(["due", "before"]), st.just(0), st.integers(0, 50)),
    ),
    max_size=300,
)


@given(STEPS)
def test_it_is_as_a_dict_that_is_searched(steps: list[tuple[str, int, int]]) -> None:
    due, known = Due[int](), dict[int, float]()
    for what, thing, at in steps:
        if what == "put":
            due.put(thing, at)
            known[thing] = at
        elif what == "drop":
            due.drop(thing)
            known.pop(thing, None)
        else:
            found = [one for one in due.due(at, beyond=what == "due") if one is not None]
            wanted = {one: t for one, t in known.items() if t < at or (t == at and what == "due")}
            assert sorted(found) == sorted(wanted)
            assert [known[one] for one in found] == sorted(wanted.values())
            for one in found:
                del known[one]
        assert len(due) == len(known)
        assert {one for one in range(21) if one in due} == known.keys()
        assert due.next is None or not known or due.next <= min(known.values())


def test_what_is_put_off_again_and_again_takes_no_more_room_and_no_long_step() -> None:
    due, longest = Due[int](), 0
    for n in range(20_000):
        due.put(n, n)
    for turn in range(1, 6):
        for n in range(20_000):
            made = [0]

            def counted(frame: Any, event: str, arg: Any, made: list[int] = made) -> None:
                made[0] += event in ("call", "c_call")

            if n % 100 == 0:
                sys.setprofile(counted)
            due.put(n, turn * 100_000 + n)
            sys.setprofile(None)
            longest = max(longest, made[0])
        assert due.size <= 5 * (len(due) + SLACK)
    assert longest <= 20 * PACE
    for n in range(20_000):
        due.drop(n)
    assert not any(one is not None for one in due.due(1e9))


def test_many_that_are_due_come_with_breaths() -> None:
    due = Due[int]()
    for n in range(3 * STRIDE):
        due.put(n, 1.0)
    assert list(due.due(1.0)).count(None) == 3
