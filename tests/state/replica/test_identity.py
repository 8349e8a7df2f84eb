"""Who a replica is: another at each start; copies and old stores are found out; who was away too long comes as new."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

from cybernetic.core import attach
from cybernetic.state import AWSet, ReplicaEvicted, ReplicaIdentified, ReplicaRejoined
from tests.state.replica.fleet import Fleet, add, fleet, remove


async def test_the_id_is_another_at_each_start_and_the_site_stays(tmp_path: Path) -> None:
    async with fleet(AWSet, "a", tmp_path) as f:
        seen, sites = set(), set()
        for _ in range(3):
            status = await f.status("a")
            seen.add(status.replica)
            sites.add(status.site)
            await f.kill("a")
            await f.start("a")
        assert len(seen) == 3
        assert len(sites) == 1
        assert (await f.status("a")).starts == 4


async def closed(f: Fleet, name: str) -> None:
    """Stop one and close its store."""
    await f.stop(name)
    await f.stores.pop(name).close()


async def test_a_store_put_back_from_a_backup_is_found_out_and_catches_up(tmp_path: Path) -> None:
    found: list[Any] = []
    detach = attach(ReplicaIdentified, found.append)
    async with fleet(AWSet, "ab", tmp_path) as f:
        await f.change("a", add, "early")
        await asyncio.sleep(2)
        await closed(f, "a")
        shutil.copy(tmp_path / "a", tmp_path / "backup")
        for _ in range(2):
            await f.start("a")
            await f.change("a", add, "late")
            await asyncio.sleep(2)
            await closed(f, "a")
        site = (await f.status("b")).site
        shutil.copy(tmp_path / "backup", tmp_path / "a")
        await f.start("a")
        await f.change("a", add, "new")
        await asyncio.sleep(3)
        assert set(await f.value("a")) == set(await f.value("b")) == {"early", "late", "new"}
        status = await f.status("a")
        assert (status.counts.identified, status.starts) == (1, 1)
        assert [event.site for event in found] == [status.site] != [site]
        await f.kill("a")
        await f.start("a")
        assert (await f.status("a")).site == status.site
        await asyncio.sleep(2)
        assert (await f.status("a")).counts.identified == 0
    detach()


async def test_of_a_store_copied_to_two_nodes_one_takes_another_site(tmp_path: Path) -> None:
    async with fleet(AWSet, "ab", tmp_path) as f:
        await f.change("a", add, 1)
        await asyncio.sleep(2)
        await closed(f, "a")
        shutil.copy(tmp_path / "a", tmp_path / "c")
        await f.start("ac")
        await f.change("a", add, "a")
        await f.change("c", add, "c")
        await asyncio.sleep(4)
        sites = {(await f.status(name)).site for name in "abc"}
        assert len(sites) == 3
        counts = [(await f.status(name)).counts.identified for name in "abc"]
        assert sorted(counts) in ([0, 0, 1], [0, 1, 1]), "one, or both, as the one knows of the other"
        assert [set(value) for value in await f.values()] == [{1, "a", "c"}] * 3


async def test_two_copies_that_meet_nobody_else_find_each_other_out(tmp_path: Path) -> None:
    async with fleet(AWSet, "a", tmp_path) as f:
        await f.change("a", add, 1)
        await closed(f, "a")
        shutil.copy(tmp_path / "a", tmp_path / "c")
        await f.start("ac")
        await asyncio.sleep(3)
        one, other = await f.status("a"), await f.status("c")
        assert one.site != other.site
        assert one.counts.identified + other.counts.identified == 1
        assert (len(one.waited_for), len(other.waited_for)) == (1, 1)


async def test_who_was_away_too_long_is_given_up_on_and_brings_nothing_back(tmp_path: Path) -> None:
    evicted: list[Any] = []
    rejoined: list[Any] = []
    detach = attach(ReplicaEvicted, evicted.append), attach(ReplicaRejoined, rejoined.append)
    async with fleet(AWSet, "abc", tmp_path, gone=30.0, tidy=5.0) as f:
        await f.change("a", add, "stays", "goes")
        await asyncio.sleep(2)
        away = (await f.status("c")).replica
        f.net.part("ab", "c")
        await f.change("a", remove, "goes")
        await f.change("c", add, "of the one away")
        await asyncio.sleep(20)
        assert (await f.value("a")).store.trie.size == 2, "the mark is kept while c is waited for"
        assert away in (await f.status("a")).waited_for
        await asyncio.sleep(60)
        assert (await f.value("a")).store.trie.size == 1
        assert away in (await f.status("a")).absent
        assert {event.peer for event in evicted} >= {away}
        f.net.heal()
        await asyncio.sleep(3)
        for value in await f.values():
            assert set(value) == {"stays", "of the one away"}
        assert (await f.status("c")).counts.rejoined == 1
        assert len(rejoined) >= 1
        assert away in (await f.status("a")).waited_for
        await f.kill("c")
        await f.start("c")
        assert set(await f.value("c")) == {"stays", "of the one away"}
    for one in detach:
        one()


async def test_marks_of_what_one_wrote_who_is_away_stay_until_it_is_back_and_then_it_is_as_any_other(
    tmp_path: Path,
) -> None:
    async with fleet(AWSet, "abc", tmp_path, gone=20.0, tidy=5.0) as f:
        await f.change("c", add, "of c")
        await f.change("a", add, "of a")
        await asyncio.sleep(2)
        away = (await f.status("c")).replica
        f.net.part("ab", "c")
        await f.change("a", remove, "of a", "of c")
        await asyncio.sleep(40)
        assert [(await f.value(name)).store.trie.size for name in "ab"] == [1, 1]
        assert (await f.status("a")).absent == (away,)
        await f.kill("b")
        await f.start("b")
        assert (await f.status("b")).absent == (away,), "over a restart too"
        await f.kill("c")
        await f.start("c")
        await asyncio.sleep(2)
        f.net.heal()
        await asyncio.sleep(10)
        for name in "abc":
            status = await f.status(name)
            assert status.absent == ()
            assert away not in status.waited_for
            assert (await f.value(name)).store.trie.size == 0


async def test_of_one_that_kept_nothing_is_forgotten_that_it_was_given_up_on() -> None:
    async with fleet(AWSet, "abc", gone=30.0, gone_unkept=5.0) as f:
        await f.change("c", add, "of c")
        await asyncio.sleep(2)
        away = (await f.status("c")).replica
        await f.kill("c")
        await asyncio.sleep(10)
        assert [(await f.status(name)).absent for name in "ab"] == [(away,)] * 2
        await asyncio.sleep(30)
        assert [(await f.status(name)).absent for name in "ab"] == [()] * 2
        await f.start("c")
        await asyncio.sleep(3)
        assert (await f.status("c")).absent == ()


async def test_who_waits_for_whom_outlasts_a_restart(tmp_path: Path) -> None:
    async with fleet(AWSet, "ab", tmp_path, tidy=2.0) as f:
        await f.change("a", add, 1, 2)
        await asyncio.sleep(3)
        f.net.part("a", "b")
        await f.kill("a")
        await f.start("a")
        await f.change("a", remove, 1)
        await asyncio.sleep(10)
        assert (await f.value("a")).store.trie.size == 2
        f.net.heal()
        await asyncio.sleep(4)
        assert (await f.value("a")).store.trie.size == 1
        assert (await f.status("b")).counts.rejoined == 0


async def test_marks_are_dropped_once_all_know_of_them() -> None:
    async with fleet(AWSet, "abc", tidy=2.0) as f:
        await f.change("a", add, *range(100))
        await asyncio.sleep(1)
        await f.change("b", remove, *range(99))
        await asyncio.sleep(6)
        for value in await f.values():
            assert value.store.trie.size == 1
        assert not any([(await f.status(name)).counts.rejoined for name in "abc"])
