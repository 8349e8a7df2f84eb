"""A whole value with a stamp from the future in it: all else is learned, once, and that when its time has come."""

import asyncio
from pathlib import Path
from typing import Any

from cybernetic.core import attach
from cybernetic.state import AWMap, ReplicaDiverged
from tests.state.replica.fleet import fleet
from tests.state.replica.test_redating import put, there

LEAD = 600.0  # seconds
MANY = [f"k{n}" for n in range(100)]


def removed(value: Any, by: Any, key: Any) -> Any:
    return value.remove(by.replica, key)


async def test_a_newcomer_learns_all_but_what_is_refused_and_is_sent_the_whole_once(tmp_path: Path) -> None:
    told: list[Any] = []
    detach = attach(ReplicaDiverged, told.append)
    async with fleet(AWMap, "a", tmp_path, tidy=1.0, leaves=10) as f:
        await f.change("a", put, *MANY, "gone")
        await f.change("a", removed, "gone")
        f.steps["a"] = LEAD
        await f.change("a", put, "bad")
        await asyncio.sleep(3.0)
        await f.start("b")
        await asyncio.sleep(2.0)
        assert await there(f, "b") == {*MANY}
        assert (await f.status("b")).counts.future >= 1
        await f.kill("b")
        await f.start("b")
        await asyncio.sleep(300.0)
        assert await there(f, "b") == {*MANY}
        counts = (await f.status("a")).counts
        assert counts.wholes <= 2, "another start knows what it has learned"
        assert counts.streams <= 2 + 7 + 300 / 60
        f.net.part("a", "bc")
        await f.start("c")
        await asyncio.sleep(60.0)
        assert await there(f, "c") == {*MANY}
        assert (await f.status("b")).counts.wholes <= 2, "whoever lacks the same"
        f.net.heal()
        await asyncio.sleep(LEAD)
        assert [await there(f, name) for name in "abc"] == [{*MANY, "bad"}] * 3
        assert await f.same()
    detach()
    assert not told


async def test_one_who_was_away_too_long_rejoins_once_and_nothing_removed_comes_back(tmp_path: Path) -> None:
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
        assert await there(f, "b") == {*MANY, "stays"}
        assert (await f.status("b")).counts.rejoined == 1
        f.steps["a"] = f.steps["c"] = 0.0
        await asyncio.sleep(70.0)
        assert await there(f, "b") == {*MANY, "stays", "replaced", "bad"}
        assert (await f.status("b")).counts.rejoined == 1
        assert (await f.status("a")).counts.redated == 2
        assert await f.same()
