"""Deliveries that were taken back find what is known of their messages, each once, in any order of events."""

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cybernetic.gateways.consumer import taps
from cybernetic.gateways.consumer.taps import TakenBack
from tests.support import run_virtual

Entry = tuple[str, object]  # an identity with what is worked at, or with when it is too old (a float)
STEPS = st.lists(st.tuples(st.sampled_from("aaodtw"), st.sampled_from("xyz"), st.integers(0, 9)), max_size=60)


@given(STEPS)
@example([("a", "x", 0), ("o", "x", 0), ("w", "x", 9), ("t", "x", 0)])
@example([("a", "x", 0), ("o", "x", 0), ("w", "x", 5), ("t", "x", 0)])
def test_each_is_taken_once_and_what_was_dropped_or_is_old_never(steps: list[tuple[str, str, int]]) -> None:
    async def main() -> None:
        loop, taken_back = asyncio.get_running_loop(), TakenBack[object]()
        working: dict[object, str] = {}
        order: list[Entry] = []
        for step, identity, which in steps:
            some = list(working)
            one = some[which % len(some)] if some else None
            if step == "a":
                made = object()
                working[made] = identity
                order.append((identity, made))
                taken_back.add(identity, made)
            elif step == "w":
                await asyncio.sleep(100.0 * which)
            elif step in "od" and one is not None:
                at = order.index((working[one], one))
                if step == "o":
                    order[at] = (working.pop(one), loop.time() + taps.KEPT)
                    taken_back.over(one)
                else:
                    del order[at]
                    working.pop(one)
                    taken_back.drop(one)
            elif step == "t":
                order = _without_old_ones_first(order, identity, loop.time())
                expected = next((x for x in order if x[0] == identity), None)
                found = taken_back.take(identity)
                assert (found is None) == (expected is None)
                if found is not None and expected is not None:
                    order.remove(expected)
                    assert found.handled is (None if isinstance(expected[1], float) else expected[1])
                    working.pop(found.handled, None)
        assert set(taken_back._of) == set(working)

    run_virtual(main())


def _without_old_ones_first(order: list[Entry], identity: str, now: float) -> list[Entry]:
    """Those of an identity that are too old are forgotten up to the first that is not."""
    kept, found = [], False
    for one in order:
        old = isinstance(one[1], float) and one[1] < now
        if one[0] == identity and old and not found:
            continue
        found = found or one[0] == identity
        kept.append(one)
    return kept


async def test_no_more_are_known_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taps, "MOST", 3)
    taken_back = TakenBack[str]()
    for n in range(10):
        taken_back.add(f"identity {n}", f"round {n}")
    assert [taken_back.take(f"identity {n}") is not None for n in range(10)] == [False] * 7 + [True] * 3
    assert not taken_back._of
