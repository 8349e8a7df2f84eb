"""What a replica answers, tells and refuses."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Agent, CallFailed, Kill, Normal, System
from cybernetic.core import OptionError, StartFailed
from cybernetic.state import (
    LWW,
    MV,
    AWMap,
    AWSet,
    Diff,
    EditRefused,
    GCounter,
    GroupPeers,
    Journal,
    JournalFull,
    Lattice,
    NoSubscriber,
    Replica,
    ReplicaOptions,
    Store,
    StoreLimits,
)
from cybernetic.state.replica.group_peers import REPLICAS
from cybernetic.state.replica.opening import Opening
from cybernetic.state.replica.upkeep import Upkeep
from tests.state.replica.fleet import add, fleet, remove
from tests.state.replica.net import BEGAN

# answers


async def test_a_change_answers_with_its_delta() -> None:
    async with fleet(GCounter, "a") as f:
        delta = await f.change("a", lambda value, by: value.increment(by.replica, 5))
        assert delta.value == 5
        assert (await f.value("a")).value == 5


@pytest.mark.parametrize(
    "edit",
    [
        lambda value, by: 1 / 0,
        lambda value, by: None,
        lambda value, by: GCounter().increment(by.replica),
        lambda value, by: value.add(by.replica, [1]),
        lambda value, by: value.add(by.replica, b"x" * 5000),
        lambda value: value,
    ],
)
async def test_an_edit_that_cannot_be_made_is_refused_and_the_replica_lives(edit: Any) -> None:
    async with fleet(AWSet, "a", largest=4096) as f:
        with pytest.raises(EditRefused, match="edit: expected a delta of the replica's type, got: "):
            await f.change("a", edit)
        await f.change("a", add, 1)
        assert set(await f.value("a")) == {1}


async def test_a_value_of_a_type_that_does_not_travel_is_refused() -> None:
    async with fleet(MV, "a") as f:
        with pytest.raises(EditRefused):
            await f.change("a", lambda value, by: value.set(by.replica, object()))


async def test_a_full_journal_refuses_changes_and_loses_none(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store, System() as system:
        ref = await system.start(Replica, AWSet, "it", store)
        await Journal.open(store, StoreLimits(count=3))
        for n in range(3):
            await ref.call(Replica.change, add, n)
        with pytest.raises(JournalFull):
            await ref.call(Replica.change, add, 3)
        assert set(await ref.call(Replica.value)) == {0, 1, 2}
        await Journal.open(store, StoreLimits())
        await ref.call(Replica.change, add, "more")
        await ref.stop()


async def test_an_empty_change_waits_for_what_it_rests_on(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store, System() as system:
        ref = await system.start(Replica, AWSet, "it", store)
        first = ref.request(Replica.change, add, 1)
        second = ref.request(Replica.change, remove, 2)
        assert not await second
        assert (await ref.call(Replica.status)).unsaved == 0
        await first
        await ref.stop()


async def test_another_type_under_a_name_is_refused(tmp_path: Path) -> None:
    async with System() as system:
        ref = await system.start(Replica, AWSet, "it", tmp_path / "a")
        await ref.stop()
        with pytest.raises(StartFailed, match="the type of 'it'"):
            await system.start(Replica, MV, "it", tmp_path / "a")


@pytest.mark.parametrize(
    ("args", "what"),
    [
        ((set, "it"), "kind"),
        ((Lattice, "it"), "kind"),
        (("nothing", "it"), "kind"),
        ((AWSet, ""), "name"),
        ((AWSet, 5), "name"),
        ((AWSet, "x" * 181), "name"),
    ],
)
def test_impossible_arguments_are_refused(args: Any, what: str) -> None:
    with pytest.raises(OptionError, match=what):
        Replica(*args)


@pytest.mark.parametrize(
    "options",
    [
        {"pulse": 0.0},
        {"gather": 0.2},
        {"gather": -1.0},
        {"leaves": 0},
        {"largest": 10},
        {"largest": 2**30},
        {"buffer": 1},
        {"most_peers": 0},
        {"gone": float("nan")},
        {"ahead": -1.0},
        {"lease": 0.0},
    ],
)
def test_impossible_options_are_refused(options: Any) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        ReplicaOptions(**options)


# who is told


class Reader(Agent):
    """Keeps what it is told of."""

    def __init__(self, replica: Any) -> None:
        self.replica, self.diffs = replica, list[Diff]()

    async def begin(self) -> Any:
        return await self.replica.call(Replica.subscribe)

    async def end(self) -> None:
        await self.replica.call(Replica.unsubscribe)

    def told(self) -> list[Diff]:
        return self.diffs

    def receive(self, message: Any) -> None:
        self.diffs.append(message)


async def test_ex_5_subscribers_are_told_what_shows_otherwise_and_nothing_else() -> None:
    async with fleet(AWSet, "ab") as f:
        reader = await f.system.start(Reader, f.refs["a"])
        await f.change("a", add, 1)
        assert set(await reader.call(Reader.begin)) == {1}
        await f.change("a", add, 1)
        await f.change("a", add, 2, 3)
        await f.change("b", add, 4)
        await asyncio.sleep(1)
        await f.change("b", remove, 4)
        await asyncio.sleep(1)
        told = await reader.call(Reader.told)
        assert [diff.name for diff in told] == ["it"] * 3
        assert [set(diff.put) for diff in told] == [{(2, None), (3, None)}, {(4, None)}, set()]
        assert [diff.gone for diff in told] == [(), (), (4,)]
        await reader.call(Reader.end)
        await f.change("a", add, 5)
        assert len(await reader.call(Reader.told)) == 3
        await reader.call(Reader.begin)
        await reader.stop()
        await f.change("a", add, 6)
        with pytest.raises(NoSubscriber):
            await f.refs["a"].call(Replica.subscribe)


async def test_diffs_of_a_map_have_the_new_values_and_of_a_counter_the_whole() -> None:
    async with fleet(AWMap, "a") as f, fleet(GCounter, "b") as g:
        maps = await f.system.start(Reader, f.refs["a"])
        counts = await g.system.start(Reader, g.refs["b"])
        await maps.call(Reader.begin)
        await counts.call(Reader.begin)

        def put(value: Any, by: Any, key: str, what: Any) -> Any:
            return value.put(key, value.at(key, LWW).set(by.replica, by.stamp(), what))

        await f.change("a", put, "k", 1)
        await f.change("a", lambda value, by: value.remove(by.replica, "k"))
        await g.change("b", lambda value, by: value.increment(by.replica, 3))
        first, second = await maps.call(Reader.told)
        assert [(key, value.value) for key, value in first.put] == [("k", 1)]
        assert (second.put, second.gone) == ((), ("k",))
        (only,) = await counts.call(Reader.told)
        assert [(key, value.value) for key, value in only.put] == [(None, 3)]


# who is slow, and what is large


async def test_a_peer_that_does_not_hear_is_told_no_more_and_catches_up_later() -> None:
    async with fleet(AWSet, "ab", buffer=4096) as f:
        await asyncio.sleep(1)
        f.net.groups = [{"a"}, {"b"}]
        for n in range(60):
            await f.change("a", add, n, b"x" * 200)
            await asyncio.sleep(0.06)
        status = await f.status("a")
        assert status.counts.behind == 1
        assert status.peers[0].behind
        assert status.peers[0].lacks >= 60
        assert status.counts.news * 250 < 3 * 4096
        f.net.heal()
        await asyncio.sleep(3)
        assert set(range(60)) < set(await f.value("b"))
        status = await f.status("a")
        assert (status.peers[0].behind, status.peers[0].lacks) == (False, 0)


async def test_changes_are_told_at_once_and_those_of_a_moment_together() -> None:
    async with fleet(AWSet, "ab") as f:
        await asyncio.sleep(1)
        for n in range(50):
            await f.change("a", add, n)
            await asyncio.sleep(0.0005)
        await asyncio.sleep(0.1)
        assert len(await f.value("b")) == 50
        assert (await f.status("a")).counts.news == 1


async def test_a_wall_clock_that_went_back_over_a_restart_does_not_make_writes_old(tmp_path: Path) -> None:
    early = [BEGAN]

    def write(value: Any, by: Any, what: Any) -> Any:
        return value.set(by.replica, by.stamp(), what)

    async with await Store.open(tmp_path / "a") as store, System() as system:
        for what, now in (("first", 1000.0), ("second", 0.0)):
            early[0] = BEGAN + now
            ref = await system.start(Replica, LWW, "it", store, None, GroupPeers, lambda: early[0])
            await ref.call(Replica.change, write, what)
            assert (await ref.call(Replica.value)).value == what
            await ref.stop()


async def test_replicas_find_each_other_again_when_their_group_was_lost() -> None:
    async with System() as system:
        one, two = [await system.start(Replica, AWSet, "it") for _ in range(2)]
        await asyncio.sleep(1)
        scope = system.whereis(REPLICAS.name)
        assert scope is not None
        scope.exit(Kill())
        await system.wait(scope)
        await one.call(Replica.change, add, 1)
        await asyncio.sleep(2)
        assert set(await two.call(Replica.value)) == {1}
        assert len((await two.call(Replica.status)).peers) == 1


async def test_a_change_is_not_acknowledged_before_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[asyncio.Future[int]] = []

    def append(self: Journal, stream: str, event: bytes, kind: str = "") -> "asyncio.Future[int]":
        written.append(asyncio.get_running_loop().create_future())
        return written[-1]

    async with fleet(AWSet, "ab", tmp_path) as f:
        await asyncio.sleep(1)
        monkeypatch.setattr(Journal, "append", append)
        answer = asyncio.ensure_future(f.change("a", add, 1))
        await asyncio.sleep(4)
        assert not answer.done()
        assert (await f.status("a")).unsaved == 1
        assert set(await f.value("b")) == {1}, (
            "who asks for what it lacks is sent it, but is not told it is certain"
        )
        for future in written:
            future.set_result(1)
        await answer
        assert (await f.status("a")).unsaved == 0


async def test_a_replica_that_is_stopped_amid_its_upkeep_ends_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: asyncio.Event = asyncio.Event()

    async def late(self: Any) -> None:
        await closed.wait()
        await self._archive.note()

    async def close(self: Any) -> None:
        await real_close(self)
        closed.set()
        await asyncio.sleep(0.1)

    real_close = Opening.close
    monkeypatch.setattr(Upkeep, "once", late)
    monkeypatch.setattr(Opening, "close", close)
    async with System() as system:
        ref = await system.start(Replica, AWSet, "it", tmp_path / "own")
        ended = asyncio.ensure_future(system.wait(ref))
        await asyncio.sleep(0.1)
        await ref.stop()
        assert await ended == Normal()


async def test_a_replica_whose_disk_fails_begins_again_from_what_is_there(tmp_path: Path) -> None:
    async with fleet(AWSet, "a", tmp_path) as f:
        await f.change("a", add, 1)
        await f.stores.pop("a").close()
        with pytest.raises(CallFailed):
            await f.change("a", add, 2)
        assert not f.system.alive(f.refs["a"])
        await f.start("a")
        assert set(await f.value("a")) == {1}
