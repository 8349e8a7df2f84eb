"""What is asked of a replica at once it does over several turns of the loop. The work of each is counted, not timed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.crdt import LWW, AWMap, AWSet
from cybernetic.state import Replica
from cybernetic.state.replica.editing import EditRefused
from cybernetic.state.replica.frames import Frames, News
from tests.state.replica.fleet import Fleet, add, fleet
from tests.state.replica.test_slices import handled

LEAVES, TIMES = 10, 40
MOST = 2 * LEAVES + 20  # places of a turn: it may end with a change beyond that, and all are joined for peers


def _next(value: Any, by: Any, n: int) -> Any:
    """Count on from the edit before, which must have been made."""
    register = value.at("last", LWW)
    assert (register.value or 0) == n
    return value.put("last", register.set(by.replica, by.stamp(), n + 1))


def _five(n: int) -> list[str]:
    return [f"element {n} {m}" for m in range(5)]


@pytest.mark.parametrize("kept", [True, False])
async def test_edits_asked_for_at_once_are_made_over_several_turns(
    kept: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with fleet(AWSet, "a", tmp_path if kept else None, leaves=LEAVES) as f:
        with handled(monkeypatch) as (done, most):
            await asyncio.sleep(0)  # turns are counted from their begin
            asked = [f.refs["a"].request(Replica.change, add, *_five(n)) for n in range(TIMES)]
            made = [await one for one in asked]
        assert len(await f.value("a")) == 5 * TIMES
        assert [set(delta) for delta in made] == [set(_five(n)) for n in range(TIMES)]
    assert done["joined"] >= 5 * TIMES
    assert most["joined"] <= MOST


async def test_each_is_made_of_the_value_after_those_before_it_and_who_reads_after_it_sees_it() -> None:
    async with fleet(AWMap, "a", leaves=1) as f:
        ref = f.refs["a"]
        for n in range(TIMES):
            ref.cast(Replica.change, _next, n)
        assert (await ref.call(Replica.value)).at("last", LWW).value == TIMES


async def _refused(f: Fleet) -> None:
    with pytest.raises(EditRefused, match="int"):
        await f.change("a", lambda value, by: 1)


async def test_one_that_is_refused_in_a_later_turn_is_refused_to_who_asked_for_it() -> None:
    async with fleet(AWSet, "a", leaves=1) as f:
        asked = [f.change("a", add, n) if n % 2 else _refused(f) for n in range(TIMES)]
        await asyncio.gather(*asked)
        assert set(await f.value("a")) == set(range(1, TIMES, 2))


async def test_frames_that_wait_together_are_taken_in_over_several_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many pieces of a stream as are on their way come together where something else has held the loop."""
    async with fleet(AWSet, "a", leaves=LEAVES) as f:
        frames, value, told = Frames(AWSet, 65_536), AWSet[str](), 0
        with handled(monkeypatch) as (done, most):
            for n in range(TIMES):
                delta = value.add("x", *_five(n))
                value = value.join(delta)
                frame = frames.write(News(told, delta))
                told += len(frame)
                f.refs["a"].cast(Replica.hear, frame, "x")
            most.clear()  # what was done above, in the turn of this test, is not the replica's
            done.clear()
            await asyncio.sleep(0.2)
        assert len(await f.value("a")) == 5 * TIMES
    assert done["read"] == 5 * TIMES
    assert 0 < most["read"] <= MOST
