"""A whole value with a stamp from the future in it: all else arrives; the whole is learned when nothing is refused."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import attach
from cybernetic.state import LWW, AWMap, Replica, ReplicaDiverged, Stamp
from cybernetic.state.replica.frames import Frames, Piece
from tests.state.replica.fleet import Fleet, fleet
from tests.state.replica.net import clock
from tests.state.replica.test_redating import put, there

LEAD = 600.0  # seconds
PATIENCE = 60.0
MANY = [f"k{n}" for n in range(100)]


def removed(value: Any, by: Any, key: Any) -> Any:
    return value.remove(by.replica, key)


async def beside_one_ahead(f: Fleet) -> None:
    """All know `MANY`, marks are dropped, and `a`, whose clock is wrong, has written one thing more."""
    await f.change("a", put, *MANY, "gone")
    await f.change("a", removed, "gone")
    await asyncio.sleep(3.0)
    f.steps["a"] = LEAD
    await f.change("a", put, "bad")
    await asyncio.sleep(3.0)


@pytest.mark.parametrize("names", ["a", "ab"])
async def test_a_newcomer_is_sent_all_but_what_it_refuses_at_once_and_the_whole_when_that_is_over(
    names: str, tmp_path: Path
) -> None:
    async with fleet(AWMap, names, tmp_path, tidy=1.0, leaves=10) as f:
        await beside_one_ahead(f)
        await f.start("c")
        await asyncio.sleep(2.0)
        assert await there(f, "c") == {*MANY}
        assert (await f.status("c")).counts.future >= 1
        await asyncio.sleep(300.0)
        counts = (await f.status("a")).counts
        assert counts.wholes == 1
        assert counts.streams <= len(names) * (2 + 7 + 300 / PATIENCE), "less and less often"
        while "bad" not in await there(f, "c"):
            await asyncio.sleep(1.0)
        await asyncio.sleep(3.0)
        assert await f.same(), "at once: it refuses nothing any more"
        assert (await f.status("a")).counts.wholes <= 2


async def test_a_whole_of_which_a_part_is_refused_is_dropped_at_once_and_all_that_is_refused_is_told() -> (
    None
):
    early, late = [Stamp(int(1000 * (clock() + lead)), 0, "x") for lead in (0.0, LEAD)]
    frames = Frames(AWMap, 65_536)
    async with fleet(AWMap, "a") as f:

        def staged() -> int:
            coming = f.refs["a"]._agent._exchange._talks["x"].coming
            return sum(1 for _ in coming.staged.split(1))

        for number, (stamp, there, refused) in enumerate(
            [(early, 1, 0), (early, 2, 0), (late, 0, 1), (early, 0, 1), (late, 0, 2)]
        ):
            part = AWMap[Any]().write("x", f"k{number}", LWW, (stamp, "anything"))
            f.refs["a"].cast(Replica.hear, frames.write(Piece("x/1", number, True, part)), "x")
            assert (await f.status("a")).counts.future == refused
            assert staged() == there


async def test_a_newcomer_learns_the_whole_from_one_of_whom_it_refuses_nothing(tmp_path: Path) -> None:
    async with fleet(AWMap, "ab", tmp_path, tidy=1.0) as f:
        await beside_one_ahead(f)
        await f.start("c")
        await asyncio.sleep(1.0)
        assert (await f.value("c")).context == (await f.value("b")).context


async def test_a_newcomer_learns_the_whole_when_what_it_refused_is_not_there_any_more(tmp_path: Path) -> None:
    async with fleet(AWMap, "a", tmp_path, tidy=1.0) as f:
        await beside_one_ahead(f)
        await f.start("c")
        await asyncio.sleep(100.0)
        await f.change("a", removed, "bad")
        await asyncio.sleep(70.0)
        assert await there(f, "c") == {*MANY}
        assert await f.same()


async def test_another_start_of_a_newcomer_has_what_it_was_sent(tmp_path: Path) -> None:
    async with fleet(AWMap, "a", tmp_path, tidy=1.0) as f:
        await beside_one_ahead(f)
        await f.start("b")
        await asyncio.sleep(3.0)
        f.net.part("a")
        await f.kill("b")
        await f.start("b")
        await asyncio.sleep(1.0)
        assert await there(f, "b") == {*MANY}


async def test_one_who_was_away_too_long_rejoins_once_when_nothing_is_refused_any_more(
    tmp_path: Path,
) -> None:
    async with fleet(AWMap, "abc", tmp_path, tidy=1.0, gone=20.0) as f:
        await f.change("a", put, "removed", "replaced", "stays")
        await asyncio.sleep(3.0)
        f.net.part("ac", "b")
        await f.change("a", removed, "removed")
        await f.change("a", put, *MANY)
        f.steps["a"] = f.steps["c"] = LEAD
        await f.change("a", put, "bad", "replaced")
        await asyncio.sleep(60.0)
        f.net.heal()
        await asyncio.sleep(300.0)
        assert {*MANY, "stays", "replaced"} <= await there(f, "b")
        assert (await f.status("b")).counts.rejoined == 0
        assert "removed" not in await there(f, "a") | await there(f, "c")
        f.steps["a"] = f.steps["c"] = 0.0
        await asyncio.sleep(70.0)
        assert await there(f, "b") == {*MANY, "stays", "replaced", "bad"}
        assert (await f.status("b")).counts.rejoined == 1
        assert (await f.status("a")).counts.redated == 2
        assert await f.same()


@pytest.mark.parametrize("lacks", ["all", "one write"])
async def test_who_knows_as_much_shows_as_much_though_a_write_that_was_refused_is_lost(
    lacks: str, tmp_path: Path
) -> None:
    told: list[Any] = []
    detach = attach(ReplicaDiverged, told.append)
    async with fleet(AWMap, "ab" if lacks == "all" else "abc", tmp_path, tidy=1.0) as f:
        await f.change("a", put, "stays")
        await asyncio.sleep(3.0)
        f.net.part("ab", "c")
        await f.change("a", put, "replaced")
        await f.change("b", put, "by another")
        await asyncio.sleep(3.0)
        f.steps["a"] = LEAD
        await f.change("a", put, "replaced", "by another")
        await asyncio.sleep(3.0)
        f.net.part("ac", "b")
        if lacks == "all":
            await f.start("c")
        await asyncio.sleep(10.0)
        await f.kill("a")  # for good
        f.net.heal()
        await asyncio.sleep(30.0)
        assert [await there(f, name) for name in "bc"] == [{"stays", "replaced", "by another"}] * 2
        assert await f.same()
    detach()
    assert not told
