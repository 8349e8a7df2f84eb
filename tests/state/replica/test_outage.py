"""Whose are the rights of several that went down together, or of one that was started while others were cut off.

Who is greeted by a former start of a store beside the one that is there now says so, as the store may have been copied.
What it only has from its disk, or from others, is no such sign.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from cybernetic.state import Context, ReplicaOptions
from cybernetic.state.replica import archive
from cybernetic.state.replica.archive import Record
from cybernetic.state.replica.frames import Hello
from cybernetic.state.replica.roll import Roll
from cybernetic.state.replica.status import ReplicaCounts
from tests.state.replica.test_succession import LEASE, LIMIT, ROLES, household, rights, saved

Known = tuple[tuple[str, str, float, bool], ...]


@pytest.mark.parametrize("order", ["ac", "ca", "bc", "cab"])
async def test_those_who_go_down_together_and_start_one_after_the_other_lose_no_rights(
    order: str, tmp_path: Path
) -> None:
    async with household(tmp_path) as f:
        for name in order:
            await f.kill(name)
        for name in order:
            await f.start(name, custody=ROLES[name])
            await asyncio.sleep(3.0)
        await asyncio.sleep(4 * LEASE)
        ward = 0 if "b" in order else 20  # what a ward had that is started again is its guardian's
        assert [await rights(f, name) for name in "abc"] == [40 - ward, ward, 20]


@pytest.mark.parametrize("name", ["a", "c"])
async def test_who_starts_again_while_some_hear_of_it_only_by_others_loses_no_rights(
    name: str, tmp_path: Path
) -> None:
    """One that is cut off from it has the former start still, and hears of its site every second."""
    async with household(tmp_path) as f:
        f.net.part("ab", "ac") if name == "c" else f.net.part("ac", "bc")
        await asyncio.sleep(1.0)
        await f.kill(name)
        await f.start(name, custody=ROLES[name])
        await asyncio.sleep(5.0)
        f.net.heal()
        await asyncio.sleep(3 * LEASE)
        assert [await rights(f, one) for one in "abc"] == [20, 20, 20]


@pytest.mark.parametrize("name", ["a", "c"])
async def test_of_a_machine_copied_while_it_runs_that_goes_down_with_its_copy_neither_takes_the_place_of_the_former(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing about the file tells of it, and neither heard of the other; each has a site of its own since."""
    monkeypatch.setattr(archive, "_place", lambda path: "here")
    async with household(tmp_path) as f:
        one = (await f.status(name)).replica
        (tmp_path / "d").write_bytes(saved(tmp_path / name))
        with monkeypatch.context() as deaf:
            deaf.setattr(f.net, "hears", lambda sender, to: to != "d")
            await f.start("d", custody=ROLES[name])
            assert f.refs["d"]._agent._roll.former == [one], "it is the next start, for all that it knows"
            await asyncio.sleep(2.0)
            for twin in name, "d":
                await f.kill(twin)
        for twin in name, "d":
            await f.start(twin, custody=ROLES[name])
        assert len({(await f.status(twin)).site for twin in "abcd"}) == 4
        await asyncio.sleep(5 * LEASE)
        value = await f.value("b")
        assert (value.granted, value.left, value.rights(one)) == (LIMIT, LIMIT, 20)
        assert [await rights(f, twin) for twin in (name, "d")] == [0, 0], "until a person says whose they are"
        await f.change(name, lambda value, by: value.succeed(by.replica, one))
        assert await rights(f, name) == 20


def started(now: list[float], site: str, *former: str, members: Iterable[str] = ()) -> Roll:
    """One started from a store with such starts before, that knew the first start of each of these sites."""
    known = tuple([(of, 1, f"{of}-1", Context(), 0.0, True) for of in members])
    record = Record("escrow", site, starts=2, members=known, former=former, line=former)
    return Roll("it", record, True, ReplicaOptions(), ReplicaCounts(), lambda: now[0])


def hello(site: str, replica: str, known: Known = ()) -> Hello:
    """A greeting of a start of a site, and what it tells of others."""
    return Hello("escrow", site, 1, replica, True, False, Context(), None, 0, known, (), (), "")


def ages(roll: Roll, site: str) -> dict[str, float]:
    """What one tells those of a site: of whom, and how long ago."""
    return {replica: ago for _, replica, ago, _ in roll.known(site)}


def test_of_its_own_site_one_is_told_only_who_was_greeted_and_others_are_told_when_it_was_heard_of() -> None:
    now = [100.0]
    roll = started(now, "here", members=("disk", "met"))
    now[0] = 110.0
    roll.meet(hello("met", "met-1"))
    now[0] = 120.0
    roll.meet(hello("other", "other-1", (("met", "met-2", 1.0, True), ("told", "told-1", 2.0, True))))
    assert ages(roll, "other") == {"disk-1": 20.0, "met-1": 1.0, "other-1": 0.0, "told-1": 2.0}
    assert ages(roll, "") == {"met-1": 10.0, "other-1": 0.0}, "it may be of any of these sites"
    assert ages(roll, "met") == {"disk-1": 20.0, "met-1": 10.0, "other-1": 0.0, "told-1": 2.0}
    assert "disk-1" not in ages(roll, "disk")
    assert "told-1" not in ages(roll, "told")


@pytest.mark.parametrize("site", ["", "copied"])
@pytest.mark.parametrize("at", [99.0, 103.0])
def test_one_beside_which_a_former_start_acts_is_told_so_and_is_not_in_its_place(
    at: float, site: str
) -> None:
    now = [90.0]
    peer = started(now, "peer", members=("copied",))
    now[0] = began = 100.0
    copy = started(now, "copied", "copied-1", members=("peer",))
    now[0] = at
    peer.meet(hello("copied", "copied-1"))
    now[0] = 104.0
    copy.meet(hello("peer", "peer-1", peer.known(site)))
    assert copy.former == ([] if at > began else ["copied-1"])
