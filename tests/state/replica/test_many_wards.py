"""A guardian of very many: what it does at once grows no faster than their number, and it does much of it together."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic.state import Escrow
from cybernetic.state.replica.custody import step, wards_of

FEW, MANY = 50, 200
LEASE = 30.0


def house(wards: int) -> tuple[Escrow, list[str]]:
    """A guardian "g" that has leased to so many wards, up to time 30; and their names."""
    value = Escrow().join(Escrow().grant("g", 100 * wards))
    names = [f"ward-{n:04d}" for n in range(wards)]
    for name in names:
        value = value.join(value.give("g", name, 100))
        value = value.join(value.entrust(name, "g"))
    return value.join(value.leases("g", dict.fromkeys(names, 25), LEASE)), names


def work(of: Callable[[], Any]) -> int:
    """How many instructions of Python something takes."""
    count = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        of()
    finally:
        sys.settrace(before)
    return count


def fresh(value: Escrow) -> Escrow:
    """The same, as if it had just been joined."""
    return Escrow.from_store(type(value.store)(value.store.trie, value.store.shown), value.context)


@pytest.mark.parametrize("what", ["nothing", "lease", "reclaim", "absorb"])
def test_a_step_of_a_guardian_takes_a_time_in_proportion_to_its_wards(what: str) -> None:
    took = []
    for wards in FEW, MANY:
        value, live = house(wards)
        if what == "absorb":
            for one in live:
                value = value.join(value.settle_for("x", one))
            while delta := step(value, "g", "guardian", [], [], 0.0, LEASE, 0.25):
                if delta.store.trie.get(("estate", "g")) is not None:
                    break
                value = value.join(delta)
        now, there = (LEASE + 2.0 if what == "reclaim" else 20.0 if what == "lease" else 0.0), set(live)
        value = fresh(value)
        took.append(
            work(
                lambda value=value, there=there, now=now: step(  # type: ignore[misc]
                    value, "g", "guardian", [], set() if what == "reclaim" else there, now, LEASE, 0.25
                )
            )
        )
    assert took[0] > 0
    assert took[1] < 1.5 * MANY / FEW * took[0]


def test_leases_of_many_are_extended_together() -> None:
    value, names = house(MANY)
    assert wards_of(value, "g") == names
    steps = 0
    while delta := step(value, "g", "guardian", [], set(names), 20.0, LEASE, 0.25):
        value = value.join(delta)
        steps += 1
    assert steps == MANY // 50
    assert {lease.until for name in names if (lease := value.lease_of(name)) is not None} == {20.0 + LEASE}
    assert all(value.lease_of(name) is not None for name in names)
