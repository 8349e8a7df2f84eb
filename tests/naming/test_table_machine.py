"""The table behind registries, groups and topics, driven at random beside a plain list."""

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cybernetic import OptionError
from cybernetic.core import AlreadyRegistered
from cybernetic.naming.table import Entry, Table

KEYS = st.sampled_from([1, 1.0, True, "1", (1,), (True,), None])
REFS = st.sampled_from("abc")
VALUES = st.integers(0, 2)


def same(one: object, other: object) -> bool:
    """Whether two keys are the same, written in another way than the table does it."""
    return repr(one) == repr(other)


class TableMachine(RuleBasedStateMachine):
    """The model is the list of entries, in the order they were made."""

    unique = False

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(self.unique)
        self.model: list[Entry] = []

    def under(self, key: object) -> list[Entry]:
        return [entry for entry in self.model if same(entry.key, key)]

    @rule(key=KEYS, ref=REFS, value=VALUES)
    def add(self, key: Any, ref: str, value: int) -> None:
        held = self.under(key)
        if self.unique and held:
            with pytest.raises(AlreadyRegistered) as refused:
                self.table.add(key, ref, value)
            assert refused.value.ref == held[0].ref
        else:
            self.table.add(key, ref, value)
            self.model.append(Entry(key, ref, value))

    @rule(key=KEYS, ref=REFS, wanted=st.none() | VALUES, most=st.none() | st.integers(0, 2))
    def remove(self, key: Any, ref: str, wanted: int | None, most: int | None) -> None:
        gone = [
            entry
            for entry in self.under(key)
            if entry.ref == ref and (wanted is None or entry.value == wanted)
        ][:most]
        test = None if wanted is None else lambda value: value == wanted
        assert self.table.remove(key, ref, test, most) == gone
        self.take_out(gone)

    @rule(ref=REFS)
    def forget(self, ref: str) -> None:
        gone = [entry for entry in self.model if entry.ref == ref]
        assert self.table.forget(ref) == gone
        self.take_out(gone)

    @rule(key=KEYS, ref=REFS, value=VALUES)
    def replace(self, key: Any, ref: str, value: int) -> None:
        self.table.replace(key, ref, value)
        self.model = [
            entry._replace(value=value) if same(entry.key, key) and entry.ref == ref else entry
            for entry in self.model
        ]

    def take_out(self, gone: list[Entry]) -> None:
        left = {id(entry) for entry in gone}
        self.model = [entry for entry in self.model if id(entry) not in left]

    @invariant()
    def answers_as_the_model(self) -> None:
        assert list(self.table) == self.model
        assert len(self.table) == len(self.model)
        assert set(self.table.refs()) == {entry.ref for entry in self.model}
        assert sorted(map(repr, self.table.keys())) == sorted({repr(entry.key) for entry in self.model})
        for ref in "abc":
            assert self.table.of(ref) == [entry for entry in self.model if entry.ref == ref]
            assert self.table.holds(ref) == bool(self.table.of(ref))
        for key in (1, 1.0, True, "1", (1,), (True,), None):
            held = self.under(key)
            assert self.table.entries(key) == held
            assert list(map(repr, self.table.entries(key))) == list(map(repr, held))
            assert self.table.first(key) == (held[0] if held else None)
            for ref in "abc":
                assert self.table.own(key, ref) == [entry for entry in held if entry.ref == ref]


class UniqueTableMachine(TableMachine):
    """The same with unique keys."""

    unique = True


TestDuplicateKeys = TableMachine.TestCase
TestUniqueKeys = UniqueTableMachine.TestCase


def test_a_test_that_raises_leaves_all_entries() -> None:
    table = Table(unique=False)
    for value in (1, 0, 2):
        table.add("k", "a", value)
    with pytest.raises(ZeroDivisionError):
        table.remove("k", "a", lambda value: 1 / value)
    assert [entry.value for entry in table] == [1, 0, 2]


@pytest.mark.parametrize("act", ["add", "entries", "first", "own", "replace", "remove"])
def test_a_key_that_cannot_be_hashed_is_refused_and_changes_nothing(act: str) -> None:
    table = Table(unique=False)
    more: dict[str, tuple[Any, ...]] = {"add": ("a",), "own": ("a",), "remove": ("a",), "replace": ("a", 1)}
    with pytest.raises(OptionError, match=r"key: expected a hashable value, got: \[1\]"):
        getattr(table, act)([1], *more.get(act, ()))
    assert len(table) == 0
    assert table.refs() == []
