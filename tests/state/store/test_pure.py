"""The parts of the store that only reckon: ranges of numbers, rows to a statement, limits."""

import sqlite3
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.state import StoreLimits
from cybernetic.state.store.box import _conditions
from cybernetic.state.store.room import shortage
from cybernetic.state.store.rows import insert, place, reach, spans
from cybernetic.state.store.schema import ROWS

numbers = st.lists(st.integers(1, 60))


@given(numbers)
def test_spans_hold_exactly_the_numbers_in_the_fewest_ranges(given: list[int]) -> None:
    found = spans(given)
    assert [n for first, last in found for n in range(first, last + 1)] == sorted(set(given))
    assert all(after[0] > before[1] + 1 for before, after in pairwise(found))


@given(st.sets(st.integers(1, 400)), st.integers(1, 2000))
def test_conditions_name_exactly_the_rows_of_the_numbers(given: set[int], box: int) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (place INTEGER PRIMARY KEY)")
    every = [(place(b, n),) for b in (box - 1, box, box + 1) for n in range(401)]
    connection.executemany("INSERT INTO t VALUES (?)", every)
    for where, keys in _conditions(box, spans(given)):
        connection.execute(f"DELETE FROM t WHERE {where}", keys)
    left = {key for (key,) in connection.execute("SELECT place FROM t")}
    connection.close()
    assert {key for (key,) in every} - left == {place(box, n) for n in given}


@given(st.lists(st.tuples(st.integers(), st.binary(max_size=3)), max_size=300))
def test_rows_are_inserted_all_and_in_order(rows: list[tuple[int, bytes]]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a, b)")
    wanted = [(a % 1000, b) for a, b in rows]
    insert(connection, "t", wanted)
    assert connection.execute("SELECT a, b FROM t ORDER BY rowid").fetchall() == wanted
    connection.close()


@given(st.integers(0, 1000), st.integers(-5, 2 * ROWS))
def test_what_a_box_reaches_is_its_own(box: int, after: int) -> None:
    first, last = reach(box, after)
    assert place(box, 0) < first <= last < place(box + 1, 0)
    if 0 <= after < ROWS - 1:
        assert first == place(box, after + 1)


@given(
    st.builds(StoreLimits, st.integers(1, 9), st.integers(1, 9), st.none() | st.floats(0.1, 9)),
    st.integers(0, 12),
    st.integers(0, 12),
    st.floats(0, 12),
)
def test_a_limit_is_named_exactly_when_it_is_broken(
    limits: StoreLimits, count: int, bytes: int, age: float
) -> None:
    broken = [
        word
        for word, over in (
            ("items", count > limits.count),
            ("bytes", bytes > limits.bytes),
            ("of age", limits.age is not None and age > limits.age),
        )
        if over
    ]
    said = shortage(limits, count, bytes, age)
    assert (said is None) == (not broken)
    assert said is None or said.endswith(broken[0])
