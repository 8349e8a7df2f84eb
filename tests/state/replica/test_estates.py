"""Rows of starts that are over do not gather: who has a right to it takes them over, and all replicas drop them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.state import Escrow, ReplicaOver, RightsLacking
from cybernetic.state.replica.custody import step
from tests.state.replica.fleet import fleet
from tests.state.replica.test_custody import give, grant, spend
from tests.state.replica.test_succession import LEASE
from tests.support import soak

STARTS = soak(4, 20)


def rows(value: Any) -> int:
    """How many rows there are."""
    return int(value.store.trie.size)


async def test_of_one_that_is_started_again_and_again_there_are_its_row_and_an_estate(tmp_path: Path) -> None:
    async with fleet(Escrow, "a", tmp_path, lease=LEASE, trust_store=True) as f:
        await f.change("a", grant, 50)
        for n in range(STARTS):
            await f.change("a", spend, 1)
            await f.kill("a")
            await f.start("a")
            await asyncio.sleep(LEASE + 3.0)
            value, me = await f.value("a"), (await f.status("a")).replica
            assert rows(value) == 2
            assert (value.rights(me), value.granted, value.used) == (49 - n, 50, n + 1)


async def test_of_a_guardian_and_its_wards_no_more_rows_are_left_than_there_are_replicas(
    tmp_path: Path,
) -> None:
    roles = {"a": "guardian", "b": "ward", "c": "ward"}
    async with fleet(Escrow, "", tmp_path, lease=LEASE) as f:
        for name, role in roles.items():
            await f.start(name, custody=role)
        await asyncio.sleep(2.5)
        await f.change("a", grant, 60)
        for spent in range(1, STARTS + 1):
            await f.change("a", give, (await f.status("b")).replica, 10)
            await asyncio.sleep(2.5)
            await f.change("b", spend, 1)
            for name in "abc" if spent % 2 == 0 else "bc":
                await f.kill(name)
                await f.start(name, custody=roles[name])
            await asyncio.sleep(3 * LEASE)
            value, me = await f.value("a"), (await f.status("a")).replica
            assert (value.granted, value.used, value.left) == (60, spent, 60 - spent)
            assert value.rights(me) == 60 - spent
            assert rows(value) <= 2 * len(roles)
        assert await f.same()
        for name in roles:
            assert (await f.status(name)).counts.diverged == 0
        before = len({(await f.status(name)).digest for name in roles})
        assert before == 1


async def test_a_replica_that_was_said_to_be_over_and_returns_finds_its_rights_void_and_begins_anew(
    tmp_path: Path,
) -> None:
    """A person was wrong, or the store was a copy: what it had is its guardian's by then."""
    async with fleet(Escrow, "", tmp_path, lease=LEASE) as f:
        await f.start("a", custody="guardian")
        await f.start("b", custody="ward")
        await asyncio.sleep(2.5)
        me, ward = (await f.status("a")).replica, (await f.status("b")).replica
        await f.change("a", grant, 20)
        await f.change("a", give, ward, 10)
        await asyncio.sleep(2.5)
        await f.change("b", spend, 1)
        await asyncio.sleep(1.0)
        f.net.part("a", "b")
        await f.change("a", lambda value, by: value.settle_for(by.replica, ward))
        await asyncio.sleep(3.0)
        assert (await f.value("a")).absorbed(ward)
        ended = asyncio.ensure_future(f.system.wait(f.refs.pop("b")))
        f.net.heal()
        await asyncio.sleep(3.0)
        assert await ended == ReplicaOver("it", ward)
        await f.start("b", custody="ward")
        await asyncio.sleep(2.0)
        value = await f.value("b")
        assert (value.rights(ward), value.rights(me), value.used) == (0, 19, 1)
        with pytest.raises(RightsLacking):
            await f.change("b", spend, 1)
        with pytest.raises(OptionError):
            value.grant(ward, 1)
        assert step(value, ward, "ward", [me], [me], 0.0, LEASE, 1.0) is None
        assert await f.same()
