"""The mapping that is cheap to add to: it is a mapping like any other, and a value."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.vsm.bargain import Ledger, Vector
from cybernetic.vsm.growing import SMALL, Growing, added
from cybernetic.vsm.variety import Absorber, VarietyLedger
from cybernetic.wire import Codec

ENTRIES = st.lists(st.tuples(st.integers(0, 60), st.integers()), max_size=200)


def grown(entries: list[tuple[int, int]], table: Growing[int, int] | None = None) -> Growing[int, int]:
    table = Growing() if table is None else table
    for key, value in entries:
        table = table.added(key, value)
    return table


def alike(table: Mapping[Any, Any], model: dict[Any, Any]) -> bool:
    return (
        table == model
        and model == table
        and len(table) == len(model)
        and sorted(table) == sorted(model)
        and dict(table.items()) == model
        and all(table[key] == value and key in table for key, value in model.items())
    )


@given(ENTRIES, ENTRIES, ENTRIES)
def test_it_is_what_a_dict_would_be_and_what_was_before_stays(
    first: list[tuple[int, int]], one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    before = grown(first)
    branches = grown(one, before), grown(other, before)
    assert alike(before, dict(first))
    assert alike(branches[0], {**dict(first), **dict(one)})
    assert alike(branches[1], {**dict(first), **dict(other)})
    assert alike(Growing.of_layers(branches[0].layers), {**dict(first), **dict(one)})
    assert alike(Growing(dict(first)), dict(first))
    assert alike(Codec().copy(branches[1]), {**dict(first), **dict(other)})


@given(ENTRIES, ENTRIES)
def test_equal_entries_are_equal_however_they_came(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    assert (grown(one) == grown(other)) == (dict(one) == dict(other))
    assert grown(one) == Growing(dict(one))


def test_keys_come_in_the_order_in_which_they_were_first_added() -> None:
    table = grown([(n, n) for n in range(1000)])
    for n in (5, 999, 400):
        table = table.added(n, -n)
    assert sorted(table) == list(range(1000))
    assert list(table)[:5] == list(range(5))
    assert "Growing({0: 0" in repr(table)


def test_to_add_copies_few_and_to_look_up_looks_into_few() -> None:
    table, copied = Growing[int, int](), 0
    for n in range(10_000):
        before = {id(layer) for layer in table.layers}
        after = table.added(n, n)
        copied += sum(len(layer) for layer in after.layers if id(layer) not in before)
        table = after
        assert len(table.layers) <= 12
    assert copied < 10_000 * 16


def test_what_is_not_there_is_missed() -> None:
    table = grown([(n, n) for n in range(3 * SMALL)])
    assert 10**6 not in table
    assert table.get(10**6) is None
    with pytest.raises(KeyError, match="1000000"):
        table[10**6]


def test_any_mapping_can_be_added_to() -> None:
    assert added({"a": 1}, "b", 2) == {"a": 1, "b": 2}
    assert added(Growing({"a": 1}), "a", 2) == {"a": 2}


def test_ledgers_keep_thousands_of_entries_in_it() -> None:
    ledger, disturbances = Ledger(Vector(usd=1000)), VarietyLedger()
    for n in range(2000):
        ledger = ledger.reserve(str(n), Vector(usd=0.5), 0.0, 9.0).settle(str(n), Vector(usd=0.25))
        disturbances = disturbances.enter(str(n), "k", 1.0).close(str(n), Absorber.CONTROL, 2.0)
    assert isinstance(ledger.closed, Growing)
    assert isinstance(disturbances.entries, Growing)
    assert max(len(ledger.closed.layers), len(disturbances.entries.layers)) <= 12
    assert ledger.spent == Vector(usd=500)
    assert disturbances.balance[Absorber.CONTROL] == 2000
